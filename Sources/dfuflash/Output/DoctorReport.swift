import DFUCore
import DFUDoctor

/// What `doctor` says, for people and for programs.
struct DoctorReport {
  let snapshot: SystemSnapshot
  let findings: [Finding]

  init(_ snapshot: SystemSnapshot) {
    self.snapshot = snapshot
    findings = snapshot.findings
  }

  /// Whether nothing stands in the way of flashing.
  var isHealthy: Bool { findings.allSatisfy { $0.severity == .note } }

  // MARK: For people

  func text(_ terminal: Terminal) -> String {
    var lines = [
      "USB: \(counted(snapshot.devices.count, "device")), "
        + "\(counted(snapshot.waiting.count, "board")) in DFU mode."
    ]
    for seen in snapshot.waiting { lines += board(seen, terminal) }
    for finding in findings {
      lines.append("")
      lines += text(finding, terminal)
    }
    lines += ["", summary]
    return lines.joined(separator: "\n")
  }

  private func board(_ seen: DeviceSnapshot, _ terminal: Terminal) -> [String] {
    guard let board = seen.board else { return [] }
    var facts: [String] = []
    if let knowledge = seen.knowledge, board.problem == nil {
      facts.append(board.chipName ?? knowledge.identification.summary)
    }
    if let serial = board.serial { facts.append("serial \(serial.printable)") }
    facts.append(seen.device.speed.text)
    facts.append(hubs(seen.device))
    if let state = seen.probe?.state { facts.append("\(state)") }
    if let isProtected = seen.probe?.isProtected {
      facts.append(isProtected ? "read-protected" : "not read-protected")
    }
    return [
      "",
      terminal.styled(board.path, .bold)
        + "  \(seen.device.descriptor.ids)"
        + (board.product.map { "  \($0.printable)" } ?? ""),
      terminal.paragraph("  ", facts.joined(separator: ", ")),
    ]
  }

  private func hubs(_ device: USBDevice) -> String {
    device.ports.count > 1
      ? "behind \(counted(device.ports.count - 1, "hub"))"
      : "directly at the computer"
  }

  private func text(_ finding: Finding, _ terminal: Terminal) -> [String] {
    let style: Terminal.Style =
      switch finding.severity {
      case .problem: .red
      case .warning: .yellow
      case .note: .cyan
      }
    let text = finding.text
    return [
      terminal.styled(finding.severity.rawValue, style)
        + ": " + text.code + (finding.path.map { ", board \($0)" } ?? ""),
      terminal.paragraph("  seen: ", text.seen),
      terminal.paragraph("  why:  ", text.why),
      terminal.paragraph("  next: ", text.next.text),
    ]
      + text.checklist.enumerated().map {
        terminal.paragraph("    \($0.offset + 1). ", $0.element)
      }
  }

  private var summary: String {
    if isHealthy { return "Healthy: nothing stands in the way of flashing." }
    let counts = Finding.Severity.allCases.compactMap {
      severity -> String? in
      let number = findings.count { $0.severity == severity }
      return number == 0 ? nil : counted(number, severity.rawValue)
    }
    return "Found \(listed(counts))."
  }

  // MARK: For programs

  /// The report as JSON shows it.
  var json: JSONObject {
    [
      "schema": "dfuflash-doctor", "version": 1, "healthy": isHealthy,
      "system": snapshot.system.rawValue,
      "devices": snapshot.devices.map(\.json),
      "findings": findings.map(\.json),
    ]
  }
}

extension Finding {
  fileprivate var json: JSONObject {
    let text = text
    return [
      "code": text.code, "severity": severity.rawValue, "path": path,
      "seen": text.seen, "why": text.why, "next": text.next.text,
      "checklist": text.checklist.isEmpty ? nil : text.checklist,
    ]
  }
}

extension DeviceSnapshot {
  fileprivate var json: JSONObject {
    let ids = device.descriptor
    let mode: DFUMode = dfuInterface == nil ? .runtime : .dfu
    let isClosed = board?.problem != nil
    return [
      "path": device.path, "vendor": hex(ids.vendor, 4, uppercase: false),
      "product": hex(ids.product, 4, uppercase: false),
      "kind": KnownDevice.named(ids)?.role.rawValue,
      "mode": board == nil ? nil : mode.rawValue,
      "chip": isClosed
        ? nil : board?.chipName ?? knowledge?.identification.summary,
      "serial": board?.serial?.raw, "node": node?.path,
      "access": node?.isAccessible,
      "drivers": drivers.isEmpty ? nil : drivers.map(\.name),
      "state": probe?.state.map { "\($0)" },
      "readProtected": probe?.isProtected,
    ]
  }
}

extension USBSpeed {
  /// The speed for people.
  var text: String {
    switch self {
    case .low: "1.5 Mbit/s"
    case .full: "12 Mbit/s"
    case .high: "480 Mbit/s"
    case .super: "5 Gbit/s"
    default: "speed unknown"
    }
  }
}
