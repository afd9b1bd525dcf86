import DFUCore

/// Option bytes for people.
enum OptionBytesText {
  /// What came of a change.
  static func outcome(_ outcome: OptionByteOutcome, _ board: Board) -> String {
    switch outcome {
    case .asWanted:
      "Board \(board.label): the option bytes are so already."
    case .checked: "Board \(board.label): written and read back."
    case .protected:
      """
      Board \(board.label): written. Readout protection is on, so they can no \
      longer be read back.
      """
    case .unchecked:
      """
      Sent. The board has left DFU mode with its reset and is not back at \
      port \(board.path), so they could not be read back: to see what the chip \
      took, put it into DFU mode and run dfuflash option-bytes show.
      """
    }
  }

  static func of(_ prepared: PreparedOptionBytes) -> String {
    let image = prepared.image
    var lines = [
      "Board \(prepared.board.label): \(prepared.identification.summary)"
    ]
    lines +=
      prepared.layout.map { named($0.decode(image)) }
      ?? ["  it is not certain what they mean; raw bytes:"]
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

  private static func named(_ decoded: DecodedOptionBytes) -> [String] {
    var lines: [String] = []
    if let protection = decoded.protection {
      lines.append("  readout protection  \(protection)")
    }
    let width = decoded.values.map(\.field.name.count).max() ?? 0
    for value in decoded.values {
      let doubt =
        value.field.confidence == .confirmed ? "" : "  (unconfirmed)"
      lines.append(
        "  \(value.field.name.padded(width))  \(value.text)  "
          + value.field.meaning + doubt)
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
    return lines
  }
}

// MARK: - For programs

extension PreparedOptionBytes {
  /// The option bytes as JSON shows them (docs/schema/option-bytes.json).
  var json: JSONObject {
    let decoded = layout?.decode(image)
    let fields = (decoded?.values ?? []).map { value -> JSONObject in
      [
        "name": value.field.name, "value": value.value, "text": value.text,
        "meaning": value.field.meaning,
      ]
    }
    return [
      "schema": "dfuflash-option-bytes", "version": 1, "board": board.path,
      "chips": identification.candidates.map(\.name),
      "readoutProtection": decoded?.protection?.description,
      "fields": fields,
      "windows": image.windows.map { window -> JSONObject in
        [
          "address": window.start,
          "bytes": window.bytes.map { hex($0, 2) }.joined(),
        ]
      },
    ]
  }
}
