extension ChipFamily {
  static let l1: [ChipFamily] = [
    l1("C", 256, ram: 32, .l1("L1", protectionWords: 4)).with {
      $0.errata = [.highSpeedHost([0x40])]
    },
    l1("D", 384, ram: 48, .l1("L1xD", protectionWords: 6)).with {
      $0.errata = [
        .highSpeedHost([0x45]),
        BootloaderErratum(
          "this bootloader does not leave to a program whose initial stack "
            + "pointer is 0x2000C000, the end of RAM",
          when: [.bootloader([0x42])], [.rejectStackPointer(0x2000_C000)],
          on: .leave),
      ]
    },
    // Parts of 512 KB have two more words outside the window.
    l1("E", 512, ram: 80, .l1("L1xD", protectionWords: 6)).with {
      $0.errata = [.highSpeedHost([0x40])]
    },
  ]

  private static func l1(
    _ size: String, _ kilobytes: Int, ram: Int, _ layout: OptionByteLayout
  ) -> ChipFamily {
    l0Style(
      "L1x\(size)", "STM32L151x\(size), L152x\(size), L162x\(size)",
      .pages(256, [kilobytes]), layout
    ).with {
      $0.aliases.insert("L100x\(size)", at: 0)
      // Only the option bytes' address is sure.
      $0.fingerprint.optionBytesAreUncertain = true
      $0.uniqueID = [0x1FF8_00D0, 0x1FF8_00D4, 0x1FF8_00E4]
      $0.timing = .l1
      $0.ram = [sram(ram)]
      $0.reconnectTime = 849
      $0.uf2Families = [0x1E1F_432D]
    }
  }
}

extension FlashTiming {
  /// L1: pages of 256 bytes, programmed in half pages (datasheets).
  fileprivate static let l1 = FlashTiming(
    erase: [
      SectorErase(size: 256, time: FlashTime(typical: 3280, maximum: 3940))
    ],
    massErase: nil, programUnit: 128,
    program: FlashTime(typical: 3280, maximum: 3940))
}

extension OptionByteLayout {
  fileprivate static func l1(
    _ name: String, protectionWords: Int
  ) -> OptionByteLayout {
    .l0(
      name, user: 0x0078, mode: "SPRMOD", protectionWords: protectionWords,
      extra: [bits("BFB2", 7, confidence: .unconfirmed)],
      Source("RM0038 and CMSIS device headers", .unconfirmed))
  }
}
