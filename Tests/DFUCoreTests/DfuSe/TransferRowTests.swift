import DFUCore
import DFUSimulator
import Testing

/// A bus whose devices carry out the whole of a row, also what comes after a
/// failure, as hardware with a queue may; and which notes how long rows are.
private final class QueueingBus: USBBus {
  let base: SimulatedBus
  let rows = Rows()

  init(_ base: SimulatedBus) { self.base = base }

  var clock: any TimeSource { base.clock }
  func devices() throws(USBError) -> [USBDevice] { try base.devices() }
  func waitForChange(atMost limit: Duration) throws(USBError) {
    try base.waitForChange(atMost: limit)
  }
  func open(_ device: USBDevice) throws(USBError) -> any ControlTransport {
    QueueingTransport(try base.open(device), rows)
  }
}

private final class Rows: @unchecked Sendable {
  var lengths: [Int] = []
}

private final class QueueingTransport: ControlTransport {
  let base: any ControlTransport
  let rows: Rows

  init(_ base: any ControlTransport, _ rows: Rows) {
    self.base = base
    self.rows = rows
  }

  var clock: any TimeSource { base.clock }
  func claim(interface: UInt8) throws(USBError) {
    try base.claim(interface: interface)
  }
  func release(interface: UInt8) throws(USBError) {
    try base.release(interface: interface)
  }
  func select(configuration: UInt8) throws(USBError) {
    try base.select(configuration: configuration)
  }
  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    try base.select(alternate: alternate, of: interface)
  }
  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    try base.send(setup, data, timeout: timeout)
  }
  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try base.receive(setup, length: length, timeout: timeout)
  }
  func reset() throws(USBError) { try base.reset() }

  func perform(_ transfers: [ControlTransfer]) -> [ControlOutcome] {
    rows.lengths.append(transfers.count)
    var outcomes: [ControlOutcome] = []
    var hasFailed = false
    for transfer in transfers {
      let outcome = base.perform([transfer])
      if !hasFailed { outcomes += outcome }
      if case .failure? = outcome.last?.result { hasFailed = true }
    }
    return outcomes
  }
}

/// Transfers that are queued: how many at once, and what a failure among them
/// leads to.
@Suite struct TransferRowTests {
  private let flash: UInt32 = 0x0800_0000

  private func flasher(
    _ bench: TestBench, _ options: FlashOptions = FlashOptions(),
    _ polling: Polling.Mode? = nil
  ) throws -> (Flasher, Rows) {
    let bus = QueueingBus(bench.bus)
    let selected = try bench.selected()
    let knowledge = BoardKnowledge(selected)
    let memory = try selected.interface.memory(nil, holding: flash)
    let session = try DfuSeSession(
      try selected.connect(on: bus, alternate: memory.alternate.number),
      knowledge.behaviour(polling))
    let flasher = Flasher(
      session, memory.map, options: knowledge.adapt(options))
    return (flasher, bus.rows)
  }

  /// Flashes a program to a fresh board without verifying it, so that the rows
  /// end with those that write.
  private func written(
    _ bytes: Int, to name: String, rewritesAll: Bool = false,
    _ polling: Polling.Mode? = nil
  ) throws -> (TestBench, Rows) {
    let bench = try TestBench(name)
    var options = FlashOptions()
    options.verification = .off
    options.rewritesAll = rewritesAll
    let (flasher, rows) = try flasher(bench, options, polling)
    let image = program(bytes)
    try flasher.flashed(try FirmwareImage(image, at: flash))
    #expect(bench.board.memory(at: flash, count: image.count) == image)
    return (bench, rows)
  }

  @Test func aChipThatHoldsItsAnswerBackGetsManyBlocksAsOneRow() throws {
    let (_, rows) = try written(64 * 1024, to: "f405")
    // The first address and the first block show that it does.
    #expect(rows.lengths.filter { $0 == 2 }.count <= 3)
    // 31 whole blocks, in rows of a DNLOAD and two GETSTATUS for each, none of
    // them longer than a third of a second; the one with the vector table comes
    // alone, when all else is good.
    #expect(rows.lengths.suffix(5) == [27, 27, 27, 12, 3])
  }

