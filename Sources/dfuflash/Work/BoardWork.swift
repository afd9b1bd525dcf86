import DFUCore

/// What the user's options say of how to work with a board.
struct WorkSettings: Sendable {
  var transferSize: Int?
  var alternate: AlternateSelector?
  var flash = FlashOptions()
  var polling: Polling.Mode?
  /// The chip family the user named.
  var chip: ChipFamily?
  /// The supply voltage the user states, millivolts.
  var millivolts: Int?
  /// Whether only to say what would be done.
  var isDryRun = false
  /// Whether the user named the device by its ids, so that those in a file
  /// do not matter.
  var takesOtherIDs = false
  /// What the user has allowed for option bytes.
  var permissions = OptionBytePermissions()
}

/// Work with one chosen board, from finding it to leaving it. Failures come as
/// `ToolFailure`, each with the board's name and the next step.
final class BoardWork {
  let bus: any USBBus
  let selected: SelectedBoard
  let settings: WorkSettings
  let reporter: any ProgressReporter
  /// What is known of the board's chip.
  private(set) var knowledge: BoardKnowledge
  /// What was going on last; for what is said when it fails.
  private(set) var phase: FlashPhase?
  private var reducedTransferSize: Int?
  /// Where a version byte was asked for already.
  private var askedVersions: Set<UInt32> = []
  fileprivate var current: (alternate: UInt8, session: DfuSeSession)?

  init(
    _ selected: SelectedBoard, on bus: any USBBus, _ settings: WorkSettings,
    _ reporter: any ProgressReporter
  ) {
    self.bus = bus
    self.selected = selected
    self.settings = settings
    self.reporter = reporter
    knowledge = BoardKnowledge(selected, family: settings.chip)
  }

  var board: Board { selected.board }

  /// Finds the one board that is meant, waiting for it if asked to.
  ///
  /// - Parameter chip: what the user says it is, for advice when it is not
  ///   there.
  static func find(
    _ selector: BoardSelector, on bus: any USBBus, waiting: Duration? = nil,
    chip: ChipFamily? = nil
  ) throws(ToolFailure) -> SelectedBoard {
    try find(selector, on: bus, waiting: waiting, chip: chip) {
      (boards) throws(BoardSearchError) in try selector.choose(from: boards)
    }
  }

  /// The memory that the options mean, or that holds `address`.
  func memory(holding address: UInt32?) throws(ToolFailure) -> BoardMemory {
    do throws(AlternateError) {
      return knowledge.corrected(
        try selected.interface.memory(settings.alternate, holding: address))
    } catch {
      throw Explain.alternate(error, board)
    }
  }

  /// The memory of an alternate setting by its number.
  func memory(alternate: UInt8) throws(ToolFailure) -> BoardMemory {
    do throws(AlternateError) {
      return knowledge.corrected(
        try selected.interface.memory(.number(alternate), holding: nil))
    } catch {
      throw Explain.alternate(error, board)
    }
  }

  /// The session with the board on an alternate setting; the board is opened
  /// once and keeps its session while the setting stays the same.
  func session(_ alternate: UInt8) throws(ToolFailure) -> DfuSeSession {
    if let current, current.alternate == alternate { return current.session }
    do {
      let session: DfuSeSession
      if let current {
        try current.session.connection.select(alternate: alternate)
        session = try DfuSeSession(
          current.session.connection, current.session.behaviour)
      } else {
        let connection = try selected.connect(
          on: bus, alternate: alternate,
          transferSize: reducedTransferSize ?? settings.transferSize)
        var behaviour = knowledge.behaviour(settings.polling)
        // The board counts its own transfer size, whatever ours is.
        let size = selected.interface.functional.map { Int($0.transferSize) }
        if size != connection.transferSize {
          behaviour.setsAddressPerBlock = true
        }
        session = try DfuSeSession(connection, behaviour)
      }
      current = (alternate, session)
      return session
    } catch let error as BoardOpenError {
      throw Explain.open(error, board)
    } catch let error as DFUError {
      throw Explain.device(error, board)
    } catch {
      throw ToolFailure(.internalFault, "\(error)")
    }
  }

  /// - Parameter isQuiet: whether its progress is nothing a person wants to
  ///   see.
  func flasher(
    _ memory: BoardMemory, isQuiet: Bool = false
  ) throws(ToolFailure) -> Flasher {
    Flasher(
      try session(memory.alternate.number), memory.map,
      options: knowledge.adapt(settings.flash),
      shouldStop: { Interruption.isWanted },
      report: { [self] event in
        if case .began(let phase, _) = event { self.phase = phase }
        if !isQuiet { reporter.report(event) }
      })
  }

  /// Runs a piece of the flasher's work.
  func perform<Result>(
    _ body: () throws(FlashError) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(FlashError) {
      return try body()
    } catch {
      throw Explain.flash(error, board, during: phase)
    }
  }

  /// Runs a piece of work that speaks with the device itself.
  func speaking<Result>(
    _ body: () throws(DFUError) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(DFUError) {
      return try body()
    } catch {
      throw Explain.device(error, board)
    }
  }

  /// What a look at the start of a memory tells.
  enum FirstLook {
    /// It can be read; its first word.
    case word(UInt32)
    /// The chip does not let itself be read: readout protection.
    case protected(DFUError)
    /// The memory cannot be read at all.
    case unreadable
  }

