#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension BoardProfile {
  /// Takes over the deviations that a bench's file asks for: the properties of
  /// ``ChipQuirks`` and ``BoardChoice`` by their names. Addresses are numbers
  /// or texts such as `"0x08002000"`. What does not concern a kind of board is
  /// ignored.
  mutating func apply(_ values: [String: JSONValue]) throws(BenchFault) {
    try values.refuseKeys(
      beyond: [ChipQuirks(), BoardChoice()], in: " in quirks")
    do {
      let choice: BoardChoice = try JSONValue.object(values).decoded()
      try choice.apply(to: &self)
      guard case .dfuSe(var chip) = machine else { return }
      var quirks = try JSONValue(encoding: chip.quirks).object
      quirks.merge(values.mapValues(\.withoutHexadecimal)) { _, new in new }
      chip.quirks = try JSONValue.object(quirks).decoded()
      try choice.apply(to: &chip)
      machine = .dfuSe(chip)
    } catch let error as DecodingError {
      let (place, reason) = error.parts
      throw BenchFault((place.map { "\($0): " } ?? "") + reason)
    } catch let error as BenchFault {
      throw error
    } catch {
      throw BenchFault("\(error)")
    }
  }
}

/// Deviations beside ``ChipQuirks``.
private struct BoardChoice: Codable {
  /// `wTransferSize`, bytes.
  var transferSize: UInt16?
  /// `bmAttributes`.
  var attributes: UInt8?
  /// Where the functional descriptor stands.
  var functionalDescriptor: FunctionalProfile.Place?
  /// See ``FunctionalProfile/isSilentOnRequest``.
  var silentDescriptor: Bool?
  /// See ``BoardProfile/stringsStallOnce``.
  var stringsStallOnce: Bool?
  /// What a request meets during work.
  var earlyPoll: EarlyPoll?
  /// Bytes of the ROM by their address ("0x1FFF6FFE"), such as its version.
  var romBytes: [String: UInt8]?
  /// Deviations of a plain device.
  var plain: [PlainProfile.Quirk]?
  /// How long a plain device erases before its first block.
  var eraseSeconds: Double?

  func apply(to profile: inout BoardProfile) throws(BenchFault) {
    if transferSize == 0 {
      throw BenchFault("a transfer size of 0 bytes is of no use")
    }
    profile.functional.transferSize =
      transferSize ?? profile.functional.transferSize
    profile.functional.attributes = attributes ?? profile.functional.attributes
    profile.functional.place = functionalDescriptor ?? profile.functional.place
    profile.functional.isSilentOnRequest =
      silentDescriptor ?? profile.functional.isSilentOnRequest
    profile.stringsStallOnce = stringsStallOnce ?? profile.stringsStallOnce
    guard case .plain(var machine) = profile.machine else { return }
    machine.quirks.formUnion(plain ?? [])
    machine.eraseTime = try seconds(eraseSeconds) ?? machine.eraseTime
    profile.machine = .plain(machine)
  }

  func apply(to chip: inout ChipProfile) throws(BenchFault) {
    chip.earlyPoll = earlyPoll ?? chip.earlyPoll
    for (text, byte) in romBytes ?? [:] {
      guard case .number(let number) = JSONValue.text(text).withoutHexadecimal,
        let address = UInt32(exactly: number)
      else {
        throw BenchFault(
          "\(text.debugDescription) is no address like 0x1FFF6FFE")
      }
      chip.marks[address] = [byte]
      let isThere = chip.memories.contains {
        $0.start <= address
          && UInt64(address) < UInt64($0.start) + UInt64($0.size)
      }
      // A byte of the ROM that the kind leaves out.
      if !isThere {
        chip.memories.append(
          MemoryProfile(.system, address, [SectorGroup(1, 1)]))
      }
    }
  }
}

/// A JSON value of any kind.
enum JSONValue: Codable, Sendable {
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONValue].self))
    }
  }

  init(encoding value: some Encodable) throws {
    self = try JSONDecoder().decode(
      JSONValue.self, from: try JSONEncoder().encode(value))
  }

  func decoded<T: Decodable>() throws -> T {
    try JSONDecoder().decode(T.self, from: try JSONEncoder().encode(self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .flag(let flag): try container.encode(flag)
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    }
  }

  /// The number that a text such as `0x1FFF6FFE` stands for.
  var withoutHexadecimal: JSONValue {
    guard case .text(let text) = self, text.hasPrefix("0x"),
      let number = UInt32(text.dropFirst(2), radix: 16)
    else { return self }
    return .number(Double(number))
  }

  var object: [String: JSONValue] {
    if case .object(let object) = self { object } else { [:] }
  }

  var list: [JSONValue] {
    if case .list(let list) = self { list } else { [] }
  }
}

/// A value that a bench's file calls by its name.
public protocol NamedChoice: RawRepresentable<String>, CaseIterable, Codable,
  Hashable, Sendable
{}

extension NamedChoice {
  /// Reads the name; an error lists those there are.
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    guard let value = Self(rawValue: name) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "\(name.debugDescription) is none of "
            + Self.allCases.map(\.rawValue).joined(separator: ", ")))
    }
    self = value
  }
}
