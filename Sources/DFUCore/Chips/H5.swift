extension ChipFamily {
  static let h5: [ChipFamily] = [
    h5("H503", "STM32H503", [128], .h5("H503", trustZone: false))
      .with {
        $0.ram = [sram(32)]
        $0.systemMemory = AddressWindow(0x0BF8_7000, through: 0x0BF8_FFFF)
        $0.errata = [.jumpCrashes([0xE1])]
      },
    h5("H523", "STM32H523, H533", [256, 512], .h5("H523", trustZone: true)).with
    { $0.ram = [sram(272)] },
    h5(
      "H563", "STM32H562, H563, H573", [1024, 2048],
      .h5("H563", trustZone: true)
    ).with {
      $0.ram = [sram(640)]
      $0.bootloaderID = 0x0BF9_FAFE
      $0.errata += [
        .jumpCrashes([0xE3]),
        BootloaderErratum(
          "erasing the data flash does not work on 1 MB parts with this "
            + "bootloader",
          when: [.bootloader([0xE4]), .flash([.pages(8 << 10, [1024])])],
          [.refuse(.eraseDataFlash)], on: .erase),
      ]
    },
    h5("H5E", "STM32H5E, H5F", [4096], nil).with {
      $0.ram = [sram(1536)]
      $0.systemMemory = AddressWindow(0x0BFA_C000, through: 0x0BFB_7FFF)
      $0.errata.append(
        BootloaderErratum(
          "this bootloader appears twice: it measures its crystal and starts "
            + "over", when: [.bootloader([0xF0])], [.hint],
          on: .notFound))
    },
  ]

  private static func h5(
    _ name: String, _ title: String,
    _ kilobytes: [Int], _ layout: OptionByteLayout?
  ) -> ChipFamily {
    ChipFamily(
      name, title,
      Fingerprint(
        .newer, [.pages(8 << 10, kilobytes)],
        optionBytes: [[AddressWindow(0x4002_2050, length: 432)]],
        uncertain: true), writeAlignment: 16
    ).with {
      $0.fingerprint.deviceFeature = false
      // C5, which shows the same sectors, has one blank.
      $0.fingerprint.padding = 3
      $0.uniqueID = .words(at: 0x08FF_F800)
      $0.eccWord = 16
      $0.systemMemory = AddressWindow(0x0BF9_7000, through: 0x0BF9_FFFF)
      $0.reconnectTime = 250
      $0.peripheral = .fullSpeedDevice
      $0.leave.resetCommand = true
      $0.optionBytes = layout
      $0.errata = [.leavesNonSecure]
    }
  }
}

extension OptionByteLayout {
  /// Pairs of current and programmed value.
  fileprivate static func h5(
    _ name: String, trustZone: Bool
  ) -> OptionByteLayout {
    let base: UInt32 = 0x4002_2050
    let onOff: [UInt32: String] = [0xB4: "on", 0xC3: "off"]
    func boot(_ prefix: String, _ offset: UInt32) -> OptionWord {
      word(
        base + offset, .pair, nil,
        [
          bits(
            "\(prefix)BOOT_LOCK", 0, 8, [0xB4: "locked", 0xC3: "open"],
            role: .bootLock(on: 0xB4)),
          bits("\(prefix)BOOTADD", 8, 24, kind: .address(shift: 8)),
        ])
    }
    let options =
      [
        brownOut(
          0, 2, [0: "level1", 1: "level1", 2: "level2", 3: "level3"]),
        bits("PRODUCT_STATE", 8, 8), bits("BOOT_UBE", 22, 8),
      ]
      + flags([
        "BORH_EN": 2, "IWDG_SW": 3, "WWDG_SW": 4, "NRST_STOP": 6,
        "NRST_STDBY": 7, "IWDG_STOP": 20, "IWDG_STDBY": 21, "SWAP_BANK": 31,
      ])
    let second =
      flags([
        "SRAM1_3_RST": 2, "SRAM2_RST": 3, "BKPRAM_ECC": 4, "SRAM3_ECC": 5,
        "SRAM2_ECC": 6, "USBPD_DIS": 8,
      ])
      + (trustZone
        ? [bits("TZEN", 24, 8, onOff, role: .trustZone(on: 0xB4))] : [])
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 432)],
      words: [
        word(base, .pair, 0x2D30_EDF8, options),
        word(base + 0x20, .pair, nil, second), boot("NS", 0x30),
      ] + (trustZone ? [boot("SEC", 0x38)] : []),
      untouchable: [
        .init(
          window: AddressWindow(base + 0x10, length: 0x10),
          reason: "epoch counters, which only count up"),
        .init(
          window: AddressWindow(base + 0x40, length: 8),
          reason:
            "locks of one-time-programmable memory, which cannot be undone"),
      ], protection: .productState,
      source: Source("RM0481, RM0492 and CMSIS device headers", .unconfirmed))
  }
}
