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
               dfuflash flash --address 0x08008000 --no-leave app.bin
      """)

  @Argument(
    help: "The firmware file; - is standard input.", completion: .file())
  var file: String

  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  @OptionGroup(title: "File") var firmware: FirmwareOptions

  @Option(
    help: ArgumentHelp(
      "Where a file without addresses belongs.", valueName: "address"))
  var address: Address?

  @Flag(help: "Stay in DFU mode afterwards.")
  var noLeave = false

  @Flag(
    help:
      "Have the chip load its option bytes anew instead of jumping: for chips that were blank."
  )
  var relaunch = false

  @Flag(
    help: "Lift readout protection first; it erases all of the chip's flash.")
  var unprotect = false

  @OptionGroup var waiting: WaitOptions

  func run() throws {
    let selector = try selection.selector()
    let input = try firmware.input(file)
    var settings = try engine.settings(transfer)
    settings.takesOtherIDs = engine.force || selection.device != nil
    let reporter: any ProgressReporter =
      engine.json ? JSONReporter() : Reporters.make(toStandardError: false)
    try workbench.withBus { bus in
      var selected = try BoardWork.find(
        selector, on: bus, waiting: waiting.limit)
      if selected.function.mode == .runtime {
        reporter.note("Detaching board \(selected.board.label)…")
        selected = try DetachWork(bus: bus, limit: .seconds(10))
          .toDFUMode(selected)
      }
      var work = BoardWork(selected, on: bus, settings, reporter)
      if unprotect, let lifted = try UnprotectWork(work: work).ifProtected() {
        selected = lifted
        work = BoardWork(selected, on: bus, settings, reporter)
      }
      guard selected.function.isDfuSe else {
        try PlainWork(work: work).download(input)
        reporter.note("Board \(work.board.label): written.")
        return
      }
      let outcome = try FlashWork(work: work)
        .run(try input.parts(at: address?.value ?? 0x0800_0000, for: work))
      if engine.dryRun { return }
      reporter.note(
        Self.summary(
          outcome, work.board, verified: !engine.noVerify))
      if let program = outcome.program, !noLeave, !outcome.hasReset {
        try LeaveWork(
          work: work, relaunches: relaunch, wasVirgin: outcome.wasVirgin
        ).run(program)
      }
    }
  }

  private static func summary(
    _ outcome: FlashWork.Outcome, _ board: Board, verified: Bool
  ) -> String {
    if outcome.plans.isEmpty {
      return "Board \(board.label): written; the chip resets."
    }
    if outcome.isUpToDate {
      return "Board \(board.label): already up to date, nothing written."
    }
    let erased = outcome.plans.reduce(0) { $0 + $1.erases.count }
    let whole = outcome.plans.contains(where: \.massErases)
    let written = outcome.plans.reduce(0) { $0 + $1.writtenBytes }
    let kept = outcome.plans.reduce(0) { $0 + $1.kept.count }
    return """
      Board \(board.label): \(written) bytes written\
      \(verified ? " and verified" : ", not verified"), \
      \(whole ? "the whole memory" : "\(erased) sector\(erased == 1 ? "" : "s")") \
      erased, \(kept) kept.
      """
  }
}

/// Waiting for the board.
struct WaitOptions: ParsableArguments {
  @Flag(
    name: [.customShort("w"), .customLong("wait")],
    help: "Wait for the board to appear.")
  var wait = false

  @Option(
    name: .customLong("wait-seconds"),
    help: ArgumentHelp("Wait so long at most.", valueName: "seconds"))
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
