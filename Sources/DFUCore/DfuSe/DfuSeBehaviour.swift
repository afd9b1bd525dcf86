/// How one DfuSe device wants to be spoken to, where devices differ.
public struct DfuSeBehaviour: Sendable {
  /// Whether `wBlockNum` stands for an address, as ST's documents have it.
  /// Some home-made loaders ignore it; dfu-util, which sets the address for
  /// every block, does not notice.
  public enum Counting: Hashable, Sendable {
    /// It must not be used: the blocks are not of the device's own size.
    case never
    /// Not known: the address is set for every block.
    case unproven
    /// For UPLOAD this device was seen to count.
    case provenForReading
    /// The device counts.
    case proven
  }

  /// Which poll times are believed.
  public var polling: Polling.Mode
  /// Whether block numbers are counted.
  public var counting: Counting
  /// Whether the device needs time between two requests and must never be
  /// asked early: it has the full-speed device peripheral, which answers a
  /// SETUP that comes too soon with no handshake at all, or AN2606 names a
  /// limit for high-speed hosts.
  public var needsGaps = false
  /// The longest a sector may take to erase.
  public var eraseLimit = Duration.seconds(40)
  /// The longest the whole memory may take to erase, unless the device reports
  /// that it takes longer.
  public var massEraseLimit = Duration.seconds(120)
  /// The longest a block may take to program.
  public var writeLimit = Duration.seconds(5)

  /// Whether errVENDOR means readout protection: where a ROM says it, and only
  /// as long as nothing could be read. ST's device class and other firmware say
  /// it of any failure.
  public var vendorErrorMeansProtection = false
  /// Whether an erase that never ends is cured by CLRSTATUS sent twice
  /// (STM32H743). What was erased must then be looked at.
  public var curesWedge = false
  /// Whether leaving may need one more GETSTATUS (STM32F072).
  public var manifestNeedsSecondStatus = false

  /// The pause between two requests where the device needs one. AN2606 asks for
  /// about 25 µs between packets; four times as much costs a tenth of the
  /// shortest transfer, and a shorter sleep would take the system as long.
  public static let gap = Duration.microseconds(100)

  /// Behaviour that suits a device nothing is known of.
  public init(
    polling: Polling.Mode = .evidence, counting: Counting = .unproven
  ) {
    self.polling = polling
    self.counting = counting
  }
}
