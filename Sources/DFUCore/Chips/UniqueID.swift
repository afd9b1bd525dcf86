/// The 96-bit unique device identifier of an STM32: three 32-bit words as the
/// chip holds them at rising addresses.
///
/// Every reference manual describes it under "Device electronic signature":
/// word 0 carries the X and Y coordinates on the wafer, word 1 the wafer and
/// lot number, word 2 the rest of the lot number.
public struct UniqueID: Hashable, Sendable {
  /// Bits 31 to 0, at the lowest address.
  public var word0: UInt32
  /// Bits 63 to 32.
  public var word1: UInt32
  /// Bits 95 to 64, at the highest address.
  public var word2: UInt32

  /// An identifier from its words, the one at the lowest address first.
  public init(word0: UInt32, word1: UInt32, word2: UInt32) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
  }

  /// An identifier from the 12 bytes of the chip's memory, lowest address
  /// first; each word is little-endian.
  ///
  /// - Throws: ``UniqueIDError/wrongByteCount(_:)``.
  public init(memoryBytes bytes: [UInt8]) throws(UniqueIDError) {
    guard bytes.count == 12 else { throw .wrongByteCount(bytes.count) }
    self.init(
      word0: UInt32(littleEndianAt: 0, in: bytes),
      word1: UInt32(littleEndianAt: 4, in: bytes),
      word2: UInt32(littleEndianAt: 8, in: bytes))
  }

  /// How the digits of a written identifier are ordered.
  public enum DigitOrder: String, Hashable, Sendable, CaseIterable {
    /// Three words, word 0 first, as debuggers list memory by words:
    /// `00580027 3331500b 20333153`.
    case wordsFromLowest = "words"
    /// Three words, word 2 first, as one 96-bit number is written:
    /// `203331533331500b00580027`.
    case wordsFromHighest = "words-reversed"
    /// Twelve bytes, lowest address first, as a hex dump shows them:
    /// `27005800 0b503133 53313320`.
    case memoryBytes = "bytes"
  }

  /// Reads an identifier that a person wrote.
  ///
  /// Takes 24 hexadecimal digits in one piece (a `0x` before them is allowed),
  /// or, in the word orders, three words of up to eight digits each, in memory
  /// order any grouping into pairs of digits. Blanks, commas, semicolons,
  /// colons, dashes and underscores separate; each group may begin with `0x`.
  ///
  /// - Throws: ``UniqueIDError`` naming the column, 1 for the first character.
  public init(
    parsing text: String, order: DigitOrder = .wordsFromLowest
  ) throws(UniqueIDError) {
    let groups = try HexGroup.split(text)
    guard let last = groups.last else { throw .empty }
    if order == .memoryBytes {
      for group in groups where !group.digits.count.isMultiple(of: 2) {
        throw .oddDigits(column: group.column, found: group.digits.count)
      }
    }
    let words: [UInt32]
    if order == .memoryBytes || groups.count == 1 {
      let digits = groups.flatMap(\.digits)
      guard digits.count >= 24 else {
        throw .tooFewDigits(column: last.endColumn, found: digits.count)
      }
      guard digits.count == 24 else {
        throw .tooManyDigits(
          column: HexGroup.column(ofDigit: 24, in: groups), found: digits.count)
      }
      words = [0, 8, 16].map { HexGroup.value(digits[$0..<$0 + 8]) }
    } else {
      for group in groups where group.digits.count > 8 {
        throw .wordTooLong(
          column: group.digitColumn + 8, found: group.digits.count)
      }
      guard groups.count == 3 else {
        let column = groups.count > 3 ? groups[3].column : last.endColumn
        throw .wrongWordCount(column: column, found: groups.count)
      }
      words = groups.map { HexGroup.value($0.digits[...]) }
    }
    switch order {
    case .memoryBytes:
      self.init(
        word0: words[0].byteSwapped, word1: words[1].byteSwapped,
        word2: words[2].byteSwapped)
    case .wordsFromLowest:
      self.init(word0: words[0], word1: words[1], word2: words[2])
    case .wordsFromHighest:
      self.init(word0: words[2], word1: words[1], word2: words[0])
    }
  }

  /// The 12 bytes as they lie in the chip's memory, lowest address first.
  public var memoryBytes: [UInt8] {
    [word0, word1, word2].flatMap(\.littleEndianBytes)
  }
}

