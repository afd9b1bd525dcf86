extension ChipFamily {
  static let at32: [ChipFamily] = [
    ChipFamily("AT32", "Artery AT32", Fingerprint(.artery), writeAlignment: 4)
      .with {
        // dfu-util listings of AT32 boards.
        $0.serial = .constant(["AT32"])
        $0.emptyCheck = .unknown
        $0.notes = ["lifting its readout protection does not reset it"]
      }
  ]
}

extension USBIdentifier {
  /// Artery's bootloader.
  public static let artery = USBIdentifier(0x2E3C, 0xDF11)
}
