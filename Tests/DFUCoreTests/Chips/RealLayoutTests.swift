import DFUCore
import FoundationEssentials
import Testing

/// What real boards show (Tests/Fixtures/layouts.json).
@Suite struct RealLayoutTests {
  struct Listing: Decodable, CustomTestStringConvertible {
    enum Serial: Decodable {
      case text(String)
      case raw(String)

      private struct Raw: Decodable { var raw: String }

      init(from decoder: any Decoder) throws {
        if let text = try? String(from: decoder) {
          self = .text(text)
        } else {
          self = .raw(try Raw(from: decoder).raw)
        }
      }
    }

    var name: String
    var ids: String
    var bcdDevice: String
    var product: String
    var serial: Serial
    var layouts: [String]

    var testDescription: String { name }

    /// The serial number as it is shown.
    var shownSerial: String {
      switch serial {
      case .text(let text): return text
      case .raw(let digits):
        let digits = digits.unicodeScalars.compactMap(\.hexValue)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
          digits[$0] << 4 | digits[$0 + 1]
        }
        return DeviceString(serial: bytes)?.raw ?? ""
      }
    }

    var memories: [MemoryMap] {
      layouts.compactMap { try? MemoryMap(parsing: $0) }
    }

    var evidence: ChipEvidence {
      let parts = ids.split(separator: ":").map { UInt16($0, radix: 16) ?? 0 }
      return ChipEvidence(
        vendor: parts[0], product: parts[1],
        deviceVersion: UInt16(bcdDevice, radix: 16) ?? 0,
        productString: product, serial: shownSerial, memories: memories)
    }

