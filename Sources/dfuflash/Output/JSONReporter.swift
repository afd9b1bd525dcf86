import DFUCore

/// Every event as one line of JSON on standard output
/// (docs/schema/events.json).
final class JSONReporter: JobReporter {
  private let board: String?
  private var shownPercent = -1

  /// - Parameter board: the port path that stands in every line.
  init(board: String? = nil) { self.board = board }

  override func report(_ event: JobEvent) {
    if case .planned(let planned) = event {
      write(["event": "plan", "plan": planned.json])
    } else {
      super.report(event)
    }
  }

  override func show(_ step: ProgressStep) {
    let isProgress = step.kind == .progress
    // A line for each percent, not for each block.
    if isProgress, step.percent == shownPercent { return }
    shownPercent = isProgress ? step.percent : -1
    write([
      "event": step.kind.rawValue, "phase": step.phase.rawValue,
      "bytes": isProgress ? step.done : nil,
      "total": step.kind == .finished ? nil : step.total,
    ])
  }

  override func note(_ text: String) {
    write(["event": "note", "text": text])
  }

  private func write(_ event: JSONObject) {
    var event = event
    event["board"] = board
    Console.out(event.line)
  }
}

extension PlannedFlash {
  fileprivate var json: JSONObject {
    func pieces(_ sectors: [Sector]) -> [JSONObject] {
      sectors.map { ["address": $0.address, "bytes": $0.size] }
    }
    return [
      "upToDate": plan.isUpToDate, "massErase": plan.massErases,
      "kept": pieces(plan.kept), "erased": pieces(plan.erases),
      "written": plan.allRuns.map { run -> JSONObject in
        [
          "address": run.piece.address,
          "bytes": run.blocks.reduce(0) { $0 + $1.count },
        ]
      },
      "writtenBytes": plan.writtenBytes,
      "preservedBytes": plan.preservedBytes,
      "transferSize": plan.transferSize,
      "expectedSeconds": expected?.inSeconds,
    ]
  }
}
