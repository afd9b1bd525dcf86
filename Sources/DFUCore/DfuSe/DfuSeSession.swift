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
package final class DfuSeSession {
  /// The interface that is spoken with.
  package let connection: DFUConnection
  /// Where this device differs from others; may change as it is learned.
  package var behaviour: DfuSeBehaviour
  /// What has been learned of its poll times.
  package internal(set) var polling: Polling

  var state = DFUState.idle
  var pointer: UInt32?
  var wedgeWasCured = false
  /// The block that was read last, until it is known whether UPLOAD counts.
  var lastRead: (address: UInt32, bytes: [UInt8])?

  /// The first block number that carries data.
  static let firstBlock: UInt16 = 2

  /// Brings the device to dfuIDLE and begins.
  ///
  /// - Throws: `DFUError` when the device does not become idle.
  package init(
    _ connection: DFUConnection, _ behaviour: DfuSeBehaviour
  ) throws(DFUError) {
    self.connection = connection
    self.behaviour = behaviour
    polling = Polling(behaviour.polling, triesEarly: !behaviour.needsGaps)
    connection.gap = behaviour.needsGaps ? DfuSeBehaviour.gap : .zero
    try recover()
  }

  /// Whether a failure means that readout protection is on.
  package func isProtection(_ failure: DFUError) -> Bool {
    failure.status == .vendor && behaviour.vendorErrorMeansProtection
  }

  /// Brings the device back to dfuIDLE after an error. The address pointer
  /// counts as unknown afterwards.
  package func recover() throws(DFUError) {
    pointer = nil
    try connection.makeIdle()
    state = .idle
  }

  /// Ends a transfer that is under way, so that the device is in dfuIDLE.
  package func settle() throws(DFUError) {
    guard state != .idle else { return }
    try connection.abort()
    state = .idle
  }

  // MARK: Commands

  /// Sets the address pointer.
  package func setAddress(_ address: UInt32) throws(DFUError) {
    pointer = nil
    let work = DeviceWork(
      operation: .setAddress, address: address, kind: .setAddress,
      limit: connection.requestLimit)
    try carryOut(work, ([0x21] + address.littleEndianBytes).span)
    pointer = address
  }

  /// Erases the sector that holds `address`; `size` is its size in bytes.
  ///
  /// - Returns: `false` when the device had to be freed from an erase that did
  ///   not end, so that the sector must be looked at.
  @discardableResult
  package func eraseSector(
    at address: UInt32, size: Int
  ) throws(DFUError) -> Bool {
    let work = DeviceWork(
      operation: .eraseSector, address: address, kind: .erase(size),
      limit: behaviour.eraseLimit)
    return try erase(work, [0x41] + address.littleEndianBytes)
  }

  /// Erases the whole memory of the alternate setting.
  ///
  /// - Returns: as ``eraseSector(at:size:)``.
  @discardableResult
  package func massErase() throws(DFUError) -> Bool {
    let work = DeviceWork(
      operation: .massErase, kind: .massErase, limit: behaviour.massEraseLimit)
    return try erase(work, [0x41])
  }

  private func erase(
    _ work: DeviceWork, _ command: [UInt8]
  ) throws(DFUError) -> Bool {
    wedgeWasCured = false
    pointer = nil
    lastRead = nil
    try carryOut(work, command.span)
    return !wedgeWasCured
  }

  /// Lifts readout protection. The device erases its memory and leaves the
  /// bus; it must be looked for again.
  package func readUnprotect() throws(DFUError) {
    try carryOutWithReset(
      DeviceWork(
        operation: .readUnprotect, kind: .other, limit: behaviour.writeLimit),
      block: 0, [0x92].span)
  }

  /// The device's command codes, usually 00 21 41 92.
  package func commands() throws(DFUError) -> [UInt8] {
    try upload(
      block: 0, length: connection.transferSize, .getCommands, at: nil)
  }

  /// Sends a vendor's command: a DNLOAD to block 0.
  package func special(_ payload: [UInt8], code: UInt8) throws(DFUError) {
    pointer = nil
    try carryOut(
      DeviceWork(
        operation: .special(code), kind: .other, limit: behaviour.writeLimit),
      payload.span)
  }

  // MARK: Data

  /// Programs `data`, at most one transfer size, at `address`. The memory
  /// must be erased where it needs to be.
  ///
  /// The address pointer is only set where `wBlockNum` cannot reach the
  /// address from it, and for short blocks, because devices disagree
  /// whether a block number counts transfer sizes or requested lengths.
  ///
  /// A write that fails may have programmed the block all the same: read it
  /// before it is written again, since memory with error-correcting code takes
  /// one programming.
  ///
  /// - Parameter base: where the pointer is best set, if it must be set: the
  ///   lowest address of what is written next.
  package func write(
    _ data: Span<UInt8>, at address: UInt32, base: UInt32? = nil
  ) throws(DFUError) {
    lastRead = nil
    let block = try block(
      for: address, length: data.count, base: base,
      counts: behaviour.counting == .proven)
    try carryOut(writing(at: address), block: block, data)
  }

  func writing(at address: UInt32) -> DeviceWork {
    DeviceWork(
      operation: .write, address: address, kind: .write,
      limit: behaviour.writeLimit)
  }

  /// Programs option bytes or anything else after which the chip resets at once.
  package func writeAndReset(
    _ data: [UInt8], at address: UInt32
  ) throws(DFUError) {
    try setAddress(address)
    try carryOutWithReset(
      writing(at: address), block: Self.firstBlock, data.span)
  }

  /// Reads `length` bytes, at most one transfer size, at `address`.
  ///
  /// - Throws: `DFUError` also when the device sends fewer.
  package func read(
    _ length: Int, at address: UInt32
  ) throws(DFUError) -> [UInt8] {
    let counting = behaviour.counting
    let block = try block(
      for: address, length: length,
      counts: counting == .proven || counting == .provenForReading)
    let bytes = try upload(block: block, length: length, .read, at: address)
    guard bytes.count == length else {
      throw DFUError(
        .read, at: address,
        .shortReply(received: bytes.count, expected: length))
    }
    behaviour.vendorErrorMeansProtection = false
    if counting == .unproven { proveReading(bytes, at: address) }
    return bytes
  }

  // MARK: Leaving

  /// Asks the device to leave DFU mode and run the program whose vector
  /// table is at `address`; without an address, where the pointer stands.
  package func leave(to address: UInt32?) throws(DFUError) -> LeaveAnswer {
    if state == .uploadIdle { try settle() }
    if let address { try setAddress(address) }
    do throws(DFUError) {
      try connection.download(
        block: Self.firstBlock, [UInt8]().span, during: .leave, at: address)
    } catch {
      // GD32 is gone before it has answered (dfu-util knows it too).
      guard error.isGone else { throw error }
      return .silence
    }
    guard var report = try? connection.getStatus(during: .leave) else {
      return .silence
    }
    if behaviour.manifestNeedsSecondStatus, report.state == .manifest {
      connection.clock.sleep(for: report.pollDelay)
      guard let second = try? connection.getStatus(during: .leave) else {
        return .silence
      }
      report = second
    }
    state = report.state
    if report.isError {
      throw DFUError(.leave, at: address, .status(report))
    }
    return .state(report.state)
  }

  // MARK: Addresses

  /// The block number that stands for `address`, after setting the pointer
  /// if no number does.
  private func block(
    for address: UInt32, length: Int, base: UInt32? = nil, counts: Bool
  ) throws(DFUError) -> UInt16 {
    func number(from origin: UInt32) -> UInt16? {
      if address == origin { return Self.firstBlock }
      let size = connection.transferSize
      guard counts, address > origin, length == size else { return nil }
      let (blocks, rest) = Int(address - origin).quotientAndRemainder(
        dividingBy: size)
      return rest == 0 ? UInt16(exactly: blocks + Int(Self.firstBlock)) : nil
    }
    if let pointer, let number = number(from: pointer) { return number }
    if let base, let number = number(from: base) {
      try setAddress(base)
      return number
    }
    try setAddress(address)
    return Self.firstBlock
  }

  func upload(
    block: UInt16, length: Int, _ operation: DFUOperation, at address: UInt32?
  ) throws(DFUError) -> [UInt8] {
    // UPLOAD is refused in dfuDNLOAD-IDLE.
    if state == .downloadIdle { try settle() }
    do throws(DFUError) {
      let bytes = try connection.upload(
        block: block, length: length, during: operation, at: address)
      // A short reply ends the upload.
      state = bytes.count < length ? .idle : .uploadIdle
      return bytes
    } catch {
      throw explained(error)
    }
  }
}
