import DFUCore

/// Everything `doctor` looked at, as plain data: what the system knows of
/// every USB device, and what the boards answered.
struct DoctorScene: Sendable {
  /// Where the program runs.
  enum System: String, Sendable {
    case linux
    case macOS
    case windows
    /// A simulated bench, which has neither nodes nor rules.
    case bench
  }

  var system: System
  /// All USB devices, by rising port path.
  var devices: [SeenDevice] = []
  /// Rules of udev that are about devices with DFU.
  var rules: [RuleLine] = []
  /// Files of this program's own rules, and whether they are this version's.
  var ownRules: [OwnRules] = []
  /// Whether the program runs as root.
  var isRoot = false

  /// The devices with a DFU interface.
  var boards: [SeenDevice] { devices.filter { $0.board != nil } }
  /// The devices in DFU mode.
  var waiting: [SeenDevice] { boards.filter { $0.dfuInterface != nil } }
}

/// This program's rules as they are installed.
struct OwnRules: Hashable, Sendable {
  var path: String
  var isCurrent: Bool
}

/// A line of udev rules that gives access to USB devices by their ids.
struct RuleLine: Hashable, Sendable {
  /// The path of the rules file.
  var file: String
  /// What `idVendor` is compared with.
  var vendor: String
  /// What `idProduct` is compared with, a shell pattern; `nil` for any.
  var product: String?
  /// Whether it has the tag `uaccess`.
  var grantsUserAccess: Bool
  /// Whether it sets a mode or a group.
  var setsMode: Bool

  /// Whether it is read too late for its tag: 73-seat-late.rules acts on it.
  var isLate: Bool {
    let name = file.split(separator: "/").last ?? ""
    return grantsUserAccess && !setsMode && name >= "73"
  }
}

/// A USB device with what the system says of it.
struct SeenDevice: Sendable {
  var device: USBDevice
  /// Its node; `nil` where the system has none.
  var node: DeviceNode?
  /// The kernel drivers of its interfaces, by the interfaces' sysfs names.
  var drivers: [BoundDriver] = []
  /// Other programs that have its node open, as far as that can be seen.
  var holders: [String] = []
  /// The device as a board; `nil` without a DFU interface.
  var board: Board?
  /// What the board answered; `nil` where it was not asked.
  var look: BoardLook?

  /// Its interface in DFU mode.
  var dfuInterface: DFUInterface? {
    board?.interfaces.first { $0.mode == .dfu }
  }
  /// What is known of its chip.
  var knowledge: BoardKnowledge? {
    guard let board, let interface = dfuInterface else { return nil }
    var knowledge = BoardKnowledge(
      SelectedBoard(board: board, interface: interface))
    for (address, byte) in look?.bytes ?? [:] {
      knowledge = knowledge.knowing(byte, at: address)
    }
    return knowledge
  }
}

/// A device's node, `/dev/bus/usb/BBB/DDD`.
struct DeviceNode: Hashable, Sendable {
  var path: String
  /// The permission bits.
  var mode: UInt16
  var owner: String
  var group: String
  /// Whether this user may read and write it.
  var isAccessible: Bool

  /// As `ls -l` shows it.
  var text: String {
    let letters: [Character] = ["r", "w", "x"]
    let bits = (0..<9).map { index -> Character in
      mode >> (8 - index) & 1 == 1 ? letters[index % 3] : "-"
    }
    return "c" + String(bits) + " \(owner) \(group)"
  }
}

/// A kernel driver that holds an interface.
struct BoundDriver: Hashable, Sendable {
  /// The interface's name in sysfs, `1-2:1.0`.
  var interface: String
  /// `bInterfaceNumber`.
  var number: UInt8
  /// The driver's name.
  var name: String
}

/// What a board in DFU mode answered. Nothing of this changes the board.
struct BoardLook: Sendable {
  /// Whether the flash can be read.
  enum Protection: Hashable, Sendable {
    case unknown
    case off
    case on
  }

  /// Why it could not be asked.
  var problem: DFUError?
  /// Why its interface could not be had.
  var claim: USBError?
  /// Its state.
  var state: DFUState?
  /// Its status, where asking for it changes nothing.
  var status: DFUStatusReport?
  var protection: Protection = .unknown
  /// The first word of its flash.
  var firstWord: UInt32?
  /// Bytes of its bootloader's memory, by address.
  var bytes: [UInt32: UInt8] = [:]
}
