import DFUCore
import DFUSimulator

/// A recording in a file, replayed for the time of one command.
struct Replay {
  private let recording: Recording

  /// Reads a recording; `nil` when the file is a bench, or not there.
  init?(_ path: String) throws {
    guard let recording = try Recording(file: path) else { return nil }
    self.recording = recording
  }

  /// Runs `body` with the recorded boards.
  ///
  /// - Throws: `ToolFailure` when the program did something else than was
  ///   recorded.
  func use<Result>(_ body: (any USBBus) throws -> Result) throws -> Result {
    let bus = ReplayBus(recording)
    let result = Swift.Result { try body(bus) }
    if let departure = bus.departure {
      throw ToolFailure(
        .device, "the program departs from the recording: \(departure)")
    }
    for rest in bus.rest {
      Console.err(
        """
        note: the recording of board \(rest.path) goes on with transfer \
        \(rest.transfer), \(rest.expected)
        """)
    }
    return try result.get()
  }

  /// What is recorded, for people.
  func text(_ path: String) -> String {
    let boards = recording.boards.sorted { $0.key < $1.key }
    return
      (["Recording \(PathText.shown(path)):"]
      + recording.notes.map { "  \($0.escapingControls)" }
      + boards.map { "  \($0)  \(counted($1.transfers, "transfer"))" }
      + ["Use it: export DFUFLASH_BENCH=\(path)"]).joined(separator: "\n")
  }
}
