import DFUCore
import Testing

@Suite struct BootloaderErratumTests {
  /// How sure it is that a chip has the erratum whose sentence has these words.
  private func certainty(
    _ words: String, of row: ChipFamily, _ evidence: ChipEvidence?
  ) -> BootloaderErratum.Certainty? {
    BootloaderErratum.errata(of: [row], evidence: evidence)
      .first { $0.erratum.sentence.contains(words) }?.certainty
  }

  /// An erratum of certain versions is certain with them, none with others, and
  /// possible where the version cannot be read.
  @Test(arguments: ChipFamily.all)
  func theVersionByteDecides(family: ChipFamily) throws {
    func certainty(
      _ erratum: BootloaderErratum, _ evidence: ChipEvidence
    ) -> BootloaderErratum.Certainty? {
      BootloaderErratum.errata(of: [family], evidence: evidence)
        .first { $0.erratum == erratum }?.certainty
    }
    for erratum in family.errata {
      #expect(!erratum.sentence.isEmpty && !erratum.sentence.contains("\n"))
      #expect(!erratum.consequences.isEmpty)
      #expect(!erratum.source.document.isEmpty)
      guard case .bootloader(let versions)? = erratum.conditions.first,
        erratum.conditions.count == 1
      else { continue }
      #expect(certainty(erratum, evidence([])) == .possible)
      guard let address = family.bootloaderID else { continue }
      for version: UInt8 in 0...255 {
        let found = certainty(erratum, evidence([], bytes: [address: version]))
        #expect(found == (versions.contains(version) ? .certain : nil))
      }
    }
  }

  static let dualF4 =
    "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
    + "04*016Kg,01*064Kg,07*128Kg"

  private func rules(
    _ name: String, _ evidence: ChipEvidence
  ) throws -> BoardRules {
    let family = try family(name)
    return BoardRules(
      BootloaderErratum.errata(of: [family], evidence: evidence), [family],
      evidence)
  }

  @Test func aRefusalThatIsOnlyPossibleBecomesAWarning() throws {
    let possible = try rules("F76x", evidence([Self.dualF4]))
    #expect(possible.refusals.isEmpty)
    #expect(possible.warnings[.eraseSecondBank]?.count == 1)
    #expect(possible.checksBlank)
    let certain = try rules(
      "F76x", evidence([Self.dualF4], bytes: [0x1FF0_EDBE: 0x93]))
    #expect(certain.refusals[.eraseSecondBank]?.count == 1)
    #expect(certain.warnings[.eraseSecondBank] == nil)
  }

