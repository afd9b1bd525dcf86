import DFUCore
import DFUSimulator
import TestSupport
import Testing

private let flash: UInt32 = 0x0800_0000

/// Whole flash runs on simulated boards, by what was said on the wire and by
/// what is in the chips afterwards.
@Suite struct FlashRunTests {
  // MARK: Transcripts

  @Test func aFullF405IsErasedSectorBySectorWrittenOnceAndVerified() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(1 << 20, seed: 9), at: flash)
    let firmware = program(1 << 20)
    var options = FlashOptions()
    options.massErase = .never
    let plan = try bench.flash(firmware, options)
    #expect(bench.board.flash == firmware)
    #expect(bench.board.violations.isEmpty)
    #expect(bench.board.erasures.values.allSatisfy { $0 == 1 })
    guard !plan.massErases else { return }
    #expect(
      bench.story == [
        // One block of each sector shows that it must be erased.
        "set 0x08000000", "abort", "read 2048 × 12", "abort",
        "erase 0x08000000", "erase 0x08004000", "erase 0x08008000",
        "erase 0x0800C000", "erase 0x08010000", "erase 0x08020000",
        "erase 0x08040000", "erase 0x08060000", "erase 0x08080000",
        "erase 0x080A0000", "erase 0x080C0000", "erase 0x080E0000",
        // One pointer for all blocks, and for reading them back; the block
        // with the vector table in two parts, its first entries last.
        "set 0x08000010", "write 2032", "set 0x08000000", "write 2048 × 511",
        "write 16", "abort", "read 2048 × 512",
      ])
  }

  @Test func anEqualImageOnlyCostsReads() throws {
    let bench = try TestBench("f405")
    let firmware = program(300_000)
    bench.board.fill(firmware, at: flash)
    let plan = try bench.flash(firmware)
    #expect(plan.isUpToDate)
    #expect(
      bench.story == ["set 0x08000000", "abort", "read 2048 × 147"])
    #expect(bench.board.erasures.isEmpty)
  }

  @Test func oneChangedByteCostsItsSectorAndTheVectorTables() throws {
    let bench = try TestBench("f405")
    var firmware = program(1 << 20)
    bench.board.fill(firmware, at: flash)
    firmware[0x9123] ^= 0xFF
    let plan = try bench.flash(firmware)
    #expect(plan.erases.map(\.address) == [flash, 0x0800_8000])
    #expect(plan.kept.count == 10)
    #expect(bench.board.flash == firmware)
    #expect(bench.board.erasures == [flash: 1, 0x0800_8000: 1])
    #expect(
      bench.story.filter { !$0.hasPrefix("read") && $0 != "abort" } == [
        "set 0x08000000", "erase 0x08000000", "erase 0x08008000",
        "set 0x08000008", "write 2040", "set 0x08000000", "write 2048 × 15",
        "write 8",
      ])
  }

  @Test func neighboursInASharedSectorAreReadFirstAndPutBack() throws {
    let bench = try TestBench("f405")
    let old = program(64 * 1024, seed: 3)
    bench.board.fill(old, at: flash)
    let patch = program(3000, seed: 4)
    // Begins and ends inside of a sector.
    let plan = try bench.flash(patch, at: flash + 0x4321)
    #expect(plan.erases.map(\.address) == [flash + 0x4000])
    var wanted = old
    wanted.replaceSubrange(0x4321..<0x4321 + 3000, with: patch)
    #expect(bench.board.memory(at: flash, count: 64 * 1024) == wanted)
    #expect(bench.board.erasures == [flash + 0x4000: 1])
    #expect(bench.board.violations.isEmpty)
  }

  @Test func withoutPreservingTheRestOfTheSectorIsBlank() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(32 * 1024, seed: 3), at: flash)
    var options = FlashOptions()
    options.preservesNeighbours = false
    try bench.flash(program(100, seed: 4), at: flash + 0x4000, options)
    #expect(
      bench.board.memory(at: flash + 0x4064, count: 0x4000 - 100)?
        .allSatisfy { $0 == 0xFF } == true)
  }

  @Test(arguments: ["f405", "f072", "l412", "l432", "g474", "u585", "h743"])
  func anUnalignedStartAndAnOddLengthAreFlashedExactly(name: String) throws {
    let bench = try TestBench(name)
    let old = program(16 * 1024, seed: 5)
    bench.board.fill(old, at: flash)
    for (offset, count) in [(1, 1), (7, 2), (4097, 1023), (8190, 5)] {
      let patch = program(count, seed: UInt64(offset))
      try bench.flash(patch, at: flash + UInt32(offset))
      #expect(
        bench.board.memory(at: flash + UInt32(offset), count: count) == patch)
      #expect(bench.board.violations.isEmpty)
    }
    let now = try #require(bench.board.memory(at: flash, count: 16 * 1024))
    #expect(now[9000...] == old[9000...])
    #expect(now[3...6] == old[3...6])
  }

  @Test(arguments: ["f405", "f072", "l412", "l432", "g474", "u585", "h743"])
  func anOddLengthOnBlankFlashIsPaddedToTheChipsWords(name: String) throws {
    for count in [1, 3, 7, 8, 15, 1023, 1025, 2047, 2049] {
      let bench = try TestBench(name)
      let firmware = program(count)
      try bench.flash(firmware)
      #expect(bench.board.memory(at: flash, count: count) == firmware)
      #expect(bench.board.violations.isEmpty, "\(count) bytes")
    }
  }

  @Test func twoElementsInOnePageEraseItOnceAndBothSurvive() throws {
    let bench = try TestBench("l412")
    bench.board.fill(program(8192, seed: 6), at: flash)
    let first = program(500, seed: 7)
    let second = program(600, seed: 8)
    let file = DfuSeFileTests.wrapped(
      DfuSeFileTests.target(
        alternate: 0, name: "two",
        elements: [(flash + 0x800, first), (flash + 0xA00, second)]),
      targets: 1)
    let target = try #require(try FirmwareFile(reading: file).targets.first)
    try bench.flash(target.image)
    #expect(bench.board.memory(at: flash + 0x800, count: 500) == first)
    #expect(bench.board.memory(at: flash + 0xA00, count: 600) == second)
    #expect(bench.board.erasures == [flash + 0x800: 1])
    #expect(bench.board.violations.isEmpty)
  }

  @Test func theVectorTablesSectorIsErasedFirstAndItsBlockWrittenLast() throws {
    let bench = try TestBench("f072")
    bench.board.fill(program(10 * 1024, seed: 2), at: flash)
    var options = FlashOptions()
    options.vectorTable = flash + 0x1000
    let firmware = program(10 * 1024)
    try bench.flash(firmware, options)
    let story = bench.story.filter { !$0.hasPrefix("read") && $0 != "abort" }
    #expect(story.first { $0.hasPrefix("erase") } == "erase 0x08001000")
    let records = bench.board.log.records.filter { $0.kind == .data }
    #expect(records.last?.sent == Array(firmware[0x1000..<0x1008]))
    #expect(bench.board.memory(at: flash, count: 10 * 1024) == firmware)
  }

  @Test func blankBlocksAreNotSent() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(64 * 1024, seed: 2), at: flash)
    var firmware = program(64 * 1024)
    for index in 0x1000..<0xF000 { firmware[index] = 0xFF }
    try bench.flash(firmware)
    #expect(bench.board.memory(at: flash, count: 64 * 1024) == firmware)
    // The first block in two parts, and the last two.
    #expect(bench.board.log.counts[.data] == 5)
  }

  @Test func whatIsFilledIntoAGapLaterIsNotProgrammedTwice() throws {
    // Words with error-correcting code take one programming, also of 0xFF.
    for name in ["l412", "g474", "u585", "h743", "f405"] {
      let bench = try TestBench(name)
      var firmware = program(6000)
      for index in 1000..<5000 { firmware[index] = 0xFF }
      try bench.flash(firmware)
      let whole = program(9000)
      try bench.flash(whole)
      #expect(bench.board.memory(at: flash, count: 9000) == whole)
      #expect(bench.board.violations.isEmpty, "\(name)")
    }
  }

  /// Boards whose sectors are not what they say, so that more is erased than
  /// anybody can know.
  static let losesNeighbours = ["blackmagic-f103", "st-class-erases-to-end"]

  /// Every kind of board in the simulator that speaks DfuSe.
  static let kinds = BoardProfile.all.filter {
    if case .dfuSe = $0.machine { true } else { false }
  }.map(\.name)

  @Test(arguments: kinds)
  func aBoardOfEveryKindIsFlashedOverAnOldProgramAndOnBlankFlash(
    name: String
  ) throws {
    var firmware = program(9_001)
    // Blocks and words of 0xFF, which on some chips is not blank.
    for index in 2_500..<6_500 { firmware[index] = 0xFF }
    // Loaders that live in the same memory begin their programs behind it.
    let start: UInt32 =
      switch name {
      case "blackmagic-f103", "libopencm3": flash + 0x2000
      case "mboot": flash + 0x8000
      default: flash
      }
    for isBlank in [true, false] {
      let bench = try TestBench(name)
      if !isBlank { bench.board.fill(program(12_000, seed: 2), at: start) }
      let canRead = try bench.session().connection.canUpload
      try bench.flash(firmware, at: start)
      #expect(bench.board.memory(at: start, count: 9_001) == firmware)
      #expect(bench.board.violations.isEmpty, "blank: \(isBlank)")
      guard canRead, !Self.losesNeighbours.contains(name) else { continue }
      #expect(try bench.flash(firmware, at: start).isUpToDate)
      if !isBlank {
        #expect(
          bench.board.memory(at: start + 9_001, count: 2_999)
            == Array(program(12_000, seed: 2)[9_001...]))
      }
    }
  }

  // MARK: How many transfers

  @Test(arguments: [
    "f405", "f429", "f072", "l412", "l432", "g474", "g0b1", "u585",
  ])
  func aBlockCostsThreeTransfersAndAnErasedSectorThree(name: String) throws {
    let bench = try TestBench(name)
    let size = 96 * 1024
    bench.board.fill(program(size, seed: 2), at: flash)
    let plan = try bench.flash(program(size))
    let blocks = plan.allRuns.reduce(0) { $0 + $1.blocks.count }
    #expect(blocks == size / plan.transferSize + 1)
    let limit = 3 * blocks + 3 * plan.erases.count + 25
    #expect(
      bench.transfersBesideReads <= limit,
      "\(blocks) blocks, \(plan.erases.count) sectors")
  }

  // MARK: Refusals before anything is touched

  @Test func aHoleIsFoundBeforeAnythingIsSent() throws {
    let bench = try TestBench("f405")
    let old = program(1 << 20, seed: 2)
    bench.board.fill(old, at: flash)
    var image = try FirmwareImage(program(4096), at: flash)
    try image.add(program(64), at: 0x0810_0000 - 32)
    let flasher = try bench.flasher()
    bench.board.clearLog()
    let error = try #require(throws: FlashError.self) {
      try flasher.flashed(image)
    }
    guard case .refused(.outside(let address, _, _)) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(address == 0x0810_0000)
    #expect(bench.board.log.total == 0)
    #expect(bench.board.flash == old)
  }

  @Test func aMemoryThatCannotBeWrittenIsRefusedBeforeAnythingIsSent() throws {
    let bench = try TestBench("f405") {
      $0.alternates[0] = AlternateProfile(
        "@Internal Flash  /0x08000000/01*016Ka,03*016Kg,01*064Kg,07*128Kg")
    }
    let flasher = try bench.flasher()
    bench.board.clearLog()
    let error = try #require(throws: FlashError.self) {
      try flasher.flashed(try FirmwareImage(program(64), at: flash + 0x3FF0))
    }
    guard case .refused(.notWritable(let sector, _)) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(sector.address == flash)
    #expect(bench.board.log.total == 0)
  }

  @Test func anEmptyImageIsRefused() throws {
    let bench = try TestBench("f405")
    #expect(throws: FlashError.refused(.empty)) {
      try bench.flash(FirmwareImage())
    }
    #expect(bench.board.log.total == 0)
  }

  // MARK: Mass erase

  @Test func aWantedMassEraseLeavesNothingButTheImage() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(1 << 20, seed: 2), at: flash)
    var options = FlashOptions()
    options.massErase = .always
    let firmware = program(5000)
    let plan = try bench.flash(firmware, options)
    #expect(plan.massErases)
    #expect(bench.story.first == "mass erase")
    #expect(bench.story.filter { $0.contains("erase") } == ["mass erase"])
    #expect(
      bench.board.flash == firmware
        + [UInt8](repeating: 0xFF, count: (1 << 20) - 5000))
  }

  @Test func aCheaperMassEraseIsTakenOnlyWhereItLosesNothing() throws {
    // An L4 erases all in the time of one page.
    let firmware = program(100 * 1024)
    let full = try TestBench("l412")
    full.board.fill(program(128 * 1024, seed: 2), at: flash)
    let kept = try full.flash(firmware)
    #expect(!kept.massErases)
    #expect(
      full.board.memory(at: flash + 100 * 1024, count: 28 * 1024)
        == Array(program(128 * 1024, seed: 2)[(100 * 1024)...]))

    let half = try TestBench("l412")
    half.board.fill(program(100 * 1024, seed: 2), at: flash)
    let all = try half.flash(firmware)
    #expect(all.massErases)
    #expect(half.board.memory(at: flash, count: 100 * 1024) == firmware)
    #expect(half.board.violations.isEmpty)
  }

  // MARK: Block numbers and addresses

  @Test func theAddressIsSetAgainBeforeTheBlockNumberWraps() throws {
    let bench = try TestBench("f429") {
      $0.usb.maxPacketSize0 = 8
      $0.functional.transferSize = 8
    }
    let session = try bench.session()
    bench.board.clearLog()
    let data = program(24)
    // wBlockNum 65535 stands for 65533 blocks after the pointer.
    let last = flash + 65_533 * 8
    try session.setAddress(flash)
    for index in 0..<3 {
      try session.write(
        data.span.extracting(index * 8..<index * 8 + 8),
        at: last - 8 + UInt32(index) * 8, base: flash)
    }
    #expect(bench.board.memory(at: last - 8, count: 24) == data)
    #expect(
      bench.board.log.records.filter { $0.kind == .data }.map(\.setup.value)
        == [65_534, 65_535, 2])
    #expect(
      bench.story == [
        "set 0x08000000", "write 8 × 2", "set \((last + 8).hexadecimal)",
        "write 8",
      ])
  }

  @Test(arguments: [false, true])
  func aDeviceThatCountsRequestedLengthsIsWrittenAndReadRight(
    isBlank: Bool
  ) throws {
    let bench = try TestBench(
      "f405",
      change: Host.quirk { $0.quirks.addressesByRequestedLength = true })
    if !isBlank { bench.board.fill(program(20_000, seed: 2), at: flash) }
    for count in [5000, 2048, 100, 12_345] {
      let firmware = program(count, seed: UInt64(count))
      try bench.flash(firmware)
      #expect(bench.board.memory(at: flash, count: count) == firmware)
    }
    var read: [UInt8] = []
    try bench.flasher().read(0x0800_0123..<0x0800_2345) {
      (bytes) throws(FlashError) in read += bytes
    }
    #expect(
      read == bench.board.memory(at: 0x0800_0123, count: 0x2345 - 0x123))
  }

  // MARK: Reading

  @Test func aReadCrossesRunsOfDifferentSectors() throws {
    // dfu-util stops at the end of equal sectors, 64 KiB on this chip.
    let bench = try TestBench("f405")
    let content = program(1 << 20, seed: 2)
    bench.board.fill(content, at: flash)
    var read: [UInt8] = []
    try bench.flasher().read(UInt64(flash)..<UInt64(flash) + (1 << 20)) {
      (bytes) throws(FlashError) in read += bytes
    }
    #expect(read == content)
  }

  @Test func aReadBeyondTheMemoryIsRefusedBeforeAnythingIsSent() throws {
    let bench = try TestBench("f405")
    let flasher = try bench.flasher()
    bench.board.clearLog()
    #expect(throws: FlashError.self) {
      try flasher.read(0x080F_FFF0..<0x0810_0010) { _ in }
    }
    #expect(bench.board.log.total == 0)
  }

  // MARK: Erasing

  @Test func everySectorThatARangeTouchesIsErasedAndNoOther() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(1 << 20, seed: 2), at: flash)
    try bench.flasher().erase(0x0800_7FFF..<0x0801_0001)
    #expect(
      bench.board.erasures == [
        0x0800_4000: 1, 0x0800_8000: 1, 0x0800_C000: 1, 0x0801_0000: 1,
      ])
  }

  // MARK: What it tells meanwhile

  @Test func phasesBeginAdvanceAndEnd() throws {
    let bench = try TestBench("f072")
    bench.board.fill(program(8192, seed: 2), at: flash)
    var events: [FlashEvent] = []
    try bench.flash(program(8192)) { events.append($0) }
    var totals: [FlashPhase: Int] = [:]
    var done: [FlashPhase: Int] = [:]
    var order: [FlashPhase] = []
    for event in events {
      switch event {
      case .began(let phase, let total):
        order.append(phase)
        totals[phase] = total
      case .progress(let phase, let count):
        #expect(count >= done[phase] ?? 0)
        done[phase] = count
      case .finished(let phase):
        #expect(done[phase] == totals[phase])
      default: break
      }
    }
    #expect(order == [.compare, .erase, .write, .verify])
    #expect(
      totals == [.compare: 8192, .erase: 8192, .write: 8192, .verify: 8192])
    let planned = events.firstIndex {
      if case .planned = $0 { true } else { false }
    }
    let erase = events.firstIndex(of: .began(.erase, total: 8192))
    #expect(try #require(planned) < #require(erase))
  }

  @Test func stoppingBetweenTransfersLeavesTheBoardInDfuIDLE() throws {
    for limit in 1..<12 {
      let bench = try TestBench("f072")
      bench.board.fill(program(8192, seed: 2), at: flash)
      var asked = 0
      let flasher = try bench.flasher(shouldStop: {
        asked += 1
        return asked >= limit
      })
      #expect(throws: FlashError.cancelled) {
        try flasher.flashed(try FirmwareImage(program(8192), at: flash))
      }
      #expect(bench.board.dfuState == 2)
    }
  }
}
