import DFUCore
import DFUProduction
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension Batch.Result {
  /// What a person is told of a failure.
  var failure: ToolFailure? { error.map { Explain.job($0, file: file) } }
}

extension [Batch.Result] {
  /// The status of the whole: 0 only if all succeeded, else the worst.
  var status: ExitStatus {
    compactMap(\.failure?.status).max { $0.rawValue < $1.rawValue } ?? .success
  }
}

/// Where lines of several threads go, whole ones only.
final class LineSink: Sendable {
  private let lock = Mutex<Void>(())

  func write(_ text: String) {
    lock.withLock { _ in Console.outFolded(text, terminator: "") }
  }

  /// Lines about one board, with its path before them.
  func reporter(for board: Board) -> (JobEvent) -> Void {
    let path = board.path
    return LineReporter { self.write("\(path): \($0)") }.report
  }
}

// MARK: - Plain lines

/// A line when a phase of a board is done, with its path before it; for logs.
final class BatchLines: BatchDisplay {
  private let sink = LineSink()

  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> (JobEvent) -> Void {
    sink.reporter(for: board)
  }

  func finished(_ result: Batch.Result) { result.failure?.show() }

  func end(_ results: [Batch.Result]) {
    sink.write(BatchTable.text(results) + "\n")
  }
}

// MARK: - JSON

/// An event a line, each with its board.
final class BatchJSON: BatchDisplay {
  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> (JobEvent) -> Void {
    JSONReporter(board: board.path).report
  }

  func finished(_ result: Batch.Result) { EventRecord(result).write() }

  func end(_ results: [Batch.Result]) {
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
  /// Whether all that was written was read back and compared.
  var verified: Bool?
  /// Whether the option bytes that were written are known to be as wanted.
  var checked: Bool?
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

  init(_ result: Batch.Result) {
    self.init("result")
    board = result.board.path
    serial = result.board.serial?.raw
    runtimeSerial = result.board.runtimeSerial
    uid = result.board.uniqueID?.digits
    file = result.file
    let failure = result.failure
    ok = failure == nil
    status = failure?.status.rawValue ?? 0
    text = result.flash?.summary
    verified = result.flash?.isVerified
    checked = result.flash?.optionBytes.map { $0 != .unchecked }
    error = failure?.message
    hint = failure?.hint
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

  static func summary(_ results: [Batch.Result]) -> EventRecord {
    var record = EventRecord("summary")
    record.boards = results.count
    record.failed = results.count { $0.error != nil }
    record.ok = record.failed == 0
    record.status = results.status.rawValue
    return record
  }

  func write() {
    if let line = try? JSONText.line(self) { Console.out(line) }
  }
}

// MARK: - A terminal

/// A live line for each board.
final class BatchScreen: BatchDisplay {
  private struct State {
    var paths: [String] = []
    var lines: [String: String] = [:]
  }

  private let state = Mutex(State())
  private let columns: Int

  /// The screen of the terminal; `nil` where there is none, or too few lines.
  static func make(boards: Int) -> BatchScreen? {
    guard Console.isTerminal(.standardOutput) else { return nil }
    var size = winsize()
    guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20,
      Int(size.ws_row) > boards
    else { return nil }
    return BatchScreen(columns: Int(size.ws_col))
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

  func reporter(for board: Board) -> (JobEvent) -> Void {
    Reporter(self, board.path).report
  }

  func finished(_ result: Batch.Result) {
    let text =
      result.failure.map { "FAILED  \($0.message)" }
      ?? "done    \(result.flash?.summary ?? "")"
    show(text, at: result.board.path)
  }

  func end(_ results: [Batch.Result]) {
    Console.out("")
    // A board's line has no room for all of it.
    for failure in results.compactMap(\.failure) { failure.show() }
    Console.out(BatchTable.text(results))
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

  private final class Reporter: JobReporter {
    private let screen: BatchScreen
    private let path: String
    private var totals: [FlashPhase: Int] = [:]
    private var shown = ""

    init(_ screen: BatchScreen, _ path: String) {
      self.screen = screen
      self.path = path
    }

    func report(_ event: JobEvent) {
      switch event {
      case .progress(.began(let phase, let total)):
        totals[phase] = total
        draw(phase, 0)
      case .progress(.progress(let phase, let done)): draw(phase, done)
      case .progress(.finished(let phase)): draw(phase, totals[phase] ?? 0)
      default: remark(event)
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

enum BatchTable {
  static func text(_ results: [Batch.Result]) -> String {
    var rows = [["board", "serial", "result", "seconds", "file"]]
    for result in results {
      rows.append([
        result.board.path, result.board.serial?.printable ?? "unknown",
        result.error == nil ? "done" : "FAILED",
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
    let failed = results.filter { $0.error != nil }
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
