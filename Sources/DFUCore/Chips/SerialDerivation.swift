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

extension UInt32 {
  fileprivate var upperHalf: UInt16 { UInt16(truncatingIfNeeded: self >> 16) }
}

/// A serial number that tells nothing of the single board: every chip of a
/// kind shows it, or it changes by itself.
public struct NonUniqueSerial: Hashable, Sendable {
  /// The text, or `nil` where the serial number differs from one power-up to
  /// the next, so that only the family tells.
  public var serial: String?
  /// Names of the ``ChipFamily`` rows that show it.
  public var families: [String]
  /// One sentence for a person.
  public var reason: String
  /// Where this was seen.
  public var source: String

  /// A row of ``all``.
  public init(
    serial: String?, families: [String], reason: String, source: String
  ) {
    self.serial = serial
    self.families = families
    self.reason = reason
    self.source = source
  }

  /// All that are known.
  public static let all: [NonUniqueSerial] = [
    NonUniqueSerial(
      serial: "200364500000", families: ["H74x"],
      reason: "every STM32H74x and H75x shows 200364500000",
      source: "ST community, STM32H745 bootloader serial number"),
    NonUniqueSerial(
      serial: "STM32FxSTM32", families: ["F446", "F72x"],
      reason: "every STM32F446, F72x and F73x shows STM32FxSTM32",
      source: "ST community, Static DFU Serial Number on STM32F723xx"),
    NonUniqueSerial(
      serial: "STM32", families: ["F105"],
      reason: "every STM32F105 and F107 shows STM32",
      source: "dfu-util listings of STM32F107 boards"),
    NonUniqueSerial(
      serial: "FFFFFFFEFFFF", families: ["F04x"],
      reason: "an STM32F042 computes its serial number from blank memory",
      source: "dfu-util listings of STM32F042 boards"),
    NonUniqueSerial(
      serial: "AT32", families: ["AT32"],
      reason: "every AT32 shows AT32",
      source: "dfu-util listings of AT32 boards"),
    NonUniqueSerial(
      serial: nil, families: ["L496"],
      reason: "an STM32L496 shows another serial number at each power-up",
      source: "ST community, L496 DFU Serial Number Changes Every Power Cycle"),
  ]

  /// The row for a serial number that says nothing of the board; `nil` when
  /// it may well be unique.
  public static func known(_ serial: String) -> NonUniqueSerial? {
    all.first { $0.serial == serial }
  }

  /// The rows for a family, by ``ChipFamily``'s name.
  public static func rows(forFamily name: String) -> [NonUniqueSerial] {
    all.filter { $0.families.contains(name) }
  }
}
