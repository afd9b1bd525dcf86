import ArgumentParser
import DFUCore
import SystemPackage

struct OptionBytesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "option-bytes",
    abstract: "Show, set, back up and restore a chip's option bytes.",
    discussion: """
      Example: dfuflash option-bytes show
               dfuflash option-bytes set nBOOT0=1 nSWBOOT0=0
               dfuflash option-bytes backup options.dfu
      """,
    subcommands: [
      OptionBytesShow.self, OptionBytesSet.self, OptionBytesBackup.self,
      OptionBytesRestore.self,
    ], defaultSubcommand: OptionBytesShow.self)
}

/// What the option-bytes commands share.
struct OptionBytesOptions: ParsableArguments {
  @OptionGroup var memory: MemoryOptions

  @Option(
    help: ArgumentHelp(
      "The chip, where it cannot be told from what the board shows.",
      valueName: "name"))
  var chip: String?

  func withOptionBytes(
    _ body: (OptionBytesWork, BoardMemory, OptionByteImage) throws -> Void
  ) throws {
    try memory.withWork(
      Reporters.make(toStandardError: true),
      chip: try chip.map(ChipOption.family)
    ) { work in
      let options = OptionBytesWork(work: work)
      let memory = try options.memory()
      try body(options, memory, try options.read(memory))
    }
  }
}

struct OptionBytesShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the option bytes by their names.",
    discussion: "Example: dfuflash option-bytes show --json")

  @OptionGroup var options: OptionBytesOptions

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws {
    try options.withOptionBytes { work, _, image in
      if json {
        Console.out(try JSONText.of(OptionBytesRecord(work, image)))
      } else {
        Console.out(OptionBytesText.of(work, image))
      }
    }
  }
}

/// Asking before something that cannot be undone.
struct ConsentOptions: ParsableArguments {
  @Flag(help: "Do it without asking.")
  var yes = false

  @Flag(help: "Write option bytes that look wrong or raise protection.")
  var force = false

  @Flag(
    name: .customLong("permanently-lock-this-chip"),
    help: "Allow readout protection level 2: there is no way back.")
  var permanentlyLock = false

  var permissions: OptionBytePermissions {
    OptionBytePermissions(force: force, permanentLock: permanentlyLock)
  }

  /// Asks on a terminal; without one only `--yes` will do.
  func obtain(_ question: String) throws(ToolFailure) {
    if yes { return }
    try Self.ask(question)
  }

  /// Asks whether to do something.
  static func ask(_ question: String) throws(ToolFailure) {
    guard Console.isTerminal(.standardInput) else {
      throw ToolFailure(
        .usage, "\(question): there is nobody to ask",
        advice: .confirm)
    }
    Console.err("\(question)? [y/N] ", terminator: "")
    let answer = readLine()?.lowercased() ?? ""
    guard answer == "y" || answer == "yes" else {
      throw ToolFailure(.usage, "not confirmed", advice: .nothingWritten)
    }
  }
}

struct OptionBytesSet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Change option bytes by their names.",
    discussion: """
      Only the named bits change; reserved ones stay as they are. The chip \
      resets. An interrupted write can lock a chip: do not unplug it.

      Example: dfuflash option-bytes set nBOOT0=1 BOR_LEV=0
      """)

  @Argument(help: "What to set, as NAME=VALUE.")
  var assignments: [String]

  @OptionGroup var options: OptionBytesOptions
  @OptionGroup var consent: ConsentOptions

  func run() throws {
    let wanted = try OptionBytesFailure.explained {
      () throws(OptionByteError) in
      var list: [OptionAssignment] = []
      for text in assignments { list.append(try .init(parsing: text)) }
      return list
    }
    try options.withOptionBytes { work, memory, image in
      let layout = try work.layout()
      let new = try OptionBytesFailure.explained {
        () throws(OptionByteError) in
        try layout.setting(wanted, in: image)
      }
      try work.replace(image, with: new, layout, memory, consent)
    }
  }
}

struct OptionBytesBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write the option bytes to a DfuSe file.",
    discussion: "Example: dfuflash option-bytes backup options.dfu")

  @Argument(help: "The new file.", completion: .file())
  var file: String

  @OptionGroup var options: OptionBytesOptions

  func run() throws {
    let sink = try UploadSink(file)
    try options.withOptionBytes { work, memory, image in
      var content = FirmwareImage()
      let ids = work.work.board.device.descriptor
      let bytes: [UInt8]
      do throws(FirmwareError) {
        for window in image.windows {
          try content.add(window.bytes, at: window.start)
        }
        bytes = try FirmwareFile.dfuse(
          [
            FirmwareTarget(
              alternate: memory.alternate.number, name: "Option Bytes",
              image: content)
          ],
          suffix: DFUSuffix(
            vendor: ids.vendor, product: ids.product,
            deviceVersion: ids.deviceVersion))
      } catch {
        throw ToolFailure(.internalFault, "\(error)")
      }
      try sink.write(bytes[...])
      try sink.finish()
      Console.out(
        "Board \(work.work.board.label): option bytes are in \(Files.shown(file))."
      )
    }
  }
}

