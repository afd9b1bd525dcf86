/// A monotonic clock that can wait.
///
/// Everything in this library that waits does so through a time source, so
/// that tests and the simulator can replace it by one that does not.
public protocol TimeSource: AnyObject, Sendable {
  /// The time since an arbitrary, fixed start. Never goes back.
  func now() -> Duration

  /// Blocks the calling thread for `duration`; returns at once for zero and
  /// less.
  func sleep(for duration: Duration)
}
