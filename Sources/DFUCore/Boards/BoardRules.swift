/// What follows from the errata of a board's bootloader.
///
/// Jobs and the engine obey these fields; they never look at errata, their
/// names or their sentences.
public struct BoardRules: Hashable, Sendable {
  /// When a person wants to hear of an erratum.
  public typealias Occasion = BootloaderErratum.Occasion

  /// Memories that are never erased, whatever their type letters say.
  public let neverErased: Set<MemoryKind> = [
    .optionBytes, .oneTimeProgrammable, .deviceFeature,
  ]
  /// Operations that are refused, each with the sentences that say why.
  public private(set) var refusals: [ChipOperation: [String]] = [:]
  /// Operations before which these sentences are said. What would be refused
  /// if it were certain stands here while it is only possible.
  public private(set) var warnings: [ChipOperation: [String]] = [:]
  /// Operations after which the chip needs a power cycle, and why.
  public private(set) var powerCycles: [ChipOperation: [String]] = [:]
  /// Waited after each sector erase, whatever the board reports.
  public private(set) var pauseAfterErase = Duration.zero
  /// Whether erases wait at least the datasheet's time, whatever the board
  /// reports.
  public private(set) var waitsDatasheetTimes = false
  /// Whether mass erase does not work, so that everything is erased sector by
  /// sector.
  public private(set) var massEraseIsBroken = false
  /// Whether erased sectors are read back before they are written.
  public private(set) var checksBlank = false
  /// Writes are padded to a multiple of this many bytes.
  public private(set) var writeMultiple = 1
  /// The size of transfers after one has stalled, bytes; `nil` where smaller
  /// ones are not known to help.
  public private(set) var transferSizeAfterError: Int?
  /// How long a search or a reconnect waits at least.
  public private(set) var enumerationTime: Duration
  /// Whether transfers fail at random, so that those that can be repeated
  /// without harm are repeated more often.
  public private(set) var transfersNeedRetry = false
  /// Whether the board needs a pause between transfers: AN2606's limit with
  /// high-speed host controllers, and the full-speed device peripheral, which
  /// does not answer a SETUP that comes too early.
  public private(set) var needsPauseBetweenTransfers: Bool
  /// Whether CLRSTATUS, sent twice, frees a board that stays busy for ever
  /// after an erase.
  public private(set) var curesWedge = false
  /// Addresses that are never left to.
  public private(set) var blockedLeaves: [BlockedLeave] = []
  /// What an initial stack pointer must not be.
  public private(set) var stackPointerRules: [StackPointerRule] = []
  /// Why readout protection and secure option bytes go in two writes; `nil`
  /// where they need not.
  public private(set) var splitsOptionByteWrites: String?
  /// Why option bytes cannot be written; `nil` where they can. Reading them
  /// may be tried.
  public private(set) var optionBytesUnreachable: String?
  /// Why there must be no reset between erasing and programming.
  public private(set) var keepPoweredUntilProgrammed: [String] = []
  /// The sectors the flash really has, from the start of the internal flash,
  /// where the board shows others; `nil` where what it shows is right.
  public private(set) var trueFlash: [SectorGroup]?
  /// What a person may want to know, by occasion: the sentences of all errata.
  public private(set) var hints: [Occasion: [String]] = [:]

  /// Addresses that are never left to.
  public struct BlockedLeave: Hashable, Sendable {
    /// The addresses.
    public var window: AddressWindow
    /// Why.
    public var sentence: String
  }

  /// What an initial stack pointer must not be.
  public enum StackPointerRule: Hashable, Sendable {
    /// Nearer to the end of its RAM than so many bytes.
    case belowEnd(bytes: Int, ram: [AddressWindow], sentence: String)
    /// This value.
    case not(UInt32, sentence: String)
  }

