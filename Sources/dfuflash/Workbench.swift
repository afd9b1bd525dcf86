import ArgumentParser
import DFUCore
import DFUSimulator

/// Where the boards are: on this machine's USB, or on a simulated bench.
struct WorkbenchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use the simulated boards of this file instead of USB (also: the environment variable DFUFLASH_BENCH).",
      valueName: "file"))
  var bench: String?

  @Flag(
    name: [.customShort("v"), .customLong("verbose")],
    help: "Say more; -v -v shows every transfer, -v -v -v libusb's log too.")
  var verbose: Int

  /// Opens the USB system or the bench for the time of `body`. What the
  /// boards of a bench have become is saved afterwards, also when it fails.
  func withBus<Result>(
    _ body: (any USBBus) throws -> Result
  ) throws -> Result {
    if let path = bench ?? Environment["DFUFLASH_BENCH"], !path.isEmpty {
      return try SimulatedBench.use(path) { try body($0.bus) }
    }
    let bus: LibUSBBus
    do throws(USBError) {
      bus = try LibUSBBus(logLevel: verbose >= 3 ? 4 : 0)
    } catch {
      throw Explain.usb(error, nil)
    }
    return try body(bus)
  }
}
