import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Plain DFU against a device that keeps to DFU 1.1 but for one deviation at
/// a time.
@Suite struct PlainDFUTests {
  typealias Quirk = PlainProfile.Quirk

  private static func bench(
    _ quirks: Set<Quirk>, name: String = "plain11",
    change: (inout PlainProfile) -> Void = { _ in }
  ) throws -> TestBench {
    try TestBench(name) { profile in
      guard case .plain(var plain) = profile.machine else { return }
      plain.quirks.formUnion(quirks)
      change(&plain)
      profile.machine = .plain(plain)
    }
  }

  private static func transfer(_ bench: TestBench) throws -> PlainDFU {
    let selected = try bench.selected()
    return PlainDFU(
      try selected.connect(on: bench.bus, alternate: 0),
      pollOverride: selected.board.pollTime,
      isTolerant: selected.interface.functional?.attributes
        .contains(.manifestationTolerant) == true)
  }

  // Two of them store nothing at all.
  @Test(
    arguments: Quirk.allCases.filter {
      $0 != .neverFinishes && $0 != .vanishesAtLastStatus
    })
  func aFirmwareArrivesWhateverTheDeviceDoesDifferently(
    _ quirk: Quirk
  ) throws {
    // Who skips dfuDNLOAD-SYNC answers in dfuDNBUSY (Zephyr).
    let bench = try Self.bench(
      quirk == .skipsSync ? [quirk, .answersStatusWhenBusy] : [quirk]
    ) { $0.wrongPollTime = 50_000 }
    let firmware = program(5_000)
    let result = try Self.transfer(bench).download(firmware)
    #expect(bench.board.stored(alternate: 0) == firmware)
    #expect(bench.board.violations.isEmpty)
    switch quirk {
    case .resetsDuringManifest, .resetsItself, .statusFailsAfterManifest:
      // It promised to go on speaking DFU.
      #expect(result == .unconfirmed)
    default:
      #expect(result == .idle)
      #expect(bench.board.dfuState == DFUState.idle.rawValue)
    }
  }

