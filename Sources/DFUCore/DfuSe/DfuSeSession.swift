/// How one DfuSe device wants to be spoken to, where devices differ.
public struct DfuSeBehaviour: Sendable {
  /// Which poll times are believed.
  public var polling: Polling.Mode
  /// Whether the address is set anew for every block, for devices that do
  /// not count `wBlockNum`.
  public var setsAddressPerBlock: Bool
  /// The longest a sector may take to erase.
  public var eraseLimit: Duration
  /// The longest the whole memory may take to erase.
  public var massEraseLimit: Duration
  /// The longest a block may take to program.
  public var writeLimit: Duration

  /// Whether an erase that never ends is cured by CLRSTATUS sent twice
  /// (STM32H743). What was erased must then be looked at.
  public var curesWedge = false
  /// Whether leaving may need one more GETSTATUS (STM32F072).
  public var manifestNeedsSecondStatus = false

  /// Behaviour that suits a device nothing is known of, but for `polling`.
  public init(
    polling: Polling.Mode, setsAddressPerBlock: Bool = false,
    eraseLimit: Duration = .seconds(40),
    massEraseLimit: Duration = .seconds(120),
    writeLimit: Duration = .seconds(5)
  ) {
    self.polling = polling
    self.setsAddressPerBlock = setsAddressPerBlock
    self.eraseLimit = eraseLimit
    self.massEraseLimit = massEraseLimit
    self.writeLimit = writeLimit
  }
}

/// How a device answered the request to leave DFU mode.
public enum LeaveAnswer: Hashable, Sendable {
  /// It reported this state, as a rule dfuMANIFEST.
  case state(DFUState)
  /// It did not answer any more. Whether it left, the bus tells.
  case silence
}

/// DfuSe with one device: commands, and blocks at addresses (UM0424, AN3156).
///
/// Keeps track of the device's state and address pointer, so that neither is
/// asked for nor set when it is already right.
public final class DfuSeSession {
  /// The interface that is spoken with.
  public let connection: DFUConnection
  /// Where this device differs from others; may change as it is learned.
  public var behaviour: DfuSeBehaviour
  /// What has been learned of its poll times.
  public private(set) var polling: Polling

  /// Whether anything could be read in this session.
  public private(set) var hasRead = false

  private var state = DFUState.idle
  private var pointer: UInt32?
  private var wedgeWasCured = false
  private var brokenRows = 0
  private var blocksInRows = 0

  /// The first block number that carries data.
  private static let firstBlock = 2
  /// More blocks in a row gain little.
  private static let longestRow = 32
  /// About as long as a row may take, for whoever wants to stop or to see
  /// progress.
  private static let rowTime = Duration.milliseconds(300)
  /// So many rows may break, and one more for each that many blocks; after
  /// that blocks go one by one.
  private static let mostBrokenRows = 3
  private static let blocksPerBrokenRow = 64

  /// Brings the device to dfuIDLE and begins.
  ///
  /// - Throws: `DFUError` when the device does not become idle.
  public init(
    _ connection: DFUConnection, _ behaviour: DfuSeBehaviour
  ) throws(DFUError) {
    self.connection = connection
    self.behaviour = behaviour
    polling = Polling(behaviour.polling)
    try recover()
  }

  /// Brings the device back to dfuIDLE after an error. The address pointer
  /// counts as unknown afterwards.
  public func recover() throws(DFUError) {
    pointer = nil
    try connection.makeIdle()
    state = .idle
  }

  /// Ends a transfer that is under way, so that the device is in dfuIDLE.
  public func settle() throws(DFUError) {
    guard state != .idle else { return }
    try connection.abort()
    state = .idle
  }

  // MARK: Commands

  /// Sets the address pointer.
  public func setAddress(_ address: UInt32) throws(DFUError) {
    pointer = nil
    try command(
      [0x21] + address.littleEndianBytes, .setAddress, at: address,
      .setAddress, limit: DFUConnection.requestLimit)
    pointer = address
  }

