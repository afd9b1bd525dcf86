import DFUCore

/// Boards to choose among, each with what tells it from the others.
enum Candidates {
  /// A line for each board.
  static func lines(_ boards: [Board], indent: Int = 2) -> String {
    boards.map { String(repeating: " ", count: indent) + line($0) }
      .joined(separator: "\n")
  }

  /// `-p 1-2  0483:df11  DFU  serial 325E35633334  STM32  BOOTLOADER`.
  private static func line(_ board: Board) -> String {
    var parts = [
      "-p \(board.path)", board.device.descriptor.ids,
      board.isInDFUMode ? "DFU" : "run-time",
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
    switch trust {
    case .unknown, .single: return nil
    case .notUnique(let row):
      return "a serial number does not tell: \(row.reason)"
    case .shared(let others):
      let paths = ([board.path] + others).sorted().joined(separator: ", ")
      return """
        serial \(board.serial?.printable ?? "") is shown by several boards: \
        \(paths)
        """
    }
  }
}
