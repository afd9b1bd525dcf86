import DFUCore

/// Boards to choose among, each with what tells it from the others.
enum Candidates {
  /// `-p 1-2  0483:df11  DFU  serial 325E35633334  STM32  BOOTLOADER`.
  static func line(_ board: Board) -> String {
    let ids = board.device.descriptor
    let mode =
      board.interfaces.contains { $0.mode == .dfu } ? "DFU" : "run-time"
    var parts = [
      "-p \(board.path)",
      "\(hex(ids.vendor, 4, uppercase: false)):\(hex(ids.product, 4, uppercase: false))",
      mode,
      "serial \(board.serial?.printable ?? "unknown")",
    ]
    if let id = board.uniqueID { parts.append("uid \(id.digits)") }
    if let product = board.product { parts.append(product.printable) }
    if let problem = board.problem { parts.append("(\(problem.description))") }
    return parts.joined(separator: "  ")
  }

  /// Why serial numbers cannot decide, a line each; empty where they can.
  static func warnings(_ boards: [Board]) -> String {
    var lines: [String] = []
    for board in boards {
      guard let text = warning(board.serialTrust(among: boards), board),
        !lines.contains(text)
      else { continue }
      lines.append(text)
    }
    return lines.map { "\n  \($0)" }.joined()
  }

  private static func warning(_ trust: SerialTrust, _ board: Board) -> String? {
    let serial = board.serial?.printable ?? ""
    switch trust {
    case .unknown, .single: return nil
    case .notUnique(let row):
      return "a serial number does not tell: \(row.reason)"
    case .shared(let others):
      let paths = ([board.path] + others).sorted()
      return """
        serial \(serial) is shown by several boards: \
        \(paths.joined(separator: ", "))
        """
    }
  }
}
