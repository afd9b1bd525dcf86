/// Why a job was not done, on which board, and what became of the board's
/// memory.
public struct JobError: Error, Hashable, Sendable {
  /// Why it was not done. The causes up to `noRelaunch` are found before
  /// anything is changed.
  public enum Cause: Hashable, Sendable {
    // Finding a board.

    /// No board fits.
    case noBoard(NoBoard)
    /// No single board could be chosen.
    case search(BoardSearchError)
    /// Fewer boards than expected came in time.
    case tooFewBoards(found: Int, expected: Int)
    /// The bus, or the board on it, cannot be used.
    case usb(USBError)
    /// The board cannot be worked with.
    case cannotOpen(BoardOpenError)
    /// No alternate setting could be chosen.
    case alternate(AlternateError)

    // What was asked for does not fit.

    /// The chip that was named is not what the board shows.
    case otherChip(named: String, shown: ChipIdentification)
    /// The file is not what it should be.
    case file(FirmwareError)
    /// The file's suffix is for another device.
    case otherDevice(DFUSuffix)
    /// The file is for these UF2 families, and the chip is none of them.
    case otherFamilies([UInt32], chip: ChipIdentification)
    /// A file with addresses for a device that has none.
    case hasAddresses(FirmwareFormat)
    /// A file without addresses, and none was given.
    case needsAddress
    /// The board does not speak DfuSe, so its memory has no addresses.
    case notDfuSe
    /// The alternate setting shows no sectors.
    case noSectors(alternate: UInt8)
    /// The image or the range does not fit.
    case refused(FlashRefusal)
    /// Memory of this kind is never erased.
    case neverErased(MemoryKind, at: UInt32)
    /// A permission is missing, for writing at this address.
    case notPermitted(Permission, at: UInt32, OptionByteConcern?)
    /// Nothing allows these option bytes.
    case neverWritten(OptionByteConcern)
    /// The bootloader is known to do it wrong.
    case erratum(ChipOperation, [String])
    /// Readout protection must be set in a write of its own.
    case protectionAlone(String)
    /// The image cannot be started at this address, where a program has to be.
    case noProgram([VectorTable.Problem], at: UInt32)
    /// Leaving to this address does not start a program.
    case blockedLeave(to: UInt32, String)
    /// The chip's programming does not depend on its supply voltage.
    case noVoltageRange(ChipIdentification)
    /// Programming 32 bits at a time is not possible with this supply,
    /// millivolts.
    case voltageOutOfRange(Int)
    /// The chip did not take the voltage range.
    case voltageNotTaken
    /// The board shows no option bytes.
    case noOptionBytes(ChipIdentification)
    /// It is not certain what the option bytes mean; what it may be.
    case unknownOptionBytes(ChipIdentification, layouts: Int)
    /// An option byte cannot be set as asked.
    case optionByte(OptionByteError)
    /// The file has this many option bytes where the chip has no such.
    case noSuchOptionBytes(count: Int, at: UInt32)
    /// None of the option bytes may be written, so that they cannot be loaded
    /// again.
    case noRelaunch

    // Working with the board.

    /// Speaking with the board failed.
    case device(DFUError)
    /// The chip does not let itself be read: readout protection.
    case readProtected(DFUError)
    /// Sectors are not blank although the board reports that it erased them.
    case notErased([Sector], address: UInt32)
    /// The range cannot be read back, and reading back was required.
    case unverifiable(Range<UInt64>)
    /// What was read back differs.
    case mismatch(FlashMismatch)
    /// What was read could not be stored.
    case output(String)
    /// The user stopped it.
    case stopped

    // What became of the board.

    /// The board did not come back in DFU mode after detaching.
    case notDetached(within: Duration)
    /// The board did not leave DFU mode, or came back.
    case notLeft(PortState, wayOut: WayOut, known: [String])
    /// The device took all of the file and no longer answers.
    case silent
    /// The device took all of the file and left the bus before it confirmed
    /// that, although it says that it goes on speaking DFU.
    case unconfirmed
    /// Lifting the protection changed nothing.
    case notLifted
    /// The protection was lifted; the board has not come back.
    case noReturn(within: Duration)
    /// The board is back and still cannot be read.
    case stillProtected
    /// The board did not reset after its option bytes were sent.
    case optionBytesNotLoaded
    /// The board did not come back after some windows of option bytes.
    case optionBytesHalfWritten(windows: Int, of: Int)
    /// Option bytes differ from what was written.
    case optionBytesDiffer([OptionChange])
  }

