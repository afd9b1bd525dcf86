extension ChipFamily {
  static let h7: [ChipFamily] = [
    h7(
      "H74x", "STM32H742, H743, H745, H747, H750, H753, H755, H757",
      [.pages(128 << 10, [128, 1024, 2048])],
      .h7("H74x", length: 128, sectors: 8, extra: flags(["SWAP_BANK": 31]))
    ).with {
      $0.uniqueID = .words(at: 0x1FF1_E800)
      // ST community, STM32H745 bootloader serial number.
      $0.serial = .constant(["200364500000", "200000500000", "100364500000"])
      $0.eccWord = 32
      $0.timing = .h7
      $0.ram = [
        sram(128), sram(512, at: 0x2400_0000), sram(288, at: 0x3000_0000),
        sram(64, at: 0x3800_0000),
      ]
      $0.systemMemory = AddressWindow(0x1FF0_0000, through: 0x1FF1_E7FF)
      $0.bootloaderID = 0x1FF1_E7FE
      $0.reconnectTime = 54
      $0.errata = h74xErrata
    },
    h7(
      "H72x", "STM32H723, H725, H730, H733, H735",
      [.pages(128 << 10, [128, 256, 512, 1024])],
      .h7("H72x", length: 88, sectors: 8, extra: [])
    ).with {
      $0.uniqueID = .words(at: 0x1FF1_E800)
      $0.serial = .derived(.rom)
      $0.eccWord = 32
      $0.timing = .h7
      $0.ram = [
        sram(128), sram(320, at: 0x2400_0000), sram(32, at: 0x3000_0000),
        sram(16, at: 0x3800_0000),
      ]
      $0.systemMemory = AddressWindow(0x1FF0_0000, through: 0x1FF1_E7FF)
      $0.bootloaderID = 0x1FF1_E7FE
      $0.reconnectTime = 54
      $0.errata = [
        .protectedChipRestarts([0x92]),
        BootloaderErratum(
          "bootloader version 9.1 shows a wrong layout; there are up to eight "
            + "sectors of 128 KB", when: [.sectorsOtherThan(128 << 10)],
          [.overrideFlash([SectorGroup(8, 128 << 10)])], on: .write),
      ]
    },
    h7(
      "H7A3", "STM32H7A3, H7B0, H7B3",
      [.pages(8 << 10, [128, 1024, 2048]), h7a3Version90],
      .h7(
        "H7A3", length: 297, sectors: 32,
        extra: flags(["VDDMMC_HSLV": 16, "SWAP_BANK": 31]))
    ).with {
      // Version 9.0 shows its option bytes at an address with a digit missing.
      $0.fingerprint.optionBytes.append([
        AddressWindow(0x01FF_8000, length: 128)
      ])
      $0.uniqueID = .words(at: 0x08FF_F800)
      $0.serial = .constantInSome(["FFFFFFFEFFFF"])
      $0.eccWord = 16
      $0.ram = [
        sram(128), sram(1024, at: 0x2400_0000), sram(128, at: 0x3000_0000),
        sram(32, at: 0x3800_0000),
      ]
      $0.systemMemory = AddressWindow(0x1FF0_0000, through: 0x1FF1_3FFF)
      $0.bootloaderID = 0x1FF1_3FFE
      $0.reconnectTime = 545
      $0.errata = [
        .protectedChipRestarts([0x91]),
        BootloaderErratum(
          "bootloader version 9.0 shows 256 sectors of 2 KB where there are "
            + "256 of 8 KB, and no OTP", when: [.flash([h7a3Version90])],
          [.overrideFlash([SectorGroup(256, 8 << 10)])], on: .write),
      ]
      $0.notes = [
        "an STM32H7B0 lists 256 sectors of 8 KB; the part has 128 KB"
      ]
    },
    ChipFamily(
      "H7RS", "STM32H7R3, H7R7, H7S3, H7S7",
      Fingerprint(.newer, [.pages(8 << 10, [64])]), writeAlignment: 16
    ).with {
      $0.aliases += ["H7R", "H7S"]
      $0.fingerprint.deviceFeature = false
      $0.eccWord = 16
      $0.ram = [
        sram(64), sram(456, at: 0x2400_0000), sram(32, at: 0x3000_0000),
      ]
      $0.peripheral = .otg
      $0.errata = [
        BootloaderErratum(
          "leaving to 0xFF01xxxx, 0xFF02xxxx or 0xFF83xxxx changes this chip's "
            + "life cycle instead of starting a program",
          [
            .blockLeave(
              [0xFF01_0000, 0xFF02_0000, 0xFF83_0000].map {
                AddressWindow($0, length: 1 << 16)
              })
          ], on: .leave)
      ]
    },
  ]

  private static let h7a3Version90 = FlashShape.pages(2 << 10, [512])

  private static let h74xErrata = [
    BootloaderErratum(
      "bootloader version 9.0 resets once more after power-on and reports "
        + "wrong poll times", when: [.bootloader([0x90])],
      [.waitDatasheetTimes], on: .notFound),
    BootloaderErratum(
      "mass erase does not work with this bootloader",
      when: [.bootloader([0xD3])], [.massEraseIsBroken], on: .erase),
    BootloaderErratum(
      "after erasing in the second bank this bootloader hangs when it is "
        + "asked too early", when: [.bootloader([0x91])],
      [.waitDatasheetTimes], on: .erase),
    BootloaderErratum(
      "when more than 1 MiB is erased an STM32H743 stays busy for ever; "
        + "CLRSTATUS sent twice after the wait cures it",
      when: [.flashLargerThan(1 << 20)], [.clearStatusTwice], on: .erase,
      source: Source("betaflight-configurator issues 1861 and 1972")),
    BootloaderErratum(
      "leaving does not work with this bootloader: set BOOT0 low and reset",
      when: [.bootloader([0xD2])], [.refuse(.leave)], on: .leave),
    BootloaderErratum(
      "this bootloader leaves only to a program whose initial stack pointer "
        + "is more than 16 bytes below the end of its RAM",
      when: [.bootloader([0x90, 0x91, 0x92])],
      [.stackPointerBelowEnd(bytes: 16)], on: .leave),
    .codeProtectionStays([0x90]),
  ]

  private static func h7(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .newer, flash, layout, writeAlignment: 8).with {
      $0.peripheral = .otg
      $0.uf2Families = [0x6DB6_6082]
    }
  }
}

