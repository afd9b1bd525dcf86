import ArgumentParser
import DFUCore

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a firmware file, and where it fits.",
    discussion: """
      The boards are left alone unless one is asked for: with --board, with \
      --bench, or with an option that chooses one. Then the exit status is 64 \
      if the file does not fit it. A bad file, or one whose CRC is wrong, \
      ends with 65.

      Example: dfuflash inspect fw.elf
               dfuflash inspect --json release.zip
               dfuflash inspect --board fw.hex
      """)

  @Argument(
    help:
      "The file; - is standard input, archive.zip:path a file in an archive."
  )
  var file: String

  @Flag(help: "Look whether it fits the connected board.")
  var board = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Where a file without addresses belongs (0x08000000).",
      valueName: "address"))
  var address: Address?

  @OptionGroup(title: "File") var firmware: FirmwareOptions
  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions

  func run() throws {
    let input = try firmware.input(file)
    let start = address?.value ?? 0x0800_0000
    var report: FirmwareReport
    do throws(FirmwareError) {
      report = try FirmwareReport(
        input.file, path: file, address: start, isAssumed: address == nil)
    } catch {
      throw Explain.file(file, error)
    }
    var failure: ToolFailure?
    if asksForBoard {
      do throws(ToolFailure) {
        report.board = try boardReport(input, start)
      } catch {
        failure = error
        report.board = FirmwareReport.BoardFit(
          fits: false, problem: error.message)
      }
    }
    Console.out(json ? try JSONText.of(report) : FirmwareText.of(report))
    if let failure { throw failure }
  }

  private var asksForBoard: Bool {
    let chosen: [String?] = [
      selection.device, selection.path, selection.serial, selection.uid,
      selection.devnum,
      selection.configuration, selection.interface, transfer.alternate,
      workbench.bench,
    ]
    return board || chosen.contains { $0 != nil }
  }

  private func boardReport(
    _ input: FirmwareInput, _ start: UInt32
  ) throws(ToolFailure) -> FirmwareReport.BoardFit {
    do {
      let finder = BoardFinder(try selection.selector())
      let options = try transfer.board()
      return try workbench.withBus { bus in
        let context = JobContext(bus: bus)
        return try Explain.failures(of: input.path) { () throws(JobError) in
          let selected = try finder.one(context)
          let shares = try input.firmware(at: start)
            .shares(on: selected, options, bus: bus)
          return FirmwareReport.BoardFit(
            board: selected.board.label,
            chip: BoardKnowledge(selected).identification.summary,
            fits: true,
            memories: shares.map { .init($0.memory, $0.sectors) })
        }
      }
    } catch let failure as ToolFailure {
      throw failure
    } catch {
      throw ToolFailure(.usage, "\(error)")
    }
  }
}
