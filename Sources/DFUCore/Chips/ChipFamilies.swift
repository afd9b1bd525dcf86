extension ChipFamily {
  /// Every family whose bootloader is known, ST's first.
  public static let all: [ChipFamily] =
    f0 + f1 + f2 + f3 + f4 + f7 + g0 + g4 + c0 + h5 + h7 + l0 + l1 + l4 + l5
    + u0 + u3 + u5 + wb + others

  /// The row with exactly this name.
  public static func named(_ name: String) -> ChipFamily? {
    all.first { $0.name == name }
  }
}

private let kilobyte = 1 << 10
private let megabyte = 1 << 20

private func sram(
  _ kilobytes: Int, at start: UInt32 = 0x2000_0000
) -> AddressWindow {
  AddressWindow(start, length: kilobytes * kilobyte)
}

private func pages(_ size: Int, _ kilobytes: Int...) -> FlashShape {
  .uniform(sector: size, totals: kilobytes.map { $0 * kilobyte })
}

/// F2's and F4's sectors: four of 16 KB, one of 64 KB, then some of 128 KB.
private func f4Sectors(_ large: Int) -> FlashShape {
  let small = [SectorGroup(4, 16 * kilobyte), SectorGroup(1, 64 * kilobyte)]
  return .runs(large > 0 ? small + [SectorGroup(large, 128 * kilobyte)] : small)
}

/// Two banks, each like an F4's.
private func f4DualBank(_ large: Int) -> FlashShape {
  guard case .runs(let bank) = f4Sectors(large) else { return f4Sectors(large) }
  return .runs(bank + bank)
}

private let ccm = AddressWindow(0x1000_0000, length: 64 << 10)
private let shownByListings = Source("listings of devices (dfu-util -l)")
private let notSeen = Source("no listing known; from AN2606", .inferred)
private let reported = Source("field reports")
private let guessed = Source("other families of the series", .inferred)
private let figures = Source("datasheet, flash memory characteristics")

private let f1Window = [AddressWindow(0x1FFF_F800, length: 16)]
private let f4Window = [AddressWindow(0x1FFF_C000, length: 16)]
private let f42xWindows = [
  AddressWindow(0x1FFF_C000, length: 16),
  AddressWindow(0x1FFE_C000, length: 16),
]

// MARK: - F0, F1, F3

extension ChipFamily {
  private static let f0: [ChipFamily] = [
    f0(
      "F04x", "STM32F042, F048", ["F042", "F048"], pages(1 << 10, 16, 32),
      serial: .constant(["FFFFFFFEFFFF"]), ram: 6, freeRAM: nil,
      systemMemory: AddressWindow(0x1FFF_C400, through: 0x1FFF_F7FF),
      emptyCheck: .present(
        condition: "BOOT0 low, by the pin or by nBOOT0"),
      optionBytes: "F04x"),
    f0(
      "F070x6", "STM32F070x6", ["F070x6"], pages(1 << 10, 16, 32),
      serial: .unknown, ram: 6, freeRAM: nil,
      systemMemory: AddressWindow(0x1FFF_C400, through: 0x1FFF_F7FF),
      emptyCheck: .present(
        condition: "BOOT0 low, by the pin or by nBOOT0"),
      optionBytes: "F04x"),
    f0(
      "F072", "STM32F072, F078", ["F072", "F078"], pages(2 << 10, 64, 128),
      serial: .derived(.romWithWord2), ram: 16, freeRAM: 0x2000_1800,
      systemMemory: AddressWindow(0x1FFF_C800, through: 0x1FFF_F7FF),
      polling: .answersBusy, leave: LeaveFacts(mayNeedSecondStatus: true),
      optionBytes: "F07x"),
    f0(
      "F070xB", "STM32F070xB", ["F070xB"], pages(2 << 10, 128),
      serial: .derived(.romWithWord2), ram: 16, freeRAM: 0x2000_1800,
      systemMemory: AddressWindow(0x1FFF_C800, through: 0x1FFF_F7FF),
      optionBytes: "F07x"),
  ]

