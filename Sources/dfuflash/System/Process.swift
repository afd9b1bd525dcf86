import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ctrl-C: the first asks the work to stop at the next safe place, the second
/// ends the program at once.
enum Interruption {
  private static let wasAsked = Atomic<Bool>(false)

  /// Whether the user wants to stop.
  static var isWanted: Bool { wasAsked.load(ordering: .relaxed) }

  /// Catches SIGINT and SIGTERM from now on.
  static func watch() {
    let handler: @convention(c) (Int32) -> Void = { _ in
      if Interruption.wasAsked.exchange(true, ordering: .relaxed) {
        _exit(ExitStatus.interrupted.rawValue)
      }
    }
    _ = signal(SIGINT, handler)
    _ = signal(SIGTERM, handler)
    // A reader that goes away is seen as an error of write.
    _ = signal(SIGPIPE, SIG_IGN)
  }
}

/// What the system says of this process.
enum Environment {
  /// The number of the process.
  static var processID: Int32 { getpid() }

  /// An environment variable.
  static subscript(name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