  /// Erases the sector that holds `address`; `size` is its size in bytes.
  ///
  /// - Returns: `false` when the device had to be freed from an erase that did
  ///   not end, so that the sector must be looked at.
  @discardableResult
  public func eraseSector(
    at address: UInt32, size: Int
  ) throws(DFUError) -> Bool {
    wedgeWasCured = false
    try command(
      [0x41] + address.littleEndianBytes, .eraseSector, at: address,
      .erase(size), limit: behaviour.eraseLimit)
    pointer = nil
    return !wedgeWasCured
  }

  /// Erases the whole memory of the alternate setting.
  ///
  /// - Returns: as ``eraseSector(at:size:)``.
  @discardableResult
  public func massErase() throws(DFUError) -> Bool {
    wedgeWasCured = false
    try command(
      [0x41], .massErase, .massErase, limit: behaviour.massEraseLimit)
    pointer = nil
    return !wedgeWasCured
  }

  /// Lifts readout protection. The device erases its memory and leaves the
  /// bus; it must be looked for again.
  public func readUnprotect() throws(DFUError) {
    try commandWithReset([0x92], block: 0, .readUnprotect, at: nil)
  }

  /// The device's command codes, usually 00 21 41 92.
  public func commands() throws(DFUError) -> [UInt8] {
    try leaveDownload()
    let bytes = try upload(
      block: 0, length: connection.transferSize, .getCommands, at: nil)
    // A short reply ends the upload.
    state = bytes.count < connection.transferSize ? .idle : .uploadIdle
    return bytes
  }

  /// Sends a vendor's command: a DNLOAD to block 0.
  public func special(_ payload: [UInt8], code: UInt8) throws(DFUError) {
    try command(
      payload, .special(code), .other, limit: behaviour.writeLimit)
    pointer = nil
  }

  // MARK: Data

  /// Programs `data`, at most one transfer size, at `address`. The memory
  /// must be erased where it needs to be.
  ///
  /// The address pointer is only set where `wBlockNum` cannot reach the
  /// address from it, and for short blocks, because devices disagree
  /// whether a block number counts transfer sizes or requested lengths.
  ///
  /// - Parameter base: where the pointer is best set, if it must be set: the
  ///   lowest address of what is written next.
  public func write(
    _ data: Span<UInt8>, at address: UInt32, base: UInt32? = nil
  ) throws(DFUError) {
    let block = try block(for: address, length: data.count, base: base)
    do throws(DFUError) {
      try transfer(
        data, block: block, .write, at: address, .write,
        limit: behaviour.writeLimit)
    } catch {
      guard block != Self.firstBlock, !behaviour.setsAddressPerBlock,
        error.isStall || error.status == .address || error.status == .target
          || error.status == .stalledPacket
      else { throw error }
      // Perhaps a device that does not count blocks: once more with the
      // address set, and if that is the cure, from now on always.
      try recover()
      try setAddress(address)
      try transfer(
        data, block: UInt16(Self.firstBlock), .write, at: address, .write,
        limit: behaviour.writeLimit)
      behaviour.setsAddressPerBlock = true
    }
  }

  /// How a row of blocks went.
  public struct WrittenRow: Sendable {
    /// How many of the blocks are known to be programmed.
    public var done: Int
    /// How many may have reached the device, at least one. What became of
    /// those that are not done, only reading tells.
    public var sent: Int
    /// Why the row ended early.
    public var failure: DFUError?
  }

  /// Programs the first of several blocks, as many as are best sent in one
  /// row: the device begins the next as soon as it has reported the last one
  /// done, without waiting for this program. While all goes well it meets
  /// the requests that it would meet one by one.
  ///
  /// - Parameters:
  ///   - blocks: offsets into `bytes`, each at most one transfer size. The
  ///     memory must be erased there.
  ///   - base: the address of the first byte; the pointer is set there, if no
  ///     block number stands for a block's address.
  public func write(
    _ blocks: ArraySlice<Range<Int>>, of bytes: [UInt8], at base: UInt32
  ) -> WrittenRow {
    let count = rowLength(blocks, base)
    var row = WrittenRow(done: 0, sent: 0)
    do throws(DFUError) {
      guard count > 1 else {
        guard let block = blocks.first else { return row }
        try write(
          bytes.span.extracting(block), at: address(of: block, base),
          base: base)
        return WrittenRow(done: 1, sent: 1)
      }
      defer { blocksInRows += row.done }
      try write(row: blocks.prefix(count), of: bytes, at: base, &row)
    } catch {
      if count > 1 { brokenRows += 1 }
      row.sent = max(1, row.sent)
      row.failure = error
    }
    return row
  }

