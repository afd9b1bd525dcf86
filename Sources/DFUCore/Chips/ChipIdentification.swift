/// Which chip families a board may be.
public struct ChipIdentification: Hashable, Sendable {
  /// The families that fit best, in the table's order; empty when none does.
  public var candidates: [ChipFamily]
  /// What decided.
  public var basis: Basis

  /// What an identification rests on.
  public enum Basis: String, Hashable, Sendable {
    /// What the device shows.
    case evidence
    /// The person said so (`--chip`).
    case named
  }

  /// An identification with its result.
  public init(candidates: [ChipFamily], basis: Basis) {
    self.candidates = candidates
    self.basis = basis
  }

  /// The families that fit what a device shows.
  ///
  /// A family fits when nothing shown contradicts its row and its flash, its
  /// option bytes or its USB numbers agree. Of those that fit, the ones with
  /// the most signs in agreement are taken, all of them when they are equal.
  public init(
    _ evidence: ChipEvidence, among families: [ChipFamily] = ChipFamily.all
  ) {
    var best = 0
    var found: [ChipFamily] = []
    for family in families {
      let agreements = family.agreements(with: evidence)
      if agreements > best {
        best = agreements
        found = [family]
      } else if agreements == best, agreements > 0 {
        found.append(family)
      }
    }
    self.init(candidates: found, basis: .evidence)
  }

  /// The one family, when there is exactly one.
  public var family: ChipFamily? {
    candidates.count == 1 ? candidates.first : nil
  }

  /// The families' parts, for a person: `STM32F405, F407, F415, F417`, or
  /// `unknown chip`.
  public var summary: String {
    switch candidates.count {
    case 0: "unknown chip"
    case 1...3: candidates.map(\.title).joined(separator: "; or ")
    default:
      "one of " + candidates.map(\.name).joined(separator: ", ")
    }
  }

  /// The option-byte layouts the candidates have, for ``OptionByteGuard``;
  /// none when one of them has an unknown one.
  public var optionByteLayouts: [OptionByteLayout] {
    var found: [OptionByteLayout] = []
    for candidate in candidates {
      guard
        let layout = candidate.optionBytes.flatMap({
          OptionByteLayout.named($0)
        })
      else { return [] }
      if !found.contains(layout) { found.append(layout) }
    }
    return found
  }

  /// What all candidates have in common.
  public var shared: SharedKnowledge { SharedKnowledge(candidates) }
}

extension ChipFamily {
  /// How many signs agree with a device; 0 when one contradicts or when
  /// nothing but ST's USB numbers speaks for it.
  func agreements(with evidence: ChipEvidence) -> Int {
    guard
      signs.identifiers.contains(
        USBIdentifier(evidence.vendor, evidence.product))
    else { return 0 }
    let own = !signs.identifiers.contains(.st)
    let checks: [Agreement] = [
      flashAgreement(evidence), optionByteAgreement(evidence),
      versionAgreement(evidence), featureAgreement(evidence),
      serialAgreement(evidence), alternateAgreement(evidence),
    ]
    guard !checks.contains(.contradicts) else { return 0 }
    guard own || checks[0] == .agrees || checks[1] == .agrees else { return 0 }
    return checks.filter { $0 == .agrees }.count + (own ? 1 : 0)
  }

  /// Whether everything that a bootloader in ROM shows fits this family: also
  /// what ``agreements(with:)`` lets pass when it is not there.
  func isCertain(_ evidence: ChipEvidence) -> Bool {
    agreements(with: evidence) > 0 && flashAgreement(evidence) == .agrees
      && evidence.hasMatchingVersion
      && (optionByteAgreement(evidence) == .agrees
        || alternateAgreement(evidence) == .agrees)
  }

  private enum Agreement {
    case agrees
    case silent
    case contradicts
  }

  private func flashAgreement(_ evidence: ChipEvidence) -> Agreement {
    let runs = evidence.flashRuns(from: flashStart)
    guard !signs.flash.isEmpty else { return .silent }
    guard !runs.isEmpty else {
      // Flash that is somewhere else, or cannot be understood.
      let any = evidence.memories.contains {
        $0.kind == .internalFlash && !$0.regions.isEmpty
      }
      return any ? .contradicts : .silent
    }
    var result = Agreement.contradicts
    for shape in signs.flash {
      switch shape {
      case .runs(let expected):
        if runs == expected { return .agrees }
      case .uniform(let sector, let totals):
        guard runs.count == 1, let run = runs.first, run.size == sector
        else { continue }
        if totals.contains(run.count * run.size) { return .agrees }
        // A smaller part nobody has listed is possible, a larger one is not.
        if run.count * run.size < shape.largest { result = .silent }
      }
    }
    return result
  }

