import DFUCore
import Testing

@Suite struct ChipFamilyTests {
  @Test func namesAreUnique() {
    let names = ChipFamily.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: ChipFamily.all)
  func aRowIsSound(row: ChipFamily) {
    #expect([4, 8, 16].contains(row.writeAlignment))
    #expect([nil, 8, 16, 32].contains(row.eccWord))
    #expect(row.writeUnit >= row.writeAlignment)
    #expect(row.ram.allSatisfy { $0.length > 0 && $0.end <= 1 << 32 })
    #expect([0, 3].contains(row.uniqueID.count))
    #expect(row.uniqueID.allSatisfy { $0.isMultiple(of: 4) })
    if let time = row.reconnectTime { #expect((50...15_000).contains(time)) }
    for timing in [row.timing].compactMap({ $0 }) {
      #expect(timing.program.typical <= timing.program.maximum)
      for erase in timing.erase {
        #expect(erase.time.typical <= erase.time.maximum)
      }
    }
  }

  @Test(arguments: [
    ("F405", UInt32(0x1FFF_7A10)), ("F72x", 0x1FF0_7A10),
    ("F74x", 0x1FF0_F420), ("F072", 0x1FFF_F7AC), ("F105", 0x1FFF_F7E8),
    ("L43x", 0x1FFF_7590), ("G0B1", 0x1FFF_7590), ("WB55", 0x1FFF_7590),
    ("H74x", 0x1FF1_E800), ("H563", 0x08FF_F800), ("U575", 0x0BFA_0700),
    ("L5", 0x0BFA_0590), ("C071", 0x1FFF_7550), ("U073", 0x1FFF_6E50),
  ])
  func theUniqueIdentifierLies(name: String, address: UInt32) throws {
    let words = try family(name).uniqueID
    #expect(words == [address, address + 4, address + 8])
  }

  @Test func onL0TheThirdWordLiesApart() throws {
    #expect(
      try family("L07x").uniqueID
        == [0x1FF8_0050, 0x1FF8_0054, 0x1FF8_0064])
    #expect(
      try family("L1xE").uniqueID
        == [0x1FF8_00D0, 0x1FF8_00D4, 0x1FF8_00E4])
  }

  @Test(arguments: [
    ("F04x", true), ("F072", false), ("L412", true), ("L43x", true),
    ("L47x", false), ("G0B1", true), ("G47x", false), ("WB55", true),
    ("C071", true), ("U073", true), ("F405", false), ("U575", false),
  ])
  func someFamiliesCheckWhetherTheirFlashIsEmpty(
    name: String, checks: Bool
  ) throws {
    #expect((try family(name).emptyCheck == .present) == checks)
  }

  @Test(arguments: [
    ("F405", 4), ("F74x", 8), ("G0B1", 8), ("L43x", 8), ("H74x", 32),
    ("H7A3", 16), ("U575", 16), ("L5", 16), ("C5", 16), ("F105", 4),
  ])
  func writesArePaddedToWhatTheFlashWants(name: String, unit: Int) throws {
    #expect(try family(name).writeUnit == unit)
  }

  @Test(arguments: [
    ("F405", UInt32(0x2002_0000), true), ("F405", 0x2000_0100, true),
    ("F405", 0x1001_0000, true), ("F405", 0x2002_0004, false),
    ("F405", 0x2000_0000, false), ("F405", 0x2000_0102, false),
    ("F405", 0xFFFF_FFFF, false), ("F405", 0, false),
    ("F405", 0x0800_0000, false), ("H74x", 0x2408_0000, true),
  ])
  func aStackPointerIsTriedAgainstTheRAM(
    name: String, pointer: UInt32, plausible: Bool
  ) throws {
    #expect(try family(name).isPlausibleStackPointer(pointer) == plausible)
  }

  @Test func erasedFlashReadsZeroOnL0AndL1Only() {
    #expect(
      ChipFamily.all.filter { $0.erasedByte != 0xFF }.map(\.name)
        == ["L07x", "L1xC", "L1xD", "L1xE"])
    #expect(SharedKnowledge(ChipFamily.all).erasedByte == nil)
    #expect(SharedKnowledge([]).erasedByte == nil)
  }

  @Test func aRISCVProgramHasNoStackPointer() throws {
    #expect(
      try family("GD32VF103").isPlausibleStackPointer(0x2000_8000) == nil)
  }

  @Test func flashTimesAreFoundBySectorSize() throws {
    let timing = try #require(try family("F405").timing)
    #expect(timing.eraseTime(sectorSize: 128 << 10)?.maximum == 4_000_000)
    #expect(timing.eraseTime(sectorSize: 20 << 10)?.typical == 1_200_000)
    #expect(timing.eraseTime(sectorSize: 1 << 30)?.typical == 2_000_000)
    #expect(timing.programTime(bytes: 512 << 10).typical == 8_388_608)
    #expect(timing.programTime(bytes: .max).maximum == .max)
    #expect(timing.programTime(bytes: -1).maximum == 0)
  }

  @Test func windowsAtTheEndOfTheAddressSpace() {
    let last = AddressWindow(0xFFFF_FFFC, length: 4)
    #expect(last.end == 1 << 32)
    #expect(last.contains(0xFFFF_FFFF))
    #expect(last.overlaps(AddressWindow(0xFFFF_FFFF, length: 100)))
    #expect(AddressWindow(8, through: 4).length == 0)
    #expect(!AddressWindow(8, length: 0).overlaps(AddressWindow(0, length: 99)))
  }
}