  private func write(
    row blocks: ArraySlice<Range<Int>>, of bytes: [UInt8], at base: UInt32,
    _ row: inout WrittenRow
  ) throws(DFUError) {
    let limit = behaviour.writeLimit
    let isHeldBack = polling.isHeldBack(.write)
    var pending: [[DFUConnection.Step]] = []
    for block in blocks {
      // Only the first may set the pointer.
      let number = try self.block(
        for: address(of: block, base), length: block.count, base: base)
      pending.append(
        steps(Array(bytes[block]), block: number, .write, limit: limit))
    }
    try leaveUpload()
    // What came of blocks that were sent and are not looked at yet, and why
    // not more.
    var ahead: ArraySlice<DFUConnection.StepOutcome> = []
    var broken: DFUError?
    for (index, block) in blocks.enumerated() {
      let address = address(of: block, base)
      do throws(DFUError) {
        if row.sent == index {
          row.sent = isHeldBack ? pending.count : index + 1
          let outcomes = connection.perform(
            pending[index..<row.sent].flatMap { $0 },
            during: .write, at: address)
          ahead = outcomes[...]
          broken = outcomes.last?.failure
        }
        if ahead.isEmpty, let broken { throw broken }
        let started = try Started(ahead.prefix(pending[index].count))
        ahead = ahead.dropFirst(pending[index].count)
        let next =
          !isHeldBack && index + 1 < pending.count && row.sent == index + 1
            && polling.isPunctual(.write)
          ? pending[index + 1] : []
        let (report, outcomes) = try wait(
          for: started, .write, at: address, .write, limit: limit, next: next,
          willSend: { row.sent = index + 2 })
        try check(report, .write, at: address)
        row.done = index + 1
        if let outcomes {
          ahead = outcomes.dropFirst()
          broken = outcomes.last?.failure
        }
      } catch {
        throw explained(DFUError(.write, at: address, error.reason))
      }
    }
  }

  /// How many of the blocks can go in one row, and should: it takes about as
  /// long as a person who wants to stop can wait.
  private func rowLength(
    _ blocks: ArraySlice<Range<Int>>, _ base: UInt32
  ) -> Int {
    guard polling.mode == .immediate, !behaviour.setsAddressPerBlock,
      brokenRows < Self.mostBrokenRows + blocksInRows / Self.blocksPerBrokenRow,
      let longest = polling.longest(.write)
    else { return 1 }
    let most = min(
      Self.longestRow, Int(Self.rowTime / max(longest, .milliseconds(1))))
    // Only whole blocks: a short one needs a pointer of its own, and one with
    // the vector table must not go before the rest is known to be good.
    let whole = blocks.prefix(most).prefix {
      $0.count == connection.transferSize
    }
    func canCount(from origin: UInt32?, _ block: Range<Int>) -> Bool {
      guard let origin else { return false }
      return number(
        of: address(of: block, base), from: origin, length: block.count) != nil
    }
    let isOnTheWay = whole.first.map { canCount(from: pointer, $0) } ?? false
    let origin = isOnTheWay ? pointer : base
    return whole.prefix { canCount(from: origin, $0) }.count
  }

  private func address(of block: Range<Int>, _ base: UInt32) -> UInt32 {
    base &+ UInt32(truncatingIfNeeded: block.lowerBound)
  }

