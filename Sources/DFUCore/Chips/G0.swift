extension ChipFamily {
  static let g0: [ChipFamily] = [
    g0(
      "G0B1", "STM32G0B1, G0C1",
      .g0(
        "G0B1", factory: 0xFFFF_FEAA, widths: .g0b1, twoBanks: true,
        user: g0Full + g0Banks, Source("RM0444", .inferred))
    ).with {
      $0.fingerprint.flashAlternates = 3
      $0.errata = [
        onlyFirstErased([0x92]), .clearsEmptyFlag(),
        BootloaderErratum(
          "leaving disables the debug port until the next reset", [.hint],
          on: .leave),
        BootloaderErratum(
          "this bootloader shows the flash's layout for all three memories; "
            + "its option bytes may be readable at 0x1FFF7800, but cannot be "
            + "written over USB: use a debug probe or the serial bootloader",
          [.optionBytesUnreachable], on: .optionBytes,
          source: Source("bigtreetech/EBB issue 32")),
      ]
    },
    g0(
      "G0B0", "STM32G0B0",
      .g0(
        "G0B0", factory: 0xDFFF_E1AA, widths: .g0b1, twoBanks: true,
        user: g0Banks, Source("RM0454", .inferred))
    ).with {
      $0.errata = [
        onlyFirstErased([0xD0]),
        BootloaderErratum(
          "an STM32G0B0 needs a crystal of 8, 12, 16, 32 or 48 MHz for DFU",
          [.hint], on: .notFound),
      ]
    },
  ]

  private static let g0Banks = flags(["nSWAP_BANK": 20, "DUAL_BANK": 21])

  private static func onlyFirstErased(_ versions: [UInt8]) -> BootloaderErratum
  {
    BootloaderErratum(
      "of several sectors of the second bank this bootloader erases only the "
        + "first, and it says too early that an erase is done: erased one at "
        + "a time, with 40 ms after each", when: [.bootloader(versions)],
      [.pauseAfterErase(.milliseconds(40))], on: .erase)
  }

  private static func g0(
    _ name: String, _ title: String,
    _ layout: OptionByteLayout
  ) -> ChipFamily {
    g0Style(name, title, .pages(2 << 10, [128, 256, 512]), layout).with {
      $0.writeAlignment = 4
      $0.uniqueID = .words(at: 0x1FFF_7590)
      $0.ram = [sram(144)]
      $0.bootloaderID = 0x1FFF_9FFE
      $0.reconnectTime = 300
      $0.uf2Families = [0x300F_5633]
    }
  }

  /// What G0 and C0 have in common. Whether a bootloader of G0B0 or C0 shows its
  /// option bytes is not known.
  static func g0Style(
    _ name: String, _ title: String, _ flash: FlashShape,
    _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .newer, [flash], layout, writeAlignment: 8).with {
      $0.fingerprint.optionBytesAreUncertain = true
      // ST community, STM32G0B1 and STM32C0.
      $0.serial = .derived(.rom)
      $0.eccWord = 8
      $0.timing = .g0
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF)
      // Main flash is booted and BOOT_LOCK is 0.
      $0.emptyCheck = .present
      $0.peripheral = .fullSpeedDevice
    }
  }

  /// Fields of the user option word that G0, C0 and U0 have.
  static let g0Common =
    [readoutProtection(0)]
    + flags([
      "nRST_STOP": 13, "nRST_STDBY": 14, "IWDG_SW": 16, "IWDG_STOP": 17,
      "IWDG_STDBY": 18, "WWDG_SW": 19, "nBOOT0": 26, "nBOOT1": 25,
      "nBOOT_SEL": 24, "RAM_PARITY": 22,
    ])
  private static let rising: [UInt32: String] = [
    0: "level1", 1: "level2", 2: "level3", 3: "level4",
  ]
  /// Fields that the value line lacks.
  static let g0Full =
    flags(["BOR_EN": 8, "nRST_SHDW": 15, "IRHEN": 29])
    + [
      brownOut(9, 2, rising, "BORR_LEV"), brownOut(11, 2, rising, "BORF_LEV"),
      bits("NRST_MODE", 27, 2),
    ]
}

extension FlashTiming {
  /// G0 and C0: pages, 64 bits at a time (datasheets).
  fileprivate static let g0 = FlashTiming(
    erase: [SectorErase(size: 2 << 10, time: .ms(22, 40))],
    massErase: .ms(22, 40), programUnit: 8,
    program: FlashTime(typical: 85, maximum: 125))
}

/// How many bits page numbers have.
struct AreaWidths {
  var code: Int
  var write: Int
  var secure: Int

  static let g0b1 = AreaWidths(code: 9, write: 7, secure: 8)
}

extension OptionByteLayout {
  /// G0 and C0: words with their complements (reference manuals and CMSIS device
  /// headers).
  static func g0(
    _ name: String, factory: UInt32, widths: AreaWidths, twoBanks: Bool,
    user: [OptionField], _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_7800
    func bank(_ number: Int, _ start: UInt32) -> [OptionWord] {
      codeArea("PCROP\(number)A", widths.code, at: start, keeps: number == 1)
        + [
          word(
            start + 0x10, .wordComplement, nil,
            area("WRP\(number)A", widths.write)),
          word(
            start + 0x18, .wordComplement, nil,
            area("WRP\(number)B", widths.write)),
        ] + codeArea("PCROP\(number)B", widths.code, at: start + 0x20)
    }
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 128)],
      words: [word(base, .wordComplement, factory, ChipFamily.g0Common + user)]
        + bank(1, base + 0x08) + (twoBanks ? bank(2, base + 0x38) : []) + [
          word(
            base + 0x70, .wordComplement, nil,
            [bits("SEC_SIZE", 0, widths.secure), bits("BOOT_LOCK", 16)]
              + (twoBanks ? [bits("SEC_SIZE2", 20, 8)] : []))
        ], protection: .standard, source: source)
  }
}
