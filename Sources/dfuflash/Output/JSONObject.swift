import DFUCore
import FoundationEssentials

/// An object of JSON, written down as a dictionary: members that are `nil` are
/// left out, the others are sorted by name. docs/schema says what each command
/// prints.
struct JSONObject: Encodable, ExpressibleByDictionaryLiteral {
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private var members: [String: any Encodable] = [:]

  init(dictionaryLiteral members: (String, (any Encodable)?)...) {
    for (name, value) in members { self[name] = value }
  }

  subscript(name: String) -> (any Encodable)? {
    get { members[name] }
    set { members[name] = newValue }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for (name, value) in members {
      try container.encode(value, forKey: Name(stringValue: name))
    }
  }

  /// On several lines.
  var text: String { encoded([.prettyPrinted]) }

  /// On one line.
  var line: String { encoded([]) }

  /// Any value on one line.
  static func line(_ value: some Encodable) -> String { encoded(value, []) }

  private func encoded(_ format: JSONEncoder.OutputFormatting) -> String {
    Self.encoded(self, format)
  }

  private static func encoded(
    _ value: some Encodable, _ format: JSONEncoder.OutputFormatting
  ) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [
      format, .sortedKeys, .withoutEscapingSlashes,
    ]
    // Numbers are finite, and nothing else can fail.
    let bytes = (try? encoder.encode(value)) ?? Data()
    return escaped(String(decoding: bytes, as: UTF8.self))
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
