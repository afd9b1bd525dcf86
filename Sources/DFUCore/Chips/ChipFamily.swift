/// What is known about a family of chips and about the bootloader in its ROM.
///
/// Data: nothing here talks to a device. A family is what behaves alike over
/// DFU, so STM32F405 and F407 are one, STM32F401xC and F401xE two. Each stands
/// in the file of its series, with all that is known of it; ``all`` lists the
/// files.
public struct ChipFamily: Hashable, Sendable {
  /// Short name, as `--chip` takes it: `F405`.
  public var name: String
  /// The parts it stands for, for a person: `STM32F405, F407, F415, F417`.
  public var title: String
  /// Other names `--chip` takes, without the `STM32`: `F407`, `F415`.
  public var aliases: [String]
  /// What its bootloader shows on USB.
  public var fingerprint: Fingerprint
  /// Address of each word of the unique identifier; empty where not known.
  public var uniqueID: [UInt32] = []
  /// What the bootloader's USB serial number says.
  public var serial = SerialKind.unknown
  /// Address and length of every write must be multiples of this many bytes
  /// (AN3156, "Write memory command").
  public var writeAlignment: Int
  /// Bytes that are programmed together and protected by one error-correcting
  /// code, so that they can be programmed only once between erases; `nil`
  /// for flash without such a code.
  public var eccWord: Int?
  /// What a byte of erased flash reads: 0xFF, but 0x00 on L0 and L1, whose
  /// programming turns zeros into ones.
  public var erasedByte: UInt8 = 0xFF
  /// Flash times as the bootloader works unless told otherwise.
  public var timing: FlashTiming?
  /// Whether the flash can be told, through the "Device Feature" memory, that
  /// the supply allows programming 32 bits at a time (F2, F4, F7).
  public var hasVoltageRange = false
  /// Where programs begin.
  public var flashStart: UInt32 = 0x0800_0000
  /// RAM a vector table's initial stack pointer may point into (or to the
  /// end of).
  public var ram: [AddressWindow] = []
  /// Whether programs begin with a Cortex-M vector table, whose first word
  /// is the initial stack pointer.
  public var startsWithStackPointer = true
  /// The bootloader's own memory (AN2606), which it lets be read.
  public var systemMemory: AddressWindow?
  /// Where the bootloader keeps its version byte (AN2606, "bootloader ID").
  /// Whether the bootloader lets it be read is not certain: ask, never
  /// require.
  public var bootloaderID: UInt32?
  /// Whether a chip whose flash was empty at power-on stays in its bootloader.
  public var emptyCheck = EmptyCheck.absent
  /// Longest known time from reset to enumeration, milliseconds (AN2606);
  /// `nil` where it is not known.
  public var reconnectTime: Int?
  /// Where it was seen that the bootloader holds back its answer to GETSTATUS
  /// until the work is done; `nil` where it was not.
  public var answersAreHeldBack: Source?
  /// The chip's USB peripheral, where it matters.
  public var peripheral = USBPeripheral.unknown
  /// What leaving DFU mode needs.
  public var leave = LeaveFacts()
  /// What its option bytes mean; `nil` where that is not known.
  public var optionBytes: OptionByteLayout?
  /// Known faults of its bootloader.
  public var errata: [BootloaderErratum] = []
  /// Identifiers of the family in UF2 files.
  public var uf2Families: [UInt32] = []
  /// What else a person should know of it, a sentence each.
  public var notes: [String] = []

  /// A family with what every family must have. Its aliases are the parts that
  /// its title lists: `STM32F401xB/C` is F401xB and F401xC.
  init(
    _ name: String, _ title: String, _ fingerprint: Fingerprint,
    writeAlignment: Int
  ) {
    self.name = name
    self.title = title
    self.fingerprint = fingerprint
    self.writeAlignment = writeAlignment
    let parts = title.split(separator: ",").compactMap {
      $0.split(separator: " ").last
    }
    aliases = parts.flatMap { part -> [String] in
      let endings = part.split(separator: "/")
      let first = String(endings[0].trimmingPrefix("STM32"))
      return [first] + endings.dropFirst().map { String(first.dropLast() + $0) }
    }
  }

  /// A family of ST's whose bootloader shows its option bytes.
  init(
    _ name: String, _ title: String, _ generation: BootloaderGeneration,
    _ flash: [FlashShape], _ layout: OptionByteLayout, writeAlignment: Int
  ) {
    self.init(
      name, title,
      Fingerprint(generation, flash, optionBytes: [layout.windows]),
      writeAlignment: writeAlignment)
    fingerprint.deviceFeature = false
    optionBytes = layout
  }