extension FlashTiming {
  /// H74x and H72x: sectors of 128 KB, words of 256 bits, erased with the
  /// smallest parallelism (which one the bootloader takes is not known).
  fileprivate static let h7 = FlashTiming(
    erase: [SectorErase(size: 128 << 10, time: .ms(2000, 4000))],
    massErase: nil, programUnit: 32,
    program: FlashTime(typical: 100, maximum: 200))
}

extension OptionByteLayout {
  /// Pairs of current and programmed value.
  fileprivate static func h7(
    _ name: String, length: Int, sectors count: Int, extra: [OptionField]
  ) -> OptionByteLayout {
    let base: UInt32 = 0x5200_201C
    let levels: [UInt32: String] = [
      0: "off", 1: "level1", 2: "level2", 3: "level3",
    ]
    let memory: [UInt32: String] = [0: "2KB", 1: "4KB", 2: "8KB", 3: "16KB"]
    let options =
      [
        brownOut(2, 2, levels), readoutProtection(8),
        bits("ST_RAM_SIZE", 19, 2, memory),
      ]
      + flags([
        "IWDG1_SW": 4, "NRST_STOP": 6, "NRST_STBY": 7, "FZ_IWDG_STOP": 17,
        "FZ_IWDG_SDBY": 18, "SECURITY": 21, "IO_HSLV": 29,
      ]) + extra
    let outside = "the bootloader shows it but cannot program it"
    // The half that is programmed, at +58, lies outside the window.
    let shared = word(
      base + 0x54, .plain, nil,
      [
        bits("TCM_AXI_SHARED", 0, 2, kind: .readOnly(outside)),
        bits("CPUFREQ_BOOST", 2, kind: .readOnly(outside)),
      ])
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: [
        word(base, .pair, nil, options),
        word(
          base + 0x0C, .pair, nil,
          area("PROT_AREA1", 12, .codeProtection, "_START") + [
            bits("DMEP1", 31)
          ]),
        word(
          base + 0x14, .pair, nil,
          area("SEC_AREA1", 12, .secureArea, "_START") + [bits("DMES1", 31)]),
        word(base + 0x1C, .pair, nil, [sectors("WRPSn1", 0, count)]),
        word(
          base + 0x24, .pair, 0x1FF0_0800,
          [
            bits("BOOT_ADD0", 0, 16, kind: .address(shift: 16)),
            bits(
              "BOOT_ADD1", 16, 16, kind: .address(shift: 16),
              role: .bootTarget(bootloader: 0x1FF0)),
          ]),
      ] + (length == 88 ? [shared] : []),
      untouchable: length == 297
        ? [
          .init(
            window: AddressWindow(base + 0x4C, length: 8),
            reason:
              "locks of one-time-programmable memory, which cannot be undone")
        ] : [], protection: .standard,
      source: Source(
        "RM0433, RM0455, RM0468 and CMSIS device headers",
        length == 88 ? .inferred : .confirmed))
  }
}
