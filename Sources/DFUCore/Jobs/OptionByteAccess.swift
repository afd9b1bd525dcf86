/// What is known of option bytes after they were written.
public enum OptionByteOutcome: Hashable, Sendable {
  /// They were so already; nothing was written.
  case asWanted
  /// They were read back and are as wanted.
  case checked
  /// They can no longer be read back: readout protection is on, as wanted.
  case protected
  /// The board has left DFU mode, so that they were not read back.
  case unchecked
}

/// The option bytes of one board: reading them, and writing them with a look
/// at what came of it.
struct OptionByteAccess {
  let session: BoardSession
  let memory: BoardMemory

  /// How long a chip may take to reset after its option bytes were written.
  private static let resetLimit = Duration.seconds(2)
  /// How long it may take to come back, beyond its usual time.
  private static let patience = Duration.seconds(5)

  /// - Throws: `JobError` when the bootloader does not show them.
  init(_ session: BoardSession) throws(JobError) {
    self.session = session
    let memories = session.selected.interface.memories
    guard let memory = memories.first(where: \.holdsOptionBytes) else {
      throw session.fail(.noOptionBytes(session.knowledge.identification))
    }
    self.memory = memory
  }

  /// What all layouts that the chip may have agree on.
  var commonLayout: OptionByteLayout? {
    OptionByteLayout(commonTo: session.optionByteLayouts)
  }

  /// Reads all windows.
  func read() throws(JobError) -> OptionByteImage {
    let flasher = try session.flasher(memory, isQuiet: true)
    var windows: [OptionByteImage.Window] = []
    for run in memory.map.runs {
      var bytes: [UInt8] = []
      try session.perform { () throws(FlashError) in
        try flasher.read(UInt64(run.address)..<run.end) { bytes += $0 }
      }
      windows.append(.init(start: run.address, bytes: bytes))
    }
    return OptionByteImage(windows)
  }

  // MARK: Writing

  /// Writes an image of option bytes as it is and looks at what came of it.
  func write(_ image: FirmwareImage) throws(JobError) -> OptionByteOutcome {
    let old = try? read()
    var new = old ?? OptionByteImage([])
    for segment in image.segments {
      new.lay(segment.bytes, at: segment.address)
    }
    let windows = image.segments.map {
      OptionByteImage.Window(start: $0.address, bytes: $0.bytes)
    }
    let report = session.context.report
    report(.progress(.began(.write, total: image.byteCount)))
    let outcome = try write(windows, from: old, to: new)
    report(.progress(.progress(.write, done: image.byteCount)))
    report(.progress(.finished(.write)))
    return outcome
  }

  /// Writes windows, waits for the chip after each, reads back and compares.
  func write(
    _ windows: [OptionByteImage.Window], from old: OptionByteImage?,
    to new: OptionByteImage
  ) throws(JobError) -> OptionByteOutcome {
    do throws(JobError) {
      session.condition = .unknown
      let back = try send(windows)
      session.condition = .complete
      session.tellOfPowerCycle(after: .writeOptionBytes)
      guard let back else { return .unchecked }
      defer { back.close() }
      return try OptionByteAccess(back).compare(windows, from: old, to: new)
    } catch {
      var failure = error
      failure.memory = .unknown
      failure.optionBytes = condition(from: old, to: new)
      throw failure
    }
  }

  /// Sends windows one after another; after each the chip resets and is waited
  /// for at its port.
  ///
  /// - Returns: the board, back in DFU mode; `nil` when it does not come back:
  ///   it runs its program, or waits for its power.
  func send(
    _ windows: [OptionByteImage.Window]
  ) throws(JobError) -> BoardSession? {
    var current = session
    for (index, window) in windows.enumerated() {
      try Self.send(window, memory.alternate.number, current)
      current.close()
      let state = current.context.portState(
        of: current.board, leavingWithin: Self.resetLimit,
        returningWithin: returnLimit)
      switch state {
      case .backInDFUMode(let selected):
        current = try current.returned(as: selected)
      case .gone, .running:
        guard index == windows.count - 1 else {
          throw session.fail(
            .optionBytesHalfWritten(windows: index + 1, of: windows.count))
        }
        return nil
      case .stillThere: throw session.fail(.optionBytesNotLoaded)
      case .anotherBoard, .unknown:
        throw session.fail(.notLeft(state, wayOut: .unknown, known: []))
      }
    }
    return current
  }

