extension UInt32 {
  /// A number as C writes it: 0x… hexadecimal, 0… octal, otherwise decimal.
  package init?(c text: some StringProtocol) {
    let digits = text.lowercased()
    if digits.hasPrefix("0x") {
      guard let value = UInt32(plain: digits.dropFirst(2), radix: 16) else {
        return nil
      }
      self = value
    } else if digits.hasPrefix("0") && digits.count > 1 {
      guard let value = UInt32(plain: digits.dropFirst(), radix: 8) else {
        return nil
      }
      self = value
    } else {
      guard let value = UInt32(plain: digits[...], radix: 10) else {
        return nil
      }
      self = value
    }
  }

  /// Digits only: no sign.
  package init?(plain digits: some StringProtocol, radix: Int) {
    guard let first = digits.first, first != "+", first != "-" else {
      return nil
    }
    self.init(String(digits), radix: radix)
  }
}
