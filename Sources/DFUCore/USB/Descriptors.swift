/// The standard device descriptor (USB 2.0, table 9-8).
public struct DeviceDescriptor: Hashable, Sendable {
  /// `bcdUSB`.
  public var usbVersion: UInt16
  /// `bDeviceClass`.
  public var deviceClass: UInt8
  /// `bMaxPacketSize0`, bytes.
  public var maxPacketSize0: UInt8
  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var product: UInt16
  /// `bcdDevice`; on STM32 the version of the ROM's DFU.
  public var deviceVersion: UInt16
  /// `iManufacturer`, 0 for none.
  public var manufacturerString: UInt8
  /// `iProduct`, 0 for none.
  public var productString: UInt8
  /// `iSerialNumber`, 0 for none.
  public var serialString: UInt8

  /// A descriptor from its fields.
  public init(
    usbVersion: UInt16, deviceClass: UInt8, maxPacketSize0: UInt8,
    vendor: UInt16, product: UInt16, deviceVersion: UInt16,
    manufacturerString: UInt8, productString: UInt8, serialString: UInt8
  ) {
    self.usbVersion = usbVersion
    self.deviceClass = deviceClass
    self.maxPacketSize0 = maxPacketSize0
    self.vendor = vendor
    self.product = product
    self.deviceVersion = deviceVersion
    self.manufacturerString = manufacturerString
    self.productString = productString
    self.serialString = serialString
  }

  /// Reads the 18 bytes of a device descriptor; `nil` when they are fewer
  /// or are something else.
  public init?(parsing bytes: [UInt8]) {
    guard bytes.count >= 18, bytes[0] >= 18, bytes[1] == 1 else { return nil }
    self.init(
      usbVersion: UInt16(littleEndianAt: 2, in: bytes),
      deviceClass: bytes[4], maxPacketSize0: bytes[7],
      vendor: UInt16(littleEndianAt: 8, in: bytes),
      product: UInt16(littleEndianAt: 10, in: bytes),
      deviceVersion: UInt16(littleEndianAt: 12, in: bytes),
      manufacturerString: bytes[14], productString: bytes[15],
      serialString: bytes[16])
  }

  /// The descriptor as it is on the wire. What is not kept of it, subclass and
  /// protocol, is 0.
  ///
  /// - Parameter configurations: `bNumConfigurations`.
  public func bytes(configurations: Int) -> [UInt8] {
    [18, 1] + usbVersion.littleEndianBytes
      + [deviceClass, 0, 0, maxPacketSize0] + vendor.littleEndianBytes
      + product.littleEndianBytes + deviceVersion.littleEndianBytes
      + [manufacturerString, productString, serialString]
      + [UInt8(clamping: configurations)]
  }
}

extension DeviceDescriptor {
  /// The IDs as `lsusb` shows them, `0483:df11`.
  public var ids: String { usbIDs(vendor, product) }
}

/// IDs as `lsusb` shows them, `0483:df11`.
public func usbIDs(_ vendor: UInt16, _ product: UInt16) -> String {
  hex(vendor, 4, uppercase: false) + ":" + hex(product, 4, uppercase: false)
}

/// A configuration and the alternate settings of its interfaces.
public struct ConfigurationDescriptor: Hashable, Sendable {
  /// `bConfigurationValue`.
  public var value: UInt8
  /// The alternate settings of all interfaces, in the device's order.
  public var interfaces: [InterfaceDescriptor]
  /// Descriptors between the configuration and its first interface.
  public var extra: [UInt8]

  /// A configuration from its parts.
  public init(value: UInt8, interfaces: [InterfaceDescriptor], extra: [UInt8]) {
    self.value = value
    self.interfaces = interfaces
    self.extra = extra
  }

  /// Reads a configuration descriptor with all that follows it, as
  /// GET_DESCRIPTOR returns it.
  ///
  /// Takes what is there: a chain that is cut off ends where it is cut, a
  /// descriptor with an impossible length ends it too. `nil` only when the
  /// bytes do not begin with a configuration descriptor.
  public init?(parsing bytes: [UInt8]) {
    guard bytes.count >= 9, bytes[0] >= 9, bytes[1] == 2 else { return nil }
    self.init(value: bytes[5], interfaces: [], extra: [])
    var position = Int(bytes[0])
    while position + 2 <= bytes.count {
      let length = Int(bytes[position])
      guard length >= 2, position + length <= bytes.count else { return }
      let descriptor = bytes[position..<position + length]
      if bytes[position + 1] == 4, length >= 9 {
        interfaces.append(
          InterfaceDescriptor(
            number: bytes[position + 2], alternate: bytes[position + 3],
            interfaceClass: bytes[position + 5],
            subclass: bytes[position + 6], protocol: bytes[position + 7],
            nameString: bytes[position + 8], extra: []))
      } else if interfaces.isEmpty {
        extra += descriptor
      } else {
        interfaces[interfaces.count - 1].extra += descriptor
      }
      position += length
    }
  }

  /// The descriptor with all that follows it, as GET_DESCRIPTOR returns it.
  /// Attributes and current, which are not kept, are 0.
  public var bytes: [UInt8] {
    let body =
      extra
      + interfaces.flatMap {
        [
          9, 4, $0.number, $0.alternate, 0, $0.interfaceClass, $0.subclass,
          $0.protocol, $0.nameString,
        ] + $0.extra
      }
    let count = Set(interfaces.map(\.number)).count
    return [9, 2] + UInt16(clamping: 9 + body.count).littleEndianBytes
      + [UInt8(clamping: count), value, 0, 0, 0] + body
  }
}

/// One alternate setting of an interface (USB 2.0, table 9-12).
public struct InterfaceDescriptor: Hashable, Sendable {
  /// `bInterfaceNumber`.
  public var number: UInt8
  /// `bAlternateSetting`.
  public var alternate: UInt8
  /// `bInterfaceClass`.
  public var interfaceClass: UInt8
  /// `bInterfaceSubClass`.
  public var subclass: UInt8
  /// `bInterfaceProtocol`.
  public var `protocol`: UInt8
  /// `iInterface`, 0 for none.
  public var nameString: UInt8
  /// The descriptors that follow it, up to the next interface.
  public var extra: [UInt8]

  /// An alternate setting from its fields.
  public init(
    number: UInt8, alternate: UInt8, interfaceClass: UInt8, subclass: UInt8,
    protocol: UInt8, nameString: UInt8, extra: [UInt8]
  ) {
    self.number = number
    self.alternate = alternate
    self.interfaceClass = interfaceClass
    self.subclass = subclass
    self.protocol = `protocol`
    self.nameString = nameString
    self.extra = extra
  }

  /// Whether this is an interface of the DFU class (class FE, subclass 1).
  public var isDFU: Bool { interfaceClass == 0xFE && subclass == 1 }
}
