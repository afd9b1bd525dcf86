import ArgumentParser
import DFUCore
import DFUProduction
import DFUSimulator

struct StationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "station",
    abstract: "Flash one board after another as they are plugged in.",
    discussion: """
      Waits for a board in DFU mode, flashes and verifies it, starts its \
      program, says PASS or FAIL, waits until it is unplugged, and goes on \
      until Ctrl-C. A board that is named by its application's ids (-d) is \
      taken out of its application first. The exit status is 1 when a board \
      failed, 130 when one was stopped.

      Hooks are run by sh with DFUFLASH_RESULT, _PATH, _SERIAL, _UID, _CHIP, \
      _FILE, _SHA256, _SECONDS, _TIME and _ERROR in the environment.

      Example: dfuflash station --log boards.jsonl fw.bin
               dfuflash station --ports 1-1.1,1-1.2 --jobs 2 fw.bin
               dfuflash station --on-fail 'echo "$DFUFLASH_ERROR" | lp' fw.bin
      """)

  @Argument(help: "The firmware file.")
  var file: String

  @Option(
    help: ArgumentHelp(
      "Look at these ports only, with commas between.", valueName: "paths"))
  var ports: PortList?

  @Option(
    help: ArgumentHelp(
      "How many boards at once; 0 is all.", valueName: "number"))
  var jobs = 1

  @Option(
    help: ArgumentHelp(
      "Append a line of JSON for each board to this file.",
      valueName: "file"))
  var log: String?

  @Option(
    help: ArgumentHelp(
      "Run this when a board has passed.", valueName: "command"))
  var onPass: String?

  @Option(
    help: ArgumentHelp(
      "Run this when a board has failed.", valueName: "command"))
  var onFail: String?

  @Option(
    help: ArgumentHelp("End after so many boards.", valueName: "number"))
  var count: Int?

  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "File") var firmware: FirmwareOptions

  @OptionGroup var options: JobOptions

  func validate() throws {
    guard (0...ManyOptions.mostJobs).contains(jobs) else {
      throw ValidationError(
        "--jobs takes a number up to \(ManyOptions.mostJobs)")
    }
    if let count, count < 1 {
      throw ValidationError("--count takes a number from 1")
    }
    if engine.dryRun {
      throw ValidationError("a station has no --dry-run; flash has")
    }
    if file == "-" {
      throw ValidationError("a station needs a file, not standard input")
    }
  }

  func run() throws {
    let input = try firmware.input(file)
    let log = try log.map { try StationLog($0) }
    var plan = Station.Plan(
      try options.job(input, engine, transfer, selection), file: input.path)
    plan.selector = try selection.selector()
    plan.ports = ports?.values
    plan.jobs = jobs == 0 ? ManyOptions.mostJobs : jobs
    plan.limit = count
    plan.onPass = onPass.map { Hook(command: $0) }
    plan.onFail = onFail.map { Hook(command: $0) }
    let sha256 = input.digest()
    plan.variables = { $0.variables(sha256: sha256) }
    let display: any StationDisplay =
      engine.json ? BoardsJSON() : StationText()
    if engine.json { Console.out(JSONObject.start.line) }
    try workbench.withBus { bus in
      plan.usesThreads = !bus.clock.isVirtual
      let station = Station(
        plan, on: bus, display: display,
        shouldStop: { Interruption.isWanted }
      ) { result in
        try log?.append(result.record(sha256: sha256).line)
      }
      try station.run()
      if !engine.json { Console.out(station.counts.text) }
      guard station.counts.status == .success else {
        throw ExitCode(station.counts.status.rawValue)
      }
    }
  }
}
