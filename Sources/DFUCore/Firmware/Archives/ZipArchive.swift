/// A zip archive (PKWARE, “.ZIP File Format Specification”, APPNOTE 6.3) in
/// memory: its directory, checked, and one entry unpacked at a time.
struct ZipArchive {
  /// A file in the archive.
  struct Entry {
    /// The path as the archive has it; it may hold anything.
    var path: String
    var isEncrypted: Bool
    var method: UInt16
    var crc: UInt32
    var packedSize: Int
    var size: Int
    fileprivate var rawPath: ArraySlice<UInt8>
    fileprivate var headerOffset: Int
  }

  private static let endLength = 22
  private static let directoryLength = 46
  private static let localLength = 30

  /// More than any archive with firmware has; each is looked into.
  private static let mostEntries = 4096

  private let bytes: [UInt8]
  private let directoryStart: Int

  /// The files, without folders, in the directory's order.
  private(set) var entries: [Entry] = []

  /// Reads the directory.
  ///
  /// Throws ``FirmwareError`` when it is damaged, or the archive is of a kind
  /// that is not read.
  init(_ bytes: [UInt8]) throws(FirmwareError) {
    self.bytes = bytes
    guard let end = Self.endRecord(of: bytes) else {
      throw FirmwareError(
        .truncated("the zip archive's directory is missing"))
    }
    let disks = (
      UInt16(littleEndianAt: end + 4, in: bytes),
      UInt16(littleEndianAt: end + 6, in: bytes)
    )
    let count = Int(UInt16(littleEndianAt: end + 10, in: bytes))
    let size = Int(UInt32(littleEndianAt: end + 12, in: bytes))
    let offset = Int(UInt32(littleEndianAt: end + 16, in: bytes))
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      throw Self.isZip64
    }
    guard disks == (0, 0),
      count == Int(UInt16(littleEndianAt: end + 8, in: bytes))
    else {
      throw FirmwareError(
        .unsupported(
          "this is one part of a zip archive in several parts; join them "
            + "first"))
    }
    guard count <= Self.mostEntries else {
      throw FirmwareError(
        .unsupported(
          "the zip archive has \(count) files, more than "
            + "\(Self.mostEntries); unpack it first"))
    }
    // Something may stand before the archive, a program that unpacks it for
    // one; all offsets then count from behind that.
    guard size + offset <= end else {
      throw Self.damaged("its directory lies outside the file", at: end)
    }
    directoryStart = end - size
    let base = directoryStart - offset
    var position = directoryStart
    for _ in 0..<count {
      let entry = try entry(at: &position, end: end, base: base)
      // Folders end with a slash; what Finder adds is about its own files.
      if entry.path.hasSuffix("/") || entry.path.hasPrefix("__MACOSX/") {
        continue
      }
      entries.append(entry)
    }
  }

  private static var isZip64: FirmwareError {
    FirmwareError(
      .unsupported(
        "this zip archive is of the kind for more than 4 GiB (Zip64), which is "
          + "not read; unpack it first"))
  }

  private static func damaged(_ what: String, at offset: Int) -> FirmwareError {
    FirmwareError(
      .malformed("the zip archive is damaged: \(what)"), at: .offset(offset))
  }

  /// Where the record is that ends the directory. A comment follows it,
  /// which must end where the file ends.
  private static func endRecord(of bytes: [UInt8]) -> Int? {
    var position = bytes.count - endLength
    let last = max(0, position - 0xFFFF)
    while position >= last {
      if bytes[position] == 0x50,
        UInt32(littleEndianAt: position, in: bytes) == 0x0605_4B50,
        position + endLength
          + Int(UInt16(littleEndianAt: position + 20, in: bytes))
          == bytes.count
      {
        return position
      }
      position -= 1
    }
    return nil
  }

  private func entry(
    at position: inout Int, end: Int, base: Int
  ) throws(FirmwareError) -> Entry {
    let start = position
    guard end - start >= Self.directoryLength,
      UInt32(littleEndianAt: start, in: bytes) == 0x0201_4B50
    else { throw Self.damaged("an entry of its directory", at: start) }
    func half(_ offset: Int) -> Int {
      Int(UInt16(littleEndianAt: start + offset, in: bytes))
    }
    func word(_ offset: Int) -> Int {
      Int(UInt32(littleEndianAt: start + offset, in: bytes))
    }
    let path = start + Self.directoryLength
    position = path + half(28) + half(30) + half(32)
    guard position <= end else {
      throw Self.damaged("an entry of its directory is too long", at: start)
    }
    let (packedSize, size, headerOffset) = (word(20), word(24), word(42))
    if [packedSize, size, headerOffset].contains(0xFFFF_FFFF) {
      throw Self.isZip64
    }
    let rawPath = bytes[path..<path + half(28)]
    return Entry(
      path: String(decoding: rawPath, as: UTF8.self),
      // Bit 0 is encryption, bit 13 that of the directory.
      isEncrypted: half(8) & 0x2001 != 0, method: UInt16(half(10)),
      crc: UInt32(word(16)), packedSize: packedSize, size: size,
      rawPath: rawPath, headerOffset: headerOffset + base)
  }

  // MARK: Unpacking

  /// The first bytes of an entry, to tell what it is; `nil` when it cannot
  /// be unpacked.
  func head(of entry: Entry, count: Int) -> [UInt8]? {
    var head: [UInt8] = []
    do throws(FirmwareError) {
      try unpack(entry) { (piece) throws(FirmwareError) in
        let wanted = min(piece.count, count - head.count)
        for index in 0..<wanted { head.append(piece[index]) }
        return head.count < count
      }
    } catch {
      return nil
    }
    return head
  }

  /// Unpacks an entry and gives it piece by piece to `sink`, which says
  /// whether it wants more. With the last piece all was compared: the size
  /// and the CRC-32.
  ///
  /// Throws ``FirmwareError`` for an entry that is damaged or packed in a way
  /// that is not read.
  func unpack(
    _ entry: Entry, sink: (Span<UInt8>) throws(FirmwareError) -> Bool
  ) throws(FirmwareError) {
    let place = FirmwareError.Place.entry(entry.path)
    guard !entry.isEncrypted else {
      throw FirmwareError(
        .unsupported("it is encrypted; unpack it with its password first"),
        at: place)
    }
    let data = try data(of: entry)
    var crc = CRC32()
    var count = 0
    var isWanted = true
    func take(_ piece: Span<UInt8>) throws(FirmwareError) -> Bool {
      count += piece.count
      guard count <= entry.size else {
        throw FirmwareError(
          .malformed("it unpacks to more than the \(entry.size) bytes stated"),
          at: place)
      }
      crc.update(piece)
      isWanted = try sink(piece)
      return isWanted
    }
    switch entry.method {
    case 0: _ = try take(bytes.span.extracting(data))
    case 8:
      let inflater = try Inflater(.none)
      let used: Int
      do throws(FirmwareError) {
        used = try inflater.feed(bytes.span.extracting(data), sink: take)
      } catch {
        throw FirmwareError(error.kind, at: error.place ?? place)
      }
      if !isWanted { return }
      guard inflater.isAtEnd, used == data.count else {
        throw FirmwareError(
          .malformed("its packed data does not end where it should"),
          at: place)
      }
    default:
      throw FirmwareError(
        .unsupported(
          "it is packed with \(Self.name(ofMethod: entry.method)), which is "
            + "not read; unpack it first"), at: place)
    }
    if !isWanted { return }
    guard count == entry.size else {
      throw FirmwareError(
        .malformed(
          "it unpacks to \(count) bytes, not the \(entry.size) stated"),
        at: place)
    }
    guard crc.checksum == entry.crc else {
      throw FirmwareError(
        .checksum(stored: entry.crc, computed: crc.checksum), at: place)
    }
  }

  /// Where an entry's packed bytes are.
  private func data(of entry: Entry) throws(FirmwareError) -> Range<Int> {
    let start = entry.headerOffset
    guard start >= 0, start + Self.localLength <= directoryStart,
      UInt32(littleEndianAt: start, in: bytes) == 0x0403_4B50
    else { throw Self.damaged("a file's header is missing", at: start) }
    let path = start + Self.localLength
    let pathEnd = path + Int(UInt16(littleEndianAt: start + 26, in: bytes))
    let data = pathEnd + Int(UInt16(littleEndianAt: start + 28, in: bytes))
    guard data + entry.packedSize <= directoryStart,
      bytes[path..<pathEnd] == entry.rawPath
    else {
      throw Self.damaged("a file's header contradicts the directory", at: start)
    }
    return data..<data + entry.packedSize
  }

  private static func name(ofMethod method: UInt16) -> String {
    switch method {
    case 1: "Shrink"
    case 2...5: "Reduce"
    case 6: "Implode"
    case 9: "Deflate64"
    case 12: "bzip2"
    case 14: "LZMA"
    case 93: "Zstandard"
    case 95: "xz"
    case 98: "PPMd"
    case 99: "AES encryption"
    default: "method \(method)"
    }
  }
}

