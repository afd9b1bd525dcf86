extension OptionByteLayout {
  /// Every layout that is known.
  public static let all: [OptionByteLayout] =
    f1Style + f4Style + f7Style + l0Style + l4Style + g0Style + wbStyle
    + l5Style + h7Style + h5Style
}

/// A field with what ``commonFields`` knows of its name.
private func bits(
  _ name: String, _ bit: Int, _ width: Int = 1, _ kind: OptionField.Kind? = nil,
  _ values: [UInt32: String]? = nil, _ confidence: Confidence = .confirmed
) -> OptionField {
  let common = commonFields[name]
  return OptionField(
    name: name, bit: bit, width: width, meaning: common?.meaning ?? "",
    values: values ?? common?.values ?? [:],
    kind: kind ?? common?.kind ?? .plain, confidence: confidence)
}

private func word(
  _ address: UInt32, _ encoding: OptionWord.Encoding, _ factory: UInt32?,
  _ fields: [OptionField]
) -> OptionWord {
  OptionWord(
    address: address, encoding: encoding, factoryValue: factory,
    fields: fields.sorted { $0.bit < $1.bit })
}

/// First and last page of an area in one word.
private func area(
  _ name: String, _ width: Int, _ startSuffix: String = "_STRT",
  _ endSuffix: String = "_END"
) -> [OptionField] {
  [
    bits(name + startSuffix, 0, width, .areaStart(name)),
    bits(name + endSuffix, 16, width, .areaEnd(name)),
  ]
}

private let resets: [UInt32: String] = [0: "reset", 1: "no-reset"]
private let hardwareOrSoftware: [UInt32: String] = [
  0: "hardware", 1: "software",
]
private let frozenOrRunning: [UInt32: String] = [0: "frozen", 1: "running"]
private let offOrOn: [UInt32: String] = [0: "off", 1: "on"]
private let onOrOff: [UInt32: String] = [0: "on", 1: "off"]
private let keptOrErased: [UInt32: String] = [0: "erased", 1: "kept"]

private let borDescending: [UInt32: String] = [
  0: "level3", 1: "level2", 2: "level1", 3: "off",
]
private let borAscending: [UInt32: String] = [
  0: "level0", 1: "level1", 2: "level2", 3: "level3", 4: "level4",
]
private let borH7: [UInt32: String] = [
  0: "off", 1: "level1", 2: "level2", 3: "level3",
]
private let borL0: [UInt32: String] = [
  0: "off", 8: "level1", 9: "level2", 10: "level3", 11: "level4", 12: "level5",
]

private let removedByRegression =
  "code protection goes away only when readout protection is lowered from "
  + "level 1, which erases the flash"
private let bootIsLocked =
  "with the boot lock on, the bootloader can no longer be started, and "
  + "together with readout protection there may be no way back"

