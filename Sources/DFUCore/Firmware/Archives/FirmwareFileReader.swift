/// Reads a firmware file that comes piece by piece, from a disk or a pipe, and
/// unpacks it if it is packed: a gzip file (RFC 1952), or the one file in a zip
/// archive that is firmware, or that is asked for. What is packed twice is
/// refused.
public struct FirmwareFileReader: ~Copyable {
  /// The most bytes that a file may have unless told otherwise: 64 MiB.
  public static let defaultLimit = FirmwareFile.defaultLimit

  /// How much is read at once, bytes.
  private static let chunkLength = 256 << 10

  private let format: FirmwareFormat?
  private let entry: String?
  private let limit: Int
  private let name: String?
  private let suffixMayMiss: Bool
  private var bytes: [UInt8] = []

  /// A reader for a file of `format`, or of the format that its content
  /// tells.
  ///
  /// A file that is to be read as ``FirmwareFormat/raw`` is taken as it is,
  /// packed or not. `entry` is the path of the file to be read in a zip
  /// archive. `expectedCount` is the number of bytes that will come, if it is
  /// known; a wrong one does no harm. More than `limit` bytes are refused,
  /// before as after unpacking. `name` is the file's own name, which may say
  /// what it has to be. With `suffixMayMiss`, a file that is not asked for as
  /// `dfu` and has no DFU suffix, or one that does not match, is taken as raw,
  /// as dfu-util does.
  public init(
    format: FirmwareFormat? = nil, entry: String? = nil,
    expectedCount: Int? = nil, limit: Int = FirmwareFileReader.defaultLimit,
    name: String? = nil, suffixMayMiss: Bool = false
  ) {
    self.format = format
    self.entry = entry
    self.limit = limit
    self.name = name
    self.suffixMayMiss = suffixMayMiss
    // With room for the read that finds the end.
    bytes.reserveCapacity(
      min(max(expectedCount ?? 0, 0), limit) + Self.chunkLength)
  }

  /// Takes the next bytes.
  ///
  /// Throws ``FirmwareError`` when they are more than the limit.
  public mutating func feed(_ piece: Span<UInt8>) throws(FirmwareError) {
    try Self.append(piece, to: &bytes, limit: limit)
  }

  /// Takes the next bytes from `read`, which puts as many of them as it has
  /// at hand where it is told; returns how many they were.
  ///
  /// Throws ``FirmwareError`` when they are more than the limit.
  public mutating func feed(
    from read: (inout OutputSpan<UInt8>) -> Void
  ) throws(FirmwareError) -> Int {
    let count = bytes.count
    bytes.append(addingCapacity: Self.chunkLength, initializingWith: read)
    guard bytes.count <= limit else {
      throw FirmwareError(.tooLarge(limit: limit))
    }
    return bytes.count - count
  }

  /// What the file holds, after its last bytes.
  ///
  /// Throws ``FirmwareError`` for a file that is not right.
  public mutating func finish() throws(FirmwareError) -> FirmwareFile {
    let whole = bytes
    bytes = []
    if format == .raw, entry == nil { return try file(whole, name) }
    if whole.starts(with: [0x50, 0x4B, 0x03, 0x04])
      || whole.starts(with: [0x50, 0x4B, 0x05, 0x06])
    {
      return try file(inArchive: whole)
    }
    if let entry { throw FirmwareError(.notAnArchive(entry)) }
    guard whole.starts(with: [0x1F, 0x8B, 0x08]) else {
      return try file(whole, name)
    }
    var file = try file(
      try unpacked(whole), name.map(FirmwareFormat.withoutGzip))
    file.container = .gzip
    return file
  }

  private func file(
    _ bytes: consuming [UInt8], _ name: String?
  ) throws(FirmwareError) -> FirmwareFile {
    try FirmwareFile(
      reading: bytes, format: format, name: name, suffixMayMiss: suffixMayMiss)
  }

  private static func append(
    _ piece: Span<UInt8>, to bytes: inout [UInt8], limit: Int
  ) throws(FirmwareError) {
    guard piece.count <= limit - bytes.count else {
      throw FirmwareError(.tooLarge(limit: limit))
    }
    bytes.append(contentsOf: piece)
  }

  private func unpacked(_ packed: [UInt8]) throws(FirmwareError) -> [UInt8] {
    let inflater = try Inflater(.gzip)
    var result: [UInt8] = []
    var start = 0
    while start < packed.count {
      if inflater.isAtEnd {
        // Several gzip files in a row are one; zeros may follow.
        if packed[start...].allSatisfy({ $0 == 0 }) { break }
        guard packed[start] == 0x1F else {
          throw FirmwareError(
            .malformed(
              "something follows the end of the gzip data; if the file is to "
                + "be flashed as it is, say that its format is raw"))
        }
        inflater.restart()
      }
      start += try inflater.feed(packed.span.extracting(start...)) {
        (piece) throws(FirmwareError) in
        try Self.append(piece, to: &result, limit: limit)
        return true
      }
    }
    guard inflater.isAtEnd else {
      throw FirmwareError(.truncated("the packed data does not end"))
    }
    return result
  }

  private func file(
    inArchive bytes: [UInt8]
  ) throws(FirmwareError) -> FirmwareFile {
    let archive = try ZipArchive(bytes)
    let chosen =
      if let entry {
        try archive.entry(at: entry)
      } else {
        try archive.onlyFirmware()
      }
    guard chosen.size <= limit else {
      throw FirmwareError(.tooLarge(limit: limit), at: .entry(chosen.path))
    }
    var content: [UInt8] = []
    content.reserveCapacity(chosen.size)
    try archive.unpack(chosen) { (piece) throws(FirmwareError) in
      content.append(contentsOf: piece)
      return true
    }
    var file = try file(content, chosen.path)
    file.container = .zip(entry: chosen.path)
    return file
  }
}
