/// What is known about a family of chips and about the bootloader in its ROM.
///
/// A row of data: nothing here talks to a device. A family is what behaves
/// alike over DFU, so STM32F405 and F407 are one, STM32F401xC and F401xE two.
public struct ChipFamily: Hashable, Sendable {
  /// Short name, as `--chip` takes it: `F405`.
  public var name: String
  /// The parts it stands for, for a person: `STM32F405, F407, F415, F417`.
  public var title: String
  /// Other names `--chip` takes, without the `STM32`: `F407`, `F415`.
  public var aliases: [String]
  /// What its bootloader shows on USB.
  public var signs: Signs
  /// Where the unique identifier lies; `nil` where that is not known.
  public var uniqueID: UniqueIDLocation?
  /// What the bootloader's USB serial number says.
  public var serial: SerialKind
  /// Address and length of every write must be multiples of this many bytes
  /// (AN3156, "Write memory command").
  public var writeAlignment: Int
  /// Bytes that are programmed together and protected by one error-correcting
  /// code, so that they can be programmed only once between erases; `nil`
  /// for flash without such a code.
  public var eccWord: Int?
  /// What a byte of erased flash reads: 0xFF, but 0x00 on L0 and L1, whose
  /// programming turns zeros into ones.
  public var erasedByte: UInt8
  /// Flash times as the bootloader works unless told otherwise.
  public var timing: FlashTiming?
  /// Flash times after the voltage range 2.7-3.6 V was chosen through the
  /// "Device Feature" memory; `nil` for families without it.
  public var fastTiming: FlashTiming?
  /// Where programs begin.
  public var flashStart: UInt32
  /// RAM a vector table's initial stack pointer may point into (or to the
  /// end of).
  public var ram: [AddressWindow]
  /// Whether programs begin with a Cortex-M vector table, whose first word
  /// is the initial stack pointer.
  public var startsWithStackPointer: Bool
  /// The first RAM address the bootloader leaves alone; `nil` where it is not
  /// known or none is free (AN2606).
  public var freeRAM: UInt32?
  /// The bootloader's own memory (AN2606); reading it over DFU is possible
  /// on families where this is not `nil`.
  public var systemMemory: AddressWindow?
  /// Where the bootloader keeps its version byte (AN2606, "bootloader ID").
  /// Whether the bootloader lets it be read is not certain: ask, never
  /// require.
  public var bootloaderID: UInt32?
  /// Whether a chip whose flash was empty at power-on stays in its bootloader.
  public var emptyCheck: EmptyCheck
  /// Longest known time from reset to enumeration, milliseconds (AN2606);
  /// `nil` where it is not known.
  public var reconnectTime: Int?
  /// What a GETSTATUS meets that comes while the flash is busy.
  public var polling: EarlyPoll
  /// What leaving DFU mode needs.
  public var leave: LeaveFacts
  /// Name of the ``OptionByteLayout``; `nil` where none is known.
  public var optionBytes: String?
  /// Whether the option bytes can be reached over DFU at all.
  public var optionBytesReachable: Bool
  /// Identifiers of the family in UF2 files.
  public var uf2Families: [UInt32]
  /// Sources that differ from ``defaultSource(of:)``.
  public var sources: [Aspect: Source]

