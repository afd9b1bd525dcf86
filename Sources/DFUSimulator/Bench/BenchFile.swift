#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the bench's JSON file says.
struct BenchFile: Codable, Sendable {
  static let format = "dfuflash-bench"

  var format = Self.format
  var version = 1
  /// Simulated seconds in a real one; 0 for virtual time.
  var speed: Double?
  /// Whether transfers take time on the wire.
  var wire: Bool?
  var boards: [BoardEntry] = []

  enum CodingKeys: String, CodingKey, CaseIterable {
    case format, version, speed, wire, boards
  }

  init() {}

  init(from decoder: any Decoder) throws {
    try decoder.refuseKeysBeyond(CodingKeys.self)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    format = try values.decode(String.self, forKey: .format)
    version = try values.decode(Int.self, forKey: .version)
    guard format == Self.format, version == 1 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "format and version must be "
            + "\"\(Self.format)\" and 1"))
    }
    speed = try values.decodeIfPresent(Double.self, forKey: .speed)
    wire = try values.decodeIfPresent(Bool.self, forKey: .wire)
    boards = try values.decode([BoardEntry].self, forKey: .boards)
  }

  /// Reads a file's content.
  static func decode(
    _ bytes: [UInt8], path: String
  ) throws(BenchError) -> BenchFile {
    do {
      return try JSONDecoder().decode(BenchFile.self, from: Data(bytes))
    } catch let error as DecodingError {
      let (place, reason) = error.parts
      throw .invalid(path, at: place, reason)
    } catch {
      throw .invalid(path, at: nil, "\(error)")
    }
  }

  /// The content of the file.
  func encode(path: String) throws(BenchError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [
      .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
    ]
    do {
      return try Array(encoder.encode(self)) + [0x0A]
    } catch {
      throw .invalid(path, at: nil, "\(error)")
    }
  }
}

/// One board of a bench. What is left out is as on a virgin board of its
/// kind, plugged in, with BOOT0 high.
struct BoardEntry: Codable, Sendable {
  var profile: String
  var path: String
  var uniqueID: String?
  var serial: String?
  /// Interface strings instead of the kind's own, by alternate setting.
  var alternates: [String]?
  var application: ApplicationChoice?
  var ownPower: Bool?
  var protection: Int?
  var quirks: QuirkChoice?
  var faults: [FaultEntry]?
  var deniedOpens: Int?
  var busyClaims: Int?
  var events: [EventEntry]?
  var state: StateEntry?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case profile, path, uniqueID, serial, alternates, application, ownPower,
      protection
    case quirks, faults, deniedOpens, busyClaims, events, state
  }
}

extension BoardEntry {
  init(from decoder: any Decoder) throws {
    try decoder.refuseKeysBeyond(CodingKeys.self)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    profile = try values.decode(String.self, forKey: .profile)
    path = try values.decode(String.self, forKey: .path)
    uniqueID = try values.decodeIfPresent(String.self, forKey: .uniqueID)
    serial = try values.decodeIfPresent(String.self, forKey: .serial)
    alternates = try values.decodeIfPresent([String].self, forKey: .alternates)
    application = try values.decodeIfPresent(
      ApplicationChoice.self, forKey: .application)
    ownPower = try values.decodeIfPresent(Bool.self, forKey: .ownPower)
    protection = try values.decodeIfPresent(Int.self, forKey: .protection)
    quirks = try values.decodeIfPresent(QuirkChoice.self, forKey: .quirks)
    faults = try values.decodeIfPresent([FaultEntry].self, forKey: .faults)
    deniedOpens = try values.decodeIfPresent(Int.self, forKey: .deniedOpens)
    busyClaims = try values.decodeIfPresent(Int.self, forKey: .busyClaims)
    events = try values.decodeIfPresent([EventEntry].self, forKey: .events)
    state = try values.decodeIfPresent(StateEntry.self, forKey: .state)
  }
}

/// What shows on the bus when the program runs.
public enum ApplicationChoice: String, Codable, Hashable, Sendable,
  CaseIterable
{
  /// Nothing.
  case none
  /// A device without DFU.
  case device
  /// A device with run-time DFU that detaches by itself.
  case dfu
}

