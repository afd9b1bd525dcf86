import DFUCore

/// Evidence from the interface strings of a listing, understood by a reader
/// that knows just enough for the strings in these tests.
func evidence(
  _ layouts: [String], vendor: UInt16 = 0x0483, product: UInt16 = 0xDF11,
  version: UInt16 = 0x2200, productString: String? = "STM32  BOOTLOADER",
  serial: String? = nil, bytes: [UInt32: UInt8] = [:]
) -> ChipEvidence {
  ChipEvidence(
    vendor: vendor, product: product, deviceVersion: version,
    productString: productString, serial: serial,
    memories: layouts.map {
      ChipEvidence.Memory(layout: $0, regions: regions($0))
    },
    bytes: bytes)
}

private func regions(_ layout: String) -> [ChipEvidence.Region] {
  var parts = layout.split(separator: "/").map(String.init)[...]
  guard layout.hasPrefix("@"), !parts.isEmpty else { return [] }
  parts.removeFirst()
  var found: [ChipEvidence.Region] = []
  while parts.count >= 2 {
    let text = parts.removeFirst().drop { $0 == "0" || $0 == "x" }
    var address = UInt32(text.isEmpty ? "0" : text, radix: 16) ?? 0
    for sector in parts.removeFirst().split(separator: ",") {
      let numbers = sector.split(separator: "*").map { part in
        Int(part.filter { $0.isNumber && $0.isASCII }) ?? 0
      }
      guard numbers.count == 2 else { continue }
      let unit =
        sector.contains("K") ? 1 << 10 : sector.contains("M") ? 1 << 20 : 1
      found.append(
        ChipEvidence.Region(
          address: address, count: numbers[0], size: numbers[1] * unit))
      address &+= UInt32(truncatingIfNeeded: numbers[0] * numbers[1] * unit)
    }
  }
  return found
}

/// A family that the test cannot do without.
func family(_ name: String) throws -> ChipFamily {
  guard let row = ChipFamily.named(name) else { throw NoSuchFamily(name: name) }
  return row
}

struct NoSuchFamily: Error {
  var name: String
}
