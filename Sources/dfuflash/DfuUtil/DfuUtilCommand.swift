import ArgumentParser
import DFUCore

/// dfu-util's command line: what `dfuflash` does when it is not given a verb,
/// and when it is called by the name `dfu-util`.
struct DfuUtilCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfu-util",
    abstract: "Take dfu-util's options (the default without a verb).",
    discussion: """
      Example: dfuflash -s 0x08000000:leave -D fw.bin
               dfuflash -a 0 -s 0x08000000:131072 -U backup.bin
               dfuflash -s :mass-erase:force
      """)

  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions

  @Flag(
    name: [.customShort("V"), .customLong("print-version")],
    help: "Print the version.")
  var printVersion = false

  @Flag(name: .shortAndLong, help: "List the connected DFU devices.")
  var list = false

  @Flag(
    name: [.customShort("e"), .customLong("detach")],
    help: "Detach a device whose application runs, and stop.")
  var detach = false

  @Option(
    name: [
      .customShort("E", allowingJoined: true), .customLong("detach-delay"),
    ], parsing: .unconditional,
    help: ArgumentHelp(
      "The longest to wait for the device to come back after detaching.",
      valueName: "seconds"))
  var detachDelay = CNumber<UInt32>(15)

  @Option(
    name: [.customShort("U", allowingJoined: true), .customLong("upload")],
    parsing: .unconditional,
    help: ArgumentHelp(
      "Read the device's memory into a new file; - is standard output.",
      valueName: "file"))
  var upload: String?

  @Option(
    name: [
      .customShort("Z", allowingJoined: true), .customLong("upload-size"),
    ],
    parsing: .unconditional,
    help: ArgumentHelp("How much to read.", valueName: "bytes"))
  var uploadSize: CNumber<UInt32>?

  @Option(
    name: [.customShort("D", allowingJoined: true), .customLong("download")],
    parsing: .unconditional,
    help: ArgumentHelp(
      "Write a firmware file to the device; - is standard input.",
      valueName: "file"))
  var download: String?

  @Flag(
    name: [.customShort("R"), .customLong("reset")],
    help: "Reset the device once done.")
  var reset = false

  @Option(
    name: [
      .customShort("s", allowingJoined: true), .customLong("dfuse-address"),
    ], parsing: .unconditional,
    help: ArgumentHelp(
      "The address, and modifiers: force, leave, unprotect, mass-erase, will-reset, fast, or a length.",
      valueName: "address[:modifier…]"))
  var dfuseAddress: String?

  @OptionGroup var waiting: WaitOptions

  @OptionGroup(title: "Beyond dfu-util") var engine: EngineOptions
  @OptionGroup(title: "File") var firmware: FirmwareOptions

  func run() throws {
    if printVersion {
      Console.out("dfuflash \(version)")
      return
    }
    let option = try dfuseAddress.map(DfuSeOption.init(parsing:))
    let selector = try selection.selector(emptySerialIsAny: true)
    let wishes = try DfuUtilWishes(
      engine: engine, transfer: transfer, option: option,
      detachLimit: .seconds(Int(detachDelay.value)),
      uploadLimit: uploadSize?.value, resets: reset)
    if list { return try showList(selector) }
    guard [download != nil, upload != nil, detach].count(where: { $0 }) <= 1
    else {
      throw ValidationError("give only one of -D, -U and -e")
    }
    guard download != nil || upload != nil || detach || option != nil else {
      throw ValidationError(
        """
        nothing to do: give one of -D (write), -U (read), -s (a command), -e \
        (detach) or -l (list), or a verb; dfuflash --help shows them all
        """)
    }
    let input = try download.map { try read($0, option) }
    let output = try upload.map { try OutputFile($0) }
    var finder = BoardFinder(selector, waiting: waiting.limit)
    finder.chip = wishes.board.chip
    finder.alternate = wishes.board.alternate
    if selection.device == nil, let suffix = input?.file.suffix {
      finder.selector.prefer(suffix)
    }
    let reporter = Reporters.make(
      toStandardError: upload == "-", json: engine.json)
    try workbench.withBus { bus in
      let context = reporter.context(bus)
      try Explain.failures(of: input?.path) {
        let found = try finder.one(context)
        if detach {
          guard try wishes.detaching.detach(found, context) else { return }
          Console.out("Detached.")
        } else if let input {
          try wishes.download(input, to: found, context)
        } else if let output {
          try wishes.upload(into: output, from: found, context)
        } else {
          try wishes.command(on: found, context)
        }
      }
      try output?.finish()
    }
  }

  private func showList(_ selector: BoardSelector) throws {
    try workbench.withBus { bus in
      for board in try BoardFinder.present(JobContext(bus: bus)) {
        if let problem = board.problem { Explain.usb(problem, board).show() }
        for line in FoundLines.lines(
          for: board, selector, transfer.alternateSelector)
        {
          Console.out(line)
        }
      }
    }
  }

  private func read(
    _ path: String, _ option: DfuSeOption?
  ) throws -> FirmwareInput {
    let input = try firmware.input(path, suffixMayMiss: true)
    if workbench.verbose > 0, input.file.format == .raw {
      Console.err(
        "\(PathText.shown(input.path)) is taken as it is: it has no DFU suffix")
    }
    if input.file.format.hasAddresses, option?.address != nil {
      throw ValidationError(
        """
        \(PathText.shown(input.path)) says itself where it belongs \
        (\(input.file.format.title)); leave the address out of -s
        """)
    }
    return input
  }
}
