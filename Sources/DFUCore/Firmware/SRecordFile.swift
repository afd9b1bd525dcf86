/// Motorola S-records (M68000 Family Programmer's Reference Manual,
/// appendix C): lines `STLL`, address, data, checksum.
struct SRecordParser: RecordParser {
  private var builder: FirmwareImageBuilder
  private var file = FirmwareFile(format: .sRecord)
  private var dataRecords = 0
  private var isAtEnd = false

  private static let dataTypes = UInt8(ascii: "1")...UInt8(ascii: "3")

  /// A parser for text of about `expecting` bytes.
  init(expecting: Int = 0) {
    builder = FirmwareImageBuilder(expecting: expecting / 2) { .line($0) }
  }

  @_optimize(speed)
  mutating func record(
    _ text: Span<UInt8>, values: Span<UInt8>, line: Int
  ) throws(FirmwareError) {
    guard !isAtEnd else {
      throw FirmwareError(.dataAfterEnd, at: .line(line))
    }
    guard text.count >= 2, text[0] == UInt8(ascii: "S") else {
      throw FirmwareError(
        .malformed("the line does not begin with “S” and a digit"),
        at: .line(line))
    }
    let digits = text.extracting(2...)
    let type = text[1]
    let addressLength =
      switch type {
      case UInt8(ascii: "0"), UInt8(ascii: "1"), UInt8(ascii: "5"),
        UInt8(ascii: "9"):
        2
      case UInt8(ascii: "2"), UInt8(ascii: "6"), UInt8(ascii: "8"): 3
      case UInt8(ascii: "3"), UInt8(ascii: "7"): 4
      default: 0
      }
    guard addressLength > 0 else {
      throw FirmwareError(
        .malformed("the line is of no known type (S0 to S3, S5 to S9)"),
        at: .line(line))
    }
    let length = digits.count / 2
    guard digits.count.isMultiple(of: 2), length >= 4 else {
      throw FirmwareError(
        .truncated("the record is too short"), at: .line(line))
    }
    // The count and three more bytes, the first lowest.
    var headSum = RecordSum()
    let head = headSum.add(eight: digits.firstEight).byteSwapped
    let count = Int(head >> 24)
    guard length > count else {
      throw FirmwareError(
        .truncated("the record is too short"), at: .line(line))
    }
    guard length == count + 1, count > addressLength else {
      throw FirmwareError(
        .malformed("the record's length is not what it says"),
        at: .line(line))
    }
    let stored = digits.byte(at: count, values: values)
    let address =
      switch addressLength {
      case 2: head >> 8 & 0xFFFF
      case 3: head & 0xFF_FFFF
      default:
        (head & 0xFF_FFFF) << 8 | UInt32(digits.byte(at: 4, values: values))
      }
    let data = 2 + addressLength * 2..<count * 2
    // The bytes are decoded once, while they are added; that they are right
    // is known only afterwards, but then an image is never asked for.
    if Self.dataTypes.contains(type),
      UInt64(address) + UInt64(data.count / 2) <= 1 << 32
    {
      dataRecords += 1
      var sum = try builder.add(
        digits: digits.extracting(data), values: values, at: address,
        place: line)
      if addressLength == 2 {
        sum.add(digits.extracting(..<data.lowerBound).sum(values: values))
      } else {
        sum.add(headSum)
        sum.add(digits.extracting(8..<data.lowerBound).sum(values: values))
      }
      sum.add(digits.extracting(data.upperBound...).sum(values: values))
      return try sum.check(is: 0xFF, last: stored, line: line)
    }
    try digits.sum(values: values).check(is: 0xFF, last: stored, line: line)
    switch type {
    case UInt8(ascii: "0"):
      let header = (1 + addressLength..<count).map {
        digits.byte(at: $0, values: values)
      }
      file.header = String(
        decoding: header.prefix { $0 != 0 }, as: UTF8.self)
    case Self.dataTypes:
      throw FirmwareError(
        .addressWraps(address: address, count: data.count / 2),
        at: .line(line))
    case UInt8(ascii: "5"), UInt8(ascii: "6"):
      // Writers with more records than fit let the number run over.
      let mask = addressLength == 2 ? 0xFFFF : 0xFF_FFFF
      guard Int(address) == dataRecords & mask else {
        throw FirmwareError(
          .malformed(
            "\(address) data records are announced, but there are "
              + "\(dataRecords)"), at: .line(line))
      }
    default:
      isAtEnd = true
      // There is no way to end a file without an address; 0 is written for
      // none.
      file.entryPoint = address == 0 ? nil : address
    }
  }

  mutating func finish(line: Int) throws(FirmwareError) -> FirmwareFile {
    guard !builder.isEmpty else { throw FirmwareError(.empty) }
    if !isAtEnd { file.warnings.append(.endMissing) }
    file.targets = [FirmwareTarget(image: try builder.finish())]
    return file
  }
}

extension FirmwareFile {
  init(sRecord bytes: [UInt8]) throws(FirmwareError) {
    var text = RecordText(SRecordParser(expecting: bytes.count))
    try text.feed(bytes.span)
    self = try text.finish()
  }
}

extension FirmwareImage {
  /// The image as S-records, with the shortest addresses that suffice.
  ///
  /// `recordLength` is the number of bytes in a line, 1 to 250; a header
  /// longer than 64 bytes of UTF-8 is cut.
  public func sRecord(
    header: String = "", entryPoint: UInt32? = nil, recordLength: Int = 16
  ) -> [UInt8] {
    let length = min(max(recordLength, 1), 250)
    let checksum: (UInt8) -> UInt8 = { ~$0 }
    let top = max(span?.upperBound ?? 0, UInt64(entryPoint ?? 0) + 1)
    let (data, end, addressLength) =
      if top <= 1 << 16 {
        ("S1", "S9", 2)
      } else if top <= 1 << 24 {
        ("S2", "S8", 3)
      } else {
        ("S3", "S7", 4)
      }
    func bytes(_ number: UInt32, _ count: Int) -> ArraySlice<UInt8> {
      number.bigEndianBytes.suffix(count)
    }
    var writer = RecordTextWriter(
      reservingCapacity: byteCount / length * (length * 2 + 15) + 1024)
    let title = header.utf8.prefix(64)
    writer.line(
      "S0", [UInt8(title.count + 3), 0, 0] + title, checksum: checksum)
    var records: UInt32 = 0
    for segment in segments {
      var offset = 0
      while offset < segment.bytes.count {
        let count = min(length, segment.bytes.count - offset)
        writer.line(
          data,
          [UInt8(count + addressLength + 1)]
            + bytes(segment.address + UInt32(offset), addressLength),
          segment.bytes[offset..<offset + count], checksum: checksum)
        offset += count
        records += 1
      }
    }
    if records <= 0xFFFF {
      writer.line("S5", [3] + bytes(records, 2), checksum: checksum)
    } else if records <= 0xFF_FFFF {
      writer.line("S6", [4] + bytes(records, 3), checksum: checksum)
    }
    writer.line(
      end, [UInt8(addressLength + 1)] + bytes(entryPoint ?? 0, addressLength),
      checksum: checksum)
    return writer.text
  }
}
