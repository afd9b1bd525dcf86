import DFUCore

/// What the user has allowed for writes that a chip may not survive.
struct OptionBytePermissions {
  /// `--force`: raised protection, complements that do not match.
  var force = false
  /// `--permanently-lock-this-chip`: readout protection level 2.
  var permanentLock = false
}

/// The option bytes of one board: reading, judging and writing them.
struct OptionBytesWork {
  let work: BoardWork

  /// How long a chip may take to come back after its option bytes were
  /// written, beyond its usual time.
  static let patience = Duration.seconds(5)

  /// The memory of the option bytes.
  ///
  /// - Throws: `ToolFailure` when the bootloader does not show them.
  func memory() throws(ToolFailure) -> BoardMemory {
    let found = work.selected.function.memories.first(where: \.holdsOptionBytes)
    if let found { return found }
    throw ToolFailure(
      .usage,
      """
      board \(work.board.label): this bootloader does not show option bytes \
      (\(work.knowledge.identification.summary))
      """,
      hint: "change them with a debug probe, or from the application")
  }

  /// The layouts the chip's option bytes may have: one when the chip is
  /// known.
  var layouts: [OptionByteLayout] {
    var found: [OptionByteLayout] = []
    for family in work.knowledge.identification.candidates {
      guard let name = family.optionBytes,
        let layout = OptionByteLayout.named(name), !found.contains(layout)
      else { continue }
      found.append(layout)
    }
    return found
  }

  /// What all layouts that the chip may have agree on.
  var commonLayout: OptionByteLayout? { OptionByteLayout(commonTo: layouts) }

  /// The windows the device shows.
  static func windows(of memory: BoardMemory) -> [AddressWindow] {
    memory.map.runs.map { AddressWindow($0.address, length: $0.size) }
  }

  /// Reads all windows.
  func read(
    _ memory: BoardMemory
  ) throws(ToolFailure) -> OptionByteImage {
    let flasher = try work.flasher(memory, isQuiet: true)
    var windows: [OptionByteImage.Window] = []
    for run in memory.map.runs {
      var bytes: [UInt8] = []
      try work.perform { () throws(FlashError) in
        try flasher.read(UInt64(run.address)..<run.end) {
          bytes += $0
        }
      }
      windows.append(.init(start: run.address, bytes: bytes))
    }
    return OptionByteImage(windows)
  }

  // MARK: Judging

  /// Refuses a write that the chip might not survive, from whatever file it
  /// comes and to whatever memory it goes, unless it is allowed.
  func check(
    _ bytes: [UInt8], at address: UInt32, over current: OptionByteImage?,
    _ permissions: OptionBytePermissions
  ) throws(ToolFailure) {
    let shown =
      work.selected.function.memories.filter(\.holdsOptionBytes)
      .flatMap(Self.windows)
    let concerns = OptionByteGuard.concerns(
      writing: bytes, at: address, layouts: layouts, shown: shown,
      current: current)
    let label = work.board.label
    for concern in concerns {
      let sentence = "board \(label): \(concern)"
      switch concern.severity {
      case .note: work.reporter.note("note: \(concern)")
      case .needsForce where permissions.force: break
      case .needsForce:
        throw ToolFailure(
          .usage, sentence,
          hint: "nothing was written; add --force if you are sure")
      case .needsPermanentLock where permissions.permanentLock: break
      case .needsPermanentLock:
        throw ToolFailure(
          .usage, sentence,
          hint: """
            nothing was written; if you really want to lose this chip to \
            debuggers and bootloaders for ever: --permanently-lock-this-chip
            """)
      case .refused:
        throw ToolFailure(.usage, sentence, hint: "nothing was written")
      }
    }
  }

  /// Judges an image meant for any memory; reads what the chip has only when
  /// the image reaches option bytes.
  func check(
    _ image: FirmwareImage, in memory: BoardMemory,
    _ permissions: OptionBytePermissions
  ) throws(ToolFailure) {
    let options = work.selected.function.memories.filter(\.holdsOptionBytes)
    let reaches = image.segments.contains {
      OptionByteGuard.mayReachOptionBytes(
        AddressWindow($0.address, length: $0.bytes.count), layouts: layouts,
        shown: options.flatMap(Self.windows))
    }
    guard reaches else { return }
    // Protected chips do not show them; then all is judged without.
    let current = memory.holdsOptionBytes ? try? read(memory) : nil
    for segment in image.segments {
      try check(
        segment.bytes, at: segment.address, over: current, permissions)
    }
  }

  // MARK: Writing

  /// What became of a board whose option bytes were written.
  enum Outcome {
    /// It is back in DFU mode.
    case back(SelectedBoard)
    /// It has not come back: it runs its program, or waits for its power.
    case gone
  }

  /// Writes windows one after another; after each the chip resets and is
  /// waited for at its port.
  func write(
    _ windows: [OptionByteImage.Window], in memory: BoardMemory
  ) throws(ToolFailure) -> Outcome {
    var current = work
    for (index, window) in windows.enumerated() {
      let session = try current.session(memory.alternate.number)
      try current.speaking { () throws(DFUError) in
        try session.writeAndReset(window.bytes, at: window.start)
      }
      switch try current.waitForReturn(atMost: returnLimit) {
      case .gone:
        guard index == windows.count - 1 else {
          throw ToolFailure(
            .device,
            """
            board \(work.board.label): \(index + 1) of \(windows.count) \
            windows of option bytes are written; then the board did not come \
            back in DFU mode
            """,
            hint: "put it into DFU mode again and run the same command again")
        }
        return .gone
      case .back(let selected):
        current = BoardWork(
          selected, on: work.bus, work.settings, work.reporter)
      }
    }
    return .back(current.selected)
  }

  private var returnLimit: Duration {
    .milliseconds(work.knowledge.shared.reconnectTime ?? 1000)
      + Self.patience
  }

  /// Has the chip load its option bytes anew by writing back exactly what was
  /// read: the cure for a virgin chip that falls back into DFU mode at each
  /// reset.
  func relaunch() throws(ToolFailure) -> Outcome {
    let memory = try memory()
    let image = try read(memory)
    let window = commonLayout?.relaunch(image) ?? image.windows.first
    guard let window else {
      throw ToolFailure(
        .usage,
        """
        board \(work.board.label): none of the chip's option bytes may be \
        written
        """, hint: "unplug the board and plug it in again")
    }
    return try write([window], in: memory)
  }
}
