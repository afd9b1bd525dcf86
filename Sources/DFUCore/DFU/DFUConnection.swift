/// An opened, claimed DFU interface: the requests of DFU 1.1, each with its
/// time limit, and the rules for bringing a device to dfuIDLE.
public final class DFUConnection {
  /// `bInterfaceNumber`.
  public let interface: UInt8
  /// The most bytes one DNLOAD or UPLOAD carries.
  public let transferSize: Int
  /// Whether the device says that it uploads (`bitCanUpload`).
  public var canUpload = true

  /// The opened device.
  package let transport: any ControlTransport
  /// The time limit of a request that does not wait for memory.
  package var requestLimit = Duration.seconds(5)
  /// The least time between the end of one request and the next.
  package var gap = Duration.zero
  /// Asked while the device is waited for: whether the user wants to stop.
  package var shouldStop: () -> Bool = { false }

  private var lastEnd = Duration.zero

  /// How long a device may be busy with what it was told by another program
  /// before.
  private static let patience = Duration.seconds(30)

  /// Claims `interface` of an opened device and selects `alternate`.
  ///
  /// - Throws: `DFUError` with ``DFUOperation/open`` or
  ///   ``DFUOperation/selectAlternate``.
  public init(
    _ transport: any ControlTransport, configuration: UInt8? = nil,
    interface: UInt8, alternate: UInt8?, transferSize: Int
  ) throws(DFUError) {
    self.transport = transport
    self.interface = interface
    self.transferSize = transferSize
    do throws(USBError) {
      if let configuration {
        try transport.select(configuration: configuration)
      }
      try transport.claim(interface: interface)
    } catch {
      throw DFUError(.open, .usb(error))
    }
    if let alternate {
      try select(alternate: alternate)
    }
  }

  /// The clock of the device.
  public var clock: any TimeSource { transport.clock }

  /// Selects an alternate setting; the device forgets its address pointer.
  package func select(alternate: UInt8) throws(DFUError) {
    do throws(USBError) {
      try transport.select(alternate: alternate, of: interface)
    } catch {
      throw DFUError(.selectAlternate, .usb(error))
    }
  }

  // MARK: Requests

  /// GETSTATUS. Where the device reports an error with a string that explains
  /// it, that string is read too.
  package func getStatus(
    limit: Duration? = nil, during operation: DFUOperation = .getStatus,
    at address: UInt32? = nil
  ) throws(DFUError) -> DFUStatusReport {
    let bytes = try receive(
      .getStatus, length: 6, limit: limit, during: operation, at: address)
    guard var report = DFUStatusReport(parsing: bytes) else {
      throw DFUError(
        operation, at: address,
        .shortReply(received: bytes.count, expected: 6))
    }
    if report.isError, report.stringIndex != 0 {
      report.message = StringReader(transport).string(report.stringIndex)
    }
    return report
  }

  /// GETSTATE. Unlike GETSTATUS it starts nothing in any state.
  package func getState() throws(DFUError) -> DFUState {
    let bytes = try receive(.getState, length: 1, during: .getStatus)
    guard let state = bytes.first else {
      throw DFUError(.getStatus, .shortReply(received: 0, expected: 1))
    }
    return DFUState(rawValue: state)
  }

  /// CLRSTATUS. Only for dfuERROR and for states from which nothing else
  /// leads: elsewhere ST's device class enters dfuERROR by it.
  package func clearStatus() throws(DFUError) {
    try send(.clearStatus, [UInt8]().span, during: .makeIdle)
  }

  /// CLRSTATUS twice: where the first enters dfuERROR, which some devices
  /// answer with a stall, the second leaves it. A GETSTATUS must follow.
  package func clearStatusTwice() {
    for _ in 1...2 { try? clearStatus() }
  }

  /// ABORT. Only for dfuDNLOAD-IDLE, dfuUPLOAD-IDLE, and dfuDNLOAD-SYNC with a
  /// transfer that was cut off: devices differ elsewhere.
  package func abort() throws(DFUError) {
    try send(.abort, [UInt8]().span, during: .makeIdle)
  }

  /// DETACH, with the milliseconds the device shall wait for a reset.
  package func detach(timeout: UInt16) throws(DFUError) {
    try send(.detach(timeout: timeout), [UInt8]().span, during: .detach)
  }

  /// DNLOAD.
  package func download(
    block: UInt16, _ data: Span<UInt8>, during operation: DFUOperation,
    at address: UInt32? = nil
  ) throws(DFUError) {
    try send(
      .download(block: block), data, during: operation, at: address)
  }

