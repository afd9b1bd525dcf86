internal import Synchronization

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

  package init(
    path: String, setup: ControlSetup, length: Int, data: [UInt8],
    error: USBError?, start: Duration, duration: Duration
  ) {
    self.path = path
    self.setup = setup
    self.length = length
    self.data = data
    self.error = error
    self.start = start
    self.duration = duration
  }
}

/// What was seen of a bus, for logs, statistics and recordings. Times are those
/// of the device's clock.
public enum BusObservation: Sendable {
  /// A control transfer has ended.
  case transfer(TransferObservation)
  /// A device that has a DFU interface, or had one, is on the bus, with
  /// another address or other descriptors than before.
  case arrived(USBDevice, at: Duration)
  /// Such a device has left; its port path.
  case left(String, at: Duration)
  /// The port with this path was reset, or could not be.
  case reset(String, USBError?, at: Duration)

  /// The device's port path.
  public var path: String {
    switch self {
    case .transfer(let transfer): transfer.path
    case .arrived(let device, _): device.path
    case .left(let path, _), .reset(let path, _, _): path
    }
  }

  /// When it was, or began.
  public var time: Duration {
    switch self {
    case .transfer(let transfer): transfer.start
    case .arrived(_, let time), .left(_, let time), .reset(_, _, let time):
      time
    }
  }
}

/// A bus whose control transfers and devices are reported to an observer, and
/// whose waits are counted.
public final class ObservedBus: USBBus {
  private let base: any USBBus
  private let observe: @Sendable (BusObservation) -> Void
  private let slept: @Sendable (Duration) -> Void
  private let known = Mutex(Known())

  /// The devices that were reported.
  private struct Known {
    var present: [String: USBDevice] = [:]
    var paths: Set<String> = []
  }

  /// Observes `base`. The observers may be called from several threads.
  ///
  /// - Parameters:
  ///   - observe: told of every transfer and reset, after it, and of devices
  ///     that come and go.
  ///   - slept: told of every wait for a device.
  public init(
    _ base: any USBBus,
    observe: @escaping @Sendable (BusObservation) -> Void,
    slept: @escaping @Sendable (Duration) -> Void = { _ in }
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
  public func devices() throws(USBError) -> [USBDevice] {
    let devices = try base.devices()
    known.withLock { known in
      for device in known.present.values
      where !devices.contains(where: { $0.path == device.path }) {
        known.present[device.path] = nil
        observe(.left(device.path, at: clock(of: device).now()))
      }
      for device in devices
      where (device.hasDFU || known.paths.contains(device.path))
        && known.present.updateValue(device, forKey: device.path) != device
      {
        known.paths.insert(device.path)
        observe(.arrived(device, at: clock(of: device).now()))
      }
    }
    return devices
  }

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
  private let observe: @Sendable (BusObservation) -> Void
  let clock: any TimeSource

  init(
    _ base: any ControlTransport, path: String,
    observe: @escaping @Sendable (BusObservation) -> Void,
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
    let setup = ControlSetup(alternate: alternate, of: interface)
    _ = try observed(setup, length: 0) { () throws(USBError) in
      try base.select(alternate: alternate, of: interface)
      return []
    }
  }

  func reset() throws(USBError) {
    do throws(USBError) {
      try base.reset()
      observe(.reset(path, nil, at: base.clock.now()))
    } catch {
      observe(.reset(path, error, at: base.clock.now()))
      throw error
    }
  }

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    let bytes = [UInt8](copying: data)
    _ = try observed(setup, length: bytes.count, sent: bytes) {
      () throws(USBError) in
      try base.send(setup, bytes.span, timeout: timeout)
      return []
    }
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try observed(setup, length: Int(length)) { () throws(USBError) in
      try base.receive(setup, length: length, timeout: timeout)
    }
  }

  private func observed(
    _ setup: ControlSetup, length: Int, sent: [UInt8]? = nil,
    _ transfer: () throws(USBError) -> [UInt8]
  ) throws(USBError) -> [UInt8] {
    let start = base.clock.now()
    var bytes: [UInt8] = []
    var failure: USBError?
    do throws(USBError) {
      bytes = try transfer()
    } catch {
      failure = error
    }
    observe(
      .transfer(
        TransferObservation(
          path: path, setup: setup, length: length, data: sent ?? bytes,
          error: failure, start: start, duration: base.clock.now() - start)))
    if let failure { throw failure }
    return bytes
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
