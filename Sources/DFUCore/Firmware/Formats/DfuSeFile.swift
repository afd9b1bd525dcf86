/// The DfuSe container (UM0391, “DFU File Format Specification”): a prefix,
/// targets with their elements, and a DFU suffix.
extension FirmwareFile {
  private static let prefixLength = 11
  private static let targetPrefixLength = 274
  private static let elementPrefixLength = 8

  init(dfuse bytes: [UInt8]) throws(FirmwareError) {
    guard bytes.starts(with: "DfuSe".utf8) else {
      throw FirmwareError(.notThisFormat(.dfuse))
    }
    guard bytes.count >= Self.prefixLength else {
      throw FirmwareError(.truncated("its prefix is incomplete"))
    }
    guard bytes[5] == 1 else {
      throw FirmwareError(
        .unsupported("version \(bytes[5]) of DfuSe files is not known"),
        at: .offset(5))
    }
    let stated = Int(UInt32(littleEndianAt: 6, in: bytes))
    guard let suffix = try DFUSuffix(endOf: bytes) else {
      if stated > bytes.count {
        throw FirmwareError(
          .truncated("\(stated) bytes announced, \(bytes.count) there"))
      }
      throw FirmwareError(.suffixMissing)
    }
    self.init(format: .dfuse)
    self.suffix = suffix
    let end = bytes.count - suffix.length
    // UM0391 counts the file without its suffix; some writers count it too.
    if stated != end, stated != bytes.count {
      warnings.append(.imageSize(stated: stated, actual: end))
    }
    var position = Self.prefixLength
    guard position <= end else {
      throw FirmwareError(.truncated("its prefix is incomplete"))
    }
    for number in 1...max(1, Int(bytes[10])) where number <= bytes[10] {
      targets.append(
        try Self.target(number, in: bytes, from: &position, to: end))
    }
    try checkAlternates()
    if position < end {
      warnings.append(.ignored(bytes: end - position, offset: position))
    }
    guard targets.contains(where: { !$0.image.isEmpty }) else {
      throw FirmwareError(.empty)
    }
  }

  private static func target(
    _ number: Int, in bytes: [UInt8], from position: inout Int, to end: Int
  ) throws(FirmwareError) -> FirmwareTarget {
    let start = position
    guard end - start >= targetPrefixLength else {
      throw FirmwareError(
        .truncated("target \(number) is incomplete"), at: .offset(start))
    }
    guard bytes[start..<start + 6].elementsEqual("Target".utf8) else {
      throw FirmwareError(
        .malformed("target \(number) does not begin with “Target”"),
        at: .offset(start))
    }
    let isNamed = UInt32(littleEndianAt: start + 7, in: bytes) != 0
    let name = bytes[start + 11..<start + 266].prefix { $0 != 0 }
    let size = Int(UInt32(littleEndianAt: start + 266, in: bytes))
    let elements = Int(UInt32(littleEndianAt: start + 270, in: bytes))
    position += targetPrefixLength
    guard size <= end - position else {
      throw FirmwareError(
        .malformed(
          "target \(number) says that it has \(size) bytes, but only "
            + "\(end - position) follow"), at: .offset(start + 266))
    }
    let targetEnd = position + size
    var builder = FirmwareImageBuilder { .element($0, target: number) }
    var element = 1
    while element <= elements {
      guard targetEnd - position >= elementPrefixLength else {
        throw FirmwareError(
          .malformed(
            "the target has no room for \(elements) elements"),
          at: .element(element, target: number))
      }
      let address = UInt32(littleEndianAt: position, in: bytes)
      let count = Int(UInt32(littleEndianAt: position + 4, in: bytes))
      position += elementPrefixLength
      guard count <= targetEnd - position else {
        throw FirmwareError(
          .malformed(
            "it says that it has \(count) bytes, but only "
              + "\(targetEnd - position) follow"),
          at: .element(element, target: number))
      }
      try builder.add(
        bytes[position..<position + count], at: address, place: element)
      position += count
      element += 1
    }
    guard position == targetEnd else {
      throw FirmwareError(
        .malformed(
          "target \(number) says that it has \(size) bytes, but its elements "
            + "end \(targetEnd - position) earlier"),
        at: .offset(start + 266))
    }
    return FirmwareTarget(
      alternate: bytes[start + 6],
      name: isNamed ? String(decoding: name, as: UTF8.self) : nil,
      image: try builder.finish())
  }

  /// Two targets for one alternate setting must agree, or the later would
  /// undo the earlier.
  private func checkAlternates() throws(FirmwareError) {
    var images: [UInt8: FirmwareImage] = [:]
    for (index, target) in targets.enumerated() {
      guard let alternate = target.alternate else { continue }
      guard var image = images[alternate] else {
        images[alternate] = target.image
        continue
      }
      do throws(FirmwareError) {
        try image.add(target.image)
      } catch {
        throw FirmwareError(error.kind, at: .element(1, target: index + 1))
      }
      images[alternate] = image
    }
  }

  /// A DfuSe file of targets, with a suffix.
  ///
  /// A target without an alternate setting is written for setting 0. Names
  /// longer than 254 bytes of UTF-8 are cut.
  ///
  /// Throws ``FirmwareError`` when there are no targets, more than 255, or
  /// more bytes than the format's 32-bit sizes can say.
  public static func dfuse(
    _ targets: [FirmwareTarget],
    suffix: DFUSuffix = DFUSuffix(
      vendor: 0x0483, product: 0xDF11, deviceVersion: 0xFFFF,
      dfuVersion: 0x011A)
  ) throws(FirmwareError) -> [UInt8] {
    guard targets.contains(where: { !$0.image.isEmpty }) else {
      throw FirmwareError(.empty)
    }
    guard targets.count <= 255 else {
      throw FirmwareError(
        .unsupported("a DfuSe file has at most 255 targets"))
    }
    let sizes = targets.map { target in
      target.image.byteCount
        + target.image.segments.count * elementPrefixLength
    }
    let total =
      prefixLength + targets.count * targetPrefixLength
      + sizes.reduce(0, +)
    guard total <= UInt32.max - 16 else {
      throw FirmwareError(
        .unsupported("a DfuSe file cannot be longer than 4 GiB"))
    }
    var file: [UInt8] = []
    file.reserveCapacity(total + DFUSuffix.minimumLength)
    file += "DfuSe".utf8
    file.append(1)
    file += UInt32(total).littleEndianBytes
    file.append(UInt8(targets.count))
    for (target, size) in zip(targets, sizes) {
      file += "Target".utf8
      file.append(target.alternate ?? 0)
      file += UInt32(target.name == nil ? 0 : 1).littleEndianBytes
      let name = Array((target.name ?? "").utf8.prefix(254))
      file += name
      file.append(contentsOf: repeatElement(0, count: 255 - name.count))
      file += UInt32(size).littleEndianBytes
      file += UInt32(target.image.segments.count).littleEndianBytes
      for segment in target.image.segments {
        file += segment.address.littleEndianBytes
        file += UInt32(segment.bytes.count).littleEndianBytes
        file += segment.bytes
      }
    }
    return suffix.appended(to: file)
  }
}