  /// Reads the first block of a memory.
  func look(at memory: BoardMemory) throws(ToolFailure) -> FirstLook {
    guard let first = memory.map.sectors.first,
      first.access.contains(.readable)
    else { return .unreadable }
    let session = try session(memory.alternate.number)
    let length = min(
      memory.map.runs.first?.size ?? 4, session.connection.transferSize)
    do throws(DFUError) {
      let bytes = try session.read(length, at: first.address)
      return UInt32(littleEndianBytes: Array(bytes.prefix(4)))
        .map(FirstLook.word) ?? .unreadable
    } catch {
      guard error.status == .vendor else {
        throw Explain.device(error, board)
      }
      let protected = FirstLook.protected(error)
      try speaking { () throws(DFUError) in try session.recover() }
      return protected
    }
  }

  /// Reads the bootloader's version where it decides about a known trouble.
  /// Not every bootloader lets it be read; then the trouble stays possible.
  func learnBootloader(_ alternate: UInt8) throws(ToolFailure) {
    let addresses = knowledge.undecidedVersions.filter {
      !askedVersions.contains($0)
    }
    guard !addresses.isEmpty else { return }
    let session = try session(alternate)
    for address in addresses {
      askedVersions.insert(address)
      if let byte = try? session.read(1, at: address).first {
        knowledge = knowledge.knowing(byte, at: address)
      } else {
        try speaking { () throws(DFUError) in try session.recover() }
      }
    }
  }

  /// Whether this bootloader is known to erase wrong sectors in a second bank.
  var mustSpareSecondBank: Bool {
    knowledge.rules.refusals[.eraseSecondBank] != nil
  }

  /// Says what a blank chip must be spared until it is programmed.
  func noteAfterErase() {
    for sentence in knowledge.rules.keepPoweredUntilProgrammed {
      reporter.note("note: \(sentence)")
    }
  }

  /// Refuses to erase sectors of a second bank where the bootloader is known
  /// to erase others instead.
  ///
  /// - Parameter end: one past the last address that is erased.
  func checkSecondBank(
    erasing end: UInt64, in memory: BoardMemory
  ) throws(ToolFailure) {
    guard let first = memory.map.runs.first?.address, end > UInt64(first)
    else { return }
    for operation in knowledge.operations(
      erasing: UInt64(first)..<end, in: memory)
    {
      guard let sentence = knowledge.rules.refusals[operation]?.first else {
        continue
      }
      throw ToolFailure(
        .device, "board \(board.label): \(sentence)", advice: .massErase)
    }
  }

  /// Takes smaller transfers from now on, where that is known to help with
  /// this chip; `false` when there is no such cure.
  func reduceTransfers() -> Bool {
    guard let size = current?.session.connection.transferSize else {
      return false
    }
    guard let bytes = knowledge.rules.transferSizeAfterError, bytes < size
    else { return false }
    reducedTransferSize = bytes
    close()
    return true
  }

  /// What became of a board that was asked to leave DFU mode.
  enum Departure {
    /// It is off the bus.
    case left
    /// It is still there.
    case stayed
  }

  /// Whether the board goes off the bus.
  func departure(within limit: Duration) throws(ToolFailure) -> Departure {
    do throws(USBError) {
      return try BoardWatch(bus, shouldStop: { Interruption.isWanted })
        .hasLeft(board.device, within: limit) ? .left : .stayed
    } catch {
      throw Explain.usb(error, board)
    }
  }

  /// What is at the port of a board that was asked to leave DFU mode.
  enum Parting {
    /// It is off the bus, or shows its program there.
    case left
    /// It has not gone.
    case stayed
    /// It has gone and come back in DFU mode.
    case back(SelectedBoard)
    /// It cannot be told, for this reason.
    case unknown(String)
  }

  /// Whether the board goes off the bus, and what is at its port then.
  func parting(within limit: Duration) -> Parting {
    do throws(USBError) {
      let watch = BoardWatch(bus, shouldStop: { Interruption.isWanted })
      guard try watch.hasLeft(board.device, within: limit) else {
        return .stayed
      }
      let next = try bus.devices().first { $0.path == board.path }
      guard let next, next.descriptor.vendor == board.device.descriptor.vendor,
        next.descriptor.product == board.device.descriptor.product
      else { return .left }
      let back = Board(looking: next, on: bus)
      guard let interface = back.interfaces.first(where: { $0.mode == .dfu })
      else { return .left }
      guard back.serial?.raw == board.serial?.raw else {
        return .unknown("another board is at port \(board.path) now")
      }
      return .back(SelectedBoard(board: back, interface: interface))
    } catch {
      return .unknown("\(error)")
    }
  }

  /// Closes the board.
  func close() { current = nil }

  /// Waits for a board that resets by itself to come back in DFU mode at its
  /// port. The board is closed by this.
  func waitForReturn(
    atMost limit: Duration
  ) throws(ToolFailure) -> OptionBytesWork.Outcome {
    close()
    do throws(USBError) {
      let watch = BoardWatch(bus, shouldStop: { Interruption.isWanted })
      let back = try watch.board(
        at: board.path, mode: .dfu, insteadOf: board.device, within: limit)
      guard let back,
        let interface = back.interfaces.first(where: { $0.mode == .dfu })
      else { return .gone }
      return .back(SelectedBoard(board: back, interface: interface))
    } catch {
      throw Explain.usb(error, board)
    }
  }
}

extension BoardWork {
  /// dfu-util's `-R`: DETACH and a reset of the port. Failure is not one: a
  /// board that has left, or that stalls, is where it should be.
  func resetQuietly() {
    guard let connection = current?.session.connection else { return }
    try? connection.detach(timeout: 1000)
    try? connection.transport.reset()
  }
}
