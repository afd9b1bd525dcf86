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

  @Option(help: "Where a file without addresses belongs (0x08000000).")
  var address: Address?

  @OptionGroup(title: "File") var firmware: FirmwareOptions
  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions

  func run() throws {
    let input = try firmware.input(file)
    let start = address?.value ?? usualAddress
    var report: FirmwareReport
    do throws(FirmwareError) {
      report = try FirmwareReport(
        input.file, path: file, address: start, isAssumed: address == nil)
    } catch {
      throw Explain.file(file, error)
    }
    var failure: ToolFailure?
    if board || selection.isGiven || transfer.alternate != nil
      || workbench.bench != nil
    {
      do {
        report.board = try boardFit(input.firmware(at: start))
      } catch {
        failure =
          Explain.failure(of: error) ?? ToolFailure(.usage, "\(error)")
        report.board = failure.map { .problem($0.message) }
      }
    }
    Console.out(json ? report.json.text : FirmwareText.of(report))
    if let failure { throw failure }
  }

  private func boardFit(
    _ firmware: JobFirmware
  ) throws -> FirmwareReport.BoardFit {
    let finder = BoardFinder(try selection.selector())
    let options = try transfer.board()
    return try workbench.withBus { bus in
      try Explain.failures(of: file) {
        let selected = try finder.one(JobContext(bus: bus))
        return .fits(
          selected, try firmware.shares(on: selected, options, bus: bus))
      }
    }
  }
}
