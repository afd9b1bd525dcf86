/// The CRC-32 of Ethernet, zip and DFU: polynomial 0xEDB88320 reflected,
/// start 0xFFFFFFFF.
///
/// DFU 1.1, appendix B, stores the register as it is; zip and others
/// complement it at the end.
public struct CRC32: Hashable, Sendable {
  /// The register, which is what the DFU suffix stores.
  public private(set) var register: UInt32 = 0xFFFF_FFFF

  /// A CRC of no bytes.
  public init() {}

  /// The CRC-32 of bytes, complemented as zip, `crc32` and others show it.
  public init(of bytes: [UInt8]) {
    update(bytes.span)
  }

  /// The complemented register, as zip, `crc32` and others show it.
  public var checksum: UInt32 { ~register }

  /// Runs bytes through the register.
  public mutating func update(_ bytes: Span<UInt8>) {
    // Eight bytes in one step through eight tables: the byte-by-byte loop
    // waits for each table look-up in turn.
    let tables = Self.tables.span
    var crc = register
    var index = 0
    let count = bytes.count
    while index &+ 8 <= count {
      let low =
        crc
        ^ (UInt32(bytes[index]) | UInt32(bytes[index &+ 1]) << 8
          | UInt32(bytes[index &+ 2]) << 16
          | UInt32(bytes[index &+ 3]) << 24)
      let a =
        tables[Int(low & 0xFF) | 0x700]
        ^ tables[Int(low >> 8 & 0xFF) | 0x600]
        ^ tables[Int(low >> 16 & 0xFF) | 0x500]
        ^ tables[Int(low >> 24) | 0x400]
      let b =
        tables[Int(bytes[index &+ 4]) | 0x300]
        ^ tables[Int(bytes[index &+ 5]) | 0x200]
        ^ tables[Int(bytes[index &+ 6]) | 0x100]
        ^ tables[Int(bytes[index &+ 7])]
      crc = a ^ b
      index &+= 8
    }
    while index < count {
      crc = tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ crc >> 8
      index &+= 1
    }
    register = crc
  }

  /// Table n holds the register after a byte and n more zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 {
        crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0)
      }
      tables[byte] = crc
    }
    for index in 256..<8 * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()
}
