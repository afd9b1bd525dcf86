/// How the option bytes of a family lie in the memory its bootloader shows.
///
/// It stands in the file of the family that has it.
public struct OptionByteLayout: Hashable, Sendable {
  /// Its name, for people: the family's, or of the first that has it.
  public var name: String
  /// The windows the bootloader shows. A write must begin at the first
  /// address of one, and the chip resets after it.
  public var windows: [AddressWindow]
  /// The words that are known, in the order of their addresses.
  public var words: [OptionWord]
  /// Stretches that must not be changed, with the reason.
  public var untouchable: [Untouchable] = []
  /// How the readout protection byte is read.
  public var protection: ProtectionScheme
  /// Where all this comes from.
  public var source: Source

  /// Option bytes that must not be changed.
  public struct Untouchable: Hashable, Sendable {
    /// Where they are.
    public var window: AddressWindow
    /// Why, in a few words.
    public var reason: String
    /// Whether not even what was read there may be written back, so that a
    /// write must end before it.
    public var excluded = false
  }

  /// Every field, in the order of the addresses.
  public var fields: [OptionField] { words.flatMap(\.fields) }

  /// The field with this name; letter case does not matter.
  public func field(named name: String) -> OptionField? {
    let wanted = name.lowercased()
    return fields.first { $0.name.lowercased() == wanted }
  }

  /// The field of the readout protection (`RDP`, or `PRODUCT_STATE`).
  public var protectionField: OptionField? {
    fields.first { $0.role == .readoutProtection }
  }

  /// The layout with some of its facts set.
  func with(_ change: (inout OptionByteLayout) -> Void) -> OptionByteLayout {
    var layout = self
    change(&layout)
    return layout
  }

  /// Every layout that some family has.
  public static let all = ChipFamily.all.compactMap(\.optionBytes).uniqued
}

extension OptionByteLayout: CustomStringConvertible {
  /// Its short name.
  public var description: String { name }
}

/// One word of option bytes with its fields.
public struct OptionWord: Hashable, Sendable {
  /// Where it is.
  public var address: UInt32
  /// How its bytes are arranged.
  public var encoding: Encoding
  /// What a chip leaves the factory with, without complements; `nil` where
  /// not known.
  public var factoryValue: UInt32?
  /// Its fields, from bit 0. Bits in no field are reserved and kept.
  public var fields: [OptionField]

  /// How a word's bytes are arranged in the window.
  public enum Encoding: String, Hashable, Sendable, CaseIterable {
    /// Four bytes: byte 0 and its complement, byte 2 and its complement (F0,
    /// F1, F3).
    case byteComplement
    /// Four bytes: the lower half and its complement (F2, F4, F7, L0, L1).
    case halfComplement
    /// Eight bytes: the word and its complement (L4, G4, G0, C0, WB).
    case wordComplement
    /// Four bytes (L5, U5, U0).
    case plain
    /// Eight bytes: the current value, then the value that will be programmed
    /// (H5, H7). Written both alike.
    case pair

    /// Bytes it takes.
    public var length: Int {
      switch self {
      case .byteComplement, .halfComplement, .plain: 4
      case .wordComplement, .pair: 8
      }
    }

    /// The bits that carry values.
    public var mask: UInt32 {
      switch self {
      case .byteComplement: 0x00FF_00FF
      case .halfComplement: 0x0000_FFFF
      case .wordComplement, .plain, .pair: 0xFFFF_FFFF
      }
    }
  }

  /// Where its bytes are.
  public var window: AddressWindow {
    AddressWindow(address, length: encoding.length)
  }

  /// The bits that belong to a field.
  public var knownMask: UInt32 { fields.reduce(0) { $0 | $1.mask } }
}

/// A named group of bits of an option word.
public struct OptionField: Hashable, Sendable {
  /// ST's name: `nBOOT0`. Where the reference manuals differ, the one of the
  /// CMSIS header.
  public var name: String
  /// Its lowest bit in the word.
  public var bit: Int
  /// How many bits.
  public var width: Int
  /// What it is for, for a person; empty where the name says it.
  public var meaning: String
  /// Names of its values.
  public var values: [UInt32: String]
  /// What its bits mean.
  public var kind: Kind
  /// What it does to the chip.
  public var role: Role
  /// How far place and width can be trusted.
  public var confidence: Confidence

  /// What its bits mean, for reading and writing them.
  public enum Kind: Hashable, Sendable {
    /// A number, or one of ``OptionField/values``.
    case plain
    /// An address shifted right by this many bits.
    case address(shift: Int)
    /// One bit a sector or group of sectors, counted from `first`; protected
    /// where the bit is `protectedWhen`.
    case sectors(first: Int, protectedWhen: UInt32)
    /// First page of a protected area of this name; protected where the start
    /// is not after the end.
    case areaStart(String)
    /// Last page of a protected area of this name.
    case areaEnd(String)
    /// Shown, never written; the text says why.
    case readOnly(String)
  }

