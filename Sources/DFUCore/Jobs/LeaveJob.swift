/// Leaving DFU mode so that the program really runs, also after the next
/// reset.
public struct LeaveJob: Hashable, Sendable {
  /// How it is left.
  public enum Way: Hashable, Sendable {
    /// By starting the program whose vector table is at this address, or at
    /// the memory's start.
    case start(at: UInt32?)
    /// By loading the option bytes again, which resets the chip; needs
    /// ``Permission/optionBytes``.
    case relaunch
    /// Not at all: the address pointer is set and nothing else.
    case setAddress(UInt32)
  }

  /// How it is left.
  public var way: Way
  /// How to work with the board.
  public var board = BoardOptions()
  /// What may be done.
  public var permissions: Permissions = []

  /// A way out.
  public init(_ way: Way) { self.way = way }

  /// Leaves.
  ///
  /// - Throws: `JobError` also when the board is still there afterwards.
  public func run(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    let session = try BoardSession(selected, board, context)
    var leaving = Leaving(session: session)
    switch way {
    case .start(let address):
      let memory = try session.memory(holding: address)
      try leaving.start(
        Leaving.Program(
          memory: memory, address: address ?? memory.map.sectors.first?.address
        ))
    case .relaunch:
      leaving.permissions = permissions
      try leaving.relaunch()
    case .setAddress(let address):
      let open = try session.session(
        try session.memory(holding: address).alternate.number)
      try session.speaking { () throws(DFUError) in
        try open.setAddress(address)
        try open.settle()
      }
    }
    session.finish()
  }
}

/// The last step of several jobs: leaving DFU mode.
struct Leaving {
  let session: BoardSession
  /// Whether the chip's flash was blank when it was powered, as far as is
  /// known.
  var wasFactoryFresh = false
  var permissions: Permissions = []

  /// Where the bootloader is asked to go.
  struct Program {
    var memory: BoardMemory
    /// Where its vector table is; `nil` leaves it to the bootloader.
    var address: UInt32?
    /// The vector table's first word, where known.
    var stackPointer: UInt32?

    init(memory: BoardMemory, address: UInt32?) {
      self.memory = memory
      self.address = address
    }

    /// The program that a share begins with; `nil` when it is empty.
    init?(_ share: JobFirmware.Share) {
      guard let first = share.image.segments.first else { return nil }
      memory = share.memory
      address = first.address
      stackPointer = UInt32(littleEndianBytes: Array(first.bytes.prefix(4)))
    }
  }

  /// How long a board may take to leave the bus.
  static let limit = Duration.seconds(2)
  /// How long it may take to answer when it has not left.
  private static let answerLimit = Duration.milliseconds(500)

  /// Starts a program, or says why not.
  func start(_ program: Program) throws(JobError) {
    try session.checkStop()
    try check(program)
    let open = try session.session(program.memory.alternate.number)
    let answer = try session.speaking { () throws(DFUError) in
      do throws(DFUError) {
        return try open.leave(to: program.address)
      } catch {
        // Some are gone before they have answered (GD32).
        guard error.isGone, error.operation == .leave else { throw error }
        return LeaveAnswer.silence
      }
    }
    var state = state(within: Self.limit)
    if case .stillThere = state {
      if answer == .state(.manifest), isSilent(open) {
        return session.context.report(.left(.silent))
      }
      if session.knowledge.shared.leave.resetCommand {
        // STM32H5: its own reset command, with four zero bytes (AN3156).
        unstick(open)
        try? open.special([0x02, 0, 0, 0, 0], code: 0x02)
        state = self.state(within: Self.limit)
      }
    }
    switch state {
    case .gone, .running:
      session.context.report(.left(.offTheBus))
      if wasFactoryFresh { session.context.report(.returnsAtNextReset) }
    case .stillThere:
      unstick(open)
      throw notLeft(state, Self.wayOut(of: session))
    case .backInDFUMode(let selected):
      let wayOut = (try? session.returned(as: selected)).map(Self.wayOut)
      throw notLeft(state, wayOut ?? .unknown)
    case .anotherBoard, .unknown: throw notLeft(state, .unknown)
    }
  }