  /// Programs option bytes or anything else after which the chip resets at
  /// once. The device leaves the bus; it must be looked for again.
  public func writeAndReset(
    _ data: [UInt8], at address: UInt32
  ) throws(DFUError) {
    try setAddress(address)
    try commandWithReset(
      data, block: UInt16(Self.firstBlock), .write, at: address)
  }

  /// Reads `length` bytes, at most one transfer size, at `address`.
  ///
  /// - Throws: `DFUError` also when the device sends fewer.
  public func read(
    _ length: Int, at address: UInt32
  ) throws(DFUError) -> [UInt8] {
    let block = try block(for: address, length: length)
    try leaveDownload()
    let bytes = try upload(
      block: UInt16(block), length: length, .read, at: address)
    guard bytes.count == length else {
      state = .idle
      throw DFUError(
        .read, at: address,
        .shortReply(received: bytes.count, expected: length))
    }
    state = .uploadIdle
    hasRead = true
    return bytes
  }

  /// Reads `count` blocks of one transfer size each, from `address` on, without
  /// a pause between them.
  ///
  /// - Returns: at least one block; fewer than `count` when the device did not
  ///   give more in one go. The next call then says why.
  /// - Throws: `DFUError` when there is no first block.
  public func readBlocks(
    _ count: Int, at address: UInt32
  ) throws(DFUError) -> [[UInt8]] {
    let size = connection.transferSize
    let first = try block(for: address, length: size)
    guard count > 1, !behaviour.setsAddressPerBlock,
      let last = UInt16(exactly: Int(first) + count - 1)
    else { return [try read(size, at: address)] }
    try leaveDownload()
    let (blocks, failure) = connection.upload(
      blocks: first...last, length: size, at: address)
    state = .uploadIdle
    if let failure {
      guard !blocks.isEmpty else {
        if case .shortReply = failure.reason { state = .idle }
        throw explained(failure)
      }
      guard !failure.isGone, (try? recover()) != nil else { throw failure }
    }
    return blocks
  }

  /// Asks the device to leave DFU mode and run the program whose vector
  /// table is at `address`; without an address, where the pointer stands.
  public func leave(to address: UInt32?) throws(DFUError) -> LeaveAnswer {
    try leaveUpload()
    if let address { try setAddress(address) }
    try connection.download(
      block: UInt16(Self.firstBlock), [UInt8]().span, during: .leave,
      at: address)
    guard var report = try? connection.getStatus(during: .leave) else {
      return .silence
    }
    if behaviour.manifestNeedsSecondStatus, report.state == .manifest {
      connection.clock.sleep(for: .milliseconds(Int(report.pollTimeout)))
      guard let second = try? connection.getStatus(during: .leave) else {
        return .silence
      }
      report = second
    }
    if report.state == .error || report.status != .ok {
      state = report.state
      throw DFUError(.leave, at: address, .status(report))
    }
    state = report.state
    return .state(report.state)
  }

  // MARK: How it goes over the wire

  /// The block number that stands for `address`, after setting the pointer
  /// if no number does.
  private func block(
    for address: UInt32, length: Int, base: UInt32? = nil
  ) throws(DFUError) -> UInt16 {
    if let pointer,
      let number = number(of: address, from: pointer, length: length)
    {
      return number
    }
    if let base, let number = number(of: address, from: base, length: length) {
      try setAddress(base)
      return number
    }
    try setAddress(address)
    return UInt16(Self.firstBlock)
  }

  /// The block number that stands for `address` when the pointer is at `base`.
  private func number(
    of address: UInt32, from base: UInt32, length: Int
  ) -> UInt16? {
    if address == base { return UInt16(Self.firstBlock) }
    let size = connection.transferSize
    guard address > base, length == size, !behaviour.setsAddressPerBlock
    else { return nil }
    let (blocks, rest) = Int(address - base).quotientAndRemainder(
      dividingBy: size)
    return rest == 0 ? UInt16(exactly: blocks + Self.firstBlock) : nil
  }

  /// UPLOAD is refused in dfuDNLOAD-IDLE.
  private func leaveDownload() throws(DFUError) {
    if state == .downloadIdle { try settle() }
  }

