import DFUCore
import Testing

@Suite struct RomLimitTests {
  /// What AN2606 and field reports say: trouble, chips that have it, and the
  /// bootloader versions with it (empty: all).
  static let table: [(String, [String], [UInt8])] = [
    ("f105-slow-start", ["F105"], []),
    (
      "f0-high-speed-host", ["F04x", "F070x6", "F072", "F070xB"],
      [0xA0, 0xA1, 0xA2, 0xA3]
    ),
    ("f3-high-speed-host", ["F301", "F303xE"], [0x40]),
    ("f373-high-speed-host", ["F373"], [0x41]),
    ("l0-high-speed-host", ["L07x"], [0x40, 0x41]),
    ("l1-high-speed-host", ["L1xC", "L1xE"], [0x40]),
    ("l1xd-high-speed-host", ["L1xD"], [0x45]),
    (
      "crystal-from-a-list",
      ["F070x6", "F070xB", "F301", "F303", "F303xE", "F373"], []
    ),
    ("f3-pull-up", ["F301", "F303", "F303xE", "F373"], []),
    ("g0b0-crystal", ["G0B0"], []),
    ("u59x-crystal", ["U59x"], [0x92]),
    ("h5e-double-start", ["H5E"], [0xF0]),
    ("h74x-double-start", ["H74x"], [0x90]),
    ("l47x-slow-start", ["L47x"], []),
    (
      "l4-voltage-range",
      ["L412", "L43x", "L45x", "L47x", "L496", "L4R", "L4P5"], []
    ),
    ("l43x-transfer-size", ["L43x"], []),
    ("f2-erasable-options", ["F2"], [0x30, 0x31, 0x32]),
    ("f405-erasable-options", ["F405"], [0x30, 0x31, 0x32]),
    ("g0b1-second-bank-erase", ["G0B1"], [0x92]),
    ("g0b0-second-bank-erase", ["G0B0"], [0xD0]),
    ("u375-multi-page-erase", ["U375"], [0xE1]),
    ("h74x-mass-erase", ["H74x"], [0xD3]),
    ("h74x-second-bank-busy", ["H74x"], [0x91]),
    ("l496-bank-erase", ["L496"], [0x93]),
    ("empty-flag-cleared", ["G0B1"], []),
    ("u073-empty-flag-cleared", ["U073"], [0xD0]),
    ("c071-empty-flag-cleared", ["C071"], [0xD1]),
    ("l47x-unpadded-writes", ["L47x"], [0xA1, 0xA2, 0xA3, 0x90, 0x92]),
    ("l43x-unpadded-writes", ["L43x"], [0x91]),
    (
      "f2-f4-f7-bytewise",
      [
        "F2", "F401xC", "F401xE", "F405", "F411", "F412", "F413", "F42x",
        "F446", "F469", "F72x", "F74x", "F76x",
      ], []
    ),
    ("gd32vf103-layout", ["GD32VF103"], []),
    ("f405-clocks-off", ["F405"], [0x30, 0x31, 0x90]),
    (
      "f4-clocks-off",
      ["F401xC", "F401xE", "F411", "F412", "F413", "F42x", "F446", "F469"], []
    ),
    ("g0b1-debug-port", ["G0B1"], []),
    ("h563-jump", ["H563"], [0xE3]),
    ("h74x-leave", ["H74x"], [0xD2]),
    ("h74x-stack-pointer", ["H74x"], [0x90, 0x91, 0x92]),
    ("h7rs-life-cycle", ["H7RS"], []),
    ("l1xd-stack-pointer", ["L1xD"], [0x42]),
    ("l5-leave", ["L5"], [0x90]),
    (
      "non-secure-leave",
      ["H523", "H563", "H5E", "L5", "U375", "U535", "U575", "U59x", "U5F"], []
    ),
    ("f42x-pcrop-stays", ["F42x"], [0x70, 0x90]),
    ("f401-sprmod-stays", ["F401xC"], []),
    ("h74x-pcrop-stays", ["H74x"], [0x90]),
    ("h72x-protected-reset", ["H72x"], [0x92]),
    ("h7a3-protected-reset", ["H7A3"], [0x91]),
    ("wb55-unprotect-reset", ["WB55"], [0xD5]),
    ("l412-pcrop", ["L412"], [0xD1]), ("l43x-pcrop", ["L43x"], [0x91]),
    ("l45x-pcrop", ["L45x"], [0x92]), ("l47x-pcrop", ["L47x"], [0xA3, 0x92]),
    ("l496-pcrop", ["L496"], [0x93]), ("l4p5-pcrop", ["L4P5"], [0x90]),
    ("l5-option-launch", ["L5"], [0xD0]),
    ("u575-option-writes", ["U575"], [0x92]),
    ("g0b1-no-option-bytes", ["G0B1"], []),
    ("g431-option-length", ["G431"], []),
    ("f042-serial", ["F04x"], []), ("h74x-serial", ["H74x"], []),
    ("f446-f72x-serial", ["F446", "F72x"], []), ("f105-serial", ["F105"], []),
    ("l496-serial", ["L496"], []), ("at32-serial", ["AT32"], []),
  ]

