import DFUCore
import FoundationEssentials

/// JSON for programs.
enum JSONText {
  /// A value as JSON on several lines.
  static func of(_ value: some Encodable) throws(ToolFailure) -> String {
    try encode(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// A value as one line of JSON.
  static func line(_ value: some Encodable) throws(ToolFailure) -> String {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func encode(
    _ value: some Encodable, _ format: JSONEncoder.OutputFormatting
  ) throws(ToolFailure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = format
    do {
      return escaped(
        String(decoding: try encoder.encode(value), as: UTF8.self))
    } catch {
      throw ToolFailure(.internalFault, "could not write JSON (\(error))")
    }
  }

  /// JSON with `\u` escapes for what the encoder leaves raw although it could
  /// do something to a terminal, and for all but ASCII where the locale is not
  /// UTF-8. Such characters stand in strings only.
  private static func escaped(_ json: String) -> String {
    var result = ""
    result.reserveCapacity(json.utf8.count)
    for scalar in json.unicodeScalars {
      switch scalar.properties.generalCategory {
      case _ where !scalar.isASCII && !Terminal.output.hasUTF8,
        .control where scalar != "\n", .format, .lineSeparator,
        .paragraphSeparator:
        for unit in UTF16.encode(scalar) ?? .init() {
          result += "\\u" + hex(unit, 4, uppercase: false)
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// What `list --json` prints (docs/schema/list.json).
struct ListRecord: Encodable {
  let schema = "dfuflash-list"
  let version = 1
  var boards: [BoardRecord]
}

/// A board as `list --json` shows it.
struct BoardRecord: Encodable {
  struct Interface: Encodable {
    var number: UInt8
    var configuration: UInt8
    var mode: String
    var dfuVersion: String?
    var transferSize: UInt16?
    var attributes: UInt8?
    var alternates: [Alternate]
  }

  struct Alternate: Encodable {
    var number: UInt8
    var name: String?
    var memory: Memory?
    var problem: String?
  }

  struct Memory: Encodable {
    var name: String
    var size: Int
    var runs: [Run]
  }

  struct Run: Encodable {
    var address: UInt32
    var count: Int
    var sectorSize: Int
    var readable: Bool
    var erasable: Bool
    var writable: Bool
  }

  var path: String
  var bus: UInt8
  var address: UInt8
  var vendor: String
  var product: String
  var deviceVersion: String
  var serial: String?
  /// `single`, `shared`, `worthless` or `unknown`.
  var serialTrust: String
  /// Why a serial number is not to be trusted.
  var serialWarning: String?
  /// Three words, word 0 first, 24 digits.
  var uid: String?
  var runtimeSerial: String?
  var chip: String?
  var chips: [String]
  var productName: String?
  var manufacturer: String?
  var problem: String?
  var interfaces: [Interface]

  init(_ board: Board, among all: [Board]) {
    let trust = board.serialTrust(among: all)
    serialTrust =
      switch trust {
      case .unknown: "unknown"
      case .single: "single"
      case .notUnique: "worthless"
      case .shared: "shared"
      }
    serialWarning = trust.description.isEmpty ? nil : trust.description
    uid = board.uniqueID?.digits
    let identification = board.identification
    chips = identification.candidates.map(\.name)
    chip = board.chipName
    runtimeSerial =
      board.runtimeSerial
      ?? (board.interfaces.allSatisfy { $0.mode == .runtime }
        ? board.serial?.raw : nil)
    let ids = board.device.descriptor
    path = board.path
    bus = board.device.bus
    address = board.device.address
    vendor = hex(ids.vendor, 4, uppercase: false)
    product = hex(ids.product, 4, uppercase: false)
    deviceVersion = hex(ids.deviceVersion, 4, uppercase: false)
    serial = board.serial?.raw
    productName = board.product?.raw
    manufacturer = board.manufacturer?.raw
    problem = board.problem?.description
    interfaces = board.interfaces.map { interface in
      Interface(
        number: interface.number, configuration: interface.configuration,
        mode: interface.mode.rawValue,
        dfuVersion: interface.functional.map {
          hex($0.version, 4, uppercase: false)
        },
        transferSize: interface.functional?.transferSize,
        attributes: interface.functional?.attributes.rawValue,
        alternates: interface.alternates.map(Self.record))
    }
  }

  private static func record(_ setting: AlternateSetting) -> Alternate {
    var record = Alternate(number: setting.number, name: setting.name?.raw)
    do {
      record.memory = try setting.memory().map { map in
        if map.isCutOff { record.problem = setting.cutOff }
        return Memory(
          name: map.name, size: map.size,
          runs: map.runs.map {
            Run(
              address: $0.address, count: $0.count, sectorSize: $0.sectorSize,
              readable: $0.access.contains(.readable),
              erasable: $0.access.contains(.erasable),
              writable: $0.access.contains(.writable))
          })
      }
    } catch {
      record.problem = error.problem
    }
    return record
  }
}
