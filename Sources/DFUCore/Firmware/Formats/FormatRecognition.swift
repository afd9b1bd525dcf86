extension FirmwareFormat {
  /// The format of a file, told by its content.
  ///
  /// Throws ``FirmwareError`` for a file that cannot be meant to be flashed
  /// as it is: an empty one, text, an archive, a picture.
  public init(of bytes: [UInt8]) throws(FirmwareError) {
    if let format = try FirmwareFormat(startOf: bytes) {
      self = format
    } else if DFUSuffix.isSigned(bytes) {
      self = .dfu
    } else {
      self = .raw
    }
  }

  /// How many bytes of a file are looked at to tell its format.
  static let headLength = 4096

  /// The format of a file, told by its beginning; `nil` when only its end
  /// can tell, that is for raw and plain DFU files.
  init?(startOf bytes: [UInt8]) throws(FirmwareError) {
    let head = bytes.prefix(Self.headLength)
    guard let first = head.first else { throw FirmwareError(.empty) }
    if let known = Self.beginnings.first(where: { $0.isStart(of: head) }) {
      switch known.meaning {
      case .format(let format): self = format
      case .packed(let name): throw FirmwareError(.packed(name))
      case .foreign(let name): throw FirmwareError(.foreign(name))
      }
    } else if let format = Self.textFormat(of: head) {
      self = format
    } else if Self.isWideText(head) {
      throw FirmwareError(
        .foreign(
          "text in UTF-16, as PowerShell's > writes it (save it as UTF-8)"))
    } else if Self.isText(head), first != 0xFF {
      throw FirmwareError(.plainText)
    } else {
      return nil
    }
  }

  /// Bytes that only files of one kind begin with.
  private struct Beginning {
    enum Meaning {
      case format(FirmwareFormat)
      case packed(String)
      case foreign(String)
    }

    var magic: [UInt8]
    var offset = 0
    var meaning: Meaning

    func isStart(of head: ArraySlice<UInt8>) -> Bool {
      head.dropFirst(offset).starts(with: magic)
    }
  }

  private static let beginnings: [Beginning] = [
    .init(magic: Array("DfuSe".utf8), meaning: .format(.dfuse)),
    .init(magic: [0x7F, 0x45, 0x4C, 0x46], meaning: .format(.elf)),
    .init(
      magic: [0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E],
      meaning: .format(.uf2)),
    .init(magic: [0x1F, 0x8B, 0x08], meaning: .packed("a gzip file")),
    .init(
      magic: [0x50, 0x4B, 0x03, 0x04], meaning: .packed("a zip archive")),
    .init(
      magic: [0x50, 0x4B, 0x05, 0x06], meaning: .packed("an empty zip archive")
    ),
    .init(
      magic: [0x28, 0xB5, 0x2F, 0xFD], meaning: .packed("a Zstandard file")),
    .init(
      magic: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00],
      meaning: .packed("an xz file")),
    .init(
      magic: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],
      meaning: .packed("a 7-Zip archive")),
    .init(
      magic: [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07],
      meaning: .packed("a RAR archive")),
    // The level, one digit, stands between "BZh" and the first block's magic,
    // the digits of pi.
    .init(
      magic: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59], offset: 4,
      meaning: .packed("a bzip2 file")),
    .init(
      magic: Array("ustar".utf8), offset: 257, meaning: .packed("a tar archive")
    ),
    .init(
      magic: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
      meaning: .foreign("a PNG picture")),
    .init(magic: Array("%PDF-".utf8), meaning: .foreign("a PDF document")),
  ]

  /// Intel HEX or S-record when the first line with anything in it begins
  /// like a record of it.
  private static func textFormat(of head: ArraySlice<UInt8>) -> Self? {
    var text = head
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
    text = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    func isDigit(_ byte: UInt8) -> Bool {
      Character(UnicodeScalar(byte)).isHexDigit && byte < 0x80
    }
    let rest = text.dropFirst()
    switch text.first {
    case UInt8(ascii: ":"):
      return rest.count >= 4 && rest.prefix(8).allSatisfy(isDigit)
        ? .intelHex : nil
    case UInt8(ascii: "S"):
      guard let type = rest.first, (0x30...0x39).contains(type) else {
        return nil
      }
      return rest.count >= 4 && rest.prefix(6).allSatisfy(isDigit)
        ? .sRecord : nil
    default: return nil
    }
  }

  private static func isText(_ head: ArraySlice<UInt8>) -> Bool {
    // What is too short to tell is not refused: two bytes of option bytes
    // may well be letters.
    head.count >= 16 && head.allSatisfy(isTextByte)
  }

  private static func isTextByte(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte) || (0x09...0x0D).contains(byte)
  }

  /// Text of 16 bits a character, of either byte order, with its mark.
  private static func isWideText(_ head: ArraySlice<UInt8>) -> Bool {
    let isLittle = head.starts(with: [0xFF, 0xFE])
    guard isLittle || head.starts(with: [0xFE, 0xFF]), head.count >= 4
    else { return false }
    let characters = head.count / 2
    return (1..<characters).allSatisfy { index in
      let pair = (head[2 * index], head[2 * index + 1])
      return isLittle
        ? pair.1 == 0 && isTextByte(pair.0) : pair.0 == 0 && isTextByte(pair.1)
    }
  }
}

// MARK: What a name says

extension FirmwareFormat {
  /// What files are that have a name with one of these endings.
  private struct Naming {
    var endings: [String]
    var title: String
  }

  private static let namings = [
    Naming(
      endings: [".hex", ".ihex", ".ihx"], title: FirmwareFormat.intelHex.title),
    Naming(
      endings: [".s19", ".s28", ".s37", ".srec", ".mot"],
      title: FirmwareFormat.sRecord.title),
    Naming(endings: [".elf", ".axf"], title: FirmwareFormat.elf.title),
    Naming(endings: [".uf2"], title: FirmwareFormat.uf2.title),
    Naming(endings: [".dfu"], title: FirmwareFormat.dfu.title),
    Naming(endings: [".zip"], title: "a zip archive"),
    Naming(endings: [".gz"], title: "a gzip file"),
  ]

  /// Refuses what could be anything where the file's name says that it is
  /// something else. What is known by its content is taken by whatever name.
  func check(
    _ name: String?, of bytes: [UInt8], suffixMayMiss: Bool
  ) throws(FirmwareError) {
    guard self == .raw || self == .dfu, let name = name?.lowercased(),
      let naming = Self.namings.first(where: {
        $0.endings.contains(where: name.hasSuffix)
      })
    else { return }
    if naming.title == FirmwareFormat.dfu.title, self == .dfu || suffixMayMiss {
      return
    }
    throw FirmwareError(
      .notAsNamed(naming.title, found: Self.looks(of: bytes)))
  }

  /// A gzip file's name without the ending that says what it is.
  static func withoutGzip(_ name: String) -> String {
    name.lowercased().hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  /// What a file of no known format looks like.
  private static func looks(of bytes: [UInt8]) -> String {
    let start = bytes.prefix(8).map { hex($0, 2) }.joined(separator: " ")
    return
      "\(bytes.count) byte\(bytes.count == 1 ? "" : "s") of no known format"
      + (bytes.allSatisfy(isTextByte)
        ? " (text)" : bytes.allSatisfy { $0 == 0 } ? " (zeros only)" : "")
      + ", beginning with \(start)"
  }
}
