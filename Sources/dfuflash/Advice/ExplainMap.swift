import DFUCore
import DFUProduction

extension Explain {
  /// Why a map is not carried out on the boards that are there.
  static func mismatches(
    _ map: String, _ mismatches: [BoardMap.Mismatch]
  ) -> ToolFailure {
    let isOnlyExtra = mismatches.allSatisfy {
      if case .extra = $0 { true } else { false }
    }
    return ToolFailure(
      .device,
      """
      the map \(map) and the boards do not agree, so none was touched:
      \(mismatches.map { "  " + describe($0) }.joined(separator: "\n"))
      """,
      advice: isOnlyExtra ? .mapExtra : .mapRows)
  }

  private static func describe(_ mismatch: BoardMap.Mismatch) -> String {
    switch mismatch {
    case .noBoard(let row):
      return "line \(row.line): no board fits \(row.match)"
    case .several(let row, let found):
      let boards = found.map(\.board)
      return "line \(row.line): several boards fit \(row.match):\n"
        + boards.map { "    " + Candidates.line($0) }.joined(separator: "\n")
        + Candidates.warnings(boards)
    case .notUnique(let row, let known):
      return "line \(row.line): \(row.match) names no single board: "
        + "\(known.reason)"
    case .twice(let rows, let board):
      return "lines \(rows.map { String($0.line) }.joined(separator: ", ")): "
        + "all mean board \(board.label)"
    case .closed(let row, let board, let problem):
      return "line \(row.line): board \(board.label): \(problem)"
    case .extra(let board):
      return "no line names board \(board.label)"
        + (board.problem.map { " (\($0))" } ?? "")
    }
  }

  /// Why a station's log cannot be kept.
  static func log(_ error: StationLogError) -> ToolFailure {
    let path = PathText.shown(error.path)
    return switch error.step {
    case .open:
      ToolFailure(.cannotWrite, "could not open \(path) (\(error.reason))")
    case .write:
      ToolFailure(
        .cannotWrite, "could not write \(path) (\(error.reason))",
        advice: .notOnRecord)
    case .flush:
      ToolFailure(
        .cannotWrite, "could not flush \(path) to the disk (\(error.reason))",
        advice: .notOnRecord)
    }
  }
}
