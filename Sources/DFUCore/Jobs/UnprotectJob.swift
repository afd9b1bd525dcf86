/// Lifting readout protection, which erases the chip.
public struct UnprotectJob: Hashable, Sendable {
  /// How to work with the board.
  public var board = BoardOptions()
  /// Which memory is meant; `nil` for the first.
  public var address: UInt32?
  /// Must hold ``Permission/liftProtection``.
  public var permissions: Permissions = []

  /// How long a chip may take to erase itself and come back.
  public static let limit = Duration.seconds(60)
  /// How long a board that says it is not busy is waited for to reset.
  private static let resetLimit = Duration.seconds(3)

  /// The first memory of any board.
  public init() {}

  /// Lifts the protection and waits for the board to come back at its port.
  ///
  /// - Returns: the board as it came back.
  @discardableResult
  public func run(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> SelectedBoard {
    try lift(try BoardSession(selected, board, context))
  }

  func lift(_ session: BoardSession) throws(JobError) -> SelectedBoard {
    guard permissions.contains(.liftProtection) else {
      throw session.fail(.notPermitted(.liftProtection, at: 0, nil))
    }
    let memory = try session.memory(holding: address)
    // A chip that cannot be spoken with at all may be mended by this.
    let wasProtected = (try? session.isReadProtected(memory)) ?? true
    try session.checkErrata(.liftProtection)
    session.tellHints(on: .protection)
    try session.checkStop()
    session.context.report(.liftingProtection)
    try send(memory, session)
    return try outcome(session, memory, wasProtected: wasProtected)
  }

  /// Sends the command, and asks until the board resets or is not busy.
  private func send(
    _ memory: BoardMemory, _ session: BoardSession
  ) throws(JobError) {
    let open = try session.session(memory.alternate.number)
    session.condition = .unknown
    try session.speaking { () throws(DFUError) in
      try open.readUnprotect()
    }
    try session.speaking { () throws(DFUError) in
      try open.connection.askUntilGone(.readUnprotect, within: Self.limit)
    }
    session.close()
  }

  private func outcome(
    _ session: BoardSession, _ memory: BoardMemory, wasProtected: Bool
  ) throws(JobError) -> SelectedBoard {
    let state = session.context.portState(
      of: session.board, leavingWithin: Self.resetLimit,
      returningWithin: Self.limit)
    switch state {
    case .backInDFUMode(let selected):
      let back = try session.returned(as: selected)
      defer { back.close() }
      // Some bootloaders reset without loading the option bytes they changed.
      guard try !back.isReadProtected(try back.memory()) else {
        throw back.fail(.stillProtected)
      }
      session.context.report(.protectionLifted(selected.board))
      back.tellOfPowerCycle(after: .liftProtection)
      return selected
    case .stillThere:
      // AT32 lifts it and does not reset.
      let same = try session.returned(as: session.selected)
      defer { same.close() }
      guard wasProtected, try !same.isReadProtected(memory) else {
        throw session.fail(.notLifted)
      }
      session.context.report(.protectionLifted(session.board))
      return session.selected
    case .gone, .running: throw session.fail(.noReturn(within: Self.limit))
    case .anotherBoard, .unknown:
      throw session.fail(.notLeft(state, wayOut: .unknown, known: []))
    }
  }
}
