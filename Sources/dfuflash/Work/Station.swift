import DFUCore
import DFUSimulator
import Synchronization

/// A place where somebody plugs in one board after another, and each is
/// flashed.
final class Station {
  /// What a station does and where it tells of it.
  struct Plan: Sendable {
    var job: FlashJob
    var selector = BoardSelector()
    /// Port paths to look at; `nil` for all.
    var ports: Set<String>?
    /// How many boards at once.
    var jobs = 1
    /// Ends after so many boards; `nil` for never.
    var limit: Int?
    var onPass: Hook?
    var onFail: Hook?
    /// Whether boards are worked on by threads of their own while the bus is
    /// watched. Not in virtual time, which passes only by waiting.
    var usesThreads = true
  }

  private let plan: Plan
  private let bus: any USBBus
  private let log: StationLog?
  private let display: any StationDisplay
  private let sha256: String
  private let turns = Turns()
  private var ports: StationPorts
  /// Of the turns by their number, hooks included.
  private var threads: [Int: SystemThread] = [:]
  private var begun = 0
  /// How many turns go on.
  private var working = 0

  /// How many boards passed and failed so far.
  private(set) var passed = 0
  private(set) var failed = 0

  init(
    _ plan: Plan, on bus: any USBBus, log: StationLog?,
    _ display: any StationDisplay
  ) {
    self.plan = plan
    self.bus = bus
    self.log = log
    self.display = display
    sha256 = plan.job.input.digest()
    ports = StationPorts(only: plan.ports)
  }

  /// Works until the user stops it, `isOver` says so, or the log cannot be
  /// written.
  func run(
    until isOver: () -> Bool = { Interruption.isWanted }
  ) throws(ToolFailure) {
    display.started(ports: plan.ports)
    display.waiting(passed: passed, failed: failed)
    while true {
      try collect()
      let isFull = plan.limit.map { begun >= $0 } ?? false
      if isOver() || isFull && threads.isEmpty { break }
      try look(mayBegin: !isFull)
      // The turn of a board that was worked on here is over already.
      if !turns.isEmpty { continue }
      do throws(USBError) {
        try bus.waitForChange(atMost: .milliseconds(100))
      } catch {
        throw Explain.usb(error, nil)
      }
    }
    for thread in threads.values { thread.join() }
    threads = [:]
    try collect()
  }

  /// Takes the turns that are over.
  private func collect() throws(ToolFailure) {
    let (done, ended, trouble) = turns.take()
    for turn in done {
      working -= 1
      if turn.result == .pass { passed += 1 } else { failed += 1 }
      ports.end(
        turn.path, turn.result, serial: turn.serial, at: bus.clock.now())
      display.waiting(passed: passed, failed: failed)
    }
    for number in ended { threads.removeValue(forKey: number)?.join() }
    if let trouble {
      for thread in threads.values { thread.join() }
      throw trouble
    }
  }

