import ArgumentParser
import Glibc
import Synchronization

/// Development tool: the boards of a bench as USB devices of a real Linux
/// kernel.
@main
struct USBIPBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usbip-bench",
    abstract: "Serve a bench of simulated boards to Linux kernels over USB/IP.",
    discussion: """
      `dfuflash simulate` makes the bench. The boards live in real time until \
      Ctrl-C, and are then saved.

      Example: usbip-bench my.json
               usbip attach -r 127.0.0.1 -b 1-1
      """)

  @Argument(help: "The bench's file.")
  var bench: String

  @Option(help: ArgumentHelp("Where to serve.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The TCP port to serve at.", valueName: "port"))
  var port: UInt16 = USBIPServer.defaultPort

  @Flag(help: "Attach the boards to this machine's kernel as well; as root.")
  var attach = false

  @Option(
    help: ArgumentHelp(
      "Take commands from a named pipe, a line each: plug, unplug, reset or power-cycle with a port path; save; open with another bench's file. Each is answered on standard output.",
      valueName: "fifo"))
  var commands: String?

  func run() throws {
    StopSignal.watch()
    try BenchService(bench, commands: commands).run(
      address: host, port: port, attaching: attach)
  }
}

/// SIGINT and SIGTERM: the first asks for an end, the second ends the program.
enum StopSignal {
  private static let arrived = Atomic(false)

  /// Whether the first has come.
  static var hasArrived: Bool { arrived.load(ordering: .relaxed) }

  /// Catches both from now on.
  static func watch() {
    let handler: @convention(c) (Int32) -> Void = { _ in
      if StopSignal.arrived.exchange(true, ordering: .relaxed) { _exit(130) }
    }
    _ = signal(SIGINT, handler)
    _ = signal(SIGTERM, handler)
    // A reader that goes away is seen as an error of write.
    _ = signal(SIGPIPE, SIG_IGN)
  }
}
