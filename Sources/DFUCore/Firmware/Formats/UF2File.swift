/// What a UF2 file holds for one chip family.
public struct UF2Part: Hashable, Sendable {
  /// The family ID; `nil` for blocks that name none.
  public var id: UInt32?
  /// The bytes and their addresses.
  public var image: FirmwareImage

  /// A family's part of a file.
  public init(id: UInt32?, image: FirmwareImage) {
    self.id = id
    self.image = image
  }

  /// The family's name, such as “STM32F4”, if it is known.
  public var name: String? { id.flatMap { UF2Family(rawValue: $0).name } }
}

/// UF2 (microsoft/uf2, README): 512-byte blocks that each say where their
/// bytes belong.
private enum UF2Block {
  static let length = 512
  static let dataLength = 476
  static let magics: [UInt32] = [0x0A32_4655, 0x9E5D_5157, 0x0AB1_6F30]

  static let notMainFlash: UInt32 = 0x1
  static let fileContainer: UInt32 = 0x1000
  static let familyPresent: UInt32 = 0x2000
}

/// What is gathered for one family of a UF2 file.
private struct UF2FamilyReader {
  let id: UInt32?
  let blockCount: UInt32
  var numbers: [UInt32] = []
  var builder: FirmwareImageBuilder

  /// Throws unless every block was there once.
  mutating func checkNumbers() throws(FirmwareError) {
    numbers.sort()
    for (expected, number) in numbers.enumerated() {
      if number < expected {
        throw FirmwareError(.malformed("block \(number) is there twice"))
      }
      if number > expected { throw missing(expected) }
    }
    if numbers.count < blockCount { throw missing(numbers.count) }
  }

  private func missing(_ number: Int) -> FirmwareError {
    FirmwareError(
      .truncated("block \(number) of \(blockCount) is missing"))
  }
}

/// Reads the blocks of a UF2 file as they come.
struct UF2Parser {
  private var readers: [UF2FamilyReader] = []
  private var indices: [UInt32?: Int] = [:]
  private var last: (id: UInt32?, index: Int)?
  private var holdsFiles = false
  private var place = 0
  private let expected: Int

  /// A parser for a file of about `expecting` bytes.
  init(expecting: Int) {
    expected = expecting
  }

  mutating func read(_ bytes: Span<UInt8>) throws(FirmwareError) -> FirmwareFile
  {
    var start = 0
    while bytes.count - start >= UF2Block.length {
      try take(bytes.extracting(start..<start + UF2Block.length))
      start += UF2Block.length
    }
    guard start == bytes.count else {
      throw FirmwareError(
        place == 0
          ? .notThisFormat(.uf2) : .truncated("a block is incomplete"),
        at: .block(place))
    }
    return try finish()
  }

  private mutating func take(_ block: Span<UInt8>) throws(FirmwareError) {
    func word(_ offset: Int) -> UInt32 {
      UInt32(block[offset]) | UInt32(block[offset + 1]) << 8
        | UInt32(block[offset + 2]) << 16 | UInt32(block[offset + 3]) << 24
    }
    guard word(0) == UF2Block.magics[0], word(4) == UF2Block.magics[1],
      word(508) == UF2Block.magics[2]
    else {
      if place == 0 { throw FirmwareError(.notThisFormat(.uf2)) }
      throw FirmwareError(
        .malformed("the block lacks its magic numbers"), at: .block(place))
    }
    let flags = word(8)
    let count = Int(word(16))
    guard count <= UF2Block.dataLength else {
      throw FirmwareError(
        .malformed("the block says that it holds \(count) bytes"),
        at: .block(place))
    }
    let index = reader(
      for: flags & UF2Block.familyPresent != 0 ? word(28) : nil,
      blockCount: word(24), blockLength: count)
    guard word(24) == readers[index].blockCount, word(20) < word(24) else {
      throw FirmwareError(
        .malformed(
          "it is block \(word(20)) of \(word(24)), which does not fit the "
            + "\(readers[index].blockCount) blocks announced before"),
        at: .block(place))
    }
    readers[index].numbers.append(word(20))
    if flags & UF2Block.fileContainer != 0 {
      holdsFiles = true
    } else if flags & UF2Block.notMainFlash == 0 {
      try readers[index].builder.add(
        block.extracting(32..<32 + count), at: word(12), place: place)
    }
    place += 1
  }

  private mutating func reader(
    for id: UInt32?, blockCount: UInt32, blockLength: Int
  ) -> Int {
    if let last, last.id == id { return last.index }
    let index = indices[id] ?? readers.count
    if index == readers.count {
      indices[id] = index
      // Nearly all files have one family.
      let bytes =
        index == 0 ? expected / UF2Block.length * blockLength : 0
      readers.append(
        UF2FamilyReader(
          id: id, blockCount: blockCount,
          builder: FirmwareImageBuilder(expecting: bytes) { .block($0) }))
    }
    last = (id, index)
    return index
  }

