internal import CLibUSB
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The USB devices of this machine, through libusb-1.0.
///
/// The only code that speaks to libusb. Devices are listed from the
/// descriptors the system already holds, so that listing neither opens nor
/// disturbs any of them.
public final class LibUSBBus: USBBus {
  /// The system's monotonic clock.
  public let clock: any TimeSource = SystemClock()

  private let context: LibUSBContext

  /// Starts libusb.
  ///
  /// - Parameter logLevel: libusb's own log on standard error: 0 none, 1
  ///   errors, 2 warnings, 3 information, 4 everything.
  /// - Throws: `USBError` when the system has no usable USB.
  public init(logLevel: Int32 = 0) throws(USBError) {
    context = try LibUSBContext(logLevel: logLevel)
  }

  /// The version of libusb, such as 1.0.26.
  public static var version: String {
    guard let version = unsafe libusb_get_version() else { return "unknown" }
    return unsafe """
    \(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)
    """
  }

  /// All devices present now, of any class; none is opened.
  public func devices() throws(USBError) -> [USBDevice] {
    try unsafe context.withDeviceList { list in
      unsafe list.compactMap { unsafe Self.describe($0) }
    }
  }

  /// Opens a device, found again by its bus and address.
  public func open(
    _ device: USBDevice
  ) throws(USBError) -> any ControlTransport {
    let found: OpaquePointer? = try unsafe context.withDeviceList {
      (list: [OpaquePointer]) throws(USBError) in
      for index in unsafe list.indices {
        let candidate = unsafe list[index]
        guard unsafe libusb_get_bus_number(candidate) == device.bus,
          unsafe libusb_get_device_address(candidate) == device.address
        else { continue }
        var handle: OpaquePointer?
        let code = unsafe libusb_open(candidate, &handle)
        if code != 0 {
          throw USBError(.init(rawValue: code), "open the device")
        }
        return unsafe handle
      }
      return nil
    }
    guard let handle = unsafe found else {
      throw USBError(.noDevice, "open the device")
    }
    return unsafe LibUSBTransport(handle, context: context, clock: clock)
  }

  /// Waits by libusb's hotplug events where the system has them, otherwise for
  /// a tenth of a second at most.
  public func waitForChange(atMost limit: Duration) throws(USBError) {
    try context.waitForChange(atMost: limit, clock: clock)
  }

  private static func describe(_ device: OpaquePointer) -> USBDevice? {
    var raw = libusb_device_descriptor()
    guard unsafe libusb_get_device_descriptor(device, &raw) == 0 else {
      return nil
    }
    var ports = [UInt8](repeating: 0, count: 7)
    let depth = unsafe ports.withUnsafeMutableBufferPointer { buffer in
      unsafe libusb_get_port_numbers(
        device, buffer.baseAddress, Int32(buffer.count))
    }
    return USBDevice(
      bus: unsafe libusb_get_bus_number(device),
      address: unsafe libusb_get_device_address(device),
      ports: Array(ports.prefix(Int(max(0, depth)))),
      speed: USBSpeed(rawValue: unsafe libusb_get_device_speed(device)),
      descriptor: DeviceDescriptor(
        usbVersion: raw.bcdUSB, deviceClass: raw.bDeviceClass,
        maxPacketSize0: raw.bMaxPacketSize0, vendor: raw.idVendor,
        product: raw.idProduct, deviceVersion: raw.bcdDevice,
        manufacturerString: raw.iManufacturer, productString: raw.iProduct,
        serialString: raw.iSerialNumber),
      configurations: (0..<raw.bNumConfigurations).compactMap {
        unsafe configuration($0, of: device)
      })
  }

  private static func configuration(
    _ index: UInt8, of device: OpaquePointer
  ) -> ConfigurationDescriptor? {
    var pointer: UnsafeMutablePointer<libusb_config_descriptor>?
    guard unsafe libusb_get_config_descriptor(device, index, &pointer) == 0,
      let raw = unsafe pointer
    else { return nil }
    defer { unsafe libusb_free_config_descriptor(raw) }
    var interfaces: [InterfaceDescriptor] = []
    let groups = unsafe UnsafeBufferPointer(
      start: raw.pointee.interface, count: Int(raw.pointee.bNumInterfaces))
    for index in groups.indices {
      let group = unsafe groups[index]
      let settings = unsafe UnsafeBufferPointer(
        start: group.altsetting, count: Int(max(0, group.num_altsetting)))
      for index in settings.indices {
        let setting = unsafe settings[index]
        interfaces.append(
          InterfaceDescriptor(
            number: unsafe setting.bInterfaceNumber,
            alternate: unsafe setting.bAlternateSetting,
            interfaceClass: unsafe setting.bInterfaceClass,
            subclass: unsafe setting.bInterfaceSubClass,
            protocol: unsafe setting.bInterfaceProtocol,
            nameString: unsafe setting.iInterface,
            extra: unsafe bytes(setting.extra, setting.extra_length)))
      }
    }
    return unsafe ConfigurationDescriptor(
      value: raw.pointee.bConfigurationValue, interfaces: interfaces,
      extra: bytes(raw.pointee.extra, raw.pointee.extra_length))
  }

