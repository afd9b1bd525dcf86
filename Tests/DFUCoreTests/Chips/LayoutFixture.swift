import DFUCore

/// Evidence from the interface strings of a listing.
func evidence(
  _ layouts: [String], vendor: UInt16 = 0x0483, product: UInt16 = 0xDF11,
  version: UInt16 = 0x2200, productString: String? = "STM32  BOOTLOADER",
  serial: String? = nil, bytes: [UInt32: UInt8] = [:]
) -> ChipEvidence {
  ChipEvidence(
    vendor: vendor, product: product, deviceVersion: version,
    productString: productString, serial: serial,
    memories: layouts.compactMap { try? MemoryMap(parsing: $0) },
    bytes: bytes)
}

/// A family that the test cannot do without.
func family(_ name: String) throws -> ChipFamily {
  guard let row = ChipFamily.named(name) else { throw NoSuchFamily(name: name) }
  return row
}

struct NoSuchFamily: Error {
  var name: String
}
