public import DFUCore

/// What a simulated device does with a control transfer.
public enum ControlAnswer: Hashable, Sendable {
  /// The transfer succeeded; what the device sent, empty for host-to-device.
  case data([UInt8])
  /// The endpoint stalled.
  case stall
  /// Nothing was answered within the time limit.
  case timeout
  /// No handshake, or a broken packet: the host sees a transfer error.
  case transferError
  /// The device is no longer on the bus.
  case gone
}

/// A USB device in software that answers on endpoint 0.
///
/// The same device stands behind the in-process bench and behind the USB/IP
/// server. It may be asked from several threads; it takes one transfer at a
/// time, as a real device does.
public protocol SimulatedDevice: AnyObject, Sendable {
  /// The time by which the device lives. ``answer(_:_:length:timeout:)``
  /// blocks on it for as long as the real device would keep the host
  /// waiting.
  var clock: any TimeSource { get }

  /// The device as it is on the bus now; `nil` while it is off the bus. A new
  /// address means that it has enumerated again.
  var presence: USBDevice? { get }

  /// The address of ``presence``, asked often: without the rest.
  var address: UInt8? { get }

  /// The raw descriptor (`wValue` of GET_DESCRIPTOR), `nil` if the device
  /// stalls the request. Type 1 device, 2 configuration, 3 string.
  func descriptor(_ value: UInt16, language: UInt16) -> [UInt8]?

  /// Answers one control transfer, standard requests included. `data` is
  /// what the host sends, `length` what it asks for at most, `arrived` when it
  /// was asked for, by the device's clock: transfers may have to queue.
  func answer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16, timeout: Duration,
    arrived: Duration
  ) -> ControlAnswer

  /// A reset of the port by the host.
  func resetPort()
}

extension SimulatedDevice {
  /// The address of ``presence``.
  public var address: UInt8? { presence?.address }

  /// Answers a control transfer that is asked for now.
  public func answer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16, timeout: Duration
  ) -> ControlAnswer {
    answer(
      setup, data, length: length, timeout: timeout, arrived: clock.now())
  }
}
