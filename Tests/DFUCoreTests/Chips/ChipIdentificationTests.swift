import DFUCore
import Testing

@Suite struct ChipIdentificationTests {
  struct Listing: CustomTestStringConvertible {
    var layouts: [String]
    var version: UInt16 = 0x2200
    var product = "STM32  BOOTLOADER"
    var serial: String? = nil
    var identifier = USBIdentifier.st
    var families: [String]

    var testDescription: String { families.joined(separator: " ") }
    var evidence: ChipEvidence {
      DFUCoreTests.evidence(
        layouts, vendor: identifier.vendor, product: identifier.product,
        version: version, productString: product, serial: serial)
    }
  }

  static let f4Rest = [
    "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
    "@Device Feature/0xFFFF0000/01*004 e",
  ]

  /// Strings as devices send them.
  static let listings: [Listing] = [
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/128*002Kg",
        "@Option Bytes  /0x1FFFF800/01*016 g",
      ], serial: "STM32", families: ["F105"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
      ] + f4Rest, serial: "325E35633334",
      families: ["F2", "F405", "F412", "F413", "F42x", "F469"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
      ] + f4Rest, serial: "STM32FxSTM32", families: ["F446"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
      ] + f4Rest, serial: "208B317A3331",
      families: ["F2", "F401xE", "F405", "F411", "F412", "F42x", "F469"]),
    Listing(
      layouts: [
        "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e",
        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e/0x1FFE7800/01*512 e,01*016 e",
        "@Device Feature/0xFFFF0000/01*004 e",
      ], families: ["F42x", "F469"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/032*0001Kg",
        "@Option Bytes  /0x1FFFF800/01*016 e",
      ], serial: "FFFFFFFEFFFF", families: ["F04x", "F070x6"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/064*0002Kg",
        "@Option Bytes  /0x1FFFF800/01*016 e",
      ], serial: "206E33742033",
      families: ["F072", "F070xB", "F303", "F373"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/128*0002Kg",
        "@Option Bytes  /0x1FFFF800/01*016 e",
      ], serial: "206E33742033", families: ["F303", "F373"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",
        "@Option Bytes  /0x1FFF0000/01*048 e",
        "@OTP Memory /0x1FF07800/01*528e",
        "@Device Feature/0xFFFF0000/01*004 e",
      ], serial: "STM32FxSTM32", families: ["F72x"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
        "@Option Bytes  /0x1FFF0000/01*032 e",
      ], serial: "208B317A3331", families: ["F74x", "F76x"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/1536*128g",
        "@Option Bytes  /0x1FF80000/01*032 e",
        "@DATA Memory /0x08080000/2*3Ke",
      ], families: ["L07x"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/1024*256 g",
        "@Option Bytes  /0x1FF80000/01*032 e",
        "@DATA Memory /0x08080000/02*004Ke",
      ], families: ["L1xC"]),
    Listing(
      layouts: [
        "@Internal Flash  /0x08000000/0256*0002Kg",
        "@Option Bytes  /0x1FFF7800/01*040 e",
        "@OTP Memory /0x1FFF7000/01*0001Ke",
      ], families: ["L45x", "L47x", "L496"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/64*02Kg",
        "@Option Bytes   /0x1FFF7800/01*40Be",
        "@OTP Memory   /0x1FFF7000/01*01Ke",
      ], version: 0x0200, product: "DFU in FS Mode", serial: "208A31574253",
      families: ["L412"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/256*02Kg",
        "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
        "@OTP Memory   /0x1FFF7000/01*1024 e",
      ], version: 0x0200, product: "DFU in FS Mode", serial: "205939885533",
      families: ["G47x"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/64*02Kg",
        "@Option Bytes   /0x1FFF7800/01*048 e",
        "@OTP Memory   /0x1FFF7000/01*1024 e",
      ], version: 0x0200, product: "DFU in FS Mode", families: ["G431"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/256*02Kg",
        "@Internal Flash   /0x08000000/256*02Kg",
        "@Internal Flash   /0x08000000/256*02Kg",
      ], version: 0x0200, product: "DFU in FS Mode", serial: "203739645542",
      families: ["G0B1"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/256*08Kg",
        "@Option Bytes   /0x40022040/01*64 e",
        "@OTP Memory   /0x0BFA0000/01*512 e",
      ], version: 0x0200, product: "DFU in FS Mode",
      families: ["U575", "U59x", "U5F"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/128*08Kg",
        "@Option Bytes   /0x40022040/01*64 e",
      ], version: 0x0200, product: "DFU in FS Mode", families: ["U575"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/16*128Kg",
        "@Option Bytes   /0x5200201C/01*128 e",
      ], version: 0x0200, product: "DFU in FS Mode", serial: "200364500000",
      families: ["H74x"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/8*128Kg",
        "@Option Bytes   /0x5200201C/01*88 e",
      ], version: 0x0200, product: "DFU in FS Mode", serial: "3560376F3431",
      families: ["H72x"]),
    Listing(
      layouts: [
        "@Internal Flash   /0x08000000/256*08Kg",
        "@Option Bytes   /0x5200201C/01*297 e",
        "@OTP Memory   /0x08FFF000/01*1024 e",
      ], version: 0x0200, product: "DFU in FS Mode", families: ["H7A3"]),
    Listing(
      layouts: [
        "@Internal Flash    /0x08000000/128*02Kg",
        "@OB Bytes          /0x40022020/01*136 e",
        "@OTP Memory        /0x1FFF6800/01*1024 e",
        "@ENGI Bytes        /0x1FFF6C00/01*1024.e",
      ], version: 0x0220, product: "DFU in FS Mode", families: ["U073"]),
    Listing(
      layouts: ["@Internal Flash   /0x08000000/256*08Kg"], version: 0x0200,
      product: "DFU in FS Mode", families: ["H563"]),
    Listing(
      layouts: ["@Internal Flash  /0x08000000/512*002Kg"], serial: "3CBJ",
      identifier: .gigaDevice, families: ["GD32VF103"]),
    Listing(
      layouts: ["@Internal Flash  /0x08000000/ 128*1Kg"], serial: "AT32",
      identifier: .artery, families: ["AT32"]),
    Listing(
      layouts: ["@Internal Flash  /0x8000000/06*002Kg,058*002Kg"],
      identifier: .geehy, families: ["APM32"]),
    // Not chips: memory elsewhere, other names, other numbers.
    Listing(
      layouts: [
        "@External Flash /0x90000000/998*128Kg,1*128Kg,4*128Kg,21*128Ka"
      ],
      families: []),
    Listing(
      layouts: [
        "@Partition0 /0x00/1*256Ke", "@FSBL /0x01/1*1Me",
        "@virtual /0xF1/1*512Ba",
      ], families: []),
    Listing(layouts: ["u-boot", "kernel"], families: []),
    Listing(layouts: [], families: []),
    Listing(
      layouts: ["@Internal Flash   /0x08000000/8*001Ka,120*001Kg"],
      identifier: USBIdentifier(0x1D50, 0x6017), families: []),
  ]

  @Test(arguments: listings)
  func aListingTellsTheFamily(listing: Listing) {
    let found = ChipIdentification(listing.evidence)
    #expect(found.candidates.map(\.name) == listing.families)
    #expect(found.basis == .evidence)
    #expect((found.family != nil) == (listing.families.count == 1))
    #expect(!found.summary.isEmpty)
  }

  @Test func otherFirmwareWithTheSameNumbersIsNotTheROM() {
    let rom = evidence([], productString: "DFU in FS Mode")
    #expect(rom.isSystemBootloader == true)
    #expect(evidence([]).isSystemBootloader == true)
    let micropython = evidence([], productString: "Pyboard DFU")
    #expect(micropython.isSystemBootloader == false)
    #expect(evidence([], productString: nil).isSystemBootloader == nil)
  }

  @Test(arguments: [
    ("@Internal Flash  /0x08000000/1*1Kg", MemoryKind.internalFlash),
    ("@Flash /0x90000000/64*4Kg", .internalFlash),
    ("@External Flash /0x90000000/1*1Kg", .externalFlash),
    ("@SPI Flash : M25P64/0x00000000/1*1Kg", .externalFlash),
    ("@Option Bytes  /0x1FFFC000/01*016 e", .optionBytes),
    ("@Option byte   /0x1FFFC000/01*512 g", .optionBytes),
    ("@OB Bytes      /0x40022020/01*136 e", .optionBytes),
    ("@OTP Memory /0x1FFF7800/01*512 e", .oneTimeProgrammable),
    ("@Device Feature/0xFFFF0000/01*004 e", .deviceFeature),
    ("@DATA Memory /0x08080000/2*3Ke", .dataMemory),
    ("@ENGI Bytes /0x1FFF6C00/01*1024.e", .engineeringBytes),
    ("@virtual /0xF1/1*512Ba", .other), ("", .other),
  ])
  func aMemorysKindIsInItsName(layout: String, kind: MemoryKind) {
    let name = String(layout.prefix { $0 != "/" })
    #expect(MemoryKind(name: name) == kind)
  }

  @Test func whatTwoFamiliesShareIsTheStricterOfBoth() throws {
    let shared = SharedKnowledge([try family("F405"), try family("F412")])
    #expect(shared.reconnectTime == 380)
    #expect(shared.writeUnit == 4)
    #expect(shared.hasVoltageRange)
    #expect(shared.emptyCheck == .absent)
    #expect(shared.holdsAnswersBack)
    #expect(shared.uniqueID.isEmpty)
    let mixed = SharedKnowledge([try family("L412"), try family("L47x")])
    #expect(mixed.emptyCheck == .unknown)
    #expect(mixed.reconnectTime == 2560)
    let both = SharedKnowledge([try family("F04x"), try family("F072")])
    #expect(both.uniqueID == [0x1FFF_F7AC, 0x1FFF_F7B0, 0x1FFF_F7B4])
    #expect(!both.holdsAnswersBack)
    #expect(both.leave.mayNeedSecondStatus)
  }

  @Test func nothingIsAssumedOfAnUnknownChip() {
    let none = SharedKnowledge([])
    #expect(none.writeUnit == 32)
    #expect(none.emptyCheck == .unknown)
    #expect(!none.holdsAnswersBack)
    #expect(!none.leave.resetCommand && !none.hasVoltageRange)
    #expect(none.uniqueID.isEmpty && none.uf2Families.isEmpty)
  }

  @Test(arguments: [
    ("3CBJ", 128 << 10), ("3C8J", 64 << 10), ("3C6J", 32 << 10),
    ("3C4J", 16 << 10),
  ])
  func aGD32TellsItsSizeInItsSerial(serial: String, size: Int) {
    #expect(GD32Serial.flashSize(serial) == size)
    // The same four bytes read as two UTF-16 characters.
    let bytes = Array(serial.utf8)
    let units = [0, 2].map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    #expect(
      GD32Serial.flashSize(String(decoding: units, as: UTF16.self)) == size)
  }

  @Test(arguments: ["", "3CB", "3CXJ", "3CBJ3CBJ", "\u{0}\u{0}B\u{0}", "😀😀"])
  func anotherSerialTellsNoSize(serial: String) {
    #expect(GD32Serial.flashSize(serial) == nil)
  }
}

