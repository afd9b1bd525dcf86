/// What is known of the chip on a board, and what follows from it for
/// speaking with the board. The one place where the chip tables meet the
/// protocol.
public struct BoardKnowledge: Sendable {
  /// What the board shows of itself.
  public let evidence: ChipEvidence
  /// Which chip families it may be.
  public let identification: ChipIdentification
  /// Known faults that its bootloader has or may have.
  public let errata: [BootloaderErratum.Applicable]
  /// What follows from them.
  public let rules: BoardRules
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

  /// What is known of a board that shows this.
  public init(_ evidence: ChipEvidence) {
    self.init(evidence, ChipIdentification(evidence))
  }

  private init(_ evidence: ChipEvidence, _ identification: ChipIdentification) {
    self.evidence = evidence
    self.identification = identification
    errata = BootloaderErratum.errata(
      of: identification.candidates, evidence: evidence)
    rules = BoardRules(errata, identification.candidates, evidence)
    shared = identification.shared
  }

  /// Where the bootloader's version stands in its own memory, if it decides
  /// about an erratum that is only possible so far.
  public var undecidedVersions: [UInt32] {
    let undecided = errata.contains { applicable in
      applicable.certainty == .possible
        && applicable.erratum.conditions.contains {
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

  /// Whether this is certainly the bootloader in ROM of one of the candidates:
  /// ids, `bcdDevice`, product string, layout and option-byte memory fit each of
  /// them. Other firmware shows ST's ids and strings too.
  public var isCertainROM: Bool {
    !identification.candidates.isEmpty && evidence.isSystemBootloader == true
      && identification.candidates.allSatisfy { $0.isCertain(evidence) }
  }

  /// Whether this bootloader was seen to hold back its answer to GETSTATUS until
  /// the work is done, so that it may be asked at once.
  public var holdsAnswersBack: Bool {
    isCertainROM && shared.holdsAnswersBack
  }

  /// A memory as it really is, where the board describes it wrongly: other
  /// sectors, or memory that must not be erased although it says it may.
  public func corrected(_ memory: BoardMemory) -> BoardMemory {
    let kind = memory.kind
    var memory = memory
    if kind == .internalFlash, let groups = rules.trueFlash,
      let access = memory.map.runs.first?.access,
      var address = identification.candidates.first?.flashStart
    {
      memory.map.runs = groups.map { group in
        let run = SectorRun(
          address: address, count: group.count, sectorSize: group.size,
          access: access)
        address = UInt32(truncatingIfNeeded: run.end)
        return run
      }
    }
    if rules.neverErased.contains(kind) {
      for index in memory.map.runs.indices {
        memory.map.runs[index].access.remove(.erasable)
      }
    }
    return memory
  }

  /// What erasing a range of a memory is, beyond an erase: what
  /// ``BoardRules/refusals`` and ``BoardRules/warnings`` may name.
  public func operations(
    erasing range: Range<UInt64>, in memory: BoardMemory
  ) -> [ChipOperation] {
    guard !range.isEmpty, let second = secondBank(of: memory),
      let first = memory.map.runs.first
    else { return [] }
    // STM32H5's high-cycling data (RM0481).
    if Self.dataFlash.contains(first.address) { return [.eraseDataFlash] }
    return range.upperBound > second ? [.eraseSecondBank] : []
  }

  /// Where the second bank of an internal flash begins, if it has two: both are
  /// the same size. `nil` for other memories.
  func secondBank(of memory: BoardMemory) -> UInt64? {
    guard memory.kind == .internalFlash, let first = memory.map.runs.first,
      let last = memory.map.runs.last?.end
    else { return nil }
    let start = UInt64(first.address)
    return start + (max(last, start) - start) / 2
  }

  private static let dataFlash = AddressWindow(0x0900_0000, length: 96 << 10)

  /// How to speak with the board.
  ///
  /// - Parameter mode: which poll times the person wants believed; `nil` for
  /// what suits the chip: asking at once only where it was seen to hold its
  /// answers back.
  package func behaviour(_ mode: Polling.Mode?) -> DfuSeBehaviour {
    var behaviour = DfuSeBehaviour(
      polling: mode ?? (holdsAnswersBack ? .immediate : .evidence),
      counting: isCertainROM ? .proven : .unproven)
    behaviour.vendorErrorMeansProtection = isCertainROM
    behaviour.needsGaps = rules.needsPauseBetweenTransfers
    if let timing = shared.timing {
      let longest = timing.erase.map(\.time.maximum).max() ?? 0
      // Twice the datasheet's maximum: old and cold parts, and the ROM's own
      // checks.
      behaviour.eraseLimit = max(
        .seconds(10), .microseconds(longest * 2))
      if let whole = timing.massErase?.maximum {
        behaviour.massEraseLimit = max(.seconds(5), .microseconds(whole * 2))
      }
    }
    behaviour.curesWedge = rules.curesWedge
    behaviour.manifestNeedsSecondStatus = shared.leave.mayNeedSecondStatus
    behaviour.eraseLimit += rules.pauseAfterErase
    return behaviour
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
      memories: interface.memories.map(\.map))
  }
}
