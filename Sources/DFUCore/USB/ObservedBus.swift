/// A control transfer that has just ended, for logs and statistics.
public struct TransferObservation: Sendable {
  /// The device's port path.
  public var path: String
  /// The setup packet.
  public var setup: ControlSetup
  /// `wLength`: bytes sent, or asked for.
  public var length: Int
  /// What was sent or came.
  public var data: [UInt8]
  /// What the system answered; `nil` for success.
  public var error: USBError?
  /// When it began, by the device's clock.
  public var start: Duration
  /// How long it took.
  public var duration: Duration
}

/// A bus whose control transfers are all reported to an observer, and whose
/// waits are counted.
public final class ObservedBus: USBBus {
  private let base: any USBBus
  private let observe: @Sendable (TransferObservation) -> Void
  private let slept: @Sendable (Duration) -> Void

  /// Observes `base`. The observers may be called from several threads.
  ///
  /// - Parameters:
  ///   - observe: told of every transfer, after it.
  ///   - slept: told of every wait for a device.
  public init(
    _ base: any USBBus,
    observe: @escaping @Sendable (TransferObservation) -> Void,
    slept: @escaping @Sendable (Duration) -> Void
  ) {
    self.base = base
    self.observe = observe
    self.slept = slept
  }

  /// The clock of the observed bus.
  public var clock: any TimeSource { base.clock }

  /// The clock of a device of the observed bus.
  public func clock(of device: USBDevice) -> any TimeSource {
    base.clock(of: device)
  }

  /// The devices of the observed bus.
  public func devices() throws(USBError) -> [USBDevice] { try base.devices() }

  /// Opens a device of the observed bus.
  public func open(
    _ device: USBDevice
  ) throws(USBError) -> any ControlTransport {
    ObservedTransport(
      try base.open(device), path: device.path, observe: observe,
      slept: slept)
  }

  /// Waits on the observed bus.
  public func waitForChange(atMost limit: Duration) throws(USBError) {
    try base.waitForChange(atMost: limit)
  }
}

private final class ObservedTransport: ControlTransport {
  private let base: any ControlTransport
  private let path: String
  private let observe: @Sendable (TransferObservation) -> Void
  let clock: any TimeSource

  init(
    _ base: any ControlTransport, path: String,
    observe: @escaping @Sendable (TransferObservation) -> Void,
    slept: @escaping @Sendable (Duration) -> Void
  ) {
    self.base = base
    self.path = path
    self.observe = observe
    clock = ObservedClock(base.clock, slept: slept)
  }

  func claim(interface: UInt8) throws(USBError) {
    try base.claim(interface: interface)
  }

  func release(interface: UInt8) throws(USBError) {
    try base.release(interface: interface)
  }

  func select(configuration: UInt8) throws(USBError) {
    try base.select(configuration: configuration)
  }

  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    try base.select(alternate: alternate, of: interface)
  }

  func reset() throws(USBError) { try base.reset() }

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    let start = base.clock.now()
    var failure: USBError?
    do throws(USBError) {
      try base.send(setup, data, timeout: timeout)
    } catch {
      failure = error
    }
    report(setup, data.count, [UInt8](copying: data), failure, start)
    if let failure { throw failure }
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let start = base.clock.now()
    var bytes: [UInt8] = []
    var failure: USBError?
    do throws(USBError) {
      bytes = try base.receive(setup, length: length, timeout: timeout)
    } catch {
      failure = error
    }
    report(setup, Int(length), bytes, failure, start)
    if let failure { throw failure }
    return bytes
  }

  private func report(
    _ setup: ControlSetup, _ length: Int, _ data: [UInt8],
    _ error: USBError?, _ start: Duration
  ) {
    observe(
      TransferObservation(
        path: path, setup: setup, length: length, data: data, error: error,
        start: start, duration: base.clock.now() - start))
  }
}

/// A clock that tells of its waits.
private final class ObservedClock: TimeSource {
  private let base: any TimeSource
  private let slept: @Sendable (Duration) -> Void

  init(_ base: any TimeSource, slept: @escaping @Sendable (Duration) -> Void) {
    self.base = base
    self.slept = slept
  }

  func now() -> Duration { base.now() }

  func sleep(for duration: Duration) {
    base.sleep(for: duration)
    if duration > .zero { slept(duration) }
  }
}
