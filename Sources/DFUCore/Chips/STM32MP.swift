/// Chips whose boot ROM loads programs into RAM by plain DFU, one partition to
/// an alternate setting (AN5275): STM32MP1, STM32MP2 and STM32N6. They write
/// their device ID into the product string.
enum PartitionLoader {
  /// By device ID, as DH electronics' transcripts (`/0x500`, `/0x501`, `/0x505`)
  /// and ST's community (td-p/834005, `/0x486`) show it.
  private static let chips: [UInt32: String] = [
    0x486: "STM32N6", 0x500: "STM32MP15", 0x501: "STM32MP13",
    0x505: "STM32MP25",
  ]

  /// The chip that a product string such as `DFU in HS Mode @Device ID /0x500,
  /// @Revision ID /0x0000` names; `nil` for any other.
  static func chip(product: String) -> String? {
    let parts = product.split(separator: "@").dropFirst()
    for part in parts where part.hasPrefix("Device ID") {
      let digits = part.split(separator: "/").dropFirst().first ?? ""
      let number = digits.prefix { $0 != "," && $0 != " " }
      return UInt32(c: number).flatMap { chips[$0] }
    }
    return nil
  }
}