  /// The rules for a board.
  ///
  /// - Parameters:
  ///   - errata: those its bootloader has or may have.
  ///   - candidates: the families it may be.
  ///   - evidence: what it shows.
  public init(
    _ errata: [BootloaderErratum.Applicable], _ candidates: [ChipFamily],
    _ evidence: ChipEvidence
  ) {
    needsPauseBetweenTransfers = candidates.contains {
      $0.peripheral == .fullSpeedDevice
    }
    let longest = candidates.compactMap(\.reconnectTime).max() ?? 1000
    // AN2606's times are measured on one board: a tenth more.
    enumerationTime = .milliseconds(longest + longest / 10)
    for applicable in errata {
      let erratum = applicable.erratum
      hints[erratum.occasion, default: []].addOnce(erratum.sentence)
      for consequence in erratum.consequences {
        obey(consequence, applicable, candidates, evidence)
      }
    }
  }

  private mutating func obey(
    _ consequence: BootloaderErratum.Consequence,
    _ applicable: BootloaderErratum.Applicable, _ candidates: [ChipFamily],
    _ evidence: ChipEvidence
  ) {
    let sentence = applicable.erratum.sentence
    let isCertain = applicable.certainty == .certain
    switch consequence {
    case .refuse(let operation) where isCertain:
      refusals[operation, default: []].addOnce(sentence)
    case .refuse(let operation), .warnBefore(let operation):
      warnings[operation, default: []].addOnce(sentence)
    case .powerCycleAfter(let operation):
      powerCycles[operation, default: []].addOnce(sentence)
    case .pauseAfterErase(let time):
      pauseAfterErase = max(pauseAfterErase, time)
    case .waitDatasheetTimes: waitsDatasheetTimes = true
    case .massEraseIsBroken: massEraseIsBroken = true
    case .checkBlankAfterErase: checksBlank = true
    case .padWrites(let unit): writeMultiple = max(writeMultiple, unit)
    case .limitTransfersAfterError(let bytes):
      transferSizeAfterError = min(transferSizeAfterError ?? bytes, bytes)
    case .retryTransfers: transfersNeedRetry = true
    case .pauseBetweenTransfers: needsPauseBetweenTransfers = true
    case .clearStatusTwice: curesWedge = true
    case .overrideFlash(let groups): if isCertain { trueFlash = groups }
    case .flashFromSerial:
      guard isCertain, let size = evidence.serial.flatMap(GD32Serial.flashSize)
      else { return }
      trueFlash = [
        SectorGroup(size / GD32Serial.pageSize, GD32Serial.pageSize)
      ]
    case .blockLeave(let windows):
      blockedLeaves += windows.map {
        BlockedLeave(window: $0, sentence: sentence)
      }
    case .stackPointerBelowEnd(let bytes):
      stackPointerRules.append(
        .belowEnd(
          bytes: bytes, ram: candidates.flatMap(\.ram), sentence: sentence))
    case .rejectStackPointer(let value):
      stackPointerRules.append(.not(value, sentence: sentence))
    case .splitOptionByteWrites: splitsOptionByteWrites = sentence
    case .optionBytesUnreachable: optionBytesUnreachable = sentence
    case .keepPoweredUntilProgrammed:
      keepPoweredUntilProgrammed.addOnce(sentence)
    case .hint: break
    }
  }

  /// Why leaving to an address is refused; `nil` where it is not.
  public func blockedLeave(to address: UInt32) -> String? {
    blockedLeaves.first { $0.window.contains(address) }?.sentence
  }

  /// Why the bootloader may not start a program with this initial stack
  /// pointer; `nil` where nothing is known against it.
  public func objection(toStackPointer value: UInt32) -> String? {
    for rule in stackPointerRules {
      switch rule {
      case .not(let wrong, let sentence):
        if value == wrong { return sentence }
      case .belowEnd(let bytes, let ram, let sentence):
        let window = ram.first {
          value > $0.start && UInt64(value) <= $0.end
        }
        if let window, UInt64(value) + UInt64(max(0, bytes)) >= window.end {
          return sentence
        }
      }
    }
    return nil
  }
}

extension Array where Element: Equatable {
  fileprivate mutating func addOnce(_ element: Element) {
    if !contains(element) { append(element) }
  }
}
