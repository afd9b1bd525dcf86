import DFUCore

/// What a kind of simulated board is: everything that is the same for two
/// boards of it. A chip's habits are values here, never code.
public struct BoardProfile: Hashable, Sendable {
  /// The name by which a bench calls it, such as `f405`.
  public var name: String
  /// The name for people, such as `STM32F405`.
  public var title: String
  /// How it appears on the bus in DFU mode.
  public var usb: USBIdentity
  /// `iInterface` of each alternate setting, verbatim.
  public var alternates: [AlternateProfile]
  /// Number of the DFU interface.
  public var interface: UInt8 = 0
  /// `bInterfaceProtocol` of the DFU interface: 2, or 0 on DFU 1.0.
  public var interfaceProtocol: UInt8 = 2
  /// The DFU functional descriptor.
  public var functional: FunctionalProfile
  /// Whether each string descriptor stalls once before it is sent.
  public var stringsStallOnce = false
  /// The time from power-on or reset until the host sees the device.
  public var enumerationTime: Duration = .milliseconds(300)
  /// How long transfers take on the wire.
  public var wire: WireProfile = .fullSpeed
  /// What shows on the bus when the program runs; `nil` for a program
  /// without USB.
  public var application: ApplicationProfile?
  /// How it speaks DFU, and what is behind it.
  public var machine: MachineProfile

  /// Whether a new board of this kind comes up in DFU mode.
  public var startsInLoader: Bool {
    switch machine {
    case .dfuSe: true
    case .plain(let plain): plain.startsInLoader
    }
  }
}

/// The two kinds of DFU device.
public enum MachineProfile: Hashable, Sendable {
  /// An STM32-like chip with DfuSe and addressed memories.
  case dfuSe(ChipProfile)
  /// A device of DFU 1.0 or 1.1 without addresses.
  case plain(PlainProfile)
}

/// Identity and strings of a device on the bus.
public struct USBIdentity: Hashable, Sendable {
  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var product: UInt16
  /// `bcdDevice`.
  public var deviceVersion: UInt16
  /// `bcdUSB`.
  public var usbVersion: UInt16
  /// `bMaxPacketSize0`, bytes.
  public var maxPacketSize0: UInt8 = 64
  /// The text of `iManufacturer`, if any.
  public var manufacturer: String?
  /// The text of `iProduct`, if any.
  public var productName: String?
  /// Where the text of `iSerialNumber` comes from.
  public var serial: SerialRule
}

/// One alternate setting of the DFU interface.
public struct AlternateProfile: Hashable, Sendable {
  /// The text of `iInterface`; `nil` for no string.
  public var name: String?
  /// Bytes by which `bLength` of the string descriptor exceeds what the
  /// device sends (seen on F427/F429).
  public var excessLength: UInt8

  /// An alternate setting with a name.
  public init(_ name: String?, excessLength: UInt8 = 0) {
    self.name = name
    self.excessLength = excessLength
  }
}

/// The DFU functional descriptor (DFU 1.1, table 4.2).
public struct FunctionalProfile: Hashable, Sendable {
  /// Where in the configuration the descriptor stands.
  public enum Place: String, NamedChoice {
    /// Once, after the last alternate setting.
    case afterLastAlternate
    /// After every alternate setting.
    case afterEveryAlternate
    /// Before the first interface.
    case afterConfiguration
    /// In no configuration, but GET_DESCRIPTOR returns it.
    case onRequestOnly
    /// Nowhere.
    case missing
  }

  /// `bmAttributes`.
  public var attributes: UInt8
  /// `wDetachTimeOut`, milliseconds.
  public var detachTimeout: UInt16
  /// `wTransferSize`, bytes.
  public var transferSize: UInt16
  /// `bcdDFUVersion`; `nil` for the 7-byte descriptor of DFU 1.0.
  public var version: UInt16?
  /// Where it stands.
  public var place = Place.afterLastAlternate
  /// Whether a GET_DESCRIPTOR for it is never answered (STM32C562).
  public var isSilentOnRequest = false

  /// Its bytes.
  var bytes: [UInt8] {
    [version == nil ? 7 : 9, 0x21, attributes]
      + detachTimeout.littleEndianBytes + transferSize.littleEndianBytes
      + (version?.littleEndianBytes ?? [])
  }
}

