/// Stands in until the rules of boards are there.
public struct BoardRules: Hashable, Sendable {
  public let neverErased: Set<MemoryKind> = [
    .optionBytes, .oneTimeProgrammable, .deviceFeature,
  ]
  public var refusals: [ChipOperation: [String]] = [:]
  public var warnings: [ChipOperation: [String]] = [:]
  public var transferSizeAfterError: Int?
  public var enumerationTime: Duration
  public var splitsOptionByteWrites: String?
  public var optionBytesUnreachable: String?
  public var keepPoweredUntilProgrammed: [String] = []
  public var hints: [RomLimit.Occasion: [String]] = [:]
  private var knowledge: [ChipFamily]
  private var evidence: ChipEvidence

  init(_ k: BoardKnowledge) {
    enumerationTime = .milliseconds(k.shared.reconnectTime ?? 1000)
    knowledge = k.identification.candidates
    evidence = k.evidence
    for a in k.limits {
      if hints[a.limit.occasion]?.contains(a.limit.sentence) != true {
        hints[a.limit.occasion, default: []].append(a.limit.sentence)
      }
      for e in a.effects {
        switch e {
        case .refuse(let o): refusals[o, default: []].append(a.limit.sentence)
        case .warnBefore(let o): warnings[o, default: []].append(a.limit.sentence)
        case .limitTransfersAfterError(let b): transferSizeAfterError = b
        case .splitOptionByteWrites: splitsOptionByteWrites = a.limit.sentence
        case .noResetBeforeProgramming:
          keepPoweredUntilProgrammed.append(a.limit.sentence)
        default: break
        }
      }
    }
  }

  private func trouble(_ address: UInt32, _ sp: UInt32?) -> (String, Bool)? {
    for f in knowledge {
      if let t = f.leaveTrouble(
        address: address, stackPointer: sp, evidence: evidence)
      {
        return (
          t.limit.sentence,
          t.limit.effects.contains {
            if case .blockLeave = $0 { true } else { false }
          }
        )
      }
    }
    return nil
  }
  func blockedLeave(to address: UInt32) -> String? {
    trouble(address, nil).flatMap { $0.1 ? $0.0 : nil }
  }
  func objection(toStackPointer value: UInt32) -> String? {
    trouble(0, value).flatMap { $0.1 ? nil : $0.0 }
  }
}

public typealias ChipOperation = RomLimit.Operation
public typealias BootloaderErratum = RomLimit
extension RomLimit.Operation {
  static var liftProtection: Self { .removeProtection }
}
extension BoardKnowledge {
  public var rules: BoardRules { BoardRules(self) }
  public var isCertainROM: Bool {
    evidence.isSystemBootloader == true && !identification.candidates.isEmpty
  }
  public func operations(
    erasing range: Range<UInt64>, in memory: BoardMemory
  ) -> [ChipOperation] {
    guard memory.kind == .internalFlash, !range.isEmpty,
      let first = memory.map.runs.first, let last = memory.map.runs.last?.end
    else { return [] }
    let start = UInt64(first.address)
    let second = start + (max(last, start) - start) / 2
    return range.upperBound > second ? [.eraseSecondBank] : []
  }
}
extension BoardMemory {
  public var kind: MemoryKind { MemoryKind(layout: alternate.name?.raw ?? "") }
}
extension Board {
  public var notUniqueSerial: NonUniqueSerial? { worthlessSerial }
}
