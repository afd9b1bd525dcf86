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
  /// Whether everything written is read back and compared.
  public var verifies = true
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
