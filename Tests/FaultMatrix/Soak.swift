import DFUCore
import DFUProduction
import DFUSimulator
import Foundation
import Synchronization
import TestSupport

/// A station with eight ports and one board after another, some of them with
/// trouble, in virtual time.
///
/// What stands in the log is held against the memory of each board, and what
/// the program needs at the end against what it needed early on.
final class Soak: StationDisplay {
  private struct Turn {
    var isPass: Bool
    /// Whether the board holds the image.
    var isRight: Bool
    var hadTrouble: Bool
  }

  private struct State {
    var dice: Dice
    /// By port path.
    var boards: [String: SimulatedBoard] = [:]
    var troubled: Set<String> = []
    var built = 0
    /// Boards that never had their turn, or not to the end.
    var forgotten: [String] = []
    var turns: [Turn] = []
    var early: Needs?
  }

  private static let ports = 8
  /// By then a board has had its turn, by its own clock.
  private static let longest = Duration.seconds(600)
  private static let kinds = [
    "f072", "f303", "l412", "l432", "g431", "g0b1", "u073", "f405",
  ]

  private let limit: Int
  private let firmware = program(4 << 10, seed: 3)
  private let bus = SimulatedBus()
  private let addresses = AddressPool()
  private let state: Mutex<State>

  private init(boards: Int, seed: UInt64) {
    limit = boards
    var state = State(dice: Dice(seed))
    state.turns.reserveCapacity(boards + boards / 4)
    self.state = Mutex(state)
  }

  /// Has so many boards flashed, and ends the program.
  static func run(boards: Int, seed: UInt64) throws {
    print("\(boards) boards from seed \(seed)")
    let soak = Soak(boards: boards, seed: seed)
    let path = NSTemporaryDirectory() + "soak-\(getpid()).log"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let start = Date()
    try soak.work(log: path)
    let problems = try soak.problems(log: path)
    let seconds = Date().timeIntervalSince(start)
    print(soak.summary(seconds))
    for problem in problems.prefix(20) { print(problem) }
    try? FileManager.default.removeItem(atPath: path)
    exit(problems.isEmpty ? 0 : 1)
  }

  // MARK: The day

  private func work(log path: String) throws {
    var plan = Station.Plan(
      FlashJob(JobFirmware(FirmwareFile(raw: firmware))), file: "fw.bin")
    plan.usesThreads = false
    let log = try StationLog(path)
    let station = Station(
      plan, on: bus, display: self, shouldStop: { false },
      record: {
        let reason = $0.error.map { ", \($0)" } ?? ""
        try log.append("\($0.end.rawValue): \($0.board.path)\(reason)")
      })
    for port in 1...Self.ports {
      state.withLock { plug(UInt8(port), &$0) }
    }
    try station.run(until: exchange)
  }

  /// Puts a board into a port that is free.
  private func plug(_ port: UInt8, _ state: inout State) {
    guard state.built < limit,
      let kind = Self.kinds.randomElement(using: &state.dice),
      let profile = BoardProfile.named(kind)
    else { return }
    state.built += 1
    let board = SimulatedBoard(
      profile, uniqueID: ChipID(board: state.built), ports: [port],
      addresses: addresses)
    board.boot0 = true
    if Bool.random(using: &state.dice) {
      board.fill(
        program(
          Int.random(in: 1...16 << 10, using: &state.dice),
          seed: state.dice.next()), at: 0x0800_0000)
    }
    board.schedule(
      .plug,
      after: .milliseconds(Int.random(in: 2_500...9_000, using: &state.dice)))
    state.boards["1-\(port)"] = board
    bus.add(board)
  }

  /// Exchanges boards that have been unplugged.
  ///
  /// - Returns: whether all have had their turn.
  private func exchange() -> Bool {
    state.withLock { state in
      for (path, board) in state.boards
      where board.clock.now() > .seconds(9) && !board.isPlugged
        || board.clock.now() > Self.longest
      {
        if board.isPlugged { state.forgotten.append(board.profile.name) }
        state.boards[path] = nil
        bus.remove(board)
        plug(board.ports[0], &state)
      }
      if state.early == nil, state.turns.count >= min(1_000, limit / 2) {
        state.early = Needs()
      }
      return state.boards.isEmpty
    }
  }

