import DFUCore
import DFUProduction
import FoundationEssentials

/// An event a line, of all boards (docs/schema/events.json).
final class BoardsJSON: BatchDisplay, StationDisplay {
  func begin(_ boards: [Board]) {}

  func reporter(for board: Board) -> (JobEvent) -> Void {
    JSONReporter(board: board.path).report
  }

  func finished(_ result: BoardResult) { Console.out(result.json.line) }

  func end(_ results: [BoardResult]) {
    let failed = results.count { $0.error != nil }
    let summary: JSONObject = [
      "event": "summary", "boards": results.count, "failed": failed,
      "ok": failed == 0, "status": results.status.rawValue,
    ]
    Console.out(summary.line)
  }

  func show(_ event: Station.Event) {
    switch event {
    case .began(let board):
      let line: JSONObject = [
        "event": "board", "board": board.path, "serial": board.serial?.raw,
      ]
      Console.out(line.line)
    case .hookFailed(let result, let failure): result.warn(failure)
    case .remains(let board):
      JSONReporter(board: board.path)
        .note("the board is back without having been unplugged")
    case .started, .waiting: break
    }
  }
}

extension JSONObject {
  /// The first line of all events.
  static var start: JSONObject {
    ["event": "start", "schema": "dfuflash-events", "version": 1]
  }

  /// The end of a run that failed before it chose a board.
  static func result(_ failure: ToolFailure, file: String?) -> JSONObject {
    [
      "event": "result", "file": file, "ok": false,
      "status": failure.status.rawValue, "error": failure.message,
      "hint": failure.hint,
    ]
  }
}

extension BoardResult {
  /// What a person is told of a failure.
  var failure: ToolFailure? { error?.failure(file: file) }

  /// The event of a board's end.
  var json: JSONObject {
    let failure = failure
    return [
      "event": "result", "board": board.path, "serial": board.serial?.raw,
      // What its application showed before it was detached.
      "runtimeSerial": board.runtimeSerial, "uid": board.uniqueID?.digits,
      "file": file, "ok": failure == nil,
      "status": failure?.status.rawValue ?? 0, "text": flash?.summary,
      // Whether all that was written was read back and compared.
      "verified": flash?.isVerified,
      // Whether the option bytes are known to be as wanted.
      "checked": flash?.optionBytes.map { $0 != .unchecked },
      "error": failure?.message, "hint": failure?.hint,
      "seconds": duration.inSeconds,
    ]
  }

  /// What a station remembers of a board (docs/schema/station.json).
  ///
  /// - Parameter sha256: of what the board was to get.
  func record(sha256: String) -> JSONObject {
    let failure = failure
    return [
      "version": 1,
      // When it ended, UTC, as in `2026-03-01T12:00:00Z`.
      "time": Date.now.formatted(.iso8601),
      "path": board.path, "serial": board.serial?.raw,
      "uid": board.uniqueID?.digits, "chip": board.chipName,
      "file": file, "sha256": sha256, "result": end.rawValue,
      "seconds": duration.inSeconds, "error": failure?.message,
      // The exit status that `flash` would have had.
      "status": failure?.status.rawValue ?? 0,
    ]
  }

  /// What hooks are told: what is on record of the board, as environment
  /// variables.
  func variables(sha256: String) -> [(name: String, value: String)] {
    let record = record(sha256: sha256)
    return [
      "result", "path", "serial", "uid", "chip", "file", "sha256", "seconds",
      "time", "error",
    ].map { name in
      ("DFUFLASH_" + name.uppercased(), record[name].map { "\($0)" } ?? "")
    }
  }
}

extension [BoardResult] {
  /// The status of the whole: 0 only if all succeeded, else the worst.
  var status: ExitStatus {
    compactMap(\.failure?.status).max { $0.rawValue < $1.rawValue } ?? .success
  }
}