  /// A row.
  public init(
    name: String, title: String, aliases: [String] = [], signs: Signs,
    uniqueID: UniqueIDLocation? = nil, serial: SerialKind = .unknown,
    writeAlignment: Int, eccWord: Int? = nil, erasedByte: UInt8 = 0xFF,
    timing: FlashTiming? = nil, fastTiming: FlashTiming? = nil,
    flashStart: UInt32 = 0x0800_0000,
    ram: [AddressWindow], startsWithStackPointer: Bool = true,
    freeRAM: UInt32? = nil,
    systemMemory: AddressWindow? = nil, bootloaderID: UInt32? = nil,
    emptyCheck: EmptyCheck = .absent, reconnectTime: Int? = nil,
    polling: EarlyPoll = .unknown, leave: LeaveFacts = LeaveFacts(),
    optionBytes: String? = nil, optionBytesReachable: Bool = true,
    uf2Families: [UInt32] = [], sources: [Aspect: Source] = [:]
  ) {
    self.name = name
    self.title = title
    self.aliases = aliases
    self.signs = signs
    self.uniqueID = uniqueID
    self.serial = serial
    self.writeAlignment = writeAlignment
    self.eccWord = eccWord
    self.erasedByte = erasedByte
    self.timing = timing
    self.fastTiming = fastTiming
    self.flashStart = flashStart
    self.ram = ram
    self.startsWithStackPointer = startsWithStackPointer
    self.freeRAM = freeRAM
    self.systemMemory = systemMemory
    self.bootloaderID = bootloaderID
    self.emptyCheck = emptyCheck
    self.reconnectTime = reconnectTime
    self.polling = polling
    self.leave = leave
    self.optionBytes = optionBytes
    self.optionBytesReachable = optionBytesReachable
    self.uf2Families = uf2Families
    self.sources = sources
  }

  /// Bytes every write is best padded to (with ``erasedByte``): the stricter of
  /// ``writeAlignment`` and ``eccWord``.
  public var writeUnit: Int { max(writeAlignment, eccWord ?? 1) }

  /// Whether the flash can be told to program 32 bits at a time.
  public var hasVoltageRange: Bool { fastTiming != nil }

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

  /// Whether a range of RAM belongs to the bootloader while it runs, so that
  /// a program loaded there would break it.
  public func isUsedByBootloader(_ window: AddressWindow) -> Bool {
    guard let freeRAM, let first = ram.first, freeRAM > first.start else {
      return false
    }
    let used = AddressWindow(
      first.start, length: Int(freeRAM - first.start))
    return used.overlaps(window)
  }
}

extension ChipFamily {
  /// What a source speaks of.
  public enum Aspect: String, Hashable, Sendable, CaseIterable {
    /// ``ChipFamily/signs``.
    case signs
    /// ``ChipFamily/uniqueID``: the address.
    case uniqueID
    /// ``UniqueIDLocation/readable``.
    case uniqueIDReadable
    /// ``ChipFamily/serial``.
    case serial
    /// ``ChipFamily/writeAlignment`` and ``ChipFamily/eccWord``.
    case writeAlignment
    /// ``ChipFamily/timing`` and ``ChipFamily/fastTiming``.
    case timing
    /// ``ChipFamily/ram``.
    case ram
    /// ``ChipFamily/freeRAM``, ``ChipFamily/systemMemory`` and
    /// ``ChipFamily/bootloaderID``.
    case bootloader
    /// ``ChipFamily/emptyCheck``.
    case emptyCheck
    /// ``ChipFamily/reconnectTime``.
    case reconnectTime
    /// ``ChipFamily/polling``.
    case polling
    /// ``ChipFamily/leave``.
    case leave
  }

  /// Where a fact comes from.
  public func source(of aspect: Aspect) -> Source {
    sources[aspect] ?? Self.defaultSource(of: aspect)
  }

  /// Where a fact comes from when the row says nothing else.
  public static func defaultSource(of aspect: Aspect) -> Source {
    switch aspect {
    case .signs: Source("listings of devices (dfu-util -l)")
    case .uniqueID: Source("CMSIS device headers, UID_BASE")
    case .uniqueIDReadable: Source("field reports", .inferred)
    case .serial: Source("field reports", .inferred)
    case .writeAlignment: Source("AN3156 and reference manuals")
    case .timing:
      Source("datasheets, flash memory characteristics", .unconfirmed)
    case .ram: Source("CMSIS device headers, memory map", .inferred)
    case .bootloader: Source("AN2606 rev 70")
    case .emptyCheck: Source("AN2606 rev 70 and reference manuals")
    case .reconnectTime: Source("AN2606 rev 70")
    case .polling: Source("field reports", .inferred)
    case .leave: Source("AN3156 and field reports", .inferred)
    }
  }
}

