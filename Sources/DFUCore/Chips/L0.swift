extension ChipFamily {
  static let l0: [ChipFamily] = [
    l0Style(
      "L07x", "STM32L072, L073, L082, L083", .pages(128, [64, 128, 192]),
      .l0(
        "L0", user: 0x8070, mode: "WPRMOD", protectionWords: 3,
        extra: flags(["BFB2": 7, "BOOT1": 15]),
        Source("RM0376 and CMSIS device headers"))
    ).with {
      $0.uniqueID = [0x1FF8_0050, 0x1FF8_0054, 0x1FF8_0064]
      $0.serial = .derived(.romWithWord2)
      $0.timing = .l0
      $0.ram = [sram(20)]
      $0.errata = [.highSpeedHost([0x40, 0x41])]
      $0.uf2Families = [0x202E_3A91]
    }
  ]

  /// What L0 and L1 have in common.
  static func l0Style(
    _ name: String, _ title: String, _ flash: FlashShape,
    _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .older, [flash], layout, writeAlignment: 8).with {
      $0.erasedByte = 0x00
      $0.systemMemory = AddressWindow(0x1FF0_0000, through: 0x1FF0_1FFF)
      $0.bootloaderID = 0x1FF0_1FFE
      $0.peripheral = .fullSpeedDevice
    }
  }
}

extension FlashTiming {
  /// L0: pages of 128 bytes, programmed in half pages (datasheets).
  fileprivate static let l0 = FlashTiming(
    erase: [
      SectorErase(size: 128, time: FlashTime(typical: 3200, maximum: 3940))
    ],
    massErase: nil, programUnit: 64,
    program: FlashTime(typical: 3200, maximum: 3940))
}

extension OptionByteLayout {
  /// L0 and L1: the low half and its complement.
  static func l0(
    _ name: String, user: UInt32, mode: String, protectionWords: Int,
    extra: [OptionField], _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FF8_0000
    let levels: [UInt32: String] = [
      0: "off", 8: "level1", 9: "level2", 10: "level3", 11: "level4",
      12: "level5",
    ]
    let words = [
      word(
        base, .halfComplement, 0x00AA, [readoutProtection(0), bits(mode, 8)]),
      word(
        base + 4, .halfComplement, user,
        [brownOut(0, 4, levels)]
          + flags(["IWDG_SW": 4, "nRST_STOP": 5, "nRST_STDBY": 6]) + extra),
    ]
    let protection = (0..<protectionWords).map { index in
      word(
        base + 8 + UInt32(index) * 4, .halfComplement, 0,
        [
          sectors(
            "WRP\(index + 1)", 0, 16, first: index * 16, protectedWhen: 1)
        ])
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 32)],
      words: words + protection, protection: .standard, source: source)
  }
}