extension UniqueID: CustomStringConvertible {
  /// The three words in hexadecimal, word 0 first.
  public var description: String {
    [word0, word1, word2].map { $0.hexDigits() }.joined(separator: " ")
  }
}

/// Why a text or some bytes are no unique identifier. Columns count
/// characters (Unicode scalars), the first is 1.
public enum UniqueIDError: Error, Hashable, Sendable {
  /// There is not one digit.
  case empty
  /// A character that is neither a hexadecimal digit nor a separator.
  case notHexadecimal(column: Int, character: Unicode.Scalar)
  /// Fewer than 24 digits; the column is where the next one was expected.
  case tooFewDigits(column: Int, found: Int)
  /// More than 24 digits; the column is that of the first surplus digit.
  case tooManyDigits(column: Int, found: Int)
  /// A word of more than eight digits; the column is that of the ninth.
  case wordTooLong(column: Int, found: Int)
  /// Two words, or more than three; the column is where a word is missing
  /// or where the fourth begins.
  case wrongWordCount(column: Int, found: Int)
  /// A group of bytes with an odd number of digits, beginning at the column.
  case oddDigits(column: Int, found: Int)
  /// Other than 12 bytes of memory.
  case wrongByteCount(Int)
}

extension UniqueIDError: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    switch self {
    case .empty:
      "no digits where a unique ID was expected: 24 hexadecimal digits or "
        + "three words"
    case .notHexadecimal(let column, let character):
      "unique ID, column \(column): \"\(character.escaped(asASCII: true))\" "
        + "is no hexadecimal digit"
    case .tooFewDigits(let column, let found):
      "unique ID, column \(column): ends after \(found) of 24 hexadecimal "
        + "digits"
    case .tooManyDigits(let column, let found):
      "unique ID, column \(column): \(found) hexadecimal digits where 24 are "
        + "expected"
    case .wordTooLong(let column, let found):
      "unique ID, column \(column): a word of \(found) hexadecimal digits; "
        + "at most 8 fit"
    case .wrongWordCount(let column, let found):
      "unique ID, column \(column): \(found) words where three are expected"
    case .oddDigits(let column, let found):
      "unique ID, column \(column): \(found) digits do not make whole bytes"
    case .wrongByteCount(let found):
      "\(found) bytes where a unique ID has 12"
    }
  }
}

/// A run of hexadecimal digits in a text.
private struct HexGroup {
  /// Column of its first character, a `0x` included.
  var column: Int
  /// Column of its first digit.
  var digitColumn: Int
  /// The digits' values, 0 to 15.
  var digits: [UInt8]

  /// The column after its last digit.
  var endColumn: Int { digitColumn + digits.count }

  static func split(_ text: String) throws(UniqueIDError) -> [HexGroup] {
    var groups: [HexGroup] = []
    var open = false
    var column = 0
    for scalar in text.unicodeScalars {
      column += 1
      switch scalar {
      case " ", "\t", ",", ";", ":", "-", "_":
        open = false
      case "x", "X":
        // Only as the second character of a group that begins with one zero.
        guard open, let last = groups.last, last.digits == [0],
          last.column == last.digitColumn
        else { throw .notHexadecimal(column: column, character: scalar) }
        groups[groups.count - 1].digits = []
        groups[groups.count - 1].digitColumn = column + 1
      default:
        guard let digit = scalar.hexDigit else {
          throw .notHexadecimal(column: column, character: scalar)
        }
        if !open {
          groups.append(
            HexGroup(column: column, digitColumn: column, digits: []))
          open = true
        }
        groups[groups.count - 1].digits.append(digit)
      }
    }
    // A bare "0x" is a group without a digit.
    for group in groups where group.digits.isEmpty {
      throw .tooFewDigits(column: group.digitColumn, found: 0)
    }
    return groups
  }

  static func value(_ digits: ArraySlice<UInt8>) -> UInt32 {
    digits.reduce(0) { $0 << 4 | UInt32($1) }
  }

  static func column(ofDigit index: Int, in groups: [HexGroup]) -> Int {
    var before = 0
    for group in groups {
      if index < before + group.digits.count {
        return group.digitColumn + (index - before)
      }
      before += group.digits.count
    }
    return groups.last?.endColumn ?? 1
  }
}
