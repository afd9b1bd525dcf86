import DFUCore
import Testing

@Suite struct ChipFitTests {
  private static func names(
    _ image: FirmwareImage, _ vectors: VectorTable? = nil,
    uf2: UInt32? = nil
  ) -> [String] {
    ChipFit.all(for: image, vectors: vectors, uf2Family: uf2)
      .map(\.family.name)
  }

  private static func flash(_ count: Int) throws -> FirmwareImage {
    try FirmwareImage([UInt8](repeating: 0, count: count), at: 0x0800_0000)
  }

  @Test func anImageFitsWhereTheFlashIsLargeEnough() throws {
    let small = Self.names(try Self.flash(16 << 10))
    #expect(small.contains("F04x") && small.contains("F405"))
    let large = Self.names(try Self.flash(1 << 20))
    #expect(!large.contains("F04x") && large.contains("F405"))
    #expect(Self.names(try Self.flash(64 << 20)) == [])
  }

  @Test func theSmallestPartThatSufficesIsNamed() throws {
    let fit = ChipFit.all(for: try Self.flash(20 << 10)).first {
      $0.family.name == "F04x"
    }
    #expect(fit?.flashSize == 32 << 10)
  }

  @Test func theStackPointerTellsHowMuchRAMThereIs() throws {
    let table = VectorTable(
      address: 0x0800_0000, initialStackPointer: 0x2002_0000,
      resetVector: 0x0800_0101)
    let names = Self.names(try Self.flash(16 << 10), table)
    #expect(!names.contains("F04x") && names.contains("F405"))
    // A RISC-V chip's program does not begin with a stack pointer.
    #expect(!names.contains { $0.hasPrefix("GD32VF") })
  }

  @Test func optionBytesBelongToAChipAndStrayBytesToNone() throws {
    var image = try Self.flash(1024)
    try image.add([0xAA, 0x55], at: 0x1FFF_C000)
    #expect(Self.names(image).contains("F405"))
    try image.add([1], at: 0x6000_0000)
    #expect(Self.names(image) == [])
  }

  @Test func optionBytesAloneAreNoProgram() throws {
    #expect(Self.names(try FirmwareImage([1], at: 0x1FFF_C000)) == [])
  }

  @Test func aUF2FileSaysItself() throws {
    let image = try Self.flash(1024)
    let names = Self.names(image, uf2: 0x5775_5A57)
    #expect(names.contains("F405") && !names.contains("F04x"))
    #expect(Self.names(image, uf2: 0x1234_5678) == Self.names(image))
  }
}