  private static func f0(
    _ name: String, _ title: String, _ aliases: [String], _ flash: FlashShape,
    serial: SerialKind, ram: Int, freeRAM: UInt32?,
    systemMemory: AddressWindow, emptyCheck: EmptyCheck = .absent,
    polling: EarlyPoll = .unknown, leave: LeaveFacts = LeaveFacts(),
    optionBytes: String
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: [flash], optionBytes: [f1Window], deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_F7AC, .yes), serial: serial,
      writeAlignment: 4, timing: .f1, ram: [sram(ram)], freeRAM: freeRAM,
      systemMemory: systemMemory, bootloaderID: 0x1FFF_F6A6,
      emptyCheck: emptyCheck, polling: polling, leave: leave,
      optionBytes: optionBytes, uf2Families: [0x6478_24B6])
  }

  private static let f1: [ChipFamily] = [
    ChipFamily(
      name: "F105", title: "STM32F105, F107", aliases: ["F105", "F107"],
      signs: Signs(
        flash: [pages(2 << 10, 64, 128, 256)], optionBytes: [f1Window],
        deviceFeature: false, serials: ["STM32"]),
      uniqueID: UniqueIDLocation(0x1FFF_F7E8, .yes),
      serial: .constant(["STM32"]),
      writeAlignment: 4, timing: .f1, ram: [sram(64)], freeRAM: 0x2000_1000,
      systemMemory: AddressWindow(0x1FFF_B000, through: 0x1FFF_F7FF),
      reconnectTime: 13_700, optionBytes: "F1",
      uf2Families: [0x5EE2_1072], sources: [.serial: reported])
  ]

  private static let f3: [ChipFamily] = [
    f3(
      "F301", "STM32F301x6/8, F302x6/8", ["F301", "F302x6", "F302x8"],
      pages(2 << 10, 32, 64), ram: [sram(16)], bootloaderID: 0x1FFF_F796),
    f3(
      "F303", "STM32F302xB/C, F303xB/C",
      ["F302xB", "F302xC", "F303xB", "F303xC", "F358"],
      pages(2 << 10, 128, 256),
      ram: [sram(40), sram(8, at: 0x1000_0000)], bootloaderID: 0x1FFF_F796),
    f3(
      "F303xE", "STM32F302xD/E, F303xD/E",
      ["F302xD", "F302xE", "F303xD", "F303xE"], pages(2 << 10, 384, 512),
      ram: [sram(64), sram(16, at: 0x1000_0000)], bootloaderID: 0x1FFF_F796),
    f3(
      "F373", "STM32F373, F378", ["F373", "F378"],
      pages(2 << 10, 64, 128, 256), ram: [sram(32)],
      bootloaderID: 0x1FFF_F7A6, optionBytes: "F373"),
  ]

  private static func f3(
    _ name: String, _ title: String, _ aliases: [String], _ flash: FlashShape,
    ram: [AddressWindow], bootloaderID: UInt32, optionBytes: String = "F3"
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: [flash], optionBytes: [f1Window], deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_F7AC, .yes),
      serial: .derived(.romWithWord2), writeAlignment: 4, timing: .f1,
      ram: ram, freeRAM: 0x2000_1800,
      systemMemory: AddressWindow(0x1FFF_D800, through: 0x1FFF_F7FF),
      bootloaderID: bootloaderID, optionBytes: optionBytes,
      uf2Families: [0x6B84_6188])
  }
}

// MARK: - F2, F4

extension ChipFamily {
  private static let f4SystemMemory =
    AddressWindow(0x1FFF_0000, through: 0x1FFF_77FF)

  private static let f2: [ChipFamily] = [
    f4(
      "F2", "STM32F205, F207, F215, F217", ["F205", "F207", "F215", "F217"],
      [f4Sectors(0), f4Sectors(1), f4Sectors(3), f4Sectors(5), f4Sectors(7)],
      ram: [sram(128)], freeRAM: 0x2000_2000, bootloaderID: 0x1FFF_77DE,
      optionBytes: "F2", uf2: [0x5D1A_0A2E],
      sources: [.polling: guessed, .timing: guessed])
  ]

  private static let f4: [ChipFamily] = [
    f4(
      "F401xC", "STM32F401xB/C", ["F401xB", "F401xC"],
      [f4Sectors(0), f4Sectors(1)], ram: [sram(64)], optionBytes: "F401xC"),
    f4(
      "F401xE", "STM32F401xD/E", ["F401xD", "F401xE"],
      [f4Sectors(2), f4Sectors(3)], ram: [sram(96)], optionBytes: "F401xE"),
    f4(
      "F405", "STM32F405, F407, F415, F417",
      ["F405", "F407", "F415", "F417"], [f4Sectors(3), f4Sectors(7)],
      ram: [sram(128), ccm], bootloaderID: 0x1FFF_77DE, reconnectTime: 270,
      optionBytes: "F405", uf2: [0x5775_5A57, 0x6D09_22FA, 0x8FB0_60FE],
      sources: [.timing: figures]),
    f4(
      "F411", "STM32F411", ["F411"], [f4Sectors(1), f4Sectors(3)],
      ram: [sram(128)], optionBytes: "F411"),
    f4(
      "F412", "STM32F412", ["F412"], [f4Sectors(3), f4Sectors(7)],
      ram: [sram(256)], freeRAM: 0x2000_4000, reconnectTime: 380,
      optionBytes: "F412"),
    f4(
      "F413", "STM32F413, F423", ["F413", "F423"],
      [f4Sectors(7), f4Sectors(11)], ram: [sram(320)], freeRAM: 0x2000_4000,
      optionBytes: "F413"),
    f4(
      "F42x", "STM32F427, F429, F437, F439",
      ["F427", "F429", "F437", "F439"],
      [f4DualBank(7), f4DualBank(3), f4Sectors(3), f4Sectors(7)],
      ram: [sram(192), ccm], windows: [f42xWindows, f4Window],
      optionBytes: "F42x"),
    f4(
      "F446", "STM32F446", ["F446"], [f4Sectors(1), f4Sectors(3)],
      serial: .constant(["STM32FxSTM32"]), ram: [sram(128)],
      reconnectTime: 200, optionBytes: "F446", sources: [.serial: reported]),
    f4(
      "F469", "STM32F469, F479", ["F469", "F479"],
      [f4DualBank(7), f4DualBank(3), f4Sectors(3), f4Sectors(7)],
      ram: [sram(320), ccm], windows: [f42xWindows, f4Window],
      optionBytes: "F42x", sources: [.polling: reported]),
  ]

