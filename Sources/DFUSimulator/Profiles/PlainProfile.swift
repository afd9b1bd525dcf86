/// A device of DFU 1.0 or 1.1: it stores what it is sent, without addresses.
public struct PlainProfile: Hashable, Sendable {
  /// What is behind each alternate setting.
  public var targets: [Target]
  /// The time to erase everything, which the first block takes beside its own.
  public var eraseTime: Duration = .zero
  /// How long it works after the zero-length download.
  public var manifestTime: Duration = .milliseconds(20)
  /// Whether a new one is held in DFU mode (by its button, or because
  /// nothing else is in it) rather than running its program.
  public var startsInLoader = false
  /// Whether it has a DFU mode at all. Those without are in the way only.
  public var hasLoader = true
  /// Deviations from the specification.
  public var quirks: Set<Quirk> = []
  /// The alternate settings of the loaders that follow when it has been
  /// detached, stage by stage (STM32MP). ``targets`` has them all in order.
  public var laterStages: [[String]] = []
  /// For ``Quirk/reportsWrongPollTime``: what it reports, milliseconds.
  public var wrongPollTime: UInt32 = 0

  /// The memory behind an alternate setting.
  public struct Target: Hashable, Sendable {
    /// Bytes it can take.
    public var capacity: Int
    /// The true time to store a block.
    public var blockTime: Duration
    /// What it reports for it, milliseconds.
    public var poll: UInt32
  }

  /// What implementations do differently from DFU 1.1.
  public enum Quirk: String, NamedChoice {
    /// UPLOAD leaves the state alone (TinyUSB).
    case uploadKeepsState
    /// A zero-length download is accepted in dfuIDLE (TinyUSB).
    case acceptsZeroLengthInIdle
    /// A request in the wrong state stalls without dfuERROR (TinyUSB).
    case wrongStateOnlyStalls
    /// A request in the wrong state is acknowledged silently (dapboot).
    case wrongStateIsAcknowledged
    /// GETSTATUS is answered in dfuDNBUSY and dfuMANIFEST (TinyUSB).
    case answersStatusWhenBusy
    /// SET_INTERFACE brings dfuIDLE (TinyUSB).
    case setInterfaceResets
    /// DNLOAD goes straight to dfuDNBUSY, the zero-length one too (Zephyr).
    case skipsSync
    /// UPLOAD wants blocks from 0 in order (Zephyr).
    case uploadsInOrder
    /// The last short chunk of an upload is sent as 0 bytes (some Zephyr).
    case dropsLastChunk
    /// After the last short chunk the state stays dfuUPLOAD-IDLE (Zephyr).
    case staysInUpload
    /// dfuDNLOAD-SYNC goes to dfuDNLOAD-IDLE at once (U-Boot).
    case neverBusy
    /// DETACH in dfuIDLE means leave (U-Boot).
    case detachLeaves
    /// Wrong block numbers are refused (U-Boot).
    case refusesWrongBlocks
    /// GETSTATUS in dfuDNLOAD-IDLE drops to dfuIDLE, and the next block
    /// starts over (Maple).
    case statusDropsToIdle
    /// It may reset during manifestation: it is gone instead of answering
    /// (dapboot).
    case resetsDuringManifest
    /// DNLOAD blocks while it works (USBX).
    case worksInDownload
    /// GETSTATUS blocks while it works, and reports 0 (XMOS).
    case blocksInStatus
    /// An upload always ends with a frame of 0 bytes (XMOS).
    case endsUploadWithEmptyFrame
    /// CLRSTATUS outside dfuERROR enters dfuERROR (XMOS).
    case clearStatusEntersError
    /// It shows no serial number in DFU mode (XMOS).
    case hidesSerial
    /// It reports dfuDNLOAD-SYNC with 5 ms, never dfuDNBUSY (TI).
    case reportsSyncWhenBusy
    /// The early zero-length download is acknowledged, then errNOTDONE (TI).
    case acknowledgesEarlyZeroLength
    /// Uploads carry the 8-byte prefix (TI).
    case uploadsPrefix
    /// An image that fills the last frame makes the upload start over (TI).
    case uploadStartsOver
    /// The poll times it reports are nonsense (OpenMoko, SIMtrace).
    case reportsWrongPollTime
    /// After a block the state stays dfuDNBUSY for ever.
    case neverFinishes
    /// It boots its program by itself after manifestation.
    case resetsItself
    /// After manifestation GETSTATUS gets no answer any more.
    case statusFailsAfterManifest
    /// It vanishes at the last GETSTATUS, having stored nothing.
    case vanishesAtLastStatus
  }
}
