import DFUCore
import DFUProduction

/// Words for a person, big where there is a terminal.
final class StationText: StationDisplay {
  private let sink = LineSink()

  func show(_ event: Station.Event) {
    switch event {
    case .started(ports: nil): break
    case .started(let ports?):
      sink.write("Looking at \(ports.sorted().joined(separator: ", ")) only.")
    case .waiting(let counts):
      sink.write("Waiting for a board.  \(counts.text)")
    case .began(let board): sink.write("\(board.path): board \(board.label)")
    case .hookFailed(let result, let failure): result.warn(failure)
    case .remains(let board):
      sink.write(
        "\(board.path): board \(board.label) is back; it had its turn. Unplug "
          + "it for two seconds to flash it again")
    }
  }

  func reporter(for board: Board) -> (JobEvent) -> Void {
    sink.reporter(for: board)
  }

  func finished(_ result: BoardResult) {
    let isPass = result.end == .pass
    let isTerminal = Terminal.output.isTerminal
    var lines: [String] = []
    if isTerminal, result.end != .stopped {
      lines = (isPass ? Self.pass : Self.fail).map {
        Terminal.output.styled($0, isPass ? .passed : .failed)
      }
    }
    lines.append(
      "\(result.board.path): \(result.end.rawValue.uppercased())  serial "
        + "\(result.board.serial?.printable ?? "unknown")  "
        + "\(seconds(result.duration)) s  unplug it")
    if let failure = result.failure {
      lines.append("  \(failure.message)")
      if let hint = failure.hint { lines.append("  hint: \(hint)") }
    }
    let bell = isTerminal ? (isPass ? "\u{7}" : "\u{7}\u{7}\u{7}") : ""
    sink.write(bell + lines.joined(separator: "\n"))
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

extension Station.Counts {
  /// How a station ends.
  var status: ExitStatus {
    stopped > 0 ? .interrupted : failed > 0 ? .findings : .success
  }

  /// "3 passed, 1 failed."
  var text: String {
    "\(passed) passed, \(failed) failed"
      + (stopped > 0 ? ", \(stopped) stopped." : ".")
  }
}

extension BoardResult {
  /// Says that a hook failed.
  func warn(_ failure: Hook.Failure) {
    let text =
      switch failure {
      case .notStarted: "could not be started"
      case .lost: "is lost"
      case .tookTooLong(let limit): "took longer than \(seconds(limit)) s"
      case .status(let status): "ended with status \(status)"
      }
    Console.err(
      "dfuflash: warning: --on-\(end.rawValue) for board \(board.path) " + text)
  }
}