/// The cost of a control transfer on the wire.
public struct WireProfile: Hashable, Sendable {
  /// SETUP, status stage and the host's scheduling, per transfer.
  public var perTransfer: Duration
  /// One packet of the data stage.
  public var perPacket: Duration

  /// Full speed: 2048 bytes take about 1.85 ms (USB 2.0, 5.5.3: at most 31
  /// packets of 64 bytes fit a frame; hosts reach about two thirds).
  public static let fullSpeed = WireProfile(
    perTransfer: .microseconds(250), perPacket: .microseconds(50))
  /// No cost, for the path through a kernel, which has its own.
  public static let free = WireProfile(perTransfer: .zero, perPacket: .zero)

  func time(bytes: Int, packet: UInt8) -> Duration {
    let packets = (bytes + max(1, Int(packet)) - 1) / max(1, Int(packet))
    return perTransfer + perPacket * packets
  }
}

/// A program that has USB.
public struct ApplicationProfile: Hashable, Sendable {
  /// How it appears on the bus.
  public var usb: USBIdentity
  /// The run-time DFU descriptor; `nil` for a device without.
  public var functional: FunctionalProfile?
  /// Number of the run-time DFU interface. Those before it do other things.
  public var interface: UInt8 = 0
  /// `bInterfaceProtocol` of it: 1, or 0 on DFU 1.0.
  public var interfaceProtocol: UInt8 = 1
  /// `iInterface` of it.
  public var name: String?
  /// The time from its start until the host sees it.
  public var enumerationTime: Duration = .milliseconds(400)
  /// Whether GETSTATUS and GETSTATE stall at run time.
  public var statusStalls = false
}

/// Where a serial number comes from.
public enum SerialRule: Hashable, Sendable {
  /// No serial number string.
  case none
  /// Always the same text.
  case constant(String)
  /// Always the same text, in 8-bit characters (GD32).
  case eightBit(String)
  /// Twelve digits of the 96-bit unique ID, as the ROMs of most families
  /// and ST's class fold it: w0 + w2, then the top of w1.
  case folded
  /// The same with the last four digits from the top of w2 (F0, L0, F3).
  case foldedTopOfW2
  /// The same with 0x0A added to byte 0 of the ID (F765/767).
  case foldedPlusTen
  /// All 24 digits of the unique ID in memory order.
  case full

  func text(_ id: ChipID) -> String? {
    switch self {
    case .none: nil
    case .constant(let text), .eightBit(let text): text
    case .folded: id.folded(low: id.words.1)
    case .foldedTopOfW2: id.folded(low: id.words.2)
    case .foldedPlusTen:
      ChipID(id.words.0 &+ 0x0A, id.words.1, id.words.2)
        .folded(low: id.words.1)
    case .full: id.bytes.map { hex($0, 2) }.joined()
    }
  }
}

/// The 96-bit unique ID of an STM32.
public struct ChipID: Hashable, Sendable {
  /// The ID as it lies in memory, 12 bytes.
  public let bytes: [UInt8]

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// An ID from its three words.
  public init(_ w0: UInt32, _ w1: UInt32, _ w2: UInt32) {
    bytes = [w0, w1, w2].flatMap(\.littleEndianBytes)
  }

  /// The ID of the `index`th simulated board: a lot number as ST's look, and
  /// different wafer coordinates.
  public init(board index: Int) {
    let index = UInt32(truncatingIfNeeded: index)
    self.init(0x0020_0018 &+ (index << 16), 0x3331_500B, 0x2033_3153)
  }

  /// An ID from 24 hexadecimal digits in memory order.
  public init?(_ text: String) {
    let digits = text.unicodeScalars.compactMap(\.hexDigit)
    guard digits.count == 24, text.unicodeScalars.count == 24 else {
      return nil
    }
    self.init(
      bytes: stride(from: 0, to: 24, by: 2).map {
        digits[$0] << 4 | digits[$0 + 1]
      })
  }

  /// The three words.
  public var words: (UInt32, UInt32, UInt32) {
    (
      UInt32(littleEndianAt: 0, in: bytes),
      UInt32(littleEndianAt: 4, in: bytes),
      UInt32(littleEndianAt: 8, in: bytes)
    )
  }

  fileprivate func folded(low: UInt32) -> String {
    hex(words.0 &+ words.2, 8) + hex(low >> 16, 4)
  }
}
