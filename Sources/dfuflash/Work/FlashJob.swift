import DFUCore

/// What a board is to get: the file, where it belongs, and what happens before
/// and after. The same value serves one board or many; their images share
/// storage.
struct FlashJob: Sendable {
  var input: FirmwareInput
  /// Where a file without addresses belongs.
  var address: UInt32 = 0x0800_0000
  var settings = WorkSettings()
  /// Whether the board starts its program afterwards.
  var leaves = true
  /// Whether it loads its option bytes anew instead of jumping.
  var relaunches = false
  /// Whether readout protection is lifted first.
  var unprotects = false

  /// What became of a board.
  struct Report: Sendable {
    /// The board as it was when it was flashed.
    var board: Board
    /// One sentence.
    var summary: String
  }

  /// How long a board may take from its application into DFU mode.
  static let detachLimit = Duration.seconds(10)

  /// Flashes a board.
  func run(
    _ chosen: SelectedBoard, on bus: any USBBus,
    _ reporter: any ProgressReporter
  ) throws(ToolFailure) -> Report {
    var selected = chosen
    if selected.interface.mode == .runtime {
      reporter.note("Detaching board \(selected.board.label)…")
      let serial = selected.board.serial?.raw
      selected = try DetachWork(bus: bus, limit: Self.detachLimit)
        .toDFUMode(selected)
      selected.board.runtimeSerial = serial
    }
    var work = BoardWork(selected, on: bus, settings, reporter)
    if unprotects, let lifted = try UnprotectWork(work: work).ifProtected() {
      selected = lifted
      work = BoardWork(selected, on: bus, settings, reporter)
    }
    guard selected.interface.isDfuSe else {
      try PlainWork(work: work).download(input)
      return finished("written", work, reporter)
    }
    let outcome = try FlashWork(work: work)
      .run(try input.parts(at: address, for: work))
    if settings.isDryRun {
      return Report(board: work.board, summary: "nothing was changed")
    }
    let report = finished(
      Self.summary(outcome, verified: settings.flash.verification != .off), work, reporter)
    if let program = outcome.program, leaves, !outcome.hasReset {
      try LeaveWork(
        work: work, relaunches: relaunches, wasVirgin: outcome.wasVirgin
      ).run(program)
    }
    return report
  }

  private func finished(
    _ summary: String, _ work: BoardWork, _ reporter: any ProgressReporter
  ) -> Report {
    reporter.note("Board \(work.board.label): \(summary).")
    return Report(board: work.board, summary: summary)
  }

  private static func summary(
    _ outcome: FlashWork.Outcome, verified: Bool
  ) -> String {
    if outcome.plans.isEmpty { return "written; the chip resets" }
    if outcome.isUpToDate { return "already up to date, nothing written" }
    let erased = outcome.plans.reduce(0) { $0 + $1.erases.count }
    let whole = outcome.plans.contains(where: \.massErases)
    let written = outcome.plans.reduce(0) { $0 + $1.writtenBytes }
    let kept = outcome.plans.reduce(0) { $0 + $1.kept.count }
    return """
      \(written) bytes written\
      \(verified ? " and verified" : ", not verified"), \
      \(whole ? "the whole memory" : "\(erased) sector\(erased == 1 ? "" : "s")") \
      erased, \(kept) kept
      """
  }
}

extension FirmwareInput {
  /// The SHA-256 of what goes to the board, 64 hexadecimal digits: of the
  /// bytes of all segments in turn, as `inspect` shows it; of several targets
  /// or families, all in turn.
  func digest() -> String {
    var digest = SHA256()
    let images = file.targets.map(\.image) + file.families.map(\.image)
    if let raw = file.raw, images.isEmpty { digest.update(raw.span) }
    for segment in images.flatMap(\.segments) {
      digest.update(segment.bytes.span)
    }
    return digest.digest.map { hex($0, 2) }.joined().lowercased()
  }
}