  private static func bytes(
    _ start: UnsafePointer<UInt8>?, _ count: Int32
  ) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: start, count: Int(max(0, count))))
  }
}

/// How often devices have come or gone. libusb's callback counts, on whichever
/// thread handles events.
private final class ChangeCount: Sendable {
  private let count = Atomic<Int>(0)
  /// What each thread has seen of the count, so that no change is missed by
  /// one because another waited too.
  private let seen = Mutex<[UInt: Int]>([:])

  func add() { count.wrappingAdd(1, ordering: .relaxed) }

  /// Whether something changed since the calling thread asked last.
  func hasChanged() -> Bool {
    let now = count.load(ordering: .relaxed)
    #if canImport(Glibc)
    let thread = pthread_self()
    #else
    let thread = UInt(bitPattern: pthread_self())
    #endif
    return seen.withLock { $0.updateValue(now, forKey: thread) != now }
  }
}

/// libusb's context and its hotplug callback. Lives as long as the bus or any
/// open device. libusb itself may be called from several threads.
@safe
final class LibUSBContext: Sendable {
  nonisolated(unsafe) private let context: OpaquePointer?
  private let changes = ChangeCount()
  private let listens = Mutex(false)
  private let canHotplug: Bool

  init(logLevel: Int32) throws(USBError) {
    var context: OpaquePointer?
    let code = unsafe libusb_init(&context)
    if code != 0 {
      throw USBError(.init(rawValue: code), "start libusb: no usable USB here")
    }
    unsafe self.context = unsafe context
    canHotplug =
      libusb_has_capability(UInt32(LIBUSB_CAP_HAS_HOTPLUG.rawValue)) != 0
    if logLevel > 0 {
      _ = unsafe clibusb_set_log_level(context, logLevel)
    }
  }

  deinit {
    // libusb_exit also removes the hotplug callback.
    unsafe libusb_exit(context)
  }

  func withDeviceList<Result>(
    _ body: ([OpaquePointer]) throws(USBError) -> Result
  ) throws(USBError) -> Result {
    var list: UnsafeMutablePointer<OpaquePointer?>?
    let count = unsafe libusb_get_device_list(context, &list)
    if count < 0 {
      throw USBError(
        .init(rawValue: Int32(clamping: count)), "list the USB devices")
    }
    defer { unsafe libusb_free_device_list(list, 1) }
    return try unsafe body(
      UnsafeBufferPointer(start: list, count: count).compactMap {
        unsafe $0
      })
  }

  func waitForChange(
    atMost limit: Duration, clock: any TimeSource
  ) throws(USBError) {
    guard canHotplug else {
      clock.sleep(for: min(limit, .milliseconds(100)))
      return
    }
    // What changed before the callback was there would go unseen.
    if try listen() { return }
    let end = clock.now() + limit
    while !changes.hasChanged() {
      let rest = end - clock.now()
      guard rest > .zero else { return }
      // In short steps, so that an interruption is seen by the caller.
      let step = min(rest, .milliseconds(250))
      var time = timeval()
      time.tv_usec = .init(step.components.attoseconds / 1_000_000_000_000)
      // Another thread may handle the events; then this one waits for it.
      let code = unsafe libusb_handle_events_timeout_completed(
        context, &time, nil)
      if code == USBError.Code.interrupted.rawValue { return }
      if code != 0 {
        throw USBError(.init(rawValue: code), "watch for USB devices")
      }
    }
  }

  /// Registers the callback; `false` when that was done before.
  private func listen() throws(USBError) -> Bool {
    let code = listens.withLock { listens -> Int32? in
      guard !listens else { return nil }
      listens = true
      let events =
        LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED.rawValue
        | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT.rawValue
      return unsafe libusb_hotplug_register_callback(
        context, Int32(events), 0, Int32(LIBUSB_HOTPLUG_MATCH_ANY),
        Int32(LIBUSB_HOTPLUG_MATCH_ANY), Int32(LIBUSB_HOTPLUG_MATCH_ANY),
        { _, _, _, changes in
          guard let changes = unsafe changes else { return 0 }
          // The count lives as long as the context, which ends the callback.
          unsafe Unmanaged<ChangeCount>.fromOpaque(changes)
            .takeUnretainedValue().add()
          return 0
        }, Unmanaged.passUnretained(changes).toOpaque(), nil)
    }
    guard let code else { return false }
    if code != 0 {
      throw USBError(.init(rawValue: code), "watch for USB devices")
    }
    return true
  }
}
