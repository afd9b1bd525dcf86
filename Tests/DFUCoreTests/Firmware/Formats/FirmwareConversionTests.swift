import DFUCore
import Testing

@Suite struct FirmwareConversionTests {
  private static func converted(
    _ file: FirmwareFile, to format: FirmwareFormat,
    _ change: (inout FirmwareConversion) -> Void = { _ in }
  ) throws(FirmwareError) -> [UInt8] {
    var conversion = FirmwareConversion(to: format)
    change(&conversion)
    return try conversion.bytes(of: file)
  }

  private static func gapped() throws -> FirmwareImage {
    var image = try FirmwareImage([1, 2], at: 0x0800_0000)
    try image.add([3], at: 0x0800_0004)
    return image
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func everyFormatBecomesEveryOther(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let withAddresses = FirmwareFormat.allCases.filter {
      $0.hasAddresses && $0 != .elf
    }
    let image = try RoundTripTests.randomImage(using: &random)
    var file = try FirmwareFile(reading: image.intelHex())
    for _ in 0..<20 {
      let format = withAddresses.randomElement(using: &random) ?? .uf2
      file = try FirmwareFile(
        reading: try Self.converted(file, to: format))
      #expect(file.format == format)
      #expect(try file.image() == image)
    }
  }

  @Test func theEntryPointAndIdsStay() throws {
    let image = try Self.gapped()
    let hex = try FirmwareFile(
      reading: image.intelHex(entryPoint: 0x0800_0131))
    for format in [FirmwareFormat.intelHex, .sRecord] {
      let file = try FirmwareFile(
        reading: try Self.converted(hex, to: format))
      #expect(file.entryPoint == 0x0800_0131)
    }
    let dfu = try FirmwareFile(
      reading: try Self.converted(hex, to: .dfuse) {
        $0.vendor = 0x1209
        $0.product = 0x2444
        $0.deviceVersion = 0x0102
        $0.alternate = 3
        $0.name = "flash"
      })
    #expect(dfu.targets.first?.alternate == 3)
    #expect(dfu.targets.first?.name == "flash")
    let plain = try FirmwareFile(
      reading: try Self.converted(dfu, to: .dfu))
    #expect(plain.suffix?.vendor == 0x1209)
    #expect(plain.suffix?.product == 0x2444)
    #expect(plain.suffix?.deviceVersion == 0x0102)
    #expect(plain.suffix?.dfuVersion == 0x0100)
    #expect(plain.raw == [1, 2, 0xFF, 0xFF, 3])
  }

  @Test func gapsAreFilledWhereTheyMustBeOrAreAskedToBe() throws {
    let file = try FirmwareFile(reading: try Self.gapped().intelHex())
    #expect(try Self.converted(file, to: .raw) == [1, 2, 0xFF, 0xFF, 3])
    #expect(
      try Self.converted(file, to: .raw) { $0.fill = 0 } == [1, 2, 0, 0, 3])
    let filled = try FirmwareFile(
      reading: try Self.converted(file, to: .sRecord) { $0.fill = 7 })
    #expect(try filled.image().segments.map(\.bytes) == [[1, 2, 7, 7, 3]])
    let uf2 = try FirmwareFile(
      reading: try Self.converted(file, to: .uf2) { $0.fill = 0 })
    #expect(try uf2.image().byteCount == 256)
  }

  @Test func aWideGapIsNoFile() throws {
    var image = try Self.gapped()
    try image.add([1], at: 0xF000_0000)
    let file = try FirmwareFile(reading: image.intelHex())
    for format in [FirmwareFormat.raw, .dfu] {
      #expect(throws: FirmwareError.self) {
        try Self.converted(file, to: format)
      }
    }
    #expect(throws: FirmwareError.self) {
      try Self.converted(file, to: .intelHex) { $0.fill = 0 }
    }
    #expect(try Self.converted(file, to: .sRecord).count < 200)
  }

  @Test func aRawFileNeedsAnAddressOnlyWhereThereAreAddresses() throws {
    let file = FirmwareFile(raw: [1, 2, 3])
    #expect(try Self.converted(file, to: .raw) == [1, 2, 3])
    #expect(try Self.converted(file, to: .dfu).count == 19)
    #expect(throws: FirmwareError(.addressNeeded)) {
      try Self.converted(file, to: .sRecord)
    }
    let hex = try FirmwareFile(
      reading: try Self.converted(file, to: .intelHex) {
        $0.address = 0x0800_4000
      })
    #expect(try hex.image().span == 0x0800_4000..<0x0800_4003)
  }

  @Test func oneOfSeveralTargetsIsChosenByItsSetting() throws {
    let both = try FirmwareFile(
      reading: try FirmwareFile.dfuse([
        .init(alternate: 0, image: try FirmwareImage([1], at: 0x0800_0000)),
        .init(alternate: 1, image: try FirmwareImage([2], at: 0x1FFF_C000)),
      ]))
    #expect(
      try Self.converted(both, to: .raw) { $0.alternate = 1 } == [2])
    let joined = try FirmwareFile(
      reading: try Self.converted(both, to: .intelHex))
    #expect(try joined.image().segments.count == 2)
    let kept = try FirmwareFile(
      reading: try Self.converted(both, to: .dfuse))
    #expect(kept.targets == both.targets)
    #expect(throws: FirmwareError.self) {
      try Self.converted(both, to: .raw) { $0.alternate = 2 }
    }
  }

  @Test func theFamilyOfAUF2FileIsChosenOrWritten() throws {
    let image = try Self.gapped()
    let one = try FirmwareFile(reading: try image.uf2(family: 0x5775_5A57))
    let same = try FirmwareFile(
      reading: try Self.converted(one, to: .uf2))
    #expect(same.families.map(\.id) == [0x5775_5A57])
    let other = try FirmwareFile(
      reading: try Self.converted(one, to: .uf2) { $0.family = 0x00FF_6919 })
    #expect(other.families.map(\.id) == [0x00FF_6919])
    let two = try FirmwareFile(
      reading: try image.uf2(family: 1)
        + FirmwareImage([9], at: 0).uf2(family: 2))
    #expect(try Self.converted(two, to: .raw) { $0.family = 2 } == [9])
    #expect(throws: FirmwareError(.familyNeeded([1, 2]))) {
      try Self.converted(two, to: .raw)
    }
  }

  @Test func noELFFileIsMade() throws {
    let file = try FirmwareFile(reading: try Self.gapped().intelHex())
    #expect(
      throws: FirmwareError(.unsupported("ELF files are read, but not made"))
    ) {
      try Self.converted(file, to: .elf)
    }
  }
}
