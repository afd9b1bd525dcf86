/// A set of USB devices that can be listed, opened and waited for: the real
/// ones, through libusb, or those of a simulated bench.
///
/// A bus may be used from several threads; what ``open(_:)`` returns belongs
/// to one at a time.
public protocol USBBus: AnyObject, Sendable {
  /// The clock for waits that belong to no single device.
  var clock: any TimeSource { get }

  /// The clock that a device lives by, also before it is opened and after it
  /// has gone. Real devices share one; simulated boards need not.
  func clock(of device: USBDevice) -> any TimeSource

  /// All devices present now, of any class. None of them is opened.
  func devices() throws(USBError) -> [USBDevice]

  /// Opens a device of an earlier ``devices()``.
  ///
  /// Throws ``USBError/Code/access`` where the user may not, and
  /// ``USBError/Code/notFound`` or ``USBError/Code/noDevice`` when the
  /// device has gone since.
  func open(_ device: USBDevice) throws(USBError) -> any ControlTransport

  /// Blocks until a device may have arrived or left, at most `limit`. May
  /// return early with nothing changed; the caller lists the devices again.
  func waitForChange(atMost limit: Duration) throws(USBError)
}

extension USBBus {
  /// The clock of the bus.
  public func clock(of device: USBDevice) -> any TimeSource { clock }
}
