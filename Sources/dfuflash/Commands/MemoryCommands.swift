import ArgumentParser
import DFUCore

/// What the commands that work on one memory of one board share.
struct MemoryOptions: ParsableArguments {
  @OptionGroup(title: "Board") var selection: SelectionOptions
  @OptionGroup(title: "Transfer") var transfer: TransferOptions
  @OptionGroup(title: "General") var workbench: WorkbenchOptions
  @OptionGroup(title: "Waiting") var waiting: WaitOptions

  func withWork(
    _ reporter: any ProgressReporter, chip: ChipFamily? = nil,
    _ body: (BoardWork) throws -> Void
  ) throws {
    let selector = try selection.selector()
    let settings = WorkSettings(
      transferSize: try transfer.transferSize(),
      alternate: transfer.alternateSelector, chip: chip)
    try workbench.withBus { bus in
      let selected = try BoardWork.find(
        selector, on: bus, waiting: waiting.limit, chip: chip)
      guard selected.interface.isDfuSe else {
        throw ToolFailure(
          .usage,
          """
          board \(selected.board.label) is not in DfuSe mode, so its memory \
          has no addresses
          """, advice: .plainDFU)
      }
      try body(BoardWork(selected, on: bus, settings, reporter))
    }
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare a firmware file with a board's memory.",
    discussion: "Example: dfuflash verify fw.bin")

  @Argument(
    help: "The firmware file; - is standard input.", completion: .file())
  var file: String

  @OptionGroup var memory: MemoryOptions
  @OptionGroup(title: "File") var firmware: FirmwareOptions

  @Option(
    help: ArgumentHelp(
      "Where a file without addresses belongs.", valueName: "address"))
  var address: Address?

  func run() throws {
    let input = try firmware.input(file)
    try memory.withWork(Reporters.make(toStandardError: false)) { work in
      let parts = try input.parts(
        at: address?.value ?? 0x0800_0000, for: work)
      for part in parts {
        for (target, image) in try FlashWork(work: work).shares(of: part) {
          let flasher = try work.flasher(target)
          try work.perform { () throws(FlashError) in
            try flasher.verify(image)
          }
        }
      }
      Console.out("Board \(work.board.label) holds \(Files.shown(file)).")
    }
  }
}

struct ReadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Read a board's memory into a file.",
    discussion: """
      Example: dfuflash read --address 0x08000000 --length 65536 backup.bin
      """)

  @Argument(help: "The new file; - is standard output.", completion: .file())
  var file: String

  @OptionGroup var memory: MemoryOptions

  @Option(help: "The first address; the memory's first if left out.")
  var address: Address?

  @Option(help: "How many bytes; to the end of the memory if left out.")
  var length: Address?

  @Flag(help: "Replace the file if it exists.")
  var force = false

  func run() throws {
    let sink = try UploadSink(file, replaces: force)
    try memory.withWork(Reporters.make(toStandardError: file == "-")) { work in
      let target = try work.memory(holding: address?.value)
      let range = try DfuUtilWork.range(
        address?.value, length: length?.value, in: target, work)
      let flasher = try work.flasher(target)
      try work.perform { () throws(FlashError) in
        try flasher.read(range) { (bytes) throws(FlashError) in
          do throws(ToolFailure) {
            try sink.write(bytes)
          } catch {
            throw .output(error.message)
          }
        }
      }
      try sink.finish()
    }
  }
}

struct EraseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Erase sectors, or all of a memory.",
    discussion: """
      Example: dfuflash erase --address 0x08004000 --length 16384
               dfuflash erase --all
      """)

  @OptionGroup var memory: MemoryOptions

  @Option(help: "The first address; every sector touched is erased.")
  var address: Address?

  @Option(help: "How many bytes; one sector if left out.")
  var length: Address?

  @Flag(help: "Erase the whole memory at once.")
  var all = false

  func validate() throws {
    if all == (address != nil) {
      throw ValidationError("give either --address or --all")
    }
  }

  func run() throws {
    try memory.withWork(Reporters.make(toStandardError: false)) { work in
      let target = try work.memory(holding: address?.value)
      try work.learnBootloader(target.alternate.number)
      if let address {
        try work.checkSecondBank(
          erasing: UInt64(address.value) + UInt64(max(1, length?.value ?? 1)),
          in: target)
      }
      let flasher = try work.flasher(target)
      try work.perform { () throws(FlashError) in
        if let address {
          let start = UInt64(address.value)
          try flasher.erase(start..<start + UInt64(max(1, length?.value ?? 1)))
        } else {
          try flasher.massErase()
        }
      }
      work.noteAfterErase()
    }
  }
}

struct UnprotectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unprotect",
    abstract: "Lift readout protection; the chip erases its flash.",
    discussion: "Example: dfuflash unprotect --yes")

  @OptionGroup var memory: MemoryOptions

  @Flag(help: "Do it: everything in the chip's flash is lost.")
  var yes = false

  func run() throws {
    guard yes else {
      throw ToolFailure(
        .usage,
        "lifting readout protection erases everything in the chip's flash",
        advice: .confirm)
    }
    try memory.withWork(Reporters.make(toStandardError: false)) { work in
      let target = try work.memory(holding: nil)
      try UnprotectWork(work: work).run(target.alternate.number)
    }
  }
}
