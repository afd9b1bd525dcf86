/// Something that goes wrong with one board at a request chosen beforehand.
public struct Fault: Hashable, Sendable {
  /// What happens.
  public enum Effect: Hashable, Sendable {
    /// The request stalls and has no effect.
    case stall
    /// The request is not answered in time.
    case timeout
    /// A transfer error: no handshake, or a broken packet.
    case transferError
    /// The device leaves the bus and comes back in DFU mode.
    case reenumerate
    /// The cable is pulled; the chip lives on if it has other power.
    case unplug
    /// The power fails: a running operation is lost. The chip starts again
    /// after the given time.
    case powerCut(back: Duration?)
    /// The answer is cut to so many bytes.
    case shortReply(Int)
    /// The device goes to dfuERROR with this bStatus.
    case status(UInt8)
    /// A byte of the answer is XORed with a mask.
    case flip(offset: Int, mask: UInt8)
    /// The answer has its length, and bytes that mean nothing.
    case garbage
    /// A block is acknowledged and not programmed.
    case dropData
    /// Of the data of a DNLOAD so many bytes arrive, then the host's time
    /// runs out; see ``ChipQuirks/CutDownload``.
    case cut(Int)
  }

  /// Which requests are counted.
  public var kind: RequestKind
  /// The first one that fails, from 1.
  public var nth: Int
  /// How many in a row fail.
  public var times: Int
  /// Whether the board still acts on the request (its answer is lost).
  public var afterEffect: Bool
  /// What happens.
  public var effect: Effect

  /// A fault at the `nth` request of a kind.
  public init(
    _ effect: Effect, at nth: Int, of kind: RequestKind = .any,
    times: Int = 1, afterEffect: Bool = false
  ) {
    self.effect = effect
    self.nth = nth
    self.kind = kind
    self.times = times
    self.afterEffect = afterEffect
  }
}

/// The faults of one board.
public struct FaultPlan: Hashable, Sendable {
  /// Faults at requests; the first that applies counts.
  public var faults: [Fault]
  /// How many of the next attempts to open the device are refused
  /// (LIBUSB_ERROR_ACCESS); negative: all.
  public var deniedOpens: Int
  /// How many of the next attempts to claim the interface meet another
  /// program (LIBUSB_ERROR_BUSY); negative: all.
  public var busyClaims: Int
  private var seen: [RequestKind: Int] = [:]

  /// A plan.
  public init(
    _ faults: [Fault] = [], deniedOpens: Int = 0, busyClaims: Int = 0
  ) {
    self.faults = faults
    self.deniedOpens = deniedOpens
    self.busyClaims = busyClaims
  }

  /// How many requests of a kind there were since the plan was made.
  public func count(of kind: RequestKind = .any) -> Int { seen[kind] ?? 0 }

  /// Counts a request and tells what goes wrong with it.
  mutating func next(_ kind: RequestKind) -> Fault? {
    var kinds: Set<RequestKind> = [.any, kind]
    if [.command, .data, .zeroLength].contains(kind) {
      kinds.insert(.download)
    }
    for kind in kinds { seen[kind, default: 0] += 1 }
    return faults.first { fault in
      guard kinds.contains(fault.kind), let count = seen[fault.kind] else {
        return false
      }
      return count >= fault.nth && count - fault.nth < fault.times
    }
  }

  mutating func denyOpen() -> Bool { Self.take(&deniedOpens) }
  mutating func refuseClaim() -> Bool { Self.take(&busyClaims) }

  private static func take(_ count: inout Int) -> Bool {
    if count > 0 {
      count -= 1
      return true
    }
    return count < 0
  }
}
