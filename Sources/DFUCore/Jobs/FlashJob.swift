/// Flashing one board: everything from a running application to the new
/// program's start. Without permissions it writes flash and nothing else.
public struct FlashJob: Hashable, Sendable {
  /// What happens when everything is written.
  public enum Ending: Hashable, Sendable {
    /// The board stays in DFU mode.
    case stay
    /// It starts the program at this address; `nil` for the one written.
    case start(at: UInt32?)
    /// It loads its option bytes again, which resets it.
    case relaunch
  }

  /// What the board is to hold.
  public var firmware: JobFirmware
  /// How to work with the board.
  public var board = BoardOptions()
  /// How to flash it.
  public var flash = FlashOptions()
  /// What happens when everything is written.
  public var ending = Ending.start(at: nil)
  /// Whether readout protection is lifted first, which erases the chip.
  public var unprotects = false
  /// The supply voltage, millivolts, for F2, F4 and F7 chips to program 32
  /// bits at a time.
  public var supply: Int?
  /// Whether the plan is only told, and nothing changed.
  public var isDryRun = false
  /// How long a running board may take into DFU mode.
  public var detachLimit = DetachJob.usualLimit
  /// Whether what cannot be a program is written all the same where a program
  /// has to be; then it is only told.
  public var takesAnyProgram = false
  /// What may be done besides writing flash.
  public var permissions: Permissions = []

  /// A file for a board.
  public init(_ firmware: JobFirmware) { self.firmware = firmware }

