import DFUCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Shows work on several boards. Called from the threads of all of them.
protocol FleetDisplay: AnyObject, Sendable {
  /// The boards, before anything is done.
  func begin(_ boards: [Board])
  /// What shows the progress of one board, on the thread that works on it.
  func reporter(for board: Board) -> any ProgressReporter
  /// One board is done.
  func finished(_ result: Fleet.Result)
  /// All are done.
  func end(_ results: [Fleet.Result])
}

/// The results of several threads.
final class ResultList: Sendable {
  private let list: Mutex<[Fleet.Result?]>

  init(count: Int) {
    list = Mutex([Fleet.Result?](repeating: nil, count: count))
  }

  func set(_ result: Fleet.Result, at index: Int) {
    list.withLock { $0[index] = result }
  }

  var all: [Fleet.Result] { list.withLock { $0.compactMap(\.self) } }
}

/// Where lines of several threads go, whole ones only.
final class LineSink: Sendable {
  private let lock = Mutex<Void>(())

  func write(_ text: String) {
    lock.withLock { _ in Console.outFolded(text, terminator: "") }
  }
}

// MARK: - Plain lines

/// A line when a phase of a board is done, with its path before it; for logs.
final class FleetLines: FleetDisplay {
  private let sink = LineSink()

  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> any ProgressReporter {
    let sink = sink
    let path = board.path
    return LineReporter { sink.write("\(path): \($0)") }
  }

  func finished(_ result: Fleet.Result) { result.failure?.show() }

  func end(_ results: [Fleet.Result]) {
    sink.write(FleetTable.text(results) + "\n")
  }
}

// MARK: - JSON

/// An event a line, each with its board.
final class FleetJSON: FleetDisplay {
  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> any ProgressReporter {
    JSONReporter(board: board.path)
  }

  func finished(_ result: Fleet.Result) { EventRecord(result).write() }

  func end(_ results: [Fleet.Result]) {
    EventRecord.summary(results).write()
  }
}

/// The events that are not of the engine: beginning, result, end.
struct EventRecord: Encodable {
  /// The version of all events (docs/schema/events.json).
  static let version = 1

  var event: String
  var schema: String?
  var version: Int?
  var board: String?
  var serial: String?
  /// The serial number its application showed before it was detached.
  var runtimeSerial: String?
  var uid: String?
  var file: String?
  var ok: Bool?
  var status: Int32?
  var text: String?
  var error: String?
  var hint: String?
  var seconds: Double?
  var boards: Int?
  var failed: Int?

  init(_ event: String) { self.event = event }

  static func start() -> EventRecord {
    var record = EventRecord("start")
    record.schema = "dfuflash-events"
    record.version = version
    return record
  }

  init(_ result: Fleet.Result) {
    self.init("result")
    board = result.board.path
    serial = result.board.serial?.raw
    runtimeSerial = result.board.runtimeSerial
    uid = result.board.uniqueID?.digits
    file = result.file
    ok = result.failure == nil
    status = result.failure?.status.rawValue ?? 0
    text = result.summary
    error = result.failure?.message
    hint = result.failure?.hint
    seconds = result.duration.inSeconds
  }

  /// The end of a run that failed before it chose a board.
  init(_ failure: ToolFailure, file: String?) {
    self.init("result")
    self.file = file
    ok = false
    status = failure.status.rawValue
    error = failure.message
    hint = failure.hint
  }

  static func summary(_ results: [Fleet.Result]) -> EventRecord {
    var record = EventRecord("summary")
    record.boards = results.count
    record.failed = results.count { $0.failure != nil }
    record.ok = record.failed == 0
    record.status = Fleet.status(results).rawValue
    return record
  }

  func write() {
    if let line = try? JSONText.line(self) { Console.out(line) }
  }
}

// MARK: - A terminal

/// A live line for each board.
final class FleetScreen: FleetDisplay {
  private struct State {
    var paths: [String] = []
    var lines: [String: String] = [:]
  }

  private let state = Mutex(State())
  private let columns: Int

