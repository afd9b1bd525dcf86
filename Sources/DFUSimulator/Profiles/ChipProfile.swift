/// A chip whose ROM speaks DfuSe: its memories and its ROM's habits.
public struct ChipProfile: Hashable, Sendable {
  /// Everything that DfuSe can address, and the flash first.
  public var memories: [MemoryProfile]
  /// How the flash erases and programs.
  public var flash: FlashProfile
  /// The times the ROM reports in GETSTATUS.
  public var poll: PollProfile
  /// What an early GETSTATUS meets.
  public var earlyPoll: EarlyPoll
  /// How it decides what to start at a reset.
  public var boot = BootProfile()
  /// Deviations of the ROM.
  public var quirks = ChipQuirks()
  /// Where the 96-bit unique ID lies, if in one of the memories.
  public var uniqueIDAddress: UInt32?
  /// Bytes that are known at certain addresses, such as the boot loader's
  /// version.
  public var marks: [UInt32: [UInt8]] = [:]

  /// Stands for the chip of a board that has none.
  static let none = ChipProfile(
    memories: [], flash: .f0, poll: .f0, earlyPoll: .nak)

  /// What a request meets during work: whoever works inside GETSTATUS
  /// answers nothing else meanwhile.
  var busyAnswer: EarlyPoll { quirks.work == .afterAnswer ? earlyPoll : .nak }
}

/// A memory in the address space of a chip.
public struct MemoryProfile: Hashable, Sendable {
  /// The kinds of memory, which differ in what a write does.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Erased by sectors, programmed from 1 to 0.
    case flash
    /// A write reloads them and resets the chip.
    case optionBytes
    /// Programmed once.
    case otp
    /// Writes erase by themselves (L0, L1).
    case eeprom
    /// Read and written freely; lost without power.
    case ram
    /// The ROM: read only.
    case system
    /// The voltage range of F2, F4 and F7, four bytes.
    case deviceFeature
  }

  /// What kind it is.
  public var kind: Kind
  /// Address of its first byte.
  public var start: UInt32
  /// Its sectors, in order.
  public var sectors: [SectorGroup]
  /// Option bytes only: what they mean.
  public var options: OptionWindow?
  /// Whether the ROM lets DFU address it.
  public var isReachable = true
  /// Content of a virgin chip, from the start; the rest is blank.
  public var initial: [UInt8] = []

  /// Its size in bytes.
  public var size: Int { sectors.reduce(0) { $0 + $1.count * $1.size } }

  /// A memory of sectors.
  public init(
    _ kind: Kind, _ start: UInt32, _ sectors: [SectorGroup],
    options: OptionWindow? = nil, isReachable: Bool = true,
    initial: [UInt8] = []
  ) {
    self.kind = kind
    self.start = start
    self.sectors = sectors
    self.options = options
    self.isReachable = isReachable
    self.initial = options?.initial ?? initial
  }
}

/// A number of neighbouring sectors of one size.
public struct SectorGroup: Hashable, Sendable {
  /// How many.
  public var count: Int
  /// Bytes in each.
  public var size: Int

  /// `count` sectors of `size` bytes.
  public init(_ count: Int, _ size: Int) {
    self.count = count
    self.size = size
  }
}

/// How a flash memory erases and programs.
public struct FlashProfile: Hashable, Sendable {
  /// Its true times.
  public var speed: Speed
  /// The same when the voltage range allows 32 bits at a time (F2, F4, F7).
  public var wide: Speed?
  /// Bytes that share an error-correcting code, if any. Such a word can be
  /// programmed once after an erase.
  public var eccWord: Int?
  /// Whether programming a word that is not blank is refused (errPROG). If
  /// not, its bits are lost.
  public var refusesProgrammedWords = false
  /// What an erased byte reads: 0xFF, or 0x00 on L0 and L1 (RM0367, RM0038),
  /// where programming turns zeros into ones.
  public var erasedByte: UInt8 = 0xFF
  /// What addresses of writes must be multiples of, bytes.
  public var alignment: Int
  /// What a write does whose length is no multiple of the alignment.
  public var shortTail = ShortTail.fails

  /// The time to erase a sector of some size.
  public struct EraseTime: Hashable, Sendable {
    /// Bytes of the sector.
    public var size: Int
    /// How long it takes.
    public var time: Duration
  }

  /// How long work takes.
  public struct Speed: Hashable, Sendable {
    /// The time to erase a sector of up to so many bytes, smallest first; the
    /// last one holds for everything larger.
    public var erase: [EraseTime]
    /// The time of a mass erase.
    public var massErase: Duration
    /// Bytes programmed in one step.
    public var unit: Int
    /// The time of one step.
    public var programTime: Duration

    /// Times in milliseconds by sector size; `step` in microseconds.
    init(
      erase: [(size: Int, time: Double)], massErase: Double, unit: Int = 1,
      step: Double
    ) {
      self.erase = erase.map {
        EraseTime(size: $0.size, time: .seconds($0.time / 1_000))
      }
      self.massErase = .seconds(massErase / 1_000)
      self.unit = unit
      programTime = .seconds(step / 1_000_000)
    }
  }

