/// Makes a file of one format out of what a file of any format holds.
public struct FirmwareConversion: Hashable, Sendable {
  /// The format to make.
  public var format: FirmwareFormat
  /// Where the bytes of a file without addresses belong.
  public var address: UInt32?
  /// What gaps are filled with. Without it gaps stay gaps where the format
  /// has addresses, and are filled with 0xFF where it has none. In UF2 it
  /// fills up blocks to 256 bytes, and larger gaps stay.
  public var fill: UInt8?
  /// `idVendor` for a DFU suffix; that of the file, or else 0x0483 for DfuSe
  /// and any for plain DFU.
  public var vendor: UInt16?
  /// `idProduct` for a DFU suffix; that of the file, or else 0xDF11 for DfuSe
  /// and any for plain DFU.
  public var product: UInt16?
  /// `bcdDevice` for a DFU suffix; that of the file, or else any.
  public var deviceVersion: UInt16?
  /// The alternate setting: of a file with several targets the one to take,
  /// and otherwise the one to write into a DfuSe file.
  public var alternate: UInt8?
  /// The name of a DfuSe file's target.
  public var name: String?
  /// The chip family: of a UF2 file with several the one to take, and the one
  /// to write into a UF2 file.
  public var family: UInt32?
  /// The most bytes that a file without addresses may have.
  public var limit: Int

  /// A conversion to a format, with nothing else asked for.
  public init(
    to format: FirmwareFormat, limit: Int = FirmwareFile.defaultLimit
  ) {
    self.format = format
    self.limit = limit
  }

  /// The bytes of the new file.
  ///
  /// Throws ``FirmwareError`` when something is missing that the format
  /// needs, such as an address, or it cannot hold what the file has.
  public func bytes(of file: FirmwareFile) throws(FirmwareError) -> [UInt8] {
    var file = file
    if let family, file.families.count > 1 {
      try file.choose(family: family)
    }
    switch format {
    case .raw: return try payload(of: file)
    case .dfu: return suffix(of: file).appended(to: try payload(of: file))
    case .dfuse:
      return try FirmwareFile.dfuse(
        try targets(of: file), suffix: suffix(of: file))
    case .intelHex:
      return try image(of: file).intelHex(entryPoint: file.entryPoint)
    case .sRecord:
      return try image(of: file).sRecord(
        header: file.header ?? "", entryPoint: file.entryPoint)
    case .elf:
      throw FirmwareError(.unsupported("ELF files are read, but not made"))
    case .uf2:
      return try joined(file).uf2(
        family: family
          ?? (file.families.count == 1 ? file.families.first?.id : nil),
        fill: fill)
    }
  }

  /// What goes into a format without addresses.
  private func payload(of file: FirmwareFile) throws(FirmwareError) -> [UInt8] {
    if let raw = file.raw { return raw }
    return try joined(file).flattened(fill: fill ?? 0xFF, limit: limit)
  }

  private func suffix(of file: FirmwareFile) -> DFUSuffix {
    let isDfuSe = format == .dfuse
    return DFUSuffix(
      vendor: vendor ?? file.suffix?.vendor ?? (isDfuSe ? 0x0483 : 0xFFFF),
      product: product ?? file.suffix?.product ?? (isDfuSe ? 0xDF11 : 0xFFFF),
      deviceVersion: deviceVersion ?? file.suffix?.deviceVersion ?? 0xFFFF,
      dfuVersion: isDfuSe ? 0x011A : 0x0100)
  }

  /// All that is taken as one image, gaps filled if they are to be.
  private func image(of file: FirmwareFile) throws(FirmwareError)
    -> FirmwareImage
  {
    try filled(try joined(file))
  }

  private func joined(_ file: FirmwareFile) throws(FirmwareError)
    -> FirmwareImage
  {
    var image = FirmwareImage()
    let targets = try chosen(file)
    if let only = targets.first, targets.count == 1 { return only.image }
    for target in targets { try image.add(target.image) }
    return image
  }

  private func targets(of file: FirmwareFile) throws(FirmwareError)
    -> [FirmwareTarget]
  {
    var targets = try chosen(file)
    for index in targets.indices {
      targets[index].image = try filled(targets[index].image)
      if let alternate { targets[index].alternate = alternate }
      if let name { targets[index].name = name }
    }
    return targets
  }

  private func chosen(_ file: FirmwareFile) throws(FirmwareError)
    -> [FirmwareTarget]
  {
    guard file.targets.count > 1, let alternate else {
      return file.targets.isEmpty
        ? [FirmwareTarget(image: try file.image(at: address))] : file.targets
    }
    let chosen = file.targets.filter { $0.alternate == alternate }
    guard !chosen.isEmpty else {
      let present = file.targets.compactMap(\.alternate).map(String.init)
      throw FirmwareError(
        .unsupported(
          "the file has nothing for alternate setting \(alternate); it has "
            + present.joined(separator: ", ")))
    }
    return chosen
  }

  private func filled(_ image: FirmwareImage) throws(FirmwareError)
    -> FirmwareImage
  {
    guard let fill, let first = image.segments.first,
      image.segments.count > 1
    else { return image }
    return try FirmwareImage(
      image.flattened(fill: fill, limit: limit), at: first.address)
  }
}
