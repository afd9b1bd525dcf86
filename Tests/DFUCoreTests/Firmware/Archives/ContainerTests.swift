import DFUCore
import Testing

/// Gzip files and zip archives.
@Suite struct ContainerTests {
  private static let image: [UInt8] = Packer.pattern
  private static let hex = Array(
    """
    :020000040800F2
    :0400000001020304F2
    :00000001FF

    """.utf8)

  /// Reads a file in pieces of a length.
  private static func read(
    _ bytes: [UInt8], format: FirmwareFormat? = nil, entry: String? = nil,
    limit: Int = FirmwareFileReader.defaultLimit, pieces length: Int = 4096
  ) throws(FirmwareError) -> FirmwareFile {
    var reader = FirmwareFileReader(
      format: format, entry: entry, expectedCount: bytes.count, limit: limit)
    var start = 0
    while start < bytes.count {
      let count = min(length, bytes.count - start)
      try reader.feed(bytes.span.extracting(start..<start + count))
      start += count
    }
    return try reader.finish()
  }

  private static func error(
    _ bytes: [UInt8], entry: String? = nil,
    limit: Int = FirmwareFileReader.defaultLimit
  ) -> FirmwareError? {
    do throws(FirmwareError) {
      _ = try read(bytes, entry: entry, limit: limit)
      return nil
    } catch {
      return error
    }
  }

  // MARK: gzip

  @Test(arguments: [1, 3, 7, 4096])
  func aGzipFileIsUnpackedHoweverItComes(length: Int) throws {
    let packed = Packer.gzip(Self.image, packed: Packer.packedPattern)
    let file = try Self.read(packed, pieces: length)
    #expect(file.format == .raw)
    #expect(file.raw == Self.image)
    #expect(file.container == .gzip)
    let text = try Self.read(Packer.gzip(Self.hex), pieces: length)
    #expect(text.format == .intelHex)
    #expect(text.targets.first?.image[0x0800_0002] == 3)
  }

  @Test func gzipFilesInARowAreOneAndZerosMayFollow() throws {
    let half = Self.hex.count / 2
    let packed =
      Packer.gzip(Array(Self.hex[..<half]))
      + Packer.gzip(Array(Self.hex[half...])) + [0, 0, 0]
    #expect(try Self.read(packed).format == .intelHex)
    #expect(try Self.read(packed, pieces: 1).format == .intelHex)
  }

