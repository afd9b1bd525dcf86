/// Intel HEX (Intel, “Hexadecimal Object File Format Specification”,
/// revision A): lines `:LLAAAATT…CC`.
struct IntelHexParser: RecordParser {
  private var builder: FirmwareImageBuilder
  private var file = FirmwareFile(format: .intelHex)
  private var base: UInt32 = 0
  private var isSegmented = false
  private var isAtEnd = false

  /// A parser for text of about `expecting` bytes.
  init(expecting: Int) {
    builder = FirmwareImageBuilder(expecting: expecting / 2) { .line($0) }
  }

  static let sum: UInt8 = 0

  /// The count is that of the data; address, type and checksum come besides.
  static func length(countByte: UInt8) -> Int { Int(countByte) + 5 }

  func markLength(
    of text: Span<UInt8>, line: Int
  ) throws(FirmwareError) -> Int {
    guard !isAtEnd else {
      throw FirmwareError(.dataAfterEnd, at: .line(line))
    }
    guard text[0] == UInt8(ascii: ":") else {
      throw FirmwareError(
        .malformed("the line begins without “:”"), at: .line(line))
    }
    return 1
  }

  @_optimize(speed)
  mutating func record(
    _ mark: UInt8, _ bytes: [UInt8], line: Int
  ) throws(FirmwareError) {
    let type = bytes[3]
    let data = bytes[4..<bytes.count - 1]
    if type == 0 {
      let offset = bytes[1...2].bigEndianNumber
      // In a segment addresses would wrap to its start (page 6 of the
      // specification); nobody means that.
      guard !isSegmented || Int(offset) + data.count <= 0x10000 else {
        throw FirmwareError(
          .malformed("the record goes beyond the end of its 64 KiB segment"),
          at: .line(line))
      }
      return try builder.add(data, at: base + offset, place: line)
    }
    guard let wanted = Self.lengths[type] else {
      throw FirmwareError(
        .malformed("record type \(type) is not known"), at: .line(line))
    }
    guard data.count == wanted else {
      throw FirmwareError(
        .malformed(
          "a record of type \(type) has \(wanted) bytes, not \(data.count)"),
        at: .line(line))
    }
    let value = data.bigEndianNumber
    switch type {
    case 1: isAtEnd = true
    case 2:
      base = value << 4
      isSegmented = true
    // CS:IP of a real-mode 8086.
    case 3: file.entryPoint = (value >> 16) << 4 + (value & 0xFFFF)
    case 4:
      base = value << 16
      isSegmented = false
    default: file.entryPoint = value
    }
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
    self = try text.read(bytes.span)
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
