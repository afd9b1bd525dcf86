import Synchronization

/// Which progress is shown where.
enum Reporters {
  /// Set when the program was called by the name dfu-util: then the bar is
  /// drawn into pipes too, because front ends read it there.
  static let drawsAlways = Atomic<Bool>(false)

  /// JSON where it is wanted, a bar on a terminal, plain lines otherwise.
  static func make(
    toStandardError: Bool = false, json: Bool = false
  ) -> JobReporter {
    if json { return JSONReporter() }
    let isDfuUtil = drawsAlways.load(ordering: .relaxed)
    let terminal = toStandardError ? Terminal.errors : Terminal.output
    let write: (String) -> Void = { text in
      // A bar is drawn in place, and dfu-util breaks no lines.
      let isWhole = text.hasSuffix("\n") && !text.hasPrefix("\r")
      let shown = isWhole && !isDfuUtil ? terminal.folded(text) : text
      if toStandardError {
        Console.err(shown, terminator: "")
      } else {
        Console.out(shown, terminator: "")
      }
    }
    return terminal.isTerminal || isDfuUtil
      ? BarReporter(isFamiliar: isDfuUtil, write)
      : LineReporter { write($0 + "\n") }
  }
}