  /// Flashes a board.
  ///
  /// - Throws: `JobError`, which says what became of the board.
  @discardableResult
  public func run(
    _ chosen: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> FlashResult {
    try context.checkStop(chosen.board)
    var session = try BoardSession(try ready(chosen, context), board, context)
    guard session.isDfuSe else { return try download(session) }
    try session.checkProgram(of: self)
    if unprotects, let lifted = try unprotected(session) { session = lifted }
    return try flash(session)
  }

  /// The board in DFU mode. What cannot fit is refused before it is detached.
  private func ready(
    _ chosen: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> SelectedBoard {
    guard chosen.interface.mode == .runtime else { return chosen }
    if let version = chosen.interface.functional?.version,
      version != FunctionalDescriptor.dfuSeVersion, !board.assumesDfuSe,
      firmware.file.raw == nil
    {
      throw JobError(.hasAddresses(firmware.file.format), chosen.board)
    }
    context.report(.detaching(chosen.board))
    var selected = try DetachJob(limit: detachLimit).run(chosen, context)
    selected.board.runtimeSerial = chosen.board.serial?.raw
    return selected
  }

  private func unprotected(
    _ session: BoardSession
  ) throws(JobError) -> BoardSession? {
    guard try session.isReadProtected(try session.memory()) else { return nil }
    var job = UnprotectJob()
    job.permissions = permissions
    let lifted = try BoardSession(
      try job.lift(session), board, session.context)
    // The chip has erased its flash.
    lifted.condition = .incomplete
    return lifted
  }

  // MARK: Plain DFU

  private func download(_ session: BoardSession) throws(JobError) -> FlashResult
  {
    let bytes = try session.plainBytes(of: firmware)
    var result = FlashResult(board: session.board, isPlain: true)
    guard !isDryRun else {
      result.isDryRun = true
      return result
    }
    try PlainTransfer(session).download(bytes)
    session.context.report(.flashed(result))
    return result
  }

  // MARK: DfuSe

  private func flash(_ session: BoardSession) throws(JobError) -> FlashResult {
    let shares = try session.shares(of: firmware)
    try session.check(shares, permissions)
    var result = FlashResult(board: session.board)
    let flashed = shares.filter { !$0.memory.holdsOptionBytes }
    let optionBytes = shares.filter(\.memory.holdsOptionBytes)
    for share in optionBytes { try session.checkFits(share) }
    if isDryRun {
      result.isDryRun = true
      for share in shares { try preview(share, session) }
      return result
    }
    try session.checkStop()
    try setVoltageRange(session)
    let isFactoryFresh = try prepare(flashed, session)
    for share in flashed { try checkErases(share, session) }
    let program = session.program(of: flashed)
    var hasReset = false
    for (number, share) in flashed.enumerated() {
      if flash.resetsAfterWrite {
        try writeAndReset(share, session)
        hasReset = true
        continue
      }
      let outcome = try write(share, session)
      result.plans.append(outcome.plan)
      result.unverified += outcome.unverified
      let isLast = number == flashed.count - 1 && optionBytes.isEmpty
      if !isLast, session.condition != .untouched {
        session.condition = .incomplete
      }
    }
    result.isVerified =
      flash.verification != .off && !hasReset && result.unverified.isEmpty
    // Option bytes reset the chip: everything else goes before them.
    for share in optionBytes {
      try session.checkStop()
      result.optionBytes = try OptionByteAccess(session).write(share.image)
      hasReset = true
    }
    if session.condition == .untouched || result.isVerified {
      session.condition = .complete
    }
    session.context.report(.flashed(result))
    if !hasReset, let program {
      try end(program, session, isFactoryFresh: isFactoryFresh)
    }
    session.finish()
    return result
  }

  private func end(
    _ program: Leaving.Program, _ session: BoardSession, isFactoryFresh: Bool
  ) throws(JobError) {
    var leaving = Leaving(session: session, wasFactoryFresh: isFactoryFresh)
    switch ending {
    case .stay: return
    case .start(let address):
      var program = program
      if let address { program.address = address }
      try leaving.start(program)
    case .relaunch:
      leaving.permissions = permissions
      try leaving.relaunch()
    }
  }

  private func preview(
    _ share: JobFirmware.Share, _ session: BoardSession
  ) throws(JobError) {
    guard !share.memory.holdsOptionBytes else { return }
    let flasher = try session.flasher(share.memory, flash, isDryRun: true)
    let plan = try session.perform { () throws(FlashError) in
      try flasher.plan(for: share.image)
    }
    try session.speaking { () throws(DFUError) in
      try flasher.session.settle()
    }
    session.report(plan, of: share.memory, flash, isDryRun: true)
  }

  /// Looks at the chip before anything is changed: a protected one is refused,
  /// also where nothing would be read later.
  ///
  /// - Returns: whether its flash is blank and it looks at that only when it is
  ///   powered.
  private func prepare(
    _ shares: [JobFirmware.Share], _ session: BoardSession
  ) throws(JobError) -> Bool {
    guard let first = shares.first, !flash.resetsAfterWrite else {
      return false
    }
    try session.learnBootloader(first.memory)
    // Nothing is read that is erased anyway: a word whose programming was cut
    // off can make the chip fault.
    guard !flash.rewritesAll, flash.massErase != .always else { return false }
    let word = try session.firstWord(of: first.memory)
    guard case .present = session.knowledge.shared.emptyCheck else {
      return false
    }
    return word == EmptyCheck.emptyWord
  }

  /// Refuses, before anything is erased, to erase sectors where the bootloader
  /// erases others instead. What is there already needs no erasing.
  private func checkErases(
    _ share: JobFirmware.Share, _ session: BoardSession
  ) throws(JobError) {
    let rules = session.knowledge.rules
    let all = session.knowledge.operations(
      erasing: share.extent, in: share.memory)
    guard
      all.contains(where: {
        rules.refusals[$0] != nil || rules.warnings[$0] != nil
      })
    else { return }
    let flasher = try session.flasher(share.memory, flash, isQuiet: true)
    let plan = try session.perform { () throws(FlashError) in
      try flasher.plan(for: share.image)
    }
    guard let start = plan.erases.map(\.address).min(),
      let end = plan.erases.map(\.end).max()
    else { return }
    for operation in session.knowledge.operations(
      erasing: UInt64(start)..<end, in: share.memory)
    {
      try session.checkErrata(operation)
    }
  }

  private func write(
    _ share: JobFirmware.Share, _ session: BoardSession
  ) throws(JobError) -> Flasher.Outcome {
    let flasher = try session.flasher(share.memory, flash)
    do throws(JobError) {
      return try session.perform { () throws(FlashFailure) in
        try flasher.flash(share.image)
      }
    } catch {
      // What was right before is skipped the second time. What shared a
      // sector and is erased would be lost.
      guard case .device(let cause) = error.cause, cause.isStall,
        error.lost.isEmpty, session.reduceTransfers()
      else { throw error }
      session.context.report(.transfersReduced(cause))
      let flasher = try session.flasher(share.memory, flash)
      return try session.perform { () throws(FlashFailure) in
        try flasher.flash(share.image)
      }
    }
  }

  private func writeAndReset(
    _ share: JobFirmware.Share, _ session: BoardSession
  ) throws(JobError) {
    try session.checkStop()
    let flasher = try session.flasher(share.memory, flash)
    try session.perform { () throws(FlashError) in
      try flasher.writeAndReset(share.image)
    }
    session.close()
  }

  /// Has F2, F4 and F7 chips program 32 bits at a time.
  private func setVoltageRange(_ session: BoardSession) throws(JobError) {
    guard let supply else { return }
    let knowledge = session.knowledge
    let memory = session.selected.interface.memories.first {
      $0.map.sector(at: VoltageRange.address) != nil
    }
    guard let memory, knowledge.shared.hasVoltageRange else {
      throw session.fail(.noVoltageRange(knowledge.identification))
    }
    guard let range = VoltageRange(programming32BitsAt: supply) else {
      throw session.fail(.voltageOutOfRange(supply))
    }
    guard permissions.contains(.deviceFeature) else {
      throw session.fail(
        .notPermitted(.deviceFeature, at: VoltageRange.address, nil))
    }
    let open = try session.session(memory.alternate.number)
    let isSet = try session.speaking { () throws(DFUError) in
      try range.set(open)
    }
    guard isSet else { throw session.fail(.voltageNotTaken) }
    session.context.report(.voltageRangeSet)
  }
}

extension JobFirmware.Share {
  /// From the first to the last address.
  var extent: Range<UInt64> {
    let ranges = image.segments.map(\.range)
    let start = ranges.map(\.lowerBound).min() ?? 0
    return start..<max(start, ranges.map(\.upperBound).max() ?? 0)
  }
}

extension BoardSession {
  /// Refuses option bytes that cannot go in one transfer each.
  func checkFits(_ share: JobFirmware.Share) throws(JobError) {
    do throws(FlashRefusal) {
      _ = try FlashPlan.sectors(for: share.image, in: share.memory.map)
      let limit = (try? selected.transferSize(options.transferSize)) ?? 64
      for segment in share.image.segments where segment.bytes.count > limit {
        throw .notAtOnce(segment.bytes.count, transferSize: limit)
      }
    } catch {
      throw fail(.refused(error))
    }
  }
}
