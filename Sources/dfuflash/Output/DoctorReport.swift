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
    return [
      terminal.styled(finding.severity.rawValue, style)
        + ": " + finding.code + (finding.path.map { ", board \($0)" } ?? ""),
      terminal.paragraph("  seen: ", finding.seen),
      terminal.paragraph("  why:  ", finding.why),
      terminal.paragraph("  next: ", finding.next.text),
    ]
      + finding.checklist.enumerated().map {
        terminal.paragraph("    \($0.offset + 1). ", $0.element)
      }
  }

  private var summary: String {
    if isHealthy { return "Healthy: nothing stands in the way of flashing." }
    let counts = Finding.Severity.allCases.compactMap {
      severity -> String? in
      let number = findings.filter { $0.severity == severity }.count
      return number == 0 ? nil : counted(number, severity.rawValue)
    }
    return "Found \(listed(counts))."
  }

  // MARK: For programs

  /// The report as JSON shows it.
  var record: Record {
    Record(
      healthy: isHealthy, system: snapshot.system.rawValue,
      devices: snapshot.devices.map(Record.Device.init),
      findings: findings.map(Record.Item.init))
  }

  struct Record: Encodable {
    var schema = "dfuflash-doctor"
    var version = 1
    var healthy: Bool
    var system: String
    var devices: [Device]
    var findings: [Item]

    struct Item: Encodable {
      var code: String
      var severity: String
      var path: String?
      var seen: String
      var why: String
      var next: String
      var checklist: [String]?

      init(_ finding: Finding) {
        code = finding.code
        severity = finding.severity.rawValue
        path = finding.path
        seen = finding.seen
        why = finding.why
        next = finding.next.text
        checklist = finding.checklist.isEmpty ? nil : finding.checklist
      }
    }

    struct Device: Encodable {
      var path: String
      var vendor: String
      var product: String
      var kind: String?
      var mode: String?
      var chip: String?
      var serial: String?
      var node: String?
      var access: Bool?
      var drivers: [String]?
      var state: String?
      var readProtected: Bool?

      init(_ seen: DeviceSnapshot) {
        path = seen.device.path
        vendor = hex(seen.device.descriptor.vendor, 4, uppercase: false)
        product = hex(seen.device.descriptor.product, 4, uppercase: false)
        kind = KnownDevice.named(seen.device.descriptor)?.role.rawValue
        mode =
          seen.board == nil
          ? nil
          : seen.dfuInterface == nil
            ? DFUMode.runtime.rawValue : DFUMode.dfu.rawValue
        if seen.board?.problem == nil {
          chip =
            seen.board?.chipName ?? seen.knowledge?.identification.summary
        }
        serial = seen.board?.serial?.raw
        node = seen.node?.path
        access = seen.node?.isAccessible
        drivers = seen.drivers.isEmpty ? nil : seen.drivers.map(\.name)
        state = seen.probe?.state.map { "\($0)" }
        readProtected = seen.probe?.isProtected
      }
    }
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