struct OptionBytesRestore: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Write the option bytes of a file to the chip.",
    discussion: "Example: dfuflash option-bytes restore options.dfu")

  @Argument(
    help: "A file written by backup, or raw bytes of the window.",
    completion: .file())
  var file: String

  @OptionGroup var options: OptionBytesOptions
  @OptionGroup var consent: ConsentOptions

  func run() throws {
    let input = try FirmwareInput(file)
    try options.withOptionBytes { work, memory, image in
      var new = image
      for part in try input.parts(
        at: memory.map.runs.first?.address, for: work.work)
      {
        for segment in part.image.segments {
          guard
            let index = new.windows.firstIndex(where: {
              $0.start == segment.address
                && $0.bytes.count >= segment.bytes.count
            })
          else {
            throw ToolFailure(
              .usage,
              """
              \(Files.shown(file)) has \(segment.bytes.count) bytes for \
              0x\(hex(segment.address)), where board \
              \(work.work.board.label) has no such option bytes
              """, advice: .nothingWritten)
          }
          new.windows[index].bytes.replaceSubrange(
            0..<segment.bytes.count, with: segment.bytes)
        }
      }
      try work.replace(image, with: new, try work.layout(), memory, consent)
    }
  }
}

/// Turns what the codec complains of into a `ToolFailure`.
enum OptionBytesFailure {
  static func explained<Result>(
    _ body: () throws(OptionByteError) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(OptionByteError) {
      return try body()
    } catch {
      throw ToolFailure(
        .usage, "\(error)",
        advice: .optionByteNames)
    }
  }
}

extension OptionBytesWork {
  /// The layout of the chip's option bytes, or what all that it may have
  /// agree on.
  ///
  /// - Throws: `ToolFailure` when the chip is not known well enough to change
  ///   them.
  func layout() throws(ToolFailure) -> OptionByteLayout {
    if let layout = commonLayout { return layout }
    throw ToolFailure(
      .usage,
      """
      board \(work.board.label): it is not certain what its option bytes mean \
      (\(work.knowledge.identification.summary)), so they are not changed
      """,
      advice: layouts.isEmpty
        ? .chipName
        : .chipChoice(
          work.knowledge.identification.candidates.map(\.name)))
  }

  /// What can be written of an image; says which bytes stay as they are
  /// although others are wanted there.
  private func writable(
    _ new: OptionByteImage, over old: OptionByteImage,
    _ layout: OptionByteLayout
  ) -> OptionByteImage {
    var result = new
    for window in new.windows {
      let length = max(0, layout.writableLength(of: window.window))
      let rest = window.bytes.count - length
      let first = window.start &+ UInt32(length)
      guard rest > 0, let stays = old.bytes(at: first, count: rest),
        stays != new.bytes(at: first, count: rest)
      else { continue }
      result.lay(stays, at: first)
      work.reporter.note(
        """
        note: the last \(rest) of \(window.bytes.count) option bytes, from \
        0x\(hex(first)) on, cannot be written and stay as they are
        """)
    }
    return result
  }

  /// Shows the difference, asks, writes, waits for the chip, reads back and
  /// compares.
  func replace(
    _ old: OptionByteImage, with wanted: OptionByteImage,
    _ layout: OptionByteLayout, _ memory: BoardMemory,
    _ consent: ConsentOptions
  ) throws(ToolFailure) {
    let new = writable(wanted, over: old, layout)
    let writes = layout.writes(of: new, over: old)
    guard !writes.isEmpty else {
      Console.out("Board \(work.board.label): the option bytes are so already.")
      return
    }
    try work.learnBootloader(memory.alternate.number)
    for window in writes {
      try check(
        window.bytes, at: window.start, over: old, consent.permissions)
    }
    let changes = layout.changes(from: old, to: new)
    for change in changes { Console.out("  \(change.text)") }
    try checkLimits(changes, memory)
    try consent.obtain("Write these option bytes to board \(work.board.label)")
    let outcome: Outcome
    do throws(ToolFailure) {
      outcome = try write(writes, in: memory)
    } catch {
      throw aftermath(of: error, from: old, to: new, layout)
    }
    switch outcome {
    case .gone:
      Console.out(
        """
        Sent. The board has left DFU mode with its reset and is not back at \
        port \(work.board.path), so they could not be read back: to see what \
        the chip took, put it into DFU mode and run dfuflash option-bytes show.
        """)
    case .back(let selected):
      let work = BoardWork(
        selected, on: work.bus, work.settings, work.reporter)
      let options = OptionBytesWork(work: work)
      let now: OptionByteImage
      do throws(ToolFailure) {
        now = try options.read(try options.memory())
      } catch {
        throw options.aftermath(of: error, from: old, to: new, layout)
      }
      let wrong = layout.changes(from: now, to: new)
      guard wrong.isEmpty else {
        throw options.aftermath(
          of: ToolFailure(
            .device,
            """
            board \(work.board.label): the chip did not take all option \
            bytes: \(wrong.map(\.text).joined(separator: "; "))
            """), from: old, to: new, layout)
      }
      Console.out("Board \(work.board.label): written and read back.")
    }
  }
}