/// What the fields are for, by name.
private let commonFields:
  [String: (meaning: String, values: [UInt32: String], kind: OptionField.Kind)] =
    [
      "RDP": (
        "readout protection", [0xAA: "level0", 0xCC: "level2"],
        .readoutProtection
      ),
      "PRODUCT_STATE": (
        "life cycle of the product",
        [
          0xED: "open", 0x17: "provisioning", 0x2E: "iROT-provisioned",
          0xC6: "TZ-closed", 0x72: "closed", 0x5C: "locked", 0x9A: "regression",
          0xA3: "NS-regression",
        ], .readoutProtection
      ),
      "BOR_LEV": ("brown-out reset level", [:], .plain),
      "BOR_EN": ("configurable brown-out reset", offOrOn, .plain),
      "BORR_LEV": (
        "brown-out level, rising supply",
        [0: "level1", 1: "level2", 2: "level3", 3: "level4"], .plain
      ),
      "BORF_LEV": (
        "brown-out level, falling supply",
        [0: "level1", 1: "level2", 2: "level3", 3: "level4"], .plain
      ),
      "BORH_EN": ("brown-out high level", offOrOn, .plain),
      "WDG_SW": ("independent watchdog", hardwareOrSoftware, .plain),
      "IWDG_SW": ("independent watchdog", hardwareOrSoftware, .plain),
      "IWDG1_SW": ("independent watchdog", hardwareOrSoftware, .plain),
      "WWDG_SW": ("window watchdog", hardwareOrSoftware, .plain),
      "IWDG_STOP": ("independent watchdog in Stop", frozenOrRunning, .plain),
      "IWDG_STDBY": (
        "independent watchdog in Standby", frozenOrRunning, .plain
      ),
      "FZ_IWDG_STOP": ("independent watchdog in Stop", frozenOrRunning, .plain),
      "FZ_IWDG_SDBY": (
        "independent watchdog in Standby", frozenOrRunning, .plain
      ),
      "nRST_STOP": ("on entering Stop", resets, .plain),
      "nRST_STDBY": ("on entering Standby", resets, .plain),
      "nRST_SHDW": ("on entering Shutdown", resets, .plain),
      "NRST_STOP": ("on entering Stop", resets, .plain),
      "NRST_STBY": ("on entering Standby", resets, .plain),
      "NRST_STDBY": ("on entering Standby", resets, .plain),
      "nBOOT0": (
        "BOOT0 as an option bit, inverted: 1 boots the main flash", [:], .plain
      ),
      "nBOOT1": (
        "with BOOT0 on: 1 boots the bootloader, 0 RAM",
        [0: "RAM", 1: "bootloader"], .plain
      ),
      "BOOT1": ("with BOOT0 on: where to boot from", [:], .plain),
      "BOOT_SEL": (
        "where BOOT0 comes from", [0: "nBOOT0-bit", 1: "BOOT0-pin"], .plain
      ),
      "nBOOT_SEL": (
        "where BOOT0 comes from", [0: "BOOT0-pin", 1: "nBOOT0-bit"], .plain
      ),
      "nSWBOOT0": (
        "where BOOT0 comes from", [0: "nBOOT0-bit", 1: "BOOT0-pin"], .plain
      ),
      "BFB2": ("boot from bank 2", [:], .plain),
      "DUALBANK": ("two banks (on smaller parts)", offOrOn, .plain),
      "DUAL_BANK": ("two banks", offOrOn, .plain),
      "DBANK": ("two banks", offOrOn, .plain),
      "DB1M": ("two banks on parts of 1 MB", offOrOn, .plain),
      "DB256K": ("two banks on parts of 256 KB", offOrOn, .plain),
      "nDBANK": ("two banks", onOrOff, .plain),
      "nDBOOT": ("boot from either bank", onOrOff, .plain),
      "SWAP_BANK": ("banks swapped", offOrOn, .plain),
      "nSWAP_BANK": ("banks swapped", onOrOff, .plain),
      "VDDA_MONITOR": ("supervision of VDDA", offOrOn, .plain),
      "RAM_PARITY": ("RAM parity check", onOrOff, .plain),
      "SRAM_PE": ("RAM parity check", onOrOff, .plain),
      "SRAM2_PE": ("SRAM2 parity check", onOrOff, .plain),
      "SRAM2_ECC": ("SRAM2 error correction", onOrOff, .plain),
      "SRAM3_ECC": ("SRAM3 error correction", onOrOff, .plain),
      "BKPRAM_ECC": ("backup RAM error correction", onOrOff, .plain),
      "SRAM_RST": ("RAM at reset", keptOrErased, .plain),
      "SRAM2_RST": ("SRAM2 at reset", keptOrErased, .plain),
      "SRAM1_3_RST": ("SRAM1 and SRAM3 at reset", keptOrErased, .plain),
      "CCMSRAM_RST": ("CCM RAM at reset", keptOrErased, .plain),
      "NRST_MODE": (
        "what the NRST pin does",
        [1: "reset-input", 2: "GPIO", 3: "reset-input-output"], .plain
      ),
      "IRHEN": ("internal reset holder", offOrOn, .plain),
      "SPRMOD": (
        "what nWRP means: write protection, or PCROP",
        [0: "write-protection", 1: "PCROP"], .risky(1, removedByRegression)
      ),
      "WPRMOD": (
        "what WRP means: write protection, or PCROP",
        [0: "write-protection", 1: "PCROP"], .risky(1, removedByRegression)
      ),
      "PCROP_RDP": (
        "PCROP area when readout protection is lowered",
        [0: "kept", 1: "erased"], .plain
      ),
      "BOOT_LOCK": (
        "always boot the main flash", offOrOn, .risky(1, bootIsLocked)
      ),
      "TZEN": (
        "TrustZone", offOrOn,
        .risky(
          1,
          "TrustZone can be turned off again only by lowering readout protection, "
            + "which erases the flash")
      ),
      "SECURITY": (
        "security features", offOrOn,
        .risky(1, "a chip with its security on opens again only by erasing it")
      ),
      "AGC_TRIM": (
        "radio trimming", [:], .readOnly("trimmed by the factory")
      ),
      "ESE": ("radio security", [:], .readOnly("it belongs to the radio core")),
      "BOOT_ADD0": ("boot address with BOOT0 low", [:], .plain),
      "BOOT_ADD1": ("boot address with BOOT0 high", [:], .plain),
      "DATA0": ("a byte for the application", [:], .plain),
      "DATA1": ("a byte for the application", [:], .plain),
    ]

// MARK: - F0, F1, F3

