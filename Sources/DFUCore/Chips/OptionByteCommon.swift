extension OptionByteLayout {
  /// What several layouts agree on, so that it can be shown and changed while
  /// it is open which of them a chip has: the fields that are the same in all.
  /// Whatever one of them forbids is forbidden. `nil` when there is none, or
  /// they begin at different addresses or read their protection differently.
  public init?(commonTo layouts: [OptionByteLayout]) {
    guard let first = layouts.first else { return nil }
    let others = layouts.dropFirst()
    guard
      others.allSatisfy({
        $0.windows.first?.start == first.windows.first?.start
          && $0.protection == first.protection
      })
    else { return nil }
    let words = first.words.compactMap { word -> OptionWord? in
      var common = word
      for layout in others {
        guard
          let other = layout.words.first(where: {
            $0.address == word.address && $0.encoding == word.encoding
          })
        else { return nil }
        if other.factoryValue != word.factoryValue {
          common.factoryValue = nil
        }
        common.fields = common.fields.compactMap { field in
          guard
            let same = other.fields.first(where: {
              $0.name == field.name && $0.bit == field.bit
                && $0.width == field.width && $0.kind == field.kind
                && $0.role == field.role
            })
          else { return nil }
          var field = field
          field.confidence = min(field.confidence, same.confidence)
          if field.values != same.values { field.values = [:] }
          return field
        }
      }
      return common.fields.isEmpty ? nil : common
    }
    guard !words.isEmpty else { return nil }
    self.init(
      name: layouts.map(\.name).joined(separator: " or "),
      windows: first.windows, words: words,
      untouchable: layouts.flatMap(\.untouchable),
      protection: first.protection, source: first.source)
  }
}