  private static func f4(
    _ name: String, _ title: String, _ aliases: [String],
    _ flash: [FlashShape], serial: SerialKind = .derived(.rom),
    ram: [AddressWindow], freeRAM: UInt32 = 0x2000_3000,
    bootloaderID: UInt32 = 0x1FFF_76DE, reconnectTime: Int? = nil,
    windows: [[AddressWindow]] = [f4Window], optionBytes: String,
    uf2: [UInt32] = [0x5775_5A57], sources: [Aspect: Source] = [:]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: flash, optionBytes: windows, deviceFeature: true,
        serials: serial.constants),
      uniqueID: UniqueIDLocation(0x1FFF_7A10, .no), serial: serial,
      writeAlignment: 4, timing: .f4Bytewise, fastTiming: .f4Wordwise,
      ram: ram, freeRAM: freeRAM, systemMemory: f4SystemMemory,
      bootloaderID: bootloaderID, reconnectTime: reconnectTime,
      polling: .heldUntilDone, optionBytes: optionBytes, uf2Families: uf2,
      sources: sources.merging([
        .uniqueIDReadable: reported,
        .serial: Source("libopencm3 issue 760 and field reports"),
      ]) { row, _ in row })
  }
}

// MARK: - F7

extension ChipFamily {
  private static let f7: [ChipFamily] = [
    f7(
      "F72x", "STM32F722, F723, F730, F732, F733",
      ["F722", "F723", "F730", "F732", "F733"],
      [f4Sectors(0), f4Sectors(1), f4Sectors(3)],
      window: AddressWindow(0x1FFF_0000, length: 48),
      uniqueID: 0x1FF0_7A10, serial: .constant(["STM32FxSTM32"]), ram: 256,
      timing: .f4Bytewise, fastTiming: .f4Wordwise, optionBytes: "F72x"),
    f7(
      "F74x", "STM32F745, F746, F750, F756",
      ["F745", "F746", "F750", "F756"],
      [
        .runs([
          SectorGroup(4, 32 << 10), SectorGroup(1, 128 << 10),
          SectorGroup(3, 256 << 10),
        ]),
        .runs([
          SectorGroup(4, 32 << 10), SectorGroup(1, 128 << 10),
          SectorGroup(1, 256 << 10),
        ]),
      ],
      window: AddressWindow(0x1FFF_0000, length: 32),
      uniqueID: 0x1FF0_F420, serial: .derived(.rom), ram: 320,
      optionBytes: "F74x", sources: [.polling: reported]),
    f7(
      "F76x", "STM32F765, F767, F768, F769, F777, F778, F779",
      ["F765", "F767", "F768", "F769", "F777", "F778", "F779"],
      [
        .runs([
          SectorGroup(4, 32 << 10), SectorGroup(1, 128 << 10),
          SectorGroup(7, 256 << 10),
        ]),
        .runs([
          SectorGroup(4, 32 << 10), SectorGroup(1, 128 << 10),
          SectorGroup(3, 256 << 10),
        ]),
        f4DualBank(7), f4DualBank(3),
      ],
      window: AddressWindow(0x1FFF_0000, length: 32),
      uniqueID: 0x1FF0_F420, serial: .derived(.romF76x), ram: 512,
      bootloaderID: 0x1FF0_EDBE, optionBytes: "F76x",
      sources: [.serial: Source("micropython discussion 15948")]),
  ]

  private static func f7(
    _ name: String, _ title: String, _ aliases: [String],
    _ flash: [FlashShape], window: AddressWindow, uniqueID: UInt32,
    serial: SerialKind, ram: Int, timing: FlashTiming = .f7Bytewise,
    fastTiming: FlashTiming = .f7Wordwise, bootloaderID: UInt32? = nil,
    optionBytes: String, sources: [Aspect: Source] = [:]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: flash, optionBytes: [[window]], serials: serial.constants),
      uniqueID: UniqueIDLocation(uniqueID, .no), serial: serial,
      writeAlignment: 8, timing: timing, fastTiming: fastTiming,
      ram: [sram(ram)], freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF0_EDBF),
      bootloaderID: bootloaderID, reconnectTime: 320,
      polling: .heldUntilDone, optionBytes: optionBytes,
      uf2Families: [0x53B8_0F00],
      sources: sources.merging([
        .uniqueIDReadable: reported, .serial: reported,
      ]) { row, _ in row })
  }
}

