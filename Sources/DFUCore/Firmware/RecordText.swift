/// Reads the records of one text format, one line at a time.
protocol RecordParser {
  /// Takes a line, without blanks around it and not empty; `values` is
  /// `Span.digitValues`.
  mutating func record(
    _ text: Span<UInt8>, values: Span<UInt8>, line: Int
  ) throws(FirmwareError)

  /// What the records say, after the last of them on line `line` or before.
  mutating func finish(line: Int) throws(FirmwareError) -> FirmwareFile
}

/// Cuts text into lines for a parser. The text comes in chunks of any size
/// and is not kept, so that a file needs no memory beyond its image.
struct RecordText<Parser: RecordParser> {
  private var parser: Parser
  private var carry: [UInt8] = []
  private var line = 1
  private var endedWithReturn = false

  /// No record of either format is longer; blanks around it may be.
  private var longestLine: Int { 1024 }

  init(_ parser: Parser) {
    self.parser = parser
  }

  mutating func feed(_ chunk: Span<UInt8>) throws(FirmwareError) {
    let digitValues = Span<UInt8>.digitValues
    let values = digitValues.span
    var start = 0
    var index = 0
    let count = chunk.count
    while index < count {
      let byte = chunk[index]
      if byte > 0x0D || (byte != 0x0A && byte != 0x0D) {
        index &+= 1
        continue
      }
      // “\r\n” ends one line, not two.
      if byte == 0x0A, endedWithReturn, index == start, carry.isEmpty {
        endedWithReturn = false
      } else {
        try endLine(chunk.extracting(start..<index), values: values)
        endedWithReturn = byte == 0x0D
      }
      index &+= 1
      start = index
    }
    if start < count {
      endedWithReturn = false
      try keep(chunk.extracting(start..<count))
    }
  }

  mutating func finish() throws(FirmwareError) -> FirmwareFile {
    if !carry.isEmpty {
      let rest = carry
      carry = []
      try take(rest.span, values: Span<UInt8>.digitValues.span)
    }
    return try parser.finish(line: line)
  }

  private mutating func keep(_ part: Span<UInt8>) throws(FirmwareError) {
    guard carry.count + part.count <= longestLine else {
      throw FirmwareError(
        .malformed("the line is longer than any record"), at: .line(line))
    }
    for index in part.indices { carry.append(part[index]) }
  }

  private mutating func endLine(
    _ part: Span<UInt8>, values: Span<UInt8>
  ) throws(FirmwareError) {
    if carry.isEmpty {
      try take(part, values: values)
    } else {
      try keep(part)
      let whole = carry
      carry.removeAll(keepingCapacity: true)
      try take(whole.span, values: values)
    }
    line += 1
  }

  private mutating func take(
    _ text: Span<UInt8>, values: Span<UInt8>
  ) throws(FirmwareError) {
    var start = 0
    var end = text.count
    // A byte order mark, which some editors put before the first line.
    if line == 1, end >= 3, text[0] == 0xEF, text[1] == 0xBB,
      text[2] == 0xBF
    {
      start = 3
    }
    while start < end, isBlank(text[start]) { start += 1 }
    while start < end, isBlank(text[end - 1]) { end -= 1 }
    if start == end { return }
    try parser.record(
      text.extracting(start..<end), values: values, line: line)
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C
  }
}

/// The bytes of a record: hexadecimal digits, two for each byte.
///
/// The value of a digit comes from a table because branches would be
/// foretold wrongly half the time; the table is handed down as a span because
/// counting its references for each record would cost as much again.
extension Span<UInt8> {
  /// The value of each character as a digit, 0xFF for others.
  static let digitValues: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, digit) in "0123456789ABCDEF".utf8.enumerated() {
      values[Int(digit)] = UInt8(value)
    }
    for (value, digit) in "abcdef".utf8.enumerated() {
      values[Int(digit)] = UInt8(value + 10)
    }
    return values
  }()

  /// A byte of the record; something if the digits are none.
  @inline(__always)
  func byte(at index: Int, values: Span<UInt8>) -> UInt8 {
    values[Int(self[index * 2])] &<< 4 | values[Int(self[index * 2 + 1])]
  }

  /// A big-endian number of `length` bytes, at most 4.
  @inline(__always)
  func number(at index: Int, length: Int, values: Span<UInt8>) -> UInt32 {
    var value: UInt32 = 0
    for index in index..<index + length {
      value = value << 8 | UInt32(byte(at: index, values: values))
    }
    return value
  }

  /// The sum of the bytes.
  @inline(__always)
  func sum(values: Span<UInt8>) -> RecordSum {
    var sum = RecordSum()
    var position = 0
    while position &+ 1 < count {
      _ = sum.add(
        values[Int(self[position])], values[Int(self[position &+ 1])])
      position &+= 2
    }
    return sum
  }

  /// The sum of the bytes, which are put into `output`.
  @inline(__always)
  func decode(
    to output: inout OutputSpan<UInt8>, values: Span<UInt8>
  ) -> RecordSum {
    var sum = RecordSum()
    var position = 0
    while position &+ 1 < count {
      output.append(
        sum.add(
          values[Int(self[position])], values[Int(self[position &+ 1])]))
      position &+= 2
    }
    return sum
  }
}

/// What is gathered over the digits of a record.
struct RecordSum {
  /// The sum of the bytes, modulo 256.
  private(set) var value: UInt8 = 0
  private var allDigits: UInt8 = 0

  /// Adds the values of two digits; returns their byte.
  @inline(__always)
  mutating func add(_ high: UInt8, _ low: UInt8) -> UInt8 {
    allDigits |= high | low
    let byte = high &<< 4 | low
    value &+= byte
    return byte
  }

  /// Adds the sum of another part of the record.
  mutating func add(_ other: RecordSum) {
    allDigits |= other.allDigits
    value &+= other.value
  }

  /// Throws unless all were digits and the sum is what it must be; `last` is
  /// the checksum that the record has.
  func check(
    is wanted: UInt8, last stored: UInt8, line: Int
  ) throws(FirmwareError) {
    guard allDigits < 16 else {
      throw FirmwareError(
        .malformed("the record has something that is no hexadecimal digit"),
        at: .line(line))
    }
    guard value == wanted else {
      throw FirmwareError(
        .checksum(
          stored: UInt32(stored),
          computed: UInt32(stored &- value &+ wanted)), at: .line(line))
    }
  }
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
    for byte in header {
      append(byte)
      sum &+= byte
    }
    for byte in data {
      append(byte)
      sum &+= byte
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
