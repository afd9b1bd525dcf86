/// Finding boards: looking, asking for unique IDs where they matter, waiting.
public struct BoardFinder: Hashable, Sendable {
  /// Which boards are meant.
  public var selector: BoardSelector
  /// How long to wait for them; `nil` looks once.
  public var waiting: Duration?
  /// How many boards ``all(_:)`` waits for at least.
  public var expected = 1
  /// What the user says the chip is.
  public var chip: ChipFamily?
  /// The alternate setting that ``one(_:)`` waits for: the loaders of some chips
  /// follow each other at the same port, with other settings.
  public var alternate: AlternateSelector?

  /// How long a board that has just appeared may be closed to the user.
  static let accessGrace = Duration.seconds(1)

  /// Boards that fit a selector.
  public init(_ selector: BoardSelector, waiting: Duration? = nil) {
    self.selector = selector
    self.waiting = waiting
  }

  /// The one board that is meant.
  public func one(_ context: JobContext) throws(JobError) -> SelectedBoard {
    var last: SelectedBoard?
    var told: Board?
    do throws(JobError) {
      return try find(context) { (boards) throws(BoardSearchError) in
        last = nil
        let chosen = try selector.choose(from: boards)
        guard waiting != nil, chosen.interface.mode == .dfu, let alternate,
          !chosen.interface.alternates.contains(where: alternate.matches)
        else { return chosen }
        last = chosen
        if told != chosen.board {
          told = chosen.board
          context.report(.waitingForAlternate(alternate, chosen.board))
        }
        throw .none(present: boards)
      }
    } catch {
      // Who works with it says what it has instead.
      guard let last, error.cause != .stopped else { throw error }
      return last
    }
  }

  /// All boards that are meant.
  public func all(_ context: JobContext) throws(JobError) -> [SelectedBoard] {
    let clock = context.bus.clock
    let end = clock.now() + (waiting ?? .zero)
    var told = -1
    while true {
      let found = try find(context) { (boards) throws(BoardSearchError) in
        try selector.chooseAll(from: boards)
      }
      guard found.count < expected else { return found }
      guard clock.now() < end else {
        throw JobError(
          .tooFewBoards(found: found.count, expected: expected))
      }
      if told != found.count {
        told = found.count
        context.report(.waiting(found: told, of: expected))
      }
      try Self.pause(context)
    }
  }

  /// All boards that are connected.
  public static func present(
    _ context: JobContext
  ) throws(JobError) -> [Board] {
    do throws(USBError) {
      return try Board.all(on: context.bus)
    } catch {
      throw JobError(.usb(error))
    }
  }

  package static func pause(_ context: JobContext) throws(JobError) {
    try context.checkStop(nil)
    do throws(USBError) {
      try context.bus.waitForChange(atMost: .milliseconds(100))
    } catch {
      throw JobError(.usb(error))
    }
  }

  /// The boards of the bus, with what the selector needs to know of them. A
  /// board that cannot be meant is not opened: another program may be at work
  /// on it.
  private func boards(_ bus: any USBBus) throws(JobError) -> [Board] {
    do throws(USBError) {
      var boards = try Board.all(on: bus, opening: selector.isPossible)
      if selector.uniqueID != nil {
        Board.readUniqueIDs(of: &boards, on: bus) {
          selector.isPossible($0.device)
        }
      }
      return boards
    } catch {
      throw JobError(.usb(error))
    }
  }

  private func find<Found>(
    _ context: JobContext,
    _ choose: ([Board]) throws(BoardSearchError) -> Found
  ) throws(JobError) -> Found {
    let clock = context.bus.clock
    let end = clock.now() + (waiting ?? .zero)
    // Straight after a board appears the system may not have given the user
    // access yet.
    var accessEnd: Duration?
    while true {
      let boards = try boards(context.bus)
      let failure: BoardSearchError
      do throws(BoardSearchError) {
        return try choose(boards)
      } catch {
        failure = error
      }
      let now = clock.now()
      let mayChange: Bool
      switch failure {
      case .none: mayChange = now < end
      case .closed(_, let problem) where problem.code == .access:
        accessEnd = accessEnd ?? now + Self.accessGrace
        mayChange = now < accessEnd ?? now
      default: mayChange = false
      }
      guard waiting != nil, mayChange else {
        throw explained(failure, on: context.bus)
      }
      try Self.pause(context)
    }
  }

  /// Why no board could be chosen, with all that tells the candidates apart.
  private func explained(
    _ error: BoardSearchError, on bus: any USBBus
  ) -> JobError {
    switch error {
    case .several(var selected):
      // Equal serial numbers: perhaps the chips tell more.
      for index in selected.indices {
        let board = selected[index].board
        let trust = board.serialTrust(among: selected.map(\.board))
        guard !trust.isTrusted, board.uniqueID == nil else { continue }
        selected[index].board.uniqueID = selected[index].readUniqueID(on: bus)
      }
      return JobError(.search(.several(selected)))
    case .closed(let board, let problem):
      return JobError(.usb(problem), board)
    case .none(let present):
      // Those that were not opened are candidates too.
      let known = (try? Board.all(on: bus)) ?? present
      let others = (try? bus.devices()) ?? []
      return JobError(
        .noBoard(
          .init(
            present: known, unnamed: selector.unnamed(among: known),
            nearby: others.compactMap { KnownDevice.named($0.descriptor) },
            known: chip?.searchHints ?? [])))
    case .notUniqueSerial, .otherProtocol: return JobError(.search(error))
    }
  }
}
