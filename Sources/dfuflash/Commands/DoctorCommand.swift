import ArgumentParser
import DFUCore
import DFUDoctor

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Find out why a board does not show up or cannot be flashed.",
    usage: "dfuflash doctor [<options>]",
    discussion: """
      Looks at every USB device, the permissions, the drivers and the boards, \
      and says of each finding what was seen, why it matters and what to do. \
      It changes nothing.

      Exit status: 0 healthy; 1 problems or warnings; 74 no usable USB.

      Example: dfuflash doctor
               dfuflash doctor --json
               sudo dfuflash doctor --install-udev
               dfuflash doctor --report board.md -p 1-4.1
      """)

  @OptionGroup var workbench: WorkbenchOptions
  @OptionGroup(title: "Board, with --report") var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "Write all that a maintainer needs to know of one board into this new file. The board's memories are not changed; 16 bytes are read.",
      valueName: "file"), completion: .file())
  var report: String?

  @Flag(
    name: .customLong("with-ids"),
    help: "With --report: do not black out the serial number.")
  var withIDs = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  @Flag(
    help: "Linux: install udev rules that let users open DFU devices.")
  var installUdev = false

  @Flag(name: .customLong("print-udev"), help: "Print those udev rules.")
  var printUdev = false

  @Flag(help: "With --install-udev: do it without asking.")
  var yes = false

  @Option(
    help: ArgumentHelp(
      "With --install-udev: where the rules go.", valueName: "folder",
      visibility: .hidden))
  var udevFolder = UdevRules.folder

  func run() throws {
    if printUdev {
      Console.out(UdevRules.text, terminator: "")
    } else if installUdev {
      try install()
    } else if let report {
      try write(report)
    } else {
      try examine()
    }
  }

  private func examine() throws {
    let isSimulated = workbench.benchPath != nil
    let report = try workbench.withBus { bus in
      DoctorReport(
        try SystemSnapshot(of: bus, isSimulated ? nil : SystemFacts()))
    }
    Console.out(json ? report.json.text : report.text(.output))
    if !report.isHealthy { throw ExitCode(ExitStatus.findings.rawValue) }
  }

  private func write(_ path: String) throws {
    let finder = BoardFinder(try selection.selector())
    let output = try OutputFile(path, replaces: false)
    let report = try workbench.withBus { bus in
      let found = try finder.one(JobContext(bus: bus))
      do throws(USBError) {
        return try BoardReport(of: found, on: bus)
      } catch {
        throw Explain.usb(error, found.board)
      }
    }
    let text = BoardReportText(
      report: withIDs ? report : report.withoutIDs,
      host: workbench.benchPath == nil ? SystemFacts.host : nil
    ).text
    try output.write(Array(text.utf8)[...])
    try output.finish()
    if path != "-" { Console.out("The report is in \(PathText.shown(path)).") }
  }

  private func install() throws {
    let installer = UdevInstaller(folder: udevFolder)
    if installer.isInstalled {
      Console.out("\(installer.path) is in place already.")
      return
    }
    guard installer.isAllowed else {
      Console.out("As root this would be done:\n\n\(installer.plan)")
      throw ToolFailure(
        .cannotWrite, "\(installer.folder) cannot be written to",
        advice: .installRules)
    }
    if !yes {
      Console.err(installer.plan)
      try ConsentOptions.ask("Do this")
    }
    try installer.run()
    Console.out(
      "\(installer.path) is in place"
        + (installer.isLive ? ", and udev knows of it" : "") + ".")
  }
}
