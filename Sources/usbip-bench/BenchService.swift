import DFUCore
import DFUSimulator
import SystemPackage

/// A bench served over USB/IP, and what a script does to its boards meanwhile.
final class BenchService {
  private var bench: Bench
  private let commands: CommandPipe?
  private var server: USBIPServer?

  /// - Parameters:
  ///   - path: The bench's file.
  ///   - commands: The path of a named pipe to take commands from.
  init(_ path: String, commands: String?) throws {
    bench = try Self.load(path)
    self.commands = try commands.map { try CommandPipe($0) }
  }

  private static func load(_ path: String) throws(BenchError) -> Bench {
    // A kernel's time cannot be simulated. Scripts that run side by side take
    // turns with a bench.
    try Bench.load(path, patience: .seconds(30), speed: 1)
  }

  /// Serves until SIGINT or SIGTERM, and saves what has become of the boards.
  func run(address: String, port: UInt16, attaching: Bool) throws {
    try USBIPServer.serve(
      bench.boards.map(\.board), address: address, port: port,
      attaching: attaching,
      isOver: {
        while let line = commands?.next() { answer(obey(line)) }
        return StopSignal.hasArrived
      },
      ready: { server in
        self.server = server
        answer(
          """
          Serving \(bench.boards.count) boards at \(address):\
          \(server.port) until Ctrl-C. Attach one with: usbip attach -r \
          \(address) -b \(bench.boards.first?.path ?? "1-1")
          """)
      })
    try bench.save()
  }

  private func answer(_ text: String) {
    // Nobody is left to tell when the stream is closed.
    _ = try? FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
  }

  private func obey(_ line: String) -> String {
    do throws(BenchError) {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch (words.first, words.count) {
      case ("save", 1): try bench.save()
      case ("open", 2): return try open(words[1]) ? "ok same" : "ok new"
      case ("plug", 2): try bench.board(at: words[1]).plug()
      case ("unplug", 2): try bench.board(at: words[1]).unplug()
      case ("reset", 2): try bench.board(at: words[1]).pressReset()
      case ("power-cycle", 2): try bench.board(at: words[1]).powerCycle()
      default: return "error: no command reads \"\(line.escapingControls)\""
      }
      return "ok"
    } catch {
      return "error: \(error)"
    }
  }

  /// Leaves the bench as it is, and serves another one's boards; returns
  /// whether the kernel sees no difference.
  private func open(_ path: String) throws(BenchError) -> Bool {
    bench = try Self.load(path)
    return server?.serve(instead: bench.boards.map(\.board)) ?? false
  }
}

/// Lines that arrive at a named pipe.
private final class CommandPipe {
  private let file: FileDescriptor
  private var rest = ""
  private var lines: [String] = []

  init(_ path: String) throws {
    do {
      file = try FileDescriptor.open(
        FilePath(path), .readOnly, options: .nonBlocking)
    } catch {
      throw USBIPError(
        reason: "could not open the pipe \(path) (\(error)); "
          + "make it with mkfifo")
    }
  }

  deinit { try? file.close() }

  /// The next line, if a whole one has come.
  func next() -> String? {
    if lines.isEmpty { read() }
    return lines.isEmpty ? nil : lines.removeFirst()
  }

  private func read() {
    // Nothing there and nobody there are the same here.
    let bytes = try? unsafe [UInt8](unsafeUninitializedCapacity: 4096) {
      buffer, count in
      count = try unsafe file.read(
        into: UnsafeMutableRawBufferPointer(buffer))
    }
    rest += String(decoding: bytes ?? [], as: UTF8.self)
    var parts = rest.split(separator: "\n", omittingEmptySubsequences: false)
    // A line without an end is not over.
    rest = String((parts.popLast() ?? "").suffix(4096))
    lines += parts.filter { !$0.isEmpty }.map(String.init)
  }
}
