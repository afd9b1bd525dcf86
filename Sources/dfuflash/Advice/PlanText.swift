import DFUCore

/// A plan for people.
enum PlanText {
  static func of(_ planned: PlannedFlash) -> String {
    let plan = planned.plan
    var lines = [
      """
      Plan for board \(planned.board.label), \
      "\(planned.memory.map.name.escapingControls)":
      """
    ]
    if plan.isUpToDate {
      lines.append("  already up to date, nothing to do")
      return lines.joined(separator: "\n")
    }
    if plan.massErases { lines.append("  erase   the whole memory") }
    for sector in plan.erases {
      lines.append(
        "  erase   0x\(hex(sector.address))  \(size(sector.size))")
    }
    for sector in plan.kept {
      lines.append(
        "  keep    0x\(hex(sector.address))  \(size(sector.size))")
    }
    for run in plan.runs {
      let bytes = run.blocks.reduce(0) { $0 + $1.count }
      lines.append(
        """
          write   0x\(hex(run.piece.address))  \(bytes) bytes in \
        \(run.blocks.count) blocks
        """)
    }
    if let last = plan.vectorTable, let block = last.blocks.last {
      lines.append("  last    0x\(hex(last.address(of: block)))  vector table")
    }
    if plan.preservedBytes > 0 {
      lines.append(
        "  put back \(plan.preservedBytes) bytes that lie beside the image")
    }
    lines.append(
      planned.expected.map { "  expected \(seconds($0)) s" }
        ?? "  expected time unknown: the chip is not known (--chip)")
    return lines.joined(separator: "\n")
  }
}
