import DFUCore
import DFUSimulator
import SystemPackage

/// A bench served over USB/IP, and what a person or a script does to its
/// boards meanwhile.
final class BenchService {
  private var bench: Bench
  /// Whether the bench is another one than the one the program was started
  /// with, which whoever opened that saves.
  private var isOwn = false
  private let commands: CommandPipe?
  private var server: USBIPServer?

  /// - Parameter commands: the path of a named pipe to take commands from.
  init(_ bench: Bench, commands: String?) throws(ToolFailure) {
    self.bench = bench
    self.commands = try commands.map {
      (path) throws(ToolFailure) in try CommandPipe(path)
    }
  }

  /// Serves until Ctrl-C.
  func run(
    address: String, port: UInt16, attaching: Bool
  ) throws(ToolFailure) {
    do throws(USBIPError) {
      try USBIPServer.serve(
        bench.boards.map(\.board), address: address, port: port,
        attaching: attaching,
        isOver: {
          while let line = commands?.next() { obey(line) }
          return Interruption.isWanted
        },
        ready: { server in
          self.server = server
          Console.out(
            """
            Serving \(bench.boards.count) boards at \(address):\
            \(server.port) until Ctrl-C. Attach one with: usbip attach -r \
            \(address) -b \(bench.boards.first?.path ?? "1-1")
            """)
        })
    } catch {
      throw ToolFailure(.device, "\(error)")
    }
    if isOwn { try save() }
  }

  private func obey(_ line: String) {
    do throws(ToolFailure) {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      var answer = "ok"
      switch (words.first, words.count) {
      case ("save", 1): try save()
      case ("open", 2): answer = try open(words[1]) ? "ok same" : "ok new"
      case ("plug", 2): try board(words[1]).plug()
      case ("unplug", 2): try board(words[1]).unplug()
      case ("reset", 2): try board(words[1]).pressReset()
      case ("power-cycle", 2): try board(words[1]).powerCycle()
      default:
        throw ToolFailure(
          .usage, "no command reads \"\(line.escapingControls)\"")
      }
      Console.out(answer)
    } catch {
      Console.out("error: \(error.message)")
    }
  }

  private func board(_ path: String) throws(ToolFailure) -> SimulatedBoard {
    try SimulatedBench.explained { () throws(BenchError) in
      try bench.board(at: path)
    }
  }

  private func save() throws(ToolFailure) {
    try SimulatedBench.explained { () throws(BenchError) in try bench.save() }
  }

  /// Leaves the bench as it is, and serves another one's boards; returns
  /// whether the kernel sees no difference.
  private func open(_ path: String) throws(ToolFailure) -> Bool {
    bench = try SimulatedBench.explained { () throws(BenchError) in
      // A kernel's time cannot be simulated.
      try Bench.load(path, patience: SimulatedBench.patience, speed: 1)
    }
    isOwn = true
    return server?.serve(instead: bench.boards.map(\.board)) ?? false
  }
}

/// Lines that arrive at a named pipe.
private final class CommandPipe {
  private let file: FileDescriptor
  private var rest = ""
  private var lines: [String] = []

  init(_ path: String) throws(ToolFailure) {
    do {
      file = try FileDescriptor.open(
        FilePath(path), .readOnly, options: .nonBlocking)
    } catch {
      throw ToolFailure(
        .noInput, "could not open \(Files.shown(path)) (\(error))",
        advice: .makePipe)
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