// MARK: - G0, C0, G4

extension ChipFamily {
  private static let bootLockOff: EmptyCheck = .present(
    condition: "main flash is booted and BOOT_LOCK is 0")

  private static let g0: [ChipFamily] = [
    g0(
      "G0B1", "STM32G0B1, G0C1", ["G0B1", "G0C1"], flashAlternates: 3,
      optionBytes: "G0B1",
      sources: [.serial: Source("ST community, STM32G0B1"), .leave: reported]),
    g0(
      "G0B0", "STM32G0B0", ["G0B0"], flashAlternates: nil,
      optionBytes: "G0B0", sources: [.signs: notSeen, .reconnectTime: guessed]),
  ]

  private static func g0(
    _ name: String, _ title: String, _ aliases: [String],
    flashAlternates: Int?, optionBytes: String, sources: [Aspect: Source]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: [pages(2 << 10, 128, 256, 512)],
        optionBytes: [[AddressWindow(0x1FFF_7800, length: 128)]],
        optionByteLengthsUnknown: true, deviceFeature: false,
        flashAlternates: flashAlternates),
      uniqueID: UniqueIDLocation(0x1FFF_7590, .no), serial: .derived(.rom),
      writeAlignment: 4, eccWord: 8, timing: .g0, ram: [sram(144)],
      freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF),
      bootloaderID: 0x1FFF_9FFE, emptyCheck: bootLockOff, reconnectTime: 300,
      leave: LeaveFacts(lastStatusMayFail: true), optionBytes: optionBytes,
      optionBytesReachable: flashAlternates == nil,
      uf2Families: [0x300F_5633],
      sources: sources.merging([.uniqueIDReadable: reported]) { row, _ in row })
  }

  private static let c0: [ChipFamily] = [
    ChipFamily(
      name: "C071", title: "STM32C071", aliases: ["C071"],
      signs: Signs(
        flash: [pages(2 << 10, 64, 128)],
        optionBytes: [[AddressWindow(0x1FFF_7800, length: 128)]],
        optionByteLengthsUnknown: true, deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_7550, .unknown),
      serial: .derived(.rom), writeAlignment: 8, eccWord: 8, timing: .g0,
      ram: [sram(24)], freeRAM: 0x2000_2300,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF),
      bootloaderID: 0x1FFF_67FE, emptyCheck: bootLockOff, reconnectTime: 552,
      leave: LeaveFacts(needsAddress: true), optionBytes: "C071",
      sources: [
        .signs: notSeen, .leave: Source("AN2606 rev 70"),
        .serial: Source(
          "ST community, serial number in STM32C0's bootloader"),
      ]),
    ChipFamily(
      name: "C5", title: "STM32C5", aliases: ["C5"],
      signs: Signs(flash: []), writeAlignment: 16, ram: [],
      freeRAM: 0x2000_3C40,
      systemMemory: AddressWindow(0x0BF8_0080, through: 0x0BF8_85FF),
      emptyCheck: .present(condition: "BootSel is 0"),
      sources: [.signs: notSeen]),
  ]

  private static let g4: [ChipFamily] = [
    g4(
      "G431", "STM32G431, G441", ["G431", "G441"],
      [pages(2 << 10, 32, 64, 128)],
      windows: [[AddressWindow(0x1FFF_7800, length: 48)]], ram: 32,
      optionBytes: "G431"),
    g4(
      "G47x", "STM32G471, G473, G474, G483, G484",
      ["G471", "G473", "G474", "G483", "G484"],
      [pages(2 << 10, 128, 256, 512), pages(4 << 10, 128, 256, 512)],
      windows: [
        [
          AddressWindow(0x1FFF_7800, length: 48),
          AddressWindow(0x1FFF_F800, length: 48),
        ]
      ], ram: 128, optionBytes: "G47x"),
    g4(
      "G491", "STM32G491, G4A1", ["G491", "G4A1"], [pages(2 << 10, 256, 512)],
      windows: [[AddressWindow(0x1FFF_7800, length: 48)]], ram: 112,
      optionBytes: "G491", sources: [.signs: notSeen]),
  ]

  private static func g4(
    _ name: String, _ title: String, _ aliases: [String],
    _ flash: [FlashShape], windows: [[AddressWindow]], ram: Int,
    optionBytes: String, sources: [Aspect: Source] = [:]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(flash: flash, optionBytes: windows, deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_7590, .no), serial: .derived(.rom),
      writeAlignment: 8, eccWord: 8, timing: .l4, ram: [sram(ram)],
      freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF),
      reconnectTime: 300, optionBytes: optionBytes,
      uf2Families: [0x4C71_240A],
      sources: sources.merging([
        .uniqueIDReadable: reported, .timing: figures,
      ]) { row, _ in row })
  }
}

// MARK: - H5, H7

