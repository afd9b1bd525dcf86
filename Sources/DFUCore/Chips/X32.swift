extension ChipFamily {
  static let x32: [ChipFamily] = [
    ChipFamily("X32", "X32", Fingerprint(.x32), writeAlignment: 8)
      .with { $0.emptyCheck = .unknown }
  ]
}

extension USBIdentifier {
  /// The X32's bootloader (Betaflight pull request 5146).
  public static let x32 = USBIdentifier(0x3997, 0xDF11)
}