  // MARK: StationDisplay

  func show(_ event: Station.Event) {
    guard case .began(let board) = event else { return }
    state.withLock { state in
      guard let there = state.boards[board.path],
        Int.random(in: 0..<5, using: &state.dice) == 0,
        let trouble = Self.troubles.randomElement(using: &state.dice)
      else { return }
      var disturbance = Disturbance()
      disturbance.add(trouble, at: Int.random(in: 1...120, using: &state.dice))
      there.faults = FaultPlan(disturbance.faults)
      state.troubled.insert(board.path)
    }
  }

  func reporter(for board: Board) -> (JobEvent) -> Void { { _ in } }

  func finished(_ turn: BoardResult) {
    state.withLock { state in
      let path = turn.board.path
      guard let board = state.boards[path] else { return }
      state.turns.append(
        Turn(
          isPass: turn.end == .pass,
          isRight: board.memory(at: 0x0800_0000, count: firmware.count)
            == firmware, hadTrouble: state.troubled.remove(path) != nil))
      board.faults = FaultPlan()
      board.schedule(.unplug, after: .seconds(3))
    }
  }

  /// What may go wrong with a board; nobody stops the station.
  private static let troubles = Trouble.all.filter {
    if case .fault = $0.cause { true } else { false }
  }

  // MARK: Judging

  private func problems(log path: String) throws -> [String] {
    let lines = try String(contentsOfFile: path, encoding: .utf8)
      .split(separator: "\n")
    return state.withLock { state in
      var problems: [String] = []
      if !state.forgotten.isEmpty {
        problems.append("without a turn: \(state.forgotten)")
      }
      if state.built != limit { problems.append("\(state.built) boards came") }
      if lines.count != state.turns.count {
        problems.append("\(lines.count) lines for \(state.turns.count) turns")
      }
      for (number, (line, turn)) in zip(lines, state.turns).enumerated() {
        let isPass = line.hasPrefix("pass")
        if isPass != turn.isPass || isPass && !turn.isRight {
          problems.append("turn \(number): the log has \(line), \(turn)")
        }
        if !isPass, !turn.hadTrouble {
          problems.append("turn \(number) fails without trouble: \(line)")
        }
      }
      if let early = state.early, let growth = Needs().growth(since: early) {
        problems.append(growth)
      }
      return problems
    }
  }

  private func summary(_ seconds: Double) -> String {
    state.withLock { state in
      let now = Needs()
      let passed = state.turns.count { $0.isPass }
      let failed = state.turns.count - passed
      let right = state.turns.count { !$0.isPass && $0.isRight }
      return """
        \(state.built) boards, \(state.turns.count) turns: \(passed) passed, \
        \(failed) failed, \(right) of them with the image in place; \
        \(state.turns.count { $0.hadTrouble }) had trouble
        \(Int(seconds.rounded())) s, \
        \(Int(Double(state.built) / max(0.001, seconds))) boards a second
        after 1,000: \(state.early.map { "\($0)" } ?? "?"); at the end: \(now)
        """
    }
  }
}

/// What this program needs of the system.
private struct Needs: CustomStringConvertible {
  /// Resident memory, KiB.
  var resident = 0
  /// Open descriptors.
  var descriptors = 0

  init() {
    let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    resident = (pages ?? 0) * sysconf(Int32(_SC_PAGESIZE)) / 1_024
    descriptors =
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?
      .count ?? 0
  }

  var description: String {
    "\(resident / 1_024) MB resident, \(descriptors) descriptors"
  }

  /// What has grown by more than is left to chance.
  func growth(since early: Needs) -> String? {
    guard
      descriptors > early.descriptors
        || resident > early.resident * 11 / 10 + 4_096
    else { return nil }
    return "it needs more and more: \(early), then \(self)"
  }
}
