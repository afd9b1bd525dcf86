import DFUCore
import DFUSimulator
import TestSupport
import Testing

private let flash: UInt32 = 0x0800_0000

/// Flash runs on boards that misbehave.
@Suite struct FlashTroubleTests {
  // MARK: Disturbed transfers

  @Test(arguments: [RequestKind.upload, .data, .command, .getStatus])
  func oneStalledRequestIsOvercome(kind: RequestKind) throws {
    for name in ["f405", "f072", "g474", "u585"] {
      let bench = try TestBench(name)
      bench.board.fill(program(8192, seed: 2), at: flash)
      var retries = 0
      let flasher = try bench.flasher(report: {
        if case .retried = $0 { retries += 1 }
      })
      bench.board.faults = FaultPlan([Fault(.stall, at: 3, of: kind)])
      let firmware = program(8192)
      try flasher.flashed(try FirmwareImage(firmware, at: flash))
      #expect(bench.board.memory(at: flash, count: 8192) == firmware)
      #expect(retries <= 1)
      #expect(
        !bench.board.violations.contains {
          $0.kind == .programmedTwice || $0.kind == .programmedUnerased
        }, "\(name) \(kind): \(bench.board.violations)")
    }
  }

  @Test(arguments: [RequestKind.upload, .data, .command])
  func aRequestThatStallsForEverIsGivenUp(kind: RequestKind) throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(8192, seed: 2), at: flash)
    let flasher = try bench.flasher()
    bench.board.clearLog()
    bench.board.faults = FaultPlan([
      Fault(.stall, at: 1, of: kind, times: 1_000_000)
    ])
    #expect(throws: FlashError.self) {
      try flasher.flashed(try FirmwareImage(program(8192), at: flash))
    }
    #expect(bench.board.log.total < 200)
  }

  @Test func aShortReplyIsReadAgain() throws {
    let bench = try TestBench("f405")
    let firmware = program(8192)
    bench.board.fill(firmware, at: flash)
    let flasher = try bench.flasher()
    bench.board.faults = FaultPlan([
      Fault(.shortReply(100), at: 2, of: .upload)
    ])
    let plan = try flasher.flashed(try FirmwareImage(firmware, at: flash))
    #expect(plan.isUpToDate)
  }

  @Test func aReadThatStaysShortIsAnErrorAndNoShortFile() throws {
    let bench = try TestBench("f405")
    let flasher = try bench.flasher()
    bench.board.faults = FaultPlan([
      Fault(.shortReply(100), at: 2, of: .upload, times: 1000)
    ])
    let error = try #require(throws: FlashError.self) {
      try flasher.read(0x0800_0000..<0x0800_4000) { _ in }
    }
    guard case .device(let cause) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(cause.reason == .shortReply(received: 100, expected: 2048))
    #expect(cause.address == 0x0800_0800)
  }

  @Test(arguments: [UInt8(3), 4, 6, 14])
  func anErrorThatTheBoardReportsForABlockIsReportedOrOvercome(
    status: UInt8
  ) throws {
    let bench = try TestBench("f405")
    let flasher = try bench.flasher()
    bench.board.faults = FaultPlan([
      Fault(.status(status), at: 2, of: .data, times: 1000)
    ])
    let error = try #require(throws: FlashError.self) {
      try flasher.flashed(try FirmwareImage(program(8192), at: flash))
    }
    guard case .device(let cause) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(cause.status == DFUStatus(rawValue: status))
    #expect(cause.operation == .write)
  }

  /// Black Magic lies at the start of the flash that its layout lists as
  /// readable, and refuses that address.
  @Test func aLoaderThatRefusesItsOwnAddressIsFlashedBehindIt() throws {
    let bench = try TestBench("blackmagic-f103")
    let bytes = program(512)
    var job = FlashJob(
      JobFirmware(FirmwareFile(raw: bytes), at: flash + 0x2000))
    job.ending = .stay
    let run = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    #expect(run.error == nil)
    #expect(bench.board.memory(at: flash + 0x2000, count: 512) == bytes)
  }

  /// An image that is no longer than what is written last.
  @Test func afterAFewBytesWereWrittenTheMemoryIsNotCalledUntouched() throws {
    let bench = try TestBench("g474")
    var job = FlashJob(JobFirmware(FirmwareFile(raw: [1]), at: flash + 0x4000))
    job.ending = .stay
    let last = try countingUploads(of: job)
    bench.board.faults = FaultPlan([
      Fault(.flip(offset: 0, mask: 0x10), at: last, of: .upload)
    ])
    let run = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    guard case .mismatch? = run.error?.cause else {
      Issue.record("\(String(describing: run.error))")
      return
    }
    #expect(run.error?.memory == .incomplete)
  }

  private func countingUploads(of job: FlashJob) throws -> Int {
    let bench = try TestBench("g474")
    bench.board.faults = FaultPlan()
    let run = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    #expect(run.error == nil)
    return bench.board.faults.count(of: .upload)
  }

  // MARK: Wrong content

  /// What lies between the pieces of an image may be part of the first eight
  /// bytes, which are written last.
  @Test func bytesBesideTheImageInTheLastBlockAreNamedWhenItIsNotThere() throws
  {
    let bench = try TestBench("f072")
    let old = program(2048, seed: 2)
    bench.board.fill(old, at: flash)
    var image = FirmwareImage()
    try image.add([0xA5], at: flash)
    try image.add([UInt8](repeating: 0x5A, count: 64), at: flash + 32)
    let flasher = try bench.flasher()
    // The last block holds one byte of the image and seven others.
    let blocks = try flasher.plan(for: image).allRuns
      .reduce(0) { $0 + $1.blocks.count }
    bench.board.faults = FaultPlan([Fault(.dropData, at: blocks, of: .data)])
    let failure = try #require(throws: FlashFailure.self) {
      try flasher.flash(image)
    }
    #expect(
      bench.board.memory(at: flash, count: 8)
        == [UInt8](repeating: 0xFF, count: 8))
    for offset in 1..<UInt32(8) {
      #expect(
        failure.lost.contains {
          $0.range.contains(UInt64(flash + offset))
            && $0.bytes[Int(flash + offset - $0.address)] == old[Int(offset)]
        })
    }
  }

  /// Words with an error-correcting code take one programming, also where two
  /// pieces of the image lie in one.
  @Test(arguments: ["h743", "u585", "l432"])
  func piecesThatShareAWordAreProgrammedOnce(kind: String) throws {
    let bench = try TestBench(kind)
    var image = FirmwareImage()
    try image.add([UInt8](repeating: 0x12, count: 39), at: flash)
    try image.add([UInt8](repeating: 0x34, count: 50), at: flash + 41)
    try bench.flash(image)
    #expect(bench.board.violations == [])
    #expect(
      bench.board.memory(at: flash, count: 91)
        == [UInt8](repeating: 0x12, count: 39) + [0xFF, 0xFF]
        + [UInt8](repeating: 0x34, count: 50))
  }

  @Test func wrongDataReadBackIsAMismatchWithItsAddress() throws {
    let bench = try TestBench("f405")
    let firmware = program(8192)
    let flasher = try bench.flasher()
    // Four blocks of survey, then the third of verifying.
    bench.board.faults = FaultPlan([
      Fault(.flip(offset: 7, mask: 0x10), at: 7, of: .upload)
    ])
    let error = try #require(throws: FlashError.self) {
      try flasher.flashed(try FirmwareImage(firmware, at: flash))
    }
    guard case .mismatch(let mismatch) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(mismatch.address == flash + 0x1007)
    #expect(mismatch.expected == firmware[0x1007])
    #expect(mismatch.found == firmware[0x1007] ^ 0x10)
    #expect(mismatch.count == 1)
    #expect(mismatch.sector?.address == flash)
  }

  @Test func aWriteProtectedSectorIsErasedTooSoonAndNamed() throws {
    // The ROM reports no error for it (AN3156).
    let bench = try TestBench("f405")
    bench.board.fill(program(64 * 1024, seed: 2), at: flash)
    // nWRP: sector 1.
    let options = try #require(bench.board.memory(at: 0x1FFF_C000, count: 16))
    var protected = options
    protected[8] &= ~0x02
    bench.board.fill(protected, at: 0x1FFF_C000)
    bench.board.powerCycle()
    bench.board.clock.sleep(for: .seconds(2))
    bench.bus.clock.sleep(for: .seconds(2))
    let error = try #require(throws: FlashError.self) {
      try bench.flash(program(64 * 1024))
    }
    guard case .notErased(let sectors, _) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(sectors.map(\.address) == [flash + 0x4000])
  }

  @Test func withoutVerifyingNothingIsReadBack() throws {
    let bench = try TestBench("f405")
    var options = FlashOptions()
    options.verification = .off
    try bench.flash(program(8192), options)
    #expect(bench.story.filter { $0.hasPrefix("read") } == ["read 2048 × 4"])
  }

  // MARK: Readout protection

  @Test(arguments: [
    ChipQuirks.Protection.error, .errorOnAddressToo, .ignoresWrites,
  ])
  func readoutProtectionIsCalledByItsName(
    _ protection: ChipQuirks.Protection
  ) throws {
    let bench = try TestBench(
      "f405", change: Host.quirk { $0.quirks.protection = protection })
    bench.board.fill(program(8192, seed: 2), at: flash)
    bench.board.setProtection(level: 1)
    let error = try #require(throws: FlashError.self) {
      try bench.flash(program(8192))
    }
    guard case .readProtected(let cause) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(cause.status == .vendor)
    #expect(bench.board.erasures.isEmpty)
  }

  @Test func aProtectedBoardIsCalledProtectedAlsoWithoutReadingFirst() throws {
    let bench = try TestBench("f405")
    bench.board.setProtection(level: 1)
    var options = FlashOptions()
    options.rewritesAll = true
    options.preservesNeighbours = false
    let error = try #require(throws: FlashError.self) {
      try bench.flash(program(16 * 1024), options)
    }
    guard case .readProtected = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func liftingTheProtectionErasesAndBringsTheBoardBack() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(8192, seed: 2), at: flash)
    bench.board.setProtection(level: 1)
    let old = try bench.selected().board
    try bench.session().readUnprotect()
    let back = try BoardWatch(bench.bus).board(
      at: old.path, mode: .dfu, insteadOf: old.device, within: .seconds(60))
    #expect(back != nil)
    #expect(bench.board.protectionLevel == 0)
    #expect(
      bench.board.memory(at: flash, count: 8192)?
        .allSatisfy { $0 == 0xFF } == true)
    let firmware = program(8192)
    try bench.flash(firmware)
    #expect(bench.board.memory(at: flash, count: 8192) == firmware)
  }

  // MARK: A board that goes away

  @Test(arguments: [RequestKind.upload, .command, .data, .getStatus])
  func aBoardThatLeavesIsCalledGone(kind: RequestKind) throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(8192, seed: 2), at: flash)
    let flasher = try bench.flasher()
    bench.board.faults = FaultPlan([Fault(.unplug, at: 3, of: kind)])
    let error = try #require(throws: FlashError.self) {
      try flasher.flashed(try FirmwareImage(program(8192), at: flash))
    }
    guard case .device(let cause) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(cause.isGone)
    #expect(cause.description.contains("has left the bus"))
  }

  // MARK: How devices answer too early a question

  /// The time and the GETSTATUS requests it takes to erase and write.
  private func cost(
    _ name: String, _ mode: Polling.Mode, bytes: Int = 32 * 1024
  ) throws -> (seconds: Double, statuses: Int, early: Int, blocks: Int) {
    let bench = try TestBench(name)
    bench.board.fill(program(bytes, seed: 2), at: flash)
    var options = FlashOptions()
    options.verification = .off
    let flasher = try bench.flasher(options, polling: mode)
    bench.board.clearLog()
    let start = bench.board.clock.now()
    let plan = try flasher.flashed(
      try FirmwareImage(program(bytes), at: flash))
    #expect(bench.board.memory(at: flash, count: bytes) == program(bytes))
    return (
      (bench.board.clock.now() - start).inSeconds,
      bench.board.log.counts[.getStatus] ?? 0, bench.board.log.earlyPolls,
      plan.allRuns.reduce(0) { $0 + $1.blocks.count } + plan.erases.count
    )
  }

  @Test(arguments: ["f405", "f072", "l432", "g474", "u585"])
  func askingAtOnceIsNeverSlowerThanTheReportedTimes(name: String) throws {
    let honest = try cost(name, .specification)
    let quick = try cost(name, .immediate)
    // But for a few questions that come too early while it learns.
    #expect(quick.seconds <= honest.seconds * 1.03, "\(quick) \(honest)")
    #expect(honest.early == 0)
    #expect(
      quick.statuses <= 2 * quick.blocks + 25, "\(quick) \(honest)")
  }

  @Test func anF405NAKsSoThatItsWrongTimesCostNothing() throws {
    // 16 blocks and the set-address report 104 ms each for 33 ms of work.
    let honest = try cost("f405", .specification)
    let quick = try cost("f405", .immediate)
    #expect(quick.seconds < honest.seconds - 16 * 0.07)
  }

  @Test func anL432ThatStallsAnEarlyQuestionIsAskedOnceTooEarlyAtMost() throws {
    let bench = try TestBench("l432")
    bench.board.fill(program(32 * 1024, seed: 2), at: flash)
    let flasher = try bench.flasher(polling: .immediate)
    bench.board.clearLog()
    let firmware = program(32 * 1024)
    try flasher.flashed(try FirmwareImage(firmware, at: flash))
    #expect(bench.board.memory(at: flash, count: 32 * 1024) == firmware)
    // Once for each kind of work; an erase that outlasts its time once more.
    #expect(bench.board.log.stalls <= 40)
  }

  @Test func aBoardThatIsBusyForEverIsGivenUp() throws {
    let bench = try TestBench(
      "g474",
      change: Host.quirk { $0.quirks.wedgesAfterErasing = 1 })
    bench.board.fill(program(8192, seed: 2), at: flash)
    let error = try #require(throws: FlashError.self) {
      try bench.flash(program(8192))
    }
    guard case .device(let cause) = error, case .stillBusy = cause.reason
    else {
      Issue.record("\(error)")
      return
    }
    #expect(bench.board.log.total < 5000)
    #expect(bench.board.clock.now() < .seconds(120))
  }

  // MARK: Leaving

  @Test(arguments: [
    "f405", "f429", "f072", "l432", "g474", "g0b1", "h743", "u585",
    "gd32vf103",
  ])
  func aFlashedBoardOfEveryKindLeavesAndRunsItsProgram(name: String) throws {
    let bench = try TestBench(name)
    let board = try bench.selected().board
    let flasher = try bench.flasher()
    try flasher.flashed(try FirmwareImage(program(4096), at: flash))
    let answer = try flasher.session.leave(to: flash)
    #expect(answer == .silence || answer == .state(.manifest))
    #expect(
      try BoardWatch(bench.bus).hasLeft(board.device, within: .seconds(2)))
    #expect(bench.board.mode == .application)
  }

  @Test func aBoardThatDoesNotLeaveIsSeenToStay() throws {
    let bench = try TestBench(
      "f405", change: Host.quirk { $0.quirks.leave = .broken })
    let board = try bench.selected().board
    let flasher = try bench.flasher()
    try flasher.flashed(try FirmwareImage(program(4096), at: flash))
    _ = try flasher.session.leave(to: flash)
    #expect(
      try !BoardWatch(bench.bus).hasLeft(board.device, within: .seconds(2)))
  }

  @Test func leavingSetsTheAddressForChipsThatNeedIt() throws {
    let bench = try TestBench(
      "f405", change: Host.quirk { $0.quirks.leave = .needsAddress })
    let flasher = try bench.flasher()
    try flasher.flashed(try FirmwareImage(program(4096), at: flash))
    bench.board.clearLog()
    _ = try flasher.session.leave(to: flash)
    #expect(bench.story.suffix(2) == ["set 0x08000000", "leave"])
    bench.board.clock.sleep(for: .seconds(1))
    #expect(bench.board.mode == .application)
  }

  // MARK: Option bytes

  @Test func aBoardThatResetsAtTheFirstWriteHasTakenIt() throws {
    let bench = try TestBench("f405")
    let selected = try bench.selected()
    let memory = try selected.interface.memory(.number(1), holding: nil)
    let flasher = Flasher(
      try bench.session(alternate: 1), memory.map)
    var bytes = try #require(bench.board.memory(at: 0x1FFF_C000, count: 16))
    bytes[8] &= ~0x01
    try flasher.writeAndReset(try FirmwareImage(bytes, at: 0x1FFF_C000))
    bench.board.clock.sleep(for: .seconds(2))
    #expect(bench.board.memory(at: 0x1FFF_C008, count: 1) == [bytes[8]])
    #expect(bench.board.violations.isEmpty)
  }
}