  /// Bytes every write is best padded to (with ``erasedByte``): the stricter of
  /// ``writeAlignment`` and ``eccWord``.
  public var writeUnit: Int { max(writeAlignment, eccWord ?? 1) }

  /// Whether the bootloader lets the unique identifier be read: where it lies
  /// in the system memory (field reports).
  public var letsUniqueIDBeRead: Bool {
    !uniqueID.isEmpty
      && uniqueID.allSatisfy { systemMemory?.contains($0) == true }
  }

  /// Whether the bootloader shows its option bytes over DFU.
  public var showsOptionBytes: Bool {
    !errata.contains { $0.consequences.contains(.optionBytesUnreachable) }
  }

  /// Whether the first word of a program can be its initial stack pointer: a
  /// multiple of 4 inside ``ram`` or at the end of one of its windows.
  ///
  /// `nil` where the RAM is not known, or where programs do not begin with a
  /// stack pointer (RISC-V).
  public func isPlausibleStackPointer(_ value: UInt32) -> Bool? {
    guard !ram.isEmpty, startsWithStackPointer else { return nil }
    return value.isMultiple(of: 4)
      && ram.contains { value > $0.start && UInt64(value) <= $0.end }
  }

  /// The family with some of its facts set: how the files of the series write
  /// what their members differ in.
  func with(_ change: (inout ChipFamily) -> Void) -> ChipFamily {
    var family = self
    change(&family)
    return family
  }
}

extension ChipFamily {
  /// Every family whose bootloader is known, ST's first.
  public static let all: [ChipFamily] =
    f0 + f1 + f2 + f3 + f4 + f7 + g0 + g4 + c0 + c5 + h5 + h7 + l0 + l1 + l4
    + l5 + u0 + u3 + u5 + wb + gd32 + at32 + apm32 + wb32 + x32

  /// The family with exactly this name.
  public static func named(_ name: String) -> ChipFamily? {
    all.first { $0.name == name }
  }
}

extension ChipFamily: CustomStringConvertible {
  /// Its short name.
  public var description: String { name }
}

/// What a family's bootloader shows on USB.
public struct Fingerprint: Hashable, Sendable {
  /// Vendor and product numbers.
  public var identifier = USBIdentifier.st
  /// Which of ST's bootloaders it is; `nil` where that is not known.
  public var generation: BootloaderGeneration?
  /// Shapes of its internal flash, one of which it has. Empty: unknown.
  public var flash: [FlashShape]
  /// The windows its option-byte memory shows, one list of which it has.
  /// Empty: unknown.
  public var optionBytes: [[AddressWindow]] = []
  /// Whether only the addresses of those windows are known, not their
  /// lengths, nor whether the bootloader shows them at all.
  public var optionBytesAreUncertain = false
  /// Whether there is a "Device Feature" memory, as far as that tells it from
  /// another family; `nil`: it does not.
  public var deviceFeature: Bool?
  /// How many alternate settings carry the flash's layout when that is more
  /// than one.
  public var flashAlternates: Int?
  /// How many blanks follow the name of its flash, where that tells it from
  /// another family.
  public var padding: Int?
  /// Whether its serial number is raw 8-bit text with the size in it
  /// (GD32VF103).
  public var sizeInSerial = false

  /// What a bootloader of ST's shows.
  public init(
    _ generation: BootloaderGeneration?, _ flash: [FlashShape],
    optionBytes: [[AddressWindow]] = [], uncertain: Bool = false
  ) {
    self.generation = generation
    self.flash = flash
    self.optionBytes = optionBytes
    optionBytesAreUncertain = uncertain
  }

  /// What another maker's bootloader shows.
  public init(_ identifier: USBIdentifier, _ flash: [FlashShape] = []) {
    self.identifier = identifier
    self.flash = flash
  }
}

/// The generations of ST's USB bootloaders, told by product string and
/// `bcdDevice` (listings of devices).
public enum BootloaderGeneration: String, Hashable, Sendable, CaseIterable {
  /// "STM32  BOOTLOADER".
  case older
  /// "DFU in FS Mode".
  case newer

