/// How long to wait before asking a busy device again.
///
/// ROMs report times that are not true (an STM32F4 says 104 ms for setting an
/// address, which takes none), and home-made loaders that show the same ids
/// may not be asked early at all. So a shorter wait than the reported one is
/// taken where the device is known to hold its answer back, or after it has
/// itself been done in good time, several times in a row.
public struct Polling: Sendable {
  /// Which times are believed.
  public enum Mode: Hashable, Sendable {
    /// `bwPollTimeout`, always, as the specification says.
    case specification
    /// `bwPollTimeout` the first time of each kind of work; later what the
    /// device has shown.
    case evidence
    /// Ask at once: for ROMs that are certain and were seen to hold the answer
    /// back until the work is done.
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

  /// What the device has shown of one kind of work.
  private struct Record {
    /// The wait that is known to suffice; `nil` before the first time.
    var done: Duration?
    /// The longest wait after which the device was still at work.
    var busyAfter = Duration.zero
    /// How often in a row `done` has sufficed.
    var hits = 0
    /// How much work of this kind there was.
    var pieces = 0
    /// The longest that it took.
    var longest = Duration.zero

    /// A shorter wait that is worth a try.
    var trial: Duration? {
      guard let done, done - busyAfter > max(.microseconds(200), done / 32)
      else { return nil }
      return (busyAfter + done) / 2
    }
  }

  /// Which times are believed.
  package var mode: Mode
  /// Whether waits shorter than the reported ones may be tried.
  package let triesEarly: Bool

  private var records: [Work: Record] = [:]
  /// Whether the device has refused to be asked while it was busy. That
  /// disturbs more than any wait, and is not provoked again.
  private var refuses = false

  /// So often in a row must a wait have sufficed before half of it is tried.
  package static let severalTimes = 3
  /// After so many pieces of work a wait that was too short is tried again.
  private static let memory = 64
  /// Below this a wait is not worth the call.
  private static let shortest = Duration.microseconds(250)

  /// A fresh start.
  ///
  /// - Parameter triesEarly: `false` for devices that must never be asked
  ///   before the reported time is over.
  package init(_ mode: Mode, triesEarly: Bool = true) {
    self.mode = mode
    self.triesEarly = triesEarly
  }

  private var mayTry: Bool {
    !refuses && (mode == .immediate || triesEarly)
  }

  /// The wait before the next GETSTATUS.
  ///
  /// - Parameters:
  ///   - reported: the last `bwPollTimeout`.
  ///   - elapsed: the time since the device has answered for the first time.
  ///   - asked: how often it was asked since.
  package func delay(
    _ work: Work, reported: Duration, elapsed: Duration, asked: Int
  ) -> Duration {
    if mode == .specification {
      return asked == 0 ? max(.zero, reported - elapsed) : reported
    }
    let record = records[work] ?? Record()
    let target = target(record, reported, asked: asked)
    if elapsed < target { return target - elapsed }
    if asked == 0 { return .zero }
    if mode == .evidence, record.done == nil, !refuses { return reported }
    // It works longer than expected: in growing steps, so that it is neither
    // flooded nor kept waiting.
    return max(Self.shortest * (mode == .immediate ? 1 : 4), elapsed / 16)
  }

  /// How long after the first answer the device is best asked.
  private func target(
    _ record: Record, _ reported: Duration, asked: Int
  ) -> Duration {
    guard let done = record.done else {
      guard mode == .immediate, mayTry else { return reported }
      // Busy, against expectation: is the reported time true?
      return asked == 0 ? .zero : asked == 1 ? reported / 2 : reported
    }
    guard mayTry else { return max(reported, done) }
    let needed = mode == .immediate ? 0 : Self.severalTimes
    let target =
      asked == 0 && record.hits >= needed ? record.trial ?? done : done
    return target < Self.shortest ? .zero : target
  }

  /// Takes note that the device was still busy when it was asked so long after
  /// its first answer.
  ///
  /// - Parameter refuses: whether it gave a stall, or no handshake at all.
  package mutating func wasBusy(
    _ work: Work, after elapsed: Duration, refuses: Bool = false
  ) {
    if refuses { self.refuses = true }
    let longest = max(records[work]?.busyAfter ?? .zero, elapsed)
    records[work, default: Record()].busyAfter = longest
    records[work]?.hits = 0
  }

  /// Takes note of a piece of work that is done.
  ///
  /// - Parameters:
  ///   - asked: when the question was asked that found it done.
  ///   - elapsed: when that was answered.
  package mutating func finished(
    _ work: Work, asked: Duration, answered elapsed: Duration
  ) {
    var record = records[work] ?? Record()
    record.pieces += 1
    record.longest = max(record.longest, elapsed)
    if record.pieces % Self.memory == 0 {
      // The one busy answer may have been a hiccup of the host.
      record.busyAfter = record.busyAfter * 3 / 4
    }
    if let done = record.done, done <= asked, done > record.busyAfter {
      record.hits += 1
    } else {
      record.done = asked
      record.hits = 0
    }
    records[work] = record
  }

  /// The longest that work of this kind took so far; `nil` before the first.
  package func longest(_ work: Work) -> Duration? {
    records[work].flatMap { $0.done == nil ? nil : $0.longest }
  }
}