  /// What it does to the chip: what the guard and the jobs go by.
  public enum Role: Hashable, Sendable {
    /// Nothing that could not be set back.
    case setting
    /// Readout protection or product state, see
    /// ``OptionByteLayout/protection``.
    case readoutProtection
    /// Keeps sectors from being erased and written.
    case writeProtection
    /// Keeps sectors from being read, even by the program (PCROP).
    case codeProtection
    /// Turns write protection into code protection where it is 1.
    case codeProtectionMode
    /// Hides part of the flash from everything but itself (SEC_SIZE, SECWM,
    /// HDP, SEC_AREA).
    case secureArea
    /// Locks a write-protected area where it is 0.
    case areaUnlock
    /// Turns TrustZone on with this value.
    case trustZone(on: UInt32)
    /// Locks the boot address with this value.
    case bootLock(on: UInt32)
    /// Turns the security features of an H7 on where it is 1.
    case security
    /// Says with this value that the BOOT0 pin decides, else ``bootBit``.
    case bootPin(used: UInt32)
    /// Stands in the place of the BOOT0 pin; 0 is BOOT0 high.
    case bootBit
    /// What is booted with BOOT0 high; this value is the bootloader.
    case bootTarget(bootloader: UInt32)
    /// Divides the flash into banks, which changes its sectors.
    case banks
    /// The supply below which the chip stays in reset.
    case supplyLevel(highest: UInt32)
    /// Makes pins fast at low voltage where it is 1.
    case fastPins
    /// The mode of the reset pin.
    case resetPin(reserved: UInt32)

    /// Whether it is one of the bits that TrustZone's side keeps.
    public var isSecure: Bool {
      switch self {
      case .secureArea, .trustZone, .bootLock: true
      case .setting, .readoutProtection, .writeProtection, .codeProtection,
        .codeProtectionMode, .areaUnlock, .security, .bootPin, .bootBit,
        .bootTarget, .banks, .supplyLevel, .fastPins, .resetPin:
        false
      }
    }
  }

  /// The largest value.
  public var maximum: UInt32 {
    width >= 32 ? .max : (1 << UInt32(max(0, width))) - 1
  }

  /// Its bits in the word.
  public var mask: UInt32 { maximum << UInt32(max(0, bit)) }

  /// Its value in a word.
  public func value(in word: UInt32) -> UInt32 {
    (word & mask) >> UInt32(max(0, bit))
  }

  /// A word with another value in this field, all other bits as they were.
  public func setting(_ value: UInt32, in word: UInt32) -> UInt32 {
    (word & ~mask) | ((value << UInt32(max(0, bit))) & mask)
  }

  /// A value for a person: its name, the address it stands for, or a number.
  public func text(of value: UInt32) -> String {
    if let name = values[value] { return "\(number(value)) (\(name))" }
    if role == .readoutProtection, values[0x5C] == nil {
      return "\(number(value)) (level1)"
    }
    if case .address(let shift) = kind {
      let address = UInt64(value) << UInt64(max(0, shift))
      return "\(number(value)) "
        + "(0x\(UInt32(truncatingIfNeeded: address).hexDigits()))"
    }
    return number(value)
  }

  private func number(_ value: UInt32) -> String {
    width == 1 ? "\(value)" : "0x" + String(value, radix: 16, uppercase: true)
  }
}

/// How a readout protection byte is read.
public enum ProtectionScheme: String, Hashable, Sendable, CaseIterable {
  /// 0xAA is level 0, 0xCC level 2, all else level 1.
  case standard
  /// As ``standard``, and 0x55 is level 0.5 (L5, U5).
  case withTrustZone
  /// 0xA5 is unprotected, all else protected; there is no level 2 (F1).
  case f1
  /// The product state of H5.
  case productState

  /// The level a byte stands for.
  public func level(_ value: UInt32) -> ProtectionLevel {
    switch (self, value) {
    case (.f1, 0xA5): .level0
    case (.f1, _): .level1
    case (.productState, 0xED): .level0
    case (.productState, 0x5C): .level2
    case (.productState, _): .level1
    case (_, 0xAA): .level0
    case (_, 0xCC): .level2
    case (.withTrustZone, 0x55): .level0Half
    default: .level1
    }
  }

  /// The byte that stands for a level; `nil` where there is no such level.
  public func value(_ level: ProtectionLevel) -> UInt32? {
    switch (self, level) {
    case (.f1, .level0): 0xA5
    case (.f1, .level1): 0xFF
    case (.f1, _), (.productState, _): nil
    case (_, .level0): 0xAA
    case (_, .level1): 0xBB
    case (_, .level2): 0xCC
    case (.withTrustZone, .level0Half): 0x55
    case (_, .level0Half): nil
    }
  }
}

/// Readout protection.
public enum ProtectionLevel: Int, Hashable, Sendable, CaseIterable, Comparable {
  /// Open.
  case level0
  /// Only the non-secure side can be debugged (L5, U5).
  case level0Half
  /// Flash cannot be read from outside; going back erases it.
  case level1
  /// For good: no debugger, no bootloader, no way back.
  case level2

  /// Less protected comes before more protected.
  public static func < (
    left: ProtectionLevel, right: ProtectionLevel
  ) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension ProtectionLevel: CustomStringConvertible {
  /// `level 1`.
  public var description: String {
    switch self {
    case .level0: "level 0"
    case .level0Half: "level 0.5"
    case .level1: "level 1"
    case .level2: "level 2"
    }
  }
}
