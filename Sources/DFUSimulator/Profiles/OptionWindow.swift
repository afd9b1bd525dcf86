import DFUCore

/// Option bytes as a chip shows them in one range of addresses.
public struct OptionWindow: Hashable, Sendable {
  /// How the window repeats its content for safety.
  public enum Rule: String, Hashable, Sendable, CaseIterable {
    /// Byte, complement (F0, F1, F3). The writer must supply it; a byte whose
    /// complement does not match counts as 0xFF.
    case bytePairs
    /// The low half of one word in two is valid; the hardware makes the rest
    /// (F2, F4, F7).
    case halfWordPerEight
    /// Half-word, complement (L0, L1). The writer must supply it.
    case halfWordPairs
    /// Word, complement in slots of 8 bytes, made by the hardware (L4, G4,
    /// G0, C0, WB).
    case wordPairs
    /// Plain registers (L5, U5, U0).
    case registers
    /// Register pairs: the current value, then the one to be programmed
    /// (H5, H7).
    case currentAndProgram

    /// Where complements stand: in each group of `step` bytes those of the
    /// first `width` bytes come right behind them.
    var complements: (step: Int, width: Int)? {
      switch self {
      case .bytePairs: (2, 1)
      case .halfWordPairs: (4, 2)
      case .halfWordPerEight: (8, 2)
      case .wordPairs: (8, 4)
      case .registers, .currentAndProgram: nil
      }
    }

    /// Whether the writer must supply them.
    var leavesComplementsToWriter: Bool {
      self == .bytePairs || self == .halfWordPairs
    }
  }

  /// Which sectors are write-protected, and where that is said.
  public enum WriteProtection: Hashable, Sendable {
    /// One bit a sector of the flash from sector `first`, in the window's
    /// valid half-words or words; a set bit protects if `protectsWhen`.
    case bits(
      offset: Int, bit: Int, count: Int, first: Int, sectorsPerBit: Int,
      protectsWhen: Bool)
    /// One bit for each group of sectors, in four bytes with complements
    /// (F0, F3): 0 protects.
    case bytes(sectorsPerBit: Int)
    /// First and last sector in one word at `start`, bits 0 and 16.
    case range(offset: Int, width: Int, firstSector: Int)
  }

  /// The complement rule.
  public var rule: Rule
  /// Content of a virgin chip: the values the rule applies to, made complete
  /// by it.
  public var initial: [UInt8]
  /// Where the protection byte stands; `nil` in a second window.
  public var protection: Int?
  /// Write protection said here.
  public var writeProtection: [WriteProtection] = []
  /// The true time of a write.
  public var writeTime: Duration = .milliseconds(40)
  /// The protection byte that means level 2 for good; `nil` where there is
  /// no such level (F1).
  public var lockedValue: UInt8? = 0xCC
  /// How many bytes from the start a write changes; `nil`: all (the G431's
  /// string says 48, but only 40 can be written).
  public var writable: Int?
  /// Offsets of the register pairs (rule ``Rule/currentAndProgram``).
  public var pairs: [Int] = [0x00, 0x0C, 0x14, 0x1C, 0x24, 0x4C, 0x54]

  /// What a write of `bytes` at the window's start leaves after the chip has
  /// read its option bytes again.
  func loaded(writing bytes: [UInt8], over old: [UInt8]) -> [UInt8] {
    var new = old
    let count = min(bytes.count, old.count, writable ?? old.count)
    new.replaceSubrange(0..<count, with: bytes.prefix(count))
    if rule == .currentAndProgram { return taken(from: new, old: old) }
    return rule.leavesComplementsToWriter ? new : new.complemented(by: rule)
  }

  /// Whether the complements are right that the writer must supply.
  func complementsMatch(in bytes: [UInt8]) -> Bool {
    !rule.leavesComplementsToWriter || bytes == bytes.complemented(by: rule)
  }

  // The first word of the H7's OPTSR comes at the window's start as current
  // and at +4 as program value, and so on for each pair of words.
  private func taken(from new: [UInt8], old: [UInt8]) -> [UInt8] {
    var result = old
    for pair in pairs where pair + 8 <= new.count {
      for byte in 0..<4 {
        result[pair + byte] = new[pair + 4 + byte]
        result[pair + 4 + byte] = new[pair + 4 + byte]
      }
    }
    return result
  }

