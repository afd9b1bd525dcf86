import DFUCore
import DFUSimulator

/// A recording in a file, replayed for the time of one command.
struct Replay {
  /// What was recorded.
  let recording: Recording

  /// Reads a recording; `nil` when the file is a bench, or not there.
  init?(_ path: String) throws(ToolFailure) {
    let recording = try SimulatedBench.explained { () throws(BenchError) in
      try Recording(file: path)
    }
    guard let recording else { return nil }
    self.recording = recording
  }

  /// Runs `body` with the recorded boards.
  ///
  /// - Throws: `ToolFailure` when the program did something else than was
  ///   recorded.
  func use<Result>(_ body: (any USBBus) throws -> Result) throws -> Result {
    let bus = ReplayBus(recording)
    let result: Result
    do {
      result = try body(bus)
    } catch {
      try check(bus)
      throw error
    }
    try check(bus)
    return result
  }

  private func check(_ bus: ReplayBus) throws(ToolFailure) {
    if let departure = bus.departure {
      throw ToolFailure(
        .device, "the program departs from the recording: \(departure)")
    }
    for rest in bus.rest {
      Console.err(
        "note: the recording of board \(rest.path) goes on with transfer "
          + "\(rest.transfer)\(rest.line.map { " (line \($0))" } ?? ""), "
          + rest.expected)
    }
  }

  /// What is recorded, for people.
  func text(_ path: String) -> String {
    let boards = recording.boards.sorted { $0.key < $1.key }
    var lines = ["Recording \(PathText.shown(path)):"]
    lines += recording.notes.map { "  \($0.escapingControls)" }
    for (path, board) in boards {
      lines.append(
        "  \(path)  \(board.transfers) transfers in \(seconds(board.end)) s")
      lines += board.devices.map { device in
        let ids = device.descriptor
        return
          "    address \(device.address)  "
          + "\(hex(ids.vendor, 4, uppercase: false)):"
          + "\(hex(ids.product, 4, uppercase: false))  "
          + "bcdDevice \(hex(ids.deviceVersion, 4, uppercase: false))"
      }
    }
    lines.append("Use it: export DFUFLASH_BENCH=\(path)")
    return lines.joined(separator: "\n")
  }
}