/// Where a board was when the last run ended.
struct StateEntry: Codable, Sendable {
  var plugged: Bool?
  var mode: BoardMode?
  var boot0: Bool?
  var empty: Bool?
  var address: UInt8?
  var alternate: UInt8?
  var dfuState: UInt8?
  var dfuStatus: UInt8?
  var pointer: UInt32?
  var powerCycles: UInt32?
}

/// A fault in a bench's file.
struct FaultEntry: Codable, Sendable {
  var effect: String
  var nth: Int
  var of: RequestKind?
  var times: Int?
  var afterEffect: Bool?
  /// bStatus, bytes of a short reply, or offset of a flipped byte.
  var value: Int?
  /// The mask of a flipped byte.
  var mask: UInt8?
  /// Seconds until power comes back.
  var back: Double?

  func fault() throws(BenchFault) -> Fault {
    guard nth > 0 else { throw BenchFault("nth must be 1 or more") }
    let effect = try self.decodedEffect()
    return Fault(
      effect, at: nth, of: of ?? .any, times: times ?? 1,
      afterEffect: afterEffect ?? false)
  }

  private func decodedEffect() throws(BenchFault) -> Fault.Effect {
    switch effect {
    case "stall": return .stall
    case "timeout": return .timeout
    case "unplug": return .unplug
    case "powerCut": return .powerCut(back: try seconds(back))
    case "shortReply": return .shortReply(value ?? 0)
    case "status":
      guard let status = UInt8(exactly: value ?? 14) else {
        throw BenchFault("a status is a number from 0 to 255")
      }
      return .status(status)
    case "flip": return .flip(offset: value ?? 0, mask: mask ?? 0x01)
    default:
      throw BenchFault(
        "no fault is called \(effect.debugDescription); there are stall, "
          + "timeout, unplug, powerCut, shortReply, status, flip")
    }
  }
}

/// Something that happens by itself in a bench, after some seconds.
struct EventEntry: Codable, Sendable {
  var event: String
  var after: Double

  func decoded() throws(BenchFault) -> (BoardEvent, Duration) {
    guard let delay = try seconds(after) else {
      throw BenchFault("after is missing")
    }
    switch event {
    case "plug": return (.plug, delay)
    case "unplug": return (.unplug, delay)
    case "reset": return (.reset, delay)
    case "powerCycle": return (.powerCycle, delay)
    default:
      throw BenchFault(
        "no event is called \(event.debugDescription); there are plug, "
          + "unplug, reset, powerCycle")
    }
  }
}

/// What is wrong with a value in the file.
struct BenchFault: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

private func seconds(_ value: Double?) throws(BenchFault) -> Duration? {
  guard let value else { return nil }
  guard value >= 0, value <= 86_400 else {
    throw BenchFault("\(value) seconds is not between 0 and a day")
  }
  return .microseconds(Int64(value * 1_000_000))
}

