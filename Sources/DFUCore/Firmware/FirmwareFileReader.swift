/// Reads a firmware file that comes piece by piece, from a disk or a pipe, and
/// unpacks it if it is packed.
///
/// A gzip file (RFC 1952) is unpacked as it comes. A zip archive has its
/// directory at its end and is collected first; of the files in it the one
/// that is firmware is read, or the one that is asked for. What is packed
/// twice is refused.
///
/// Intel HEX, S-record and UF2 files are read as they come and take no memory
/// beyond their image; others are collected first.
public struct FirmwareFileReader: ~Copyable {
  /// The most bytes that a file may have unless told otherwise: 64 MiB.
  public static let defaultLimit = 64 << 20

  /// How much is read at once where nothing better is known, bytes.
  private static let chunkLength = 256 << 10
  /// How many bytes tell a packed file.
  private static let magicLength = 4

  private enum Packing {
    /// Too few bytes came to tell.
    case unknown
    case none
    case gzip(Inflater)
    case zip
  }

  private let limit: Int
  private let entry: String?
  private var packing: Packing
  private var reader: FormatReader
  /// The first bytes, until the packing is known; then a whole zip archive.
  private var packed: [UInt8] = []
  private var packedCount = 0
  /// How many zero bytes followed a gzip file: some tapes' padding.
  private var padding = 0
  private var chunk: [UInt8] = []

  /// A reader for a file of `format`, or of the format that its content
  /// tells.
  ///
  /// A file that is to be read as ``FirmwareFormat/raw`` is taken as it is,
  /// packed or not. `entry` is the path of the file to be read in a zip
  /// archive. `expectedCount` is the number of bytes that will come, if it is
  /// known; a wrong one does no harm. More than `limit` bytes are refused,
  /// before as after unpacking. With `damagedSuffixIsData`, a file that is not
  /// asked for as `dfu` and ends with a DFU suffix whose CRC does not match
  /// is taken as raw, as dfu-util does, with a warning.
  public init(
    format: FirmwareFormat? = nil, entry: String? = nil,
    expectedCount: Int? = nil, limit: Int = FirmwareFileReader.defaultLimit,
    damagedSuffixIsData: Bool = false
  ) {
    self.limit = limit
    self.entry = entry
    packing = format == .raw && entry == nil ? .none : .unknown
    reader = FormatReader(
      format: format, expectedCount: expectedCount, limit: limit,
      damagedSuffixIsData: damagedSuffixIsData)
  }

  /// Takes the next bytes.
  ///
  /// Throws ``FirmwareError`` as soon as the file can be seen to be wrong.
  public mutating func feed(_ bytes: Span<UInt8>) throws(FirmwareError) {
    switch packing {
    case .none: try reader.feed(bytes)
    case .gzip(let inflater): try unpack(bytes, inflater)
    case .zip, .unknown:
      try count(bytes.count)
      packed.append(contentsOf: bytes)
      if case .unknown = packing, packed.count >= Self.magicLength {
        try tellPacking()
      }
    }
  }

  /// Takes the next bytes from `read`, which puts as many of them as it has
  /// at hand where it is told; returns how many they were.
  ///
  /// This is quicker than ``feed(_:)`` for large files: their bytes come to
  /// where they stay.
  ///
  /// Throws ``FirmwareError`` as soon as the file can be seen to be wrong.
  public mutating func feed(
    from read: (inout OutputSpan<UInt8>) -> Void
  ) throws(FirmwareError) -> Int {
    if case .none = packing, let count = try reader.collect(from: read) {
      return count
    }
    // Little at first: what kind of file it is decides where the rest goes.
    let length: Int
    if case .unknown = packing {
      length = FirmwareFormat.headLength
    } else {
      length = Self.chunkLength
    }
    var piece = chunk
    chunk = []
    piece.removeAll(keepingCapacity: true)
    piece.append(addingCapacity: length, initializingWith: read)
    try feed(piece.span)
    let count = piece.count
    chunk = piece
    return count
  }

  /// What the file holds, after its last bytes.
  ///
  /// Throws ``FirmwareError`` for a file that is not right.
  public mutating func finish() throws(FirmwareError) -> FirmwareFile {
    if case .unknown = packing { try tellPacking() }
    switch packing {
    case .gzip(let inflater):
      guard inflater.isAtEnd else {
        throw FirmwareError(.truncated("the packed data does not end"))
      }
      var file = try reader.finish()
      file.container = .gzip
      return file
    case .zip: return try finishArchive()
    case .none, .unknown: return try reader.finish()
    }
  }

  private mutating func count(_ more: Int) throws(FirmwareError) {
    packedCount += more
    guard packedCount <= limit else {
      throw FirmwareError(.tooLarge(limit: limit))
    }
  }

  private mutating func tellPacking() throws(FirmwareError) {
    let head = packed
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04])
      || head.starts(with: [0x50, 0x4B, 0x05, 0x06])
    {
      packing = .zip
      return
    }
    if let entry { throw FirmwareError(.notAnArchive(entry)) }
    packed = []
    if head.starts(with: [0x1F, 0x8B, 0x08]) {
      reader.forgetExpectedCount()
      let inflater = try Inflater(.gzip)
      packing = .gzip(inflater)
      packedCount = 0
      try unpack(head.span, inflater)
    } else {
      packing = .none
      try reader.feed(head.span)
    }
  }

  private mutating func unpack(
    _ bytes: Span<UInt8>, _ inflater: Inflater
  ) throws(FirmwareError) {
    try count(bytes.count)
    var start = 0
    while start < bytes.count {
      if inflater.isAtEnd {
        // Several gzip files in a row are one; zeros may follow.
        if bytes[start] == 0 {
          padding += 1
          start += 1
          continue
        }
        guard padding == 0, bytes[start] == 0x1F else {
          throw FirmwareError(
            .malformed(
              "something follows the end of the gzip data; if the file is to "
                + "be flashed as it is, say that its format is raw"))
        }
        inflater.restart()
      }
      start += try inflater.feed(bytes.extracting(start...)) {
        (piece) throws(FirmwareError) in
        try reader.feed(piece)
        return true
      }
    }
  }

  private mutating func finishArchive() throws(FirmwareError) -> FirmwareFile {
    let bytes = packed
    packed = []
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
    reader.forgetExpectedCount()
    try archive.unpack(chosen) { (piece) throws(FirmwareError) in
      try reader.feed(piece)
      return true
    }
    var file = try reader.finish()
    file.container = .zip(entry: chosen.path)
    return file
  }
}

extension [UInt8] {
  /// Adds bytes at the end.
  ///
  /// A span can be copied in one go only as a pointer; byte by byte, as a
  /// build for size does it, takes longer than everything else there is to
  /// do for most formats.
  mutating func append(contentsOf bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
