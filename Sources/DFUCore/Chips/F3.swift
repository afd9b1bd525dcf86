extension ChipFamily {
  static let f3: [ChipFamily] = [
    f3("F301", "STM32F301x6/8, F302x6/8", [32, 64]).with {
      $0.aliases = ["F301", "F302x6", "F302x8"]
      $0.ram = [sram(16)]
      $0.errata.append(.highSpeedHost([0x40]))
    },
    f3("F303", "STM32F302xB/C, F303xB/C", [128, 256]).with {
      $0.aliases.append("F358")
      $0.ram = [sram(40), sram(8, at: 0x1000_0000)]
    },
    f3("F303xE", "STM32F302xD/E, F303xD/E", [384, 512]).with {
      $0.ram = [sram(64), sram(16, at: 0x1000_0000)]
      $0.errata.append(.highSpeedHost([0x40]))
    },
    f3(
      "F373", "STM32F373, F378", [64, 128, 256],
      layout: .f1("F373", f3User + flags(["SDADC12_VDD_MONITOR": 23]))
    ).with {
      $0.ram = [sram(32)]
      $0.bootloaderID = 0x1FFF_F7A6
      $0.errata.append(.highSpeedHost([0x41]))
    },
  ]

  private static let f3User = flags([
    "nBOOT1": 20, "VDDA_MONITOR": 21, "SRAM_PE": 22,
  ])

  private static func f3(
    _ name: String, _ title: String, _ kilobytes: [Int],
    layout: OptionByteLayout = .f1("F3", f3User)
  ) -> ChipFamily {
    f1Style(name, title, .pages(2 << 10, kilobytes), layout).with {
      $0.uniqueID = .words(at: 0x1FFF_F7AC)
      $0.serial = .derived(.romWithWord2)
      $0.systemMemory = AddressWindow(0x1FFF_D800, through: 0x1FFF_F7FF)
      $0.bootloaderID = 0x1FFF_F796
      $0.errata = [
        .crystalFromList,
        BootloaderErratum(
          "an STM32F3 needs an external 1.5 kilo-ohm pull-up on D+", [.hint],
          on: .notFound),
      ]
      $0.uf2Families = [0x6B84_6188]
    }
  }
}
