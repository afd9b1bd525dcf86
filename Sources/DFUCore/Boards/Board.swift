/// Whether a DFU interface belongs to a running application or to a device
/// in DFU mode.
public enum DFUMode: String, Hashable, Sendable {
  /// The application runs; DETACH takes it to DFU mode.
  case runtime
  /// The device downloads and uploads.
  case dfu
}

/// One alternate setting of a DFU interface.
public struct AlternateSetting: Hashable, Sendable {
  /// `bAlternateSetting`.
  public var number: UInt8
  /// The interface string; `nil` when there is none or it cannot be read.
  public var name: DeviceString?

  /// An alternate setting by number and name.
  public init(number: UInt8, name: DeviceString?) {
    self.number = number
    self.name = name
  }

  /// The memory that the name describes, `nil` for a name that is no
  /// memory-layout string at all.
  ///
  /// - Throws: `MemoryMapError` for a layout that cannot be trusted.
  public func memory() throws(MemoryMapError) -> MemoryMap? {
    guard let text = name?.raw, text.hasPrefix("@") else { return nil }
    return try MemoryMap(parsing: text)
  }
}

/// One DFU interface of a device with all its alternate settings.
public struct DFUInterface: Hashable, Sendable {
  /// `bConfigurationValue` of its configuration.
  public var configuration: UInt8
  /// `bInterfaceNumber`.
  public var number: UInt8
  /// Run-time or DFU mode.
  public var mode: DFUMode
  /// The functional descriptor; `nil` when the device has none.
  public var functional: FunctionalDescriptor?
  /// Its alternate settings, in the device's order.
  public var alternates: [AlternateSetting]

  /// Whether the device is known to speak plain DFU, whatever it says.
  public var isPlain = false

  /// Whether the device speaks DfuSe, ST's extension.
  public var isDfuSe: Bool {
    mode == .dfu && !isPlain
      && functional?.version == FunctionalDescriptor.dfuSeVersion
  }
}

/// A device with at least one DFU interface, as far as it could be looked at.
public struct Board: Hashable, Sendable {
  /// The device on the bus.
  public var device: USBDevice
  /// Its DFU interfaces; at least one.
  public var interfaces: [DFUInterface]
  /// The serial-number string.
  public var serial: DeviceString?
  /// The product string.
  public var product: DeviceString?
  /// The manufacturer string.
  public var manufacturer: DeviceString?
  /// Why its strings are not known: it could not be opened.
  public var problem: USBError?
  /// Which chip it may be, as far as the board shows it.
  public var identification = ChipIdentification(
    candidates: [], basis: .evidence)
  /// The unique ID of its chip, once it has been read.
  public var uniqueID: UniqueID?
  /// The serial number its application showed, when the board was seen before
  /// it was detached.
  public var runtimeSerial: String?

  /// The port path, `bus-port.port`.
  public var path: String { device.path }

  /// What its chip is, for a person; `nil` where that is not known.
  public var chipName: String? {
    identification.candidates.isEmpty
      ? product.flatMap { PartitionLoader.chip(product: $0.raw) }
      : identification.summary
  }

  /// Whether it shows an interface in DFU mode.
  public var isInDFUMode: Bool { interfaces.contains { $0.mode == .dfu } }

  /// How the board is named in messages: path, and serial where known.
  public var label: String {
    guard let serial, !serial.raw.isEmpty else { return path }
    return "\(path) (serial \(serial.printable))"
  }
}

