import DFUCore
import Testing

@Suite struct VectorTableTests {
  private static func problems(
    _ stack: UInt32, _ reset: UInt32
  ) throws -> [VectorTable.Problem]? {
    var bytes = [UInt8](repeating: 0, count: 0x400)
    for index in 0..<4 {
      bytes[index] = UInt8(truncatingIfNeeded: stack >> (index * 8))
      bytes[index + 4] = UInt8(truncatingIfNeeded: reset >> (index * 8))
    }
    let image = try FirmwareImage(bytes, at: 0x0800_0000)
    let table = VectorTable(in: image, at: 0x0800_0000)
    #expect(table?.initialStackPointer == stack)
    return table?.problems(in: image)
  }

  @Test func aProgramsTableHasNoProblem() throws {
    #expect(try Self.problems(0x2002_0000, 0x0800_01C1) == [])
    #expect(try Self.problems(0x1000_8000, 0x0800_0009) == [])
  }

  /// The same flash has other addresses, too, and the linker may know only
  /// those.
  @Test(arguments: [0x0000_01C1, 0x0020_01C1, 0x0C00_01C1] as [UInt32])
  func codeMayBeLinkedForAnAlias(reset: UInt32) throws {
    #expect(try Self.problems(0x2002_0000, reset) == [])
  }

  @Test func aProgramLinkedForAnotherAddressIsTold() throws {
    #expect(
      try Self.problems(0x2002_0000, 0x0800_81C1) == [.resetOutsideImage])
    #expect(
      try Self.problems(0x2002_0000, 0x0000_81C1) == [.resetOutsideImage])
    #expect(
      try Self.problems(0x2002_0000, 0xFFFF_FFFD) == [.resetOutsideImage])
  }

  @Test func whereNoTableIsIsTold() throws {
    let image = try FirmwareImage(
      [0x00, 0x00, 0x02, 0x20, 0x09, 0x00, 0x00, 0x08, 0], at: 0x0800_0000)
    func problems(_ address: UInt32) -> [VectorTable.Problem] {
      VectorTable.problems(ofProgramAt: address, in: image)
    }
    #expect(problems(0x0800_0000) == [])
    #expect(problems(0x0800_0001) == [.unaligned])
    #expect(problems(0x0800_0002) == [.unaligned])
    #expect(problems(0x0800_0004) == [.incomplete])
  }

  @Test func whatMakesNoSenseIsNamed() throws {
    #expect(try Self.problems(0x0800_0000, 0x0800_01C1) == [.stackOutsideRAM])
    #expect(try Self.problems(0x2000_0002, 0x0800_01C1) == [.stackUnaligned])
    #expect(try Self.problems(0x2002_0000, 0x0800_01C0) == [.resetNotThumb])
    #expect(
      try Self.problems(0x2002_0000, 0x0800_0401) == [.resetOutsideImage])
    #expect(try Self.problems(.max, .max) == [.blank])
  }

  @Test func anImageTooShortHasNoTable() throws {
    let image = try FirmwareImage([1, 2, 3, 4, 5, 6, 7], at: 0x0800_0000)
    #expect(VectorTable(in: image, at: 0x0800_0000) == nil)
    let high = try FirmwareImage([1, 2, 3, 4], at: 0xFFFF_FFFC)
    #expect(VectorTable(in: high, at: 0xFFFF_FFFC) == nil)
  }
}
