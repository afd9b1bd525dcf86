extension ChipFamily {
  static let c5: [ChipFamily] = [
    ChipFamily(
      "C5", "STM32C5",
      // Betaflight pull request 5300, an STM32C562; AN2606 rev 70.
      Fingerprint(.newer, [.pages(8 << 10, [128, 256, 512, 1024])]),
      writeAlignment: 16
    ).with {
      $0.aliases.append("C562")
      $0.fingerprint.deviceFeature = false
      // H5, which shows the same sectors, has three blanks.
      $0.fingerprint.padding = 1
      $0.systemMemory = AddressWindow(0x0BF8_0080, through: 0x0BF8_85FF)
      // BootSel is 0.
      $0.emptyCheck = .present
      $0.peripheral = .fullSpeedDevice
      $0.notes = [
        "it shows no option bytes, never answers a request for the DFU "
          + "functional descriptor alone, and stalls CLRSTATUS outside dfuERROR"
      ]
    }
  ]
}
