/// A stretch of a chip's address space.
public struct AddressWindow: Hashable, Sendable {
  /// Its first address.
  public var start: UInt32
  /// Its length in bytes.
  public var length: Int

  /// A window of a length in bytes.
  public init(_ start: UInt32, length: Int) {
    self.start = start
    self.length = length
  }

  /// A window from its first to its last address, both included; of length 0
  /// when they are in the wrong order.
  public init(_ first: UInt32, through last: UInt32) {
    self.start = first
    self.length = last < first ? 0 : Int(last - first) + 1
  }

  /// The address after the last byte; 2^32 for a window at the very end.
  public var end: UInt64 { UInt64(start) + UInt64(max(0, length)) }

  /// Whether an address lies in it.
  public func contains(_ address: UInt32) -> Bool {
    address >= start && UInt64(address) < end
  }

  /// Whether it shares at least one byte with another.
  public func overlaps(_ other: AddressWindow) -> Bool {
    UInt64(start) < other.end && UInt64(other.start) < end
      && length > 0 && other.length > 0
  }
}

extension AddressWindow: CustomStringConvertible {
  /// First and last address in hexadecimal.
  public var description: String {
    let last = UInt32(truncatingIfNeeded: end &- 1)
    return "0x\(start.hexDigits())-0x\(last.hexDigits())"
  }
}
