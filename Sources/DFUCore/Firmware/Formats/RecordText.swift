/// Reads the records of one text format: lines of a mark and hexadecimal
/// digits, two for each byte, the last of which is a checksum.
protocol RecordParser {
  /// What the bytes of a record add up to, modulo 256.
  static var sum: UInt8 { get }

  /// How many bytes a record has whose first byte this is.
  static func length(countByte: UInt8) -> Int

  /// How many characters the mark has that begins a line.
  ///
  /// Throws ``FirmwareError`` for a line that is no record of the format, or
  /// that must not be there.
  func markLength(of text: Span<UInt8>, line: Int) throws(FirmwareError) -> Int

  /// Takes a record: the last character of its mark, and its bytes, whose
  /// number and sum are right.
  mutating func record(
    _ mark: UInt8, _ bytes: [UInt8], line: Int
  ) throws(FirmwareError)

  /// What the records say, after the last of them on line `line` or before.
  mutating func finish(line: Int) throws(FirmwareError) -> FirmwareFile
}

/// Cuts text into lines for a parser.
struct RecordText<Parser: RecordParser> {
  private var parser: Parser
  private var line = 1
  /// The bytes of one record; kept for its memory.
  private var bytes: [UInt8] = []
  private let values = digitValues()

  init(_ parser: Parser) {
    self.parser = parser
  }

  @_optimize(speed)
  mutating func read(_ text: Span<UInt8>) throws(FirmwareError) -> FirmwareFile
  {
    var start = 0
    // A byte order mark, which some editors put before the first line.
    if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
      start = 3
    }
    for index in text.indices {
      let byte = text[index]
      guard byte == 0x0A || byte == 0x0D else { continue }
      // “\r\n” ends one line, not two.
      if byte == 0x0A, index == start, index > 0, text[index - 1] == 0x0D {
        start = index + 1
        continue
      }
      try take(text.extracting(start..<index))
      line += 1
      start = index + 1
    }
    try take(text.extracting(start...))
    return try parser.finish(line: line)
  }

  @_optimize(speed)
  private mutating func take(_ text: Span<UInt8>) throws(FirmwareError) {
    var start = 0
    var end = text.count
    while start < end, isBlank(text[start]) { start += 1 }
    while start < end, isBlank(text[end - 1]) { end -= 1 }
    if start == end { return }
    let mark = try parser.markLength(
      of: text.extracting(start..<end), line: line)
    try decode(text.extracting(start + mark..<end))
    try parser.record(text[start + mark - 1], bytes, line: line)
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C
  }

  /// Turns the digits of a record into its bytes, and checks them.
  @_optimize(speed)
  private mutating func decode(_ digits: Span<UInt8>) throws(FirmwareError) {
    // Local, so that the loop knows that nobody else has them.
    let values = values
    let table = values.span
    var decoded = bytes
    bytes = []
    decoded.removeAll(keepingCapacity: true)
    var sum: UInt8 = 0
    var all: UInt8 = 0
    for index in 0..<digits.count / 2 {
      // A table, because branches would be predicted wrongly half the time.
      let high = table[Int(digits[index &* 2])]
      let low = table[Int(digits[index &* 2 &+ 1])]
      all |= high | low
      let byte = high &<< 4 | low
      sum &+= byte
      decoded.append(byte)
    }
    bytes = decoded
    guard all < 16 else {
      throw malformed("the record has something that is no hexadecimal digit")
    }
    guard digits.count.isMultiple(of: 2), let first = bytes.first,
      let stored = bytes.last, bytes.count >= Parser.length(countByte: first)
    else {
      throw FirmwareError(
        .truncated("the record is too short"), at: .line(line))
    }
    guard bytes.count == Parser.length(countByte: first) else {
      throw malformed("the record is longer than it says")
    }
    guard sum == Parser.sum else {
      throw FirmwareError(
        .checksum(
          stored: UInt32(stored),
          computed: UInt32(stored &- sum &+ Parser.sum)), at: .line(line))
    }
  }

  private func malformed(_ what: String) -> FirmwareError {
    FirmwareError(.malformed(what), at: .line(line))
  }
}

/// The value of each character as a digit, 0xFF for others.
private func digitValues() -> [UInt8] {
  var values = [UInt8](repeating: 0xFF, count: 256)
  for (value, digit) in "0123456789ABCDEF".utf8.enumerated() {
    values[Int(digit)] = UInt8(value)
  }
  for (value, digit) in "abcdef".utf8.enumerated() {
    values[Int(digit)] = UInt8(value + 10)
  }
  return values
}

/// Makes the lines of a text format.
struct RecordTextWriter {
  private(set) var text: [UInt8] = []

  init(reservingCapacity capacity: Int) {
    text.reserveCapacity(capacity)
  }

  /// Writes a line: a mark, the bytes as digits, the checksum of the bytes
  /// as `finish` makes it from their sum.
  mutating func line(
    _ mark: String, _ header: [UInt8], _ data: ArraySlice<UInt8> = [],
    checksum finish: (UInt8) -> UInt8
  ) {
    text += mark.utf8
    var sum: UInt8 = 0
    for part in [header[...], data] {
      for byte in part {
        append(byte)
        sum &+= byte
      }
    }
    append(finish(sum))
    text.append(0x0A)
  }

  private mutating func append(_ byte: UInt8) {
    text.append(Self.digit(byte >> 4))
    text.append(Self.digit(byte & 0xF))
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value + (value < 10 ? 0x30 : 0x37)
  }
}

extension Sequence<UInt8> {
  /// The big-endian number of the bytes, at most 4.
  @inline(__always)
  var bigEndianNumber: UInt32 { reduce(0) { $0 << 8 | UInt32($1) } }
}

extension FixedWidthInteger {
  /// The bytes of the number, high byte first.
  var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
