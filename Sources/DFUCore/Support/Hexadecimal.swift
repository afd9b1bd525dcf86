/// Hexadecimal digits with leading zeros, without a prefix.
package func hex(
  _ value: some BinaryInteger, _ digits: Int = 8, uppercase: Bool = true
) -> String {
  let text = String(value, radix: 16, uppercase: uppercase)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// All digits of the number in upper-case hexadecimal.
  package func hexDigits() -> String { hex(self, Self.bitWidth / 4) }
}

extension Unicode.Scalar {
  /// The value of a hexadecimal digit; `nil` for any other character.
  package var hexDigit: UInt8? {
    switch self {
    case "0"..."9": UInt8(value - 0x30)
    case "a"..."f": UInt8(value - 0x61 + 10)
    case "A"..."F": UInt8(value - 0x41 + 10)
    default: nil
    }
  }
}
