public import DFUCore
import Synchronization

/// Shows what a station does.
public protocol StationDisplay: BoardsDisplay {
  /// Something happens that is no board's progress.
  func show(_ event: Station.Event)
}

/// A place where somebody plugs in one board after another, and each is
/// flashed.
public final class Station {
  /// What a station does.
  public struct Plan: Sendable {
    /// What is done with each board.
    public var job: FlashJob
    /// The file's name.
    public var file: String
    /// Which boards are meant.
    public var selector = BoardSelector()
    /// Port paths to look at; `nil` for all.
    public var ports: Set<String>?
    /// How many boards at once.
    public var jobs = 1
    /// Ends after so many boards; `nil` for never.
    public var limit: Int?
    /// Whether boards are worked on by threads of their own while the bus is
    /// watched. Not in virtual time, which passes only by waiting.
    public var usesThreads = true
    /// Run for a board that passed.
    public var onPass: Hook?
    /// Run for a board that failed.
    public var onFail: Hook?
    /// What a hook is told of a turn: environment variables.
    public var variables:
      @Sendable (BoardResult) -> [(name: String, value: String)] =
        { _ in [] }

    /// A file for every board.
    public init(_ job: FlashJob, file: String) {
      self.job = job
      self.file = file
    }
  }

  /// What became of the boards so far.
  public struct Counts: Hashable, Sendable {
    /// Flashed, verified, and left as they should be.
    public var passed = 0
    /// Not so.
    public var failed = 0
    /// Stopped by the user before their turn was over.
    public var stopped = 0
  }

  /// What a station tells.
  public enum Event: Sendable {
    /// It begins to look at these ports, or at all.
    case started(ports: Set<String>?)
    /// Nothing is to be done; what became of the boards so far.
    case waiting(Counts)
    /// A board's turn begins.
    case began(Board)
    /// The hook of a board failed.
    case hookFailed(BoardResult, Hook.Failure)
    /// A board whose turn is over is back without having been unplugged.
    case remains(Board)
  }

  /// Where results are kept: on the disk before anyone is told. Throws why a
  /// station cannot go on.
  public typealias Record = @Sendable (BoardResult) throws -> Void

  private let plan: Plan
  private let bus: any USBBus
  private let record: Record
  private let display: any StationDisplay
  private let shouldStop: @Sendable () -> Bool
  private let turns = Turns()
  private var ports: StationPorts
  /// Of the turns by their number, hooks included.
  private var threads: [Int: SystemThread] = [:]
  private var begun = 0
  /// How many turns go on.
  private var working = 0

  /// What became of the boards so far.
  public private(set) var counts = Counts()

  /// A station.
  ///
  /// - Parameter shouldStop: asked on the threads of all boards.
  public init(
    _ plan: Plan, on bus: any USBBus, display: any StationDisplay,
    shouldStop: @escaping @Sendable () -> Bool, record: @escaping Record
  ) {
    self.plan = plan
    self.bus = bus
    self.record = record
    self.display = display
    self.shouldStop = shouldStop
    ports = StationPorts(only: plan.ports)
  }

  /// Works until it is to stop, or a result cannot be recorded.
  ///
  /// - Parameter isOver: ends it when all that was begun is done.
  public func run(until isOver: () -> Bool = { false }) throws {
    display.show(.started(ports: plan.ports))
    display.show(.waiting(counts))
    while true {
      try collect()
      let isFull = plan.limit.map { begun >= $0 } ?? false
      if shouldStop() || isOver() || isFull && threads.isEmpty { break }
      try look(mayBegin: !isFull)
      // The turn of a board that was worked on here is over already.
      if !turns.isEmpty { continue }
      do throws(USBError) {
        try bus.waitForChange(atMost: .milliseconds(100))
      } catch {
        throw JobError(.usb(error))
      }
    }
    for thread in threads.values { thread.join() }
    threads = [:]
    try collect()
  }

  /// Takes the turns that are over.
  private func collect() throws {
    let (done, ended, trouble) = turns.take()
    for turn in done {
      working -= 1
      switch turn.end {
      case .pass: counts.passed += 1
      case .fail: counts.failed += 1
      case .stopped: counts.stopped += 1
      }
      ports.end(
        turn.path, turn.end, serial: turn.serial, at: bus.clock.now())
      display.show(.waiting(counts))
    }
    for number in ended { threads.removeValue(forKey: number)?.join() }
    if let trouble {
      for thread in threads.values { thread.join() }
      throw trouble
    }
  }

  private func look(mayBegin: Bool) throws(JobError) {
    let devices: [USBDevice]
    do throws(USBError) {
      devices = try bus.devices()
    } catch {
      throw JobError(.usb(error))
    }
    let news = ports.update(
      devices, at: bus.clock.now(), isWanted: mayBeWanted)
    for device in news.returned {
      let board = Board(looking: device, on: bus)
      let isNew = ports.exchanged(device, serial: Self.trusted(board))
      if !isNew { display.show(.remains(board)) }
    }
    guard mayBegin else { return }
    for device in news.waiting {
      if plan.limit.map({ begun >= $0 }) ?? false { return }
      guard plan.usesThreads else {
        begin(device)
        return
      }
      guard working < max(1, plan.jobs) else { return }
      begin(device)
    }
  }

  /// The serial number where it tells this board from others.
  private static func trusted(_ board: Board) -> String? {
    board.notUniqueSerial == nil ? board.serial?.raw : nil
  }

