extension ChipFamily {
  static let l4: [ChipFamily] = [
    l4(
      "L412", "STM32L412, L422", [.pages(2 << 10, [64, 128])],
      .l4("L412", code: 14, write: 6, factory: nil, user: l4User + swBoot)
    ).with {
      $0.fingerprint.generation = .newer
      $0.ram = [sram(40)]
      $0.emptyCheck = .present
      $0.reconnectTime = 820
      $0.peripheral = .fullSpeedDevice
      $0.errata.append(.codeProtectionUnwritable([0xD1]))
    },
    l4(
      "L43x", "STM32L432, L433, L442, L443", [.pages(2 << 10, [128, 256])],
      .l4("L43x", code: 15, write: 7, user: l4User + swBoot)
    ).with {
      $0.ram = [sram(64), sram(16, at: 0x1000_0000)]
      $0.emptyCheck = .present
      $0.reconnectTime = 820
      $0.peripheral = .fullSpeedDevice
      $0.errata += [
        .codeProtectionUnwritable([0x91]), .unpaddedWrites([0x91]),
        BootloaderErratum(
          "the clock recovery of this bootloader is set up wrongly: random "
            + "transfer errors", when: [.byte(at: 0x1FFF_6FF2, equals: 0xFF)],
          [.retryTransfers], on: .transferError),
        BootloaderErratum(
          "transfers of 2048 bytes stalled on some STM32L432 where 1024 worked",
          [.limitTransfersAfterError(bytes: 1024)], on: .transferError,
          source: Source("field reports")),
      ]
    },
    l4(
      "L45x", "STM32L451, L452, L462", [.pages(2 << 10, [256, 512])],
      .l4("L45x", code: 16, write: 8, user: l4User + swBoot)
    ).with {
      $0.ram = [sram(160), sram(32, at: 0x1000_0000)]
      $0.emptyCheck = .present
      $0.peripheral = .fullSpeedDevice
      $0.errata.append(.codeProtectionUnwritable([0x92]))
    },
    l4(
      "L47x", "STM32L471, L475, L476, L486",
      [.pages(2 << 10, [256, 512, 1024])],
      .l4(
        "L47x", code: 16, write: 8, second: 0x1FFF_F800, user: l4User + l4Banks)
    ).with {
      $0.fingerprint.optionBytes.append([AddressWindow(0x1FFF_7800, length: 40)]
      )
      $0.ram = [sram(96), sram(32, at: 0x1000_0000)]
      $0.reconnectTime = 2560
      $0.errata += [
        .codeProtectionUnwritable([0xA3, 0x92]),
        .unpaddedWrites([0xA1, 0xA2, 0xA3, 0x90, 0x92]),
        BootloaderErratum(
          "an STM32L47x without a 32.768 kHz crystal takes up to 2.56 s to "
            + "appear; it needs that crystal or one on HSE", [.hint],
          on: .notFound),
      ]
    },
    l4(
      "L496", "STM32L496, L4A6", [.pages(2 << 10, [512, 1024])],
      .l4(
        "L496", code: 16, write: 8, second: 0x1FFF_F800,
        user: l4User + l4Banks + swBoot)
    ).with {
      $0.fingerprint.optionBytes.append([AddressWindow(0x1FFF_7800, length: 40)]
      )
      // ST community, L496 DFU Serial Number Changes Every Power Cycle.
      $0.serial = .unstable
      $0.ram = [sram(320), sram(64, at: 0x1000_0000)]
      // Boot pattern 6.
      $0.emptyCheck = .present
      $0.errata += [
        .codeProtectionUnwritable([0x93]),
        BootloaderErratum(
          "this bootloader refuses to erase a bank",
          when: [.bootloader([0x93])],
          [.massEraseIsBroken], on: .erase),
      ]
    },
    l4r("L4R", "STM32L4R5, L4R7, L4R9, L4S5, L4S7, L4S9", [1024, 2048]).with {
      $0.ram = [sram(640), sram(64, at: 0x1000_0000)]
      $0.emptyCheck = .present
    },
    l4r("L4P5", "STM32L4P5, L4Q5", [512, 1024]).with {
      $0.ram = [sram(320), sram(64, at: 0x1000_0000)]
      $0.emptyCheck = .unknown
      $0.errata.append(.codeProtectionUnwritable([0x90]))
    },
  ]

