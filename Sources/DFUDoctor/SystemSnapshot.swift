public import DFUCore

/// What the system knows of every USB device, and what the boards answered:
/// all that the findings are made of, as plain data.
public struct SystemSnapshot: Sendable {
  /// Where the program runs.
  public enum System: String, Sendable {
    case linux
    case macOS
    /// A simulated bench, which has neither nodes nor rules.
    case bench
  }

  /// Where the program runs.
  public var system: System
  /// All USB devices, by rising port path.
  public var devices: [DeviceSnapshot] = []
  /// Rules of udev that are about devices with DFU.
  var rules: [RuleLine] = []
  /// Files of this program's own rules, and whether they are this version's.
  var ownRules: [OwnRules] = []

  /// The devices with a DFU interface.
  var boards: [DeviceSnapshot] { devices.filter { $0.board != nil } }
  /// The devices in DFU mode.
  public var waiting: [DeviceSnapshot] {
    devices.filter { $0.dfuInterface != nil }
  }
}

extension SystemSnapshot {
  /// Looks at all USB devices, and changes none.
  ///
  /// - Parameters:
  ///   - bus: Where the devices are.
  ///   - facts: What the system tells; `nil` on a simulated bench.
  /// - Throws: `USBError` when the bus cannot be listed.
  public init(of bus: any USBBus, _ facts: SystemFacts?) throws(USBError) {
    system = facts?.system ?? .bench
    let all = try bus.devices().sorted {
      ([$0.bus] + $0.ports).lexicographicallyPrecedes([$1.bus] + $1.ports)
    }
    devices = all.map { DeviceSnapshot(of: $0, bus, facts) }
    if let facts { (rules, ownRules) = facts.rules() }
  }
}

/// A USB device with what the system says of it.
public struct DeviceSnapshot: Sendable {
  /// The device on the bus.
  public var device: USBDevice
  /// Its node; `nil` where the system has none.
  public var node: DeviceNode?
  /// The kernel drivers of its interfaces.
  public var drivers: [BoundDriver] = []
  /// Other programs that have its node open, as far as that can be seen.
  var holders: [ProcessName] = []
  /// The device as a board; `nil` without a DFU interface.
  public var board: Board?
  /// What the board answered; `nil` where it was not asked.
  public var probe: ProbeResult?

  /// Its interface in DFU mode.
  public var dfuInterface: DFUInterface? {
    board?.interfaces.first { $0.mode == .dfu }
  }

  /// What is known of its chip.
  public var knowledge: BoardKnowledge? {
    guard let board, let interface = dfuInterface else { return nil }
    var knowledge = BoardKnowledge(
      SelectedBoard(board: board, interface: interface))
    for (address, byte) in probe?.bytes ?? [:] {
      knowledge = knowledge.knowing(byte, at: address)
    }
    return knowledge
  }

  fileprivate init(
    of device: USBDevice, _ bus: any USBBus, _ facts: SystemFacts?
  ) {
    self.device = device
    node = facts?.node(of: device)
    let looked = Board(looking: device, on: bus)
    guard !looked.interfaces.isEmpty else { return }
    board = looked
    drivers = facts?.drivers(of: device) ?? []
    if let interface = dfuInterface, looked.problem == nil,
      looked.otherProtocol == nil,
      // Claiming would take the interface away from its driver.
      !drivers.contains(where: { $0.number == interface.number })
    {
      probe = ProbeResult(asking: looked, interface, on: bus)
      if probe?.claim?.code != .busy { return }
    }
    holders = facts?.holders(of: device) ?? []
  }
}

/// A device's node, `/dev/bus/usb/BBB/DDD`.
public struct DeviceNode: Hashable, Sendable {
  /// Its path.
  public var path: String
  /// The permission bits.
  var mode: UInt16
  /// The name of the user whose it is.
  var owner: String
  /// The name of its group.
  var group: String
  /// Whether this user may read and write it.
  public var isAccessible: Bool

  /// As `ls -l` shows it.
  public var text: String {
    let letters: [Character] = ["r", "w", "x"]
    let bits = (0..<9).map { index -> Character in
      mode >> (8 - index) & 1 == 1 ? letters[index % 3] : "-"
    }
    return "c" + String(bits) + " \(owner) \(group)"
  }
}

/// A kernel driver that holds an interface.
public struct BoundDriver: Hashable, Sendable {
  /// The interface's name in sysfs, `1-2:1.0`.
  public var interface: String
  /// `bInterfaceNumber`.
  var number: UInt8
  /// The driver's name.
  public var name: String
}

/// A running program.
public struct ProcessName: Hashable, Sendable, CustomStringConvertible {
  /// What the program is called, safe to show.
  public var name: String
  /// The number of its process.
  public var process: String

  /// `dfu-util (process 1234)`.
  public var description: String { "\(name) (process \(process))" }
}