  private func look(mayBegin: Bool) throws(ToolFailure) {
    let devices: [USBDevice]
    do throws(USBError) {
      devices = try bus.devices()
    } catch {
      throw Explain.usb(error, nil)
    }
    let news = ports.update(
      devices, at: bus.clock.now(), isWanted: mayBeWanted)
    for device in news.returned {
      let board = Board(looking: device, on: bus)
      let isNew = ports.exchanged(device, serial: Self.trusted(board))
      if !isNew { display.remains(board) }
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
    display.began(board)
    let turn = BoardTurn(
      selected: SelectedBoard(board: board, interface: interface),
      isAmbiguous: interfaces.count > 1, plan: plan, bus: bus, log: log,
      display: display, sha256: sha256)
    let serial = Self.trusted(board)
    let path = board.path
    let number = begun
    let finish: @Sendable () -> Void = { [turns] in
      var ended = Turns.Turn(path: path, serial: serial, result: .fail)
      do throws(ToolFailure) {
        let record = try turn.run()
        ended.result = record.isPass ? .pass : .fail
        // Whoever exchanges boards does not wait for the hook.
        turns.add(ended, nil)
        turn.runHook(record)
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
  struct Turn: Sendable {
    var path: String
    var serial: String?
    var result: StationPorts.Result
  }

  private struct State {
    var turns: [Turn] = []
    /// The turns that have nothing more to do, by number.
    var ended: [Int] = []
    /// Why the station cannot go on.
    var trouble: ToolFailure?
  }

  private let state = Mutex(State())

  var isEmpty: Bool { state.withLock { $0.turns.isEmpty } }

  func add(_ turn: Turn, _ trouble: ToolFailure?) {
    state.withLock {
      $0.turns.append(turn)
      if let trouble { $0.trouble = trouble }
    }
  }

  /// A turn's hook is done too.
  func end(_ number: Int) { state.withLock { $0.ended.append(number) } }

  /// The turns that are over since the last look, and those that have ended.
  func take() -> ([Turn], ended: [Int], ToolFailure?) {
    state.withLock { state in
      defer {
        state.turns = []
        state.ended = []
      }
      return (state.turns, state.ended, state.trouble)
    }
  }
}

/// One board's turn: everything from the first look to the word on the screen.
private struct BoardTurn: Sendable {
  let selected: SelectedBoard
  let isAmbiguous: Bool
  let plan: Station.Plan
  let bus: any USBBus
  let log: StationLog?
  let display: any StationDisplay
  let sha256: String

  /// - Returns: what is on record now; the hook is still to be run.
  func run() throws(ToolFailure) -> StationRecord {
    let clock = bus.clock(of: selected.board.device)
    let start = clock.now()
    var selected = selected
    var failure: ToolFailure?
    if selected.board.problem?.code == .access {
      waitForAccess(to: &selected)
    }
    var board = selected.board
    do throws(ToolFailure) {
      if let problem = board.problem { throw Explain.usb(problem, board) }
      if isAmbiguous {
        throw ToolFailure(
          .device, "board \(board.label) has several DFU interfaces",
          advice: .chooseInterface)
      }
      board.uniqueID = selected.readUniqueID(on: bus)
      _ = try plan.job.run(selected, on: bus, display.reporter(for: board))
    } catch {
      failure = error
    }
    let result: StationPorts.Result = failure == nil ? .pass : .fail
    let record = StationRecord(
      time: StationRecord.now(), path: board.path,
      serial: board.serial?.raw, uid: board.uniqueID?.digits,
      chip: board.identification.candidates.isEmpty
        ? nil : board.identification.summary,
      file: plan.job.input.path, sha256: sha256, result: result.rawValue,
      seconds: (clock.now() - start).inSeconds,
      error: failure?.message)
    // On the disk before anybody is told.
    try log?.append(record)
    display.finished(board, record, hint: failure?.hint)
    return record
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

  func runHook(_ record: StationRecord) {
    guard let hook = record.isPass ? plan.onPass : plan.onFail else { return }
    let trouble = hook.run([
      ("DFUFLASH_RESULT", record.result), ("DFUFLASH_PATH", record.path),
      ("DFUFLASH_SERIAL", record.serial ?? ""),
      ("DFUFLASH_UID", record.uid ?? ""),
      ("DFUFLASH_CHIP", record.chip ?? ""),
      ("DFUFLASH_FILE", record.file), ("DFUFLASH_SHA256", record.sha256),
      ("DFUFLASH_SECONDS", String(record.seconds)),
      ("DFUFLASH_TIME", record.time),
      ("DFUFLASH_ERROR", record.error ?? ""),
    ])
    guard let trouble else { return }
    Console.err(
      "dfuflash: warning: --on-\(record.result) for board \(record.path) "
        + trouble)
  }
}

extension BoardSelector {
  /// Whether run-time devices are named by their ids.
  var namesRuntimeIDs: Bool {
    if case .exactly? = runtimeIDs?.vendor { true } else { false }
  }
}
