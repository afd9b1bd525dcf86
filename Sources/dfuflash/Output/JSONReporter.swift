import DFUCore

/// Every event as one line of JSON on standard output.
final class JSONReporter: JobReporter {
  private struct Event: Encodable {
    var event: String
    var board: String?
    var phase: String?
    var bytes: Int?
    var total: Int?
    var text: String?
    var plan: PlanRecord?
  }

  private let board: String?
  private var totals: [FlashPhase: Int] = [:]
  private var shownPercent = -1

  init(board: String? = nil) { self.board = board }

  func report(_ event: JobEvent) {
    switch event {
    case .progress(.began(let phase, let total)):
      totals[phase] = total
      shownPercent = -1
      write(Event(event: "began", phase: phase.rawValue, total: total))
    case .progress(.progress(let phase, let done)):
      let total = max(1, totals[phase] ?? 1)
      // A line for each percent, not for each block.
      guard done * 100 / total != shownPercent else { return }
      shownPercent = done * 100 / total
      write(
        Event(
          event: "progress", phase: phase.rawValue, bytes: done,
          total: totals[phase]))
    case .progress(.finished(let phase)):
      write(Event(event: "finished", phase: phase.rawValue))
    case .planned(let planned):
      write(
        Event(event: "plan", plan: PlanRecord(planned.plan, planned.expected)))
    default: remark(event)
    }
  }

  func note(_ text: String) { write(Event(event: "note", text: text)) }

  private func write(_ event: Event) {
    var event = event
    event.board = board
    if let line = try? JSONText.line(event) { Console.out(line) }
  }
}

/// A plan for programs.
struct PlanRecord: Encodable {
  struct Piece: Encodable {
    var address: UInt32
    var bytes: Int
  }

  var upToDate: Bool
  var massErase: Bool
  var kept: [Piece]
  var erased: [Piece]
  var written: [Piece]
  var writtenBytes: Int
  var preservedBytes: Int
  var transferSize: Int
  var expectedSeconds: Double?

  init(_ plan: FlashPlan, _ expected: Duration?) {
    upToDate = plan.isUpToDate
    massErase = plan.massErases
    kept = plan.kept.map { Piece(address: $0.address, bytes: $0.size) }
    erased = plan.erases.map { Piece(address: $0.address, bytes: $0.size) }
    written = plan.allRuns.map { run in
      Piece(
        address: run.piece.address,
        bytes: run.blocks.reduce(0) { $0 + $1.count })
    }
    writtenBytes = plan.writtenBytes
    preservedBytes = plan.preservedBytes
    transferSize = plan.transferSize
    expectedSeconds = expected?.inSeconds
  }
}