extension OptionByteLayout {
  private static let f1Style: [OptionByteLayout] = [
    f1Layout(
      "F04x", 0xAA,
      [
        bits("nBOOT0", 19), bits("nBOOT1", 20), bits("VDDA_MONITOR", 21),
        bits("RAM_PARITY", 22), bits("BOOT_SEL", 23),
      ], Source("RM0091, RM0360 and CMSIS device headers")),
    f1Layout(
      "F07x", 0xAA,
      [
        bits("nBOOT1", 20), bits("VDDA_MONITOR", 21), bits("RAM_PARITY", 22),
      ], Source("RM0091, RM0360 and CMSIS device headers")),
    f1Layout(
      "F1", 0xA5, [], Source("RM0008, PM0075 and CMSIS device headers")),
    f1Layout(
      "F3", 0xAA,
      [bits("nBOOT1", 20), bits("VDDA_MONITOR", 21), bits("SRAM_PE", 22)],
      Source("RM0316 and CMSIS device headers")),
    f1Layout(
      "F373", 0xAA,
      [
        bits("nBOOT1", 20), bits("VDDA_MONITOR", 21), bits("SRAM_PE", 22),
        bits("SDADC12_VDD_MONITOR", 23),
      ], Source("RM0313 and CMSIS device headers")),
  ]

  private static func f1Layout(
    _ name: String, _ open: UInt32, _ user: [OptionField], _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_F800
    func protection(_ index: Int, _ bit: Int) -> OptionField {
      bits(
        "WRP\(index)", bit, 8, .sectors(first: index * 8, protectedWhen: 0))
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 16)],
      words: [
        word(
          base, .byteComplement, 0x00FF_0000 | open,
          [
            bits(
              "RDP", 0, 8, nil, open == 0xA5 ? [open: "level0"] : nil),
            bits("IWDG_SW", 16), bits("nRST_STOP", 17),
            bits("nRST_STDBY", 18),
          ] + user),
        word(
          base + 4, .byteComplement, 0x00FF_00FF,
          [bits("DATA0", 0, 8), bits("DATA1", 16, 8)]),
        word(
          base + 8, .byteComplement, 0x00FF_00FF,
          [protection(0, 0), protection(1, 16)]),
        word(
          base + 12, .byteComplement, 0x00FF_00FF,
          [protection(2, 0), protection(3, 16)]),
      ], protection: open == 0xA5 ? .f1 : .standard, source: source)
  }
}

// MARK: - F2, F4, F7

extension OptionByteLayout {
  private static let f4Style: [OptionByteLayout] = [
    f4Layout("F2", sectors: 12, sprmod: false),
    f4Layout("F405", sectors: 12, sprmod: false),
    f4Layout("F401xC", sectors: 6),
    f4Layout("F401xE", sectors: 8),
    f4Layout("F411", sectors: 8),
    f4Layout("F446", sectors: 8),
    f4Layout("F412", sectors: 12),
    f4Layout("F413", sectors: 15),
    f4Layout("F42x", sectors: 12, dualBank: true),
  ]

  private static func f4Layout(
    _ name: String, sectors: Int, sprmod: Bool = true, dualBank: Bool = false
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_C000
    let second: UInt32 = 0x1FFE_C000
    var windows = [AddressWindow(base, length: 16)]
    var first = [
      bits("BOR_LEV", 2, 2, nil, borDescending), bits("WDG_SW", 5),
      bits("nRST_STOP", 6), bits("nRST_STDBY", 7), bits("RDP", 8, 8),
    ]
    var protection = [
      bits("nWRP", 0, sectors, .sectors(first: 0, protectedWhen: 0))
    ]
    if sprmod { protection.append(bits("SPRMOD", 15)) }
    var words: [OptionWord] = []
    if dualBank {
      first.append(bits("BFB2", 4))
      protection.append(bits("DB1M", 14))
      windows.append(AddressWindow(second, length: 16))
      words.append(
        word(
          second + 8, .halfComplement, 0x0FFF,
          [bits("nWRP2", 0, 12, .sectors(first: 12, protectedWhen: 0))]))
    }
    words += [
      word(base, .halfComplement, 0xAAEF, first),
      word(base + 8, .halfComplement, 0x0FFF, protection),
    ]
    return OptionByteLayout(
      name: name, windows: windows,
      words: words.sorted { $0.address < $1.address }, protection: .standard,
      source: Source(
        "RM0090 and its like, CMSIS device headers (OPTCR)",
        name == "F2" ? .unconfirmed : .confirmed))
  }

  private static let f7Style: [OptionByteLayout] = [
    f7Layout("F72x", length: 48, codeProtection: true),
    f7Layout("F74x", length: 32),
    f7Layout("F76x", length: 32, dualBank: true),
  ]

