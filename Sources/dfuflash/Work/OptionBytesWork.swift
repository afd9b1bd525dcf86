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
    let found = work.selected.interface.memories.first(
      where: \.holdsOptionBytes)
    if let found { return found }
    if try work.departure(within: .zero) == .left {
      throw ToolFailure(
        .device,
        """
        board \(work.board.label) has left the bus while it was looked at
        """, advice: .gone)
    }
    throw ToolFailure(
      .usage,
      """
      board \(work.board.label): this bootloader does not show option bytes \
      (\(work.knowledge.identification.summary))
      """,
      advice: .optionBytesElsewhere)
  }

  /// The layouts the chip's option bytes may have: one when the chip is
  /// known.
  var layouts: [OptionByteLayout] {
    var found: [OptionByteLayout] = []
    for family in work.knowledge.identification.candidates {
      guard let layout = family.optionBytes, !found.contains(layout)
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
    _ permissions: OptionBytePermissions,
    refused: Hint = .nothingWritten
  ) throws(ToolFailure) {
    let shown =
      work.selected.interface.memories.filter(\.holdsOptionBytes)
      .flatMap(Self.windows)
    let concerns = OptionByteGuard.concerns(
      writing: bytes, at: address, layouts: layouts, shown: shown,
      current: current)
    let label = work.board.label
    for concern in concerns {
      if case .raisesProtection = concern {
        for sentence in work.knowledge.rules.warnings[.raiseProtection] ?? [] {
          work.reporter.note("warning: \(sentence)")
        }
      }
      let sentence = "board \(label): \(concern)"
      switch concern.severity {
      case .note: work.reporter.note("note: \(concern)")
      case .needsForce where permissions.force: break
      case .needsForce:
        throw ToolFailure(
          .usage, sentence,
          advice: .forceOptionBytes)
      case .needsPermanentLock where permissions.permanentLock: break
      case .needsPermanentLock:
        throw ToolFailure(
          .usage, sentence,
          advice: .permanentLock)
      case .needsProductState, .refused:
        throw ToolFailure(.usage, sentence, advice: refused)
      }
    }
  }

  /// Judges an image meant for any memory; reads what the chip has only when
  /// the image reaches option bytes.
  func check(
    _ image: FirmwareImage, in memory: BoardMemory,
    _ permissions: OptionBytePermissions
  ) throws(ToolFailure) {
    let options = work.selected.interface.memories.filter(\.holdsOptionBytes)
    let reaches = image.segments.contains {
      OptionByteGuard.mayReachOptionBytes(
        AddressWindow($0.address, length: $0.bytes.count), layouts: layouts,
        shown: options.flatMap(Self.windows))
    }
    guard reaches else { return }
    if memory.holdsOptionBytes {
      try work.learnBootloader(memory.alternate.number)
    }
    // Protected chips do not show them; then all is judged without.
    let current = memory.holdsOptionBytes ? try? read(memory) : nil
    for segment in image.segments {
      try check(
        segment.bytes, at: segment.address, over: current, permissions,
        refused: .restoreLeavesOut)
    }
    guard let current else { return }
    var new = current
    for segment in image.segments {
      new.lay(segment.bytes, at: segment.address)
    }
    // A field that only one of several possible chips has counts, too.
    try checkLimits(
      layouts.flatMap { $0.changes(from: current, to: new) }, memory)
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
      try Self.write(window, memory.alternate.number, current)
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
            advice: .enterDFUAgain)
        }
        return .gone
      case .back(let selected):
        current = BoardWork(
          selected, on: work.bus, work.settings, work.reporter)
      }
    }
    return .back(current.selected)
  }

  /// Sends one window. The session ends with this: a board that is open is
  /// not seen to come back.
  private static func write(
    _ window: OptionByteImage.Window, _ alternate: UInt8, _ work: BoardWork
  ) throws(ToolFailure) {
    let session = try work.session(alternate)
    try work.speaking { () throws(DFUError) in
      try session.writeAndReset(window.bytes, at: window.start)
    }
  }

  // MARK: After a write that did not end well

  /// A failure with what the chip holds after it: a half-written chip must not
  /// go unnoticed.
  func aftermath(
    of failure: ToolFailure, from old: OptionByteImage,
    to new: OptionByteImage, _ layout: OptionByteLayout
  ) -> ToolFailure {
    func told(_ sentence: String, _ advice: Hint) -> ToolFailure {
      ToolFailure(
        failure.status, "\(failure.message); \(sentence)", advice: advice)
    }
    guard let back = returned() else {
      return told(
        "it has not come back in DFU mode, so what its option bytes are now "
          + "is not known",
        .showOptionBytesInDFU)
    }
    let options = OptionBytesWork(work: back)
    guard let memory = try? options.memory(),
      let look = try? back.look(at: memory)
    else {
      return told(
        "what its option bytes are now could not be read",
        .showOptionBytes)
    }
    if case .protected = look {
      return told(
        "it is back, with readout protection at level 1",
        .liftProtection)
    }
    guard let now = try? options.read(memory) else {
      return told(
        "what its option bytes are now could not be read",
        .showOptionBytes)
    }
    let level =
      layout.decode(now).protection.map { " (readout protection \($0))" }
      ?? ""
    if now == old {
      return told(
        "it is back, and its option bytes are as they were\(level)",
        .runAgain)
    }
    if layout.changes(from: now, to: new).isEmpty {
      return told(
        "it is back, and its option bytes are as wanted\(level)",
        .nothingLeft)
    }
    return told(
      "it is back, and its option bytes are neither as they were nor as "
        + "wanted\(level)",
      .showOptionBytesAndRunAgain)
  }

  /// The board, there still or again.
  private func returned() -> BoardWork? {
    if (try? work.departure(within: .zero)) == .stayed { return work }
    guard
      case .back(let selected)? = try? work.waitForReturn(
        atMost: returnLimit)
    else { return nil }
    return BoardWork(selected, on: work.bus, work.settings, work.reporter)
  }

  // MARK: Known troubles

  /// Reads the bootloader's version where that decides, and refuses what it
  /// is known to do wrong.
  func checkLimits(
    _ changes: [OptionChange], _ memory: BoardMemory
  ) throws(ToolFailure) {
    try work.learnBootloader(memory.alternate.number)
    let roles = changes.map(\.field.role)
    let rules = work.knowledge.rules
    if roles.contains(.codeProtection) {
      if let sentence = rules.refusals[.writeCodeProtection]?.first {
        throw ToolFailure(
          .usage, "board \(work.board.label): \(sentence)",
          advice: .codeProtectionElsewhere)
      }
      for sentence in rules.warnings[.writeCodeProtection] ?? [] {
        work.reporter.note("note: \(sentence)")
      }
    }
    if let sentence = rules.splitsOptionByteWrites {
      if roles.contains(.readoutProtection), roles.contains(where: \.isSecure) {
        throw ToolFailure(
          .usage, "board \(work.board.label): \(sentence)",
          advice: .protectionAlone)
      }
      work.reporter.note("note: \(sentence)")
    }
    for sentence in rules.powerCycles[.writeOptionBytes] ?? [] {
      work.reporter.note("note: \(sentence)")
    }
  }

  private var returnLimit: Duration {
    .milliseconds(work.knowledge.shared.reconnectTime ?? 1000)
      + Self.patience
  }

  /// Has the chip load its option bytes again by writing back exactly what was
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
        """, advice: .replug)
    }
    return try write([window], in: memory)
  }
}