    var knowledge: BoardKnowledge { BoardKnowledge(evidence) }
  }

  static let listings: [Listing] = {
    let path = #filePath.split(separator: "/").dropLast(3)
    let file = "/" + path.joined(separator: "/") + "/Fixtures/layouts.json"
    guard let data = try? Data(contentsOf: URL(filePath: file)) else {
      return []
    }
    return (try? JSONDecoder().decode([Listing].self, from: data)) ?? []
  }()

  /// What a person could tell: the families, the kinds of the memories, and
  /// whether it is surely the bootloader in ROM.
  static let expected: [String: (families: [String], isCertain: Bool)] = [
    "F107": (["F105"], true),
    "F042": (["F04x", "F070x6"], true),
    "F072 128K": (["F072", "F070xB", "F303", "F373"], true),
    "F405": (["F2", "F405", "F412", "F413", "F42x", "F469"], true),
    "F429 1M garbage (BTT Octopus Pro)": (
      ["F2", "F405", "F412", "F413", "F42x", "F469"], true
    ),
    "F429 2M": (["F42x", "F469"], true),
    "F745": (["F74x", "F76x"], true),
    "L151xC (bttn)": (["L1xC"], true),
    "L433 TNC3": (["L43x", "L45x", "L47x"], true),
    "L412": (["L412"], true),
    "L552": (["L5"], true),
    "G0B1 128K": (["G0B1"], true),
    "U083": (["U073"], true),
    "U585 2M": (["U575", "U59x", "U5F"], true),
    "U5A5 4M (BatGizmo)": (["U59x", "U5F"], true),
    "H563 2M": (["H563"], false),
    "C562 512K (Betaflight)": (["C5"], false),
    "C5 OpenBL": (["C5"], false),
    "H743": (["H74x"], true),
    "H7B0/H7A3 9.1+": (["H7A3"], true),
    "H7A3/H7B3 9.0": (["H7A3"], true),
    "GD32VF103 ver 1000": (["GD32VF103"], false),
    "GD32VF103 ver 0100": (["GD32VF103"], false),
    "GD32H7": (["GD32H7"], false),
    "AT32F415": (["AT32"], false),
    "AT32F435": (["AT32"], false),
    "APM32": (["APM32"], false),
    "X32": (["X32"], false),
    "Daisy": ([], false),
  ]

  @Test func allOfThemAreThere() {
    #expect(Set(Self.listings.map(\.name)) == Set(Self.expected.keys))
  }

  @Test(arguments: listings)
  func itIsReadAndIdentified(listing: Listing) throws {
    let expected = try #require(Self.expected[listing.name])
    #expect(listing.memories.count == listing.layouts.count)
    #expect(
      listing.knowledge.identification.candidates.map(\.name)
        == expected.families)
    #expect(listing.knowledge.isCertainROM == expected.isCertain)
    // Only these may be asked at once.
    let holds = expected.families.allSatisfy {
      $0.hasPrefix("F2") || $0.hasPrefix("F4") || $0.hasPrefix("F7")
    }
    #expect(
      listing.knowledge.holdsAnswersBack == (expected.isCertain && holds))
    #expect(
      listing.memories.map(\.isCutOff)
        == listing.layouts.map { !$0.unicodeScalars.allSatisfy(\.isASCII) })
  }

  @Test(arguments: listings)
  func itsMemoriesAreWhatTheyAre(listing: Listing) {
    for (memory, text) in zip(listing.memories, listing.layouts) {
      let name = text.lowercased()
      let expected: MemoryKind =
        if name.contains("option") || name.contains("ob bytes") {
          .optionBytes
        } else if name.contains("otp") {
          .oneTimeProgrammable
        } else if name.contains("feature") {
          .deviceFeature
        } else if name.contains("data") {
          .dataMemory
        } else if name.contains("engi") {
          .engineeringBytes
        } else if name.contains("flash") {
          .internalFlash
        } else {
          .other
        }
      #expect(memory.kind == expected)
      #expect(!memory.runs.isEmpty)
    }
  }

  private func listing(_ name: String) throws -> Listing {
    try #require(Self.listings.first { $0.name == name })
  }

  @Test func anOldH7A3HasItsTrueSectors() throws {
    let board = try listing("H7A3/H7B3 9.0")
    #expect(
      board.knowledge.rules.trueFlash == [SectorGroup(256, 8 << 10)])
    #expect(try listing("H7B0/H7A3 9.1+").knowledge.rules.trueFlash == nil)
  }

  @Test func aGD32sSerialIsText() throws {
    for name in ["GD32VF103 ver 1000", "GD32VF103 ver 0100"] {
      let board = try listing(name)
      #expect(board.shownSerial == "3CBJ")
    }
    #expect(
      try listing("GD32VF103 ver 1000").knowledge.rules.trueFlash
        == [SectorGroup(128, 1 << 10)])
    #expect(
      try listing("GD32VF103 ver 0100").knowledge.rules.trueFlash == nil)
  }

  @Test func serialsThatTellNothingAreKnown() throws {
    for name in ["H743", "F107", "F042", "AT32F415", "H7A3/H7B3 9.0"] {
      #expect(NonUniqueSerial.known(try listing(name).shownSerial) != nil)
    }
    for name in ["H7B0/H7A3 9.1+", "U083", "L412"] {
      #expect(NonUniqueSerial.known(try listing(name).shownSerial) == nil)
    }
  }

  @Test func piecesOfSectorsAreNotErased() throws {
    let map = try MemoryMap(
      parsing: "@Read only Memory /0x08FFF800/01.5*01Kg")
    #expect(
      map.runs == [
        SectorRun(
          address: 0x08FF_F800, count: 1, sectorSize: 1536,
          access: [.readable, .writable])
      ])
    #expect(throws: MemoryMapError.self) {
      try MemoryMap(parsing: "@Memory /0x08FFF800/01.3*01Bg")
    }
  }

  /// A layout followed by whatever lies behind it in memory.
  @Test(arguments: 0..<64)
  func garbageBehindALayoutIsLeftOut(seed: UInt64) throws {
    var random = Scatter(seed: seed)
    let runs = (0..<Int.random(in: 1...4, using: &random)).map { _ in
      let count = Int.random(in: 1...512, using: &random)
      let size = Int.random(in: 1...256, using: &random)
      return String(count) + "*0" + String(size) + "Kg"
    }
    let text =
      "@Internal Flash  /0x08000000/" + runs.joined(separator: ",")
    var garbage = ""
    for _ in 0..<Int.random(in: 1...20, using: &random) {
      let value = UInt32.random(in: 0x80...0xD7FF, using: &random)
      garbage.unicodeScalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    let clean = try MemoryMap(parsing: text)
    let dirty = try MemoryMap(parsing: text + garbage)
    #expect(dirty.runs == clean.runs && dirty.name == clean.name)
    #expect(dirty.isCutOff && !clean.isCutOff)
  }
}

extension Unicode.Scalar {
  fileprivate var hexValue: UInt8? {
    Character(self).hexDigitValue.map(UInt8.init)
  }
}

private struct Scatter: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