  private static func f7Layout(
    _ name: String, length: Int, dualBank: Bool = false,
    codeProtection: Bool = false
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_0000
    var protection = [
      bits(
        "nWRP", 0, dualBank ? 12 : 8, .sectors(first: 0, protectedWhen: 0)),
      bits("IWDG_STDBY", 14), bits("IWDG_STOP", 15),
    ]
    if dualBank { protection += [bits("nDBOOT", 12), bits("nDBANK", 13)] }
    var words = [
      word(
        base, .halfComplement, 0xAAFF,
        [
          bits("BOR_LEV", 2, 2, nil, borDescending), bits("WWDG_SW", 4),
          bits("IWDG_SW", 5), bits("nRST_STOP", 6), bits("nRST_STDBY", 7),
          bits("RDP", 8, 8),
        ]),
      word(base + 8, .halfComplement, 0xFFFF, protection),
      word(
        base + 16, .halfComplement, 0x0080,
        [bits("BOOT_ADD0", 0, 16, .address(shift: 14))]),
      word(
        base + 24, .halfComplement, 0x0040,
        [bits("BOOT_ADD1", 0, 16, .address(shift: 14))]),
    ]
    if codeProtection {
      words += [
        word(
          base + 32, .halfComplement, nil,
          [
            bits(
              "PCROP", 0, 8, .sectors(first: 0, protectedWhen: 1), nil,
              .unconfirmed)
          ]),
        word(
          base + 40, .halfComplement, nil,
          [bits("PCROP_RDP", 15, 1, nil, nil, .unconfirmed)]),
      ]
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: words, protection: .standard,
      source: Source(
        "RM0385, RM0410, RM0431 and CMSIS device headers",
        name == "F72x" ? .confirmed : .inferred))
  }
}

// MARK: - L0, L1

extension OptionByteLayout {
  private static let l0Style: [OptionByteLayout] = [
    l0Layout(
      "L0", user: 0x8070, mode: "WPRMOD", protectionWords: 3,
      extra: [bits("BFB2", 7), bits("BOOT1", 15)],
      Source("RM0376 and CMSIS device headers")),
    l0Layout(
      "L1", user: 0x0078, mode: "SPRMOD", protectionWords: 4,
      extra: [bits("BFB2", 7, 1, nil, nil, .unconfirmed)],
      Source("RM0038 and CMSIS device headers", .unconfirmed)),
    // Parts of 512 KB have two more words outside the window.
    l0Layout(
      "L1xD", user: 0x0078, mode: "SPRMOD", protectionWords: 6,
      extra: [bits("BFB2", 7, 1, nil, nil, .unconfirmed)],
      Source("RM0038 and CMSIS device headers", .unconfirmed)),
  ]

  private static func l0Layout(
    _ name: String, user: UInt32, mode: String, protectionWords: Int,
    extra: [OptionField], _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FF8_0000
    var words = [
      word(base, .halfComplement, 0x00AA, [bits("RDP", 0, 8), bits(mode, 8)]),
      word(
        base + 4, .halfComplement, user,
        [
          bits("BOR_LEV", 0, 4, nil, borL0), bits("IWDG_SW", 4),
          bits("nRST_STOP", 5), bits("nRST_STDBY", 6),
        ] + extra),
    ]
    for index in 0..<protectionWords {
      words.append(
        word(
          base + 8 + UInt32(index) * 4, .halfComplement, 0,
          [
            bits(
              "WRP\(index + 1)", 0, 16,
              .sectors(first: index * 16, protectedWhen: 1))
          ]))
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 32)], words: words,
      protection: .standard, source: source)
  }
}

// MARK: - L4, G4

extension OptionByteLayout {
  private static let swBoot = [bits("nSWBOOT0", 26), bits("nBOOT0", 27)]
  private static let l4Source = Source(
    "RM0351, RM0394, RM0432 and CMSIS device headers")
  private static let g4Source = Source("RM0440 and CMSIS device headers")

  private static let l4Style: [OptionByteLayout] = [
    l4Layout("L412", pcrop: 14, wrp: 6, factory: nil, user: swBoot),
    l4Layout("L43x", pcrop: 15, wrp: 7, user: swBoot),
    l4Layout("L45x", pcrop: 16, wrp: 8, user: swBoot),
    l4Layout(
      "L47x", pcrop: 16, wrp: 8, second: 0x1FFF_F800,
      user: [bits("BFB2", 20), bits("DUALBANK", 21)]),
    l4Layout(
      "L496", pcrop: 16, wrp: 8, second: 0x1FFF_F800,
      user: [bits("BFB2", 20), bits("DUALBANK", 21)] + swBoot),
    l4Layout(
      "L4R", base: 0x1FF0_0000, pcrop: 17, wrp: 8, second: 0x1FF0_1000,
      user: [bits("BFB2", 20), bits("DB1M", 21), bits("DBANK", 22)] + swBoot),
    l4Layout(
      "G431", pcrop: 14, wrp: 6, secure: 7, g4: true, user: [],
      untouchable: [
        Untouchable(
          AddressWindow(0x1FFF_7828, length: 8),
          "the bootloader shows 48 bytes of which it writes only 40",
          excluded: true)
      ]),
    l4Layout(
      "G47x", pcrop: 15, wrp: 7, second: 0x1FFF_F800, secure: 8, g4: true,
      user: [bits("BFB2", 20), bits("DBANK", 22)]),
    l4Layout(
      "G491", pcrop: 15, wrp: 7, secure: 8, g4: true,
      user: [bits("PB4_PUPEN", 22)]),
  ]

