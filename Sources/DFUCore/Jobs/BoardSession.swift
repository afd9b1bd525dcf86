/// How to work with a board, whatever is to be done.
public struct BoardOptions: Hashable, Sendable {
  /// The transfer size to use instead of the board's own, bytes.
  public var transferSize: Int?
  /// The alternate setting that is meant.
  public var alternate: AlternateSelector?
  /// Which poll times are believed; `nil` for what suits the chip.
  public var polling: Polling.Mode?
  /// The chip family that the user named.
  public var chip: ChipFamily?
  /// Whether the named chip counts even where the board shows another one.
  public var trustsNamedChip = false
  /// Whether the device is spoken to as DfuSe although it does not say that it
  /// speaks it.
  public var assumesDfuSe = false
  /// Whether the device is told to detach and is reset at the end.
  public var resetsAtEnd = false

  /// What suits any board.
  public init() {}
}

/// The board a job works with: what is known of it, its connection on the
/// alternate setting in use, and what has become of its memory so far.
package final class BoardSession {
  package let selected: SelectedBoard
  package let options: BoardOptions
  package let context: JobContext
  /// What is known of the board's chip.
  package private(set) var knowledge: BoardKnowledge
  /// What has become of the memory that the job is to change.
  package var condition = MemoryCondition.untouched

  private var current: (alternate: UInt8, session: DfuSeSession)?
  private var reducedTransferSize: Int?
  private var askedVersions: Set<UInt32> = []
  /// Warnings that were given already.
  private var told: Set<String> = []

  /// - Throws: `JobError` for a named chip that the board does not fit.
  package init(
    _ selected: SelectedBoard, _ options: BoardOptions, _ context: JobContext
  ) throws(JobError) {
    self.selected = selected
    self.options = options
    self.context = context
    knowledge = BoardKnowledge(selected, family: options.chip)
    guard let chip = options.chip, !options.trustsNamedChip else { return }
    let shown = BoardKnowledge(selected).identification
    guard shown.candidates.isEmpty || shown.candidates.contains(chip) else {
      throw fail(.otherChip(named: chip.name, shown: shown))
    }
  }

  package var board: Board { selected.board }
  package var isDfuSe: Bool {
    selected.interface.isDfuSe || options.assumesDfuSe
  }

  /// A look at the board as it came back. The wish to stop does not end it: the
  /// board is past a point of no return.
  package func returned(
    as selected: SelectedBoard
  ) throws(JobError) -> BoardSession {
    let session = try BoardSession(
      selected, options, JobContext(bus: context.bus, report: context.report))
    session.condition = condition
    return session
  }

  // MARK: Memories

  /// The memory that the options mean, or that holds `address`.
  package func memory(
    holding address: UInt32? = nil, alternate: UInt8? = nil
  ) throws(JobError) -> BoardMemory {
    guard isDfuSe else { throw fail(.notDfuSe) }
    do throws(AlternateError) {
      let memory = try selected.interface.memory(
        alternate.map { .number($0) } ?? options.alternate, holding: address)
      if memory.map.isCutOff,
        told.insert("layout \(memory.alternate.number)").inserted
      {
        context.report(.layoutCutOff(memory.alternate))
      }
      return knowledge.corrected(memory)
    } catch {
      throw fail(.alternate(error))
    }
  }

  // MARK: The connection

  /// The session with the board on an alternate setting. The board is opened
  /// once and keeps its session while the setting stays the same.
  package func session(_ alternate: UInt8) throws(JobError) -> DfuSeSession {
    if let current, current.alternate == alternate { return current.session }
    let connection: DFUConnection
    var behaviour = knowledge.behaviour(options.polling)
    if let current {
      connection = current.session.connection
      behaviour = current.session.behaviour
      try speaking { () throws(DFUError) in
        try connection.select(alternate: alternate)
      }
    } else {
      connection = try connect(alternate)
      // The board counts its own transfer size, whatever ours is.
      let size = selected.interface.functional.map { Int($0.transferSize) }
      if size != connection.transferSize {
        behaviour.counting = .never
      }
    }
    let session = try speaking { () throws(DFUError) in
      try DfuSeSession(connection, behaviour)
    }
    current = (alternate, session)
    return session
  }

  /// Opens the board, claims its interface and selects an alternate setting.
  func connect(_ alternate: UInt8?) throws(JobError) -> DFUConnection {
    do throws(BoardOpenError) {
      return try selected.connect(
        on: context.bus, alternate: alternate,
        transferSize: reducedTransferSize ?? options.transferSize)
    } catch {
      guard case .device(let error) = error else {
        throw fail(.cannotOpen(error))
      }
      throw failure(error)
    }
  }

  /// Closes the board.
  package func close() { current = nil }

  /// Ends the work: with a reset, where one is wanted. A board that does not
  /// take it has nothing to lose by it.
  package func finish() {
    if options.resetsAtEnd, let connection = current?.session.connection {
      try? connection.detach(timeout: 1000)
      try? connection.transport.reset()
    }
    close()
  }

  /// Uses smaller transfers from now on, where that is known to help with this
  /// chip; `false` when it is not.
  func reduceTransfers() -> Bool {
    guard let size = current?.session.connection.transferSize,
      let smaller = knowledge.rules.transferSizeAfterError, smaller < size
    else { return false }
    reducedTransferSize = smaller
    close()
    return true
  }

  // MARK: What the board lets be read

  /// Reads the first word of a memory; `nil` for memory that cannot be read.
  ///
  /// - Throws: `JobError` for readout protection.
  package func firstWord(of memory: BoardMemory) throws(JobError) -> UInt32? {
    guard let first = memory.map.sectors.first,
      first.access.contains(.readable),
      selected.interface.functional?.attributes.contains(.canUpload) ?? true
    else { return nil }
    let session = try session(memory.alternate.number)
    let length = min(first.size, session.connection.transferSize)
    do throws(DFUError) {
      let bytes = try session.read(length, at: first.address)
      return UInt32(littleEndianBytes: Array(bytes.prefix(4)))
    } catch {
      // A loader may refuse where it lies itself, whatever its layout says.
      let isRefused = error.status == .target || error.status == .address
      guard error.status == .vendor || isRefused else { throw failure(error) }
      let failure = self.failure(error)
      try speaking { () throws(DFUError) in try session.recover() }
      // Anything but a ROM says errVENDOR for many reasons.
      guard case .readProtected = failure.cause else { return nil }
      throw failure
    }
  }

  /// Whether a memory cannot be read because of readout protection.
  func isReadProtected(_ memory: BoardMemory) throws(JobError) -> Bool {
    do throws(JobError) {
      _ = try firstWord(of: memory)
      return false
    } catch {
      guard case .readProtected = error.cause else { throw error }
      return true
    }
  }

  /// Reads the bootloader's version where it decides about an erratum. Not
  /// every bootloader lets it be read; then the erratum stays possible. Other
  /// firmware is not asked for what lies outside its layout.
  package func learnBootloader(_ memory: BoardMemory) throws(JobError) {
    let memories = selected.interface.memories
    let addresses = knowledge.undecidedVersions.filter { address in
      !askedVersions.contains(address)
        && (knowledge.isCertainROM
          || memories.contains { $0.map.sector(at: address) != nil })
    }
    guard !addresses.isEmpty else { return }
    let session = try session(memory.alternate.number)
    for address in addresses {
      askedVersions.insert(address)
      if let byte = try? session.read(1, at: address).first {
        knowledge = knowledge.knowing(byte, at: address)
      } else {
        try speaking { () throws(DFUError) in try session.recover() }
      }
    }
  }

  // MARK: Working, and failing

  /// The flasher of a memory. What it reports is noted, and passed on unless it
  /// is of no interest to a person.
  func flasher(
    _ memory: BoardMemory, _ options: FlashOptions = FlashOptions(),
    isQuiet: Bool = false, isDryRun: Bool = false
  ) throws(JobError) -> Flasher {
    let adapted = knowledge.adapt(options, to: memory)
    return Flasher(
      try session(memory.alternate.number), memory.map,
      options: adapted, shouldStop: context.shouldStop,
      report: { [self] event in
        note(event, verifies: adapted.verification != .off)
        guard !isQuiet else { return }
        guard case .planned(let plan) = event else {
          return context.report(.progress(event))
        }
        report(plan, of: memory, options, isDryRun: isDryRun)
      })
  }

  func report(
    _ plan: FlashPlan, of memory: BoardMemory, _ options: FlashOptions,
    isDryRun: Bool
  ) {
    let expected = knowledge.shared.timing.map {
      plan.typicalTime($0, verifies: options.verification != .off)
    }
    context.report(
      .planned(
        PlannedFlash(
          board: board, memory: memory, plan: plan, expected: expected,
          isDryRun: isDryRun)))
  }

  /// Keeps track of what has become of the memory.
  ///
  /// - Parameter verifies: whether the vector table is still to be written when
  ///   the phase of writing is over, as it is when all is read back first.
  func note(_ event: FlashEvent, verifies: Bool = false) {
    switch event {
    case .began(.erase, _), .began(.write, _): condition = .incomplete
    case .finished(.write) where condition == .incomplete && !verifies:
      condition = .writtenNotVerified
    case .finished(.verify) where condition != .untouched:
      condition = .complete
    default: break
    }
  }

  /// Runs a piece of the flasher's work.
  func perform<Result>(
    _ body: () throws(FlashError) -> Result
  ) throws(JobError) -> Result {
    do throws(FlashError) {
      return try body()
    } catch {
      throw failure(error)
    }
  }

  /// Runs a flash.
  func perform(
    _ body: () throws(FlashFailure) -> Flasher.Outcome
  ) throws(JobError) -> Flasher.Outcome {
    do throws(FlashFailure) {
      return try body()
    } catch {
      var failure = failure(error.error)
      failure.afterReset = error.afterReset
      failure.lost = error.lost
      if !error.lost.isEmpty { context.report(.lost(error.lost, board)) }
      throw failure
    }
  }

  /// Runs a piece of work that speaks with the device itself.
  func speaking<Result>(
    _ body: () throws(DFUError) -> Result
  ) throws(JobError) -> Result {
    do throws(DFUError) {
      return try body()
    } catch {
      throw failure(error)
    }
  }

  func checkStop() throws(JobError) {
    try context.checkStop(board, condition)
  }

  package func fail(_ cause: JobError.Cause) -> JobError {
    JobError(cause, board, condition)
  }

  func failure(_ error: DFUError) -> JobError {
    if error.reason == .stopped { return fail(.stopped) }
    let isProtected = current?.session.isProtection(error) ?? false
    return fail(isProtected ? .readProtected(error) : .device(error))
  }

  func failure(_ error: FlashError) -> JobError {
    switch error {
    case .refused(let refusal): fail(.refused(refusal))
    case .device(let error): failure(error)
    case .readProtected(let error): fail(.readProtected(error))
    case .notErased(let sectors, let address):
      fail(.notErased(sectors, address: address))
    case .unverifiable(let range): fail(.unverifiable(range))
    case .mismatch(let mismatch): fail(.mismatch(mismatch))
    case .cancelled: fail(.stopped)
    case .output(let text): fail(.output(text))
    }
  }

  /// Says what is known at an occasion and was not said yet.
  func tellHints(on occasion: BoardRules.Occasion, but others: [String] = []) {
    for sentence in knowledge.rules.hints[occasion] ?? []
    where !others.contains(sentence) && told.insert(sentence).inserted {
      context.report(.known(sentence, isWarning: false))
    }
  }

  /// Says that the chip needs a power cycle after an operation, where it does.
  func tellOfPowerCycle(after operation: ChipOperation) {
    for sentence in knowledge.rules.powerCycles[operation] ?? [] {
      context.report(.known(sentence, isWarning: true))
    }
  }

  /// Says what is known of an operation, and refuses one that the bootloader is
  /// known to do wrong.
  func checkErrata(_ operation: ChipOperation) throws(JobError) {
    if let sentences = knowledge.rules.refusals[operation] {
      throw fail(.erratum(operation, sentences))
    }
    for sentence in knowledge.rules.warnings[operation] ?? []
    where told.insert(sentence).inserted {
      context.report(.known(sentence, isWarning: true))
    }
  }
}