@Suite struct ChipLookupTests {
  @Test(arguments: [
    ("F405", "F405"), ("f407", "F405"), ("STM32F407VGT6", "F405"),
    ("stm32f401ccu6", "F401xC"), ("F401RE", "F401xE"), ("L432KC", "L43x"),
    ("stm32l152ret6", "L1xE"), ("H743", "H74x"), ("G0B1", "G0B1"),
    ("GD32VF103CBT6", "GD32VF103"), ("U585", "U575"), ("f205rb", "F2"),
    ("STM32H7A3", "H7A3"), (" wb-55 ", "WB55"),
  ])
  func aNameFindsItsFamily(name: String, row: String) throws {
    #expect(ChipLookup(name) == .family(try family(row)))
  }

  @Test func ashortNameFindsSeveral() throws {
    guard case .several(let rows) = ChipLookup("F401") else {
      Issue.record("F401 is two families")
      return
    }
    #expect(rows.map(\.name) == ["F401xC", "F401xE"])
    guard case .several(let all) = ChipLookup("G4") else {
      Issue.record("G4 is several families")
      return
    }
    #expect(all.map(\.name) == ["G431", "G47x", "G491"])
  }

  @Test(arguments: ["F103C8", "STM32WBA55", "wle5", "U031", "G071", "F030"])
  func aChipWithoutDFUIsNamedAsSuch(name: String) {
    guard case .withoutDFU(let sentence) = ChipLookup(name) else {
      Issue.record("\(name) has no DFU")
      return
    }
    #expect(sentence.contains("USB") || sentence.contains("serial port"))
  }

  @Test(arguments: [("F450", "F405"), ("H734", "H743"), ("L34x", "L43x")])
  func aMistypedNameBringsTheNearest(name: String, nearest: String) {
    guard case .unknown(let names) = ChipLookup(name) else {
      Issue.record("\(name) is no chip")
      return
    }
    #expect(names.contains(nearest))
  }

  @Test func nonsenseBringsNothing() {
    #expect(ChipLookup("") == .unknown(nearest: []))
    #expect(ChipLookup("STM32") == .unknown(nearest: []))
    #expect(
      ChipLookup(String(repeating: "F", count: 100_000))
        == .unknown(nearest: []))
    #expect(ChipLookup("\u{1B}[0m") == .unknown(nearest: []))
  }
}