  private static func l4Layout(
    _ name: String, base: UInt32 = 0x1FFF_7800, pcrop: Int, wrp: Int,
    factory: UInt32? = 0xFFEF_F8AA, second: UInt32? = nil, secure: Int? = nil,
    g4: Bool = false, user: [OptionField], untouchable: [Untouchable] = []
  ) -> OptionByteLayout {
    let length = secure == nil ? 40 : 48
    var options = [
      bits("RDP", 0, 8), bits("BOR_LEV", 8, 3, nil, borAscending),
      bits("nRST_STOP", 12), bits("nRST_STDBY", 13), bits("nRST_SHDW", 14),
      bits("IWDG_SW", 16), bits("IWDG_STOP", 17), bits("IWDG_STDBY", 18),
      bits("WWDG_SW", 19), bits("nBOOT1", 23),
    ]
    if g4 {
      options += [
        bits("SRAM_PE", 24), bits("CCMSRAM_RST", 25), bits("NRST_MODE", 28, 2),
        bits("IRHEN", 30),
      ]
      options += swBoot
    } else {
      options += [bits("SRAM2_PE", 24), bits("SRAM2_RST", 25)]
    }
    func bank(_ number: Int, at start: UInt32) -> [OptionWord] {
      let ones: UInt32 = 0xFFFF_FFFF
      let empty: UInt32 = 0xFF00_FFFF
      // Factory values are known of the first bank only.
      func first(_ value: UInt32) -> UInt32? { number == 1 ? value : nil }
      var words = [
        word(
          start + 0x08, .wordComplement, first(ones),
          [
            bits(
              "PCROP\(number)_STRT", 0, pcrop, .areaStart("PCROP\(number)"))
          ]),
        word(
          start + 0x10, .wordComplement, first(0),
          [bits("PCROP\(number)_END", 0, pcrop, .areaEnd("PCROP\(number)"))]
            + (number == 1 ? [bits("PCROP_RDP", 31)] : [])),
        word(
          start + 0x18, .wordComplement, first(empty),
          area("WRP\(number)A", wrp)),
        word(
          start + 0x20, .wordComplement, first(empty),
          area("WRP\(number)B", wrp)),
      ]
      if let secure {
        words.append(
          word(
            start + 0x28, .wordComplement, nil,
            [bits("SEC_SIZE\(number)", 0, secure)]
              + (number == 1 ? [bits("BOOT_LOCK", 16)] : [])))
      }
      return words
    }
    var windows = [AddressWindow(base, length: length)]
    var words =
      [word(base, .wordComplement, factory, options + user)]
      + bank(1, at: base)
    if let second {
      windows.append(AddressWindow(second, length: length))
      words += bank(2, at: second)
    }
    return OptionByteLayout(
      name: name, windows: windows, words: words, untouchable: untouchable,
      protection: .standard, source: g4 ? g4Source : l4Source)
  }
}

// MARK: - G0, C0

extension OptionByteLayout {
  private static let g0Style: [OptionByteLayout] = [
    g0Layout(
      "G0B1", pcrop: 9, wrp: 7, secure: 8, factory: 0xFFFF_FEAA,
      valueLine: false, banks: 2,
      user: [bits("nSWAP_BANK", 20), bits("DUAL_BANK", 21)],
      Source("RM0444 and CMSIS device headers", .inferred)),
    g0Layout(
      "G0B0", pcrop: 9, wrp: 7, secure: 8, factory: 0xDFFF_E1AA,
      valueLine: true, banks: 2,
      user: [bits("nSWAP_BANK", 20), bits("DUAL_BANK", 21)],
      Source("RM0454 and CMSIS device headers", .inferred)),
    g0Layout(
      "C071", pcrop: 8, wrp: 6, secure: 6, factory: 0xFFFF_FEAA,
      valueLine: false, banks: 1,
      user: [bits("HSE_NOT_REMAPPED", 21), bits("SECURE_MUXING", 23)],
      Source("RM0490 and CMSIS device headers", .inferred)),
  ]

  private static let g0Options = [
    bits("RDP", 0, 8), bits("nRST_STOP", 13), bits("nRST_STDBY", 14),
    bits("IWDG_SW", 16), bits("IWDG_STOP", 17), bits("IWDG_STDBY", 18),
    bits("WWDG_SW", 19), bits("RAM_PARITY", 22), bits("nBOOT_SEL", 24),
    bits("nBOOT1", 25), bits("nBOOT0", 26),
  ]

  private static let g0FullLine = [
    bits("BOR_EN", 8), bits("BORR_LEV", 9, 2), bits("BORF_LEV", 11, 2),
    bits("nRST_SHDW", 15), bits("NRST_MODE", 27, 2), bits("IRHEN", 29),
  ]

