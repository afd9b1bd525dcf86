import DFUCore

/// A firmware file for people.
enum FirmwareText {
  static func of(_ report: FirmwareReport) -> String {
    let name =
      report.path == "-" ? "standard input" : PathText.shown(report.path)
    var lines = ["\(name): \(title(report))"]
    func line(_ label: String, _ text: String) {
      lines.append("  " + column(label, 9) + text)
    }
    if let suffix = report.suffix {
      line(
        "suffix",
        """
        for \(suffix.vendor):\(suffix.product), device version \
        \(suffix.deviceVersion), DFU \(suffix.dfuVersion), CRC \(suffix.crc) \
        is right
        """)
    }
    if let header = report.header, !header.isEmpty {
      line("header", "\"\(header.escapingControls)\"")
    }
    if let entry = report.entryPoint { line("entry", "0x\(hex(entry))") }
    for image in report.images {
      if let alternate = image.alternate {
        line(
          "target",
          "alternate setting \(alternate)"
            + (image.name.map { " \"\($0.escapingControls)\"" } ?? ""))
      }
      if let family = image.family {
        line("family", "\(image.familyName ?? "unknown") (0x\(family))")
      }
      for segment in image.segments.prefix(Self.mostSegments) {
        line("segment", text(segment, report))
      }
      if image.segments.count > Self.mostSegments {
        line(
          "",
          "and \(image.segments.count - Self.mostSegments) more; --json has all"
        )
      }
      line("image", "\(image.length) bytes, SHA-256 \(image.sha256)")
      if let vectors = image.vectors { line("vectors", text(vectors)) }
      line("fits", fits(image.fits))
    }
    for warning in report.warnings { line("warning", warning) }
    if let board = report.board { lines += text(board) }
    return lines.joined(separator: "\n")
  }

  /// More segments than this are no help to a person.
  private static let mostSegments = 32

  private static func title(_ report: FirmwareReport) -> String {
    let format =
      FirmwareFormat(rawValue: report.format)?.title ?? report.format
    switch report.container {
    case "gzip": return "\(format), packed with gzip"
    case "zip":
      return "\(format), \(PathText.shown(report.entry ?? "")) in a zip archive"
    default: return format
    }
  }

  private static func text(
    _ segment: FirmwareReport.Segment, _ report: FirmwareReport
  ) -> String {
    let last = UInt64(segment.address) + UInt64(segment.length) - 1
    return "0x\(hex(segment.address))–0x\(hex(last))  \(segment.length) "
      + "bytes, CRC-32 \(segment.crc32)"
      + (report.assumedAddress == nil ? "" : "  (address assumed)")
  }

  private static func text(_ vectors: FirmwareReport.Vectors) -> String {
    "stack pointer 0x\(hex(vectors.initialStackPointer)), reset "
      + "0x\(hex(vectors.resetVector)): "
      + (vectors.problems.isEmpty
        ? "plausible" : vectors.problems.joined(separator: "; "))
  }

  /// The families' names, on lines of a common length.
  private static func fits(_ fits: [FirmwareReport.Fit]) -> String {
    guard !fits.isEmpty else { return "no chip that is known" }
    var lines = [""]
    for (index, fit) in fits.enumerated() {
      let word = fit.family + (index < fits.count - 1 ? "," : "")
      let last = lines[lines.count - 1]
      if last.count + word.count > 68 {
        lines.append(word)
      } else {
        lines[lines.count - 1] = last.isEmpty ? word : "\(last) \(word)"
      }
    }
    return lines.joined(
      separator: "\n" + String(repeating: " ", count: 11))
  }

  private static func text(_ board: FirmwareReport.BoardFit) -> [String] {
    guard board.fits else { return ["  board    does not fit"] }
    var lines = [
      "  board    fits \(board.board ?? "")"
        + (board.chip.map { ", \($0)" } ?? "")
    ]
    for memory in board.memories {
      let count = memory.sectors.reduce(0) { $0 + $1.count }
      lines.append(
        "    alternate setting \(memory.alternate) "
          + "\"\(memory.name.escapingControls)\": \(count) "
          + "sector\(count == 1 ? "" : "s") touched")
      lines += memory.sectors.map {
        "      0x\(hex($0.address))  \(padded($0.count, 4)) × "
          + UnitText.size($0.size)
      }
    }
    return lines
  }

  private static func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