extension ChipFamily: CustomStringConvertible {
  /// Its short name.
  public var description: String { name }
}

/// What a family's bootloader shows on USB.
public struct Signs: Hashable, Sendable {
  /// Vendor and product numbers, one of which it has.
  public var identifiers: [USBIdentifier]
  /// Shapes of its internal flash, one of which it has. Empty: unknown.
  public var flash: [FlashShape]
  /// The windows its option-byte memory shows, one list of which it has.
  /// Empty: unknown.
  public var optionBytes: [[AddressWindow]]
  /// Whether only the addresses of those windows are known, not their
  /// lengths.
  public var optionByteLengthsUnknown: Bool
  /// `bcdDevice` values it has; empty: any.
  public var deviceVersions: [UInt16]
  /// Whether there is a "Device Feature" memory; `nil`: not known.
  public var deviceFeature: Bool?
  /// Serial numbers, one of which every chip of it shows. Empty: no constant.
  public var serials: [String]
  /// How many alternate settings carry the flash's layout when that is more
  /// than one; `nil`: not a sign.
  public var flashAlternates: Int?
  /// Whether its serial number is raw 8-bit text with the size in it
  /// (GD32VF103).
  public var sizeInSerial: Bool

  /// The signs of a family.
  public init(
    identifiers: [USBIdentifier] = [.st], flash: [FlashShape],
    optionBytes: [[AddressWindow]] = [],
    optionByteLengthsUnknown: Bool = false, deviceVersions: [UInt16] = [],
    deviceFeature: Bool? = nil, serials: [String] = [],
    flashAlternates: Int? = nil, sizeInSerial: Bool = false
  ) {
    self.identifiers = identifiers
    self.flash = flash
    self.optionBytes = optionBytes
    self.optionByteLengthsUnknown = optionByteLengthsUnknown
    self.deviceVersions = deviceVersions
    self.deviceFeature = deviceFeature
    self.serials = serials
    self.flashAlternates = flashAlternates
    self.sizeInSerial = sizeInSerial
  }
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
  /// GigaDevice's bootloader.
  public static let gigaDevice = USBIdentifier(0x28E9, 0x0189)
  /// Artery's bootloader.
  public static let artery = USBIdentifier(0x2E3C, 0xDF11)
  /// Geehy's bootloader.
  public static let geehy = USBIdentifier(0x314B, 0x0106)
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

  /// The total size in bytes of the largest part.
  public var largest: Int {
    switch self {
    case .uniform(_, let totals): totals.max() ?? 0
    case .runs(let runs): runs.reduce(0) { $0 + $1.count * $1.size }
    }
  }
}

/// Where the unique identifier lies.
public struct UniqueIDLocation: Hashable, Sendable {
  /// The addresses of words 0, 1 and 2.
  public var words: [UInt32]
  /// Whether the bootloader lets it be read, as far as is known.
  public var readable: Readable

  /// Whether the bootloader lets the identifier be read.
  public enum Readable: String, Hashable, Sendable {
    /// It lies in the system memory the bootloader serves.
    case yes
    /// The bootloader answers with an error.
    case no
    /// Nobody tried.
    case unknown
  }

  /// Three words in a row.
  public init(_ address: UInt32, _ readable: Readable) {
    self.words = [address, address &+ 4, address &+ 8]
    self.readable = readable
  }

