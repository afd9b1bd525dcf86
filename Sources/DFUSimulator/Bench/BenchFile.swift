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

  /// Reads a file's content.
  static func decode(
    _ bytes: [UInt8], path: String
  ) throws(BenchError) -> BenchFile {
    do {
      let decoder = JSONDecoder()
      let file = try decoder.decode(BenchFile.self, from: Data(bytes))
      let raw = try decoder.decode(JSONValue.self, from: Data(bytes))
      guard file.format == Self.format, file.version == 1 else {
        throw BenchFault(
          "format and version must be \"\(Self.format)\" and 1")
      }
      try raw.object.refuseKeys(beyond: [BenchFile()])
      for board in raw.object["boards"]?.list ?? [] {
        try board.object.refuseKeys(beyond: [BoardEntry(profile: "", path: "")])
      }
      return file
    } catch let error as BenchFault {
      throw .invalid(path, at: nil, error.reason)
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
  /// See ``BoardProfile/apply(_:)``.
  var quirks: [String: JSONValue]?
  var faults: [FaultEntry]?
  var deniedOpens: Int?
  var busyClaims: Int?
  var events: [EventEntry]?
  var state: StateEntry?
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
  var stage: Int?
}

/// A fault in a bench's file.
struct FaultEntry: Codable, Sendable {
  enum Effect: String, NamedChoice {
    case stall, transferError, timeout, unplug, reenumerate, powerCut
    case shortReply, status, flip, garbage, dropData, cut
  }

  var effect: Effect
  var nth: Int
  var of: RequestKind?
  var times: Int?
  var afterEffect: Bool?
  /// bStatus, bytes of a short reply or of a cut block, or offset of a
  /// flipped byte.
  var value: Int?
  /// The mask of a flipped byte.
  var mask: UInt8?
  /// Seconds until power comes back.
  var back: Double?

  func fault() throws(BenchFault) -> Fault {
    guard nth > 0 else { throw BenchFault("nth must be 1 or more") }
    let effect: Fault.Effect =
      switch effect {
      case .stall: .stall
      case .transferError: .transferError
      case .timeout: .timeout
      case .unplug: .unplug
      case .reenumerate: .reenumerate
      case .powerCut: .powerCut(back: try seconds(back))
      case .shortReply: .shortReply(value ?? 0)
      case .status: .status(try status)
      case .flip: .flip(offset: value ?? 0, mask: mask ?? 0x01)
      case .garbage: .garbage
      case .dropData: .dropData
      case .cut: .cut(value ?? 0)
      }
    return Fault(
      effect, at: nth, of: of ?? .any, times: times ?? 1,
      afterEffect: afterEffect ?? false)
  }

  private var status: UInt8 {
    get throws(BenchFault) {
      guard let status = UInt8(exactly: value ?? 14) else {
        throw BenchFault("a status is a number from 0 to 255")
      }
      return status
    }
  }
}

/// Something that happens by itself in a bench, after some seconds.
struct EventEntry: Codable, Sendable {
  var event: BoardEvent
  var after: Double
}

/// What is wrong with a value in the file.
struct BenchFault: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

func seconds(_ value: Double?) throws(BenchFault) -> Duration? {
  guard let value else { return nil }
  guard value >= 0, value <= 86_400 else {
    throw BenchFault("\(value) seconds is not between 0 and a day")
  }
  return .microseconds(Int64(value * 1_000_000))
}

extension [String: JSONValue] {
  /// A key that is no property of the templates is a typing error, and what
  /// it was to say would be lost.
  func refuseKeys(
    beyond templates: [Any], in place: String = ""
  ) throws(BenchFault) {
    let known = Set(
      templates.flatMap { Mirror(reflecting: $0).children.compactMap(\.label) })
    let stranger = keys.sorted().first { !known.contains($0) }
    guard let stranger else { return }
    throw BenchFault(
      "there is no key \(stranger.debugDescription)\(place); there are "
        + known.sorted().joined(separator: ", "))
  }
}

extension DecodingError {
  /// Where in the file, and what is wrong.
  var parts: (String?, String) {
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
