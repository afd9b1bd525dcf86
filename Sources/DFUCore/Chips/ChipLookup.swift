/// What a name that a person gave for a chip (`--chip`) stands for.
public enum ChipLookup: Hashable, Sendable {
  /// One family.
  case family(ChipFamily)
  /// Several: the name is too short to tell.
  case several([ChipFamily])
  /// A chip whose ROM cannot do DFU over USB, with a sentence about it.
  case withoutDFU(String)
  /// Nothing; names that look like it, nearest first, may be empty.
  case unknown(nearest: [String])

  /// Looks a name up: a family (`F405`), a part (`F407`, `STM32F407VGT6`,
  /// in any letter case), or the beginning of names (`F4`).
  public init(_ text: String) {
    var wanted = text.uppercased().filter { $0 != " " && $0 != "-" }
    if wanted.hasPrefix("STM32") { wanted.removeFirst(5) }
    guard !wanted.isEmpty, wanted.utf8.count <= 64 else {
      self = .unknown(nearest: [])
      return
    }
    if let row = ChipFamily.all.first(where: {
      $0.name.uppercased() == wanted
    }) {
      self = .family(row)
      return
    }
    var best = 0
    var found: [ChipFamily] = []
    for family in ChipFamily.all {
      let length =
        ([family.name] + family.aliases)
        .map { Self.match($0, wanted) }.max() ?? 0
      if length > best { found = [] }
      best = max(best, length)
      if length == best, best > 0 { found.append(family) }
    }
    let without = chipsWithoutDFU.filter { wanted.hasPrefix($0.prefix) }
    if let row = without.max(by: { $0.prefix.count < $1.prefix.count }),
      row.prefix.count >= best
    {
      self = .withoutDFU(row.sentence)
    } else if let only = found.first, found.count == 1 {
      self = .family(only)
    } else if !found.isEmpty {
      self = .several(found)
    } else {
      let names = ChipFamily.all.flatMap { [$0.name] + $0.aliases }
      // A family may bear the name of its first part.
      self = .unknown(nearest: nearestNames(to: wanted, among: names).uniqued)
    }
  }

  /// How well a typed name fits a pattern in which `x` stands for any one
  /// character: the number of characters in common when one begins with the
  /// other (at least two), else 0.
  private static func match(_ pattern: String, _ typed: String) -> Int {
    var length = 0
    for (expected, character) in zip(pattern, typed) {
      guard expected == "x" || expected == character else { return 0 }
      length += 1
    }
    return length >= min(2, pattern.count) ? length : 0
  }
}

/// Chips whose ROM has no DFU over USB; `x` stands for any character.
private let chipsWithoutDFU: [(prefix: String, sentence: String)] =
  [
    (
      "F103",
      "the ROM of STM32F103 knows only its serial port; DFU needs a bootloader "
        + "in its flash (AN2606)"
    ),
    ("F100", "the ROM of STM32F100 knows only its serial port (AN2606)"),
  ]
  + ["F03x", "F05x", "F09x", "F030", "F410"].map {
    (prefix($0), "STM32\($0) has no USB")
  }
  + [
    "WBA5x", "WB0x", "WB1x", "WLE5", "WL5x", "U031", "G03x", "G04x", "G05x",
    "G06x", "G07x", "G08x",
  ].map { (prefix($0), "the ROM of STM32\($0) has no USB DFU (AN2606)") }

private func prefix(_ name: String) -> String { name.filter { $0 != "x" } }
