import ArgumentParser
import Synchronization

/// The version of this program.
let version = "0.1.0"

@main
struct DFUFlash: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuflash",
    abstract: "Flash USB DFU devices, first of all STM32 chips.",
    usage: """
      dfuflash <verb> …
      dfuflash -s 0x08000000:leave -D fw.bin
      dfuflash --list
      """,
    discussion: """
      Without a verb dfuflash takes dfu-util's options: \
      -l -D -U -s -a -d -p -S -n -c -i -t -Z -e -E -R -w -v -V. \
      `dfuflash help dfu-util` explains each.

      Exit status: 0 done; 64 wrong usage, or the image does not fit; 65 bad \
      file; 66 no such file; 70 a fault of dfuflash; 73 the output exists; \
      74 USB trouble, no board, several boards, verification failed; 76 the \
      board is in a wrong state; 130 stopped by Ctrl-C.
      """,
    version: version,
    subcommands: [
      ListCommand.self, FlashCommand.self, VerifyCommand.self,
      ReadCommand.self, EraseCommand.self, UnprotectCommand.self,
      OptionBytesCommand.self, ChipsCommand.self, InspectCommand.self,
      ConvertCommand.self,
      SerialCommand.self, DoctorCommand.self, StationCommand.self,
      SimulateCommand.self,
      DfuUtilCommand.self,
    ],
    defaultSubcommand: DfuUtilCommand.self)

  static func main() {
    Interruption.watch()
    let arguments = CommandLine.arguments
    let name = arguments.first?.split(separator: "/").last ?? ""
    Reporters.drawsAlways.store(name == "dfu-util", ordering: .relaxed)
    do {
      var command = try parseAsRoot(
        GetoptHabits.expanded(Array(arguments.dropFirst())))
      try command.run()
    } catch  where exitCode(for: error) == .validationFailure {
      Console.errFolded(
        UsageFailure.text(
          for: error, Array(arguments.dropFirst()), of: DFUFlash.self))
      exit(withError: ExitCode(ExitStatus.usage.rawValue))
    } catch {
      guard let failure = Explain.failure(of: error) else {
        exit(withError: error)
      }
      failure.show()
      exit(withError: ExitCode(failure.status.rawValue))
    }
  }
}
