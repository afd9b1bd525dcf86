extension ChipFamily {
  static let wb32: [ChipFamily] = [
    ChipFamily(
      "WB32", "Westberry WB32", Fingerprint(.westberry), writeAlignment: 4
    ).with { $0.emptyCheck = .unknown }
  ]
}

extension USBIdentifier {
  /// Westberry's bootloader (QMK's udev rules).
  public static let westberry = USBIdentifier(0x342D, 0xDFA0)
}
