import DFUCore

/// Taking a board from its application into DFU mode.
struct DetachWork {
  let bus: any USBBus
  /// The longest to wait for the board in DFU mode.
  let limit: Duration

  /// Asks the application to detach, with a bus reset where it does not leave
  /// the bus by itself.
  func detach(_ selected: SelectedBoard) throws(ToolFailure) {
    let board = selected.board
    let functional = selected.function.functional
    do throws(DFUError) {
      let connection = try open(selected)
      try connection.detach(
        timeout: min(1000, functional?.detachTimeout ?? 1000))
      if functional?.attributes.contains(.willDetach) != true {
        // A reset after which the device is another one has done its work;
        // one that fails shows when the device does not come back.
        try? connection.transport.reset()
      }
    } catch {
      if error.isGone && error.operation == .detach { return }
      throw Explain.device(error, board)
    }
  }

  private func open(
    _ selected: SelectedBoard
  ) throws(DFUError) -> DFUConnection {
    let transport: any ControlTransport
    do throws(USBError) {
      transport = try bus.open(selected.board.device)
    } catch {
      throw DFUError(.open, .usb(error))
    }
    // DETACH takes no data, so that the transfer size does not matter.
    return try DFUConnection(
      transport, interface: selected.function.interface, alternate: nil,
      transferSize: 64)
  }

  /// Detaches the board and finds it again in DFU mode at the same port.
  func toDFUMode(
    _ selected: SelectedBoard
  ) throws(ToolFailure) -> SelectedBoard {
    try detach(selected)
    let old = selected.board
    do throws(USBError) {
      let found = try BoardWatch(bus, shouldStop: { Interruption.isWanted })
        .board(at: old.path, mode: .dfu, within: limit)
      if let found,
        let function = found.functions.first(where: { $0.mode == .dfu })
      {
        return SelectedBoard(board: found, function: function)
      }
    } catch {
      throw Explain.usb(error, old)
    }
    throw ToolFailure(
      .device,
      """
      board \(old.label) was asked to detach but has not come back in DFU \
      mode at port \(old.path) within \(limit.components.seconds) s
      """, hint: "put it into DFU mode by hand, or wait longer with -E 30")
  }
}
