internal import DFUCore
import Synchronization

/// Threads for work on several boards at once: a board belongs to one of them
/// from beginning to end.
package enum Workers {
  /// Does `body` for 0..<count on at most `most` threads, and returns when all
  /// is done. Without threads to be had it does the work itself.
  package static func run(
    _ count: Int, atMost most: Int, _ body: @escaping @Sendable (Int) -> Void
  ) {
    let next = TakenNumbers()
    let take: @Sendable () -> Void = {
      while let index = next.take(below: count) { body(index) }
    }
    let threads = (1..<max(1, min(most, count))).compactMap { _ in
      SystemThread(take)
    }
    take()
    for thread in threads { thread.join() }
  }
}

private final class TakenNumbers: Sendable {
  private let next = Atomic<Int>(0)

  func take(below count: Int) -> Int? {
    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return index < count ? index : nil
  }
}
