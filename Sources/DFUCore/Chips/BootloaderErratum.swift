/// A known fault of a bootloader in ROM, with what a host can do about it. It
/// stands in ``ChipFamily/errata`` of the families that have it.
public struct BootloaderErratum: Hashable, Sendable {
  /// One sentence for a person.
  public var sentence: String
  /// When a chip of the family has it; all must hold. Empty: always.
  public var conditions: [Condition]
  /// What a host does about it.
  public var consequences: [Consequence]
  /// When a person wants to hear of it.
  public var occasion: Occasion
  /// Where it is written.
  public var source: Source

  /// An erratum.
  public init(
    _ sentence: String, when conditions: [Condition] = [],
    _ consequences: [Consequence], on occasion: Occasion,
    source: Source = Source("AN2606 rev 70")
  ) {
    self.sentence = sentence
    self.conditions = conditions
    self.consequences = consequences
    self.occasion = occasion
    self.source = source
  }

  /// When a chip of a family has the erratum.
  public enum Condition: Hashable, Sendable {
    /// The bootloader-ID byte is one of these. (Not every bootloader lets it
    /// be read, then the erratum is possible.)
    case bootloader([UInt8])
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

  /// An erratum that a device has or may have.
  public struct Applicable: Hashable, Sendable {
    /// The erratum.
    public var erratum: BootloaderErratum
    /// How sure that is.
    public var certainty: Certainty
  }

  /// The errata of all candidates; one that not every candidate is certain
  /// to have is possible. None for firmware that is not the bootloader in
  /// ROM. Without evidence all of them, those with conditions as possible.
  public static func errata(
    of candidates: [ChipFamily], evidence: ChipEvidence? = nil
  ) -> [Applicable] {
    if evidence?.isSystemBootloader == false { return [] }
    let each = candidates.map { $0.errata(evidence) }
    return each.joined().map(\.erratum).uniqued.map { erratum in
      let isCertain = each.allSatisfy {
        $0.contains(Applicable(erratum: erratum, certainty: .certain))
      }
      return Applicable(
        erratum: erratum, certainty: isCertain ? .certain : .possible)
    }
  }
}

extension ChipFamily {
  /// What can keep a chip of the family from being found, each a sentence.
  public var searchHints: [String] {
    errata.filter { $0.occasion == .notFound }.map(\.sentence)
  }

  /// The family's errata, as far as what a device shows does not rule them
  /// out.
  func errata(_ evidence: ChipEvidence?) -> [BootloaderErratum.Applicable] {
    errata.compactMap { erratum in
      var certainty = BootloaderErratum.Certainty.certain
      for condition in erratum.conditions {
        switch condition.holds(for: self, evidence) {
        case true?: continue
        case false?: return nil
        case nil: certainty = .possible
        }
      }
      return .init(erratum: erratum, certainty: certainty)
    }
  }
}

extension BootloaderErratum.Condition {
  /// Whether it holds; `nil` when what decides is not known.
  func holds(for family: ChipFamily, _ evidence: ChipEvidence?) -> Bool? {
    guard let evidence else { return nil }
    let runs = evidence.flashRuns(from: family.flashStart)
    switch self {
    case .bootloader(let versions):
      return family.bootloaderID.flatMap { evidence.bytes[$0] }
        .map(versions.contains)
    case .byte(let address, let value):
      return evidence.bytes[address].map { $0 == value }
    case .flash(let shapes):
      return runs.isEmpty ? nil : shapes.contains { $0.matches(runs) }
    case .sectorsOtherThan(let size):
      return runs.isEmpty ? nil : runs.contains { $0.size != size }
    case .flashLargerThan(let bytes):
      return runs.isEmpty
        ? nil : runs.reduce(0) { $0 + $1.count * $1.size } > bytes
    }
  }
}

// MARK: - Errata of several series

extension BootloaderErratum {
  /// Writes from a high-speed host controller fail.
  static func highSpeedHost(_ versions: [UInt8]) -> BootloaderErratum {
    BootloaderErratum(
      "this bootloader needs a pause between packets that a high-speed host "
        + "controller does not make: put a USB hub between",
      when: [.bootloader(versions)],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError)
  }

  /// F070 and F3.
  static let crystalFromList = BootloaderErratum(
    "DFU works on this chip only with a crystal of one of the frequencies "
      + "AN2606 lists", [.hint], on: .notFound)

  /// F2, F4 and F7.
  static let programsBytewise = BootloaderErratum(
    "this bootloader programs byte by byte unless it is told that the "
      + "supply is 2.7 to 3.6 V (--vdd), which makes it about four times faster",
    [.hint], on: .write, source: Source("AN2606 rev 70", .inferred))

  /// Most F4.
  static func clocksOff(_ conditions: [Condition] = []) -> BootloaderErratum {
    BootloaderErratum(
      "leaving clears RCC_AHB1ENR, so CCM RAM (where there is one) is off "
        + "until the application turns it on", when: conditions, [.hint],
      on: .leave)
  }

  /// H5 always, L5, U3 and U5 with TrustZone.
  static let leavesNonSecure = BootloaderErratum(
    "the program that leave starts reaches only what is set up as "
      + "non-secure (on L5, U3 and U5 only with TrustZone on)", [.hint],
    on: .leave)

  /// Several L4.
  static func codeProtectionUnwritable(
    _ versions: [UInt8]
  ) -> BootloaderErratum {
    BootloaderErratum(
      "the option bytes of proprietary code protection (PCROP) cannot be "
        + "written with this bootloader", when: [.bootloader(versions)],
      [.refuse(.writeCodeProtection)], on: .optionBytes)
  }

  /// L43x and L47x.
  static func unpaddedWrites(_ versions: [UInt8]) -> BootloaderErratum {
    BootloaderErratum(
      "writes of more than 256 bytes whose length is no multiple of 8 are "
        + "corrupted by this bootloader", when: [.bootloader(versions)],
      [.padWrites(toMultipleOf: 8)], on: .write)
  }

  /// G0B1, U073 and C071.
  static func clearsEmptyFlag(
    _ conditions: [Condition] = []
  ) -> BootloaderErratum {
    BootloaderErratum(
      "this bootloader clears the chip's EMPTY flag: a reset before the flash "
        + "is programmed runs into blank flash, and only a power cycle brings "
        + "DFU back", when: conditions, [.keepPoweredUntilProgrammed],
      on: .erase)
  }

  /// H72x and H7A3.
  static func protectedChipRestarts(_ versions: [UInt8]) -> BootloaderErratum {
    BootloaderErratum(
      "a protected chip whose USB cable is plugged in at reset restarts for "
        + "ever with this bootloader", when: [.bootloader(versions)],
      [.warnBefore(.raiseProtection)], on: .protection)
  }

  /// F42x and H74x.
  static func codeProtectionStays(_ versions: [UInt8]) -> BootloaderErratum {
    BootloaderErratum(
      "read unprotect leaves proprietary code protection (PCROP) in place "
        + "with this bootloader", when: [.bootloader(versions)],
      [.warnBefore(.liftProtection)], on: .protection)
  }

  /// H503 and H563.
  static func jumpCrashes(_ versions: [UInt8]) -> BootloaderErratum {
    BootloaderErratum(
      "in product states after Open the jump to the application crashes: set "
        + "BOOT0 low and reset instead", when: [.bootloader(versions)],
      [.warnBefore(.leave)], on: .leave)
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
