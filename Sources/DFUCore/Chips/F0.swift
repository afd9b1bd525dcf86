extension ChipFamily {
  static let f0: [ChipFamily] = [
    f0(
      "F04x", "STM32F042, F048", .pages(1 << 10, [16, 32]),
      .f1("F04x", f04xUser)
    ).with {
      $0.serial = .constant(["FFFFFFFEFFFF"])
      $0.ram = [sram(6)]
      $0.emptyCheck = .present
    },
    f0(
      "F070x6", "STM32F070x6", .pages(1 << 10, [16, 32]), .f1("F04x", f04xUser)
    ).with {
      // The same die as F042.
      $0.serial = .constantInSome(["FFFFFFFEFFFF"])
      $0.ram = [sram(6)]
      $0.emptyCheck = .present
      $0.errata.append(.crystalFromList)
    },
    f0(
      "F072", "STM32F072, F078", .pages(2 << 10, [64, 128]),
      .f1("F07x", f07xUser)
    ).with {
      $0.systemMemory = AddressWindow(0x1FFF_C800, through: 0x1FFF_F7FF)
      $0.leave.mayNeedSecondStatus = true
    },
    f0("F070xB", "STM32F070xB", .pages(2 << 10, [128]), .f1("F07x", f07xUser))
      .with {
        $0.systemMemory = AddressWindow(0x1FFF_C800, through: 0x1FFF_F7FF)
        $0.errata.append(.crystalFromList)
      },
  ]

  private static let f07xUser = flags([
    "nBOOT1": 20, "VDDA_MONITOR": 21, "RAM_PARITY": 22,
  ])
  private static let f04xUser =
    f07xUser + flags(["nBOOT0": 19, "BOOT_SEL": 23])

  private static func f0(
    _ name: String, _ title: String, _ flash: FlashShape,
    _ optionBytes: OptionByteLayout
  ) -> ChipFamily {
    f1Style(name, title, flash, optionBytes).with {
      $0.uniqueID = .words(at: 0x1FFF_F7AC)
      $0.serial = .derived(.romWithWord2)
      $0.ram = [sram(16)]
      $0.systemMemory = AddressWindow(0x1FFF_C400, through: 0x1FFF_F7FF)
      $0.bootloaderID = 0x1FFF_F6A6
      $0.errata = [.highSpeedHost([0xA0, 0xA1, 0xA2, 0xA3])]
      $0.uf2Families = [0x6478_24B6]
    }
  }
}
