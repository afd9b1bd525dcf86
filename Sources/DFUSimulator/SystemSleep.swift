#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The one place that puts a thread to sleep in real time.
enum SystemSleep {
  static func sleep(for duration: Duration) {
    let microseconds = duration.microseconds
    guard microseconds > 0 else { return }
    // usleep() takes less than a second on some systems.
    let seconds = min(microseconds / 1_000_000, 1_000_000)
    if seconds > 0 { Self.wholeSeconds(UInt32(seconds)) }
    _ = usleep(UInt32(microseconds % 1_000_000))
  }

  private static func wholeSeconds(_ seconds: UInt32) {
    var left = seconds
    while left > 0 { left = platformSleep(left) }
  }
}

// The name `sleep` alone would find the method of `SystemSleep`.
private func platformSleep(_ seconds: UInt32) -> UInt32 {
  sleep(seconds)
}

extension Duration {
  /// The whole microseconds of the duration, limited to what fits.
  var microseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, tooMuch) = product.addingReportingOverflow(
      attoseconds / 1_000_000_000_000)
    return tooMuch ? .max : sum
  }

  /// The duration in milliseconds, for people.
  var milliseconds: Double { Double(microseconds) / 1_000 }
}
