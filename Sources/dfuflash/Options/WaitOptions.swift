import ArgumentParser
import DFUCore

/// Waiting for the board.
struct WaitOptions: ParsableArguments {
  @Flag(
    name: [.customShort("w"), .customLong("wait")],
    help: "Wait for the board to appear; --wait=5 for 5 seconds at most.")
  var wait = false

  @Option(
    name: .customLong("wait-seconds"),
    help: ArgumentHelp("The same as --wait=seconds.", valueName: "seconds"))
  var seconds: UInt32?

  var limit: Duration? {
    if let seconds { return .seconds(Int(seconds)) }
    return wait ? .seconds(1 << 31) : nil
  }
}
