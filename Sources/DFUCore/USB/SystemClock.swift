/// The system's monotonic clock.
public final class SystemClock: TimeSource {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// A clock that starts at zero now.
  public init() { start = clock.now }

  /// The time since this clock was made.
  public func now() -> Duration { clock.now - start }

  /// Blocks the calling thread, also when signals come in between.
  public func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    let (seconds, attoseconds) = duration.components
    var wanted = timespec()
    wanted.tv_sec = Int(clamping: seconds)
    wanted.tv_nsec = Int(attoseconds / 1_000_000_000)
    // A signal (a resized window, Ctrl-C) must not cut a wait short that the
    // device needs.
    var missing = timespec()
    while unsafe nanosleep(&wanted, &missing) == -1 && errno == EINTR {
      wanted = missing
    }
  }
}

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension Duration {
  /// Whole milliseconds, rounded up, within the range of `UInt32`.
  package var wholeMilliseconds: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    if overflow { return .max }
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return UInt32(clamping: product + rest)
  }

  /// Seconds as a floating-point number, for people and JSON.
  package var inSeconds: Double {
    // By way of microseconds, so that it has few digits.
    Double(components.seconds)
      + Double(components.attoseconds / 1_000_000_000_000) / 1e6
  }
}
