import DFUCore
import DFUProduction
import FoundationEssentials
import Synchronization
import SystemPackage

/// Words for a person, big where there is a terminal.
final class StationText: StationDisplay {
  private let sink = LineSink()
  private let file: String
  private let isTerminal: Bool
  private let hasColour: Bool

  init(file: String) {
    self.file = file
    isTerminal = Console.isTerminal(.standardOutput)
    // https://no-color.org: any value but none.
    let refused = !(Environment["NO_COLOR"] ?? "").isEmpty
    hasColour = isTerminal && !refused && Environment["TERM"] != "dumb"
  }

  func started(ports: Set<String>?) {
    guard let ports else { return }
    sink.write(
      "Looking at \(ports.sorted().joined(separator: ", ")) only.\n")
  }

  func waiting(_ counts: Station.Counts) {
    sink.write("Waiting for a board.  \(counts.text)\n")
  }

  func began(_ board: Board) {
    sink.write("\(board.path): board \(board.label)\n")
  }

  func reporter(for board: Board) -> (JobEvent) -> Void {
    sink.reporter(for: board)
  }

  func finished(_ turn: Station.Turn) {
    let isPass = turn.result == .pass
    let failure = turn.error.map { Explain.job($0, file: file) }
    var lines = turn.result == .stopped ? [] : banner(isPass)
    lines.append(
      "\(turn.board.path): \(turn.result.rawValue.uppercased())  serial "
        + "\(turn.board.serial?.printable ?? "unknown")  "
        + "\(seconds(turn.duration)) s  unplug it")
    if let failure { lines.append("  \(failure.message)") }
    if let hint = failure?.hint { lines.append("  hint: \(hint)") }
    let bell = isTerminal ? (isPass ? "\u{7}" : "\u{7}\u{7}\u{7}") : ""
    sink.write(bell + lines.joined(separator: "\n") + "\n")
  }

  func hookFailed(_ turn: Station.Turn, _ failure: Hook.Failure) {
    turn.warn(failure)
  }

  func remains(_ board: Board) {
    sink.write(
      "\(board.path): board \(board.label) is back; it had its turn. Unplug "
        + "it for two seconds to flash it again\n")
  }

  private func banner(_ isPass: Bool) -> [String] {
    guard isTerminal else { return [] }
    let colour =
      hasColour ? (isPass ? "\u{1B}[1;97;42m" : "\u{1B}[1;97;41m") : ""
    let end = hasColour ? "\u{1B}[0m" : ""
    return (isPass ? Self.pass : Self.fail).map { colour + $0 + end }
  }

  private static let pass = [
    "                                          ",
    "    ######    ####    ######   ######     ",
    "    ##   ##  ##  ##  ##       ##          ",
    "    ######   ######   #####    #####      ",
    "    ##       ##  ##       ##       ##     ",
    "    ##       ##  ##  ######   ######      ",
    "                                          ",
  ]

  private static let fail = [
    "                                          ",
    "    #######   ####    ######  ##          ",
    "    ##       ##  ##     ##    ##          ",
    "    #####    ######     ##    ##          ",
    "    ##       ##  ##     ##    ##          ",
    "    ##       ##  ##   ######  ######      ",
    "                                          ",
  ]
}

/// An event a line.
final class StationJSON: StationDisplay {
  private let file: String

  init(file: String) {
    self.file = file
    EventRecord.start().write()
  }

  func started(ports: Set<String>?) {}

  func waiting(_ counts: Station.Counts) {}

  func began(_ board: Board) { EventRecord.board(board).write() }

  func reporter(for board: Board) -> (JobEvent) -> Void {
    JSONReporter(board: board.path).report
  }

  func finished(_ turn: Station.Turn) { EventRecord(turn, file: file).write() }

  func hookFailed(_ turn: Station.Turn, _ failure: Hook.Failure) {
    turn.warn(failure)
  }

  func remains(_ board: Board) {
    JSONReporter(board: board.path)
      .note("the board is back without having been unplugged")
  }
}

extension EventRecord {
  /// A board's turn at a station begins.
  static func board(_ board: Board) -> EventRecord {
    var record = EventRecord("board")
    record.board = board.path
    record.serial = board.serial?.raw
    return record
  }

  /// A board's turn at a station is over.
  init(_ turn: Station.Turn, file: String) {
    self.init("result")
    let failure = turn.error.map { Explain.job($0, file: file) }
    self.file = file
    board = turn.board.path
    serial = turn.board.serial?.raw
    uid = turn.board.uniqueID?.digits
    ok = turn.result == .pass
    error = failure?.message
    hint = failure?.hint
    seconds = turn.duration.inSeconds
  }
}

extension Station.Counts {
  /// "3 passed, 1 failed."
  var text: String {
    "\(passed) passed, \(failed) failed"
      + (stopped > 0 ? ", \(stopped) stopped." : ".")
  }
}

extension Station.Turn {
  fileprivate func warn(_ failure: Hook.Failure) {
    let text =
      switch failure {
      case .notStarted: "could not be started"
      case .lost: "is lost"
      case .tookTooLong(let limit): "took longer than \(seconds(limit)) s"
      case .status(let status): "ended with status \(status)"
      }
    Console.err(
      "dfuflash: warning: --on-\(result.rawValue) for board \(board.path) "
        + text)
  }
}

/// What a station remembers of a board (docs/schema/station.json), a line of
/// JSON.
struct StationRecord: Encodable, Sendable {
  var version = 1
  /// When it ended, UTC, as in ISO 8601.
  var time: String
  var path: String
  var serial: String?
  var uid: String?
  var chip: String?
  /// The firmware file's name.
  var file: String
  /// SHA-256 of what the board was to get.
  var sha256: String
  /// `pass`, `fail` or `stopped`.
  var result: String
  var seconds: Double
  var error: String?
  /// The exit status that `flash` would have had.
  var status: Int32

  init(_ turn: Station.Turn, file: String, sha256: String) {
    let board = turn.board
    let failure = turn.error.map { Explain.job($0, file: file) }
    // As in `2026-03-01T12:00:00Z`.
    time = Date.now.formatted(.iso8601)
    path = board.path
    serial = board.serial?.raw
    uid = board.uniqueID?.digits
    chip =
      board.identification.candidates.isEmpty
      ? nil : board.identification.summary
    self.file = file
    self.sha256 = sha256
    result = turn.result.rawValue
    seconds = turn.duration.inSeconds
    error = failure?.message
    status = failure?.status.rawValue ?? 0
  }

  /// What hooks are told.
  var variables: [(name: String, value: String)] {
    [
      ("DFUFLASH_RESULT", result), ("DFUFLASH_PATH", path),
      ("DFUFLASH_SERIAL", serial ?? ""), ("DFUFLASH_UID", uid ?? ""),
      ("DFUFLASH_CHIP", chip ?? ""), ("DFUFLASH_FILE", file),
      ("DFUFLASH_SHA256", sha256), ("DFUFLASH_SECONDS", String(seconds)),
      ("DFUFLASH_TIME", time), ("DFUFLASH_ERROR", error ?? ""),
    ]
  }
}