  /// Words with gaps between them.
  public init(words: [UInt32], _ readable: Readable) {
    self.words = words
    self.readable = readable
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

/// What a GETSTATUS meets that comes while the flash is busy.
public enum EarlyPoll: String, Hashable, Sendable {
  /// It is not answered (NAK) until the work is done: ask at once, with a
  /// long time limit.
  case heldUntilDone
  /// The control endpoint stalls; asking again after the reported time works.
  case stallsWhenEarly
  /// It answers dfuDNBUSY: ask again after the reported time.
  case answersBusy
  /// Not known: do as DFU 1.1 says.
  case unknown
}

/// What leaving DFU mode needs.
public struct LeaveFacts: Hashable, Sendable {
  /// Leave works only after a set-address command.
  public var needsAddress: Bool
  /// The bootloader can stay in dfuMANIFEST until GETSTATUS is sent again.
  public var mayNeedSecondStatus: Bool
  /// The last GETSTATUS can fail although the board left.
  public var lastStatusMayFail: Bool
  /// The bootloader has a reset command (`02` and four zero bytes, block 0).
  public var resetCommand: Bool
  /// With TrustZone (or always) only non-secure resources can be reached
  /// by the program that leave starts.
  public var nonSecureOnly: Bool

  /// What leaving needs.
  public init(
    needsAddress: Bool = false, mayNeedSecondStatus: Bool = false,
    lastStatusMayFail: Bool = false, resetCommand: Bool = false,
    nonSecureOnly: Bool = false
  ) {
    self.needsAddress = needsAddress
    self.mayNeedSecondStatus = mayNeedSecondStatus
    self.lastStatusMayFail = lastStatusMayFail
    self.resetCommand = resetCommand
    self.nonSecureOnly = nonSecureOnly
  }
}

/// Whether a chip whose flash was empty when it was powered stays in its
/// bootloader after reset, until power is cycled or the option bytes are
/// loaded again.
///
/// The chip looks at the word at 0x08000000 when it loads its option bytes.
public enum EmptyCheck: Hashable, Sendable {
  /// The family has no such check.
  case absent
  /// It has one; the text says when it counts.
  case present(condition: String)
  /// Not known.
  case unknown

  /// The value of a flash word that has never been programmed.
  public static let emptyWord: UInt32 = 0xFFFF_FFFF
}

/// How long something takes, in microseconds.
public struct FlashTime: Hashable, Sendable {
  /// The datasheet's typical time.
  public var typical: Int
  /// The datasheet's maximum.
  public var maximum: Int

  /// A pair of times in microseconds.
  public init(typical: Int, maximum: Int) {
    self.typical = typical
    self.maximum = maximum
  }
}

/// Datasheet times of a flash memory.
public struct FlashTiming: Hashable, Sendable {
  /// Erasing one sector or page, by its size.
  public var erase: [SectorErase]
  /// Erasing everything (of one bank where there are two), for the largest
  /// part of the family; `nil` where not known: then the sectors' times added
  /// up are an upper limit.
  public var massErase: FlashTime?
  /// Bytes programmed at once.
  public var programUnit: Int
  /// Programming ``programUnit`` bytes.
  public var program: FlashTime

  /// Erasing one sector of a size.
  public struct SectorErase: Hashable, Sendable {
    /// The sector's size in bytes.
    public var size: Int
    /// How long it takes.
    public var time: FlashTime

    /// A size in bytes and the time in microseconds.
    public init(size: Int, _ time: FlashTime) {
      self.size = size
      self.time = time
    }
  }

  /// The times of a flash memory.
  public init(
    erase: [SectorErase], massErase: FlashTime?, programUnit: Int,
    program: FlashTime
  ) {
    self.erase = erase
    self.massErase = massErase
    self.programUnit = programUnit
    self.program = program
  }

  /// The time to erase a sector of a size in bytes: of the smallest known
  /// sector that is at least as large, else of the largest.
  public func eraseTime(sectorSize: Int) -> FlashTime? {
    let known = erase.sorted { $0.size < $1.size }
    return (known.first { $0.size >= sectorSize } ?? known.last)?.time
  }

  /// The time to program a number of bytes, microseconds; clamped, never
  /// overflowing.
  public func programTime(bytes: Int) -> FlashTime {
    let unit = max(1, programUnit)
    let units = max(0, bytes) / unit + (bytes % unit > 0 ? 1 : 0)
    func times(_ value: Int) -> Int {
      let (product, overflow) = units.multipliedReportingOverflow(by: value)
      return overflow ? Int.max : product
    }
    return FlashTime(
      typical: times(program.typical), maximum: times(program.maximum))
  }
}