  private func optionByteAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let windows = evidence.optionByteWindows else {
      return optionBytesReachable && !signs.optionBytes.isEmpty
        && !evidence.memories.isEmpty && !signs.optionByteLengthsUnknown
        ? .contradicts : .silent
    }
    guard optionBytesReachable else { return .contradicts }
    guard !signs.optionBytes.isEmpty else { return .silent }
    if signs.optionBytes.contains(windows) { return .agrees }
    // A length nobody has seen speaks neither for nor against the family.
    let starts = windows.map(\.start)
    return signs.optionByteLengthsUnknown
      && signs.optionBytes.contains { $0.map(\.start) == starts }
      ? .silent : .contradicts
  }

  private func versionAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard !signs.deviceVersions.isEmpty else { return .silent }
    return signs.deviceVersions.contains(evidence.deviceVersion)
      ? .agrees : .contradicts
  }

  private func featureAgreement(_ evidence: ChipEvidence) -> Agreement {
    // An F2, F4 or F7 without that memory, or another chip with it.
    let shown = evidence.memories.contains { $0.kind == .deviceFeature }
    guard shown, let expected = signs.deviceFeature else { return .silent }
    return expected ? .agrees : .contradicts
  }

  private func serialAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let text = evidence.serial, !text.isEmpty else { return .silent }
    if signs.sizeInSerial {
      return GD32Serial.flashSize(text) == nil ? .silent : .agrees
    }
    let derivedLook =
      text.utf8.count == 12
      && text.unicodeScalars.allSatisfy { $0.hexDigit != nil }
    if signs.serials.contains(text) { return .agrees }
    if case .derived = serial, !derivedLook { return .contradicts }
    if !signs.serials.isEmpty, derivedLook,
      !signs.serials.contains(where: {
        $0.unicodeScalars.allSatisfy { $0.hexDigit != nil }
      })
    {
      return .contradicts
    }
    return .silent
  }

  private func alternateAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let expected = signs.flashAlternates else { return .silent }
    let shown = evidence.memories.filter { $0.kind == .internalFlash }.count
    return shown == expected ? .agrees : .silent
  }
}

/// What several families have in common, so that it can be relied on while it
/// is open which of them a board is: the strictest alignment, the longest
/// times, and of everything else only what all rows agree on.
public struct SharedKnowledge: Hashable, Sendable {
  /// Alignment and length in bytes that every candidate's writes may have; 32
  /// for an unknown chip, which suits every family.
  public var writeUnit: Int
  /// What a byte of erased flash reads, when all agree; `nil` for an unknown
  /// chip.
  public var erasedByte: UInt8?
  /// The longest reconnect time known of a candidate, milliseconds; `nil`
  /// when none is.
  public var reconnectTime: Int?
  /// How to poll when all agree, else ``EarlyPoll/unknown``.
  public var polling: EarlyPoll
  /// What leaving needs for at least one candidate; each of these is harmless
  /// for the others, but ``LeaveFacts/resetCommand``, which all must have.
  public var leave: LeaveFacts
  /// ``EmptyCheck/present(condition:)`` or ``EmptyCheck/absent`` when all
  /// agree, else ``EmptyCheck/unknown``.
  public var emptyCheck: EmptyCheck
  /// The unique identifier's place when it is one.
  public var uniqueID: UniqueIDLocation?
  /// The serial number's kind when it is one.
  public var serial: SerialKind
  /// Name of the option-byte layout when it is one.
  public var optionBytes: String?
  /// Whether the option bytes can be reached over DFU with every candidate.
  public var optionBytesReachable: Bool
  /// Whether all can program 32 bits at a time.
  public var hasVoltageRange: Bool
  /// The first RAM address no candidate's bootloader uses.
  public var freeRAM: UInt32?
  /// The bootloader's memory when it is one.
  public var systemMemory: AddressWindow?
  /// Flash times when they are the same.
  public var timing: FlashTiming?
  /// UF2 family identifiers of all candidates.
  public var uf2Families: [UInt32]

  /// What families have in common; of no family: what is safe for all.
  public init(_ families: [ChipFamily]) {
    func same<Value: Hashable>(_ value: (ChipFamily) -> Value) -> Value? {
      guard let first = families.first else { return nil }
      let wanted = value(first)
      return families.allSatisfy { value($0) == wanted } ? wanted : nil
    }
    writeUnit = families.map(\.writeUnit).max() ?? 32
    erasedByte = same(\.erasedByte)
    reconnectTime = families.compactMap(\.reconnectTime).max()
    polling = same(\.polling) ?? .unknown
    let leaves = families.map(\.leave)
    leave = LeaveFacts(
      needsAddress: leaves.contains(where: \.needsAddress),
      mayNeedSecondStatus: leaves.contains(where: \.mayNeedSecondStatus),
      lastStatusMayFail: leaves.contains(where: \.lastStatusMayFail),
      resetCommand: !leaves.isEmpty && leaves.allSatisfy(\.resetCommand),
      nonSecureOnly: leaves.contains(where: \.nonSecureOnly))
    emptyCheck = Self.sharedEmptyCheck(families)
    uniqueID = same(\.uniqueID) ?? nil
    serial = same(\.serial) ?? .unknown
    optionBytes = same(\.optionBytes) ?? nil
    optionBytesReachable = families.allSatisfy(\.optionBytesReachable)
    hasVoltageRange =
      !families.isEmpty && families.allSatisfy(\.hasVoltageRange)
    freeRAM =
      families.allSatisfy { $0.freeRAM != nil }
      ? families.compactMap(\.freeRAM).max() : nil
    systemMemory = same(\.systemMemory) ?? nil
    timing = same(\.timing) ?? nil
    var identifiers: [UInt32] = []
    for identifier in families.flatMap(\.uf2Families)
    where !identifiers.contains(identifier) {
      identifiers.append(identifier)
    }
    uf2Families = identifiers
  }

  private static func sharedEmptyCheck(_ families: [ChipFamily]) -> EmptyCheck {
    guard let first = families.first else { return .unknown }
    let alike = families.allSatisfy {
      switch ($0.emptyCheck, first.emptyCheck) {
      case (.present, .present), (.absent, .absent): true
      default: false
      }
    }
    guard alike else { return .unknown }
    if families.allSatisfy({ $0.emptyCheck == first.emptyCheck }) {
      return first.emptyCheck
    }
    return .present(condition: "the chip is set to boot from its flash")
  }
}
