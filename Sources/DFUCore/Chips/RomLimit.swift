/// A known trouble of a bootloader in ROM, with what a host can do about it.
public struct RomLimit: Hashable, Sendable {
  /// A stable short name: `h743-erase-wedge`.
  public var name: String
  /// Names of the ``ChipFamily`` rows that have it.
  public var families: [String]
  /// When they have it; all must hold. Empty: always.
  public var conditions: [Condition]
  /// What a host does about it.
  public var effects: [Effect]
  /// When a person wants to hear of it.
  public var occasion: Occasion
  /// One sentence for a person.
  public var sentence: String
  /// Where it is written.
  public var source: Source

  /// A row.
  public init(
    _ name: String, _ families: [String], when conditions: [Condition] = [],
    _ effects: [Effect], on occasion: Occasion, _ sentence: String,
    source: Source = Source("AN2606 rev 70")
  ) {
    self.name = name
    self.families = families
    self.conditions = conditions
    self.effects = effects
    self.occasion = occasion
    self.sentence = sentence
    self.source = source
  }

  /// When a chip of a family has the trouble.
  public enum Condition: Hashable, Sendable {
    /// The bootloader-ID byte is one of these. (Not every bootloader lets it
    /// be read, then the trouble is possible.)
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

  /// What a host does about a trouble.
  public enum Effect: Hashable, Sendable {
    /// Does not erase these memories although they are shown as erasable.
    case neverErase([MemoryKind])
    /// Refuses, once it is certain that the trouble is there.
    case refuse(Operation)
    /// Says the sentence, and asks, before it begins.
    case warnBefore(Operation)
    /// Asks for a power cycle when it is done.
    case powerCycleAfter(Operation)
    /// Sends one erase command a sector and allows this much more time for
    /// each, milliseconds.
    case eraseOneAtATime(extraMilliseconds: Int)
    /// Erases sector by sector: mass erase, or bank erase, does not work.
    case eraseBySector
    /// Erases everything at once: erasing by sector does not work.
    case massEraseOnly
    /// Reads back what it erased before it programs.
    case checkBlankAfterErase
    /// Pads each write to a multiple of so many bytes.
    case padWrites(toMultipleOf: Int)
    /// Makes transfers no larger than this many bytes when larger ones fail.
    case limitTransfersAfterError(bytes: Int)
    /// Waits for the device at least this long, milliseconds.
    case waitForDevice(milliseconds: Int)
    /// Uses its own time limits, from the datasheet, instead of the poll
    /// times the device reports.
    case ownTimeLimits
    /// Takes the device leaving the bus once after it came as normal.
    case tolerateDisconnect
    /// Repeats a transfer that failed.
    case retryTransfers
    /// When the device stays in dfuDNBUSY beyond all limits after an erase,
    /// sends CLRSTATUS twice.
    case clearStatusTwice
    /// Uses these sectors instead of those the device shows.
    case overrideFlash([SectorGroup])
    /// Takes the flash size from the serial number, ``GD32Serial``.
    case flashFromSerial
    /// Does not leave to an address in these windows.
    case blockLeave([AddressWindow])
    /// Before leaving checks that the initial stack pointer is at least so
    /// many bytes below the end of its RAM.
    case stackPointerBelowEnd(bytes: Int)
    /// Before leaving checks that the initial stack pointer is not this one.
    case rejectStackPointer(UInt32)
    /// Writes protection and secure option bytes in two writes.
    case splitOptionByteWrites
    /// Option bytes cannot be read nor written.
    case optionBytesUnreachable
    /// Writes no more than this many bytes of each option-byte window.
    case writableOptionBytes(Int)
    /// Does not count on the serial number to tell boards apart.
    case serialNotUnique
    /// Does not reset the device between erase and programming.
    case noResetBeforeProgramming
    /// Nothing but saying the sentence.
    case hint
  }

  /// What a host is about to do.
  public enum Operation: String, Hashable, Sendable, CaseIterable {
    /// Erasing sectors of the second bank.
    case eraseSecondBank
    /// Erasing the high-cycling data area.
    case eraseDataFlash
    /// Raising readout protection.
    case raiseProtection
    /// Lowering readout protection, which erases the flash.
    case removeProtection
    /// Writing option bytes.
    case writeOptionBytes
    /// Writing the option bytes of proprietary code protection (PCROP).
    case writeCodeProtection
    /// Leaving DFU mode.
    case leave
    /// Leaving DFU mode with TrustZone on.
    case leaveWithTrustZone
  }

