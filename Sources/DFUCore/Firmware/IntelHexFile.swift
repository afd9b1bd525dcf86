/// Intel HEX (Intel, “Hexadecimal Object File Format Specification”,
/// revision A): lines `:LLAAAATT…CC`.
struct IntelHexParser: RecordParser {
  private var builder: FirmwareImageBuilder
  private var file = FirmwareFile(format: .intelHex)
  private var base: UInt32 = 0
  private var isSegmented = false
  private var isAtEnd = false

  /// A parser for text of about `expecting` bytes.
  init(expecting: Int = 0) {
    builder = FirmwareImageBuilder(expecting: expecting / 2) { .line($0) }
  }

  @_optimize(speed)
  mutating func record(
    _ text: Span<UInt8>, values: Span<UInt8>, line: Int
  ) throws(FirmwareError) {
    guard text[0] == UInt8(ascii: ":") else {
      throw FirmwareError(
        isAtEnd ? .dataAfterEnd : .malformed("the line begins without “:”"),
        at: .line(line))
    }
    guard !isAtEnd else {
      throw FirmwareError(.dataAfterEnd, at: .line(line))
    }
    let digits = text.extracting(1...)
    let length = digits.count / 2
    guard digits.count.isMultiple(of: 2), length >= 5 else {
      throw FirmwareError(
        .truncated("the record is too short"), at: .line(line))
    }
    // Count, address, type: four bytes, the first lowest.
    var headSum = RecordSum()
    let head = headSum.add(eight: digits.firstEight)
    let count = Int(head & 0xFF)
    guard length >= count + 5 else {
      throw FirmwareError(
        .truncated("the record is too short"), at: .line(line))
    }
    guard length == count + 5 else {
      throw FirmwareError(
        .malformed("the record is longer than it says"), at: .line(line))
    }
    let stored = digits.byte(at: count + 4, values: values)
    let type = UInt8(head >> 24)
    let address =
      base + ((head >> 8 & 0xFF) << 8 | (head >> 16 & 0xFF))
    // The bytes are decoded once, while they are added; that they are right
    // is known only afterwards, but then an image is never asked for.
    if type == 0, fits(count, at: address) {
      let data = 8..<8 + count * 2
      var sum = try builder.add(
        digits: digits.extracting(data), values: values, at: address,
        place: line)
      sum.add(headSum)
      sum.add(digits.extracting(data.upperBound...).sum(values: values))
      return try sum.check(is: 0, last: stored, line: line)
    }
    try digits.sum(values: values).check(is: 0, last: stored, line: line)
    if type == 0 {
      throw FirmwareError(
        isSegmented
          ? .malformed("the record goes beyond the end of its 64 KiB segment")
          : .addressWraps(address: address, count: count), at: .line(line))
    }
    guard let wanted = Self.lengths[type] else {
      throw FirmwareError(
        .malformed("record type \(type) is not known"), at: .line(line))
    }
    guard count == wanted else {
      throw FirmwareError(
        .malformed(
          "a record of type \(type) has \(wanted) bytes, not \(count)"),
        at: .line(line))
    }
    switch type {
    case 1: isAtEnd = true
    case 2:
      base = digits.number(at: 4, length: 2, values: values) << 4
      isSegmented = true
    case 3:
      // CS:IP of a real-mode 8086.
      file.entryPoint =
        digits.number(at: 4, length: 2, values: values) << 4
        + digits.number(at: 6, length: 2, values: values)
    case 4:
      base = digits.number(at: 4, length: 2, values: values) << 16
      isSegmented = false
    default: file.entryPoint = digits.number(at: 4, length: 4, values: values)
    }
  }

  /// Whether a record's bytes have addresses. In a segment they would go
  /// round to its start (page 6 of the specification); nobody means that.
  private func fits(_ count: Int, at address: UInt32) -> Bool {
    isSegmented
      ? Int(address - base) + count <= 0x10000
      : UInt64(address) + UInt64(count) <= 1 << 32
  }

  /// How many bytes the records of each type have, other than data
  /// records.
  private static let lengths: [UInt8: Int] = [1: 0, 2: 2, 3: 4, 4: 2, 5: 4]

  mutating func finish(line: Int) throws(FirmwareError) -> FirmwareFile {
    guard isAtEnd else { throw FirmwareError(.endMissing, at: .line(line)) }
    guard !builder.isEmpty else { throw FirmwareError(.empty) }
    file.targets = [FirmwareTarget(image: try builder.finish())]
    return file
  }
}

extension FirmwareFile {
  init(intelHex bytes: [UInt8]) throws(FirmwareError) {
    var text = RecordText(IntelHexParser(expecting: bytes.count))
    try text.feed(bytes.span)
    self = try text.finish()
  }
}

extension FirmwareImage {
  /// The image as Intel HEX, with linear addresses (types 00, 01, 04, 05).
  ///
  /// `recordLength` is the number of bytes in a line, 1 to 255.
  public func intelHex(
    entryPoint: UInt32? = nil, recordLength: Int = 16
  ) -> [UInt8] {
    let length = min(max(recordLength, 1), 255)
    let checksum: (UInt8) -> UInt8 = { 0 &- $0 }
    var writer = RecordTextWriter(
      reservingCapacity: byteCount / length * (length * 2 + 12) + 1024)
    var high: UInt32 = 0
    for segment in segments {
      var offset = 0
      while offset < segment.bytes.count {
        let address = segment.address + UInt32(offset)
        if address >> 16 != high {
          high = address >> 16
          writer.line(
            ":", [2, 0, 0, 4, UInt8(high >> 8), UInt8(high & 0xFF)],
            checksum: checksum)
        }
        // No line crosses into the next 64 KiB.
        let count = min(
          length, segment.bytes.count - offset,
          0x10000 - Int(address & 0xFFFF))
        writer.line(
          ":",
          [
            UInt8(count), UInt8(address >> 8 & 0xFF), UInt8(address & 0xFF), 0,
          ],
          segment.bytes[offset..<offset + count], checksum: checksum)
        offset += count
      }
    }
    if let entryPoint {
      writer.line(
        ":", [4, 0, 0, 5] + entryPoint.bigEndianBytes, checksum: checksum)
    }
    writer.line(":", [0, 0, 0, 1], checksum: checksum)
    return writer.text
  }
}

extension FixedWidthInteger {
  /// The bytes of the number, high byte first.
  var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
