/// How long to wait before asking a busy device again.
///
/// ROMs report times that are not true (an STM32F4 says 104 ms for setting an
/// address, which takes none). Most hold back the answer to GETSTATUS until
/// the work is done, some stall it, some say dfuDNBUSY again; this learns
/// which, per kind of work, while a session lasts.
public struct Polling: Sendable {
  /// Which times are believed.
  public enum Mode: Hashable, Sendable {
    /// `bwPollTimeout`, always, as the specification says.
    case specification
    /// Ask at once; fall back to `bwPollTimeout` where the device stalls.
    case immediate
  }

  /// What the device is busy with.
  public enum Work: Hashable, Sendable {
    /// Setting the address pointer.
    case setAddress
    /// Erasing a sector of so many bytes.
    case erase(Int)
    /// Erasing the whole memory.
    case massErase
    /// Programming a block.
    case write
    /// Anything else.
    case other
  }

  /// What the device did when it was asked while busy.
  public enum Answer: Hashable, Sendable {
    /// dfuDNBUSY once more.
    case busy
    /// A stall.
    case stall
  }

  /// Which times are believed.
  public var mode: Mode

  private var early: [Work: Answer] = [:]
  private var typical: [Work: Duration] = [:]
  private var longest: [Work: Duration] = [:]

  /// A fresh start.
  public init(_ mode: Mode) { self.mode = mode }

  /// The wait before the next GETSTATUS.
  ///
  /// - Parameters:
  ///   - reported: the last `bwPollTimeout`.
  ///   - elapsed: the time since the work began.
  ///   - asked: how often the device was asked since.
  public func delay(
    _ work: Work, reported: Duration, elapsed: Duration, asked: Int
  ) -> Duration {
    if mode == .specification {
      return asked == 0 ? max(.zero, reported - elapsed) : reported
    }
    // From the second time on, in growing steps, so that a device that works
    // longer than it said is neither flooded nor kept waiting.
    let step = min(
      Duration.milliseconds(1 << min(asked, 10)),
      max(.milliseconds(1), reported / 8))
    switch early[work] {
    case nil:
      return asked == 0 ? .zero : step
    case .stall:
      return elapsed < reported ? reported - elapsed : step
    case .busy:
      guard asked == 0, let typical = typical[work] else { return step }
      return max(.zero, typical * 15 / 16 - elapsed)
    }
  }

  /// Takes note of an answer that came while the device was busy.
  public mutating func learn(_ work: Work, _ answer: Answer) {
    if early[work] != .stall { early[work] = answer }
  }

  /// Takes note of how long a piece of work took.
  public mutating func finished(_ work: Work, after elapsed: Duration) {
    typical[work] = min(typical[work] ?? elapsed, elapsed)
    longest[work] = max(longest[work] ?? elapsed, elapsed)
  }

  /// The longest that work of this kind took so far; `nil` before the first.
  public func longest(_ work: Work) -> Duration? { longest[work] }
}
