/// How a USB serial number of 12 hexadecimal digits is folded from the 96-bit
/// unique identifier.
///
/// 48 bits are left of 96, so two chips can show the same serial number.
public enum SerialDerivation: String, Hashable, Sendable, CaseIterable {
  /// The system bootloader of most families, and ST's generated USB devices:
  /// the sum of words 0 and 2 (modulo 2^32), then the upper half of word 1.
  case rom
  /// The system bootloader of F0, F3 and L0: as ``rom``, but the last four
  /// digits are the upper half of word 2.
  case romWithWord2 = "rom-word2"
  /// The system bootloader of F76x and F77x: as ``rom``, with 10 added to
  /// the lowest byte of the sum.
  ///
  /// Seen on several STM32F765 (a public report at micropython, discussion
  /// 15948). Whether the addition carries into the next byte is not known;
  /// here it does not.
  case romF76x = "rom-f76x"
  /// MicroPython and libopencm3: six bytes, each summed without a carry. The
  /// same as ``rom`` only where the odd bytes of word 0 are 0 and no sum
  /// overflows.
  case micropython

  /// The serial number, 12 upper-case hexadecimal digits.
  public func serial(of id: UniqueID) -> String {
    let sum = id.word0 &+ id.word2
    switch self {
    case .rom:
      return sum.hexDigits() + id.word1.upperHalf.hexDigits()
    case .romWithWord2:
      return sum.hexDigits() + id.word2.upperHalf.hexDigits()
    case .romF76x:
      let low = UInt8(truncatingIfNeeded: sum) &+ 0x0A
      return (sum & 0xFFFF_FF00 | UInt32(low)).hexDigits()
        + id.word1.upperHalf.hexDigits()
    case .micropython:
      let bytes = id.memoryBytes
      return [
        bytes[11], bytes[10] &+ bytes[2], bytes[9], bytes[8] &+ bytes[0],
        bytes[7], bytes[6],
      ].map { $0.hexDigits() }.joined()
    }
  }

  /// Where such serial numbers are seen, for a person.
  public var usedBy: String {
    switch self {
    case .rom:
      "system bootloader of most families; applications made with STM32Cube"
    case .romWithWord2: "system bootloader of F0, F3 and L0"
    case .romF76x: "system bootloader of F765 to F779"
    case .micropython: "MicroPython and libopencm3"
    }
  }
}

extension [UInt32] {
  /// The addresses of a unique identifier whose words lie in a row.
  static func words(at address: UInt32) -> [UInt32] {
    [address, address &+ 4, address &+ 8]
  }
}

extension UInt32 {
  fileprivate var upperHalf: UInt16 { UInt16(truncatingIfNeeded: self >> 16) }
}

/// A serial number that tells nothing of the single board: every chip of a
/// kind shows it, or it changes by itself.
public struct NonUniqueSerial: Hashable, Sendable {
  /// The text, or `nil` where the serial number differs from one power-up to
  /// the next, so that only the family tells.
  public var serial: String?
  /// The parts that show it, for a person.
  public var title: String

  /// One sentence for a person.
  public var reason: String {
    serial.map { "every \(title) shows the serial number \($0)" }
      ?? "an \(title) shows another serial number after each power-up"
  }

  /// What is known of a serial number that says nothing of the board; `nil`
  /// when it may well be unique.
  public static func known(_ serial: String) -> NonUniqueSerial? {
    // Of those that always show it, where there are any.
    let certain = ChipFamily.all.filter {
      if case .constant(let texts) = $0.serial {
        texts.contains(serial)
      } else {
        false
      }
    }
    let families =
      certain.isEmpty
      ? ChipFamily.all.filter { $0.serial.constants.contains(serial) } : certain
    guard !families.isEmpty else { return nil }
    return NonUniqueSerial(
      serial: serial, title: families.map(\.title).joined(separator: ", "))
  }

  /// A board whose family is known to change its serial number; `nil` for
  /// any other.
  public init?(unstableSerialOf family: ChipFamily) {
    guard family.serial == .unstable else { return nil }
    title = family.title
  }

  private init(serial: String, title: String) {
    self.serial = serial
    self.title = title
  }
}

extension SerialKind {
  /// The texts that chips of the kind show, whatever the single chip is.
  public var constants: [String] {
    switch self {
    case .constant(let texts), .constantInSome(let texts): texts
    case .derived, .unstable, .unknown: []
    }
  }
}
