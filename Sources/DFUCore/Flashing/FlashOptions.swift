/// How far a flash is checked by reading back.
public enum Verification: Hashable, Sendable {
  /// Nothing is read back.
  case off
  /// What the device lets be read is compared; the rest is reported.
  case whenPossible
  /// What cannot be read back is a failure.
  case required
}

/// What a flash is to do and to leave alone.
public struct FlashOptions: Hashable, Sendable {
  /// When the whole memory is erased at once.
  public enum MassErase: Hashable, Sendable {
    /// Never.
    case never
    /// Always, as `:mass-erase` asks for.
    case always
    /// Where it is known to lose nothing and to be quicker: by the chip's
    /// times for its sectors, and for the whole memory.
    case whenCheaper(FlashTiming, Duration)
  }

  /// Whether everything is erased and written even where it is already right.
  public var rewritesAll = false
  /// Whether what shares a sector with the image but lies outside it is read
  /// first and written back.
  public var preservesNeighbours = true
  /// When the whole memory is erased at once.
  public var massErase = MassErase.never
  /// Whether a mass erase is done sector by sector, for chips whose own does
  /// not work.
  public var massErasesBySector = false
  /// Whether erased sectors are read back before anything is written, for
  /// chips whose erase is known to fail silently.
  public var checksBlank = false
  /// Whether the image is read back and compared, and erased memory looked at.
  public var verification = Verification.whenPossible
  /// Whether an update that leaves the vector table's sector as it is may leave
  /// the old vector table in place while other sectors of the program are
  /// erased. An interruption then leaves a mixture of two programs that
  /// starts.
  public var keepsVectorTable = false
  /// Waited after each sector erase, whatever the device reports.
  public var pauseAfterErase = Duration.zero
  /// The sectors' datasheet times. An erase that is reported as done in less
  /// than a quarter of its typical time is looked at.
  public var timing: FlashTiming?
  /// From this address on an erase is given the datasheet's maximum time before
  /// the next command, whatever the device reports.
  public var waitsForMaximumFrom: UInt64?
  /// How often a request that may be repeated is sent before it is given up.
  public var attempts = 3
  /// Writes begin and end at multiples of this many bytes (a power of two).
  public var alignment = 4
  /// What a byte of erased memory reads: 0xFF, on a few chips 0x00.
  public var erasedByte: UInt8 = 0xFF
  /// Where the vector table of the program is; its block is written last.
  /// `nil`: at the image's first address.
  public var vectorTable: UInt32?
  /// Whether the chip resets by itself at the first write, as it does for
  /// option bytes. Then everything is sent as one block and nothing is read
  /// back.
  public var resetsAfterWrite = false

  /// The defaults: only what differs is touched, neighbours survive, and what
  /// was written is verified.
  public init() {}
}