  /// Sends one window, and asks until the board reports an error or goes.
  private static func send(
    _ window: OptionByteImage.Window, _ alternate: UInt8,
    _ session: BoardSession
  ) throws(JobError) {
    let open = try session.session(alternate)
    try session.speaking { () throws(DFUError) in
      try open.writeAndReset(window.bytes, at: window.start)
      try open.connection.askUntilGone(
        .write, at: window.start, within: resetLimit)
    }
  }

  private var returnLimit: Duration {
    session.knowledge.rules.enumerationTime + Self.patience
  }

  // MARK: Afterwards

  /// Compares what the chip holds now, on the board that came back.
  private func compare(
    _ windows: [OptionByteImage.Window], from old: OptionByteImage?,
    to new: OptionByteImage
  ) throws(JobError) -> OptionByteOutcome {
    let now: OptionByteImage
    do throws(JobError) {
      now = try read()
    } catch {
      guard wantsProtection(new), case .readProtected = error.cause else {
        throw error
      }
      return .protected
    }
    if let layout = commonLayout {
      let wrong = layout.changes(from: now, to: new)
      guard wrong.isEmpty else {
        throw session.fail(.optionBytesDiffer(wrong))
      }
    } else if windows.contains(where: {
      now.bytes(at: $0.start, count: $0.bytes.count) != $0.bytes
    }) {
      throw session.fail(.optionBytesDiffer([]))
    }
    return .checked
  }

  private func wantsProtection(_ new: OptionByteImage) -> Bool {
    let level = commonLayout?.decode(new, programmed: true).protection
    return level.map { $0 != .level0 } ?? false
  }

  /// What the chip holds after a write that failed: a half-written chip must
  /// not go unnoticed.
  private func condition(
    from old: OptionByteImage?, to new: OptionByteImage
  ) -> OptionByteCondition {
    session.close()
    let state = session.context.portState(
      of: session.board, leavingWithin: .zero, returningWithin: returnLimit)
    let selected: SelectedBoard
    switch state {
    case .stillThere: selected = session.selected
    case .backInDFUMode(let back): selected = back
    case .gone, .running, .anotherBoard, .unknown: return .notBack
    }
    guard let back = try? session.returned(as: selected) else {
      return .unreadable
    }
    defer { back.close() }
    let now: OptionByteImage
    do throws(JobError) {
      now = try OptionByteAccess(back).read()
    } catch {
      guard case .readProtected = error.cause else { return .unreadable }
      return .protected
    }
    let level = commonLayout?.decode(now).protection
    if now == old { return .asBefore(level) }
    let isWanted = commonLayout?.changes(from: now, to: new).isEmpty
    return isWanted ?? (now == new) ? .asWanted(level) : .other(level)
  }
}

extension DFUConnection {
  /// Asks a device that should reset until it reports an error, has gone, or is
  /// no longer busy. One at work may hold its answer back or refuse the question.
  ///
  /// - Throws: `DFUError` for an error that the device reports.
  func askUntilGone(
    _ operation: DFUOperation, at address: UInt32? = nil,
    within limit: Duration
  ) throws(DFUError) {
    let end = clock.now() + limit
    while clock.now() < end {
      let report: DFUStatusReport
      do throws(DFUError) {
        report = try getStatus(
          limit: .milliseconds(500), during: operation, at: address)
      } catch {
        guard error.isDisturbance else { return }
        clock.sleep(for: .milliseconds(20))
        continue
      }
      if report.status != .ok || report.state == .error {
        throw DFUError(operation, at: address, .status(report))
      }
      guard report.state == .downloadBusy || report.state == .downloadSync
      else { return }
      let pause = Duration.milliseconds(Int(max(report.pollTimeout, 1)))
      clock.sleep(for: min(pause, .milliseconds(100), end - clock.now()))
    }
  }
}
