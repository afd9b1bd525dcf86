/// A known fault of a bootloader in ROM, with what a host can do about it.
public struct BootloaderErratum: Hashable, Sendable {
  /// A stable short name: `h743-erase-wedge`.
  public var name: String
  /// Names of the ``ChipFamily`` rows that have it.
  public var families: [String]
  /// When they have it; all must hold. Empty: always.
  public var conditions: [Condition]
  /// What a host does about it.
  public var consequences: [Consequence]
  /// When a person wants to hear of it.
  public var occasion: Occasion
  /// One sentence for a person.
  public var sentence: String
  /// Where it is written.
  public var source: Source

  /// A row.
  public init(
    _ name: String, _ families: [String], when conditions: [Condition] = [],
    _ consequences: [Consequence], on occasion: Occasion, _ sentence: String,
    source: Source = Source("AN2606 rev 70")
  ) {
    self.name = name
    self.families = families
    self.conditions = conditions
    self.consequences = consequences
    self.occasion = occasion
    self.sentence = sentence
    self.source = source
  }

  /// When a chip of a family has the erratum.
  public enum Condition: Hashable, Sendable {
    /// The bootloader-ID byte is one of these. (Not every bootloader lets it
    /// be read, then the erratum is possible.)
    case bootloader([UInt8])
    /// `bcdDevice` is one of these.
    case deviceVersions([UInt16])
    /// A byte of system memory has this value.
    case byte(at: UInt32, equals: UInt8)
    /// The flash is shown as one of these shapes.
    case flash([FlashShape])
    /// The flash is shown with sectors of other sizes than this, bytes.
    case sectorsOtherThan(Int)
    /// More than this many bytes of flash are shown.
    case flashLargerThan(Int)
  }

  /// What a host does about an erratum: ``BoardRules`` makes of each what jobs
  /// and engine obey.
  public enum Consequence: Hashable, Sendable {
    /// Refuses, once it is certain that the erratum is there; says the sentence
    /// where it only may be.
    case refuse(ChipOperation)
    /// Says the sentence, and asks, before it begins.
    case warnBefore(ChipOperation)
    /// Asks for a power cycle when it is done.
    case powerCycleAfter(ChipOperation)
    /// Waits this long after each sector erase, whatever the device reports.
    case pauseAfterErase(Duration)
    /// Waits the datasheet's time for each erase, whatever the device reports.
    case waitDatasheetTimes
    /// Erases sector by sector: mass erase does not work.
    case massEraseIsBroken
    /// Reads back what it erased before it programs.
    case checkBlankAfterErase
    /// Pads each write to a multiple of so many bytes.
    case padWrites(toMultipleOf: Int)
    /// Makes transfers no larger than this many bytes when larger ones fail.
    case limitTransfersAfterError(bytes: Int)
    /// Takes the device leaving the bus once after it came as normal.
    case tolerateDisconnect
    /// Repeats a transfer that failed, where that does no harm.
    case retryTransfers
    /// Pauses between transfers: a high-speed host controller is too fast.
    case pauseBetweenTransfers
    /// When the device stays in dfuDNBUSY beyond all limits after an erase,
    /// sends CLRSTATUS twice.
    case clearStatusTwice
    /// Uses these sectors instead of those the device shows.
    case overrideFlash([SectorGroup])
    /// Takes the flash size from the serial number, ``GD32Serial``.
    case flashFromSerial
    /// Does not leave to an address in these windows.
    case blockLeave([AddressWindow])
    /// Warns of a program whose initial stack pointer is not at least so many
    /// bytes below the end of its RAM.
    case stackPointerBelowEnd(bytes: Int)
    /// Warns of a program whose initial stack pointer is this one.
    case rejectStackPointer(UInt32)
    /// Writes protection and secure option bytes in two writes.
    case splitOptionByteWrites
    /// Option bytes cannot be written; reading them may work.
    case optionBytesUnreachable
    /// Does not reset the device between erase and programming.
    case keepPoweredUntilProgrammed
    /// Nothing but saying the sentence.
    case hint
  }

  /// When a person wants to hear of an erratum.
  public enum Occasion: String, Hashable, Sendable, CaseIterable {
    /// No board is found, or it comes late.
    case notFound
    /// A transfer failed.
    case transferError
    /// Before or after an erase.
    case erase
    /// Before or while writing.
    case write
    /// Before or after leaving.
    case leave
    /// Around readout protection.
    case protection
    /// Around option bytes.
    case optionBytes
    /// When boards are listed.
    case list
  }
}

