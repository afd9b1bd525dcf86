extension ChipFamily {
  static let c5: [ChipFamily] = [
    ChipFamily(
      "C5", "STM32C5", ["C5"], Fingerprint(nil, []), writeAlignment: 16
    )
    .with {
      $0.systemMemory = AddressWindow(0x0BF8_0080, through: 0x0BF8_85FF)
      // BootSel is 0.
      $0.emptyCheck = .present
      $0.peripheral = .fullSpeedDevice
    }
  ]
}
