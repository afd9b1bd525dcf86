extension ChipFamily {
  static let u3: [ChipFamily] = [
    ChipFamily(
      "U375", "STM32U375, U385", Fingerprint(.newer, []), writeAlignment: 8
    ).with {
      $0.ram = [sram(256)]
      $0.systemMemory = AddressWindow(0x0BF8_F000, through: 0x0BF9_FFFF)
      $0.bootloaderID = 0x0BF9_8FFE
      $0.peripheral = .fullSpeedDevice
      $0.errata = [
        .leavesNonSecure,
        BootloaderErratum(
          "of several pages this bootloader erases only the first: erased one "
            + "at a time", when: [.bootloader([0xE1])],
          [.checkBlankAfterErase], on: .erase),
      ]
    }
  ]
}
