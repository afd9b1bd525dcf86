import DFUCore

/// A firmware file for people.
struct FirmwareText {
  private let report: FirmwareReport
  private var lines: [String] = []

  static func of(_ report: FirmwareReport) -> String {
    var text = FirmwareText(report)
    text.describeFile()
    for image in report.images { text.describe(image) }
    for warning in report.file.warnings {
      text.line("warning", "\(warning)")
    }
    if let board = report.board { text.describe(board) }
    return text.lines.joined(separator: "\n")
  }

  private init(_ report: FirmwareReport) { self.report = report }

  private mutating func line(_ label: String, _ text: String) {
    lines.append("  " + label.padded(9) + text)
  }

  private mutating func describeFile() {
    let file = report.file
    let packing =
      switch file.container {
      case .gzip: ", packed with gzip"
      case .zip(let entry): ", \(PathText.shown(entry)) in a zip archive"
      case nil: ""
      }
    lines.append(
      "\(PathText.input(report.path)): \(file.format.title)\(packing)")
    if let suffix = file.suffix {
      line(
        "suffix",
        """
        for \(usbIDs(suffix.vendor, suffix.product)), device version \
        \(hex(suffix.deviceVersion, 4, uppercase: false)), DFU \
        \(hex(suffix.dfuVersion, 4, uppercase: false)), CRC \
        \(hex(suffix.crc)) is right
        """)
    }
    if let header = file.header, !header.isEmpty {
      line("header", "\"\(header.escapingControls)\"")
    }
    if let entry = file.entryPoint { line("entry", "0x\(hex(entry))") }
  }

  private mutating func describe(_ image: FirmwareReport.Image) {
    if let alternate = image.alternate {
      line(
        "target",
        "alternate setting \(alternate)"
          + (image.name.map { " \"\($0.escapingControls)\"" } ?? ""))
    }
    if let family = image.family {
      line("family", "\(image.familyName ?? "unknown") (0x\(hex(family)))")
    }
    let segments = image.image.segments
    for segment in segments.prefix(Self.mostSegments) {
      line(
        "segment",
        "0x\(hex(segment.address))–0x\(hex(segment.end - 1))  "
          + "\(segment.bytes.count) bytes, CRC-32 \(segment.crc32)"
          + (report.assumedAddress == nil ? "" : "  (address assumed)"))
    }
    if segments.count > Self.mostSegments {
      line(
        "", "and \(segments.count - Self.mostSegments) more; --json has all")
    }
    line("image", "\(image.image.byteCount) bytes, SHA-256 \(image.sha256)")
    if let table = image.vectors {
      line(
        "vectors",
        "stack pointer 0x\(hex(table.initialStackPointer)), reset "
          + "0x\(hex(table.resetVector)): "
          + (image.problems.isEmpty
            ? "plausible" : image.problems.joined(separator: "; ")))
    }
    let names = image.fits.map(\.family.name).joined(separator: ", ")
    lines.append(
      Terminal.page.paragraph(
        "  fits     ", names.isEmpty ? "no chip that is known" : names))
  }

  /// More segments than this are no help to a person.
  private static let mostSegments = 32

  private mutating func describe(_ board: FirmwareReport.BoardFit) {
    guard case .fits(let selected, let shares) = board else {
      return line("board", "does not fit")
    }
    let chip = BoardKnowledge(selected).identification.summary
    line("board", "fits \(selected.board.label), \(chip)")
    for share in shares {
      lines.append(
        "    alternate setting \(share.memory.alternate.number) "
          + "\"\(share.memory.map.name.escapingControls)\": "
          + "\(counted(share.sectors.count, "sector")) touched")
      lines += SectorRun.all(share.sectors).map {
        "      0x\(hex($0.address))  \("\($0.count)".leftPadded(4)) × "
          + size($0.size)
      }
    }
  }
}
