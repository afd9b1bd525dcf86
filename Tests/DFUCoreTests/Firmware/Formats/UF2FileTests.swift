import DFUCore
import Testing

@Suite struct UF2FileTests {
  static func block(
    flags: UInt32 = 0, address: UInt32, _ payload: [UInt8], number: UInt32,
    of count: UInt32, family: UInt32 = 0, length: UInt32? = nil
  ) -> [UInt8] {
    var block: [UInt8] = []
    for value in [
      0x0A32_4655, 0x9E5D_5157, flags, address,
      length ?? UInt32(payload.count), number, count, family,
    ] as [UInt32] {
      block += value.littleEndianBytes
    }
    block += payload
    block += [UInt8](repeating: 0xEE, count: 508 - block.count)
    return block + UInt32(0x0AB1_6F30).littleEndianBytes
  }

  static func error(_ bytes: [UInt8]) -> FirmwareError? {
    do throws(FirmwareError) {
      _ = try FirmwareFile(reading: bytes, format: .uf2)
      return nil
    } catch {
      return error
    }
  }

  @Test func blocksInAnyOrderAreRead() throws {
    let file = try FirmwareFile(
      reading: Self.block(address: 0x104, [5, 6], number: 1, of: 2)
        + Self.block(address: 0x100, [1, 2, 3, 4], number: 0, of: 2))
    #expect(file.format == .uf2)
    #expect(file.families.map(\.id) == [nil])
    #expect(
      try file.image().segments == [
        .init(address: 0x100, bytes: Array(1...6))
      ])
  }

  @Test func blocksThatAreNotForTheFlashAreLeftOut() throws {
    let file = try FirmwareFile(
      reading: Self.block(flags: 1, address: 0, [9], number: 0, of: 4)
        + Self.block(flags: 0x1000, address: 0, [9], number: 1, of: 4)
        // MD5 and extension tags lie behind the payload.
        + Self.block(flags: 0xC000, address: 8, [1], number: 2, of: 4)
        + Self.block(address: 9, [], number: 3, of: 4))
    #expect(try file.image().segments == [.init(address: 8, bytes: [1])])
    let container = Self.error(
      Self.block(flags: 0x1000, address: 0, [9], number: 0, of: 1))
    guard case .unsupported = container?.kind else {
      Issue.record(
        "a container was not refused: \(String(describing: container))")
      return
    }
  }

  @Test func oneOfSeveralFamiliesIsChosen() throws {
    let f4: UInt32 = 0x5775_5A57
    let l4: UInt32 = 0x00FF_6919
    var file = try FirmwareFile(
      reading: Self.block(
        flags: 0x2000, address: 0x100, [1], number: 0, of: 1, family: f4)
        + Self.block(
          flags: 0x2000, address: 0x100, [2], number: 0, of: 2, family: l4)
        + Self.block(
          flags: 0x2000, address: 0x200, [3], number: 1, of: 2, family: l4))
    #expect(file.targets == [])
    #expect(file.families.map(\.name) == ["STM32F4", "STM32L4"])
    #expect(throws: FirmwareError(.familyNeeded([f4, l4]))) {
      try file.image()
    }
    try file.choose(family: l4)
    #expect(try file.image().byteCount == 2)
    try file.choose(family: f4)
    #expect(try file.image()[0x100] == 1)
    #expect(
      throws: FirmwareError(.familyMissing(1, available: [f4, l4]))
    ) { try file.choose(family: 1) }
  }

  @Test func blocksWithoutFamilyAreForAnyChip() throws {
    var file = try FirmwareFile(
      reading: Self.block(address: 0, [1], number: 0, of: 1))
    try file.choose(family: 0x5775_5A57)
    #expect(try file.image().byteCount == 1)
  }

  @Test func familiesHaveNames() {
    #expect(UF2Family(named: "stm32f4")?.rawValue == 0x5775_5A57)
    #expect(UF2Family(named: "STM32X9") == nil)
    #expect(UF2Family.name(of: 0x6DB6_6082) == "STM32H7")
  }

  @Test func whatBreaksTheRulesIsRefusedWithItsBlock() {
    let first = Self.block(address: 0, [1], number: 0, of: 2)
    let second = Self.block(address: 1, [2], number: 1, of: 2)
    #expect(Self.error(first + second) == nil)
    for length in 1..<1024 {
      #expect(Self.error(Array((first + second)[..<length])) != nil)
    }
    var damaged = first + second
    damaged[512 + 511] ^= 1
    #expect(Self.error(damaged)?.place == .block(1))
    #expect(
      Self.error(
        first + Self.block(address: 1, [2], number: 1, of: 2, length: 477))?
        .place == .block(1))
    #expect(
      Self.error(first + Self.block(address: 1, [2], number: 2, of: 2))?.place
        == .block(1))
    #expect(
      Self.error(first + Self.block(address: 1, [2], number: 1, of: 3))?.place
        == .block(1))
    // Missing and doubled.
    #expect(Self.error(first) != nil)
    #expect(Self.error(second) != nil)
    #expect(Self.error(first + first) != nil)
    #expect(
      Self.error(first + Self.block(address: 0, [2], number: 1, of: 2))
        == FirmwareError(
          .overlap(address: 0, earlier: .block(0)), at: .block(1)))
    #expect(
      Self.error(
        Self.block(address: 0xFFFF_FFFF, [1, 2], number: 0, of: 1))
        == FirmwareError(
          .addressWraps(address: 0xFFFF_FFFF, count: 2), at: .block(0)))
  }

  @Test func fillMakesWholeBlocks() throws {
    var image = try FirmwareImage([1, 2], at: 0x1FF)
    try image.add([3], at: 0x210)
    try image.add([4], at: 0xFFFF_FFFF)
    let exact = try FirmwareFile(reading: image.uf2(family: 7))
    #expect(try exact.image() == image)
    #expect(exact.families.map(\.id) == [7])
    let filled = try FirmwareFile(reading: image.uf2(family: nil, fill: 0xFF))
      .image()
    #expect(
      filled.segments.map(\.range) == [0x100..<0x300, 0xFFFF_FF00..<1 << 32])
    for segment in image.segments {
      #expect(filled.bytes(in: segment.range) == segment.bytes)
    }
    #expect(filled.segments[0].bytes.filter { $0 == 0xFF }.count == 509)
  }
}
