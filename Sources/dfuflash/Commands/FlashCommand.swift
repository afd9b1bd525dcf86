import ArgumentParser
import DFUCore
import DFUProduction

struct FlashCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flash",
    abstract: "Write a firmware file to a board, verify it, and start it.",
    discussion: """
      Only what differs is erased and written. A raw file goes to 0x08000000 \
      unless --address says otherwise. A device whose application runs is \
      detached only when it is named, or when its ids stand in the file.

      Example: dfuflash flash fw.bin
               dfuflash flash -p 1-4.1 fw.dfu
               dfuflash flash --all --jobs 0 fw.bin
               dfuflash flash --map boards.csv --jobs 0
               dfuflash flash --address 0x08008000 --no-leave app.bin
      """)

  @Argument(
    help: "The firmware file; - is standard input.", completion: .file())
  var file: String?

  @OptionGroup(title: "Several boards") var many: ManyOptions
  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  @OptionGroup(title: "File") var firmware: FirmwareOptions

  @OptionGroup var options: JobOptions
  @OptionGroup var waiting: WaitOptions

  func validate() throws {
    guard (file == nil) != (many.map == nil) else {
      throw ValidationError(
        file == nil
          ? "give a firmware file, or --map with a file for each board"
          : "with --map the files are those of the map")
    }
    try many.check(isWaiting: waiting.limit != nil)
  }

  func run() throws {
    if engine.json { Console.out(JSONObject.start.line) }
    do {
      if let map = many.map { try flash(map: map) } else { try flashFile() }
    } catch {
      if engine.json, let failure = Explain.failure(of: error) {
        let file = file ?? many.map
        Console.out(JSONObject.result(failure, file: file).line)
      }
      throw error
    }
  }

  /// - Throws: `ToolFailure` for what happens before a board is chosen;
  ///   what becomes of boards is told by their display.
  private func flashFile() throws {
    let input = try firmware.input(file ?? "-")
    let job = try options.job(input, engine, transfer, selection)
    var finder = BoardFinder(
      try selection.selector(), waiting: waiting.limit)
    finder.selector.takeNamedRuntimeDevices(orOf: input.file.suffix)
    finder.chip = job.board.chip
    finder.alternate = job.board.alternate
    finder.expected = many.expect ?? 1
    try workbench.withBus { bus in
      let context = reporter().context(bus)
      guard !many.all else {
        return try flash(
          finder.all(context).map { Batch.Task($0, job, file: input.path) },
          on: bus)
      }
      let result = Batch.run(
        Batch.Task(try finder.one(context), job, file: input.path), context)
      if engine.json { Console.out(result.json.line) }
      guard let failure = result.failure else { return }
      failure.show()
      throw ExitCode(failure.status.rawValue)
    }
  }

  private func flash(map path: String) throws {
    let loaded = try MapInput(path, firmware) { input in
      try options.job(input, engine, transfer, selection)
    }
    try workbench.withBus { bus in
      try flash(
        try loaded.tasks(
          allowsExtra: many.allowExtra, waiting: waiting.limit,
          reporter().context(bus)), on: bus)
    }
  }

  private func flash(_ tasks: [Batch.Task], on bus: any USBBus) throws {
    let text: any BatchDisplay =
      BatchScreen.make(boards: tasks.count) ?? BatchLines()
    let status = Batch(
      on: bus, jobs: many.jobs ?? 1,
      display: engine.json ? BoardsJSON() : text,
      shouldStop: { Interruption.isWanted }
    ).run(tasks).status
    guard status == .success else { throw ExitCode(status.rawValue) }
  }

  private func reporter() -> JobReporter { Reporters.make(json: engine.json) }
}

/// Work on more than one board.
struct ManyOptions: ParsableArguments {
  @Flag(help: "Flash every board in DFU mode that the options mean.")
  var all = false

  @Option(
    help: ArgumentHelp(
      "With --all and --wait: wait for so many boards.", valueName: "number"))
  var expect: Int?

  @Option(
    help: ArgumentHelp(
      "Flash each board with its own file: lines of match,file[,address][,options], match being path=, serial=, uid= or runtime-serial=.",
      valueName: "file"))
  var map: String?

  @Flag(help: "With --map: leave boards alone that no line names.")
  var allowExtra = false

  @Option(
    help: ArgumentHelp(
      "How many boards at once; 0 is all.", valueName: "number"))
  var jobs: Int?

  func check(isWaiting: Bool) throws(ValidationError) {
    if all, map != nil {
      throw ValidationError("--all and --map exclude each other")
    }
    if allowExtra, map == nil {
      throw ValidationError("--allow-extra belongs to --map")
    }
    if expect != nil, !all {
      throw ValidationError("--expect belongs to --all")
    }
    if all, isWaiting, expect == nil {
      throw ValidationError(
        "--all with --wait needs --expect: for how many boards?")
    }
    if let expect, !(1...Self.mostJobs).contains(expect) {
      throw ValidationError("--expect takes a number from 1")
    }
    guard let jobs else { return }
    guard all || map != nil else {
      throw ValidationError("--jobs belongs to --all or --map")
    }
    guard (0...Self.mostJobs).contains(jobs) else {
      throw ValidationError("--jobs takes a number up to \(Self.mostJobs)")
    }
  }

  /// No host has more USB devices.
  static let mostJobs = 1024
}