extension Board {
  /// The DFU interfaces of a device, without their names; empty for a device
  /// that has none.
  ///
  /// The functional descriptor is looked for after every alternate setting
  /// and in front of the interfaces: real devices have it in all places.
  public static func interfaces(of device: USBDevice) -> [DFUInterface] {
    var interfaces: [DFUInterface] = []
    let isPlain = DeviceQuirk.quirks(of: device.descriptor)
      .contains { $0.effect == .plainDFU }
    for configuration in device.configurations {
      let candidates = configuration.interfaces.filter(\.isDFU)
      var seen: [UInt8] = []
      for candidate in candidates where !seen.contains(candidate.number) {
        seen.append(candidate.number)
        let settings = candidates.filter { $0.number == candidate.number }
        let functional =
          settings.lazy
          .compactMap { FunctionalDescriptor(searching: $0.extra) }.first
          ?? FunctionalDescriptor(searching: configuration.extra)
          ?? configuration.interfaces.lazy
          .compactMap { FunctionalDescriptor(searching: $0.extra) }.first
        let isDFUMode =
          candidate.protocol == 2
          || candidate.protocol == 0
            && functional?.version == FunctionalDescriptor.dfuSeVersion
        interfaces.append(
          DFUInterface(
            configuration: configuration.value, number: candidate.number,
            mode: isDFUMode ? .dfu : .runtime, functional: functional,
            alternates: settings.map {
              AlternateSetting(number: $0.alternate, name: nil)
            }, isPlain: isPlain))
      }
    }
    return interfaces
  }

  /// All boards of a bus, by rising port path. Each DFU device is opened for
  /// its strings only; one that cannot be opened is there all the same, with
  /// the reason.
  ///
  /// - Parameter isOpened: which devices to open; of the others only that is
  ///   known which the system knows. A board that another program works on is
  ///   best left alone.
  /// - Throws: `USBError` when the bus cannot be listed.
  public static func all(
    on bus: any USBBus, opening isOpened: (USBDevice) -> Bool = { _ in true }
  ) throws(USBError) -> [Board] {
    var boards: [Board] = []
    for device in try bus.devices() {
      let board =
        isOpened(device)
        ? Board(looking: device, on: bus)
        : Board(device: device, interfaces: interfaces(of: device))
      if !board.interfaces.isEmpty { boards.append(board) }
    }
    return boards.sorted {
      ([$0.device.bus] + $0.device.ports)
        .lexicographicallyPrecedes([$1.device.bus] + $1.device.ports)
    }
  }

  /// Opens a device for its strings; without a DFU interface it is left alone.
  public init(looking device: USBDevice, on bus: any USBBus) {
    self.init(device: device, interfaces: Self.interfaces(of: device))
    if interfaces.isEmpty { return }
    do throws(USBError) {
      let transport = try bus.open(device)
      let reader = StringReader(transport)
      serial = reader.serial(device.descriptor.serialString)
      product = reader.string(device.descriptor.productString)
      manufacturer = reader.string(device.descriptor.manufacturerString)
      for index in interfaces.indices where interfaces[index].functional == nil
      {
        self.interfaces[index].ask(transport, device.descriptor)
      }
      for (index, interface) in interfaces.enumerated() {
        guard
          let configuration = device.configurations.first(where: {
            $0.value == interface.configuration
          })
        else { continue }
        let settings = configuration.interfaces.filter {
          $0.isDFU && $0.number == interface.number
        }
        self.interfaces[index].alternates = settings.map {
          AlternateSetting(
            number: $0.alternate, name: reader.string($0.nameString))
        }
      }
      identify()
    } catch {
      problem = error
    }
  }

  /// A board as far as the bus knows it, with nothing opened.
  public init(device: USBDevice, interfaces: [DFUInterface]) {
    self.device = device
    self.interfaces = interfaces
  }
}

extension DFUInterface {
  /// Asks the device for a functional descriptor that stands nowhere in its
  /// configuration (GET_DESCRIPTOR of type 0x21 to the interface). ST's newest
  /// ROMs never answer that, and none needs to be asked.
  fileprivate mutating func ask(
    _ transport: any ControlTransport, _ device: DeviceDescriptor
  ) {
    if device.vendor == 0x0483, device.product == 0xDF11 { return }
    let reply = try? transport.receive(
      ControlSetup(
        requestType: 0x81, request: 6, value: 0x2100, index: UInt16(number)),
      length: 9, timeout: .seconds(1))
    // A device without one stalls, which is no failure.
    functional = reply.flatMap { FunctionalDescriptor(searching: $0) }
  }
}
