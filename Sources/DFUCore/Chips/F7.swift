extension ChipFamily {
  static let f7: [ChipFamily] = [
    f7(
      "F72x", "STM32F722, F723, F730, F732, F733", [.f4(0), .f4(1), .f4(3)],
      .f7("F72x", length: 48, codeProtection: true)
    ).with {
      $0.uniqueID = .words(at: 0x1FF0_7A10)
      $0.serial = .constant(["STM32FxSTM32"])
      $0.ram = [sram(256)]
      $0.timing = .f4
    },
    f7(
      "F74x", "STM32F745, F746, F750, F756", [.f7(3), .f7(1)],
      .f7("F74x", length: 32)
    ).with { $0.ram = [sram(320)] },
    f7(
      "F76x", "STM32F765, F767, F768, F769, F777, F778, F779",
      [.f7(7), .f7(3)] + f76xBanks, .f7("F76x", length: 32, dualBank: true)
    ).with {
      // micropython discussion 15948.
      $0.serial = .derived(.romF76x)
      $0.ram = [sram(512)]
      $0.bootloaderID = 0x1FF0_EDBE
      $0.errata.append(
        BootloaderErratum(
          "in dual-bank mode this bootloader erases, instead of a sector of "
            + "the second bank, the one four further: erase everything, or "
            + "switch to one bank with the option bytes",
          when: [.bootloader([0x93]), .flash(f76xBanks)],
          [.refuse(.eraseSecondBank), .checkBlankAfterErase], on: .erase))
    },
  ]

  private static let f76xBanks: [FlashShape] = [
    .f4(7, banks: 2), .f4(3, banks: 2),
  ]

  private static func f7(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .older, flash, layout, writeAlignment: 8).with {
      $0.fingerprint.deviceFeature = nil
      $0.uniqueID = .words(at: 0x1FF0_F420)
      $0.serial = .derived(.rom)
      $0.timing = .f7
      $0.hasVoltageRange = true
      $0.systemMemory = AddressWindow(0x1FF0_0000, through: 0x1FF0_EDBF)
      $0.reconnectTime = 320
      $0.answersAreHeldBack = Source("field reports")
      $0.peripheral = .otg
      $0.errata = [.programsBytewise]
      $0.uf2Families = [0x53B8_0F00]
    }
  }
}

extension FlashShape {
  /// F74x's and F76x's sectors: four of 32 KB, one of 128 KB, then some of
  /// 256 KB.
  fileprivate static func f7(_ large: Int) -> FlashShape {
    .runs([
      SectorGroup(4, 32 << 10), SectorGroup(1, 128 << 10),
      SectorGroup(large, 256 << 10),
    ])
  }
}

extension FlashTiming {
  /// F74x and F76x, one byte at a time (datasheets).
  fileprivate static let f7 = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, time: .ms(400, 800)),
      SectorErase(size: 32 << 10, time: .ms(400, 800)),
      SectorErase(size: 128 << 10, time: .ms(1200, 2400)),
      SectorErase(size: 256 << 10, time: .ms(2100, 4000)),
    ],
    massErase: .ms(16_000, 32_000), programUnit: 1,
    program: FlashTime(typical: 16, maximum: 100))
}

extension OptionByteLayout {
  /// As F4, with boot addresses (RM0385, RM0410, RM0431, CMSIS device
  /// headers).
  fileprivate static func f7(
    _ name: String, length: Int, dualBank: Bool = false,
    codeProtection: Bool = false
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_0000
    var protection =
      [sectors("nWRP", 0, dualBank ? 12 : 8)]
      + flags(["IWDG_STDBY": 14, "IWDG_STOP": 15])
    if dualBank { protection += flags(["nDBOOT": 12, "nDBANK": 13]) }
    var words = [
      word(
        base, .halfComplement, 0xAAFF,
        [brownOut(2, 2, borDescending), readoutProtection(8)]
          + flags([
            "WWDG_SW": 4, "IWDG_SW": 5, "nRST_STOP": 6, "nRST_STDBY": 7,
          ])),
      word(base + 8, .halfComplement, 0xFFFF, protection),
      word(
        base + 16, .halfComplement, 0x0080,
        [bits("BOOT_ADD0", 0, 16, kind: .address(shift: 14))]),
      word(
        base + 24, .halfComplement, 0x0040,
        [
          bits(
            "BOOT_ADD1", 0, 16, kind: .address(shift: 14),
            role: .bootTarget(bootloader: 0x0040))
        ]),
    ]
    if codeProtection {
      words += [
        word(
          base + 32, .halfComplement, nil,
          [
            sectors(
              "PCROP", 0, 8, protectedWhen: 1, role: .codeProtection,
              confidence: .unconfirmed)
          ]),
        word(
          base + 40, .halfComplement, nil,
          [bits("PCROP_RDP", 15, confidence: .unconfirmed)]),
      ]
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: words, protection: .standard,
      source: Source(
        "RM0385, RM0410, RM0431 and CMSIS device headers",
        codeProtection ? .confirmed : .inferred))
  }
}
