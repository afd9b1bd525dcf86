/// How far a plan has been carried out: what is said when it does not end.
final class FlashRun {
  private let plan: FlashPlan
  private var erased: [Range<UInt64>] = []
  private var isErasing = false
  private var hasBegunWriting = false
  private var written: Set<Range<UInt64>> = []
  /// Bytes beside the image that were written and are not, or may not be,
  /// there.
  private var wrong: [Range<UInt64>] = []
  /// How many bytes were written.
  private(set) var writtenBytes = 0

  init(_ plan: FlashPlan) { self.plan = plan }

  func begin(erasing sectors: [Sector]) {
    erased += sectors.map(\.range)
    isErasing = true
  }

  func finishErase() { isErasing = false }

  func beginWriting() { hasBegunWriting = true }

  func finish(writing run: FlashPlan.Run, _ block: Range<Int>) {
    written.insert(run.range(of: block))
    writtenBytes += block.count
  }

  /// What was read back at this place is not what was written. Nothing is
  /// known of what would have been compared later.
  func isWrong(_ mismatch: FlashMismatch) {
    let place = UInt64(mismatch.address)
    let index = plan.preserved.firstIndex { $0.range.contains(place) }
    if let index {
      wrong = plan.preserved[index...].map(\.range)
    } else if let block = lastBlock, block.contains(place) {
      // It was compared in one piece, whosever bytes they are.
      wrong = [block]
    }
  }

  /// What is written when everything else has been read back.
  private var lastBlock: Range<UInt64>? {
    plan.vectorTable.flatMap { run in run.blocks.first.map(run.range) }
  }

  /// Bytes beside the image that were erased and are not written back.
  var lost: [FirmwareImage.Segment] {
    let missing =
      wrong
      + plan.allRuns.flatMap { run in
        run.blocks.map(run.range).filter { !written.contains($0) }
      }
    return plan.preserved.filter { piece in
      erased.contains { $0.overlaps(piece.range) }
        && missing.contains { $0.overlaps(piece.range) }
    }
  }

  /// What the board does at its next reset.
  var afterReset: AfterReset {
    guard !erased.isEmpty || hasBegunWriting else { return .asBefore }
    guard let last = plan.vectorTable, let block = last.blocks.first else {
      return .mixture
    }
    let place = last.range(of: block)
    if written.contains(place) { return .newProgram }
    let isFirstErase = isErasing && erased.count == 1
    // An erase that failed may have done nothing.
    return isFirstErase && erased.contains { $0.overlaps(place) }
      ? .unknown : .noProgram
  }
}