  private static func g0Layout(
    _ name: String, pcrop: Int, wrp: Int, secure: Int, factory: UInt32,
    valueLine: Bool, banks: Int, user: [OptionField], _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_7800
    func codeArea(_ area: String, _ offset: UInt32) -> [OptionWord] {
      [
        word(
          base + offset, .wordComplement, nil,
          [bits("PCROP\(area)_STRT", 0, pcrop, .areaStart("PCROP\(area)"))]),
        word(
          base + offset + 8, .wordComplement, nil,
          [bits("PCROP\(area)_END", 0, pcrop, .areaEnd("PCROP\(area)"))]
            + (area == "1A" ? [bits("PCROP_RDP", 31)] : [])),
      ]
    }
    func bank(_ number: Int, _ offset: UInt32) -> [OptionWord] {
      codeArea("\(number)A", offset)
        + [
          word(
            base + offset + 0x10, .wordComplement, nil,
            area("WRP\(number)A", wrp)),
          word(
            base + offset + 0x18, .wordComplement, nil,
            area("WRP\(number)B", wrp)),
        ] + codeArea("\(number)B", offset + 0x20)
    }
    var security = [bits("SEC_SIZE", 0, secure), bits("BOOT_LOCK", 16)]
    if banks == 2 { security.append(bits("SEC_SIZE2", 20, 8)) }
    var words = [
      word(
        base, .wordComplement, factory,
        g0Options + (valueLine ? [] : g0FullLine) + user)
    ]
    words += bank(1, 0x08)
    if banks == 2 { words += bank(2, 0x38) }
    words.append(word(base + 0x70, .wordComplement, nil, security))
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 128)], words: words,
      protection: .standard, source: source)
  }
}

// MARK: - WB55

extension OptionByteLayout {
  private static let radio = "it belongs to the radio core"

  private static let wbStyle: [OptionByteLayout] = {
    let base: UInt32 = 0x1FFF_8000
    func radioBits(_ name: String, _ bit: Int, _ width: Int = 1) -> OptionField
    {
      bits(name, bit, width, .readOnly(radio))
    }
    func codeArea(_ area: String, _ offset: UInt32) -> [OptionWord] {
      [
        word(
          base + offset, .wordComplement, nil,
          [bits("PCROP\(area)_STRT", 0, 9, .areaStart("PCROP\(area)"))]),
        word(
          base + offset + 8, .wordComplement, nil,
          [bits("PCROP\(area)_END", 0, 9, .areaEnd("PCROP\(area)"))]
            + (area == "1A" ? [bits("PCROP_RDP", 31)] : [])),
      ]
    }
    return [
      OptionByteLayout(
        name: "WB55", windows: [AddressWindow(base, length: 128)],
        words: [
          word(
            base, .wordComplement, 0x3DFF_F1AA,
            [
              bits("RDP", 0, 8), bits("ESE", 8),
              bits("BOR_LEV", 9, 3, nil, borAscending), bits("nRST_STOP", 12),
              bits("nRST_STDBY", 13), bits("nRST_SHDW", 14),
              bits("IWDG_SW", 16), bits("IWDG_STOP", 17),
              bits("IWDG_STDBY", 18), bits("WWDG_SW", 19), bits("nBOOT1", 23),
              bits("SRAM2_PE", 24), bits("SRAM2_RST", 25),
              bits("AGC_TRIM", 29, 3),
            ] + swBoot)
        ] + codeArea("1A", 0x08) + [
          word(base + 0x18, .wordComplement, nil, area("WRP1A", 8)),
          word(base + 0x20, .wordComplement, nil, area("WRP1B", 8)),
        ] + codeArea("1B", 0x28) + [
          word(
            base + 0x68, .wordComplement, nil, [radioBits("IPCCDBA", 0, 14)]),
          word(
            base + 0x70, .wordComplement, nil,
            [
              radioBits("SFSA", 0, 8), radioBits("FSD", 8),
              radioBits("DDS", 12),
            ]),
          word(
            base + 0x78, .wordComplement, nil,
            [
              radioBits("SBRV", 0, 18), radioBits("SBRSA", 18, 5),
              radioBits("BRSD", 23), radioBits("SNBRSA", 25, 5),
              radioBits("NBRSD", 30), radioBits("C2OPT", 31),
            ]),
        ],
        untouchable: [
          Untouchable(
            AddressWindow(base + 0x68, length: 0x18), radio, excluded: false)
        ], protection: .standard,
        source: Source("RM0434, CMSIS device headers and qFlipper"))
    ]
  }()
}

// MARK: - L5, U5, U0

extension OptionByteLayout {
  private static let l5Style: [OptionByteLayout] = [
    l5Layout("L5", length: 48, pages: 7, u5: false),
    l5Layout("U535", length: 64, pages: 5, u5: true),
    l5Layout("U575", length: 64, pages: 7, u5: true),
    l5Layout("U59x", length: 64, pages: 8, u5: true),
    u0Layout,
  ]

