import DFUCore
import Synchronization
import SystemPackage

/// What a station shows. Called from the threads of all boards.
protocol StationDisplay: AnyObject, Sendable {
  /// The station begins to look at these ports, or at all.
  func started(ports: Set<String>?)
  /// Nothing is to be done; how many passed and failed so far.
  func waiting(passed: Int, failed: Int)
  /// A board's turn begins.
  func began(_ board: Board)
  /// What shows its progress.
  func reporter(for board: Board) -> any ProgressReporter
  /// A board's turn is over and on record.
  func finished(_ board: Board, _ record: StationRecord, hint: String?)
  /// A board whose turn is over is back without having been unplugged.
  func remains(_ board: Board)
}

/// Words for a person, big where there is a terminal.
final class StationText: StationDisplay {
  private let sink = LineSink()
  private let isTerminal: Bool
  private let hasColour: Bool

  init() {
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

  func waiting(passed: Int, failed: Int) {
    sink.write(
      "Waiting for a board.  \(passed) passed, \(failed) failed.\n")
  }

  func began(_ board: Board) {
    sink.write("\(board.path): board \(board.label)\n")
  }

  func reporter(for board: Board) -> any ProgressReporter {
    let sink = sink
    let path = board.path
    return LineReporter { sink.write("\(path): \($0)") }
  }

  func finished(_ board: Board, _ record: StationRecord, hint: String?) {
    let isPass = record.isPass
    var lines = banner(isPass)
    lines.append(
      "\(board.path): \(isPass ? "PASS" : "FAIL")  serial "
        + "\(board.serial?.printable ?? "unknown")  "
        + "\(seconds(.seconds(record.seconds))) s  unplug it")
    if let error = record.error { lines.append("  \(error)") }
    if let hint { lines.append("  hint: \(hint)") }
    let bell = isTerminal ? (isPass ? "\u{7}" : "\u{7}\u{7}\u{7}") : ""
    sink.write(bell + lines.joined(separator: "\n") + "\n")
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
  init() { EventRecord.start().write() }

  func started(ports: Set<String>?) {}

  func waiting(passed: Int, failed: Int) {}

  func began(_ board: Board) { EventRecord.board(board).write() }

  func reporter(for board: Board) -> any ProgressReporter {
    JSONReporter(board: board.path)
  }

  func finished(_ board: Board, _ record: StationRecord, hint: String?) {
    EventRecord(record, hint: hint).write()
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
  init(_ turn: StationRecord, hint: String?) {
    self.init("result")
    board = turn.path
    serial = turn.serial
    uid = turn.uid
    file = turn.file
    ok = turn.isPass
    error = turn.error
    self.hint = hint
    seconds = turn.seconds
  }
}