  /// What the ROM does with the odd bytes at the end of a write.
  public enum ShortTail: String, Hashable, Sendable, CaseIterable {
    /// The write fails, and so do all that follow (AN3156).
    case fails
    /// The bytes are programmed like any others.
    case works
    /// The last word comes out wrong, and nothing is reported.
    case corrupts
  }
}

/// The times a ROM reports (`bwPollTimeout`), milliseconds.
public struct PollProfile: Hashable, Sendable {
  /// After a set-address.
  public var setAddress: UInt32
  /// After an erase.
  public var erase: UInt32
  /// After a mass erase.
  public var massErase: UInt32
  /// After a data block.
  public var write: UInt32
  /// After the read unprotect.
  public var unprotect: UInt32 = 100
  /// In dfuMANIFEST.
  public var manifest: UInt32 = 1
}

/// What a request meets while the loader is busy with the last one.
public enum EarlyPoll: String, NamedChoice {
  /// No answer (NAK) until the work is done.
  case nak
  /// A stall; after the work requests are answered again.
  case stall
  /// GETSTATUS answers dfuDNBUSY; others stall.
  case busy
  /// No handshake at all, which the host sees as a transfer error (the
  /// full-speed device peripheral of F0, F3, L0, L1, G0, G4, C0, H5).
  case noHandshake
}

/// How a chip chooses between its ROM and the program.
public struct BootProfile: Hashable, Sendable {
  /// Where `nSWBOOT0`/`nBOOT_SEL` and `nBOOT0` stand in the first option
  /// word, on families that have them.
  public struct SoftwareBoot: Hashable, Sendable {
    /// The bit that chooses between pin and option bit.
    public var select: Int
    /// The value of that bit which means "the pin decides".
    public var pinWhen: Bool
    /// The bit `nBOOT0`: 0 starts the ROM.
    public var nBoot0: Int
  }

  /// Option bits that replace the BOOT0 pin.
  public var software: SoftwareBoot?
  /// Whether a blank first word at power-on starts the ROM.
  public var hasEmptyCheck = false
  /// Whether the ROM clears the empty flag when it starts (G0B1, C071).
  public var romClearsEmptyFlag = false
  /// Whether the vector table is Arm's (initial stack pointer, reset
  /// vector). If not, any first word that is not blank runs.
  public var hasVectorTable = true
}

/// Deviations of a boot loader. The defaults are what most ROMs do.
public struct ChipQuirks: Hashable, Sendable, Codable {
  /// When the work of a DNLOAD is done, seen from the GETSTATUS after it.
  public enum Work: String, NamedChoice {
    /// After its answer of dfuDNBUSY with the poll time.
    case afterAnswer
    /// Before its answer, which is the result (mboot).
    case beforeAnswer
    /// Before its answer of dfuDNBUSY with time 0 (loaders on ST's class).
    case beforeBusy
    /// In its status stage, behind dfuDNBUSY with the poll time (ST's class).
    case inStatusStage
  }

  /// What becomes of a DNLOAD whose data stage was cut.
  public enum CutDownload: String, NamedChoice {
    /// It counts from SETUP on: what arrived, and what earlier blocks left
    /// behind it in the buffer, is programmed (ST's class).
    case keepsStaleBytes
    /// It counts with the bytes that arrived.
    case keepsFragment
    /// It does not count.
    case isDropped
  }

  /// How protection shows at level 1.
  public enum Protection: String, NamedChoice {
    /// errVENDOR on reads, writes and erases.
    case error
    /// The same, and on set-address.
    case errorOnAddressToo
    /// Writes and erases "succeed" and do nothing; reads fail.
    case ignoresWrites
  }

  /// What CLRSTATUS does outside dfuERROR.
  public enum ClearStatus: String, NamedChoice {
    /// Enters dfuERROR with errUNKNOWN (ST's class, G4).
    case entersError
    /// Stalls (C5).
    case stalls
    /// Stalls and enters dfuERROR (USBX).
    case stallsAndEntersError
    /// Is acknowledged without effect.
    case ignored
  }

  /// How the chip leaves DFU.
  public enum Leave: String, NamedChoice {
    /// GETSTATUS answers dfuMANIFEST, then the chip is gone.
    case normal
    /// It leaves, but the last GETSTATUS gets no answer (H7, G0, WB55).
    case lastStatusFails
    /// It stays in dfuMANIFEST until GETSTATUS comes again (F072).
    case needsSecondStatus
    /// Only after a set-address (C071); else it stays in dfuMANIFEST.
    case needsAddress
    /// It is gone before it has answered the zero-length DNLOAD (GD32).
    case unanswered
    /// It leaves after dfuMANIFEST and stays listed with its address, but
    /// answers nothing (a fixed pull-up on D+).
    case mute
    /// It never leaves (H74x ROM D2).
    case broken
  }

  /// What a write of option bytes does.
  public enum OptionWrite: String, NamedChoice {
    /// The chip takes them and resets.
    case resets
    /// Success is reported and nothing happens.
    case dropped
    /// errWRITE.
    case refused
    /// GETSTATUS stalls from then on, and nothing happens.
    case stallsStatus
    /// The chip takes them, resets and does not come back.
    case neverReturns
    /// The chip resets with another setting than the one that was written.
    case changesMore
  }