  /// Whether a device is of the kind the station is for, as far as is known
  /// without opening it. Boards whose application runs count only when they
  /// are named by ids: those that passed look just like them.
  private func mayBeWanted(_ device: USBDevice) -> Bool {
    guard plan.selector.isPossible(device) else { return false }
    var selector = plan.selector
    selector.dfuSerial = nil
    selector.runtimeSerial = nil
    selector.uniqueID = nil
    let board = Board(device: device, interfaces: Board.interfaces(of: device))
    guard board.otherProtocol == nil else { return false }
    return selector.interfaces(of: board).contains {
      $0.mode == .dfu || plan.selector.namesRuntimeIDs
    }
  }

  private func begin(_ device: USBDevice) {
    let board = Board(looking: device, on: bus)
    let interfaces = plan.selector.interfaces(of: board).filter {
      $0.mode == .dfu || plan.selector.namesRuntimeIDs
    }
    // Gone again.
    if board.problem?.code == .noDevice { return }
    guard let interface = interfaces.first else { return }
    begun += 1
    working += 1
    ports.begin(board.path)
    display.show(.began(board))
    let turn = BoardTurn(
      selected: SelectedBoard(board: board, interface: interface),
      isAmbiguous: interfaces.count > 1, plan: plan, bus: bus,
      display: display, shouldStop: shouldStop)
    let serial = Self.trusted(board)
    let path = board.path
    let number = begun
    let finish: @Sendable () -> Void = { [turns, record, display] in
      let done = turn.run()
      let ended = Turns.Ended(path: path, serial: serial, end: done.end)
      do {
        try record(done)
        display.finished(done)
        // Nobody who exchanges boards waits for the hook.
        turns.add(ended, nil)
        turn.runHook(done)
      } catch {
        turns.add(ended, error)
      }
      turns.end(number)
    }
    guard plan.usesThreads, let thread = SystemThread(finish) else {
      return finish()
    }
    threads[number] = thread
  }
}

/// The turns that are over, from the threads that did them.
private final class Turns: Sendable {
  struct Ended: Sendable {
    var path: String
    var serial: String?
    var end: BoardResult.End
  }

  private struct State {
    var turns: [Ended] = []
    /// The turns that have nothing more to do, by number.
    var ended: [Int] = []
    /// Why the station cannot go on.
    var trouble: (any Error)?
  }

  private let state = Mutex(State())

  var isEmpty: Bool { state.withLock { $0.turns.isEmpty } }

  func add(_ turn: Ended, _ trouble: (any Error)?) {
    state.withLock {
      $0.turns.append(turn)
      if let trouble { $0.trouble = trouble }
    }
  }

  /// A turn's hook is done too.
  func end(_ number: Int) { state.withLock { $0.ended.append(number) } }

  /// The turns that are over since the last look, and those that have ended.
  func take() -> ([Ended], ended: [Int], (any Error)?) {
    state.withLock { state in
      defer {
        state.turns = []
        state.ended = []
      }
      return (state.turns, state.ended, state.trouble)
    }
  }
}

/// One board's turn, from the first look to the result.
private struct BoardTurn: Sendable {
  let selected: SelectedBoard
  let isAmbiguous: Bool
  let plan: Station.Plan
  let bus: any USBBus
  let display: any StationDisplay
  let shouldStop: @Sendable () -> Bool

  func run() -> BoardResult {
    let clock = bus.clock(of: selected.board.device)
    let start = clock.now()
    var selected = selected
    if selected.board.problem?.code == .access {
      waitForAccess(to: &selected)
    }
    var turn = BoardResult(board: selected.board, file: plan.file)
    do throws(JobError) {
      if let problem = turn.board.problem {
        throw JobError(.usb(problem), turn.board)
      }
      if isAmbiguous {
        throw JobError(.search(.several(all(selected))))
      }
      turn.board.uniqueID = selected.readUniqueID(on: bus)
      turn.flash = try plan.job.run(
        selected,
        JobContext(
          bus: bus, shouldStop: shouldStop,
          report: display.reporter(for: turn.board)))
    } catch {
      turn.error = error
    }
    turn.duration = clock.now() - start
    return turn
  }

  private func all(_ selected: SelectedBoard) -> [SelectedBoard] {
    selected.board.interfaces.map {
      SelectedBoard(board: selected.board, interface: $0)
    }
  }

  /// Straight after a board appears the system may not have given the user
  /// access yet.
  private func waitForAccess(to selected: inout SelectedBoard) {
    let device = selected.board.device
    let found = try? BoardWatch(bus).wait(atMost: .seconds(1)) {
      () throws(USBError) -> Board? in
      let board = Board(looking: device, on: bus)
      return board.problem?.code == .access ? nil : board
    }
    guard let board = found,
      let interface = board.interfaces.first(where: {
        $0.number == selected.interface.number
      })
    else { return }
    selected = SelectedBoard(board: board, interface: interface)
  }

  func runHook(_ turn: BoardResult) {
    let hook: Hook?
    switch turn.end {
    case .pass: hook = plan.onPass
    case .fail: hook = plan.onFail
    case .stopped: hook = nil
    }
    guard let hook else { return }
    let trouble = hook.run(plan.variables(turn), shouldStop: shouldStop)
    if let trouble { display.show(.hookFailed(turn, trouble)) }
  }
}

extension BoardSelector {
  /// Whether run-time devices are named by their ids.
  var namesRuntimeIDs: Bool {
    if case .exactly? = runtimeIDs?.vendor { true } else { false }
  }
}
