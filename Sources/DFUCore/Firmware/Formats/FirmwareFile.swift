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
  /// `dfu`. What could be anything is raw, unless its name says otherwise.
  ///
  /// - Parameters:
  ///   - name: the file's name, if it has one.
  ///   - suffixMayMiss: takes a file without a DFU suffix, or with one that
  ///     does not match, as raw whatever its name says of that, as dfu-util
  ///     does.
  /// - Throws: ``FirmwareError`` for a file that is not right; nothing in it
  ///   can make this trap.
  public init(
    reading bytes: consuming [UInt8], format: FirmwareFormat? = nil,
    name: String? = nil, suffixMayMiss: Bool = false
  ) throws(FirmwareError) {
    let bytes = bytes
    guard !bytes.isEmpty else { throw FirmwareError(.empty) }
    let known: FirmwareFormat
    if let format {
      known = format
    } else {
      known = try .init(of: bytes)
      try known.check(name, of: bytes, suffixMayMiss: suffixMayMiss)
    }
    switch known {
    case .raw:
      let isSigned = DFUSuffix.isSigned(bytes)
      self.init(raw: consume bytes)
      if isSigned { warnings.append(.suffixInRaw) }
    case .dfu:
      if suffixMayMiss, format == nil,
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