  /// Why it was not done.
  public var cause: Cause
  /// The board, once one was chosen.
  public var board: Board?
  /// What became of the board's memory.
  public var memory: MemoryCondition
  /// What the board does at its next reset after a flash that did not end.
  public var afterReset = AfterReset.asBefore
  /// Bytes beside the image that were erased with it and not written back.
  public var lost: [FirmwareImage.Segment] = []
  /// What the option bytes are after a write of them that failed.
  public var optionBytes: OptionByteCondition?

  /// An error from its parts.
  public init(
    _ cause: Cause, _ board: Board? = nil,
    _ memory: MemoryCondition = .untouched
  ) {
    self.cause = cause
    self.board = board
    self.memory = memory
  }

  /// Nothing that is there fits.
  public struct NoBoard: Hashable, Sendable {
    /// Boards that are there and do not fit.
    public var present: [Board]
    /// Running devices that fit but are detached only when they are named.
    public var unnamed: [Board]
    /// Other devices that a person may have taken for a board.
    public var nearby: [KnownDevice]
    /// What can keep the chip that was named from being found.
    public var known: [String]

    package init(
      present: [Board], unnamed: [Board] = [], nearby: [KnownDevice] = [],
      known: [String] = []
    ) {
      self.present = present
      self.unnamed = unnamed
      self.nearby = nearby
      self.known = known
    }
  }
}

/// What became of the memory that a job was to change.
public enum MemoryCondition: Hashable, Sendable {
  /// Nothing was changed.
  case untouched
  /// Some of it was erased or written, and not all that was wanted.
  case incomplete
  /// All is written, and not all of it was compared.
  case writtenNotVerified
  /// All that was wanted is there.
  case complete
  /// It cannot be told.
  case unknown
}

/// What the option bytes of a board are after a write that failed.
public enum OptionByteCondition: Hashable, Sendable {
  /// The board has not come back in DFU mode.
  case notBack
  /// They cannot be read.
  case unreadable
  /// They cannot be read: readout protection is on.
  case protected
  /// They are as they were before.
  case asBefore(ProtectionLevel?)
  /// They are as they should be.
  case asWanted(ProtectionLevel?)
  /// They are neither.
  case other(ProtectionLevel?)
}

/// How a board that stays in DFU mode gets out of it.
public enum WayOut: Hashable, Sendable {
  /// The BOOT0 pin, as far as is known.
  case boot0
  /// The BOOT0 pin, which is high.
  case boot0IsHigh
  /// An option bit stands in place of the pin, and ``nBOOT0`` says whether
  /// the bootloader is wanted.
  case optionBit(String, value: UInt32, entersBootloader: Bool)
  /// Nothing is known.
  case unknown
}

extension JobError: CustomStringConvertible {
  /// The cause in a plain sentence, with the board before it.
  public var description: String {
    let place = board.map { "board \($0.label): " } ?? ""
    let what =
      switch cause {
      case .usb(let error): "\(error)"
      case .file(let error): "\(error)"
      case .refused(let refusal): "\(refusal)"
      case .device(let error), .readProtected(let error): "\(error)"
      case .mismatch(let mismatch): "\(FlashError.mismatch(mismatch))"
      case .notErased(let sectors, let address):
        "\(FlashError.notErased(sectors, address: address))"
      case .unverifiable(let range): "\(FlashError.unverifiable(range))"
      case .notPermitted(let permission, let address, let concern):
        "writing at 0x\(hex(address)) needs the permission "
          + "\(permission.rawValue)" + (concern.map { ": \($0)" } ?? "")
      case .neverWritten(let concern): "\(concern)"
      case .optionByte(let error): "\(error)"
      case .output(let text): text
      case .stopped: "stopped"
      default: "\(cause)"
      }
    return place + what
  }
}