  @Test func aDamagedGzipFileIsRefused() {
    var packed = Packer.gzip(Self.image)
    packed[packed.count - 8] ^= 1
    #expect(
      Self.error(packed)?.description.contains("incorrect data check") == true)
    packed = Packer.gzip(Self.image)
    #expect(
      Self.error(Array(packed.dropLast(9)))?.kind
        == .truncated("the packed data does not end"))
    #expect(
      Self.error(packed + [1])?.description.contains("follows the end")
        == true)
    #expect(Self.error([0x1F, 0x8B, 8]) != nil)
  }

  @Test func whatUnpacksToTooMuchIsRefused() {
    let packed = Packer.gzip(Self.image, packed: Packer.packedPattern)
    #expect(Self.error(packed, limit: 511)?.kind == .tooLarge(limit: 511))
    #expect(Self.error(packed, limit: 512) == nil)
    let archive = Packer.zip([
      .init(path: "fw.bin", bytes: Self.image, packed: Packer.packedPattern)
    ])
    #expect(Self.error(archive, limit: 511)?.kind == .tooLarge(limit: 511))
    #expect(Self.error(archive, limit: 512) == nil)
  }

  @Test func aPackedFileInAPackedFileIsRefused() {
    let inner = Packer.gzip(Self.image)
    #expect(
      Self.error(Packer.gzip(inner))?.kind == .packed("a gzip file"))
    let archive = Packer.zip([.init(path: "fw.bin.gz", bytes: inner)])
    #expect(Self.error(archive)?.kind == .noFirmware(["fw.bin.gz"]))
    #expect(
      Self.error(archive, entry: "fw.bin.gz")?.kind == .packed("a gzip file"))
    #expect(
      Self.error(Packer.gzip(archive))?.kind == .packed("a zip archive"))
  }

  @Test func rawTakesAPackedFileAsItIs() throws {
    let packed = Packer.gzip(Self.image)
    #expect(try Self.read(packed, format: .raw).raw == packed)
  }

  // MARK: zip

  @Test func theOneFirmwareInAnArchiveIsRead() throws {
    let archive = Packer.zip(
      [
        .init(path: "README.txt", bytes: Array("what this is for".utf8)),
        .init(path: "build/", bytes: [], method: 0),
        .init(path: "__MACOSX/build/._fw.hex", bytes: Self.hex),
        .init(path: "build/fw.hex", bytes: Self.hex, method: 0),
        .init(path: "logo.png", bytes: [0x89, 0x50, 0x4E, 0x47, 0, 0]),
        .init(path: "main.o", bytes: [0x7F, 0x45, 0x4C, 0x46, 1, 1]),
      ], comment: "release 1")
    let file = try Self.read(archive)
    #expect(file.format == .intelHex)
    #expect(file.container == .zip(entry: "build/fw.hex"))
  }

  @Test func ofSeveralOneMustBeChosen() throws {
    let archive = Packer.zip([
      .init(path: "a.bin", bytes: Self.image, packed: Packer.packedPattern),
      .init(path: "b.hex", bytes: Self.hex),
    ])
    #expect(Self.error(archive)?.kind == .entryNeeded(["a.bin", "b.hex"]))
    #expect(try Self.read(archive, entry: "a.bin").raw == Self.image)
    #expect(try Self.read(archive, entry: "b.hex").format == .intelHex)
    #expect(
      Self.error(archive, entry: "c.bin")?.kind
        == .entryMissing("c.bin", available: ["a.bin", "b.hex"]))
    #expect(
      Self.error(Self.hex, entry: "c.bin")?.kind == .notAnArchive("c.bin"))
  }

  @Test func aFileNotNamedLikeFirmwareMayBeChosen() throws {
    let archive = Packer.zip([.init(path: "image", bytes: Self.image)])
    #expect(Self.error(archive)?.kind == .noFirmware(["image"]))
    #expect(try Self.read(archive, entry: "image").raw == Self.image)
  }

  @Test func whatStandsBeforeAnArchiveDoesNotMatter() throws {
    // PK must come first, or it would be any file.
    let archive = Packer.zip(
      [.init(path: "fw.hex", bytes: Self.hex)],
      before: [0x50, 0x4B, 3, 4, 9, 9, 9])
    #expect(try Self.read(archive).format == .intelHex)
  }

  @Test func anEmptyArchiveHasNoFirmware() {
    #expect(
      Self.error(Packer.zip([]))?.description
        == "there is no firmware in this archive: it is empty")
  }

  @Test func whatIsPackedInAnotherWayIsNamed() {
    func problem(_ entry: Packer.Entry) -> String? {
      Self.error(Packer.zip([entry]))?.description
    }
    #expect(
      problem(.init(path: "fw.bin", bytes: Self.image, flags: 1))
        == "“fw.bin”: it is encrypted; unpack it with its password first")
    #expect(
      problem(.init(path: "fw.bin", bytes: Self.image, method: 14))
        == "“fw.bin”: it is packed with LZMA, which is not read; "
        + "unpack it first")
  }

  @Test func aZip64ArchiveIsRefused() {
    let archive = Packer.zip([
      .init(path: "fw.bin", bytes: Self.image, statedSize: 0xFFFF_FFFF)
    ])
    #expect(Self.error(archive)?.description.contains("Zip64") == true)
  }

  @Test func contradictionsInAnArchiveAreRefused() {
    let right = Packer.Entry(path: "fw.bin", bytes: Self.image)
    func problem(_ change: (inout Packer.Entry) -> Void) -> String {
      var entry = right
      change(&entry)
      return Self.error(Packer.zip([entry]), entry: "fw.bin")?.description
        ?? "none"
    }
    #expect(problem { _ in } == "none")
    #expect(problem { $0.statedCRC = 1 }.contains("checksum is 0x01"))
    #expect(problem { $0.statedSize = 511 }.contains("more than the 511"))
    #expect(problem { $0.statedSize = 513 }.contains("not the 513 stated"))
    #expect(problem { $0.localPath = "gw.bin" }.contains("contradicts"))
    #expect(problem { $0.packed = [7, 7, 7] }.contains("damaged"))
    #expect(
      problem { $0.packed = Packer.stored(Self.image) + [0] }
        .contains("does not end"))
    let twice = Packer.zip([right, right])
    #expect(
      Self.error(twice, entry: "fw.bin")?.description.contains("2 times")
        == true)
  }

  @Test func noDamageToAnArchiveGoesUnnoticed() {
    // Wherever a byte is changed: either an error, or the same firmware.
    let archive = Packer.zip([
      .init(path: "fw.bin", bytes: Self.image, packed: Packer.packedPattern)
    ])
    for index in archive.indices {
      for change in [0x01, 0x80, 0xFF] as [UInt8] {
        var damaged = archive
        damaged[index] ^= change
        if let file = try? Self.read(damaged),
          case .zip(entry: _) = file.container
        {
          #expect(file.raw == Self.image, "byte \(index)")
        }
      }
      // Less than four bytes tell nothing.
      if index >= 4 {
        #expect(Self.error(Array(archive.prefix(index))) != nil)
      }
    }
  }

  @Test func filesAreReadStraightIntoTheReader() throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for expected in [nil, 10, bytes.count, bytes.count * 2] {
      var reader = FirmwareFileReader(expectedCount: expected)
      var start = 0
      var count = 1
      while count > 0 {
        count = try reader.feed(from: { output in
          let more = min(output.freeCapacity, bytes.count - start, 30_000)
          for index in start..<start + more { output.append(bytes[index]) }
          start += more
        })
      }
      #expect(try reader.finish().raw == bytes)
    }
  }

  @Test func aDamagedSuffixMayBeData() throws {
    var bytes = DFUSuffix().appended(to: Self.image)
    bytes[0] ^= 1
    var reader = FirmwareFileReader(suffixMayMiss: true)
    try reader.feed(bytes.span)
    let file = try reader.finish()
    #expect(file.format == .raw)
    #expect(file.raw == bytes)
    #expect(file.warnings.count == 1)
    guard case .suffixChecksum = Self.error(bytes)?.kind else {
      Issue.record("read without being told to")
      return
    }
  }
}
