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

      Exit status: 0 done; 1 findings of doctor, or a board of a station \
      failed; 64 wrong usage, or the image does not fit; 65 bad \
      file; 66 no such file; 70 a fault of dfuflash; 73 the output exists \
      or cannot be written; \
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
    Console.openClosedStreams()
    Interruption.watch()
    let arguments = CommandLine.arguments
    let name = arguments.first?.split(separator: "/").last ?? ""
    Reporters.drawsAlways.store(name == "dfu-util", ordering: .relaxed)
    let status = run(Array(arguments.dropFirst()))
    exit(withError: ExitCode(Console.finish(status)))
  }

  /// Runs a command line; its exit status.
  private static func run(_ arguments: [String]) -> Int32 {
    do {
      var command = try parseAsRoot(GetoptHabits.expanded(arguments))
      try command.run()
      return ExitStatus.success.rawValue
    } catch let code as ExitCode {
      // All is said already.
      return code.rawValue
    } catch  where exitCode(for: error) == .validationFailure {
      Console.errFolded(
        UsageFailure.text(for: error, arguments, of: DFUFlash.self))
      return ExitStatus.usage.rawValue
    } catch {
      if let failure = Explain.failure(of: error) {
        failure.show()
        return failure.status.rawValue
      }
      // What was asked for, as help; an exit status says nothing more.
      let text = fullMessage(for: error)
      let status = exitCode(for: error).rawValue
      if !text.isEmpty {
        status == 0 ? Console.out(text) : Console.err(text)
      }
      return status
    }
  }
}
