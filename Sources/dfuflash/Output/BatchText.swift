import DFUCore
import DFUProduction
import Synchronization
import SystemPackage

/// Where lines of several threads go, whole ones only.
final class LineSink: Sendable {
  private let lock = Mutex<Void>(())

  func write(_ text: String) {
    lock.withLock { _ in Console.outFolded(text) }
  }

  /// Lines about one board, with its path before them.
  func reporter(for board: Board) -> (JobEvent) -> Void {
    let path = board.path
    return LineReporter { self.write("\(path): \($0)") }.report
  }
}

/// A line when a phase of a board is done, with its path before it; for logs.
final class BatchLines: BatchDisplay {
  private let sink = LineSink()

  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> (JobEvent) -> Void {
    sink.reporter(for: board)
  }

  func finished(_ result: BoardResult) { result.failure?.show() }

  func end(_ results: [BoardResult]) { sink.write(BatchTable.text(results)) }
}

// MARK: - A terminal

/// A live line for each board.
final class BatchScreen: BatchDisplay {
  private let paths = Mutex<[String]>([])
  private let columns: Int

  /// The screen of the terminal; `nil` where there is none, or too few lines.
  static func make(boards: Int) -> BatchScreen? {
    guard let size = Terminal.size(of: .standardOutput), size.columns > 20,
      size.rows > boards
    else { return nil }
    return BatchScreen(columns: size.columns)
  }

  private init(columns: Int) { self.columns = columns }

  func begin(_ boards: [Board]) {
    paths.withLock { paths in
      paths = boards.map(\.path)
      for path in paths { Console.out(line(path, "waiting")) }
    }
  }

  func reporter(for board: Board) -> (JobEvent) -> Void {
    Reporter(self, board.path).report
  }

  func finished(_ result: BoardResult) {
    let text =
      result.failure.map { "FAILED  \($0.message)" }
      ?? "done    \(result.flash?.summary ?? "")"
    show(text, at: result.board.path)
  }

  func end(_ results: [BoardResult]) {
    Console.out("")
    // A board's line has no room for all of it.
    for failure in results.compactMap(\.failure) { failure.show() }
    Console.out(BatchTable.text(results))
  }

  private func show(_ text: String, at path: String) {
    paths.withLock { paths in
      guard let index = paths.firstIndex(of: path) else { return }
      let up = paths.count - index
      Console.out(
        "\u{1B}[\(up)A\r\u{1B}[2K" + line(path, text) + "\u{1B}[\(up)B\r",
        terminator: "")
    }
  }

  private func line(_ path: String, _ text: String) -> String {
    let whole = "\(path.padded(10)) \(text.escapingControls)"
    return whole.count < columns
      ? whole : whole.prefix(max(1, columns - 2)) + "…"
  }

  private final class Reporter: JobReporter {
    private let screen: BatchScreen
    private let path: String
    private var shown = ""

    init(_ screen: BatchScreen, _ path: String) {
      self.screen = screen
      self.path = path
    }

    override func note(_ text: String) { screen.show(text, at: path) }

    override func show(_ step: ProgressStep) {
      let text = step.phase.title.padded(9) + step.bar(20)
      guard text != shown else { return }
      shown = text
      note(text)
    }
  }
}

// MARK: - The table at the end

enum BatchTable {
  static func text(_ results: [BoardResult]) -> String {
    var rows = [["board", "serial", "result", "seconds", "file"]]
    for result in results {
      rows.append([
        result.board.path, result.board.serial?.printable ?? "unknown",
        result.error == nil ? "done" : "FAILED",
        seconds(result.duration), result.file.escapingControls,
      ])
    }
    let widths = (0..<4).map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    var lines = rows.map { row in
      zip(row, widths).map { text, width in text.padded(width) + "  " }
        .joined() + row[4]
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
