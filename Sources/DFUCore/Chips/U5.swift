extension ChipFamily {
  static let u5: [ChipFamily] = [
    u5(
      "U535", "STM32U535, U545", [128, 256, 512], .u5("U535", pages: 5),
      ram: 256
    ).with { $0.peripheral = .fullSpeedDevice },
    u5(
      "U575", "STM32U575, U585", [1024, 2048], .u5("U575", pages: 7), ram: 768
    ).with {
      $0.errata.append(
        BootloaderErratum(
          "readout protection and secure option bytes cannot be changed in one "
            + "write", when: [.bootloader([0x92])], [.splitOptionByteWrites],
          on: .optionBytes))
    },
    u5(
      "U59x", "STM32U595, U599, U5A5, U5A9", [2048, 4096],
      .u5("U59x", pages: 8), ram: 2496
    ).with {
      $0.errata.append(
        BootloaderErratum(
          "with a crystal that is not in AN2606's list this bootloader resets "
            + "itself", when: [.bootloader([0x92])],
          [.hint], on: .notFound))
    },
    u5(
      "U5F", "STM32U5F7, U5F9, U5G7, U5G9", [2048, 4096], .u5("U59x", pages: 8),
      ram: 3008),
  ]

  private static func u5(
    _ name: String, _ title: String, _ kilobytes: [Int],
    _ layout: OptionByteLayout, ram: Int
  ) -> ChipFamily {
    l5Style(name, title, [.pages(8 << 10, kilobytes)], layout).with {
      $0.uniqueID = .words(at: 0x0BFA_0700)
      $0.serial = .derived(.rom)
      $0.eccWord = 16
      $0.timing = .u5
      $0.ram = [sram(ram), sram(16, at: 0x2800_0000)]
      $0.systemMemory = AddressWindow(0x0BF9_0000, through: 0x0BF9_FFFF)
      $0.bootloaderID = 0x0BF9_9EFE
      $0.reconnectTime = 300
      $0.peripheral = .otg
    }
  }
}

extension FlashTiming {
  /// U5: pages of 8 KB, words of 128 bits (datasheets).
  fileprivate static let u5 = FlashTiming(
    erase: [
      SectorErase(size: 8 << 10, time: FlashTime(typical: 1500, maximum: 5000))
    ],
    massErase: nil, programUnit: 16,
    program: FlashTime(typical: 118, maximum: 118))
}

extension OptionByteLayout {
  fileprivate static func u5(_ name: String, pages: Int) -> OptionByteLayout {
    .l5(
      name, length: 64, pages: pages, factory: 0x1FEF_F8AA,
      user: flags([
        "SRAM_RST": 15, "DUALBANK": 21, "BKPRAM_ECC": 22, "SRAM3_ECC": 23,
        "SRAM2_ECC": 24, "IO_VDD_HSLV": 29, "IO_VDDIO2_HSLV": 30,
      ]), unlocks: true, Source("RM0456 and CMSIS device headers"))
  }
}