  /// Writes back the option bytes as they are, after which the chip resets and
  /// looks at its flash again.
  func relaunch() throws(JobError) {
    try session.checkStop()
    let access = try OptionByteAccess(session)
    let image = try access.read()
    let window =
      access.commonLayout?.relaunch(image) ?? image.windows.first
    guard let window else { throw session.fail(.noRelaunch) }
    guard permissions.contains(.optionBytes) else {
      throw session.fail(.notPermitted(.optionBytes, at: window.start, nil))
    }
    session.context.report(.relaunching)
    let condition = session.condition
    let back = try access.send([window])
    session.condition = condition
    guard let back else {
      return session.context.report(.left(.afterRelaunch))
    }
    throw notLeft(.backInDFUMode(back.selected), Self.wayOut(of: back))
  }

  private func notLeft(_ state: PortState, _ wayOut: WayOut) -> JobError {
    session.fail(
      .notLeft(
        state, wayOut: wayOut,
        known: session.knowledge.rules.hints[.leave] ?? []))
  }

  private func state(within limit: Duration) -> PortState {
    session.context.portState(of: session.board, leavingWithin: limit)
  }

  /// Whether a board that is listed still does not answer any more: it runs its
  /// program, and its pull-up is fixed to D+.
  private func isSilent(_ open: DfuSeSession) -> Bool {
    do throws(DFUError) {
      _ = try open.connection.getStatus(limit: Self.answerLimit)
      return false
    } catch {
      return !error.isStall
    }
  }

  /// Brings a board that should have left back to dfuIDLE. Out of dfuMANIFEST
  /// only CLRSTATUS leads, to dfuERROR first.
  private func unstick(_ open: DfuSeSession) {
    try? open.connection.clearStatus()
    try? open.recover()
  }

  /// How to get a board out of DFU mode that is in it still or again: the
  /// BOOT0 pin, or the option bytes that stand in its place.
  private static func wayOut(of session: BoardSession) -> WayOut {
    guard let values = optionBytes(of: session) else { return .boot0 }
    for entry in values {
      // Which field says where BOOT0 comes from.
      guard case .bootPin(let used) = entry.field.role, entry.value != used
      else { continue }
      let bit = values.first { $0.field.role == .bootBit }
      return .optionBit(
        entry.field.name, value: entry.value,
        entersBootloader: bit?.value == 0)
    }
    return .boot0IsHigh
  }

  private static func optionBytes(
    of session: BoardSession
  ) -> [OptionFieldValue]? {
    guard let access = try? OptionByteAccess(session),
      let layout = access.commonLayout, let image = try? access.read()
    else { return nil }
    return layout.decode(image).values
  }

  /// Refuses addresses that do something else than start a program, and warns
  /// of programs that the bootloader is known not to start.
  private func check(_ program: Program) throws(JobError) {
    try session.learnBootloader(program.memory)
    let rules = session.knowledge.rules
    try session.checkErrata(.leave)
    // Only the option bytes tell whether TrustZone is on.
    if rules.refusals[.leaveWithTrustZone] != nil,
      Self.optionBytes(of: session)?.contains(where: {
        $0.field.role == .trustZone(on: $0.value)
      }) == true
    {
      try session.checkErrata(.leaveWithTrustZone)
    }
    guard let address = program.address else { return }
    if let reason = rules.blockedLeave(to: address) {
      throw session.fail(.blockedLeave(to: address, reason))
    }
    if let stackPointer = program.stackPointer,
      let reason = rules.objection(toStackPointer: stackPointer)
    {
      session.context.report(.known(reason, isWarning: true))
    }
  }
}
