import DFUCore

/// A board for people: what it is, and each memory with its sectors.
enum BoardTable {
  /// - Parameter all: all boards present, which may share serial numbers.
  static func text(_ board: Board, among all: [Board]) -> String {
    let ids = board.device.descriptor
    let mode =
      board.interfaces.contains { $0.mode == .dfu }
      ? "DFU mode" : "run-time mode"
    var lines = [
      "\(board.path)  \(hex(ids.vendor, 4, uppercase: false)):\(hex(ids.product, 4, uppercase: false))  \(mode)"
        + (board.product.map { "  \($0.printable)" } ?? ""),
      "  serial   \(board.serial?.printable ?? "unknown")",
    ]
    let trust = board.serialTrust(among: all)
    if !trust.description.isEmpty {
      lines.append("  warning  do not choose it by serial: \(trust)")
    }
    if let id = board.uniqueID { lines.append("  uid      \(id)") }
    if board.chipName != nil || board.interfaces.contains(where: \.isDfuSe) {
      lines.append(
        "  chip     \(board.chipName ?? board.identification.summary)")
    }
    if let problem = board.problem {
      lines.append("  problem  \(problem)")
      if let hint = Explain.usb(problem, board).hint {
        lines.append("  hint     \(hint)")
      }
    }
    for interface in board.interfaces {
      for setting in interface.alternates {
        lines += describe(setting)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func describe(_ setting: AlternateSetting) -> [String] {
    let heading = "  alt \(setting.number)    "
    do {
      guard let memory = try setting.memory() else {
        return setting.name.map { [heading + $0.printable] } ?? []
      }
      return [
        heading
          + "\(memory.name.escapingControls)  (\(UnitText.size(memory.size)))"
      ]
        + memory.runs.map { run in
          "    0x\(hex(run.address))  \(padded(run.count, 4)) × "
            + "\(leftPadded(UnitText.size(run.sectorSize), 8))  \(run.access)"
        } + (memory.isCutOff ? ["    warning: \(setting.cutOff)"] : [])
    } catch {
      return [
        heading + (setting.name?.printable ?? ""),
        "    warning: \(error.problem), at character \(error.column + 1)",
      ]
    }
  }

  private static func leftPadded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
