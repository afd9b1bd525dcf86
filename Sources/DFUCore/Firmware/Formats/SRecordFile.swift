/// Motorola S-records (M68000 Family Programmer's Reference Manual,
/// appendix C): lines `STLL`, address, data, checksum.
struct SRecordParser: RecordParser {
  private var builder: FirmwareImageBuilder
  private var file = FirmwareFile(format: .sRecord)
  private var dataRecords = 0
  private var isAtEnd = false

  /// A parser for text of about `expecting` bytes.
  init(expecting: Int) {
    builder = FirmwareImageBuilder(expecting: expecting / 2) { .line($0) }
  }

  static let sum: UInt8 = 0xFF

  /// The count is that of all bytes behind it.
  static func length(countByte: UInt8) -> Int { Int(countByte) + 1 }

  /// How many bytes the address of each type of record has.
  private static func addressLength(_ type: UInt8) -> Int? {
    switch type &- UInt8(ascii: "0") {
    case 0, 1, 5, 9: 2
    case 2, 6, 8: 3
    case 3, 7: 4
    default: nil
    }
  }

  func markLength(
    of text: Span<UInt8>, line: Int
  ) throws(FirmwareError) -> Int {
    guard !isAtEnd else {
      throw FirmwareError(.dataAfterEnd, at: .line(line))
    }
    guard text.count >= 2, text[0] == UInt8(ascii: "S"),
      Self.addressLength(text[1]) != nil
    else {
      throw FirmwareError(
        .malformed("the line is no known record (S0 to S3, S5 to S9)"),
        at: .line(line))
    }
    return 2
  }

  @_optimize(speed)
  mutating func record(
    _ mark: UInt8, _ bytes: [UInt8], line: Int
  ) throws(FirmwareError) {
    guard let length = Self.addressLength(mark), bytes.count >= length + 2
    else {
      throw FirmwareError(
        .malformed("the record has no room for its address"), at: .line(line))
    }
    let address = bytes[1...length].bigEndianNumber
    let data = bytes[(length + 1)..<bytes.count - 1]
    switch mark &- UInt8(ascii: "0") {
    case 0:
      file.header = String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
    case 1, 2, 3:
      dataRecords += 1
      try builder.add(data, at: address, place: line)
    case 5, 6:
      // Writers with more records than fit let the number run over.
      let mask = length == 2 ? 0xFFFF : 0xFF_FFFF
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
    self = try text.read(bytes.span)
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
