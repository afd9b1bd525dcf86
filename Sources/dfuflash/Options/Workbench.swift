import ArgumentParser
import DFUCore
import DFUSimulator

/// Where the boards are: on this machine's USB, or on a simulated bench; and
/// what is told of every transfer with them.
struct WorkbenchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use the simulated boards of this file instead of USB, or those recorded in a trace (also: the environment variable DFUFLASH_BENCH).",
      valueName: "file"), completion: .file())
  var bench: String?

  @Flag(
    name: [.customShort("v"), .customLong("verbose")],
    help:
      "Say more, such as an old status that was cleared; -v -v shows every transfer, -v -v -v libusb's log too."
  )
  var verbose: Int

  @Option(
    help: ArgumentHelp(
      "Write every control transfer to this file, one line of JSON each; --bench replays it.",
      valueName: "file"), completion: .file())
  var trace: String?

  @Flag(help: "End with figures of transfers, bytes and times.")
  var stats = false

  /// The bench to use instead of USB.
  var benchPath: String? {
    let path = bench ?? Environment["DFUFLASH_BENCH"]
    return path?.isEmpty == false ? path : nil
  }

  /// Opens the USB system or the bench for the time of `body`. What the
  /// boards of a bench have become is saved afterwards, also when it fails.
  func withBus<Result>(
    _ body: (any USBBus) throws -> Result
  ) throws -> Result {
    if let path = benchPath {
      if let replay = try Replay(path) {
        return try replay.use { try observed($0, body) }
      }
      return try SimulatedBench.use(path) { try observed($0.bus, body) }
    }
    return try observed(LibUSBBus(logLevel: verbose >= 3 ? 4 : 0), body)
  }

  private func observed<Result>(
    _ bus: any USBBus, _ body: (any USBBus) throws -> Result
  ) throws -> Result {
    guard stats || trace != nil || verbose >= 1 else { return try body(bus) }
    let statistics = TransferStatistics()
    let transfers = try TransferTrace(trace, verbosity: verbose)
    defer {
      if stats { Console.err(statistics.text) }
    }
    return try body(
      ObservedBus(
        bus,
        observe: { observation in
          if case .transfer(let transfer) = observation {
            statistics.note(transfer)
          }
          transfers.note(observation)
        }, slept: { statistics.noteWait($0) }))
  }
}
