/// The eight bytes that open a control transfer (USB 2.0, 9.3), without
/// `wLength`, which follows from the data that is sent or asked for.
public struct ControlSetup: Hashable, Sendable {
  /// `bmRequestType`: direction (bit 7), type (bits 6–5), recipient (4–0).
  public var requestType: UInt8
  /// `bRequest`.
  public var request: UInt8
  /// `wValue`.
  public var value: UInt16
  /// `wIndex`.
  public var index: UInt16

  /// A setup packet from its four fields.
  public init(
    requestType: UInt8, request: UInt8, value: UInt16, index: UInt16
  ) {
    self.requestType = requestType
    self.request = request
    self.value = value
    self.index = index
  }

  /// SET_INTERFACE (USB 2.0, 9.4.10).
  package init(alternate: UInt8, of interface: UInt8) {
    self.init(
      requestType: 0x01, request: 11, value: UInt16(alternate),
      index: UInt16(interface))
  }

  /// Whether the data stage goes from the device to the host.
  public var isDeviceToHost: Bool { requestType & 0x80 != 0 }
}

/// One opened USB device, as far as DFU needs it: control transfers on the
/// default endpoint.
///
/// libusb stands behind it for real devices, the simulator for boards in
/// software, and wrappers that record or count behind both. An instance
/// belongs to one thread at a time. The device is closed when the last
/// reference goes away.
public protocol ControlTransport: AnyObject {
  /// The clock by which this device lives; every wait for it goes through
  /// here, so that a simulated board may run in virtual time.
  var clock: any TimeSource { get }

  /// Takes the interface for this program. Detaches a kernel driver where
  /// the system allows it.
  func claim(interface: UInt8) throws(USBError)

  /// Gives the interface back.
  func release(interface: UInt8) throws(USBError)

  /// Makes `configuration` (its `bConfigurationValue`) the active one.
  func select(configuration: UInt8) throws(USBError)

  /// Sends SET_INTERFACE.
  func select(alternate: UInt8, of interface: UInt8) throws(USBError)

  /// Host to device. `data` is at most 65,535 bytes and may be empty.
  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError)

  /// Device to host: asks for `length` bytes and returns those that came,
  /// which may be fewer but never more.
  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8]

  /// Resets the device's port. Afterwards the device may have become
  /// another one; then ``USBError/Code/notFound`` is thrown and it must be
  /// looked for again.
  func reset() throws(USBError)
}

extension [UInt8] {
  /// A copy of the bytes.
  package init(copying bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
  }
}
