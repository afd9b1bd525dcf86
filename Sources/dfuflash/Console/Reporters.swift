import Synchronization
import SystemPackage

/// Which progress is shown where.
enum Reporters {
  /// Set when the program was called by the name dfu-util: then the bar is
  /// drawn into pipes too, because front ends read it there.
  static let drawsAlways = Atomic<Bool>(false)

  /// A bar on a terminal, plain lines otherwise.
  static func make(toStandardError: Bool) -> any ProgressReporter {
    let stream: FileDescriptor =
      toStandardError ? .standardError : .standardOutput
    let write: (String) -> Void = { text in
      if toStandardError {
        Console.err(text, terminator: "")
      } else {
        Console.out(text, terminator: "")
      }
    }
    let isDfuUtil = drawsAlways.load(ordering: .relaxed)
    return Console.isTerminal(stream) || isDfuUtil
      ? BarReporter(isFamiliar: isDfuUtil, write) : LineReporter(write)
  }
}
