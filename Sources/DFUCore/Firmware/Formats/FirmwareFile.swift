/// What a firmware file was packed in.
public enum FirmwareContainer: Hashable, Sendable {
  /// A gzip file (RFC 1952).
  case gzip
  /// A zip archive; the file's path in it, which may hold anything: clean it
  /// before it is shown.
  case zip(entry: String)
}

/// What one alternate setting of a device is to hold.
public struct FirmwareTarget: Hashable, Sendable {
  /// The alternate setting, if the file names one.
  public var alternate: UInt8?
  /// The target's name as the file has it. It may hold anything, control
  /// characters included: clean it before it is shown.
  public var name: String?
  /// The bytes and their addresses.
  public var image: FirmwareImage

  /// A target from its parts.
  public init(
    alternate: UInt8? = nil, name: String? = nil, image: FirmwareImage
  ) {
    self.alternate = alternate
    self.name = name
    self.image = image
  }
}

/// Something about a firmware file that its user should know and that does
/// not keep it from being flashed.
public enum FirmwareWarning: Hashable, Sendable {
  /// `DFUImageSize` of a DfuSe file fits it neither with nor without the
  /// suffix; both in bytes.
  case imageSize(stated: Int, actual: Int)
  /// Bytes that belong to nothing were left out; their number and offset.
  case ignored(bytes: Int, offset: Int)
  /// A file read as raw ends like one with a DFU suffix, and the suffix
  /// will be flashed too.
  case suffixInRaw
  /// A file that is taken as raw ends like one with a DFU suffix, whose CRC
  /// does not match.
  case suffixDamaged(FirmwareError)
  /// An S-record file without the record that should end it.
  case endMissing
}

extension FirmwareWarning: CustomStringConvertible {
  /// The warning as a sentence without its full stop.
  public var description: String {
    switch self {
    case .imageSize(let stated, let actual):
      "the file says that it is \(stated) bytes long, but it is \(actual)"
    case .ignored(let bytes, let offset):
      "\(bytes) bytes at offset \(offset) belong to nothing and are ignored"
    case .suffixInRaw:
      "the file ends with a DFU suffix, which is taken for data because the "
        + "file is to be read as raw"
    case .suffixDamaged(let error):
      "\(error); the file is taken as raw, as if it had no suffix"
    case .endMissing:
      "the file has no record that ends it; it may be cut off"
    }
  }
}

/// What a firmware file holds.
public struct FirmwareFile: Hashable, Sendable {
  /// The most bytes that a file may have unless told otherwise: 64 MiB.
  public static let defaultLimit = 64 << 20

  /// The format it was read as.
  public var format: FirmwareFormat
  /// What it was packed in; `nil` when it was not.
  public var container: FirmwareContainer?
  /// What belongs where. Empty for formats without addresses, and for a UF2
  /// file with several families until one is chosen.
  public var targets: [FirmwareTarget] = []
  /// The bytes of a format without addresses, prefix included, suffix
  /// excluded: what plain DFU sends.
  public var raw: [UInt8]?
  /// The DFU suffix of a DfuSe or plain DFU file.
  public var suffix: DFUSuffix?
  /// The maker's prefix in `raw`.
  public var prefix: DFUPrefix?
  /// Where the program starts, if the file says so; a hint.
  public var entryPoint: UInt32?
  /// What a UF2 file holds for each chip family.
  public var families: [UF2Part] = []
  /// The text of an S0 record as the file has it: clean it before it is
  /// shown.
  public var header: String?
  /// What its user should know.
  public var warnings: [FirmwareWarning] = []

  /// An empty file of a format.
  public init(format: FirmwareFormat) {
    self.format = format
  }

  /// A raw file.
  public init(raw bytes: [UInt8]) {
    format = .raw
    raw = bytes
    prefix = DFUPrefix(startOf: bytes)
  }

