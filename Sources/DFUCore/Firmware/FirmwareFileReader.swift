/// Reads a firmware file that comes piece by piece, from a disk, a pipe or an
/// archive.
///
/// Intel HEX, S-record and UF2 files are read as they come and take no memory
/// beyond their image; others are collected first.
public struct FirmwareFileReader {
  /// The most bytes that a file may have unless told otherwise: 64 MiB.
  public static let defaultLimit = 64 << 20

  private let limit: Int
  private let expected: Int
  private var format: FirmwareFormat?
  private var isTold: Bool
  private var count = 0
  private var collected: [UInt8] = []
  private var intelHex: RecordText<IntelHexParser>?
  private var sRecord: RecordText<SRecordParser>?
  private var uf2: UF2Parser?

  /// A reader for a file of `format`, or of the format that its content
  /// tells.
  ///
  /// `expectedCount` is the number of bytes that will come, if it is known;
  /// a wrong one does no harm. More than `limit` bytes are refused.
  public init(
    format: FirmwareFormat? = nil, expectedCount: Int? = nil,
    limit: Int = FirmwareFileReader.defaultLimit
  ) {
    self.limit = limit
    expected = min(max(expectedCount ?? 0, 0), limit)
    self.format = format
    isTold = format != nil
    if isTold { start() }
  }

  /// Takes the next bytes.
  ///
  /// Throws ``FirmwareError`` as soon as the file can be seen to be wrong.
  public mutating func feed(_ bytes: Span<UInt8>) throws(FirmwareError) {
    count += bytes.count
    guard count <= limit else {
      throw FirmwareError(.tooLarge(limit: limit))
    }
    if intelHex != nil {
      try intelHex?.feed(bytes)
    } else if sRecord != nil {
      try sRecord?.feed(bytes)
    } else if uf2 != nil {
      try uf2?.feed(bytes)
    } else {
      collect(bytes)
      if !isTold, collected.count >= FirmwareFormat.headLength {
        try tell()
      }
    }
  }

  /// What the file holds, after its last bytes.
  ///
  /// Throws ``FirmwareError`` for a file that is not right.
  public mutating func finish() throws(FirmwareError) -> FirmwareFile {
    guard count > 0 else { throw FirmwareError(.empty) }
    if !isTold { try tell() }
    if intelHex != nil, let file = try intelHex?.finish() { return file }
    if sRecord != nil, let file = try sRecord?.finish() { return file }
    if uf2 != nil, let file = try uf2?.finish() { return file }
    let bytes = collected
    collected = []
    return try FirmwareFile(reading: bytes, format: format)
  }

  private mutating func tell() throws(FirmwareError) {
    format = try FirmwareFormat(startOf: collected)
    isTold = true
    let head = collected
    start()
    if intelHex != nil || sRecord != nil || uf2 != nil {
      collected = []
      try intelHex?.feed(head.span)
      try sRecord?.feed(head.span)
      try uf2?.feed(head.span)
    }
  }

  private mutating func start() {
    switch format {
    case .intelHex:
      intelHex = RecordText(IntelHexParser(expecting: expected))
    case .sRecord:
      sRecord = RecordText(SRecordParser(expecting: expected))
    case .uf2: uf2 = UF2Parser(expecting: expected)
    default: collected.reserveCapacity(expected)
    }
  }

  private mutating func collect(_ bytes: Span<UInt8>) {
    collected.append(addingCapacity: bytes.count) { output in
      for index in bytes.indices { output.append(bytes[index]) }
    }
  }
}