  /// The value of the byte at `offset` as the chip takes it: 0xFF where a
  /// complement does not match.
  func value(at offset: Int, in bytes: [UInt8]) -> UInt8 {
    guard bytes.indices.contains(offset) else { return 0xFF }
    guard rule.leavesComplementsToWriter, let width = rule.complements?.width
    else { return bytes[offset] }
    let place = offset + width
    return bytes.indices.contains(place) && bytes[offset] == ~bytes[place]
      ? bytes[offset] : 0xFF
  }

  /// The readout protection level this content means: 0, 1 or 2.
  func protectionLevel(in bytes: [UInt8]) -> Int {
    guard let protection else { return 0 }
    switch value(at: protection, in: bytes) {
    case unprotectedValue: return 0
    case let byte where byte == lockedValue: return 2
    default: return 1
    }
  }

  /// The byte that means level 0, as on a virgin chip: 0xAA, 0xA5 on the F1,
  /// 0xED on the H5.
  var unprotectedValue: UInt8 {
    guard let protection, initial.indices.contains(protection) else {
      return 0xAA
    }
    return initial[protection]
  }

  /// The content with another protection byte, complement included.
  func setting(protectionByte byte: UInt8, in bytes: [UInt8]) -> [UInt8] {
    protection.map { setting(byte, at: $0, in: bytes) } ?? bytes
  }

  /// The content with another value at an offset, complement included.
  func setting(_ byte: UInt8, at offset: Int, in bytes: [UInt8]) -> [UInt8] {
    guard bytes.indices.contains(offset) else { return bytes }
    var bytes = bytes
    bytes[offset] = byte
    let isPair = rule == .currentAndProgram
    let place = offset + (rule.complements?.width ?? (isPair ? 4 : 0))
    if bytes.indices.contains(place) {
      bytes[place] = rule.complements == nil ? byte : ~byte
    }
    return bytes
  }

  /// A setting beside protection: the first byte of the user options.
  var userByte: Int {
    switch rule {
    case .bytePairs: 2
    case .halfWordPairs: 4
    default: protection == 0 ? 2 : 0
    }
  }

  /// The numbers of the flash sectors that are write-protected.
  func protectedSectors(in bytes: [UInt8], of count: Int) -> Set<Int> {
    var sectors: Set<Int> = []
    for rule in writeProtection {
      switch rule {
      case .bits(
        let offset, let bit, let bits, let first, let perBit, let when):
        for number in 0..<bits {
          let position = bit + number
          let byte = value(at: offset + position / 8, in: bytes)
          guard (byte >> (position % 8) & 1 == 1) == when else { continue }
          for sector in 0..<perBit {
            sectors.insert(first + number * perBit + sector)
          }
        }
      case .bytes(let perBit):
        for (index, offset) in [8, 10, 12, 14].enumerated() {
          let byte = value(at: offset, in: bytes)
          for bit in 0..<8 where byte >> bit & 1 == 0 {
            for sector in 0..<perBit {
              sectors.insert((index * 8 + bit) * perBit + sector)
            }
          }
        }
      case .range(let offset, let width, let firstSector):
        let mask: UInt32 = (1 << width) - 1
        let word = UInt32(littleEndianAt: offset, in: bytes)
        let first = Int(word & mask)
        let last = Int(word >> 16 & mask)
        guard first <= last else { continue }
        for sector in first...last { sectors.insert(firstSector + sector) }
      }
    }
    return sectors.filter { $0 < count }
  }
}

extension [UInt8] {
  /// The bytes with the complements that a rule puts behind them.
  func complemented(by rule: OptionWindow.Rule) -> [UInt8] {
    guard let (step, width) = rule.complements else { return self }
    var bytes = self
    for start in stride(from: 0, to: bytes.count, by: step) {
      for place in start..<start + width where place + width < bytes.count {
        bytes[place + width] = ~bytes[place]
      }
    }
    return bytes
  }

  /// Words, low byte first.
  init(words: [UInt32]) { self = words.flatMap(\.littleEndianBytes) }

  /// The bytes, made at least `count` long.
  func padded(to count: Int, with filler: UInt8 = 0xFF) -> [UInt8] {
    self + [UInt8](repeating: filler, count: Swift.max(0, count - self.count))
  }
}
