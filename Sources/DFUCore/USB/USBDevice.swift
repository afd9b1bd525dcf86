/// A USB device as the system knows it before anyone opens it.
public struct USBDevice: Hashable, Sendable {
  /// The number of the bus.
  public var bus: UInt8
  /// The device's address on its bus ("devnum"); changes whenever it
  /// enumerates again.
  public var address: UInt8
  /// The port on the root hub and on each hub below it. Stable for as long
  /// as the cable stays where it is. Empty for a root hub.
  public var ports: [UInt8]
  /// The negotiated speed.
  public var speed: USBSpeed
  /// The device descriptor.
  public var descriptor: DeviceDescriptor
  /// Every configuration whose descriptor could be read.
  public var configurations: [ConfigurationDescriptor]

  /// Describes a device.
  public init(
    bus: UInt8, address: UInt8, ports: [UInt8], speed: USBSpeed,
    descriptor: DeviceDescriptor, configurations: [ConfigurationDescriptor]
  ) {
    self.bus = bus
    self.address = address
    self.ports = ports
    self.speed = speed
    self.descriptor = descriptor
    self.configurations = configurations
  }

  /// The port path, `bus-port.port…`, the same text that Linux and
  /// dfu-util use.
  public var path: String { PortPath(bus: bus, ports: ports).description }

  /// Whether it has an interface of the DFU class.
  public var hasDFU: Bool {
    configurations.contains { $0.interfaces.contains(where: \.isDFU) }
  }
}

/// The negotiated speed of a USB device. Unknown values survive.
public struct USBSpeed: RawRepresentable, Hashable, Sendable {
  /// The value libusb gives the speed (`enum libusb_speed`).
  public var rawValue: Int32

  /// A speed by its libusb value.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The system does not tell.
  public static let unknown = USBSpeed(rawValue: 0)
  /// 1.5 Mbit/s.
  public static let low = USBSpeed(rawValue: 1)
  /// 12 Mbit/s.
  public static let full = USBSpeed(rawValue: 2)
  /// 480 Mbit/s.
  public static let high = USBSpeed(rawValue: 3)
  /// 5 Gbit/s.
  public static let `super` = USBSpeed(rawValue: 4)
}
