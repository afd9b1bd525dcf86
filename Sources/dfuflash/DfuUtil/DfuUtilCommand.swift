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
  var detachDelay = "10"

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
  var uploadSize: String?

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
    var selector = try selection.selector(emptySerialIsAny: true)
    var settings = try engine.settings(transfer, option)
    let detachLimit = try self.detachLimit()
    let uploadLimit = try self.uploadLimit()
    if list {
      try workbench.withBus { bus in
        for line in FoundLines.lines(
          for: try ListCommand.boards(on: bus), selector,
          transfer.alternateSelector)
        {
          Console.out(line)
        }
      }
      return
    }
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
    let input = try download.map { (path) throws(ToolFailure) in
      try firmware.input(path, damagedSuffixIsData: true)
    }
    if workbench.verbose > 0, let input, input.file.format == .raw {
      Console.err(
        "\(Files.shown(input.path)) is taken as it is: it has no DFU suffix")
    }
    // dfu-util refuses such a file also when the device is named.
    settings.takesOtherIDs = engine.force || option?.force == true
    if let input, input.file.format.hasAddresses, option?.address != nil {
      throw ValidationError(
        """
        \(Files.shown(input.path)) says itself where it belongs \
        (\(input.file.format.title)); leave the address out of -s
        """)
    }
    let output = try upload.map { (path) throws(ToolFailure) in
      try UploadSink(path)
    }
    if selection.device == nil, let suffix = input?.file.suffix {
      selector.prefer(suffix)
    }
    try workbench.withBus { bus in
      let found = try BoardWork.find(
        selector, on: bus, waiting: waiting.limit, chip: settings.chip)
      let job = DfuUtilWork(
        bus: bus, settings: settings, reporter: makeReporter(),
        detachDelay: detachLimit, resets: reset)
      if detach {
        try job.detach(found)
      } else if let input {
        try job.download(input, option, to: found)
      } else if let output {
        try job.upload(output, option, limit: uploadLimit, from: found)
      } else if let option {
        try job.command(option, on: found)
      }
    }
  }

  private func detachLimit() throws(ValidationError) -> Duration {
    guard let seconds = UInt32(c: detachDelay) else {
      throw ValidationError(
        "-E takes a number of seconds, not \"\(detachDelay.escapingControls)\""
      )
    }
    return .seconds(Int(seconds))
  }

  private func uploadLimit() throws(ValidationError) -> UInt32? {
    guard let uploadSize else { return nil }
    guard let size = UInt32(c: uploadSize) else {
      throw ValidationError(
        "-Z takes a number of bytes, not \"\(uploadSize)\"")
    }
    return size
  }

  /// Scripts read standard output; so does the bar, unless the data goes
  /// there.
  private func makeReporter() -> any ProgressReporter {
    engine.json
      ? JSONReporter() : Reporters.make(toStandardError: upload == "-")
  }
}
