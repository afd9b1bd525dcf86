extension UInt16 {
  /// The two bytes at `offset`, low byte first. The caller has checked that
  /// they are there.
  package init(littleEndianAt offset: Int, in bytes: [UInt8]) {
    self = UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
  }
}

extension UInt32 {
  /// The four bytes at `offset`, low byte first. The caller has checked that
  /// they are there.
  package init(littleEndianAt offset: Int, in bytes: [UInt8]) {
    self =
      UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
      | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
  }
}

extension FixedWidthInteger {
  /// The bytes of the number, low byte first.
  package var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map {
      UInt8(truncatingIfNeeded: self >> ($0 * 8))
    }
  }
}

extension UInt32 {
  /// Four bytes, low byte first; `nil` for another number of them.
  package init?(littleEndianBytes bytes: [UInt8]) {
    guard bytes.count == 4 else { return nil }
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
