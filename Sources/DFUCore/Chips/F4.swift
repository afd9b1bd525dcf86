extension ChipFamily {
  static let f4: [ChipFamily] = [
    f4("F401xC", "STM32F401xB/C", [.f4(0), .f4(1)], .f4("F401xC", sectors: 6))
      .with {
        $0.ram = [sram(64)]
        $0.errata += [
          .clocksOff(),
          BootloaderErratum(
            "removing readout protection leaves SPRMOD set on an STM32F401xB/C",
            [.warnBefore(.liftProtection)], on: .protection),
        ]
      },
    f4("F401xE", "STM32F401xD/E", [.f4(2), .f4(3)], .f4("F401xE", sectors: 8))
      .with {
        $0.ram = [sram(96)]
        $0.errata.append(.clocksOff())
      },
    f4(
      "F405", "STM32F405, F407, F415, F417", [.f4(3), .f4(7)],
      .f4("F405", sectors: 12, sprmod: false)
    ).with {
      $0.ram = [sram(128), ccm]
      $0.bootloaderID = 0x1FFF_77DE
      $0.reconnectTime = 270
      $0.errata.append(.clocksOff([.bootloader([0x30, 0x31, 0x90])]))
      $0.uf2Families = [0x5775_5A57, 0x6D09_22FA, 0x8FB0_60FE]
      $0.notes = [.showsErasableOptions]
    },
    f4("F411", "STM32F411", [.f4(1), .f4(3)], .f4("F411", sectors: 8)).with {
      $0.ram = [sram(128)]
      $0.errata.append(.clocksOff())
    },
    f4("F412", "STM32F412", [.f4(3), .f4(7)], .f4("F412", sectors: 12)).with {
      $0.ram = [sram(256)]
      $0.reconnectTime = 380
      $0.errata.append(.clocksOff())
    },
    f4("F413", "STM32F413, F423", [.f4(7), .f4(11)], .f4("F413", sectors: 15))
      .with {
        $0.ram = [sram(320)]
        $0.errata.append(.clocksOff())
      },
    f4("F42x", "STM32F427, F429, F437, F439", twoBanks, f42xLayout).with {
      $0.fingerprint.optionBytes.append(Array(f42xLayout.windows.prefix(1)))
      $0.ram = [sram(192), ccm]
      $0.errata += [
        .clocksOff(), .codeProtectionStays([0x70, 0x90]),
        BootloaderErratum(
          "erasing sectors of the second bank has no effect with this "
            + "bootloader: switch to one bank with the option bytes, erase, "
            + "and switch back",
          when: [
            .bootloader([0x70, 0x90, 0x91]), .flash(Array(twoBanks.prefix(2))),
          ], [.checkBlankAfterErase, .warnBefore(.eraseSecondBank)],
          on: .erase),
      ]
      $0.notes = [
        "the layout string of some of these bootloaders goes on with garbage, "
          + "which is cut off"
      ]
    },
    f4("F446", "STM32F446", [.f4(1), .f4(3)], .f4("F446", sectors: 8)).with {
      $0.serial = .constant(["STM32FxSTM32"])
      $0.ram = [sram(128)]
      $0.reconnectTime = 200
      $0.errata.append(.clocksOff())
    },
    f4("F469", "STM32F469, F479", twoBanks, f42xLayout).with {
      $0.fingerprint.optionBytes.append(Array(f42xLayout.windows.prefix(1)))
      $0.ram = [sram(320), ccm]
      $0.errata.append(.clocksOff())
    },
  ]

  private static let ccm = sram(64, at: 0x1000_0000)
  private static let f42xLayout = OptionByteLayout.f4(
    "F42x", sectors: 12, dualBank: true)
  /// In two banks, then in one.
  private static let twoBanks: [FlashShape] = [
    .f4(7, banks: 2), .f4(3, banks: 2), .f4(3), .f4(7),
  ]

  /// What F2 and F4 have in common.
  static func f4(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .older, flash, layout, writeAlignment: 4).with {
      $0.fingerprint.deviceFeature = true
      $0.uniqueID = .words(at: 0x1FFF_7A10)
      // libopencm3 issue 760 and field reports.
      $0.serial = .derived(.rom)
      $0.timing = .f4
      $0.hasVoltageRange = true
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_77FF)
      $0.bootloaderID = 0x1FFF_76DE
      $0.answersAreHeldBack = Source(
        "field reports; comma.ai panda polls F4 without sleeping")
      $0.peripheral = .otg
      $0.errata = [.programsBytewise]
      $0.uf2Families = [0x5775_5A57]
    }
  }
}

extension String {
  /// F2 and F405 with bootloaders 3.0 to 3.2.
  static let showsErasableOptions =
    "bootloader versions 3.0 to 3.2 show option bytes, OTP and Device Feature "
    + "as erasable, which they are not; dfuflash never erases them on any chip"
}

extension FlashShape {
  /// F2's and F4's sectors: four of 16 KB, one of 64 KB, then some of 128 KB.
  static func f4(_ large: Int, banks: Int = 1) -> FlashShape {
    var bank = [SectorGroup(4, 16 << 10), SectorGroup(1, 64 << 10)]
    if large > 0 { bank.append(SectorGroup(large, 128 << 10)) }
    return .runs(banks == 1 ? bank : bank + bank)
  }
}

extension FlashTiming {
  /// F2 and F4, one byte at a time: what their bootloader does by itself
  /// (datasheets).
  static let f4 = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, time: .ms(400, 800)),
      SectorErase(size: 64 << 10, time: .ms(1200, 2400)),
      SectorErase(size: 128 << 10, time: .ms(2000, 4000)),
    ],
    massErase: .ms(16_000, 32_000), programUnit: 1,
    program: FlashTime(typical: 16, maximum: 100))
}

extension OptionByteLayout {
  /// F2 and F4: the low half and its complement (RM0090 and its like, CMSIS
  /// device headers, OPTCR).
  static func f4(
    _ name: String, sectors count: Int, sprmod: Bool = true,
    dualBank: Bool = false
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_C000
    let second: UInt32 = 0x1FFE_C000
    var first =
      [brownOut(2, 2, borDescending), readoutProtection(8)]
      + flags(["WDG_SW": 5, "nRST_STOP": 6, "nRST_STDBY": 7])
    var protection = [sectors("nWRP", 0, count)]
    if sprmod { protection.append(bits("SPRMOD", 15)) }
    if dualBank {
      first.append(bits("BFB2", 4))
      protection.append(bits("DB1M", 14))
    }
    let words = [
      word(base, .halfComplement, 0xAAEF, first),
      word(base + 8, .halfComplement, 0x0FFF, protection),
    ]
    let bankTwo = word(
      second + 8, .halfComplement, 0x0FFF,
      [sectors("nWRP2", 0, 12, first: 12)])
    return OptionByteLayout(
      name: name,
      windows: (dualBank ? [base, second] : [base]).map {
        AddressWindow($0, length: 16)
      },
      words: dualBank ? [bankTwo] + words : words, protection: .standard,
      source: Source("RM0090 and its like, CMSIS device headers"))
  }
}
