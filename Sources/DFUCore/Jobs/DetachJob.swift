/// Taking a board from its application into DFU mode.
public struct DetachJob: Hashable, Sendable {
  /// The longest to wait for the board in DFU mode.
  public var limit: Duration

  /// How long a board usually has. An F105 needs 13.7 s.
  public static let usualLimit = Duration.seconds(15)
  /// How long a device that says it leaves the bus by itself may take, before
  /// it is reset all the same.
  private static let departureLimit = Duration.seconds(3)

  /// With a limit.
  public init(limit: Duration = usualLimit) { self.limit = limit }

  /// Detaches the board and finds it again in DFU mode at the same port.
  public func run(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> SelectedBoard {
    guard try detach(selected, context) else {
      var selected = selected
      selected.interface.mode = .dfu
      return selected
    }
    let old = selected.board
    do throws(USBError) {
      let found = try BoardWatch(context.bus, shouldStop: context.shouldStop)
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
      throw JobError(.usb(error), old)
    }
    try context.checkStop(old)
    throw JobError(.notDetached(within: limit), old)
  }

  /// Asks the application to detach, with a bus reset where it does not leave
  /// the bus by itself. A device in DFU mode gets DETACH too: some leave it by
  /// that (U-Boot, dapboot, the loaders of STM32MP).
  ///
  /// - Returns: `false` when the device is in DFU mode already and stays there,
  ///   which some devices of DFU 1.0 do not show in their descriptors.
  @discardableResult
  public func detach(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> Bool {
    let board = selected.board
    do throws(DFUError) {
      guard selected.interface.mode == .dfu else {
        return try detach(selected, on: context)
      }
      if try leave(selected, on: context.bus),
        context.portState(of: board, leavingWithin: Self.departureLimit)
          != .stillThere
      {
        return true
      }
      context.report(.inDFUModeAlready(board))
      return false
    } catch {
      if error.isGone && error.operation == .detach { return true }
      throw JobError(.device(error), board)
    }
  }

  /// Whether a device in DFU mode takes DETACH.
  private func leave(
    _ selected: SelectedBoard, on bus: any USBBus
  ) throws(DFUError) -> Bool {
    let connection = try open(selected, on: bus)
    try connection.makeIdle()
    do throws(DFUError) {
      try connection.detach(timeout: 1000)
      return true
    } catch {
      guard error.isStall else { throw error }
      // That was a request in the wrong state, which may have left dfuERROR.
      try connection.makeIdle()
      return false
    }
  }

  private func detach(
    _ selected: SelectedBoard, on context: JobContext
  ) throws(DFUError) -> Bool {
    let functional = selected.interface.functional
    let connection = try open(selected, on: context.bus)
    // Not every application answers; then it is one. One answer may be wrong.
    if Self.saysDFUMode(connection), Self.saysDFUMode(connection) {
      return false
    }
    let longest = functional?.detachTimeout ?? 1000
    try connection.detach(timeout: longest == 0 ? 1000 : min(1000, longest))
    if functional?.attributes.contains(.willDetach) == true,
      context.portState(
        of: selected.board, leavingWithin: Self.departureLimit) != .stillThere
    {
      return true
    }
    // A reset after which the device is another one has done its work; one
    // that fails shows when the device does not come back.
    try? connection.transport.reset()
    return true
  }

  private static func saysDFUMode(_ connection: DFUConnection) -> Bool {
    switch (try? connection.getStatus())?.state {
    case nil, .appIdle, .appDetach: false
    default: true
    }
  }

  private func open(
    _ selected: SelectedBoard, on bus: any USBBus
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