extension ZipArchive {
  /// The entry at a path.
  ///
  /// Throws ``FirmwareError`` when there is none or more than one.
  func entry(at path: String) throws(FirmwareError) -> Entry {
    let found = entries.filter { $0.path == path }
    guard let entry = found.first else {
      throw FirmwareError(
        .entryMissing(path, available: entries.map(\.path)))
    }
    guard found.count == 1 else {
      throw FirmwareError(
        .malformed("it is \(found.count) times in the archive"),
        at: .entry(path))
    }
    return entry
  }

  /// The one entry that is firmware.
  ///
  /// What is in a format with a beginning of its own is firmware; of what
  /// could be anything, only what is named like it.
  ///
  /// Throws ``FirmwareError`` when there is none or more than one.
  func onlyFirmware() throws(FirmwareError) -> Entry {
    let found = entries.filter(isFirmware)
    guard let entry = found.first else {
      throw FirmwareError(.noFirmware(entries.map(\.path)))
    }
    guard found.count == 1 else {
      throw FirmwareError(.entryNeeded(found.map(\.path)))
    }
    return entry
  }

  private static let rawNames = [
    ".bin", ".dfu", ".img", ".raw", ".fw", ".rom", ".firmware",
  ]

  private func isFirmware(_ entry: Entry) -> Bool {
    let name = entry.path.lowercased()
    let isNamed = Self.rawNames.contains(where: name.hasSuffix)
    guard entry.size > 0 else { return false }
    guard let head = head(of: entry, count: FirmwareFormat.headLength) else {
      // What cannot be unpacked has only its name to tell.
      return isNamed
        || [".hex", ".srec", ".s19", ".elf", ".uf2"]
          .contains(where: name.hasSuffix)
    }
    do throws(FirmwareError) {
      guard let format = try FirmwareFormat(startOf: head) else {
        return isNamed
      }
      // A compiler's object files and programs for the computer are ELF, too.
      return format != .elf
        || head.count >= 18 && head[4] == 1 && head[16] != 1
    } catch {
      return false
    }
  }
}