  /// DNLOAD is refused in dfuUPLOAD-IDLE.
  private func leaveUpload() throws(DFUError) {
    if state == .uploadIdle { try settle() }
  }

  private func command(
    _ payload: [UInt8], _ operation: DFUOperation, at address: UInt32? = nil,
    _ work: Polling.Work, limit: Duration
  ) throws(DFUError) {
    try transfer(
      payload.span, block: 0, operation, at: address, work, limit: limit)
  }

  /// Work that a device was told to do.
  private struct Started {
    /// What the GETSTATUS that started it said.
    var report: DFUStatusReport
    /// When that was asked, by the device's clock.
    var asked: Duration
    /// When it was answered; the work began in between.
    var answered: Duration
    /// A second GETSTATUS, where it was sent along.
    var second: DFUConnection.StepOutcome?

    /// From the outcomes of DNLOAD, GETSTATUS and perhaps another GETSTATUS,
    /// which alone may have failed.
    init(
      _ outcomes: some Collection<DFUConnection.StepOutcome>
    ) throws(DFUError) {
      let outcomes = Array(outcomes)
      for outcome in outcomes.prefix(2) {
        if let failure = outcome.failure { throw failure }
      }
      guard outcomes.count >= 2, let report = outcomes[1].report else {
        throw DFUError(.getStatus, .shortReply(received: 0, expected: 6))
      }
      self.report = report
      asked = outcomes[1].start
      answered = outcomes[1].end
      second = outcomes.count > 2 ? outcomes[2] : nil
    }
  }

  /// One DNLOAD, the GETSTATUS that starts the work, and GETSTATUS until it
  /// is done.
  private func transfer(
    _ data: Span<UInt8>, block: UInt16, _ operation: DFUOperation,
    at address: UInt32?, _ work: Polling.Work, limit: Duration
  ) throws(DFUError) {
    try leaveUpload()
    do throws(DFUError) {
      let started = try Started(
        connection.perform(
          steps([UInt8](copying: data), block: block, work, limit: limit),
          during: operation, at: address))
      let report = try wait(
        for: started, operation, at: address, work, limit: limit
      ).report
      try check(report, operation, at: address)
    } catch {
      throw explained(error)
    }
  }

  private func check(
    _ report: DFUStatusReport, _ operation: DFUOperation, at address: UInt32?
  ) throws(DFUError) {
    state = report.state
    guard report.status == .ok, report.state != .error else {
      throw DFUError(operation, at: address, .status(report))
    }
    guard report.state == .downloadIdle || report.state == .idle else {
      throw DFUError(operation, at: address, .unexpectedState(report.state))
    }
  }

  /// The requests that start a piece of work; with them a second question
  /// where the device holds its answer back until the work is done.
  private func steps(
    _ data: [UInt8], block: UInt16, _ work: Polling.Work, limit: Duration
  ) -> [DFUConnection.Step] {
    let start: [DFUConnection.Step] = [
      .download(block: block, data), .getStatus(),
    ]
    return polling.isAskedAtOnce(work)
      ? start + [.getStatus(waiting: limit)] : start
  }