  @Test func aDualBankErratumIsNoneInOneBank() throws {
    let single = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
    let f42x = try family("F42x")
    let name = "second bank has no effect"
    #expect(certainty(name, of: f42x, evidence([single])) == nil)
    #expect(certainty(name, of: f42x, evidence([Self.dualF4])) == .possible)
    #expect(
      certainty(
        name, of: f42x, evidence([Self.dualF4], bytes: [0x1FFF_76DE: 0x91]))
        == .certain)
    let f76x = "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg"
    #expect(
      certainty(
        "one four further", of: try family("F76x"), evidence([f76x]))
        == nil)
    #expect(
      certainty(name, of: try family("F469"), evidence([Self.dualF4])) == nil)
  }

  @Test func anH743WedgesOnlyBeyondOneMegabyte() throws {
    let row = try family("H74x")
    let two = evidence(["@Internal Flash   /0x08000000/16*128Kg"])
    let one = evidence(["@Internal Flash   /0x08000000/8*128Kg"])
    #expect(certainty("stays busy for ever", of: row, two) == .certain)
    #expect(certainty("stays busy for ever", of: row, one) == nil)
    #expect(
      certainty("stays busy for ever", of: try family("H7A3"), two) == nil)
  }

  @Test func anH563HasItsDataFlashErratumOnlyWithOneMegabyte() throws {
    let row = try family("H563")
    let name = "data flash"
    let bytes: [UInt32: UInt8] = [0x0BF9_FAFE: 0xE4]
    let one = ["@Internal Flash   /0x08000000/128*08Kg"]
    let two = ["@Internal Flash   /0x08000000/256*08Kg"]
    #expect(certainty(name, of: row, evidence(one, bytes: bytes)) == .certain)
    #expect(certainty(name, of: row, evidence(two, bytes: bytes)) == nil)
  }

  @Test func anH503sJumpIsPossibleAsItsVersionCannotBeRead() throws {
    #expect(
      certainty("jump to the application", of: try family("H503"), evidence([]))
        == .possible)
  }

  @Test func anL43xsClockRecoveryIsToldByAByte() throws {
    let row = try family("L43x")
    let name = "clock recovery"
    #expect(certainty(name, of: row, evidence([])) == .possible)
    #expect(
      certainty(name, of: row, evidence([], bytes: [0x1FFF_6FF2: 0xFF]))
        == .certain)
    #expect(
      certainty(name, of: row, evidence([], bytes: [0x1FFF_6FF2: 0x3C])) == nil)
    #expect(certainty(name, of: try family("L45x"), evidence([])) == nil)
  }

  @Test(arguments: [
    ("H7A3", "256*02Kg", nil, [SectorGroup(256, 8 << 10)]),
    ("H7A3", "256*08Kg", nil, nil), ("G47x", "256*02Kg", nil, nil),
    ("H72x", "8*16Kg", nil, [SectorGroup(8, 128 << 10)]),
    ("H72x", "8*128Kg", nil, nil),
    ("GD32VF103", "512*002Kg", "3CBJ", [SectorGroup(128, 1 << 10)]),
    ("GD32VF103", "512*002Kg", "other", nil),
    ("GD32VF103", "512*002Kg", nil, nil),
  ])
  func wrongSectorsAreReplaced(
    name: String, shown: String, serial: String?, truth: [SectorGroup]?
  ) throws {
    let shown = evidence(
      ["@Internal Flash  /0x08000000/" + shown], serial: serial)
    #expect(try rules(name, shown).trueFlash == truth)
  }

  @Test func ofSeveralCandidatesAnErratumOfOneIsPossible() throws {
    let errata = BootloaderErratum.errata(
      of: [try family("L412"), try family("L43x")], evidence: evidence([]))
    func found(_ words: String) -> BootloaderErratum.Certainty? {
      errata.first { $0.erratum.sentence.contains(words) }?.certainty
    }
    #expect(found("voltage range 2") == .certain)
    #expect(found("transfers of 2048 bytes") == .possible)
    #expect(found("debug port") == nil)
  }

  @Test func firmwareThatIsNotTheROMHasNoROMErrata() throws {
    let g0b1 = [try family("G0B1")]
    #expect(
      BootloaderErratum.errata(
        of: g0b1, evidence: evidence([], productString: "Pyboard DFU")
      ).isEmpty)
    #expect(!BootloaderErratum.errata(of: g0b1).isEmpty)
  }

  /// Each rule, on a chip whose bootloader makes it necessary and on one that
  /// differs from it as little as possible.
  @Test func theRulesFollowFromTheErrata() throws {
    func version(_ address: UInt32, _ byte: UInt8) -> ChipEvidence {
      evidence([], bytes: [address: byte])
    }
    #expect(
      try rules("G0B1", version(0x1FFF_9FFE, 0x92)).pauseAfterErase
        == .milliseconds(40))
    #expect(
      try rules("G0B1", version(0x1FFF_9FFE, 0x93)).pauseAfterErase == .zero)
    let h743: UInt32 = 0x1FF1_E7FE
    #expect(try rules("H74x", version(h743, 0x91)).waitsDatasheetTimes)
    #expect(try rules("H74x", evidence([])).waitsDatasheetTimes)
    #expect(try !rules("H74x", version(h743, 0x93)).waitsDatasheetTimes)
    #expect(try rules("H74x", version(h743, 0xD3)).massEraseIsBroken)
    #expect(
      try rules("H74x", evidence(["@Internal Flash /0x08000000/16*128Kg"]))
        .curesWedge)
    #expect(try rules("H74x", version(h743, 0xD2)).refusals[.leave] != nil)
    #expect(try rules("L47x", evidence([])).writeMultiple == 8)
    #expect(try rules("L45x", evidence([])).writeMultiple == 1)
    #expect(try rules("L43x", evidence([])).transferSizeAfterError == 1024)
    #expect(try rules("L43x", evidence([])).transfersNeedRetry)
    #expect(try rules("F072", evidence([])).needsPauseBetweenTransfers)
    #expect(try !rules("F405", evidence([])).needsPauseBetweenTransfers)
    #expect(try rules("F105", evidence([])).enumerationTime >= .seconds(15))
    #expect(
      try rules("U575", version(0x0BF9_9EFE, 0x92)).splitsOptionByteWrites
        != nil)
    #expect(try rules("G0B1", evidence([])).optionBytesUnreachable != nil)
    #expect(
      try !rules("G0B1", evidence([])).keepPoweredUntilProgrammed.isEmpty)
    #expect(
      try rules("WB55", version(0x1FFF_6FFE, 0xD5)).powerCycles[
        .liftProtection] != nil)
    #expect(
      try rules("L5", version(0x0BF9_7FFE, 0xD0)).powerCycles[
        .writeOptionBytes] != nil)
    #expect(try rules("F405", evidence([])).hints[.leave] != nil)
    for family in ChipFamily.all {
      let rules = try rules(family.name, evidence([]))
      #expect(
        rules.neverErased.isSuperset(of: [
          .optionBytes, .oneTimeProgrammable, .deviceFeature,
        ]))
    }
  }

  @Test(arguments: [
    ("H74x", UInt32(0x2002_0000), true), ("H74x", 0x2001_FFF0, true),
    ("H74x", 0x2001_FFEC, false), ("H74x", 0x2408_0000, true),
    ("L1xD", 0x2000_C000, true), ("L1xD", 0x2000_BFF0, false),
    ("F405", 0x2002_0000, false),
  ])
  func someStackPointersAreNotStarted(
    name: String, stackPointer: UInt32, objects: Bool
  ) throws {
    let objection = try rules(name, evidence([]))
      .objection(toStackPointer: stackPointer)
    #expect((objection != nil) == objects)
  }

  @Test(arguments: [
    ("H7RS", UInt32(0xFF01_2345), true), ("H7RS", 0xFF02_0000, true),
    ("H7RS", 0xFF83_FFFF, true), ("H7RS", 0xFF00_0000, false),
    ("F405", 0xFF01_2345, false),
  ])
  func someAddressesAreLifeCycleCommands(
    name: String, address: UInt32, isBlocked: Bool
  ) throws {
    let sentence = try rules(name, evidence([])).blockedLeave(to: address)
    #expect((sentence != nil) == isBlocked)
  }

  @Test func anH74xWhoseVersionIsHealthyLeavesToAnyProgram() throws {
    let healthy = evidence([], bytes: [0x1FF1_E7FE: 0x93])
    #expect(
      try rules("H74x", healthy).objection(toStackPointer: 0x2002_0000) == nil)
  }
}
