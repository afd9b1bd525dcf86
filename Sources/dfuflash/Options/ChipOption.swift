import DFUCore

/// `--chip`.
enum ChipOption {
  static func family(_ name: String) throws(ToolFailure) -> ChipFamily {
    let shown = "\"\(name.escapingControls)\""
    switch ChipLookup(name) {
    case .family(let family): return family
    case .several(let families):
      throw ToolFailure(
        .usage, "--chip: \(shown) may be several chips",
        advice: .chipChoice(families.map(\.name)))
    case .withoutDFU(let sentence):
      throw ToolFailure(.usage, sentence, advice: .nothingTouched)
    case .unknown(let nearest):
      throw ToolFailure(
        .usage, "--chip: no chip is called \(shown)",
        advice: nearest.isEmpty
          ? .chipName : "did you mean \(nearest.joined(separator: " or "))?")
    }
  }
}
