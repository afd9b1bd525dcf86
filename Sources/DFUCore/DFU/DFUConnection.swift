/// An opened, claimed DFU interface: the requests of DFU 1.1, each with its
/// time limit, and the rules for bringing a device to dfuIDLE.
public final class DFUConnection {
  /// The opened device.
  public let transport: any ControlTransport
  /// `bInterfaceNumber`.
  public let interface: UInt8
  /// The most bytes one DNLOAD or UPLOAD carries.
  public let transferSize: Int
  /// Whether the device says that it uploads (`bitCanUpload`).
  public var canUpload = true

  /// The time limit of a request that does not wait for memory.
  public static let requestLimit = Duration.seconds(5)

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
  public func select(alternate: UInt8) throws(DFUError) {
    do throws(USBError) {
      try transport.select(alternate: alternate, of: interface)
    } catch {
      throw DFUError(.selectAlternate, .usb(error))
    }
  }

  /// GETSTATUS.
  public func getStatus(
    limit: Duration = requestLimit, during operation: DFUOperation = .getStatus,
    at address: UInt32? = nil
  ) throws(DFUError) -> DFUStatusReport {
    let bytes = try receive(
      .getStatus, length: 6, limit: limit, during: operation, at: address)
    guard let report = DFUStatusReport(parsing: bytes) else {
      throw DFUError(
        operation, at: address,
        .shortReply(received: bytes.count, expected: 6))
    }
    return report
  }

  /// GETSTATE.
  public func getState() throws(DFUError) -> DFUState {
    let bytes = try receive(
      .getState, length: 1, limit: Self.requestLimit, during: .getStatus)
    guard let state = bytes.first else {
      throw DFUError(.getStatus, .shortReply(received: 0, expected: 1))
    }
    return DFUState(rawValue: state)
  }

  /// CLRSTATUS. Only for dfuERROR: elsewhere ST's device class enters
  /// dfuERROR by it.
  public func clearStatus(
    during operation: DFUOperation = .makeIdle
  ) throws(DFUError) {
    try send(.clearStatus, [], during: operation)
  }

  /// ABORT. Only for dfuDNLOAD-IDLE and dfuUPLOAD-IDLE: devices differ
  /// elsewhere.
  public func abort(
    during operation: DFUOperation = .makeIdle
  ) throws(DFUError) {
    try send(.abort, [], during: operation)
  }

  /// DETACH, with the milliseconds the device shall wait for a reset.
  public func detach(timeout: UInt16) throws(DFUError) {
    try send(.detach(timeout: timeout), [], during: .detach)
  }

  /// DNLOAD.
  public func download(
    block: UInt16, _ data: Span<UInt8>, during operation: DFUOperation,
    at address: UInt32? = nil
  ) throws(DFUError) {
    do throws(USBError) {
      try transport.send(
        DFURequest.download(block: block).setup(interface: interface), data,
        timeout: Self.requestLimit)
    } catch {
      throw DFUError(operation, at: address, .usb(error))
    }
  }

  /// UPLOAD of at most `length` bytes.
  public func upload(
    block: UInt16, length: Int, during operation: DFUOperation = .read,
    at address: UInt32? = nil
  ) throws(DFUError) -> [UInt8] {
    try receive(
      .upload(block: block), length: UInt16(clamping: length),
      limit: Self.requestLimit, during: operation, at: address)
  }

  /// Brings the device to dfuIDLE: GETSTATUS first, CLRSTATUS only in
  /// dfuERROR, ABORT only where a transfer is under way.
  ///
  /// - Returns: the report it began with: a device that enumerated in dfuERROR
  ///   tells its status there.
  /// - Throws: `DFUError` when the device is not idle after a few tries.
  @discardableResult
  public func makeIdle(
    during operation: DFUOperation = .makeIdle
  ) throws(DFUError) -> DFUStatusReport {
    let first = try patientStatus(during: operation)
    var report = first
    for _ in 0..<8 {
      switch report.state {
      case .idle where report.status == .ok: return first
      case .error, .idle: try clearStatus(during: operation)
      case .downloadIdle, .uploadIdle: try abort(during: operation)
      case .downloadSync, .downloadBusy, .manifestSync, .manifest:
        clock.sleep(for: .milliseconds(max(1, min(report.pollTimeout, 5000))))
      default:
        throw DFUError(operation, .unexpectedState(report.state))
      }
      report = try patientStatus(during: operation)
    }
    if report.state == .idle { return first }
    throw DFUError(operation, .unexpectedState(report.state))
  }

  /// GETSTATUS of a device that may still be at work it was given before: some
  /// stall it meanwhile.
  private func patientStatus(
    during operation: DFUOperation
  ) throws(DFUError) -> DFUStatusReport {
    let end = clock.now() + .seconds(1)
    while true {
      do throws(DFUError) {
        return try getStatus(during: operation)
      } catch {
        guard error.isStall, clock.now() < end else { throw error }
        clock.sleep(for: .milliseconds(20))
      }
    }
  }

  private func send(
    _ request: DFURequest, _ data: [UInt8], during operation: DFUOperation
  ) throws(DFUError) {
    do throws(USBError) {
      try transport.send(
        request.setup(interface: interface), data.span,
        timeout: Self.requestLimit)
    } catch {
      throw DFUError(operation, .usb(error))
    }
  }

  private func receive(
    _ request: DFURequest, length: UInt16, limit: Duration,
    during operation: DFUOperation, at address: UInt32? = nil
  ) throws(DFUError) -> [UInt8] {
    do throws(USBError) {
      return try transport.receive(
        request.setup(interface: interface), length: length, timeout: limit)
    } catch {
      throw DFUError(operation, at: address, .usb(error))
    }
  }
}