  /// UPLOAD of at most `length` bytes.
  package func upload(
    block: UInt16, length: Int, during operation: DFUOperation = .read,
    at address: UInt32? = nil
  ) throws(DFUError) -> [UInt8] {
    try receive(
      .upload(block: block), length: UInt16(clamping: length),
      during: operation, at: address)
  }

  private func send(
    _ request: DFURequest, _ data: Span<UInt8>,
    during operation: DFUOperation, at address: UInt32? = nil
  ) throws(DFUError) {
    keepGap()
    defer { lastEnd = clock.now() }
    do throws(USBError) {
      try transport.send(
        request.setup(interface: interface), data, timeout: requestLimit)
    } catch {
      throw DFUError(operation, at: address, .usb(error))
    }
  }

  private func receive(
    _ request: DFURequest, length: UInt16, limit: Duration? = nil,
    during operation: DFUOperation, at address: UInt32? = nil
  ) throws(DFUError) -> [UInt8] {
    keepGap()
    defer { lastEnd = clock.now() }
    do throws(USBError) {
      return try transport.receive(
        request.setup(interface: interface), length: length,
        timeout: limit ?? requestLimit)
    } catch {
      throw DFUError(operation, at: address, .usb(error))
    }
  }

  private func keepGap() {
    guard gap > .zero else { return }
    clock.sleep(for: max(.zero, lastEnd + gap - clock.now()))
  }

  /// Waits for the device, in pieces so that the user can stop it.
  ///
  /// - Throws: ``DFUError/Reason/stopped`` when the user wants to stop.
  package func wait(
    _ duration: Duration, during operation: DFUOperation
  ) throws(DFUError) {
    let end = clock.now() + duration
    while true {
      if shouldStop() { throw DFUError(operation, .stopped) }
      let rest = end - clock.now()
      guard rest > .zero else { return }
      clock.sleep(for: min(rest, .milliseconds(250)))
    }
  }

  // MARK: Ways to dfuIDLE

  /// Brings the device to dfuIDLE, whatever state another program left it in.
  ///
  /// It begins with GETSTATUS, as dfu-util does. CLRSTATUS is sent in dfuERROR,
  /// and twice in states that the specification does not have or that do not
  /// end; ABORT where a transfer is under way.
  ///
  /// - Returns: the report it began with: a device that enumerated in dfuERROR
  ///   tells its status there.
  /// - Throws: `DFUError` when the device is not idle after a few tries.
  @discardableResult
  package func makeIdle() throws(DFUError) -> DFUStatusReport {
    let end = clock.now() + Self.patience
    let first = try patientStatus()
    var report = first
    var tries = 0
    while tries < 5 {
      if report.state == .idle, report.status == .ok { return first }
      if report.isBusy, clock.now() < end {
        try wait(
          max(.milliseconds(20), min(report.pollDelay, .seconds(5))),
          during: .makeIdle)
      } else {
        tries += 1
        try step(from: report.state)
      }
      report = try patientStatus()
    }
    // A status that stays does not matter.
    if report.state == .idle { return first }
    throw DFUError(.makeIdle, .unexpectedState(report.state))
  }

  private func step(from state: DFUState) throws(DFUError) {
    switch state {
    case .error: try clearStatus()
    case .idle: try? clearStatus()
    case .downloadIdle, .uploadIdle: try abort()
    case .appIdle, .appDetach, .manifestSync, .manifest, .manifestWaitReset:
      throw DFUError(.makeIdle, .unexpectedState(state))
    // dfuDNBUSY for ever, and states beyond the specification: both are
    // known of ST's device class.
    default: clearStatusTwice()
    }
  }

  /// GETSTATUS of a device that may still be at work it was given before: some
  /// refuse it meanwhile, some hold their answer back.
  private func patientStatus() throws(DFUError) -> DFUStatusReport {
    let start = clock.now()
    while true {
      do throws(DFUError) {
        return try getStatus(during: .makeIdle)
      } catch {
        let limit = error.isTimeout ? Self.patience : .seconds(2)
        guard error.isDisturbance, clock.now() - start < limit else {
          throw error
        }
      }
      try wait(.milliseconds(20), during: .makeIdle)
    }
  }

  /// Forgets a DNLOAD that may have been cut off: GETSTATUS would have ST's
  /// device class program what had come of it.
  package func dropCutDownload() {
    if (try? getState()) == .downloadSync { try? abort() }
  }
}