  /// The generation of a product string; `nil` for firmware that is none of
  /// ST's bootloaders.
  public init?(productString: String) {
    switch productString.filter({ $0 != " " }) {
    case "STM32BOOTLOADER": self = .older
    case "DFUinFSMode": self = .newer
    default:
      // F105's string is cut off: "STM32 0x418 DFU Bootloade".
      guard productString.hasPrefix("STM32 0x"),
        productString.hasSuffix("DFU Bootloade")
          || productString.hasSuffix("DFU Bootloader")
      else { return nil }
      self = .older
    }
  }

  /// Values of `bcdDevice` that bootloaders of this generation show.
  public var deviceVersions: [UInt16] {
    switch self {
    case .older: [0x2000, 0x2100, 0x2200]
    case .newer: [0x0200, 0x0220]
    }
  }
}

/// The USB peripheral of a chip, as far as a host notices it.
public enum USBPeripheral: String, Hashable, Sendable {
  /// The full-speed device: while a SETUP is unread it answers the next one
  /// with no handshake at all (reference manuals).
  case fullSpeedDevice
  /// The OTG core, which answers with NAK.
  case otg
  /// Not known.
  case unknown
}

/// `idVendor` and `idProduct`.
public struct USBIdentifier: Hashable, Sendable {
  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var product: UInt16

  /// A pair of numbers.
  public init(_ vendor: UInt16, _ product: UInt16) {
    self.vendor = vendor
    self.product = product
  }

  /// ST's system bootloader, and firmware that borrows its numbers.
  public static let st = USBIdentifier(0x0483, 0xDF11)
}

/// Sectors (or pages) of one size in a row.
public struct SectorGroup: Hashable, Sendable {
  /// How many.
  public var count: Int
  /// Bytes each.
  public var size: Int

  /// A run.
  public init(_ count: Int, _ size: Int) {
    self.count = count
    self.size = size
  }
}

/// What the internal flash of a family can look like.
public enum FlashShape: Hashable, Sendable {
  /// Sectors of one size. `totals` are the sizes of the parts in bytes.
  case uniform(sector: Int, totals: [Int])
  /// Sectors of several sizes, from the lowest address.
  case runs([SectorGroup])

  /// The total sizes in bytes of the parts that have it.
  public var totals: [Int] {
    switch self {
    case .uniform(_, let totals): totals
    case .runs(let runs): [runs.reduce(0) { $0 + $1.count * $1.size }]
    }
  }

  /// Whether sectors in a row are of this shape.
  func matches(_ shown: [SectorGroup]) -> Bool {
    switch self {
    case .runs(let expected): return shown == expected
    case .uniform(let sector, let totals):
      guard shown.count == 1, let run = shown.first else { return false }
      return run.size == sector && totals.contains(run.count * run.size)
    }
  }

  /// Sectors of one size, of parts of so many kilobytes.
  static func pages(_ size: Int, _ kilobytes: [Int]) -> FlashShape {
    .uniform(sector: size, totals: kilobytes.map { $0 << 10 })
  }
}

/// What the bootloader's USB serial number says of the board.
public enum SerialKind: Hashable, Sendable {
  /// It is folded from the unique identifier.
  case derived(SerialDerivation)
  /// Every chip shows one of these texts.
  case constant([String])
  /// Chips with some versions of the bootloader show one of these texts; how
  /// the others make theirs is not known.
  case constantInSome([String])
  /// It changes from one power-up to the next.
  case unstable
  /// It is not known how it is made.
  case unknown
}

/// What leaving DFU mode needs.
public struct LeaveFacts: Hashable, Sendable {
  /// The bootloader can stay in dfuMANIFEST until GETSTATUS is sent again.
  public var mayNeedSecondStatus = false
  /// The bootloader has a reset command (`02` and four zero bytes, block 0).
  public var resetCommand = false
}

/// Whether a chip whose flash was empty when it was powered stays in its
/// bootloader after reset, until power is cycled or the option bytes are
/// loaded again.
///
/// The chip looks at the word at 0x08000000 when it loads its option bytes.
public enum EmptyCheck: String, Hashable, Sendable {
  /// The family has no such check.
  case absent
  /// It has one.
  case present
  /// Not known.
  case unknown

  /// The value of a flash word that has never been programmed.
  public static let emptyWord: UInt32 = 0xFFFF_FFFF
}

/// RAM of so many kilobytes.
func sram(_ kilobytes: Int, at start: UInt32 = 0x2000_0000) -> AddressWindow {
  AddressWindow(start, length: kilobytes << 10)
}
