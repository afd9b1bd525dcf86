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

  /// Catches SIGINT, SIGTERM and SIGHUP from now on.
  static func watch() {
    let handler: @convention(c) (Int32) -> Void = { number in
      let isSecond = Interruption.wasAsked.exchange(true, ordering: .relaxed)
      // The end of a session sends SIGHUP more than once, and after SIGTERM:
      // nobody is in haste then.
      if isSecond, number != SIGHUP {
        Interruption.sayWhatIsLeft()
        _exit(ExitStatus.interrupted.rawValue)
      }
    }
    _ = signal(SIGINT, handler)
    _ = signal(SIGTERM, handler)
    // nohup has it ignored, and it stays so.
    if !isIgnored(signal(SIGHUP, SIG_IGN)) { _ = signal(SIGHUP, handler) }
    // A reader that goes away is seen as an error of write.
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Called by a signal: nothing but write may be.
  private static func sayWhatIsLeft() {
    let text: StaticString = """

      dfuflash: ended at once, in the middle of the work: what the board holds is \
      not known
        hint: run the same command again, which finishes it

      """
    _ = unsafe write(2, text.utf8Start, text.utf8CodeUnitCount)
  }

  private static func isIgnored(
    _ handler: (@convention(c) (Int32) -> Void)?
  ) -> Bool {
    unsafe unsafeBitCast(handler, to: Int.self)
      == unsafeBitCast(Optional(SIG_IGN), to: Int.self)
  }
}

/// What the system says of this process.
enum Environment {
  /// An environment variable.
  static subscript(name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