  /// Asks until a piece of work is done.
  ///
  /// - Parameters:
  ///   - next: goes out right behind the first question. As long as the work
  ///     lasts a device refuses it.
  ///   - willSend: called before `next` goes out.
  /// - Returns: the last answer; and if `next` was sent, what came of the
  ///   question and of it.
  private func wait(
    for started: Started, _ operation: DFUOperation, at address: UInt32?,
    _ work: Polling.Work, limit: Duration, next: [DFUConnection.Step] = [],
    willSend: () -> Void = {}
  ) throws(DFUError) -> (
    report: DFUStatusReport, row: [DFUConnection.StepOutcome]?
  ) {
    let clock = connection.clock
    // The next question takes as long to arrive as the first did; only the
    // specification wants the whole time to pass after the answer.
    let start =
      polling.mode == .specification ? started.answered : started.asked
    var report = started.report
    var second = started.second
    var row: [DFUConnection.StepOutcome]?
    var asked = 0
    var askedAt = Duration.zero
    var answeredAt = Duration.zero
    // TI's devices stay in dfuDNLOAD-SYNC while they work.
    while report.state == .downloadBusy || report.state == .downloadSync {
      let elapsed = second == nil ? clock.now() - start : .zero
      if isWedged(work, report, elapsed: elapsed) {
        try connection.clearStatus(during: operation)
        try connection.clearStatus(during: operation)
        wedgeWasCured = true
        return (
          try connection.getStatus(during: operation, at: address), row
        )
      }
      guard elapsed < limit else {
        throw DFUError(operation, at: address, .stillBusy(limit: limit))
      }
      if second == nil {
        let delay = polling.delay(
          work, reported: .milliseconds(Int(report.pollTimeout)),
          elapsed: elapsed, asked: asked)
        // A device may say hours.
        clock.sleep(for: min(delay, limit - elapsed))
        askedAt = clock.now() - start
      }
      asked += 1
      do throws(DFUError) {
        var answer = second
        second = nil
        if answer == nil {
          let behind = asked == 1 ? next : []
          if !behind.isEmpty { willSend() }
          let outcomes = connection.perform(
            [.getStatus(waiting: limit - elapsed)] + behind,
            during: operation, at: address)
          answer = outcomes.first
          if !behind.isEmpty { row = outcomes }
        }
        guard let answer else { continue }
        if let failure = answer.failure { throw failure }
        guard let told = answer.report else { continue }
        report = told
        answeredAt = answer.end - start
        if report.state == .downloadBusy {
          polling.learn(work, .busy, after: askedAt)
        }
      } catch  where error.isStall && asked < 64 {
        polling.learn(work, .stall, after: askedAt)
      }
    }
    if asked > 0 {
      polling.finished(
        work, asked: askedAt, answered: answeredAt,
        quick: started.answered - started.asked)
    }
    return (report, row)
  }

  /// Whether an erase goes on so much longer than the ones before it, or than
  /// the datasheet allows, that it will not end by itself.
  private func isWedged(
    _ work: Polling.Work, _ report: DFUStatusReport, elapsed: Duration
  ) -> Bool {
    guard behaviour.curesWedge, report.state == .downloadBusy,
      elapsed >= .milliseconds(Int(report.pollTimeout))
    else { return false }
    switch work {
    case .erase:
      return elapsed
        >= polling.longest(work).map { $0 * 5 / 4 } ?? behaviour.eraseLimit / 2
    case .massErase: return elapsed >= behaviour.massEraseLimit / 2
    default: return false
    }
  }

  /// A DNLOAD after whose first GETSTATUS the device resets. Everything that
  /// fails from then on is what a reset looks like; only an error that the
  /// device reports is one.
  private func commandWithReset(
    _ data: [UInt8], block: UInt16, _ operation: DFUOperation,
    at address: UInt32?
  ) throws(DFUError) {
    try leaveUpload()
    do throws(DFUError) {
      try connection.download(
        block: block, data.span, during: operation, at: address)
    } catch {
      throw explained(error)
    }
    pointer = nil
    guard
      let report = try? connection.getStatus(during: operation, at: address)
    else { return }
    state = report.state
    if report.state == .error || report.status != .ok {
      throw DFUError(operation, at: address, .status(report))
    }
  }

  private func upload(
    block: UInt16, length: Int, _ operation: DFUOperation, at address: UInt32?
  ) throws(DFUError) -> [UInt8] {
    do throws(DFUError) {
      return try connection.upload(
        block: block, length: length, during: operation, at: address)
    } catch {
      throw explained(error)
    }
  }

  /// A stall says nothing; the status that follows does.
  private func explained(_ error: DFUError) -> DFUError {
    if error.isGone { return error }
    pointer = nil
    guard error.isStall,
      let report = try? connection.getStatus(
        during: error.operation, at: error.address)
    else { return error }
    state = report.state
    guard report.status != .ok else { return error }
    return DFUError(error.operation, at: error.address, .status(report))
  }
}
