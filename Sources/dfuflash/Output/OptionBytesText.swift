import DFUCore

/// Option bytes for people.
enum OptionBytesText {
  static func of(_ work: OptionBytesWork, _ image: OptionByteImage) -> String {
    let identification = work.work.knowledge.identification
    var lines = [
      "Board \(work.work.board.label): \(identification.summary)"
    ]
    if let layout = work.commonLayout {
      let decoded = layout.decode(image)
      if let protection = decoded.protection {
        lines.append("  readout protection  \(protection)")
      }
      let width =
        decoded.values.map(\.field.name.count).max() ?? 0
      for value in decoded.values {
        let blanks = String(
          repeating: " ", count: width - value.field.name.count + 2)
        let doubt =
          value.field.confidence == .confirmed ? "" : "  (unconfirmed)"
        lines.append(
          "  \(value.field.name)\(blanks)\(value.text)  \(value.field.meaning)\(doubt)"
        )
      }
      for area in decoded.protectedAreas {
        lines.append("  protected: \(area.name) \(area.unitsText)")
      }
      for mismatch in decoded.mismatches {
        lines.append(
          """
            warning: the byte at 0x\(hex(mismatch.address)) is \
          0x\(hex(mismatch.found, 2)), its complement would be \
          0x\(hex(mismatch.expected, 2))
          """)
      }
    } else {
      lines.append("  it is not certain what they mean; raw bytes:")
    }
    for window in image.windows {
      for start in stride(from: 0, to: window.bytes.count, by: 16) {
        let row = window.bytes[start..<min(start + 16, window.bytes.count)]
        lines.append(
          "  0x\(hex(window.start &+ UInt32(start)))  "
            + row.map { hex($0, 2) }.joined(separator: " "))
      }
    }
    return lines.joined(separator: "\n")
  }
}

/// Option bytes for programs.
struct OptionBytesRecord: Encodable {
  struct Field: Encodable {
    var name: String
    var value: UInt32
    var text: String
    var meaning: String
  }

  struct Window: Encodable {
    var address: UInt32
    var bytes: String
  }

  let schema = "dfuflash-option-bytes"
  let version = 1
  var board: String
  var chips: [String]
  var readoutProtection: String?
  var fields: [Field]
  var windows: [Window]

  init(_ work: OptionBytesWork, _ image: OptionByteImage) {
    board = work.work.board.path
    chips = work.work.knowledge.identification.candidates.map(\.name)
    let decoded = work.commonLayout?.decode(image)
    readoutProtection = decoded?.protection?.description
    fields =
      decoded?.values.map {
        Field(
          name: $0.field.name, value: $0.value, text: $0.text,
          meaning: $0.field.meaning)
      } ?? []
    windows = image.windows.map {
      Window(address: $0.start, bytes: $0.bytes.map { hex($0, 2) }.joined())
    }
  }
}