/// Deviations that a bench's file asks for.
struct QuirkChoice: Codable, Sendable {
  var startsInError: Bool?
  var protection: String?
  var leave: String?
  var clearStatus: String?
  var earlyPoll: String?
  var addressesByRequestedLength: Bool?
  var badAddressStatus: UInt8?
  var transferSize: UInt16?
  var stallsAbove: Int?
  var interruptedOptionWriteProtects: Bool?
  var massEraseWithoutEffect: Bool?
  var enumeratesTwice: Bool?
  var serialChanges: Bool?
  var functionalDescriptor: String?
  /// Bytes of the ROM by their address ("0x1FFF6FFE"), such as its version.
  var romBytes: [String: UInt8]?
  var plain: [PlainProfile.Quirk]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case startsInError, protection, leave, clearStatus, earlyPoll
    case addressesByRequestedLength, badAddressStatus, transferSize
    case stallsAbove, interruptedOptionWriteProtects, massEraseWithoutEffect
    case enumeratesTwice, serialChanges, functionalDescriptor, romBytes, plain
  }

  init(from decoder: any Decoder) throws {
    try decoder.refuseKeysBeyond(CodingKeys.self)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<T: Decodable>(_ key: CodingKeys) throws -> T? {
      try values.decodeIfPresent(T.self, forKey: key)
    }
    startsInError = try read(.startsInError)
    protection = try read(.protection)
    leave = try read(.leave)
    clearStatus = try read(.clearStatus)
    earlyPoll = try read(.earlyPoll)
    addressesByRequestedLength = try read(.addressesByRequestedLength)
    badAddressStatus = try read(.badAddressStatus)
    transferSize = try read(.transferSize)
    stallsAbove = try read(.stallsAbove)
    interruptedOptionWriteProtects = try read(
      .interruptedOptionWriteProtects)
    massEraseWithoutEffect = try read(.massEraseWithoutEffect)
    enumeratesTwice = try read(.enumeratesTwice)
    serialChanges = try read(.serialChanges)
    functionalDescriptor = try read(.functionalDescriptor)
    romBytes = try read(.romBytes)
    plain = try read(.plain)
  }

  func apply(to profile: inout BoardProfile) throws(BenchFault) {
    if let transferSize {
      guard transferSize > 0 else {
        throw BenchFault("a transfer size of 0 bytes is of no use")
      }
      profile.functional.transferSize = transferSize
    }
    if let functionalDescriptor {
      profile.functional.place = try choice(functionalDescriptor)
    }
    switch profile.machine {
    case .plain(var machine):
      machine.quirks.formUnion(plain ?? [])
      profile.machine = .plain(machine)
    case .dfuSe(var chip):
      try apply(to: &chip)
      profile.machine = .dfuSe(chip)
    }
  }

  private func apply(to chip: inout ChipProfile) throws(BenchFault) {
    if let protection { chip.quirks.protection = try choice(protection) }
    if let leave { chip.quirks.leave = try choice(leave) }
    if let clearStatus { chip.quirks.clearStatus = try choice(clearStatus) }
    if let earlyPoll { chip.earlyPoll = try choice(earlyPoll) }
    if let startsInError { chip.quirks.startsInError = startsInError }
    if let addressesByRequestedLength {
      chip.quirks.addressesByRequestedLength = addressesByRequestedLength
    }
    if let badAddressStatus {
      chip.quirks.badAddressStatus = badAddressStatus
    }
    if let stallsAbove { chip.quirks.stallsAbove = stallsAbove }
    if let interruptedOptionWriteProtects {
      chip.quirks.interruptedOptionWriteProtects =
        interruptedOptionWriteProtects
    }
    if let massEraseWithoutEffect {
      chip.quirks.massEraseWithoutEffect = massEraseWithoutEffect
    }
    if let enumeratesTwice { chip.quirks.enumeratesTwice = enumeratesTwice }
    if let serialChanges { chip.quirks.serialChanges = serialChanges }
    for (text, byte) in romBytes ?? [:] {
      guard text.hasPrefix("0x"),
        let address = UInt32(text.dropFirst(2), radix: 16)
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
        chip.memories.append(MemoryProfile(.system, address, size: 1))
      }
    }
  }

  private func choice<T: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(BenchFault) -> T {
    if let value = T(rawValue: name) { return value }
    throw BenchFault(
      "\(name.debugDescription) is none of "
        + T.allCases.map(\.rawValue).joined(separator: ", "))
  }
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// A key that nobody knows is a typing error, and what it was to say would
  /// be lost.
  fileprivate func refuseKeysBeyond<K: CodingKey & CaseIterable>(
    _ keys: K.Type
  ) throws {
    let known = Set(K.allCases.map(\.stringValue))
    let values = try container(keyedBy: AnyKey.self)
    guard
      let stranger = values.allKeys.map(\.stringValue).sorted()
        .first(where: { !known.contains($0) })
    else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath,
        debugDescription: "there is no key \(stranger.debugDescription); "
          + "there are \(known.sorted().joined(separator: ", "))"))
  }
}

extension DecodingError {
  /// Where in the file, and what is wrong.
  fileprivate var parts: (String?, String) {
    switch self {
    case .keyNotFound(let key, let context):
      return (
        context.place, "the key \(key.stringValue.debugDescription) is missing"
      )
    case .valueNotFound(_, let context), .typeMismatch(_, let context),
      .dataCorrupted(let context):
      return (context.place, context.debugDescription)
    @unknown default: return (nil, "\(self)")
    }
  }
}

extension DecodingError.Context {
  fileprivate var place: String? {
    var text = ""
    for key in codingPath {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return text.isEmpty ? nil : text
  }
}