  private static func l5Layout(
    _ name: String, length: Int, pages: Int, u5: Bool
  ) -> OptionByteLayout {
    let base: UInt32 = 0x4002_2040
    var options = [
      bits(
        "RDP", 0, 8, nil, [0xAA: "level0", 0x55: "level0.5", 0xCC: "level2"]),
      bits("BOR_LEV", 8, 3, nil, borAscending),
      bits("nRST_STOP", 12), bits("nRST_STDBY", 13), bits("nRST_SHDW", 14),
      bits("IWDG_SW", 16), bits("IWDG_STOP", 17), bits("IWDG_STDBY", 18),
      bits("WWDG_SW", 19), bits("SWAP_BANK", 20), bits("SRAM2_RST", 25),
      bits("PA15_PUPEN", 28), bits("TZEN", 31),
    ]
    options += swBoot
    options +=
      u5
      ? [
        bits("SRAM_RST", 15), bits("DUALBANK", 21), bits("BKPRAM_ECC", 22),
        bits("SRAM3_ECC", 23), bits("SRAM2_ECC", 24), bits("IO_VDD_HSLV", 29),
        bits("IO_VDDIO2_HSLV", 30),
      ]
      : [bits("DB256K", 21), bits("DBANK", 22), bits("SRAM2_PE", 24)]
    func protection(_ area: String, _ offset: UInt32) -> OptionWord {
      var fields = [
        bits("\(area)_PSTRT", 0, pages, .areaStart(area)),
        bits("\(area)_PEND", 16, pages, .areaEnd(area)),
      ]
      if u5 {
        fields.append(
          bits(
            "\(area)_UNLOCK", 31, 1,
            .risky(
              0,
              "the area can then be unprotected only by lowering "
                + "readout protection, which erases the flash")))
      }
      return word(base + offset, .plain, nil, fields)
    }
    func secure(_ number: Int, _ offset: UInt32) -> [OptionWord] {
      [
        word(
          base + offset, .plain, nil,
          area("SECWM\(number)", pages, "_PSTRT", "_PEND")),
        word(
          base + offset + 4, .plain, nil,
          [
            bits("HDP\(number)_PEND", 16, pages, nil, nil, .inferred),
            bits("HDP\(number)EN", 31, 1, nil, nil, .inferred),
          ]),
      ]
    }
    let words =
      [
        word(base, .plain, u5 ? 0x1FEF_F8AA : 0x7FEF_F8AA, options),
        word(
          base + 0x04, .plain, 0x0800_007F,
          [bits("NSBOOTADD0", 7, 25, .address(shift: 7))]),
        word(
          base + 0x08, .plain, 0x0BF9_007F,
          [bits("NSBOOTADD1", 7, 25, .address(shift: 7))]),
        word(
          base + 0x0C, .plain, 0x0C00_007C,
          [
            bits("BOOT_LOCK", 0),
            bits("SECBOOTADD0", 7, 25, .address(shift: 7)),
          ]),
      ] + secure(1, 0x10)
      + [protection("WRP1A", 0x18), protection("WRP1B", 0x1C)]
      + secure(2, 0x20)
      + [protection("WRP2A", 0x28), protection("WRP2B", 0x2C)]
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: words,
      untouchable: u5
        ? [
          Untouchable(
            AddressWindow(base + 0x30, length: 0x10),
            "keys that read as something else than they are", excluded: true)
        ] : [], protection: .withTrustZone,
      source: u5
        ? Source("RM0456 and CMSIS device headers")
        : Source("RM0438 and CMSIS device headers", .inferred))
  }

  private static let u0Layout: OptionByteLayout = {
    let base: UInt32 = 0x4002_2020
    return OptionByteLayout(
      name: "U0", windows: [AddressWindow(base, length: 136)],
      words: [
        word(
          base, .plain, nil,
          g0Options + g0FullLine
            + [bits("BDRST", 21), bits("BKPSRAM_HW_ERASE", 23)]),
        word(base + 0x0C, .plain, nil, area("WRP1A", 7)),
        word(base + 0x10, .plain, nil, area("WRP1B", 7)),
        word(
          base + 0x60, .plain, nil,
          [
            bits("HDP1_PEND", 0, 6), bits("BOOT_LOCK", 16),
            bits("HDP1EN", 24, 8),
          ]),
      ],
      untouchable: [
        Untouchable(
          AddressWindow(base + 0x68, length: 0x20),
          "keys that read as something else than they are", excluded: true)
      ], protection: .standard,
      source: Source("RM0503 and CMSIS device headers", .unconfirmed))
  }()
}

// MARK: - H7

extension OptionByteLayout {
  private static let h7Style: [OptionByteLayout] = [
    h7Layout("H74x", length: 128, sectors: 8, extra: [bits("SWAP_BANK", 31)]),
    h7Layout("H72x", length: 88, sectors: 8, extra: []),
    h7Layout(
      "H7A3", length: 297, sectors: 32,
      extra: [bits("VDDMMC_HSLV", 16), bits("SWAP_BANK", 31)]),
  ]