extension ChipFamily {
  private static let h5: [ChipFamily] = [
    h5(
      "H503", "STM32H503", ["H503"], [128], ram: 32,
      AddressWindow(0x0BF8_7000, through: 0x0BF8_FFFF), bootloaderID: nil,
      optionBytes: "H503"),
    h5(
      "H523", "STM32H523, H533", ["H523", "H533"], [256, 512], ram: 272,
      AddressWindow(0x0BF9_7000, through: 0x0BF9_FFFF), bootloaderID: nil,
      optionBytes: "H523"),
    h5(
      "H563", "STM32H562, H563, H573", ["H562", "H563", "H573"],
      [1024, 2048], ram: 640,
      AddressWindow(0x0BF9_7000, through: 0x0BF9_FFFF),
      bootloaderID: 0x0BF9_FAFE, optionBytes: "H563"),
    h5(
      "H5E", "STM32H5E, H5F", ["H5E", "H5F"], [4096], ram: 1536,
      AddressWindow(0x0BFA_C000, through: 0x0BFB_7FFF), bootloaderID: nil,
      optionBytes: nil),
  ]

  private static func h5(
    _ name: String, _ title: String, _ aliases: [String], _ totals: [Int],
    ram: Int, _ systemMemory: AddressWindow, bootloaderID: UInt32?,
    optionBytes: String?
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: [
          .uniform(sector: 8 << 10, totals: totals.map { $0 * kilobyte })
        ],
        optionBytes: [[AddressWindow(0x4002_2050, length: 432)]],
        optionByteLengthsUnknown: true, deviceFeature: false),
      uniqueID: UniqueIDLocation(0x08FF_F800, .unknown), serial: .unknown,
      writeAlignment: 16, eccWord: 16, ram: [sram(ram)], freeRAM: 0x2000_4000,
      systemMemory: systemMemory, bootloaderID: bootloaderID,
      reconnectTime: 250,
      leave: LeaveFacts(resetCommand: true, nonSecureOnly: name != "H503"),
      optionBytes: optionBytes,
      sources: name == "H563" ? [:] : [.signs: notSeen])
  }

  private static let h7: [ChipFamily] = [
    h7(
      "H74x",
      "STM32H742, H743, H745, H747, H750, H753, H755, H757",
      ["H742", "H743", "H745", "H747", "H750", "H753", "H755", "H757"],
      [pages(128 << 10, 128, 1024, 2048)],
      window: AddressWindow(0x5200_201C, length: 128),
      uniqueID: UniqueIDLocation(0x1FF1_E800, .no),
      serial: .constant(["200364500000", "200000500000", "100364500000"]),
      eccWord: 32, timing: .h7,
      ram: [
        sram(128), sram(512, at: 0x2400_0000), sram(288, at: 0x3000_0000),
        sram(64, at: 0x3800_0000),
      ],
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF1_E7FF),
      bootloaderID: 0x1FF1_E7FE, reconnectTime: 54, polling: .answersBusy,
      optionBytes: "H74x",
      sources: [
        .uniqueIDReadable: reported, .polling: reported, .timing: figures,
        .serial: Source("ST community, STM32H745 bootloader serial number"),
      ]),
    h7(
      "H72x", "STM32H723, H725, H730, H733, H735",
      ["H723", "H725", "H730", "H733", "H735"],
      [pages(128 << 10, 128, 256, 512, 1024)],
      window: AddressWindow(0x5200_201C, length: 88),
      uniqueID: UniqueIDLocation(0x1FF1_E800, .unknown),
      serial: .derived(.rom), eccWord: 32, timing: .h7,
      ram: [
        sram(128), sram(320, at: 0x2400_0000), sram(32, at: 0x3000_0000),
        sram(16, at: 0x3800_0000),
      ],
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF1_E7FF),
      bootloaderID: 0x1FF1_E7FE, reconnectTime: 54, optionBytes: "H72x",
      sources: [.uniqueID: guessed]),
    h7(
      "H7A3", "STM32H7A3, H7B0, H7B3", ["H7A3", "H7B0", "H7B3"],
      [pages(8 << 10, 128, 1024, 2048), pages(2 << 10, 512)],
      window: AddressWindow(0x5200_201C, length: 297),
      uniqueID: UniqueIDLocation(0x08FF_F800, .unknown),
      serial: .constantInSome(["FFFFFFFEFFFF"]), eccWord: 16, timing: nil,
      ram: [
        sram(128), sram(1024, at: 0x2400_0000), sram(128, at: 0x3000_0000),
        sram(32, at: 0x3800_0000),
      ],
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF1_3FFF),
      bootloaderID: 0x1FF1_3FFE, reconnectTime: 545, optionBytes: "H7A3"),
    ChipFamily(
      name: "H7RS", title: "STM32H7R3, H7R7, H7S3, H7S7",
      aliases: ["H7R3", "H7R7", "H7S3", "H7S7", "H7R", "H7S"],
      signs: Signs(flash: [pages(8 << 10, 64)], deviceFeature: false),
      writeAlignment: 16, eccWord: 16,
      ram: [
        sram(64), sram(456, at: 0x2400_0000), sram(32, at: 0x3000_0000),
      ],
      leave: LeaveFacts(lastStatusMayFail: true),
      sources: [.signs: notSeen]),
  ]

  private static func h7(
    _ name: String, _ title: String, _ aliases: [String],
    _ flash: [FlashShape], window: AddressWindow, uniqueID: UniqueIDLocation,
    serial: SerialKind, eccWord: Int, timing: FlashTiming?,
    ram: [AddressWindow], systemMemory: AddressWindow, bootloaderID: UInt32,
    reconnectTime: Int, polling: EarlyPoll = .unknown, optionBytes: String,
    sources: [Aspect: Source] = [:]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: flash, optionBytes: [[window]], deviceFeature: false,
        serials: serial.constants),
      uniqueID: uniqueID, serial: serial, writeAlignment: 8, eccWord: eccWord,
      timing: timing, ram: ram, freeRAM: 0x2000_4100,
      systemMemory: systemMemory, bootloaderID: bootloaderID,
      reconnectTime: reconnectTime, polling: polling,
      leave: LeaveFacts(lastStatusMayFail: true), optionBytes: optionBytes,
      uf2Families: [0x6DB6_6082],
      sources: sources.merging([.leave: reported]) { row, _ in row })
  }
}

