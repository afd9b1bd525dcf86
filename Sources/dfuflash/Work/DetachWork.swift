import DFUCore

/// Taking a board from its application into DFU mode.
struct DetachWork {
  let bus: any USBBus
  /// The longest to wait for the board in DFU mode.
  let limit: Duration

  /// How long a device that says it leaves the bus by itself may take, before
  /// it is reset all the same.
  static let departureLimit = Duration.seconds(3)

  /// Asks the application to detach, with a bus reset where it does not leave
  /// the bus by itself.
  ///
  /// - Returns: `false` when the device is in DFU mode already, which some
  ///   devices of DFU 1.0 do not show in their descriptors.
  @discardableResult
  func detach(_ selected: SelectedBoard) throws(ToolFailure) -> Bool {
    let board = selected.board
    let functional = selected.interface.functional
    do throws(DFUError) {
      let connection = try open(selected)
      // Not every application answers; then it is one.
      if let status = try? connection.getStatus(),
        status.state != .appIdle, status.state != .appDetach
      {
        return false
      }
      let longest = functional?.detachTimeout ?? 1000
      try connection.detach(timeout: longest == 0 ? 1000 : min(1000, longest))
      if functional?.attributes.contains(.willDetach) == true,
        try hasLeft(board)
      {
        return true
      }
      // A reset after which the device is another one has done its work;
      // one that fails shows when the device does not come back.
      try? connection.transport.reset()
    } catch {
      if error.isGone && error.operation == .detach { return true }
      throw Explain.device(error, board)
    }
    return true
  }

  private func hasLeft(_ board: Board) throws(DFUError) -> Bool {
    do throws(USBError) {
      return try BoardWatch(bus, shouldStop: { Interruption.isWanted })
        .hasLeft(board.device, within: Self.departureLimit)
    } catch {
      throw DFUError(.detach, .usb(error))
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
      transport, interface: selected.interface.number, alternate: nil,
      transferSize: 64)
  }

  /// Detaches the board and finds it again in DFU mode at the same port.
  func toDFUMode(
    _ selected: SelectedBoard
  ) throws(ToolFailure) -> SelectedBoard {
    guard try detach(selected) else {
      var selected = selected
      selected.interface.mode = .dfu
      return selected
    }
    let old = selected.board
    do throws(USBError) {
      let found = try BoardWatch(bus, shouldStop: { Interruption.isWanted })
        .board(at: old.path, insteadOf: old.device, within: limit) {
          Self.isInDFUMode($0, after: selected)
        }
      if let found,
        var interface = found.interfaces.first(where: { $0.mode == .dfu })
          ?? found.interfaces.first
      {
        interface.mode = .dfu
        return SelectedBoard(board: found, interface: interface)
      }
    } catch {
      throw Explain.usb(error, old)
    }
    throw ToolFailure(
      .device,
      """
      board \(old.label) was asked to detach but has not come back in DFU \
      mode at port \(old.path) within \(limit.components.seconds) s
      """, advice: .enterDFUByHand)
  }

  /// Devices of DFU 1.0 may show protocol 0 in both modes; then it is another
  /// number of interfaces or alternate settings, or another product, that
  /// tells them apart.
  private static func isInDFUMode(
    _ interfaces: [DFUInterface], after selected: SelectedBoard
  ) -> Bool {
    interfaces.contains { interface in
      interface.mode == .dfu
        || interface.number != selected.interface.number
        || interface.alternates.count != selected.interface.alternates.count
    }
  }
}
