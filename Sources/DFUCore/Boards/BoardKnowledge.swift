/// What is known of the chip on a board, and what follows from it for
/// speaking with the board. The one place where the chip tables meet the
/// protocol.
public struct BoardKnowledge: Sendable {
  /// What the board shows of itself.
  public let evidence: ChipEvidence
  /// Which chip families it may be.
  public let identification: ChipIdentification
  /// Known troubles of its bootloader.
  public let limits: [RomLimit.Applicable]
  /// What all candidates have in common.
  public let shared: SharedKnowledge

  /// What is known of a board.
  ///
  /// - Parameters:
  ///   - selected: the board and its DFU interface.
  ///   - family: the family the person named, which decides.
  public init(_ selected: SelectedBoard, family: ChipFamily? = nil) {
    let evidence = selected.evidence
    self.init(
      evidence,
      family.map { ChipIdentification(candidates: [$0], basis: .named) }
        ?? ChipIdentification(evidence))
  }

  private init(_ evidence: ChipEvidence, _ identification: ChipIdentification) {
    self.evidence = evidence
    self.identification = identification
    limits = RomLimit.limits(of: identification, evidence: evidence)
    shared = identification.shared
  }

  /// Where the bootloader's version stands in its own memory, if it decides
  /// about a trouble that is only possible so far.
  public var undecidedVersions: [UInt32] {
    let undecided = limits.contains { applicable in
      applicable.certainty == .possible
        && applicable.limit.conditions.contains {
          if case .bootloader = $0 { true } else { false }
        }
    }
    guard undecided else { return [] }
    return Set(identification.candidates.compactMap(\.bootloaderID))
      .filter { evidence.bytes[$0] == nil }.sorted()
  }

  /// The same with one more byte of the bootloader's memory known.
  public func knowing(_ byte: UInt8, at address: UInt32) -> BoardKnowledge {
    var evidence = evidence
    evidence.bytes[address] = byte
    return BoardKnowledge(evidence, identification)
  }

  /// All that a host should do because of known troubles.
  public var effects: [RomLimit.Effect] { limits.flatMap(\.effects) }

  /// The sentences of the troubles that matter at an occasion.
  public func sentences(on occasion: RomLimit.Occasion) -> [String] {
    var sentences: [String] = []
    for limit in limits.map(\.limit)
    where limit.occasion == occasion && !sentences.contains(limit.sentence) {
      sentences.append(limit.sentence)
    }
    return sentences
  }

  /// A memory as it really is, where the board describes it wrongly: other
  /// sectors, or memory that must not be erased although it says it may.
  public func corrected(_ memory: BoardMemory) -> BoardMemory {
    let kind = MemoryKind(layout: memory.alternate.name?.raw ?? "")
    var memory = memory
    if kind == .internalFlash, let family = identification.family,
      let groups = family.trueFlash(evidence),
      let access = memory.map.runs.first?.access
    {
      var address = family.flashStart
      memory.map.runs = groups.map { group in
        let run = SectorRun(
          address: address, count: group.count, sectorSize: group.size,
          access: access)
        address = UInt32(truncatingIfNeeded: run.end)
        return run
      }
    }
    for case .neverErase(let kinds) in effects where kinds.contains(kind) {
      for index in memory.map.runs.indices {
        memory.map.runs[index].access.remove(.erasable)
      }
    }
    return memory
  }

  /// How to speak with the board.
  ///
  /// - Parameter mode: which poll times the person wants believed; `nil` for
  ///   what suits the chip.
  public func behaviour(_ mode: Polling.Mode?) -> DfuSeBehaviour {
    let isROM = evidence.isSystemBootloader == true
    var behaviour = DfuSeBehaviour(
      polling: mode
        ?? (isROM && shared.polling == .heldUntilDone ? .immediate : .evidence),
      counting: isROM ? .proven : .unproven)
    behaviour.needsGaps = shared.polling == .stallsWhenEarly
    if let timing = shared.timing {
      let longest = timing.erase.map(\.time.maximum).max() ?? 0
      // Twice the datasheet's maximum: old and cold parts, and the ROM's own
      // checks.
      behaviour.eraseLimit = max(
        .seconds(2), .microseconds(longest * 2))
      if let whole = timing.massErase?.maximum {
        behaviour.massEraseLimit = max(.seconds(5), .microseconds(whole * 2))
      }
    }
    behaviour.curesWedge = effects.contains(.clearStatusTwice)
    behaviour.manifestNeedsSecondStatus = shared.leave.mayNeedSecondStatus
    for case .eraseOneAtATime(let extra) in effects {
      behaviour.eraseLimit += .milliseconds(extra)
    }
    return behaviour
  }

  /// What a flash must heed besides what the person asked for.
  public func adapt(_ options: FlashOptions) -> FlashOptions {
    var options = options
    options.alignment = max(options.alignment, shared.writeUnit)
    options.erasedByte = shared.erasedByte ?? 0xFF
    for case .padWrites(let unit) in effects {
      options.alignment = max(options.alignment, unit)
    }
    if effects.contains(.checkBlankAfterErase) { options.checksBlank = true }
    let cannotMassErase = effects.contains(.eraseBySector)
    if cannotMassErase { options.massErasesBySector = true }
    if options.massErase == .never, !cannotMassErase,
      let timing = shared.timing,
      let whole = timing.massErase
    {
      options.massErase = .whenCheaper(timing, .microseconds(whole.typical))
    }
    return options
  }
}

extension SelectedBoard {
  /// What the board shows of its chip.
  var evidence: ChipEvidence {
    ChipEvidence(
      vendor: board.device.descriptor.vendor,
      product: board.device.descriptor.product,
      deviceVersion: board.device.descriptor.deviceVersion,
      productString: board.product?.raw, serial: board.serial?.raw,
      memories: interface.memories.map { memory in
        ChipEvidence.Memory(
          layout: memory.alternate.name?.raw ?? "",
          regions: memory.map.runs.map {
            ChipEvidence.Region(
              address: $0.address, count: $0.count, size: $0.sectorSize)
          })
      })
  }
}
