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

  @_optimize(speed)
  mutating func feed(_ chunk: Span<UInt8>) throws(FirmwareError) {
    let digitValues = Span<UInt8>.digitValues
    let values = digitValues.span
    var start = 0
    var index = 0
    let count = chunk.count
    while index < count {
      index = chunk.skippingText(from: index)
      guard index < count else { break }
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
  ///
  /// Eight digits are one number here, whose parts are worked on together;
  /// such a number can be had from a span only by a pointer. Both loops stay
  /// within the digits and within the room of the output.
  @_optimize(speed)
  func decode(
    to output: inout OutputSpan<UInt8>, values: Span<UInt8>
  ) -> RecordSum {
    var sum = RecordSum()
    let whole = Swift.min(count / 8, output.freeCapacity / 4)
    unsafe withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBufferPointer { target, filled in
        let target = UnsafeMutableRawBufferPointer(target)
        for index in 0..<whole {
          let digits = unsafe UInt64(
            littleEndian: source.loadUnaligned(
              fromByteOffset: index &* 8, as: UInt64.self))
          unsafe target.storeBytes(
            of: sum.add(eight: digits).littleEndian,
            toByteOffset: filled &+ index &* 4, as: UInt32.self)
        }
        filled += whole * 4
      }
    }
    var position = whole &* 8
    while position &+ 1 < count {
      output.append(
        sum.add(
          values[Int(self[position])], values[Int(self[position &+ 1])]))
      position &+= 2
    }
    return sum
  }

  /// The first eight characters, which must be there, as one number.
  @inline(__always)
  var firstEight: UInt64 {
    unsafe withUnsafeBytes { bytes in
      unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }
  }

  /// The first index at or after `start` of a character below 0x10, or one
  /// of the last seven: eight at a time.
  @inline(__always)
  func skippingText(from start: Int) -> Int {
    var index = start
    unsafe withUnsafeBytes { bytes in
      while index &+ 8 <= bytes.count {
        let eight = unsafe UInt64(
          littleEndian: bytes.loadUnaligned(
            fromByteOffset: index, as: UInt64.self))
        // A byte below 0x10 borrows from its top bit; bytes above it may be
        // marked wrongly then, but not those before.
        let low =
          (eight &- 0x1010_1010_1010_1010) & ~eight & 0x8080_8080_8080_8080
        if low != 0 {
          index &+= low.trailingZeroBitCount &>> 3
          break
        }
        index &+= 8
      }
    }
    return index
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

  /// Adds the bytes that eight digits stand for, the first of them lowest;
  /// returns the four bytes in the same order.
  @inline(__always)
  mutating func add(eight digits: UInt64) -> UInt32 {
    let tops: UInt64 = 0x8080_8080_8080_8080
    let ones: UInt64 = 0x0101_0101_0101_0101
    // No sum of two of these overflows its byte as long as the top bits are
    // clear; those that are not are found at the end.
    let low = digits & ~tops
    let letters = low | ones &* 0x20
    let isNumber =
      (low &+ ones &* (0x80 - 0x30)) & ~(low &+ ones &* (0x80 - 0x3A))
    let isLetter =
      (letters &+ ones &* (0x80 - 0x61)) & ~(letters &+ ones &* (0x80 - 0x67))
    if (isNumber | isLetter) & ~digits & tops != tops { allDigits = 0xFF }
    let values =
      (low & (ones &* 0x0F)) &+ ((isLetter & tops) &>> 7) &* 9
    let pairs = (values &<< 4 | values &>> 8) & 0x00FF_00FF_00FF_00FF
    value &+= UInt8(
      truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) &>> 48)
    let halves = (pairs | pairs &>> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: halves | halves &>> 16)
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
