import ArgumentParser
import DFUCore

struct OptionBytesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "option-bytes",
    abstract: "Show, set, back up and restore a chip's option bytes.",
    discussion: """
      Example: dfuflash option-bytes show
               dfuflash option-bytes set nBOOT0=1 nSWBOOT0=0
               dfuflash option-bytes backup options.dfu
      """,
    subcommands: [
      OptionBytesShow.self, OptionBytesSet.self, OptionBytesBackup.self,
      OptionBytesRestore.self,
    ], defaultSubcommand: OptionBytesShow.self)
}

/// What the option-bytes commands share.
struct OptionBytesOptions: ParsableArguments {
  @OptionGroup var memory: MemoryOptions

  @Option(
    help: ArgumentHelp(
      "The chip, where it cannot be told from what the board shows.",
      valueName: "name"))
  var chip: String?

  /// Reads the option bytes and finds out what a wish would change.
  func prepare(
    _ wish: OptionBytesJob.Wish, _ consent: ConsentOptions? = nil,
    file: String? = nil,
    _ body: (PreparedOptionBytes) throws -> Void
  ) throws {
    var job = OptionBytesJob(wish)
    job.board = try memory.transfer.board(chip: chip)
    job.board.trustsNamedChip = consent?.risk.force ?? false
    job.permissions = consent?.risk.permissions() ?? []
    var finder = try memory.finder()
    finder.chip = job.board.chip
    let reporter = Reporters.make(toStandardError: true)
    try memory.withBoard(reporter, file: file, finder: finder) {
      try body(job.prepare($0, $1))
    }
  }

  /// Shows what would change, asks, and does it.
  func change(
    _ wish: OptionBytesJob.Wish, _ consent: ConsentOptions,
    file: String? = nil
  ) throws {
    try prepare(wish, consent, file: file) { prepared in
      guard !prepared.isUnchanged else {
        return Console.out(
          OptionBytesText.outcome(.asWanted, prepared.board))
      }
      for change in prepared.changes { Console.out("  \(change.text)") }
      try consent.obtain(
        "Write these option bytes to board \(prepared.board.label)")
      Console.out(
        OptionBytesText.outcome(try prepared.carryOut(), prepared.board))
    }
  }
}

struct OptionBytesShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the option bytes by their names.",
    discussion: "Example: dfuflash option-bytes show --json")

  @OptionGroup var options: OptionBytesOptions

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws {
    try options.prepare(.unchanged) { prepared in
      Console.out(
        json ? prepared.json.text : OptionBytesText.of(prepared))
    }
  }
}

struct OptionBytesSet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Change option bytes by their names.",
    discussion: """
      Only the named bits change; reserved ones stay as they are. The chip \
      resets. An interrupted write can lock a chip: do not unplug it.

      Example: dfuflash option-bytes set nBOOT0=1 BOR_LEV=0
      """)

  @Argument(help: "What to set, as NAME=VALUE.")
  var assignments: [String]

  @OptionGroup var options: OptionBytesOptions
  @OptionGroup var consent: ConsentOptions

  func run() throws {
    let wanted: [OptionAssignment]
    do {
      wanted = try assignments.map { try OptionAssignment(parsing: $0) }
    } catch let error as OptionByteError {
      throw JobError(.optionByte(error))
    }
    try options.change(.set(wanted), consent)
  }
}

struct OptionBytesBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write the option bytes to a DfuSe file.",
    discussion: "Example: dfuflash option-bytes backup options.dfu")

  @Argument(help: "The new file.", completion: .file())
  var file: String

  @OptionGroup var options: OptionBytesOptions

  func run() throws {
    let output = try OutputFile(file)
    try options.prepare(.unchanged) { prepared in
      try output.write(try prepared.backup()[...])
      try output.finish()
      Console.out(
        "Board \(prepared.board.label): option bytes are in \(PathText.shown(file))."
      )
    }
  }
}

struct OptionBytesRestore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Write the option bytes of a file to the chip.",
    discussion: "Example: dfuflash option-bytes restore options.dfu")

  @Argument(
    help: "A file written by backup, or raw bytes of the window.",
    completion: .file())
  var file: String

  @OptionGroup var options: OptionBytesOptions
  @OptionGroup var consent: ConsentOptions

  func run() throws {
    let input = try FirmwareInput(file)
    try options.change(
      .restore(input.firmware(at: nil)), consent, file: file)
  }
}
