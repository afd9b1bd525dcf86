public import DFUCore
import Synchronization

extension TimeSource {
  /// Whether sleeping on this clock only moves it, and takes no real time.
  public var isVirtual: Bool { self is VirtualClock }
}

/// A clock that stands still until somebody sleeps: waiting costs no time.
///
/// Each simulated board has one of its own, so that boards worked on by
/// several threads do not wait for each other.
public final class VirtualClock: TimeSource {
  private let time: Mutex<Duration>

  /// A clock that shows `start`.
  public init(start: Duration = .zero) {
    time = Mutex(start)
  }

  /// The time this clock has been put to.
  public func now() -> Duration { time.withLock { $0 } }

  /// Puts the clock forward by `duration` and returns at once.
  public func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    time.withLock { $0 += duration }
  }
}

/// A clock that runs with the real one, faster or slower by a factor.
public final class ScaledClock: TimeSource {
  private let real = SystemClock()
  /// Simulated seconds in one real second.
  public let speed: Double

  /// A clock that runs `speed` times as fast as the real one. Factors that
  /// are not positive count as 1.
  public init(speed: Double = 1) {
    self.speed = speed > 0 && speed.isFinite ? speed : 1
  }

  /// The simulated time since the clock was made.
  public func now() -> Duration {
    speed == 1 ? real.now() : real.now() * speed
  }

  /// Blocks the calling thread for `duration` of simulated time.
  public func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    real.sleep(for: speed == 1 ? duration : duration / speed)
  }
}
