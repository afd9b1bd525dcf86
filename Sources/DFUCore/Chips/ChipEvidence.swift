/// What a board shows of itself before anything is written to it: the input
/// of ``ChipIdentification``.
public struct ChipEvidence: Hashable, Sendable {
  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var product: UInt16
  /// `bcdDevice`.
  public var deviceVersion: UInt16
  /// The product string, if it could be read.
  public var productString: String?
  /// The serial number, if it could be read.
  public var serial: String?
  /// Its memories, one for each alternate setting whose layout can be read.
  public var memories: [MemoryMap]
  /// Bytes that were read from its system memory, by address: the
  /// bootloader-ID byte and the like.
  public var bytes: [UInt32: UInt8]

  /// What a board shows.
  public init(
    vendor: UInt16, product: UInt16, deviceVersion: UInt16,
    productString: String? = nil, serial: String? = nil,
    memories: [MemoryMap] = [], bytes: [UInt32: UInt8] = [:]
  ) {
    self.vendor = vendor
    self.product = product
    self.deviceVersion = deviceVersion
    self.productString = productString
    self.serial = serial
    self.memories = memories
    self.bytes = bytes
  }
}

/// Kinds of memory, as the names in DfuSe layout strings tell them.
public enum MemoryKind: String, Hashable, Sendable, CaseIterable {
  /// "Internal Flash" and whatever else is called flash and is not external.
  case internalFlash
  /// "External Flash", "SPI Flash".
  case externalFlash
  /// "Option Bytes", "OB Bytes".
  case optionBytes
  /// "OTP Memory": bytes that can be programmed once.
  case oneTimeProgrammable
  /// "Device Feature": the flash voltage range of F2, F4, F7.
  case deviceFeature
  /// "DATA Memory": EEPROM of L0 and L1.
  case dataMemory
  /// "ENGI Bytes": what the factory wrote (U0).
  case engineeringBytes
  /// Anything else.
  case other

  /// The kind that a memory's name tells, or where the name tells nothing of
  /// its use, its addresses.
  public init(name: String, windows: [AddressWindow] = []) {
    var name = name.lowercased()
    name.removeAll { !$0.isLetter && !$0.isNumber }
    let kinds: KeyValuePairs<String, MemoryKind> = [
      "option": .optionBytes, "obbytes": .optionBytes,
      "otp": .oneTimeProgrammable, "devicefeature": .deviceFeature,
      "datamemory": .dataMemory, "engi": .engineeringBytes,
    ]
    if let known = kinds.first(where: { name.hasPrefix($0.key) }) {
      self = known.value
    } else if windows.contains(where: { window in
      OptionByteGuard.knownWindows.contains { $0.contains(window.start) }
    }) {
      self = .optionBytes
    } else if name.contains("flash") {
      let external = ["external", "spi", "qspi", "ospi", "nor"]
      self =
        external.contains(where: name.hasPrefix)
        ? .externalFlash : .internalFlash
    } else {
      self = .other
    }
  }
}

extension ChipEvidence {
  /// Whether this is the bootloader in the chip's ROM: by ST's numbers and the
  /// product strings of its two generations. `nil` when the product string
  /// could not be read.
  ///
  /// Other firmware (MicroPython, Betaflight, U-Boot) uses the same numbers;
  /// then the chip may be known, but nothing of the ROM applies.
  public var isSystemBootloader: Bool? {
    let identifier = USBIdentifier(vendor, product)
    guard identifier == .st else {
      return ChipFamily.all.contains {
        $0.fingerprint.identifier == identifier
      }
    }
    return productString.map {
      BootloaderGeneration(productString: $0) != nil
    }
  }

  /// The internal flash's sectors with equal neighbours merged, from the
  /// lowest address; empty when there is none, when it does not begin at
  /// the address, or when it has gaps.
  func flashRuns(from start: UInt32) -> [SectorGroup] {
    guard
      let flash = memories.first(where: {
        $0.kind == .internalFlash && !$0.runs.isEmpty
      })
    else { return [] }
    var groups: [SectorGroup] = []
    var next = UInt64(start)
    for run in flash.runs.sorted(by: { $0.address < $1.address }) {
      guard UInt64(run.address) == next else { return [] }
      next = run.end
      if let last = groups.last, last.size == run.sectorSize {
        groups[groups.count - 1].count += run.count
      } else {
        groups.append(SectorGroup(run.count, run.sectorSize))
      }
    }
    return groups
  }

  /// The windows of the option bytes; `nil` when there is no such memory.
  var optionByteWindows: [AddressWindow]? {
    guard let memory = memories.first(where: { $0.kind == .optionBytes })
    else { return nil }
    var windows: [AddressWindow] = []
    for window in memory.windows {
      if let last = windows.last, last.end == UInt64(window.start) {
        windows[windows.count - 1].length += window.length
      } else {
        windows.append(window)
      }
    }
    return windows
  }
}

extension MemoryMap {
  /// Where its runs of sectors lie.
  public var windows: [AddressWindow] {
    runs.map { AddressWindow($0.address, length: $0.size) }
  }

  /// What kind of memory it is, by its name or its addresses.
  public var kind: MemoryKind { MemoryKind(name: name, windows: windows) }
}

/// The size of a GD32VF103's flash, which its bootloader's layout string has
/// wrong, from its serial number.
public enum GD32Serial {
  /// Bytes in a page of a GD32VF103.
  public static let pageSize = 1 << 10

  /// The flash size in bytes: the third of the serial number's four
  /// characters is B (128 KB), 8 (64), 6 (32) or 4 (16).
  ///
  /// The device sends 8-bit characters where USB wants UTF-16; a text in
  /// which two of them were read as one character is understood as well.
  /// `nil` for any other text.
  public static func flashSize(_ serial: String) -> Int? {
    var bytes: [UInt8] = []
    for unit in serial.utf16.prefix(8) {
      bytes.append(UInt8(truncatingIfNeeded: unit))
      if unit > 0xFF { bytes.append(UInt8(truncatingIfNeeded: unit >> 8)) }
    }
    guard bytes.count == 4, bytes.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    switch Unicode.Scalar(bytes[2]) {
    case "B": return 128 << 10
    case "8": return 64 << 10
    case "6": return 32 << 10
    case "4": return 16 << 10
    default: return nil
    }
  }
}
