internal import CLibUSB

/// An opened device. Closed, and its interfaces released, when the last
/// reference goes away.
@safe
final class LibUSBTransport: ControlTransport {
  let clock: any TimeSource
  private let handle: OpaquePointer
  private let context: LibUSBContext
  private var claimed: Set<UInt8> = []
  /// Whether the handle must be left as it is until the program ends.
  private var isSpoilt = false

  init(
    _ handle: OpaquePointer, context: LibUSBContext, clock: any TimeSource
  ) {
    unsafe self.handle = unsafe handle
    self.context = context
    self.clock = clock
    // Not every system can; where it cannot, claiming says what is wrong.
    _ = unsafe libusb_set_auto_detach_kernel_driver(handle, 1)
  }

  deinit {
    if isSpoilt { return }
    for interface in claimed {
      _ = unsafe libusb_release_interface(handle, Int32(interface))
    }
    unsafe libusb_close(handle)
  }

  private func check(_ code: Int32, _ action: String) throws(USBError) {
    if code < 0 { throw USBError(.init(rawValue: code), action) }
  }

  func claim(interface: UInt8) throws(USBError) {
    try check(
      unsafe libusb_claim_interface(handle, Int32(interface)),
      "claim interface \(interface)")
    claimed.insert(interface)
  }

  func release(interface: UInt8) throws(USBError) {
    claimed.remove(interface)
    try check(
      unsafe libusb_release_interface(handle, Int32(interface)),
      "release interface \(interface)")
  }

  func select(configuration: UInt8) throws(USBError) {
    var current: Int32 = 0
    if unsafe libusb_get_configuration(handle, &current) == 0,
      current == Int32(configuration)
    {
      return
    }
    try check(
      unsafe libusb_set_configuration(handle, Int32(configuration)),
      "select configuration \(configuration)")
  }

  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    let code = unsafe libusb_set_interface_alt_setting(
      handle, Int32(interface), Int32(alternate))
    // Before 1.0.27 libusb unlocks here what it has not locked when the device
    // has gone, and aborts the program when the handle is closed (libusb issue
    // 1199). What is left open is of no use to anybody.
    if code == LIBUSB_ERROR_NO_DEVICE.rawValue, Self.unlocksTooMuch {
      isSpoilt = true
    }
    try check(
      code, "select alternate setting \(alternate) of interface \(interface)")
  }

  private static let unlocksTooMuch: Bool = {
    guard let version = unsafe libusb_get_version() else { return false }
    let number = unsafe (
      version.pointee.major, version.pointee.minor, version.pointee.micro
    )
    return number < (1, 0, 27)
  }()

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    let count = UInt16(clamping: data.count)
    let sent = unsafe data.withUnsafeBufferPointer { buffer in
      // libusb's parameter is not const, but it only reads what goes out.
      unsafe libusb_control_transfer(
        handle, setup.requestType, setup.request, setup.value, setup.index,
        UnsafeMutablePointer(mutating: buffer.baseAddress), count,
        max(1, timeout.wholeMilliseconds))
    }
    try check(sent, "send a control request")
    if sent != Int32(count) { throw USBError(.io, "send a control request") }
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(length)) {
      buffer, count in
      let received = unsafe libusb_control_transfer(
        handle, setup.requestType, setup.request, setup.value, setup.index,
        buffer.baseAddress, length, max(1, timeout.wholeMilliseconds))
      failure = min(0, received)
      count = Int(max(0, received))
    }
    try check(failure, "receive a control reply")
    return bytes
  }

  func reset() throws(USBError) {
    try check(unsafe libusb_reset_device(handle), "reset the device")
  }
}