  private static func l4r(
    _ name: String, _ title: String, _ kilobytes: [Int]
  ) -> ChipFamily {
    l4(
      name, title, [.pages(4 << 10, kilobytes), .pages(8 << 10, kilobytes)],
      .l4(
        "L4R", base: 0x1FF0_0000, code: 17, write: 8, second: 0x1FF0_1000,
        user: l4User + swBoot + flags(["BFB2": 20, "DB1M": 21, "DBANK": 22])))
  }

  private static let l4User = flags(["SRAM2_PE": 24, "SRAM2_RST": 25])
  private static let l4Banks = flags(["BFB2": 20, "DUALBANK": 21])
  /// BOOT0 as an option bit.
  static let swBoot = flags(["nSWBOOT0": 26, "nBOOT0": 27])

  private static func l4(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .older, flash, layout, writeAlignment: 8).with {
      $0.fingerprint.deviceFeature = nil
      $0.uniqueID = .words(at: 0x1FFF_7590)
      $0.serial = .derived(.rom)
      $0.eccWord = 8
      $0.timing = .l4
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF)
      $0.bootloaderID = 0x1FFF_6FFE
      $0.peripheral = .otg
      $0.errata = [
        BootloaderErratum(
          "if the application left the chip in voltage range 2, DFU does not "
            + "start: power-cycle the board or set range 1 before jumping to "
            + "the bootloader", [.hint], on: .notFound)
      ]
      $0.uf2Families = [0x00FF_6919]
    }
  }
}

extension FlashTiming {
  /// L4, G4, L5 and WB: pages, 64 bits at a time (datasheets).
  static let l4 = FlashTiming(
    erase: [
      SectorErase(
        size: 4 << 10, time: FlashTime(typical: 22_020, maximum: 24_470))
    ],
    massErase: FlashTime(typical: 22_130, maximum: 24_590), programUnit: 8,
    program: FlashTime(typical: 82, maximum: 91))
}

extension OptionByteLayout {
  /// Fields of the first word that L4, G4 and L5, U5 have.
  static let l4Common =
    [brownOut(8, 3, borAscending)] + l4Watchdogs

  /// Fields that WB has too.
  static let l4Watchdogs = flags([
    "nRST_STOP": 12, "nRST_STDBY": 13, "nRST_SHDW": 14, "IWDG_SW": 16,
    "IWDG_STOP": 17, "IWDG_STDBY": 18, "WWDG_SW": 19,
  ])

  /// L4 and G4: words with their complements. Factory values are known of the
  /// first bank only.
  static func l4(
    _ name: String, base: UInt32 = 0x1FFF_7800, code: Int, write: Int,
    factory: UInt32? = 0xFFEF_F8AA, second: UInt32? = nil, secure: Int? = nil,
    user: [OptionField],
    _ source: Source = Source("RM0351, RM0394, RM0432, CMSIS device headers")
  ) -> OptionByteLayout {
    func bank(_ number: Int, at start: UInt32) -> [OptionWord] {
      let empty: UInt32? = number == 1 ? 0xFF00_FFFF : nil
      func protection(_ name: String, _ offset: UInt32) -> OptionWord {
        word(start + offset, .wordComplement, empty, area(name, write))
      }
      let secured = secure.map {
        word(
          start + 0x28, .wordComplement, nil,
          [bits("SEC_SIZE\(number)", 0, $0)]
            + (number == 1 ? [bits("BOOT_LOCK", 16)] : []))
      }
      return codeArea(
        "PCROP\(number)", code, at: start + 0x08, keeps: number == 1,
        number == 1 ? (0xFFFF_FFFF, 0) : nil)
        + [
          protection("WRP\(number)A", 0x18), protection("WRP\(number)B", 0x20),
        ] + (secured.map { [$0] } ?? [])
    }
    let options = [readoutProtection(0), bits("nBOOT1", 23)] + l4Common + user
    return OptionByteLayout(
      name: name,
      windows: [base, second].compactMap { start in
        start.map { AddressWindow($0, length: secure == nil ? 40 : 48) }
      },
      words: [word(base, .wordComplement, factory, options)]
        + bank(1, at: base) + (second.map { bank(2, at: $0) } ?? []),
      protection: .standard, source: source)
  }
}