  /// When a person wants to hear of a trouble.
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

extension RomLimit {
  /// How sure it is that a device has a trouble.
  public enum Certainty: String, Hashable, Sendable {
    /// All conditions hold.
    case certain
    /// Something that decides could not be read.
    case possible
  }

  /// A trouble that a device has or may have.
  public struct Applicable: Hashable, Sendable {
    /// The trouble.
    public var limit: RomLimit
    /// How sure that is.
    public var certainty: Certainty

    /// A trouble and how sure it is.
    public init(limit: RomLimit, certainty: Certainty) {
      self.limit = limit
      self.certainty = certainty
    }

    /// What a host should do: of a trouble that is only possible, everything
    /// but refusing, which would be wrong on a healthy chip.
    public var effects: [Effect] {
      guard certainty == .possible else { return limit.effects }
      return limit.effects.map {
        if case .refuse(let operation) = $0 {
          .warnBefore(operation)
        } else {
          $0
        }
      }
    }
  }

  /// The troubles of a family, as far as what a device shows does not rule
  /// them out. Without evidence all of them, those with conditions as
  /// possible.
  public static func limits(
    of family: ChipFamily, evidence: ChipEvidence? = nil
  ) -> [Applicable] {
    all.compactMap { limit in
      guard limit.families.contains(family.name) else { return nil }
      var certainty = Certainty.certain
      for condition in limit.conditions {
        switch condition.holds(for: family, evidence: evidence) {
        case true?: continue
        case false?: return nil
        case nil: certainty = .possible
        }
      }
      return Applicable(limit: limit, certainty: certainty)
    }
  }

  /// What can keep a chip of a family from being found, each a sentence.
  public static func notFoundSentences(_ family: ChipFamily) -> [String] {
    all.filter {
      $0.occasion == .notFound && $0.families.contains(family.name)
    }.map(\.sentence)
  }

  /// The troubles of all candidates; one that not every candidate is certain
  /// to have is possible. None for firmware that is not the bootloader in
  /// ROM.
  public static func limits(
    of identification: ChipIdentification, evidence: ChipEvidence? = nil
  ) -> [Applicable] {
    if evidence?.isSystemBootloader == false { return [] }
    let each = identification.candidates.map {
      limits(of: $0, evidence: evidence)
    }
    return all.compactMap { limit in
      let found = each.map { list in list.first { $0.limit == limit } }
      guard found.contains(where: { $0 != nil }) else { return nil }
      let certain = found.allSatisfy { $0?.certainty == .certain }
      return Applicable(
        limit: limit, certainty: certain ? .certain : .possible)
    }
  }
}

extension RomLimit: CustomStringConvertible {
  /// Its short name.
  public var description: String { name }
}

extension RomLimit.Condition {
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

extension ChipFamily {
  /// The sectors the flash really has where the device shows others, from
  /// ``flashStart``; `nil` when what it shows is right.
  ///
  /// For STM32H7A3, H72x and GD32VF103 whose layout strings are known to be
  /// wrong.
  public func trueFlash(_ evidence: ChipEvidence) -> [SectorGroup]? {
    for applicable in RomLimit.limits(of: self, evidence: evidence) {
      for effect in applicable.effects {
        switch effect {
        case .overrideFlash(let runs): return runs
        case .flashFromSerial:
          guard let serial = evidence.serial,
            let size = GD32Serial.flashSize(serial)
          else { continue }
          return [SectorGroup(size / GD32Serial.pageSize, GD32Serial.pageSize)]
        default: continue
        }
      }
    }
    return nil
  }

  /// The trouble that keeps the bootloader from leaving to a program with this
  /// initial stack pointer, or to this address; `nil` when none is known.
  public func leaveTrouble(
    address: UInt32, stackPointer: UInt32?, evidence: ChipEvidence? = nil
  ) -> RomLimit.Applicable? {
    RomLimit.limits(of: self, evidence: evidence).first { applicable in
      applicable.limit.effects.contains { effect in
        switch effect {
        case .blockLeave(let windows):
          return windows.contains { $0.contains(address) }
        case .rejectStackPointer(let value):
          return stackPointer == value
        case .stackPointerBelowEnd(let bytes):
          guard let stackPointer,
            let window = ram.first(where: {
              stackPointer > $0.start && UInt64(stackPointer) <= $0.end
            })
          else { return false }
          return UInt64(stackPointer) + UInt64(max(0, bytes)) >= window.end
        default: return false
        }
      }
    }
  }
}
