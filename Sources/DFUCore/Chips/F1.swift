extension ChipFamily {
  static let f1: [ChipFamily] = [
    f1Style(
      "F105", "STM32F105, F107", .pages(2 << 10, [64, 128, 256]),
      .f1("F1", open: 0xA5, [])
    ).with {
      $0.peripheral = .otg
      $0.uniqueID = .words(at: 0x1FFF_F7E8)
      $0.serial = .constant(["STM32"])
      $0.ram = [sram(64)]
      $0.systemMemory = AddressWindow(0x1FFF_B000, through: 0x1FFF_F7FF)
      $0.reconnectTime = 13_700
      $0.errata = [
        BootloaderErratum(
          "an STM32F105/107 appears up to 13.7 s after reset with a crystal of "
            + "8 MHz, 4.5 s with 14.7456 MHz, 0.5 s with 25 MHz, and only "
            + "while PA9 (VBUS) is high", [.hint], on: .notFound)
      ]
      $0.uf2Families = [0x5EE2_1072]
    }
  ]

  /// What F0, F1 and F3 have in common.
  static func f1Style(
    _ name: String, _ title: String, _ flash: FlashShape,
    _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .older, [flash], layout, writeAlignment: 4).with {
      $0.timing = .f1
      $0.peripheral = .fullSpeedDevice
    }
  }
}

extension FlashTiming {
  /// Pages, 16 bits at a time (datasheets).
  static let f1 = FlashTiming(
    erase: [SectorErase(size: 2 << 10, time: .ms(20, 40))],
    massErase: .ms(20, 40), programUnit: 2,
    program: FlashTime(typical: 53, maximum: 70))
}

extension OptionByteLayout {
  /// F0, F1 and F3: a byte and its complement (RM0091, RM0360, RM0008, PM0075,
  /// RM0316, RM0313, CMSIS device headers).
  static func f1(
    _ name: String, open: UInt32 = 0xAA, _ user: [OptionField]
  ) -> OptionByteLayout {
    let base: UInt32 = 0x1FFF_F800
    func pair(_ offset: UInt32, _ low: OptionField, _ high: OptionField)
      -> OptionWord
    {
      word(base + offset, .byteComplement, 0x00FF_00FF, [low, high])
    }
    func protection(_ index: Int, _ bit: Int) -> OptionField {
      sectors("WRP\(index)", bit, 8, first: index * 8)
    }
    let protected =
      open == 0xA5
      ? readoutProtection(0, [open: "level0"]) : readoutProtection(0)
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: 16)],
      words: [
        word(
          base, .byteComplement, 0x00FF_0000 | open,
          [protected]
            + flags(["IWDG_SW": 16, "nRST_STOP": 17, "nRST_STDBY": 18]) + user),
        pair(4, bits("DATA0", 0, 8), bits("DATA1", 16, 8)),
        pair(8, protection(0, 0), protection(1, 16)),
        pair(12, protection(2, 0), protection(3, 16)),
      ], protection: open == 0xA5 ? .f1 : .standard,
      source: Source("reference manuals and CMSIS device headers"))
  }
}
