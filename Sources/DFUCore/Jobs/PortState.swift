/// What is at a board's port after it was told to reset or to leave.
public enum PortState: Hashable, Sendable {
  /// Nothing.
  case gone
  /// The board, which has not left the bus.
  case stillThere
  /// The board, which left and came back in DFU mode.
  case backInDFUMode(SelectedBoard)
  /// The board's application, or another device where the board was.
  case running(USBDevice)
  /// Another board of the same kind, by its serial number.
  case anotherBoard(Board)
  /// The bus, or the board on it, cannot be looked at.
  case unknown(USBError)
}

extension Board {
  /// Whether its alternate settings have other names than those of the board
  /// that was at its port before.
  func showsOtherSettings(than old: Board) -> Bool {
    problem == nil
      && interfaces.map { $0.alternates.map(\.name) }
        != old.interfaces.map { $0.alternates.map(\.name) }
  }
}

extension JobContext {
  /// Waits for a board to leave the bus, and for it to come back in DFU mode.
  /// This is not ended by the wish to stop: the board is past a point of no
  /// return. A board that is open is not seen to come back: close it before.
  ///
  /// - Parameters:
  ///   - departure: how long it may take to leave.
  ///   - arrival: how long it may take to come back; zero looks once.
  func portState(
    of board: Board, leavingWithin departure: Duration,
    returningWithin arrival: Duration = .zero
  ) -> PortState {
    do throws(USBError) {
      let watch = BoardWatch(bus)
      guard try watch.hasLeft(board.device, within: departure) else {
        return .stillThere
      }
      var last = PortState.gone
      let back = try watch.wait(atMost: arrival) {
        () throws(USBError) -> PortState? in
        last = try present(insteadOf: board)
        if case .backInDFUMode = last { return last }
        return nil
      }
      return back ?? last
    } catch {
      return .unknown(error)
    }
  }

  private func present(insteadOf board: Board) throws(USBError) -> PortState {
    let ids = board.device.descriptor
    guard let device = try bus.devices().first(where: { $0.path == board.path })
    else { return .gone }
    guard device.descriptor.vendor == ids.vendor,
      device.descriptor.product == ids.product,
      Board.interfaces(of: device).contains(where: { $0.mode == .dfu })
    else { return .running(device) }
    let back = Board(looking: device, on: bus)
    // Straight after it appears the system may not have given the user access
    // yet.
    if let problem = back.problem {
      return problem.code == .noDevice ? .gone : .unknown(problem)
    }
    guard let interface = back.interfaces.first(where: { $0.mode == .dfu })
    else { return .running(device) }
    let isSame =
      back.serial?.raw == board.serial?.raw || board.notUniqueSerial != nil
    return isSame
      ? .backInDFUMode(SelectedBoard(board: back, interface: interface))
      : .anotherBoard(back)
  }
}
