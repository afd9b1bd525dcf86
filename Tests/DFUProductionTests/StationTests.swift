import DFUCore
import DFUProduction
import DFUSimulator
import Synchronization
import TestSupport
import Testing

/// A station's day in virtual time.
@Suite struct StationTests {
  /// One port and one board that is unplugged and plugged in again after each
  /// turn, blank or with an old program.
  private final class Line: StationDisplay {
    struct Turn: Sendable {
      var result: BoardResult.End
      var isRight: Bool
    }

    let board: SimulatedBoard
    let firmware: [UInt8]
    /// Which transfer of a turn the cable is pulled at.
    let fault: @Sendable (Int) -> FaultPlan
    private let list = Mutex<[Turn]>([])

    var turns: [Turn] { list.withLock { $0 } }

    init(
      _ board: SimulatedBoard, _ firmware: [UInt8],
      fault: @escaping @Sendable (Int) -> FaultPlan
    ) {
      self.board = board
      self.firmware = firmware
      self.fault = fault
    }

    func show(_ event: Station.Event) {
      if case .began = event { board.faults = fault(turns.count) }
    }

    func reporter(for board: Board) -> (JobEvent) -> Void { { _ in } }

    func finished(_ turn: BoardResult) {
      let isRight =
        self.board.memory(at: 0x0800_0000, count: firmware.count) == firmware
      let number = list.withLock { list in
        list.append(Turn(result: turn.end, isRight: isRight))
        return list.count
      }
      self.board.faults = FaultPlan()
      // Another board, as far as its flash goes.
      let old = number.isMultiple(of: 2) ? 0xFF : UInt8(number & 0x7F)
      self.board.fill([UInt8](repeating: old, count: 8 << 10), at: 0x0800_0000)
      self.board.schedule(.unplug, after: .seconds(3))
      self.board.schedule(.plug, after: .seconds(10))
    }
  }

  private func run(
    _ kind: String, turns: Int, bytes: Int,
    fault: @escaping @Sendable (Int) -> FaultPlan
  ) throws -> (line: Line, log: [BoardResult]) {
    let firmware = program(bytes, seed: 3)
    let profile = try #require(BoardProfile.named(kind))
    let board = SimulatedBoard(profile)
    board.boot0 = true
    board.schedule(.plug, after: .seconds(5))
    let bus = SimulatedBus([board])
    let line = Line(board, firmware, fault: fault)
    var plan = Station.Plan(
      FlashJob(JobFirmware(FirmwareFile(raw: firmware))), file: "fw.bin")
    plan.limit = turns
    plan.usesThreads = false
    let log = Log()
    let station = Station(
      plan, on: bus, display: line, shouldStop: { false },
      record: { log.add($0) })
    var looks = 0
    try station.run(until: {
      looks += 1
      return looks > turns * 1_000
    })
    #expect(
      station.counts.passed + station.counts.failed == line.turns.count)
    return (line, log.turns)
  }

  private final class Log: Sendable {
    private let list = Mutex<[BoardResult]>([])
    var turns: [BoardResult] { list.withLock { $0 } }
    func add(_ turn: BoardResult) { list.withLock { $0.append(turn) } }
  }

  private func expectAgreement(
    _ line: Line, _ log: [BoardResult],
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(
      log.map(\.end) == line.turns.map(\.result),
      sourceLocation: location)
    for (turn, record) in zip(line.turns, log) {
      // PASS is never said of a board that does not hold the file.
      if turn.result == .pass {
        #expect(turn.isRight, sourceLocation: location)
        #expect(record.error == nil, sourceLocation: location)
      } else {
        #expect(record.error != nil, sourceLocation: location)
      }
    }
  }

  @Test func aHundredBoardsOneAfterAnother() throws {
    let (line, log) = try run("f072", turns: 100, bytes: 4 << 10) { _ in
      FaultPlan()
    }
    #expect(line.turns.count == 100)
    expectAgreement(line, log)
    #expect(line.turns.allSatisfy { $0.result == .pass })
    #expect(log.allSatisfy { $0.board.uniqueID != nil })
  }

  @Test func theCableIsPulledAtEveryTransfer() throws {
    // So that the last turns go through without a fault.
    let turns = 160
    let (line, log) = try run("f072", turns: turns, bytes: 4 << 10) { turn in
      FaultPlan([Fault(.unplug, at: turn + 1)])
    }
    #expect(line.turns.count == turns)
    expectAgreement(line, log)
    #expect(line.turns.first?.result == .fail)
    #expect(line.turns.last?.result == .pass)
  }
}