  /// Reads a file.
  ///
  /// The format is told by the content, unless one is given. A `dfu` file
  /// that begins like a DfuSe file is read as one unless it is asked for as
  /// `dfu`.
  ///
  /// Throws ``FirmwareError`` for a file that is not right; nothing in it can
  /// make this trap.
  public init(
    reading bytes: consuming [UInt8], format: FirmwareFormat? = nil
  ) throws(FirmwareError) {
    try self.init(
      reading: bytes, format: format, damagedSuffixIsData: false)
  }

  /// Reads a file; one whose suffix does not match may be raw.
  init(
    reading bytes: consuming [UInt8], format: FirmwareFormat?,
    damagedSuffixIsData: Bool
  ) throws(FirmwareError) {
    let bytes = bytes
    guard !bytes.isEmpty else { throw FirmwareError(.empty) }
    let known: FirmwareFormat
    if let format { known = format } else { known = try .init(of: bytes) }
    switch known {
    case .raw:
      let isSigned = DFUSuffix.isSigned(bytes)
      self.init(raw: consume bytes)
      if isSigned { warnings.append(.suffixInRaw) }
    case .dfu:
      if damagedSuffixIsData, format == nil,
        let error = DFUSuffix.damage(of: bytes)
      {
        self.init(raw: consume bytes)
        warnings.append(.suffixDamaged(error))
      } else {
        try self.init(plainDFU: consume bytes)
      }
    case .dfuse: try self.init(dfuse: bytes)
    case .intelHex: try self.init(intelHex: bytes)
    case .sRecord: try self.init(sRecord: bytes)
    case .elf: try self.init(elf: consume bytes)
    case .uf2: try self.init(uf2: bytes)
    }
  }

  /// The image of a file with one target.
  ///
  /// `address` is where the bytes of a format without addresses belong; it
  /// is ignored for others.
  ///
  /// Throws ``FirmwareError`` when an address is needed and missing, the
  /// bytes do not fit there, or there is not exactly one target.
  public func image(
    at address: UInt32? = nil
  ) throws(FirmwareError) -> FirmwareImage {
    if let raw {
      guard let address else { throw FirmwareError(.addressNeeded) }
      return try FirmwareImage(raw, at: address)
    }
    if let target = targets.first, targets.count == 1 { return target.image }
    if families.count > 1 {
      throw FirmwareError(.familyNeeded(families.map { $0.id ?? 0 }))
    }
    throw FirmwareError(
      .unsupported("the file has \(targets.count) targets; choose one"))
  }

  private init(plainDFU bytes: consuming [UInt8]) throws(FirmwareError) {
    var bytes = bytes
    guard let suffix = try DFUSuffix(endOf: bytes) else {
      throw FirmwareError(.suffixMissing)
    }
    format = .dfu
    self.suffix = suffix
    bytes.removeLast(suffix.length)
    guard !bytes.isEmpty else { throw FirmwareError(.empty) }
    prefix = DFUPrefix(startOf: bytes)
    raw = bytes
  }
}

extension FirmwareFormat {
  /// The format of a file, told by its content.
  ///
  /// Throws ``FirmwareError`` for a file that cannot be meant to be flashed
  /// as it is: an empty one, text, an archive.
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
    func begins(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
    if begins(Array("DfuSe".utf8)) {
      self = .dfuse
    } else if begins([0x7F, 0x45, 0x4C, 0x46]) {
      self = .elf
    } else if begins([0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E]) {
      self = .uf2
    } else if let packed = Self.packers.first(where: { begins($0.magic) }) {
      throw FirmwareError(.packed(packed.name))
    } else if let format = Self.textFormat(of: head) {
      self = format
    } else if Self.isText(head), first != 0xFF {
      throw FirmwareError(.plainText)
    } else {
      return nil
    }
  }

  private static let packers: [(magic: [UInt8], name: String)] = [
    ([0x1F, 0x8B, 0x08], "a gzip file"),
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive"),
    ([0x50, 0x4B, 0x05, 0x06], "an empty zip archive"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive"),
    ([0x52, 0x61, 0x72, 0x21, 0x1A, 0x07], "a RAR archive"),
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
    head.count >= 16
      && head.allSatisfy {
        (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0)
      }
  }
}
