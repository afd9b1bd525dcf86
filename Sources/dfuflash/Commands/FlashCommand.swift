import ArgumentParser
import DFUCore

struct FlashCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flash",
    abstract: "Write a firmware file to a board, verify it, and start it.",
    discussion: """
      Only what differs is erased and written. A raw file goes to 0x08000000 \
      unless --address says otherwise.

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
    try many.check()
  }

  func run() throws {
    let selector = try selection.selector()
    let settings = try options.settings(engine, transfer, selection)
    guard engine.json else { return try run(selector, settings) }
    EventRecord.start().write()
    do {
      try run(selector, settings)
    } catch let failure as ToolFailure {
      EventRecord(failure, file: file ?? many.map).write()
      throw failure
    }
  }

  /// - Throws: `ToolFailure` for what happens before a board is chosen;
  ///   what becomes of boards is told by their display.
  private func run(
    _ selector: BoardSelector, _ settings: WorkSettings
  ) throws {
    if let map = many.map {
      return try flash(
        MapWork(
          path: map,
          readFile: { (path) throws(ToolFailure) in try firmware.input(path) },
          makeJob: { options.make($0, settings) },
          allowsExtra: many.allowExtra))
    }
    let job = options.make(try firmware.input(file ?? "-"), settings)
    if many.all {
      return try flashAll(selector, job)
    }
    try workbench.withBus { bus in
      let selected = try BoardWork.find(
        selector, on: bus, waiting: waiting.limit, chip: settings.chip)
      let reporter: any ProgressReporter =
        engine.json ? JSONReporter() : Reporters.make(toStandardError: false)
      let result = Fleet.run(
        Fleet.Task(selected: selected, job: job, file: job.input.path),
        on: bus, reporter)
      if engine.json { EventRecord(result).write() }
      guard let failure = result.failure else { return }
      failure.show()
      throw ExitCode(failure.status.rawValue)
    }
  }

  private func flashAll(_ selector: BoardSelector, _ job: FlashJob) throws {
    try workbench.withBus { bus in
      let boards = try BoardWork.findAll(
        selector, on: bus, waiting: waiting.limit)
      let file = job.input.path
      try flash(
        boards.map { Fleet.Task(selected: $0, job: job, file: file) }, on: bus)
    }
  }

  private func flash(_ map: MapWork) throws {
    let loaded = try map.load()
    try workbench.withBus { bus in
      try flash(try map.tasks(loaded, on: bus), on: bus)
    }
  }

  private func flash(_ tasks: [Fleet.Task], on bus: any USBBus) throws {
    let display: any FleetDisplay
    if engine.json {
      display = FleetJSON()
    } else if let screen = FleetScreen.make(boards: tasks.count) {
      display = screen
    } else {
      display = FleetLines()
    }
    let results = Fleet(bus: bus, jobs: many.jobs ?? 1, display: display)
      .run(tasks)
    let status = Fleet.status(results)
    guard status == .success else { throw ExitCode(status.rawValue) }
  }
}

/// Work on more than one board.
struct ManyOptions: ParsableArguments {
  @Flag(help: "Flash every board in DFU mode that the options mean.")
  var all = false

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

  func check() throws(ValidationError) {
    if all, map != nil {
      throw ValidationError("--all and --map exclude each other")
    }
    if allowExtra, map == nil {
      throw ValidationError("--allow-extra belongs to --map")
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

/// An address on the command line, written as in C.
struct Address: ExpressibleByArgument, Hashable {
  var value: UInt32

  init?(argument: String) {
    guard let value = UInt32(c: argument) else { return nil }
    self.value = value
  }
}
