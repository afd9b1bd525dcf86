extension ChipFamily {
  static let g4: [ChipFamily] = [
    g4(
      "G431", "STM32G431, G441",
      [.pages(2 << 10, [32, 64, 128])],
      .l4("G431", code: 14, write: 6, secure: 7, user: g4User, .g4).with {
        // Listings show 48 bytes, of which 40 can be written.
        $0.untouchable = [
          .init(
            window: AddressWindow(0x1FFF_7828, length: 8),
            reason: "the bootloader shows 48 bytes of which it writes only 40",
            excluded: true)
        ]
      }
    ).with { $0.ram = [sram(32)] },
    g4(
      "G47x", "STM32G471, G473, G474, G483, G484",
      [.pages(2 << 10, [128, 256, 512]), .pages(4 << 10, [128, 256, 512])],
      .l4(
        "G47x", code: 15, write: 7, second: 0x1FFF_F800, secure: 8,
        user: g4User + flags(["BFB2": 20, "DBANK": 22]), .g4)
    ).with { $0.ram = [sram(128)] },
    g4(
      "G491", "STM32G491, G4A1", [.pages(2 << 10, [256, 512])],
      .l4(
        "G491", code: 15, write: 7, secure: 8,
        user: g4User + flags(["PB4_PUPEN": 22]), .g4)
    ).with { $0.ram = [sram(112)] },
  ]

  private static let g4User =
    flags([
      "SRAM_PE": 24, "CCMSRAM_RST": 25, "nSWBOOT0": 26, "nBOOT0": 27,
      "IRHEN": 30,
    ]) + [bits("NRST_MODE", 28, 2)]

  private static func g4(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .newer, flash, layout, writeAlignment: 8).with {
      $0.uniqueID = .words(at: 0x1FFF_7590)
      $0.serial = .derived(.rom)
      $0.eccWord = 8
      $0.timing = .l4
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF)
      $0.reconnectTime = 300
      $0.peripheral = .fullSpeedDevice
      $0.errata = [
        BootloaderErratum(
          "transfers of 2048 bytes stalled on some STM32G4 where 1024 worked",
          [.limitTransfersAfterError(bytes: 1024)], on: .transferError,
          source: Source("siliconwitchery/web-stm32-updater issue 3"))
      ]
      $0.uf2Families = [0x4C71_240A]
    }
  }
}

extension Source {
  fileprivate static let g4 = Source("RM0440 and CMSIS device headers")
}