  @Test(arguments: ["l432", "h743"])
  func whereTheTimeIsKnownTheNextBlockFollowsTheQuestion(
    name: String
  ) throws {
    let (bench, rows) = try written(128 * 1024, to: name, rewritesAll: true)
    // GETSTATUS of one block, DNLOAD and GETSTATUS of the next.
    let blocks = 128 * 1024 / (name == "h743" ? 1024 : 2048)
    #expect(rows.lengths.filter { $0 == 3 }.count > blocks * 3 / 4)
    #expect(bench.board.violations.isEmpty)
  }

  @Test func aChipThatIsNotTrustedGetsOneRequestAtATime() throws {
    let (_, rows) = try written(32 * 1024, to: "l432", .specification)
    // DNLOAD with its GETSTATUS, then each question alone; reads apart.
    #expect(rows.lengths.suffix(16) == (0..<8).flatMap { _ in [2, 1] })
  }

  @Test func aChipThatStallsEarlyQuestionsIsAskedTooEarlyOnce() throws {
    let (bench, _) = try written(32 * 1024, to: "l432", rewritesAll: true)
    // Once for programming, and for erasing once more after the reported time,
    // which is too short.
    let stalls = bench.board.log.records.filter { $0.outcome == .stall }
    #expect(stalls.count <= 3)
  }

  @Test func readsGrowAndBeginAnewWhereOneDecides() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(32 * 1024), at: flash)
    let (flasher, rows) = try flasher(bench)
    // Sixteen blocks that are equal: one alone, then rows.
    let same = try flasher.plan(
      for: try FirmwareImage(program(32 * 1024), at: flash))
    #expect(same.isUpToDate)
    #expect(rows.lengths.filter { $0 == 8 }.count == 1)
    #expect(rows.lengths.allSatisfy { $0 <= 8 })
    // Two sectors that differ at their first block: one block of each.
    bench.board.clearLog()
    _ = try flasher.plan(
      for: try FirmwareImage(program(32 * 1024, seed: 9), at: flash))
    #expect(bench.board.log.counts[.upload] == 2)
  }

  /// Whatever fails, at whatever transfer: nothing wrong is ever taken for
  /// right, though the queue went on after the failure.
  @Test(arguments: ["f405", "l432", "f072", "h743"])
  func aFailureInARowHarmsNothing(name: String) throws {
    let image = program(24 * 1024)
    let effects: [Fault.Effect] = [
      .stall, .status(0x06), .status(0x0E), .shortReply(1), .timeout,
    ]
    let kinds: [RequestKind] = [.data, .getStatus, .upload]
    for kind in kinds {
      for effect in effects {
        for nth in [1, 2, 3, 7, 13, 18] {
          let bench = try TestBench(name)
          bench.board.fill(program(24 * 1024, seed: 3), at: flash)
          let (flasher, _) = try flasher(bench)
          bench.board.faults = FaultPlan([Fault(effect, at: nth, of: kind)])
          let words = "\(kind) \(nth) \(effect)"
          do {
            try flasher.flashed(try FirmwareImage(image, at: flash))
            #expect(
              bench.board.memory(at: flash, count: image.count) == image,
              "\(words)")
          } catch {
            // Running again completes it.
            try flasher.session.recover()
            try flasher.flashed(try FirmwareImage(image, at: flash))
            #expect(
              bench.board.memory(at: flash, count: image.count) == image,
              "\(words), again")
          }
          // What follows a failure is refused, which harms nothing; no word
          // is ever programmed twice.
          #expect(
            bench.board.violations.allSatisfy { $0.kind == .wrongState },
            "\(words)")
        }
      }
    }
  }
}
