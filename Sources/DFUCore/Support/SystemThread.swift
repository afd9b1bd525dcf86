#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A thread of the system. Must be joined or detached once.
///
/// Dispatch's queues would share a limited number of threads, of which each
/// board keeps one or two blocked.
package final class SystemThread {
  private let thread: pthread_t

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts `body`; `nil` when the system has no more threads.
  package init?(_ body: @escaping @Sendable () -> Void) {
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
  package func join() { _ = pthread_join(thread, nil) }

  /// Lets it end by itself.
  package func detach() { _ = pthread_detach(thread) }
}
