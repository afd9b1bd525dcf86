import DFUCore
import DFUDoctor
import DFUSimulator

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
    let trace = report.trace.map { JSONObject.line(TraceLine($0)) }
    return """
      # Report on board \(board.path), \(device.descriptor.ids)

      \(facts.map { "* \($0)" }.joined(separator: "\n"))

      ## Descriptors

      ```
      \((report.descriptors.map(bytes) + strings).joined(separator: "\n"))
      ```

      ## Session

      ```
      \(session.joined(separator: "\n"))
      ```

      ## Trace

      ```jsonl
      \(trace.joined(separator: "\n"))
      ```

      """
  }

  private var facts: [String] {
    let knowledge = report.knowledge
    let serial = board.serial?.printable ?? "none"
    let hub = report.hub.map { "\($0.descriptor.ids) at \($0.path)" }
    return [
      "dfuflash \(version), libusb \(LibUSBBus.version)",
      host ?? "a simulated bench",
      "bcdDevice \(hex(device.descriptor.deviceVersion, 4)), "
        + "\(device.speed.text), hub \(hub ?? "not shown")",
      "chip: \(board.chipName ?? knowledge.identification.summary)"
        + (knowledge.isCertainROM ? ", certainly its ROM" : ""),
      "serial number: \(serial)"
        + (board.notUniqueSerial.map { ": \($0.reason)" } ?? ""),
    ]
  }

  private var strings: [String] {
    let functional = report.selected.interface.functional.map {
      "functional: bmAttributes \(hex($0.attributes.rawValue, 2)), "
        + "wDetachTimeOut \($0.detachTimeout) ms, "
        + "wTransferSize \($0.transferSize), "
        + "bcdDFUVersion \(hex($0.version, 4))"
    }
    let named: [(String, DeviceString?)] =
      [("manufacturer", board.manufacturer), ("product", board.product)]
      + report.selected.interface.alternates.map {
        ("alternate setting \($0.number)", $0.name)
      }
    return [functional ?? "no functional descriptor"]
      + named.map { "\($0): " + ($1.map { "\"\($0.printable)\"" } ?? "none") }
  }

  private var session: [String] {
    var lines = report.trace.compactMap { seen -> String? in
      guard case .transfer(let transfer) = seen,
        transfer.requestName != "GET_DESCRIPTOR"
      else { return nil }
      return transfer.line
    }
    if let commands = report.probe?.commands {
      lines.append("GET COMMANDS: \(bytes(commands))")
    }
    if let problem = report.probe?.failure {
      lines.append("failed: \(problem)")
    }
    return lines
  }

  private func bytes(_ bytes: [UInt8]) -> String {
    bytes.map { hex($0, 2) }.joined(separator: " ")
  }
}
