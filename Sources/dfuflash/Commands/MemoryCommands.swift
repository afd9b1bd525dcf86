import ArgumentParser
import DFUCore

/// What the commands that work on one board share.
struct MemoryOptions: ParsableArguments {
  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions
  @OptionGroup(title: "Waiting") var waiting: WaitOptions

  /// Finds the board that the options mean.
  func finder() throws -> BoardFinder {
    BoardFinder(try selection.selector(), waiting: waiting.limit)
  }

  /// Finds the board and runs a job on it.
  ///
  /// - Parameters:
  ///   - file: the file the job works with.
  ///   - finder: what finds the board; without one it is also found when its
  ///     application runs and it is named.
  func withBoard(
    _ reporter: JobReporter = Reporters.make(), file: String? = nil,
    finder: BoardFinder? = nil,
    _ body: (SelectedBoard, JobContext) throws -> Void
  ) throws {
    var usual = try self.finder()
    usual.selector.takeNamedRuntimeDevices(orOf: nil)
    let finder = finder ?? usual
    try workbench.withBus { bus in
      let context = reporter.context(bus)
      try Explain.failures(of: file) {
        try body(try finder.one(context), context)
      }
    }
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare a firmware file with a board's memory.",
    discussion: "Example: dfuflash verify fw.bin")

  @Argument(
    help: "The firmware file; - is standard input.", completion: .file())
  var file: String

  @OptionGroup var memory: MemoryOptions
  @OptionGroup(title: "File") var firmware: FirmwareOptions

  @Option(help: "Where a file without addresses belongs.")
  var address: Address?

  func run() throws {
    let input = try firmware.input(file)
    var job = VerifyJob(input.firmware(at: address?.value ?? usualAddress))
    job.board = try memory.transfer.board()
    try memory.withBoard(file: file) { selected, context in
      try job.run(selected, context)
      Console.out(
        "Board \(selected.board.label) holds \(PathText.shown(file)).")
    }
  }
}

struct ReadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a board's memory into a file.",
    discussion: """
      Example: dfuflash read --address 0x08000000 --length 65536 backup.bin
      """)

  @Argument(help: "The new file; - is standard output.", completion: .file())
  var file: String

  @OptionGroup var memory: MemoryOptions

  @Option(help: "The first address; the memory's first if left out.")
  var address: Address?

  @Option(help: "How many bytes; to the end of the memory if left out.")
  var length: Address?

  @Flag(help: "Replace the file if it exists.")
  var force = false

  func run() throws {
    let output = try OutputFile(file, replaces: force)
    var job = ReadJob()
    job.board = try memory.transfer.board()
    job.address = address?.value
    job.length = length?.value
    try memory.withBoard(Reporters.make(toStandardError: file == "-")) {
      try job.run($0, $1, into: output.take)
    }
    try output.finish()
  }
}

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Erase sectors, or all of a memory.",
    discussion: """
      Example: dfuflash erase --address 0x08004000 --length 16384
               dfuflash erase --all
      """)

  @OptionGroup var memory: MemoryOptions

  @Option(help: "The first address; every sector touched is erased.")
  var address: Address?

  @Option(help: "How many bytes; one sector if left out.")
  var length: Address?

  @Flag(help: "Erase the whole memory at once.")
  var all = false

  func validate() throws {
    if all == (address != nil) {
      throw ValidationError("give either --address or --all")
    }
  }

  func run() throws {
    var job = EraseJob(
      address.map { .range($0.value, length: length?.value ?? 1) }
        ?? .all(holding: nil))
    job.board = try memory.transfer.board()
    job.permissions = .usual
    try memory.withBoard { try job.run($0, $1) }
  }
}

struct UnprotectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unprotect",
    abstract: "Lift readout protection; the chip erases its flash.",
    discussion: "Example: dfuflash unprotect --yes")

  @OptionGroup var memory: MemoryOptions

  @Flag(help: "Do it: everything in the chip's flash is lost.")
  var yes = false

  func run() throws {
    guard yes else {
      throw ToolFailure(
        .usage,
        "lifting readout protection erases everything in the chip's flash",
        advice: .confirm)
    }
    var job = UnprotectJob()
    job.board = try memory.transfer.board()
    job.permissions = .usual
    try memory.withBoard { try job.run($0, $1) }
  }
}
