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

  /// The first block number that carries data.
  private static let firstBlock = 2
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
    try transfer(
      data, block: block, .write, at: address, .write,
      limit: behaviour.writeLimit)
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

  /// One DNLOAD, the GETSTATUS that starts the work, and GETSTATUS until it
  /// is done.
  private func transfer(
    _ data: Span<UInt8>, block: UInt16, _ operation: DFUOperation,
    at address: UInt32?, _ work: Polling.Work, limit: Duration
  ) throws(DFUError) {
    try leaveUpload()
    do throws(DFUError) {
      try connection.download(
        block: block, data, during: operation, at: address)
      let report = try wait(operation, at: address, work, limit: limit)
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

  /// Has the device begin and asks until it is done.
  ///
  /// - Returns: the last answer.
  private func wait(
    _ operation: DFUOperation, at address: UInt32?, _ work: Polling.Work,
    limit: Duration
  ) throws(DFUError) -> DFUStatusReport {
    let clock = connection.clock
    let sent = clock.now()
    var report = try connection.getStatus(during: operation, at: address)
    // The next question takes as long to arrive as the first did; only the
    // specification wants the whole time to pass after the answer.
    let start = polling.mode == .specification ? clock.now() : sent
    var asked = 0
    var askedAt = Duration.zero
    // TI's devices stay in dfuDNLOAD-SYNC while they work.
    while report.state == .downloadBusy || report.state == .downloadSync {
      let elapsed = clock.now() - start
      if isWedged(work, report, elapsed: elapsed) {
        try connection.clearStatus(during: operation)
        try connection.clearStatus(during: operation)
        wedgeWasCured = true
        return try connection.getStatus(during: operation, at: address)
      }
      guard elapsed < limit else {
        throw DFUError(operation, at: address, .stillBusy(limit: limit))
      }
      let delay = polling.delay(
        work, reported: .milliseconds(Int(report.pollTimeout)),
        elapsed: elapsed, asked: asked)
      // A device may say hours.
      clock.sleep(for: min(delay, limit - elapsed))
      askedAt = clock.now() - start
      asked += 1
      do throws(DFUError) {
        report = try connection.getStatus(
          limit: DFUConnection.requestLimit + limit - elapsed,
          during: operation, at: address)
        if report.state == .downloadBusy {
          polling.learn(work, .busy, after: askedAt)
        }
      } catch  where error.isStall && asked < 64 {
        polling.learn(work, .stall, after: askedAt)
      }
    }
    if asked > 0 {
      polling.finished(work, asked: askedAt, answered: clock.now() - start)
    }
    return report
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
