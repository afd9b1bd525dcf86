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
  /// The longest after which a device was still at work, and the shortest
  /// after which it was done.
  private var busyAfter: [Work: Duration] = [:]
  private var doneAfter: [Work: Duration] = [:]
  private var longest: [Work: Duration] = [:]
  /// How many pieces of work have ended since one was last found unfinished;
  /// that one counts too.
  private var hits: [Work: Int] = [:]

  /// After so many pieces of work a shorter wait is tried again.
  private static let memory = 64

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
    let target = target(work, reported, asked: asked)
    if elapsed < target { return target - elapsed }
    if asked == 0 { return .zero }
    // It works longer than expected: in growing steps, so that it is neither
    // flooded nor kept waiting.
    return max(.microseconds(250), elapsed / 16)
  }

  /// How long after the beginning the device is best asked.
  private func target(
    _ work: Work, _ reported: Duration, asked: Int
  ) -> Duration {
    switch early[work] {
    case nil: return .zero
    case .stall:
      // A stall disturbs more than a wait.
      return max(reported, doneAfter[work] ?? .zero)
    case .busy:
      guard let done = doneAfter[work] else {
        // The first time: is the reported time true?
        return asked <= 1 ? reported / 2 : reported
      }
      return asked == 0 && isExploring(work)
        ? ((busyAfter[work] ?? .zero) + done) / 2 : done
    }
  }

  /// Whether it is worth while to try a shorter wait.
  private func isExploring(_ work: Work) -> Bool {
    guard early[work] == .busy, let done = doneAfter[work] else { return false }
    return done - (busyAfter[work] ?? .zero)
      > max(.microseconds(200), done / 64)
  }

  /// Takes note of an answer that came while the device was busy, when it was
  /// asked so long after the work began.
  public mutating func learn(
    _ work: Work, _ answer: Answer, after elapsed: Duration
  ) {
    if early[work] != .stall { early[work] = answer }
    hits[work] = 0
    busyAfter[work] = max(busyAfter[work] ?? elapsed, elapsed)
  }

  /// Takes note of how long a piece of work took.
  ///
  /// - Parameters:
  ///   - asked: when the question was asked that found it done.
  ///   - elapsed: when that was answered.
  public mutating func finished(
    _ work: Work, asked: Duration, answered elapsed: Duration
  ) {
    hits[work, default: 0] += 1
    if hits[work, default: 0] % Self.memory == 0 {
      // The one busy answer may have been a hiccup of the host.
      busyAfter[work] = busyAfter[work].map { $0 * 3 / 4 }
    }
    longest[work] = max(longest[work] ?? elapsed, elapsed)
    // Work that takes longer this time than ever counts from now on.
    let isLonger = asked <= busyAfter[work] ?? .zero
    if let done = doneAfter[work], !isLonger, done > busyAfter[work] ?? .zero {
      doneAfter[work] = min(done, asked)
    } else {
      doneAfter[work] = asked
    }
  }

  /// The longest that work of this kind took so far; `nil` before the first.
  public func longest(_ work: Work) -> Duration? { longest[work] }
}
