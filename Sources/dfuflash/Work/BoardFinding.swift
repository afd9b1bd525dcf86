import DFUCore

/// Finding boards: looking, asking for unique IDs where they matter, waiting.
extension BoardWork {
  /// How long a board that has just appeared may be closed to the user.
  static let accessGrace = Duration.seconds(1)

  /// The boards of a bus, with what the selector needs to know of them. A
  /// board that cannot be meant is not opened: another program may be at work
  /// on it.
  static func boards(
    _ selector: BoardSelector, on bus: any USBBus
  ) throws(ToolFailure) -> [Board] {
    do throws(USBError) {
      var boards = try Board.all(on: bus, opening: selector.isPossible)
      if selector.uniqueID != nil {
        Board.readUniqueIDs(of: &boards, on: bus) {
          selector.isPossible($0.device)
        }
      }
      return boards
    } catch {
      throw Explain.usb(error, nil)
    }
  }

  /// Why no board could be chosen, with all that tells the candidates apart.
  static func explained(
    _ error: BoardSearchError, on bus: any USBBus, _ chip: ChipFamily? = nil
  ) -> ToolFailure {
    switch error {
    case .several(var selected):
      // Equal serial numbers: perhaps the chips tell more.
      for index in selected.indices {
        let board = selected[index].board
        let trust = board.serialTrust(among: selected.map(\.board))
        guard !trust.isTrusted, board.uniqueID == nil else { continue }
        selected[index].board.uniqueID =
          selected[index].readUniqueID(on: bus)
      }
      return Explain.search(.several(selected))
    case .none(let present):
      // Those that were not opened are candidates too.
      let known = (try? Board.all(on: bus)) ?? present
      var failure = Explain.search(.none(present: known))
      for sentence in chip?.searchHints ?? [] {
        failure.message += "\n  note: \(sentence)"
      }
      return failure
    default: return Explain.search(error)
    }
  }

  /// Finds the boards that are meant, one at least, waiting for the first if
  /// asked to.
  static func find<Found>(
    _ selector: BoardSelector, on bus: any USBBus, waiting: Duration? = nil,
    chip: ChipFamily? = nil,
    choosing choose: ([Board]) throws(BoardSearchError) -> Found
  ) throws(ToolFailure) -> Found {
    let end = bus.clock.now() + (waiting ?? .zero)
    // Straight after a board appears the system may not have given the user
    // access yet.
    var accessEnd: Duration?
    while true {
      let boards = try boards(selector, on: bus)
      let failure: BoardSearchError
      do throws(BoardSearchError) {
        return try choose(boards)
      } catch {
        failure = error
      }
      let now = bus.clock.now()
      let mayChange: Bool
      switch failure {
      case .none: mayChange = now < end
      case .closed(_, let problem) where problem.code == .access:
        accessEnd = accessEnd ?? now + accessGrace
        mayChange = now < accessEnd ?? now
      default: mayChange = false
      }
      guard waiting != nil, mayChange else {
        throw explained(failure, on: bus, chip)
      }
      if Interruption.isWanted {
        throw ToolFailure(.interrupted, "stopped by the user while waiting")
      }
      do throws(USBError) {
        try bus.waitForChange(atMost: .milliseconds(100))
      } catch {
        throw Explain.usb(error, nil)
      }
    }
  }
}

extension BoardWork {
  /// Finds all boards that are meant, waiting for one if asked to.
  static func findAll(
    _ selector: BoardSelector, on bus: any USBBus, waiting: Duration? = nil
  ) throws(ToolFailure) -> [SelectedBoard] {
    try find(selector, on: bus, waiting: waiting) {
      (boards) throws(BoardSearchError) in
      try selector.chooseAll(from: boards)
    }
  }
}