  private static func h7Layout(
    _ name: String, length: Int, sectors: Int, extra: [OptionField]
  ) -> OptionByteLayout {
    let base: UInt32 = 0x5200_201C
    var words = [
      word(
        base, .pair, nil,
        [
          bits("BOR_LEV", 2, 2, nil, borH7), bits("IWDG1_SW", 4),
          bits("NRST_STOP", 6), bits("NRST_STBY", 7), bits("RDP", 8, 8),
          bits("FZ_IWDG_STOP", 17), bits("FZ_IWDG_SDBY", 18),
          bits(
            "ST_RAM_SIZE", 19, 2, nil,
            [0: "2KB", 1: "4KB", 2: "8KB", 3: "16KB"]),
          bits("SECURITY", 21), bits("IO_HSLV", 29),
        ] + extra),
      word(
        base + 0x0C, .pair, nil,
        area("PROT_AREA1", 12, "_START", "_END") + [bits("DMEP1", 31)]),
      word(
        base + 0x14, .pair, nil,
        area("SEC_AREA1", 12, "_START", "_END") + [bits("DMES1", 31)]),
      word(
        base + 0x1C, .pair, nil,
        [bits("WRPSn1", 0, sectors, .sectors(first: 0, protectedWhen: 0))]),
      word(
        base + 0x24, .pair, 0x1FF0_0800,
        [
          bits("BOOT_ADD0", 0, 16, .address(shift: 16)),
          bits("BOOT_ADD1", 16, 16, .address(shift: 16)),
        ]),
    ]
    var untouchable: [Untouchable] = []
    if name == "H7A3" {
      untouchable.append(
        Untouchable(
          AddressWindow(base + 0x4C, length: 8),
          "locks of one-time-programmable memory, which cannot be undone",
          excluded: false))
    }
    if name == "H72x" {
      // The half that is programmed, at +58, lies outside the window.
      let reason = "the bootloader shows it but cannot program it"
      words.append(
        word(
          base + 0x54, .plain, nil,
          [
            bits("TCM_AXI_SHARED", 0, 2, .readOnly(reason)),
            bits("CPUFREQ_BOOST", 2, 1, .readOnly(reason)),
          ]))
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: words, untouchable: untouchable, protection: .standard,
      source: Source(
        "RM0433, RM0455, RM0468 and CMSIS device headers",
        name == "H72x" ? .inferred : .confirmed))
  }
}

// MARK: - H5

extension OptionByteLayout {
  private static let h5Style: [OptionByteLayout] = [
    h5Layout("H503", trustZone: false), h5Layout("H523", trustZone: true),
    h5Layout("H563", trustZone: true),
  ]

  private static func h5Layout(
    _ name: String, trustZone: Bool
  ) -> OptionByteLayout {
    let base: UInt32 = 0x4002_2050
    var second = [
      bits("SRAM1_3_RST", 2), bits("SRAM2_RST", 3), bits("BKPRAM_ECC", 4),
      bits("SRAM3_ECC", 5), bits("SRAM2_ECC", 6), bits("USBPD_DIS", 8),
    ]
    if trustZone {
      second.append(
        bits(
          "TZEN", 24, 8,
          .risky(
            0xB4,
            "TrustZone can be turned off again only by a regression, "
              + "which erases the flash"), [0xB4: "on", 0xC3: "off"]))
    }
    func boot(_ prefix: String, _ offset: UInt32) -> OptionWord {
      word(
        base + offset, .pair, nil,
        [
          bits(
            "\(prefix)BOOT_LOCK", 0, 8, .risky(0xB4, bootIsLocked),
            [0xB4: "locked", 0xC3: "open"]),
          bits("\(prefix)BOOTADD", 8, 24, .address(shift: 8)),
        ])
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 432)],
      words: [
        word(
          base, .pair, 0x2D30_EDF8,
          [
            bits(
              "BOR_LEV", 0, 2, nil,
              [0: "level1", 1: "level1", 2: "level2", 3: "level3"]),
            bits("BORH_EN", 2), bits("IWDG_SW", 3), bits("WWDG_SW", 4),
            bits("NRST_STOP", 6), bits("NRST_STDBY", 7),
            bits("PRODUCT_STATE", 8, 8), bits("IWDG_STOP", 20),
            bits("IWDG_STDBY", 21), bits("BOOT_UBE", 22, 8),
            bits("SWAP_BANK", 31),
          ]),
        word(base + 0x20, .pair, nil, second),
        boot("NS", 0x30),
      ] + (trustZone ? [boot("SEC", 0x38)] : []),
      untouchable: [
        Untouchable(
          AddressWindow(base + 0x10, length: 0x10),
          "epoch counters, which only count up", excluded: false),
        Untouchable(
          AddressWindow(base + 0x40, length: 8),
          "locks of one-time-programmable memory, which cannot be undone",
          excluded: false),
      ], protection: .productState,
      source: Source("RM0481, RM0492 and CMSIS device headers", .unconfirmed))
  }
}