  /// The screen of the terminal; `nil` where there is none, or too few lines.
  static func make(boards: Int) -> FleetScreen? {
    guard Console.isTerminal(.standardOutput) else { return nil }
    var size = winsize()
    guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20,
      Int(size.ws_row) > boards
    else { return nil }
    return FleetScreen(columns: Int(size.ws_col))
  }

  private init(columns: Int) { self.columns = columns }

  func begin(_ boards: [Board]) {
    state.withLock { state in
      state.paths = boards.map(\.path)
      for board in boards { state.lines[board.path] = "waiting" }
      for path in state.paths {
        Console.out(Self.line(path, "waiting", columns))
      }
    }
  }

  func reporter(for board: Board) -> any ProgressReporter {
    Reporter(self, board.path)
  }

  func finished(_ result: Fleet.Result) {
    let text =
      result.failure.map { "FAILED  \($0.message)" }
      ?? "done    \(result.summary ?? "")"
    show(text, at: result.board.path)
  }

  func end(_ results: [Fleet.Result]) {
    Console.out("")
    // A board's line has no room for all of it.
    for failure in results.compactMap(\.failure) { failure.show() }
    Console.out(FleetTable.text(results))
  }

  fileprivate func show(_ text: String, at path: String) {
    state.withLock { state in
      guard let index = state.paths.firstIndex(of: path) else { return }
      state.lines[path] = text
      let up = state.paths.count - index
      Console.out(
        "\u{1B}[\(up)A\r\u{1B}[2K" + Self.line(path, text, columns)
          + "\u{1B}[\(up)B\r", terminator: "")
    }
  }

  private static func line(
    _ path: String, _ text: String, _ columns: Int
  ) -> String {
    let name = path + String(repeating: " ", count: max(0, 10 - path.count))
    let whole = "\(name) \(text.escapingControls)"
    return whole.count < columns
      ? whole : whole.prefix(max(1, columns - 2)) + "…"
  }

  private final class Reporter: ProgressReporter {
    private let screen: FleetScreen
    private let path: String
    private var totals: [FlashPhase: Int] = [:]
    private var shown = ""

    init(_ screen: FleetScreen, _ path: String) {
      self.screen = screen
      self.path = path
    }

    func report(_ event: FlashEvent) {
      switch event {
      case .began(let phase, let total):
        totals[phase] = total
        draw(phase, 0)
      case .progress(let phase, let done): draw(phase, done)
      case .finished(let phase): draw(phase, totals[phase] ?? 0)
      default:
        if let text = event.remark { note(text) }
      }
    }

    func note(_ text: String) { screen.show(text, at: path) }

    private func draw(_ phase: FlashPhase, _ done: Int) {
      let total = max(1, totals[phase] ?? 1)
      let percent = min(100, done * 100 / total)
      let filled = percent / 5
      let text =
        phase.title
        + String(repeating: " ", count: max(0, 9 - phase.title.count)) + "["
        + String(repeating: "=", count: filled)
        + String(repeating: " ", count: 20 - filled) + "] "
        + padded(percent, 3) + "%"
      guard text != shown else { return }
      shown = text
      screen.show(text, at: path)
    }
  }
}

// MARK: - The table at the end

enum FleetTable {
  static func text(_ results: [Fleet.Result]) -> String {
    var rows = [["board", "serial", "result", "seconds", "file"]]
    for result in results {
      rows.append([
        result.board.path, result.board.serial?.printable ?? "unknown",
        result.failure == nil ? "done" : "FAILED",
        seconds(result.duration), result.file.escapingControls,
      ])
    }
    let widths = (0..<5).map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    var lines = rows.map { row in
      zip(row, widths).map { text, width in
        text + String(repeating: " ", count: width - text.count)
      }.joined(separator: "  ").trimmingEnd
    }
    let failed = results.filter { $0.failure != nil }
    lines.append(
      failed.isEmpty
        ? (results.count == 1
          ? "1 board done." : "All \(results.count) boards done.")
        : "\(results.count - failed.count) of \(results.count) boards done; "
          + "failed: " + failed.map(\.board.path).joined(separator: ", "))
    return lines.joined(separator: "\n")
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