// MARK: - L0, L1, L4, L5

extension ChipFamily {
  private static let l0: [ChipFamily] = [
    ChipFamily(
      name: "L07x", title: "STM32L072, L073, L082, L083",
      aliases: ["L072", "L073", "L082", "L083"],
      signs: Signs(
        flash: [pages(128, 64, 128, 192)],
        optionBytes: [[AddressWindow(0x1FF8_0000, length: 32)]],
        deviceFeature: false),
      uniqueID: UniqueIDLocation(
        words: [0x1FF8_0050, 0x1FF8_0054, 0x1FF8_0064], .unknown),
      serial: .derived(.romWithWord2), writeAlignment: 8, erasedByte: 0x00,
      timing: .l0,
      ram: [sram(20)], freeRAM: 0x2000_1000,
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF0_1FFF),
      bootloaderID: 0x1FF0_1FFE, optionBytes: "L0",
      uf2Families: [0x202E_3A91])
  ]

  private static let l1: [ChipFamily] = [
    l1("L1xC", "STM32L151xC, L152xC, L162xC", "C", 256, ram: 32),
    l1("L1xD", "STM32L151xD, L152xD, L162xD", "D", 384, ram: 48),
    l1("L1xE", "STM32L151xE, L152xE, L162xE", "E", 512, ram: 80),
  ]

  private static func l1(
    _ name: String, _ title: String, _ size: String, _ kilobytes: Int, ram: Int
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title,
      aliases: [
        "L100x\(size)", "L151x\(size)", "L152x\(size)", "L162x\(size)",
      ],
      signs: Signs(
        flash: [.uniform(sector: 256, totals: [kilobytes * kilobyte])],
        optionBytes: [[AddressWindow(0x1FF8_0000, length: 32)]],
        optionByteLengthsUnknown: true, deviceFeature: false),
      uniqueID: UniqueIDLocation(
        words: [0x1FF8_00D0, 0x1FF8_00D4, 0x1FF8_00E4], .unknown),
      serial: .unknown, writeAlignment: 8, erasedByte: 0x00, timing: .l1,
      ram: [sram(ram)],
      freeRAM: 0x2000_1000,
      systemMemory: AddressWindow(0x1FF0_0000, through: 0x1FF0_1FFF),
      bootloaderID: 0x1FF0_1FFE, reconnectTime: 849,
      optionBytes: size == "C" ? "L1" : "L1xD",
      uf2Families: [0x1E1F_432D])
  }

  private static let l4Window = AddressWindow(0x1FFF_7800, length: 40)
  private static let l4BootZero: EmptyCheck = .present(
    condition: "the BOOT0 pin is low and nSWBOOT0 is 1")
  private static let l4BankTwo = AddressWindow(0x1FFF_F800, length: 40)
  private static let l4RWindows = [
    AddressWindow(0x1FF0_0000, length: 40),
    AddressWindow(0x1FF0_1000, length: 40),
  ]

  private static let l4: [ChipFamily] = [
    l4(
      "L412", "STM32L412, L422", ["L412", "L422"], [pages(2 << 10, 64, 128)],
      ram: [sram(40)], freeRAM: 0x2000_3000, emptyCheck: l4BootZero,
      reconnectTime: 820, optionBytes: "L412"),
    l4(
      "L43x", "STM32L432, L433, L442, L443",
      ["L432", "L433", "L442", "L443"], [pages(2 << 10, 128, 256)],
      ram: [sram(64), sram(16, at: 0x1000_0000)], freeRAM: 0x2000_3100,
      emptyCheck: l4BootZero, reconnectTime: 820, polling: .stallsWhenEarly,
      optionBytes: "L43x", sources: [.polling: reported]),
    l4(
      "L45x", "STM32L451, L452, L462", ["L451", "L452", "L462"],
      [pages(2 << 10, 256, 512)],
      ram: [sram(160), sram(32, at: 0x1000_0000)], freeRAM: 0x2000_3100,
      emptyCheck: l4BootZero, optionBytes: "L45x"),
    l4(
      "L47x", "STM32L471, L475, L476, L486",
      ["L471", "L475", "L476", "L486"], [pages(2 << 10, 256, 512, 1024)],
      windows: [[l4Window], [l4Window, l4BankTwo]],
      ram: [sram(96), sram(32, at: 0x1000_0000)], freeRAM: 0x2000_3400,
      reconnectTime: 2560, optionBytes: "L47x"),
    l4(
      "L496", "STM32L496, L4A6", ["L496", "L4A6"],
      [pages(2 << 10, 512, 1024)],
      windows: [[l4Window], [l4Window, l4BankTwo]], serial: .unstable,
      ram: [sram(320), sram(64, at: 0x1000_0000)], freeRAM: 0x2000_3100,
      emptyCheck: .present(condition: "BOOT0 low, by the pin or by nBOOT0"),
      optionBytes: "L496",
      sources: [
        .serial: Source(
          "ST community, L496 DFU Serial Number Changes Every Power Cycle"),
        .emptyCheck: Source("AN2606 rev 70, boot pattern 6", .inferred),
      ]),
    l4(
      "L4R", "STM32L4R5, L4R7, L4R9, L4S5, L4S7, L4S9",
      ["L4R5", "L4R7", "L4R9", "L4S5", "L4S7", "L4S9"],
      [pages(4 << 10, 1024, 2048), pages(8 << 10, 1024, 2048)],
      windows: [l4RWindows], ram: [sram(640), sram(64, at: 0x1000_0000)],
      freeRAM: 0x2000_3200,
      emptyCheck: .present(condition: "BOOT0 low, by the pin or by nBOOT0"),
      optionBytes: "L4R"),
    l4(
      "L4P5", "STM32L4P5, L4Q5", ["L4P5", "L4Q5"],
      [pages(4 << 10, 512, 1024), pages(8 << 10, 512, 1024)],
      windows: [l4RWindows], ram: [sram(320), sram(64, at: 0x1000_0000)],
      freeRAM: 0x2000_4000, emptyCheck: .unknown, optionBytes: "L4R",
      sources: [.signs: guessed]),
  ]

  private static func l4(
    _ name: String, _ title: String, _ aliases: [String],
    _ flash: [FlashShape], windows: [[AddressWindow]] = [[l4Window]],
    serial: SerialKind = .derived(.rom), ram: [AddressWindow],
    freeRAM: UInt32, emptyCheck: EmptyCheck = .absent,
    reconnectTime: Int? = nil, polling: EarlyPoll = .unknown,
    optionBytes: String, sources: [Aspect: Source] = [:]
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(flash: flash, optionBytes: windows, deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_7590, .no), serial: serial,
      writeAlignment: 8, eccWord: 8, timing: .l4, ram: ram, freeRAM: freeRAM,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF),
      bootloaderID: 0x1FFF_6FFE, emptyCheck: emptyCheck,
      reconnectTime: reconnectTime, polling: polling,
      optionBytes: optionBytes, uf2Families: [0x00FF_6919],
      sources: sources.merging([
        .uniqueIDReadable: reported, .timing: figures,
      ]) { row, _ in row })
  }

  private static let l5: [ChipFamily] = [
    ChipFamily(
      name: "L5", title: "STM32L552, L562", aliases: ["L552", "L562"],
      signs: Signs(
        flash: [pages(2 << 10, 256, 512), pages(4 << 10, 256, 512)],
        optionBytes: [[AddressWindow(0x4002_2040, length: 48)]],
        deviceFeature: false),
      uniqueID: UniqueIDLocation(0x0BFA_0590, .unknown), serial: .unknown,
      writeAlignment: 16, eccWord: 8, timing: .l4, ram: [sram(256)],
      freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x0BF9_0000, through: 0x0BF9_7FFF),
      bootloaderID: 0x0BF9_7FFE, leave: LeaveFacts(nonSecureOnly: true),
      optionBytes: "L5", uf2Families: [0x0424_0BDF],
      sources: [.signs: notSeen])
  ]
}