  /// Rows whose condition is something else; each has its own test below.
  static let ownTests: Set<String> = [
    "l43x-clock-recovery", "f42x-second-bank-erase", "f76x-second-bank-erase",
    "h563-data-flash-erase", "h743-erase-wedge", "h7a3-layout", "h72x-layout",
    "h503-jump",
  ]

  private func certainty(
    _ limit: String, of row: ChipFamily, _ evidence: ChipEvidence?
  ) -> RomLimit.Certainty? {
    RomLimit.limits(of: row, evidence: evidence)
      .first { $0.limit.name == limit }?.certainty
  }

  @Test(arguments: table)
  func aTroubleIsFoundForItsChipAndNoOther(
    limit: String, families: [String], versions: [UInt8]
  ) throws {
    for row in ChipFamily.all {
      let mine = families.contains(row.name)
      let unread = certainty(limit, of: row, evidence([]))
      #expect(
        unread == (mine ? (versions.isEmpty ? .certain : .possible) : nil))
      guard mine, let address = row.bootloaderID else { continue }
      for version: UInt8 in 0...255 {
        let found = certainty(
          limit, of: row, evidence([], bytes: [address: version]))
        let expected = mine && (versions.isEmpty || versions.contains(version))
        #expect(found == (expected ? .certain : nil))
      }
    }
  }

  @Test func everyTroubleIsTested() {
    let tested = Self.ownTests.union(Self.table.map(\.0))
    #expect(Set(RomLimit.all.map(\.name)) == tested)
    #expect(RomLimit.all.count == tested.count)
  }

  @Test(arguments: RomLimit.all)
  func aRowIsSound(limit: RomLimit) {
    #expect(!limit.sentence.isEmpty && !limit.sentence.contains("\n"))
    #expect(!limit.effects.isEmpty && !limit.families.isEmpty)
    #expect(!limit.source.document.isEmpty)
    for name in limit.families { #expect(ChipFamily.named(name) != nil) }
  }

  static let dualF4 =
    "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
    + "04*016Kg,01*064Kg,07*128Kg"

  @Test func aRefusalThatIsOnlyPossibleBecomesAWarning() throws {
    let row = try family("F76x")
    let possible = try #require(
      RomLimit.limits(of: row, evidence: evidence([Self.dualF4]))
        .first { $0.limit.name == "f76x-second-bank-erase" })
    #expect(possible.certainty == .possible)
    #expect(possible.effects.contains(.warnBefore(.eraseSecondBank)))
    #expect(!possible.effects.contains(.refuse(.eraseSecondBank)))
    #expect(possible.effects.contains(.checkBlankAfterErase))
    let certain = try #require(
      RomLimit.limits(
        of: row,
        evidence: evidence([Self.dualF4], bytes: [0x1FF0_EDBE: 0x93])
      ).first { $0.limit.name == "f76x-second-bank-erase" })
    #expect(certain.effects.contains(.refuse(.eraseSecondBank)))
  }

  @Test func aDualBankTroubleIsNoneInOneBank() throws {
    let single = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
    let f42x = try family("F42x")
    let name = "f42x-second-bank-erase"
    #expect(certainty(name, of: f42x, evidence([single])) == nil)
    #expect(certainty(name, of: f42x, evidence([Self.dualF4])) == .possible)
    #expect(
      certainty(
        name, of: f42x, evidence([Self.dualF4], bytes: [0x1FFF_76DE: 0x91]))
        == .certain)
    let f76x = "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"
    #expect(
      certainty(
        "f76x-second-bank-erase", of: try family("F76x"), evidence([f76x]))
        == nil)
    #expect(
      certainty(name, of: try family("F469"), evidence([Self.dualF4])) == nil)
  }

  @Test func anH743WedgesOnlyBeyondOneMegabyte() throws {
    let row = try family("H74x")
    let two = evidence(["@Internal Flash   /0x08000000/16*128Kg"])
    let one = evidence(["@Internal Flash   /0x08000000/8*128Kg"])
    #expect(certainty("h743-erase-wedge", of: row, two) == .certain)
    #expect(certainty("h743-erase-wedge", of: row, one) == nil)
    #expect(
      certainty("h743-erase-wedge", of: try family("H7A3"), two) == nil)
  }

  @Test func anH563HasItsDataFlashTroubleOnlyWithOneMegabyte() throws {
    let row = try family("H563")
    let name = "h563-data-flash-erase"
    let bytes: [UInt32: UInt8] = [0x0BF9_FAFE: 0xE4]
    let one = ["@Internal Flash   /0x08000000/128*08Kg"]
    let two = ["@Internal Flash   /0x08000000/256*08Kg"]
    #expect(certainty(name, of: row, evidence(one, bytes: bytes)) == .certain)
    #expect(certainty(name, of: row, evidence(two, bytes: bytes)) == nil)
  }

  @Test func anH503sJumpIsPossibleAsItsVersionCannotBeRead() throws {
    #expect(
      certainty("h503-jump", of: try family("H503"), evidence([])) == .possible)
    #expect(
      certainty("h503-jump", of: try family("H563"), evidence([])) == nil)
  }

  @Test func anL43xsClockRecoveryIsToldByAByte() throws {
    let row = try family("L43x")
    let name = "l43x-clock-recovery"
    #expect(certainty(name, of: row, evidence([])) == .possible)
    #expect(
      certainty(name, of: row, evidence([], bytes: [0x1FFF_6FF2: 0xFF]))
        == .certain)
    #expect(
      certainty(name, of: row, evidence([], bytes: [0x1FFF_6FF2: 0x3C])) == nil)
    #expect(certainty(name, of: try family("L45x"), evidence([])) == nil)
  }

  @Test func anH7A3sWrongSectorsAreReplaced() throws {
    let row = try family("H7A3")
    let wrong = evidence(["@Internal Flash   /0x08000000/256*02Kg"])
    let right = evidence(["@Internal Flash   /0x08000000/256*08Kg"])
    #expect(row.trueFlash(wrong) == [SectorGroup(256, 8 << 10)])
    #expect(row.trueFlash(right) == nil)
    #expect(try family("G47x").trueFlash(wrong) == nil)
  }

  @Test func anH723sWrongSectorsAreReplaced() throws {
    let row = try family("H72x")
    let wrong = evidence(["@Internal Flash   /0x08000000/8*16Kg"])
    let right = evidence(["@Internal Flash   /0x08000000/8*128Kg"])
    #expect(row.trueFlash(wrong) == [SectorGroup(8, 128 << 10)])
    #expect(row.trueFlash(right) == nil)
  }

  @Test func aGD32sSectorsComeFromItsSerial() throws {
    let row = try family("GD32VF103")
    let shown = ["@Internal Flash  /0x08000000/512*002Kg"]
    #expect(
      row.trueFlash(evidence(shown, serial: "3CBJ"))
        == [SectorGroup(128, 1 << 10)])
    #expect(row.trueFlash(evidence(shown, serial: "other")) == nil)
    #expect(row.trueFlash(evidence(shown)) == nil)
  }

  @Test func ofSeveralCandidatesATroubleOfOneIsPossible() throws {
    let both = ChipIdentification(
      candidates: [try family("L412"), try family("L43x")], basis: .evidence)
    let limits = RomLimit.limits(of: both, evidence: evidence([]))
    func found(_ name: String) -> RomLimit.Certainty? {
      limits.first { $0.limit.name == name }?.certainty
    }
    #expect(found("l4-voltage-range") == .certain)
    #expect(found("l43x-transfer-size") == .possible)
    #expect(found("g0b1-debug-port") == nil)
  }

  @Test func firmwareThatIsNotTheROMHasNoROMTroubles() throws {
    let g0b1 = ChipIdentification(
      candidates: [try family("G0B1")], basis: .named)
    #expect(
      RomLimit.limits(
        of: g0b1, evidence: evidence([], productString: "Pyboard DFU")
      ).isEmpty)
    #expect(!RomLimit.limits(of: g0b1).isEmpty)
  }

  @Test(arguments: [
    (
      "h7rs-life-cycle", "H7RS",
      RomLimit.Effect.blockLeave([
        AddressWindow(0xFF01_0000, length: 1 << 16),
        AddressWindow(0xFF02_0000, length: 1 << 16),
        AddressWindow(0xFF83_0000, length: 1 << 16),
      ])
    ),
    ("f105-slow-start", "F105", .waitForDevice(milliseconds: 15_000)),
    ("g431-option-length", "G431", .writableOptionBytes(40)),
    ("g0b1-no-option-bytes", "G0B1", .optionBytesUnreachable),
    ("l43x-transfer-size", "L43x", .limitTransfersAfterError(bytes: 1024)),
    ("f042-serial", "F04x", .serialNotUnique),
    ("l1xd-stack-pointer", "L1xD", .rejectStackPointer(0x2000_C000)),
    ("h74x-stack-pointer", "H74x", .stackPointerBelowEnd(bytes: 16)),
    ("g0b1-second-bank-erase", "G0B1", .eraseOneAtATime(extraMilliseconds: 40)),
    ("l47x-unpadded-writes", "L47x", .padWrites(toMultipleOf: 8)),
    ("h743-erase-wedge", "H74x", .clearStatusTwice),
  ])
  func aTroubleSaysWhatToDo(
    limit: String, name: String, effect: RomLimit.Effect
  ) throws {
    let row = try #require(RomLimit.all.first { $0.name == limit })
    #expect(row.families.contains(name))
    #expect(row.effects.contains(effect))
  }

  @Test(arguments: [
    ("H74x", UInt32(0x0800_0000), UInt32(0x2002_0000), true),
    ("H74x", 0x0800_0000, 0x2001_FFF0, true),
    ("H74x", 0x0800_0000, 0x2001_FFEC, false),
    ("H74x", 0x0800_0000, 0x2408_0000, true),
    ("L1xD", 0x0800_0000, 0x2000_C000, true),
    ("L1xD", 0x0800_0000, 0x2000_BFF0, false),
    ("H7RS", 0xFF01_2345, 0x2000_1000, true),
    ("H7RS", 0xFF02_0000, 0x2000_1000, true),
    ("H7RS", 0xFF83_FFFF, 0x2000_1000, true),
    ("H7RS", 0xFF00_0000, 0x2000_1000, false),
    ("F405", 0xFF01_2345, 0x2002_0000, false),
  ])
  func someProgramsCannotBeLeftTo(
    name: String, address: UInt32, stackPointer: UInt32, trouble: Bool
  ) throws {
    let found = try family(name).leaveTrouble(
      address: address, stackPointer: stackPointer)
    #expect((found != nil) == trouble)
  }

  @Test func anH74xWhoseVersionIsHealthyLeavesToAnyProgram() throws {
    let row = try family("H74x")
    let healthy = evidence([], bytes: [0x1FF1_E7FE: 0x93])
    #expect(
      row.leaveTrouble(
        address: 0x0800_0000, stackPointer: 0x2002_0000, evidence: healthy)
        == nil)
  }
}
