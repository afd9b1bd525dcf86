import DFUCore
import DFUDoctor

/// A report on one board, as a person reads it and pastes it into an issue:
/// Markdown with the trace of the session in it, which `--bench` replays.
struct BoardReportText {
  let report: BoardReport
  /// The operating system; `nil` on a simulated bench.
  let host: String?

  private var board: Board { report.selected.board }
  private var device: USBDevice { board.device }

  /// The whole text.
  var text: String {
    let lines =
      ["# Report on board \(board.path), \(device.descriptor.ids)", ""]
      + facts.map { "* \($0)" } + ["", "## Descriptors", "", "```"]
      + report.descriptors.map(bytes) + [functional] + strings
      + ["```", "", "## Session", "", "```"] + session
      + ["```", "", "## Trace", "", "```jsonl"] + trace + ["```", ""]
    return lines.joined(separator: "\n")
  }

  private var facts: [String] {
    let serial =
      board.serial.map { serial in
        serial.raw.allSatisfy { $0 == "X" } && !serial.raw.isEmpty
          ? "\(serial.raw.count) characters, blacked out" : serial.printable
      } ?? "none"
    let trust = board.notUniqueSerial.map { ": \($0.reason)" } ?? ""
    let hub = report.hub.map { "\($0.descriptor.ids) at \($0.path)" }
    return [
      "dfuflash \(version), libusb \(LibUSBBus.version)",
      host ?? "a simulated bench",
      "bcdDevice \(hex(device.descriptor.deviceVersion, 4)), "
        + "\(device.speed.text), hub \(hub ?? "not shown")",
      "chip: \(board.chipName ?? report.knowledge.identification.summary)"
        + (report.knowledge.isCertainROM ? ", certainly its ROM" : ""),
      "serial number: \(serial)\(trust)",
    ]
  }

  private var functional: String {
    guard let found = report.selected.interface.functional else {
      return "no functional descriptor"
    }
    return "functional: bmAttributes \(hex(found.attributes.rawValue, 2)), "
      + "wDetachTimeOut \(found.detachTimeout) ms, "
      + "wTransferSize \(found.transferSize), bcdDFUVersion "
      + hex(found.version, 4)
  }

  private var strings: [String] {
    let named: [(String, DeviceString?)] =
      [("manufacturer", board.manufacturer), ("product", board.product)]
      + board.interfaces.flatMap { interface in
        interface.alternates.map {
          ("interface \(interface.number) alt \($0.number)", $0.name)
        }
      }
    return named.map { "\($0): " + ($1.map { "\"\($0.printable)\"" } ?? "none") }
  }

  private var session: [String] {
    var lines = report.trace.compactMap { seen -> String? in
      guard case .transfer(let transfer) = seen,
        transfer.requestName != "GET_DESCRIPTOR"
      else { return nil }
      return transfer.line
    }
    if let commands = report.commands {
      lines.append("GET COMMANDS: \(bytes(commands))")
    }
    if let problem = report.problem {
      let error = JobError(.cannotOpen(problem), board)
      lines.append("failed: \(Explain.job(error).message)")
    }
    return lines
  }

  private var trace: [String] {
    report.trace.compactMap { try? JSONText.line(TraceLine($0)) }
  }

  private func bytes(_ bytes: [UInt8]) -> String {
    bytes.map { hex($0, 2) }.joined(separator: " ")
  }
}