  private mutating func finish() throws(FirmwareError) -> FirmwareFile {
    var file = FirmwareFile(format: .uf2)
    for index in readers.indices {
      try readers[index].checkNumbers()
      if readers[index].builder.isEmpty { continue }
      file.families.append(
        UF2Part(
          id: readers[index].id,
          image: try readers[index].builder.finish()))
    }
    if let family = file.families.first, file.families.count == 1 {
      file.targets = [FirmwareTarget(image: family.image)]
    }
    if file.families.isEmpty {
      throw FirmwareError(
        holdsFiles
          ? .unsupported("this UF2 file holds files, not firmware") : .empty)
    }
    return file
  }
}

extension FirmwareFile {
  init(uf2 bytes: [UInt8]) throws(FirmwareError) {
    var parser = UF2Parser(expecting: bytes.count)
    self = try parser.read(bytes.span)
  }

  /// Takes what a UF2 file holds for one chip family as its only target.
  ///
  /// Blocks without a family are for any chip, as long as the file names no
  /// family at all.
  ///
  /// Throws ``FirmwareError`` when there is nothing for the family. Does
  /// nothing to files of other formats.
  public mutating func choose(family: UInt32) throws(FirmwareError) {
    guard format == .uf2 else { return }
    let unnamed = families.count == 1 ? families.first { $0.id == nil } : nil
    guard let chosen = families.first(where: { $0.id == family }) ?? unnamed
    else {
      throw FirmwareError(
        .familyMissing(family, available: families.compactMap(\.id)))
    }
    targets = [FirmwareTarget(image: chosen.image)]
  }
}

extension FirmwareImage {
  /// Payload of a block; what every UF2 boot loader takes.
  private static let uf2Payload = 256

  /// The image as UF2, in blocks that do not cross a multiple of 256.
  ///
  /// With `fill`, blocks are filled up to 256 bytes at multiples of 256, as
  /// most boot loaders want them; without, the file holds exactly the image.
  ///
  /// Throws ``FirmwareError`` for an empty image.
  public func uf2(
    family: UInt32?, fill: UInt8? = nil
  ) throws(FirmwareError) -> [UInt8] {
    guard !isEmpty else { throw FirmwareError(.empty) }
    let pieces =
      if let fill { uf2Pages(fill: fill) } else { segments[...] }
    let page = UInt64(Self.uf2Payload)
    let total = pieces.reduce(0) { sum, piece in
      sum + Int((piece.end + page - 1) / page - UInt64(piece.address) / page)
    }
    var file: [UInt8] = []
    file.reserveCapacity(total * UF2Block.length)
    var number: UInt32 = 0
    for piece in pieces {
      var offset = 0
      while offset < piece.bytes.count {
        let address = piece.address + UInt32(offset)
        let count = min(
          piece.bytes.count - offset,
          Self.uf2Payload - Int(address) % Self.uf2Payload)
        for value in [
          UF2Block.magics[0], UF2Block.magics[1],
          family == nil ? 0 : UF2Block.familyPresent, address, UInt32(count),
          number, UInt32(total), family ?? 0,
        ] {
          file += value.littleEndianBytes
        }
        file += piece.bytes[offset..<offset + count]
        file.append(
          contentsOf: repeatElement(0, count: UF2Block.dataLength - count))
        file += UF2Block.magics[2].littleEndianBytes
        offset += count
        number += 1
      }
    }
    return file
  }

  /// The image with every 256 bytes that hold any of it filled up.
  private func uf2Pages(fill: UInt8) -> ArraySlice<Segment> {
    let page = UInt64(Self.uf2Payload)
    var pages: [Segment] = []
    for segment in segments {
      let start = UInt64(segment.address) / page * page
      let end = (segment.end + page - 1) / page * page
      if let last = pages.last, last.end >= start {
        let missing = end - last.end
        pages[pages.count - 1].bytes.append(
          contentsOf: repeatElement(fill, count: Int(missing)))
      } else {
        pages.append(
          Segment(
            address: UInt32(truncatingIfNeeded: start),
            bytes: [UInt8](repeating: fill, count: Int(end - start))))
      }
      let top = pages.count - 1
      let offset = Int(UInt64(segment.address) - UInt64(pages[top].address))
      pages[top].bytes.replaceSubrange(
        offset..<offset + segment.bytes.count, with: segment.bytes)
    }
    return pages[...]
  }
}