// MARK: - U0, U3, U5, WB

extension ChipFamily {
  private static let u0: [ChipFamily] = [
    ChipFamily(
      name: "U073", title: "STM32U073, U083", aliases: ["U073", "U083"],
      signs: Signs(
        flash: [pages(2 << 10, 64, 128, 256)],
        optionBytes: [[AddressWindow(0x4002_2020, length: 136)]],
        deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_6E50, .unknown), serial: .unknown,
      writeAlignment: 8, eccWord: 8, ram: [sram(40)], freeRAM: 0x2000_2200,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_67FF),
      bootloaderID: 0x1FFF_67FE, emptyCheck: bootLockOff, optionBytes: "U0")
  ]

  private static let u3: [ChipFamily] = [
    ChipFamily(
      name: "U375", title: "STM32U375, U385", aliases: ["U375", "U385"],
      signs: Signs(flash: []), writeAlignment: 8, ram: [sram(256)],
      freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x0BF8_F000, through: 0x0BF9_FFFF),
      bootloaderID: 0x0BF9_8FFE, leave: LeaveFacts(nonSecureOnly: true),
      sources: [.signs: notSeen])
  ]

  private static let u5: [ChipFamily] = [
    u5(
      "U535", "STM32U535, U545", ["U535", "U545"], [128, 256, 512], ram: 256),
    u5("U575", "STM32U575, U585", ["U575", "U585"], [1024, 2048], ram: 768),
    u5(
      "U59x", "STM32U595, U599, U5A5, U5A9",
      ["U595", "U599", "U5A5", "U5A9"], [2048, 4096], ram: 2496),
    u5(
      "U5F", "STM32U5F7, U5F9, U5G7, U5G9",
      ["U5F7", "U5F9", "U5G7", "U5G9"], [2048, 4096], ram: 3008),
  ]

  private static func u5(
    _ name: String, _ title: String, _ aliases: [String], _ totals: [Int],
    ram: Int
  ) -> ChipFamily {
    ChipFamily(
      name: name, title: title, aliases: aliases,
      signs: Signs(
        flash: [
          .uniform(sector: 8 << 10, totals: totals.map { $0 * kilobyte })
        ],
        optionBytes: [[AddressWindow(0x4002_2040, length: 64)]],
        deviceFeature: false),
      uniqueID: UniqueIDLocation(0x0BFA_0700, .no), serial: .derived(.rom),
      writeAlignment: 16, eccWord: 16, timing: .u5,
      ram: [sram(ram), sram(16, at: 0x2800_0000)], freeRAM: 0x2000_4000,
      systemMemory: AddressWindow(0x0BF9_0000, through: 0x0BF9_FFFF),
      bootloaderID: 0x0BF9_9EFE, reconnectTime: 300,
      leave: LeaveFacts(nonSecureOnly: true),
      optionBytes: name == "U535" ? "U535" : name == "U575" ? "U575" : "U59x",
      sources: [.uniqueIDReadable: reported])
  }

  private static let wb: [ChipFamily] = [
    ChipFamily(
      name: "WB55", title: "STM32WB35, WB55", aliases: ["WB35", "WB55"],
      signs: Signs(
        flash: [pages(4 << 10, 256, 512, 640, 1024)],
        optionBytes: [[AddressWindow(0x1FFF_8000, length: 128)]],
        deviceFeature: false),
      uniqueID: UniqueIDLocation(0x1FFF_7590, .no), serial: .derived(.rom),
      writeAlignment: 8, eccWord: 8, timing: .l4, ram: [sram(256)],
      freeRAM: 0x2000_5000,
      systemMemory: AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF),
      bootloaderID: 0x1FFF_6FFE,
      emptyCheck: .present(condition: "the BOOT0 pin is low and nSWBOOT0 is 1"),
      reconnectTime: 300, leave: LeaveFacts(lastStatusMayFail: true),
      optionBytes: "WB55", uf2Families: [0x70D1_6653],
      sources: [.uniqueIDReadable: reported, .leave: reported])
  ]
}

