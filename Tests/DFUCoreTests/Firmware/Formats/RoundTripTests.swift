import DFUCore
import Testing

/// What is written in any format is read back as it was, whole or in pieces.
@Suite struct RoundTripTests {
  static func randomImage(
    using random: inout SplitMix
  ) throws -> FirmwareImage {
    var image = FirmwareImage()
    let bases: [UInt32] = [0, 0xFF00, 0x0800_0000, 0x0800_FFF0, 0xFFFF_F000]
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let count = Int.random(in: 1...700, using: &random)
      let address =
        (bases.randomElement(using: &random) ?? 0)
        + UInt32.random(in: 0...3000, using: &random)
      let bytes = (0..<count).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      if !image.overlaps(UInt64(address)..<UInt64(address) + UInt64(count)) {
        try image.add(bytes, at: address)
      }
    }
    return image
  }

  static func read(
    _ bytes: [UInt8], using random: inout SplitMix
  ) throws -> FirmwareFile {
    var reader = FirmwareFileReader(
      expectedCount: Bool.random(using: &random) ? bytes.count : nil)
    var start = 0
    let longest = [1, 7, 600, 5000].randomElement(using: &random) ?? 1
    while start < bytes.count {
      let count = min(
        Int.random(in: 1...longest, using: &random), bytes.count - start)
      try reader.feed(bytes.span.extracting(start..<start + count))
      start += count
    }
    return try reader.finish()
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func everyFormatGivesBackTheImage(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<20 {
      let image = try Self.randomImage(using: &random)
      let length = Int.random(in: 1...255, using: &random)
      let files: [(FirmwareFormat, [UInt8])] = [
        (.intelHex, image.intelHex(recordLength: length)),
        (.sRecord, image.sRecord(header: "x", recordLength: length)),
        (.uf2, try image.uf2(family: 1)),
        (.dfuse, try FirmwareFile.dfuse([FirmwareTarget(image: image)])),
      ]
      for (format, bytes) in files {
        let whole = try FirmwareFile(reading: bytes)
        #expect(whole.format == format)
        #expect(whole.warnings == [])
        #expect(try whole.image() == image)
        #expect(try Self.read(bytes, using: &random) == whole)
      }
    }
  }

  @Test func entryPointsAreGivenBack() throws {
    let image = try FirmwareImage([1, 2, 3, 4], at: 0x0800_0000)
    for bytes in [
      image.intelHex(entryPoint: 0x0800_0131),
      image.sRecord(entryPoint: 0x0800_0131),
    ] {
      #expect(try FirmwareFile(reading: bytes).entryPoint == 0x0800_0131)
    }
  }

  @Test func rawAndPlainDFUFilesComeInPiecesToo() throws {
    var random = SplitMix(seed: 1)
    let bytes = (0..<20_000).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    #expect(
      try Self.read(bytes, using: &random) == FirmwareFile(raw: bytes))
    let dfu = try Self.read(
      DFUSuffix(vendor: 1).appended(to: bytes), using: &random)
    #expect(dfu.format == .dfu)
    #expect(dfu.raw == bytes)
  }

  @Test func moreThanTheLimitIsRefused() throws {
    var reader = FirmwareFileReader(limit: 10)
    let bytes = [UInt8](repeating: 0, count: 6)
    try reader.feed(bytes.span)
    #expect(throws: FirmwareError(.tooLarge(limit: 10))) {
      try reader.feed(bytes.span)
    }
  }

  @Test func aFileOfNothingIsEmpty() {
    #expect(throws: FirmwareError(.empty)) {
      var reader = FirmwareFileReader()
      _ = try reader.finish()
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func damagedFilesNeverTrap(seed: UInt64) throws {
    var random = SplitMix(seed: seed + 100)
    for _ in 0..<15 {
      let image = try Self.randomImage(using: &random)
      for (format, bytes) in [
        (.intelHex, image.intelHex()), (.sRecord, image.sRecord()),
        (.elf, ELFFileTests.file(of: image)),
        (.uf2, try image.uf2(family: nil)),
        (.dfuse, try FirmwareFile.dfuse([FirmwareTarget(image: image)])),
      ] as [(FirmwareFormat, [UInt8])] {
        for _ in 0..<20 {
          var damaged = bytes
          for _ in 0..<Int.random(in: 1...4, using: &random) {
            let index = Int.random(
              in: 0..<min(400, damaged.count), using: &random)
            damaged[index] = UInt8.random(in: 0...255, using: &random)
          }
          // Read or refused, but nothing else.
          let read = try? FirmwareFile(reading: damaged, format: format)
          if let read { #expect(read.format == format) }
        }
      }
    }
  }
}
