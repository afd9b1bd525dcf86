extension ChipFamily {
  static let apm32: [ChipFamily] = [
    ChipFamily("APM32", "Geehy APM32", Fingerprint(.geehy), writeAlignment: 4)
      .with { $0.emptyCheck = .unknown }
  ]
}

extension USBIdentifier {
  /// Geehy's bootloader.
  public static let geehy = USBIdentifier(0x314B, 0x0106)
}