// MARK: - Other makers

extension ChipFamily {
  private static let others: [ChipFamily] = [
    ChipFamily(
      name: "GD32VF103", title: "GigaDevice GD32VF103",
      aliases: ["GD32VF103"],
      signs: Signs(
        identifiers: [.gigaDevice], flash: [pages(2 << 10, 1024)],
        sizeInSerial: true),
      writeAlignment: 4, ram: [sram(32)], startsWithStackPointer: false,
      uf2Families: [0x9AF0_3E33],
      sources: [
        .writeAlignment: Source("guess", .unconfirmed),
        .emptyCheck: Source("guess", .unconfirmed),
      ]),
    ChipFamily(
      name: "AT32", title: "Artery AT32", aliases: ["AT32"],
      signs: Signs(identifiers: [.artery], flash: []),
      serial: .constant(["AT32"]), writeAlignment: 4, ram: [],
      emptyCheck: .unknown,
      sources: [
        .serial: reported, .writeAlignment: Source("guess", .unconfirmed),
      ]),
    ChipFamily(
      name: "APM32", title: "Geehy APM32", aliases: ["APM32"],
      signs: Signs(identifiers: [.geehy], flash: []), writeAlignment: 4,
      ram: [], emptyCheck: .unknown,
      sources: [.writeAlignment: Source("guess", .unconfirmed)]),
  ]
}
