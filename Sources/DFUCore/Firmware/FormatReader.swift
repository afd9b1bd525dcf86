/// Reads a firmware file of one format that comes piece by piece, unpacked.
///
/// Intel HEX, S-record and UF2 files are read as they come and take no memory
/// beyond their image; others are collected first.
struct FormatReader {
  private let limit: Int
  private let damagedSuffixIsData: Bool
  private var expected: Int
  private var format: FirmwareFormat?
  private var isTold: Bool
  private var count = 0
  private var collected: [UInt8] = []
  private var intelHex: RecordText<IntelHexParser>?
  private var sRecord: RecordText<SRecordParser>?
  private var uf2: UF2Parser?

  /// A reader for a file of `format`, or of the format that its content
  /// tells; of about `expectedCount` bytes, and of `limit` at most.
  init(
    format: FirmwareFormat?, expectedCount: Int?, limit: Int,
    damagedSuffixIsData: Bool
  ) {
    self.damagedSuffixIsData = damagedSuffixIsData
    self.limit = limit
    expected = min(max(expectedCount ?? 0, 0), limit)
    self.format = format
    isTold = format != nil
    if isTold { start() }
  }

  /// Takes the next bytes.
  ///
  /// Throws ``FirmwareError`` as soon as the file can be seen to be wrong.
  mutating func feed(_ bytes: Span<UInt8>) throws(FirmwareError) {
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
      collected.append(contentsOf: bytes)
      if !isTold, collected.count >= FirmwareFormat.headLength {
        try tell()
      }
    }
  }

  /// Takes the next bytes where they stay, if they do; `nil` when they are
  /// not to be collected, or more of them come than were expected.
  mutating func collect(
    from read: (inout OutputSpan<UInt8>) -> Void
  ) throws(FirmwareError) -> Int? {
    guard isTold, intelHex == nil, sRecord == nil, uf2 == nil,
      expected > collected.count
    else { return nil }
    let before = collected.count
    collected.append(
      addingCapacity: expected - before, initializingWith: read)
    count += collected.count - before
    return collected.count - before
  }

  /// Says that the number of bytes that will come is not known after all.
  mutating func forgetExpectedCount() { expected = 0 }

  /// What the file holds, after its last bytes.
  ///
  /// Throws ``FirmwareError`` for a file that is not right.
  mutating func finish() throws(FirmwareError) -> FirmwareFile {
    guard count > 0 else { throw FirmwareError(.empty) }
    if !isTold { try tell() }
    if intelHex != nil, let file = try intelHex?.finish() { return file }
    if sRecord != nil, let file = try sRecord?.finish() { return file }
    if uf2 != nil, let file = try uf2?.finish() { return file }
    let bytes = collected
    collected = []
    return try FirmwareFile(
      reading: bytes, format: format, damagedSuffixIsData: damagedSuffixIsData)
  }

  private mutating func tell() throws(FirmwareError) {
    format = try FirmwareFormat(startOf: collected)
    isTold = true
    start()
    if intelHex != nil || sRecord != nil || uf2 != nil {
      let head = collected
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
}