  /// What read unprotect (0x92) does.
  public enum Unprotect: String, NamedChoice {
    /// Mass erase, then a reset that reads the option bytes again.
    case resets
    /// A reset that does not read them: protection seems to stay until a
    /// power cycle (WB55 ROM D5).
    case needsPowerCycle
    /// Mass erase and dfuDNLOAD-IDLE; it stays on the bus (AT32).
    case staysOnTheBus
    /// Nothing, reported as success (ST's class).
    case ignored
  }

  /// Whether the number of a block says where it goes.
  public enum BlockNumbers: String, NamedChoice {
    /// Pointer + (wBlockNum - 2) * wTransferSize.
    case counted
    /// Every DNLOAD goes to the pointer; UPLOAD counts.
    case ignoredInDownloads
    /// Both ignore it.
    case ignored
  }

  /// When work is done.
  public var work = Work.afterAnswer
  /// What a cut DNLOAD leaves.
  public var cutDownload = CutDownload.keepsStaleBytes
  /// How protection shows.
  public var protection = Protection.error
  /// What CLRSTATUS does outside dfuERROR.
  public var clearStatus = ClearStatus.entersError
  /// How it leaves.
  public var leave = Leave.normal
  /// What a write of option bytes does.
  public var optionWrite = OptionWrite.resets
  /// What read unprotect does.
  public var unprotect = Unprotect.resets
  /// Whether block numbers count.
  public var blockNumbers = BlockNumbers.counted
  /// Whether the address of a block follows from the requested length
  /// rather than from `wTransferSize`.
  public var addressesByRequestedLength = false
  /// The same for UPLOAD only (mboot).
  public var uploadsByRequestedLength = false
  /// bStatus for an address that does not exist: 1 errTARGET or 8
  /// errADDRESS.
  public var badAddressStatus: UInt8 = 1
  /// bStatus of every write and erase that fails, whatever the reason: 11
  /// errVENDOR (ST's class), or 0, which leaves dfuERROR with OK (mboot).
  public var failureStatus: UInt8?
  /// The text that `iString` of GETSTATUS names in dfuERROR (mboot).
  public var errorMessage: String?
  /// Addresses below are refused by set-address and UPLOAD, though the
  /// layout lists them (Black Magic: 0x08002000).
  public var lowestAddress: UInt32?
  /// Writes and erases below are refused: the loader itself (mboot).
  public var readOnlyBelow: UInt32?
  /// Whether set-address takes any address, and an UPLOAD outside the
  /// memories is a HardFault (ST's class, whose read checks no range).
  public var crashesOutsideMemories = false
  /// Whether an unknown command stays in dfuDNBUSY for ever, until CLRSTATUS
  /// comes twice (ST's class).
  public var unknownCommandHangs = false
  /// Whether an UPLOAD of block 1 leaves bState 15 (ST's class).
  public var blockOneGivesState15 = false
  /// The state in which it enumerates; 2 is dfuIDLE.
  public var startState: UInt8 = 2
  /// Whether it enumerates in dfuERROR with errFIRMWARE.
  public var startsInError = false
  /// After erasing more than this many bytes it stays in dfuDNBUSY for ever,
  /// until CLRSTATUS comes twice (H743).
  public var wedgesAfterErasing: Int?
  /// Whether an erase goes from the named sector to the end of the memory
  /// (ST's example for the 446E-EVAL).
  public var erasesToEnd = false
  /// Erasing sectors from this address on has no effect (F42x bank 2).
  public var eraseWithoutEffectFrom: UInt32?
  /// Erasing a sector from this address on erases the fourth one after it
  /// instead (F76x dual bank).
  public var eraseHitsFourthAfterFrom: UInt32?
  /// An erase from this address on is reported as done at once; until its
  /// true time is over, the next such erase is lost (G0B1 and G0B0, bank 2).
  public var falselyDoneFrom: UInt32?
  /// Whether a mass erase reports success and does nothing (H74x ROM D3).
  public var massEraseWithoutEffect = false
  /// Whether 0x41 alone is ignored and reported as success (ST's class).
  public var ignoresMassErase = false
  /// Whether a power cut during an option-byte write leaves readout
  /// protection level 1 behind, rather than the old bytes.
  public var interruptedOptionWriteProtects = true
  /// Whether a power cut while a word with an error-correcting code is
  /// programmed leaves it torn: reading it is a fault (Zephyr 33140).
  public var powerCutTearsWords = false
  /// Whether a full transfer stalls that is longer than this, bytes (seen on
  /// some L432 and G4).
  public var stallsAbove: Int?
  /// Whether it takes the H5's reset command, 0x02 with four bytes of data.
  public var takesResetCommand = false
  /// Whether it appears, vanishes and appears again after a reset (H5E/5F).
  public var enumeratesTwice = false
  /// Whether its serial number changes at each power cycle (L496).
  public var serialChanges = false
}
