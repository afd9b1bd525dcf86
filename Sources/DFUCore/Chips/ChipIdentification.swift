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
      if agreements > best { found = [] }
      best = max(best, agreements)
      if agreements == best, best > 0 { found.append(family) }
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
    let layouts = candidates.compactMap(\.optionBytes)
    return layouts.count == candidates.count ? layouts.uniqued : []
  }

  /// What all candidates have in common.
  public var shared: SharedKnowledge { SharedKnowledge(candidates) }
}

extension ChipFamily {
  /// How many signs agree with a device; 0 when one contradicts or when
  /// nothing but ST's USB numbers speaks for it.
  func agreements(with evidence: ChipEvidence) -> Int {
    guard
      fingerprint.identifier
        == USBIdentifier(evidence.vendor, evidence.product)
    else { return 0 }
    let own = fingerprint.identifier != .st
    let checks: [Agreement] = [
      flashAgreement(evidence), optionByteAgreement(evidence),
      featureAgreement(evidence), serialAgreement(evidence),
      alternateAgreement(evidence), paddingAgreement(evidence),
      generationAgreement(evidence),
    ]
    guard !checks.contains(.contradicts) else { return 0 }
    guard own || checks[0] == .agrees || checks[1] == .agrees else { return 0 }
    return checks.filter { $0 == .agrees }.count + (own ? 1 : 0)
  }

  /// Whether everything that a bootloader in ROM shows fits this family: also
  /// what ``agreements(with:)`` lets pass when it is not there, and the
  /// bootloader's generation.
  func isCertain(_ evidence: ChipEvidence) -> Bool {
    guard let generation = fingerprint.generation,
      generation
        == evidence.productString.flatMap({
          BootloaderGeneration(productString: $0)
        }), generation.deviceVersions.contains(evidence.deviceVersion)
    else { return false }
    return agreements(with: evidence) > 0 && flashAgreement(evidence) == .agrees
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
    guard !fingerprint.flash.isEmpty else { return .silent }
    guard !runs.isEmpty else {
      // Flash that is somewhere else, or cannot be understood.
      let any = evidence.memories.contains { $0.kind == .internalFlash }
      return any ? .contradicts : .silent
    }
    if fingerprint.flash.contains(where: { $0.matches(runs) }) {
      return .agrees
    }
    // A smaller part nobody has listed is possible, a larger one is not.
    let mayBeSmaller = fingerprint.flash.contains { shape in
      guard case .uniform(let sector, let totals) = shape, runs.count == 1,
        let run = runs.first, run.size == sector
      else { return false }
      return run.count * run.size < totals.max() ?? 0
    }
    return mayBeSmaller ? .silent : .contradicts
  }

  private func optionByteAgreement(_ evidence: ChipEvidence) -> Agreement {
    let known = fingerprint.optionBytes
    guard let windows = evidence.optionByteWindows else {
      return showsOptionBytes && !known.isEmpty && !evidence.memories.isEmpty
        && !fingerprint.optionBytesAreUncertain ? .contradicts : .silent
    }
    guard showsOptionBytes else { return .contradicts }
    guard !known.isEmpty else { return .silent }
    if known.contains(windows) { return .agrees }
    // A length nobody has seen speaks neither for nor against the family.
    let starts = windows.map(\.start)
    return fingerprint.optionBytesAreUncertain
      && known.contains { $0.map(\.start) == starts }
      ? .silent : .contradicts
  }

  private func featureAgreement(_ evidence: ChipEvidence) -> Agreement {
    // An F2, F4 or F7 without that memory, or another chip with it.
    let shown = evidence.memories.contains { $0.kind == .deviceFeature }
    guard shown, let expected = fingerprint.deviceFeature else {
      return .silent
    }
    return expected ? .agrees : .contradicts
  }

  private func serialAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let text = evidence.serial, !text.isEmpty else { return .silent }
    if fingerprint.sizeInSerial {
      return GD32Serial.flashSize(text) == nil ? .silent : .agrees
    }
    func looksDerived(_ text: String) -> Bool {
      text.utf8.count == 12
        && text.unicodeScalars.allSatisfy { $0.hexDigit != nil }
    }
    switch serial {
    case .derived: return looksDerived(text) ? .silent : .contradicts
    case .constant(let texts):
      if texts.contains(text) { return .agrees }
      return looksDerived(text) && !texts.contains(where: looksDerived)
        ? .contradicts : .silent
    case .constantInSome(let texts):
      return texts.contains(text) ? .agrees : .silent
    case .unstable, .unknown: return .silent
    }
  }

  private func paddingAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let expected = fingerprint.padding,
      let flash = evidence.memories.first(where: { $0.kind == .internalFlash })
    else { return .silent }
    return flash.padding == expected ? .agrees : .contradicts
  }

  private func generationAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let expected = fingerprint.generation,
      let shown = evidence.productString.flatMap({
        BootloaderGeneration(productString: $0)
      })
    else { return .silent }
    // Which generation a family has is not sure enough to rule it out.
    return shown == expected ? .agrees : .silent
  }

  private func alternateAgreement(_ evidence: ChipEvidence) -> Agreement {
    guard let expected = fingerprint.flashAlternates else { return .silent }
    let shown = evidence.memories.filter { $0.kind == .internalFlash }.count
    return shown == expected ? .agrees : .silent
  }
}

/// What several families have in common, so that it can be relied on while it
/// is open which of them a board is: the strictest alignment, the longest
/// times, and of everything else only what all agree on.
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
  /// Whether the bootloaders of all were seen to hold their answers back.
  public var holdsAnswersBack: Bool
  /// Whether one of them has the full-speed device peripheral.
  public var hasFullSpeedDevice: Bool
  /// What leaving needs for at least one candidate; this is harmless for the
  /// others, but ``LeaveFacts/resetCommand``, which all must have.
  public var leave: LeaveFacts
  /// Whether there is an empty check, when all agree.
  public var emptyCheck: EmptyCheck
  /// Where the unique identifier lies, when all agree and let it be read.
  public var uniqueID: [UInt32]
  /// Whether all can program 32 bits at a time.
  public var hasVoltageRange: Bool
  /// Flash times when they are the same.
  public var timing: FlashTiming?
  /// UF2 family identifiers of all candidates.
  public var uf2Families: [UInt32]

  /// What families have in common; of no family: what is safe for all.
  public init(_ families: [ChipFamily]) {
    func same<Value: Hashable>(_ value: (ChipFamily) -> Value) -> Value? {
      guard let wanted = families.first.map(value) else { return nil }
      return families.allSatisfy { value($0) == wanted } ? wanted : nil
    }
    func all(_ condition: (ChipFamily) -> Bool) -> Bool {
      !families.isEmpty && families.allSatisfy(condition)
    }
    writeUnit = families.map(\.writeUnit).max() ?? 32
    erasedByte = same(\.erasedByte)
    reconnectTime = families.compactMap(\.reconnectTime).max()
    holdsAnswersBack = all { $0.answersAreHeldBack != nil }
    hasFullSpeedDevice = families.contains { $0.peripheral == .fullSpeedDevice }
    leave = LeaveFacts(
      mayNeedSecondStatus: families.contains(
        where: \.leave.mayNeedSecondStatus),
      resetCommand: all(\.leave.resetCommand))
    emptyCheck = same(\.emptyCheck) ?? .unknown
    uniqueID = all(\.letsUniqueIDBeRead) ? same(\.uniqueID) ?? [] : []
    hasVoltageRange = all(\.hasVoltageRange)
    timing = same(\.timing) ?? nil
    uf2Families = families.flatMap(\.uf2Families).uniqued
  }
}
