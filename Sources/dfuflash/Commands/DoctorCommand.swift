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
      """)

  @OptionGroup var workbench: WorkbenchOptions

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