  @Test(arguments: [0, 1, 1_023, 1_024, 1_025, 4_096])
  func everyLengthArrivesWholeAndOnce(_ count: Int) throws {
    let bench = try Self.bench([])
    let firmware = program(count)
    let transfer = try Self.transfer(bench)
    guard count > 0 else {
      bench.board.clearLog()
      #expect(throws: FlashError.refused(.empty)) {
        try transfer.download(firmware)
      }
      #expect(bench.board.log.text.isEmpty)
      return
    }
    try transfer.download(firmware)
    #expect(bench.board.stored(alternate: 0) == firmware)
    #expect(
      bench.board.log.text.split(separator: "\n")
        .count { $0.hasPrefix("DNLOAD") } == (count + 1_023) / 1_024 + 1)
  }

  @Test func aDeviceThatIsNeverReadyIsGivenUpAfterItsTime() throws {
    let bench = try Self.bench([.neverFinishes])
    let transfer = try Self.transfer(bench)
    let start = bench.board.clock.now()
    #expect {
      try transfer.download(program(100))
    } throws: { error in
      guard case .device(let cause)? = error as? FlashError,
        case .stillBusy = cause.reason
      else { return false }
      return true
    }
    // As long as it says that it is busy, it is believed for ten minutes.
    let took = bench.board.clock.now() - start
    #expect(took > .seconds(600) && took < .seconds(660))
  }

  @Test func aDeviceThatErasesItsSlotFirstIsWaitedFor() throws {
    let bench = try Self.bench([.answersStatusWhenBusy]) {
      $0.targets[0].poll = 256
      $0.targets[0].blockTime = .seconds(45)
    }
    let firmware = program(2_000)
    #expect(try Self.transfer(bench).download(firmware) == .idle)
    #expect(bench.board.stored(alternate: 0) == firmware)
  }

  @Test func aDeviceThatIsBusyForEverCanBeLeftByTheUser() throws {
    let bench = try Self.bench([.neverFinishes])
    let end = bench.board.clock.now() + .seconds(3)
    let transfer = PlainDFU(
      try bench.selected().connect(on: bench.bus, alternate: 0),
      shouldStop: { bench.board.clock.now() > end })
    #expect(throws: FlashError.cancelled) {
      try transfer.download(program(2_000))
    }
    #expect(bench.board.clock.now() < end + .seconds(1))
  }

  @Test func aDeviceThatDoesNotPromiseToStayHasTakenItsFirmware() throws {
    let bench = try TestBench("plain11") {
      $0.functional.attributes = 0x03
      guard case .plain(var plain) = $0.machine else { return }
      plain.quirks.insert(.resetsItself)
      $0.machine = .plain(plain)
    }
    #expect(try Self.transfer(bench).download(program(2_000)) == .silent)
  }

  /// dfuDNBUSY with a poll time of 0, and a stall for who believes it.
  @Test func aDeviceThatStallsAnEarlyGetStatusIsAskedAgain() throws {
    let bench = try Self.bench([.wrongStateOnlyStalls]) {
      $0.targets[0].poll = 0
      $0.targets[0].blockTime = .milliseconds(40)
    }
    let firmware = program(3_000)
    #expect(try Self.transfer(bench).download(firmware) == .idle)
    #expect(bench.board.stored(alternate: 0) == firmware)
  }

  /// The same, and it takes the early GETSTATUS for an error, as DFU 1.1 has
  /// it: that is told as what it is.
  @Test func aDeviceThatFailsAtAnEarlyGetStatusIsGivenUp() throws {
    let bench = try Self.bench([]) {
      $0.targets[0].poll = 0
      $0.targets[0].blockTime = .milliseconds(40)
    }
    #expect {
      try Self.transfer(bench).download(program(3_000))
    } throws: { error in
      guard case .device(let cause)? = error as? FlashError,
        case .status(let report) = cause.reason
      else { return false }
      return report.status == .stalledPacket && cause.operation == .write
    }
  }

  @Test func aPollTimeOfHoursIsNotBelieved() throws {
    let bench = try Self.bench([.reportsWrongPollTime, .neverFinishes]) {
      $0.wrongPollTime = 0xFF_FFFF
    }
    let transfer = try Self.transfer(bench)
    let start = bench.board.clock.now()
    #expect(throws: FlashError.self) { try transfer.download(program(100)) }
    #expect(bench.board.clock.now() - start < .seconds(800))
  }

  @Test func openMokosPollTimesAreKnownToBeWrong() throws {
    let bench = try TestBench("freerunner")
    let start = bench.board.clock.now()
    let firmware = program(20_000)
    try Self.transfer(bench).download(firmware)
    #expect(bench.board.stored(alternate: 0) == firmware)
    // It reports 50 s for each of five blocks.
    #expect(bench.board.clock.now() - start < .seconds(2))
  }

  @Test func aDeviceLeftInAnErrorIsBroughtBackFirst() throws {
    for quirk: Quirk? in [nil, .clearStatusEntersError, .statusDropsToIdle] {
      let bench = try Self.bench(quirk.map { [$0] } ?? [])
      bench.board.faults = FaultPlan([Fault(.status(7), at: 1, of: .getStatus)])
      let firmware = program(2_000)
      try Self.transfer(bench).download(firmware)
      #expect(bench.board.stored(alternate: 0) == firmware)
    }
  }

  @Test func whatTheDeviceComplainsOfIsToldWithItsStatus() throws {
    let bench = try Self.bench([]) { $0.targets[0].capacity = 2_048 }
    #expect {
      try Self.transfer(bench).download(program(4_000))
    } throws: { error in
      guard case .device(let cause)? = error as? FlashError else {
        return false
      }
      return cause.isStall || cause.status == .address
    }
    #expect(bench.board.stored(alternate: 0) == [])
  }

  @Test func aDeviceThatIsNotTolerantIsResetAfterManifestation() throws {
    let bench = try TestBench("plain11") { $0.functional.attributes = 0x03 }
    let firmware = program(3_000)
    #expect(try Self.transfer(bench).download(firmware) == .reset)
    #expect(bench.board.stored(alternate: 0) == firmware)
    #expect(bench.board.mode == .application)
  }

  @Test(arguments: [
    "freerunner", "simtrace", "lpclink", "tdk", "maple", "maple-old",
    "dapboot", "tinyusb", "xmos", "zephyr", "uboot", "tiva",
  ])
  func everyKnownDeviceTakesItsFirmware(_ name: String) throws {
    let bench = try TestBench(name)
    let board = try #require(try Board.all(on: bench.bus).first)
    // DFU 1.0 does not show the mode in the protocol.
    var interface = try #require(board.interfaces.first)
    interface.mode = .dfu
    #expect(!interface.isDfuSe)
    let selected = SelectedBoard(board: board, interface: interface)
    let transfer = PlainDFU(
      try selected.connect(on: bench.bus, alternate: 0),
      pollOverride: board.pollTime)
    let firmware = program(5_000)
    let result = try transfer.download(firmware)
    #expect(bench.board.stored(alternate: 0) == firmware)
    #expect(bench.board.violations.isEmpty)
    #expect(name != "lpclink" || result == .reset)
  }

  // MARK: Upload

  private static func upload(
    _ quirks: Set<Quirk>, _ stored: [UInt8], limit: Int = 1 << 20,
    endsByPrefix: Bool = false
  ) throws -> (bytes: [UInt8], hasEnded: Bool, bench: TestBench) {
    let bench = try Self.bench(quirks)
    bench.board.store(stored, alternate: 0)
    var bytes: [UInt8] = []
    let hasEnded = try transfer(bench).upload(
      limit: limit, endsByPrefix: endsByPrefix
    ) { (piece) throws(FlashError) in bytes += piece }
    return (bytes, hasEnded, bench)
  }

  @Test(
    arguments: Quirk.allCases.filter {
      ![
        .dropsLastChunk, .endsUploadWithEmptyFrame, .uploadsPrefix,
        .uploadStartsOver,
      ].contains($0)
    }, [0, 700, 2_048, 3_000])
  func whatIsStoredIsReadBack(_ quirk: Quirk, _ count: Int) throws {
    let stored = program(count)
    let result = try Self.upload([quirk], stored)
    #expect(result.bytes == stored)
    #expect(result.hasEnded)
    #expect(result.bench.board.violations.isEmpty)
  }

  @Test func aDeviceThatDropsItsLastChunkEndsTheUploadAllTheSame() throws {
    let stored = program(3_000)
    let result = try Self.upload([.dropsLastChunk], stored)
    #expect(result.bytes == Array(stored[..<2_048]))
    #expect(result.hasEnded)
  }

  @Test func anEmptyFrameEndsAnUpload() throws {
    let stored = program(3_000)
    let result = try Self.upload([.endsUploadWithEmptyFrame], stored)
    #expect(result.bytes.prefix(3_000) == stored[...])
    #expect(result.bytes.count == 3_072)
    #expect(result.hasEnded)
  }

  @Test(arguments: [1_016, 3_000])
  func tisPrefixTellsWhereTheUploadEnds(_ count: Int) throws {
    // 1016 bytes and the prefix fill the frame: the device starts over.
    let stored = program(count)
    let result = try Self.upload(
      [.uploadsPrefix, .uploadStartsOver], stored, endsByPrefix: true)
    #expect(result.bytes.dropFirst(8) == stored[...])
    #expect(result.hasEnded)
  }

  @Test func anUploadThatNeverEndsIsEndedByTheLimit() throws {
    let stored = program(1_024)
    let result = try Self.upload([.uploadStartsOver], stored, limit: 10_000)
    #expect(result.bytes.count == 10_000)
    #expect(!result.hasEnded)
    #expect(result.bench.board.dfuState == DFUState.idle.rawValue)
  }

  @Test func noMoreIsReadThanIsAskedFor() throws {
    let stored = program(5_000)
    let result = try Self.upload([], stored, limit: 1_500)
    #expect(result.bytes == Array(stored[..<1_500]))
    #expect(result.bench.board.dfuState == DFUState.idle.rawValue)
  }

  // MARK: Which devices

  @Test(arguments: ["camera", "apple-bluetooth"])
  func whatIsInTheWayIsOnlyTakenWhenItIsNamed(_ name: String) throws {
    let bench = try TestBench(name)
    let boards = try Board.all(on: bench.bus)
    #expect(throws: BoardSearchError.none(present: boards)) {
      try BoardSelector().choose(from: boards)
    }
    var selector = BoardSelector()
    selector.path = "1-1"
    #expect(try selector.choose(from: boards).board == boards.first)
  }

  @Test(arguments: [(0x03EB, 0x2FF4), (0x0CF3, 0x3000), (0x0A12, 0xFFFF)])
  func whatSpeaksAnotherProtocolIsRefused(
    _ vendor: Int, _ product: Int
  ) throws {
    let bench = try TestBench("plain11") {
      $0.usb.vendor = UInt16(vendor)
      $0.usb.product = UInt16(product)
    }
    #expect {
      try bench.selected()
    } throws: { error in
      guard case .otherProtocol? = error as? BoardSearchError else {
        return false
      }
      return true
    }
  }

  @Test func theFunctionalDescriptorIsAskedForWhereItIsNotShown() throws {
    let hidden = try TestBench("plain11") {
      $0.functional.place = .onRequestOnly
    }
    #expect(try hidden.selected().transferSize() == 1_024)
  }

  @Test func aDeviceWithoutFunctionalDescriptorNeedsATransferSize() throws {
    let missing = try TestBench("plain11") {
      $0.functional.place = .missing
    }
    #expect(try missing.selected().interface.functional == nil)
    let selected = try missing.selected()
    #expect(throws: BoardOpenError.transferSizeUnknown) {
      try selected.transferSize()
    }
    let firmware = program(3_000)
    let transfer = PlainDFU(
      try selected.connect(on: missing.bus, alternate: 0, transferSize: 512))
    try transfer.download(firmware)
    #expect(missing.board.stored(alternate: 0) == firmware)
  }
}