extension BootloaderErratum {
  /// How sure it is that a device has an erratum.
  public enum Certainty: String, Hashable, Sendable {
    /// All conditions hold.
    case certain
    /// Something that decides could not be read.
    case possible
  }

  /// A erratum that a device has or may have.
  public struct Applicable: Hashable, Sendable {
    /// The erratum.
    public var erratum: BootloaderErratum
    /// How sure that is.
    public var certainty: Certainty

    /// A erratum and how sure it is.
    public init(_ erratum: BootloaderErratum, _ certainty: Certainty) {
      self.erratum = erratum
      self.certainty = certainty
    }
  }

  /// The errata of a family, as far as what a device shows does not rule
  /// them out. Without evidence all of them, those with conditions as
  /// possible.
  public static func errata(
    of family: ChipFamily, evidence: ChipEvidence? = nil
  ) -> [Applicable] {
    all.compactMap { erratum in
      guard erratum.families.contains(family.name) else { return nil }
      var certainty = Certainty.certain
      for condition in erratum.conditions {
        switch condition.holds(for: family, evidence: evidence) {
        case true?: continue
        case false?: return nil
        case nil: certainty = .possible
        }
      }
      return Applicable(erratum, certainty)
    }
  }

  /// What can keep a chip of a family from being found, each a sentence.
  public static func notFoundSentences(_ family: ChipFamily) -> [String] {
    all.filter {
      $0.occasion == .notFound && $0.families.contains(family.name)
    }.map(\.sentence)
  }

  /// The errata of all candidates; one that not every candidate is certain
  /// to have is possible. None for firmware that is not the bootloader in
  /// ROM.
  public static func errata(
    of identification: ChipIdentification, evidence: ChipEvidence? = nil
  ) -> [Applicable] {
    if evidence?.isSystemBootloader == false { return [] }
    let each = identification.candidates.map {
      errata(of: $0, evidence: evidence)
    }
    return all.compactMap { erratum in
      let found = each.map { list in list.first { $0.erratum == erratum } }
      guard found.contains(where: { $0 != nil }) else { return nil }
      let certain = found.allSatisfy { $0?.certainty == .certain }
      return Applicable(erratum, certain ? .certain : .possible)
    }
  }
}

extension BootloaderErratum: CustomStringConvertible {
  /// Its short name.
  public var description: String { name }
}

extension BootloaderErratum.Condition {
  /// Whether it holds; `nil` when what decides is not known.
  func holds(for family: ChipFamily, evidence: ChipEvidence?) -> Bool? {
    guard let evidence else { return nil }
    switch self {
    case .bootloader(let versions):
      guard let address = family.bootloaderID,
        let version = evidence.bytes[address]
      else { return nil }
      return versions.contains(version)
    case .deviceVersions(let versions):
      return versions.contains(evidence.deviceVersion)
    case .byte(let address, let value):
      return evidence.bytes[address].map { $0 == value }
    case .flash(let shapes):
      let runs = evidence.flashRuns(from: family.flashStart)
      guard !runs.isEmpty else { return nil }
      return shapes.contains { shape in
        switch shape {
        case .runs(let expected): return runs == expected
        case .uniform(let sector, let totals):
          guard runs.count == 1, let run = runs.first else { return false }
          return run.size == sector && totals.contains(run.count * run.size)
        }
      }
    case .sectorsOtherThan(let size):
      let runs = evidence.flashRuns(from: family.flashStart)
      guard !runs.isEmpty else { return nil }
      return runs.contains { $0.size != size }
    case .flashLargerThan(let bytes):
      let runs = evidence.flashRuns(from: family.flashStart)
      guard !runs.isEmpty else { return nil }
      return runs.reduce(0) { $0 + $1.count * $1.size } > bytes
    }
  }
}

/// What a host is about to do with a chip.
public enum ChipOperation: String, Hashable, Sendable, CaseIterable {
  /// Erasing sectors of the second bank.
  case eraseSecondBank
  /// Erasing the high-cycling data area.
  case eraseDataFlash
  /// Raising readout protection.
  case raiseProtection
  /// Lowering readout protection, which erases the flash.
  case liftProtection
  /// Writing option bytes.
  case writeOptionBytes
  /// Writing the option bytes of proprietary code protection (PCROP).
  case writeCodeProtection
  /// Leaving DFU mode.
  case leave
  /// Leaving DFU mode with TrustZone on.
  case leaveWithTrustZone
}
