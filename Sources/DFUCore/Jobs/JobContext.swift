/// What a job works with besides the board: the bus, someone who listens, and
/// the wish to stop.
public struct JobContext {
  /// The bus of the board.
  public let bus: any USBBus
  /// Asked before each step that destroys something, and before a program is
  /// started. A job that has passed a point of no return first finds out what
  /// came of it.
  public let shouldStop: () -> Bool
  /// Told of what goes on, on the thread that runs the job.
  public let report: (JobEvent) -> Void

  /// A context of these.
  public init(
    bus: any USBBus, shouldStop: @escaping () -> Bool = { false },
    report: @escaping (JobEvent) -> Void = { _ in }
  ) {
    self.bus = bus
    self.shouldStop = shouldStop
    self.report = report
  }

  /// - Throws: `JobError` with ``JobError/Cause/stopped`` when the user wants to
  ///   stop.
  func checkStop(
    _ board: Board?, _ memory: MemoryCondition = .untouched
  ) throws(JobError) {
    if shouldStop() { throw JobError(.stopped, board, memory) }
  }
}

/// What a job tells while it goes on.
public enum JobEvent: Hashable, Sendable {
  /// A phase of reading, erasing or writing begins, goes on or ends.
  case progress(FlashEvent)
  /// The plan for one memory is made.
  case planned(PlannedFlash)
  /// A running device is asked to enter DFU mode.
  case detaching(Board)
  /// A device that was to be detached is in DFU mode already.
  case inDFUModeAlready(Board)
  /// Something stood after the layout in this setting's name that is no text.
  case layoutCutOff(AlternateSetting)
  /// A sentence that is known of the board's bootloader.
  case known(String, isWarning: Bool)
  /// Something about option bytes that is allowed and worth knowing.
  case concern(OptionByteConcern)
  /// These bytes go to memory that can be programmed only once.
  case programmingOnce([UInt8], at: UInt32)
  /// These bytes beside the image were erased with it and not written back.
  case lost([FirmwareImage.Segment], Board)
  /// A transfer failed; the job goes on with smaller ones.
  case transfersReduced(DFUError)
  /// The chip programs 32 bits at a time from now on.
  case voltageRangeSet
  /// The last `count` of `total` option bytes, from `address` on, cannot be
  /// written and stay as they are.
  case optionBytesStay(count: Int, total: Int, from: UInt32)
  /// All memories are written; what is left is leaving, if it is wanted.
  case flashed(FlashResult)
  /// The option bytes are loaded again, which resets the chip.
  case relaunching
  /// The board has left DFU mode.
  case left(Departure)
  /// The chip was blank when it was powered and returns to DFU mode at its
  /// next reset.
  case returnsAtNextReset
  /// What is at this address cannot be started as a program.
  case oddProgram([VectorTable.Problem], at: UInt32)
  /// Protection is being lifted; the chip erases its flash.
  case liftingProtection
  /// The board can be read again.
  case protectionLifted(Board)
  /// A plain DFU device was reset to start its firmware.
  case wasReset(Board)
  /// An upload that the device did not end was ended after so many bytes.
  case uploadCutOff(bytes: Int)
  /// The board that is there does not show the alternate setting that is waited
  /// for.
  case waitingForAlternate(AlternateSelector, Board)
  /// So many of the expected boards are there.
  case waiting(found: Int, of: Int)

  /// How a board left DFU mode.
  public enum Departure: Hashable, Sendable {
    /// It is off the bus, or shows its application.
    case offTheBus
    /// The same, after its option bytes were loaded again.
    case afterRelaunch
    /// It said that it leaves and no longer answers, but the bus still shows
    /// it: its pull-up is fixed to D+.
    case silent
  }
}

/// What will be done, or would be, to one memory.
public struct PlannedFlash: Hashable, Sendable {
  /// The board.
  public var board: Board
  /// The memory.
  public var memory: BoardMemory
  /// What is erased and written.
  public var plan: FlashPlan
  /// How long it takes by the chip's typical times; `nil` for a chip that is
  /// not known.
  public var expected: Duration?
  /// Whether the plan is only shown.
  public var isDryRun: Bool
}

/// What a flash has done to a board.
public struct FlashResult: Hashable, Sendable {
  /// The board as it was when it was flashed.
  public var board: Board
  /// What was done to each memory but option bytes.
  public var plans: [FlashPlan] = []
  /// Whether all that was written was read back and compared.
  public var isVerified = false
  /// What could not be read back.
  public var unverified: [Range<UInt64>] = []
  /// What is known of the option bytes, if any were written.
  public var optionBytes: OptionByteOutcome?
  /// Whether the device took the file as plain DFU has it.
  public var isPlain = false
  /// Whether nothing was to be changed.
  public var isDryRun = false

  /// Whether there was something to write, and all of it was there already.
  public var isUpToDate: Bool {
    !plans.isEmpty && optionBytes == nil && plans.allSatisfy(\.isUpToDate)
  }
}
