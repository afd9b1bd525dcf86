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
      throw FirmwareInput.failure(file, error)
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
      let selector = try selection.selector()
      let settings = WorkSettings(
        transferSize: try transfer.transferSize(),
        alternate: transfer.alternateSelector)
      return try workbench.withBus { bus in
        let work = BoardWork(
          try BoardWork.find(selector, on: bus), on: bus, settings,
          Reporters.make(toStandardError: true))
        return try Self.fit(input, start, work)
      }
    } catch let failure as ToolFailure {
      throw failure
    } catch {
      throw ToolFailure(.usage, "\(error)")
    }
  }

  private static func fit(
    _ input: FirmwareInput, _ start: UInt32, _ work: BoardWork
  ) throws(ToolFailure) -> FirmwareReport.BoardFit {
    var fit = FirmwareReport.BoardFit(
      board: work.board.label,
      chip: work.knowledge.identification.summary, fits: true)
    guard work.selected.interface.isDfuSe else {
      try input.checkIDs(work)
      guard input.file.raw != nil else {
        throw ToolFailure(
          .usage,
          """
          \(Files.shown(input.path)) has addresses, but board \
          \(work.board.label) is not in DfuSe mode
          """, advice: .enterDFU)
      }
      return fit
    }
    for part in try input.parts(at: start, for: work) {
      for (memory, image) in try FlashWork(work: work).shares(of: part) {
        do throws(FlashRefusal) {
          fit.memories.append(
            .init(
              memory,
              try FlashPlan.sectors(for: image, in: memory.map)))
        } catch {
          throw Explain.flash(.refused(error), work.board)
        }
      }
    }
    return fit
  }
}
