import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads for work on several boards at once: a board belongs to one of them
/// from beginning to end.
enum Workers {
  /// Does `body` for 0..<count on at most `most` threads, and returns when all
  /// is done. Without threads to be had it does the work itself.
  static func run(
    _ count: Int, atMost most: Int, _ body: @escaping @Sendable (Int) -> Void
  ) {
    let next = TakenNumbers()
    let take: @Sendable () -> Void = {
      while let index = next.take(below: count) { body(index) }
    }
    let threads = (1..<max(1, min(most, count))).compactMap { _ in
      WorkThread(take)
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

/// A thread of the system. Must be joined once.
final class WorkThread {
  private let thread: pthread_t

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts `body`; `nil` when the system has no more threads.
  init?(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(Body(body))
    #if canImport(Darwin)
    var thread: pthread_t?
    #else
    var thread = pthread_t()
    #endif
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        // The one reference that was made for this thread.
        #if canImport(Darwin)
        unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        #else
        if let argument = unsafe argument {
          unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
            .run()
        }
        #endif
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      unsafe box.release()
      return nil
    }
    #if canImport(Darwin)
    guard let thread = unsafe thread else { return nil }
    #endif
    self.thread = thread
  }

  /// Waits for its end.
  func join() { _ = pthread_join(thread, nil) }
}
