import DFUCore

/// Leaving DFU mode so that the program really runs, also after the next
/// reset.
struct LeaveWork {
  let work: BoardWork
  /// Whether to have the chip load its option bytes anew instead of jumping to
  /// the program.
  var relaunches = false
  /// Whether the chip's flash was blank when it was powered, as far as is
  /// known.
  var wasVirgin = false

  /// Where the bootloader is asked to go.
  struct Program {
    /// The alternate setting of its memory.
    var alternate: UInt8
    /// Where its vector table is; `nil` leaves it to the bootloader.
    var address: UInt32?
    /// The initial stack pointer, where known: the vector table's first word.
    var stackPointer: UInt32?
  }

  /// How long a board may take to leave the bus.
  static let limit = Duration.seconds(2)

  /// Leaves, or says why not.
  func run(_ program: Program) throws(ToolFailure) {
    if relaunches { return try relaunch() }
    try check(program)
    let session = try work.session(program.alternate)
    _ = try work.speaking { () throws(DFUError) in
      try session.leave(to: program.address)
    }
    var parting = work.parting(within: Self.limit)
    if case .stayed = parting, work.knowledge.shared.leave.resetCommand {
      // STM32H5: its own reset command, with four zero bytes (AN3156).
      Self.unstick(session)
      try? session.special([0x02, 0, 0, 0, 0], code: 0x02)
      parting = work.parting(within: Self.limit)
    }
    let label = work.board.label
    switch parting {
    case .left:
      work.reporter.note("Left DFU mode: the board is off the bus.")
      if wasVirgin { warnOfEmptyCheck() }
    case .stayed:
      Self.unstick(session)
      throw ToolFailure(
        .device,
        """
        board \(label): the firmware is in place, but the board did not leave \
        DFU mode within \(Self.limit.components.seconds) s\(reasons)
        """, advice: Self.wayOut(of: work))
    case .back(let selected):
      let back = BoardWork(
        selected, on: work.bus, work.settings, work.reporter)
      throw ToolFailure(
        .device,
        """
        board \(label): the firmware is in place and the board left, but it \
        is back in DFU mode\(reasons)
        """, advice: Self.wayOut(of: back))
    case .unknown(let reason):
      throw ToolFailure(
        .device,
        """
        board \(label): the firmware is in place; whether the board has left \
        DFU mode is not known: \(reason)
        """, advice: .lookAtTheBus)
    }
  }

  /// Brings a board that should have left back to dfuIDLE. Out of dfuMANIFEST
  /// only CLRSTATUS leads, to dfuERROR first.
  private static func unstick(_ session: DfuSeSession) {
    try? session.connection.clearStatus()
    try? session.recover()
  }

  /// How to get a board out of DFU mode that is in it still or again: the
  /// BOOT0 pin, or the option bytes that stand in its place.
  private static func wayOut(of work: BoardWork) -> Hint {
    let options = OptionBytesWork(work: work)
    guard let layout = options.commonLayout, let memory = try? options.memory(),
      let image = try? options.read(memory)
    else { return .boot0Low }
    let values = layout.decode(image).values
    for entry in values {
      // Which field says where BOOT0 comes from.
      guard case .bootPin(let used) = entry.field.role else { continue }
      if entry.value == used { return .boot0IsHigh }
      let bit = values.first { $0.field.role == .bootBit }
      return .boot0IsIgnored(
        "\(entry.field.name) = \(entry.value)",
        entersBootloader: bit?.value == 0)
    }
    return .boot0IsHigh
  }

  private var reasons: String {
    let known = work.knowledge.rules.hints[.leave] ?? []
    return known.isEmpty ? "" : ": " + known.joined(separator: "; ")
  }

  private func warnOfEmptyCheck() {
    work.reporter.note(
      """
      warning: this chip was blank when it was powered, so its next reset \
      returns to DFU mode. Unplug it and plug it in again once, or flash with \
      --relaunch (-s …:relaunch), which makes it look again.
      """)
  }

  /// Refuses addresses that do something else than start a program, and warns
  /// of programs that the bootloader is known not to start.
  private func check(_ program: Program) throws(ToolFailure) {
    try work.learnBootloader(program.alternate)
    let knowledge = work.knowledge
    let rules = knowledge.rules
    if rules.refusals[.leave] != nil {
      throw ToolFailure(
        .device,
        """
        board \(work.board.label): the firmware is in place, but this \
        bootloader cannot leave DFU mode\(reasons)
        """, advice: .boot0Low)
    }
    try checkTrustZone(program)
    for sentence in rules.warnings[.leave] ?? [] {
      work.reporter.note("note: \(sentence)")
    }
    guard let address = program.address else { return }
    if let sentence = rules.blockedLeave(to: address) {
      throw ToolFailure(
        .usage,
        """
        board \(work.board.label): leaving to 0x\(hex(address)) is refused: \
        \(sentence)
        """, advice: .vectorTable)
    }
    if let sentence = program.stackPointer.flatMap(
      rules.objection(toStackPointer:))
    {
      return work.reporter.note("warning: \(sentence)")
    }
    if let stackPointer = program.stackPointer,
      !knowledge.identification.candidates.isEmpty,
      knowledge.identification.candidates.allSatisfy({
        $0.isPlausibleStackPointer(stackPointer) == false
      })
    {
      work.reporter.note(
        """
        warning: the word at 0x\(hex(address)), 0x\(hex(stackPointer)), is \
        no initial stack pointer of this chip, so the program may not start
        """)
    }
  }

  /// STM32L5, bootloader 9.0: no way out while TrustZone is on (AN2606). Only
  /// its option bytes tell whether it is.
  private func checkTrustZone(_ program: Program) throws(ToolFailure) {
    let isAtRisk = work.knowledge.rules.refusals[.leaveWithTrustZone] != nil
    guard isAtRisk else { return }
    let options = OptionBytesWork(work: work)
    guard let layout = options.commonLayout, let memory = try? options.memory(),
      let image = try? options.read(memory)
    else { return }
    let isOn = layout.decode(image).values.contains {
      $0.field.role == .trustZone(on: $0.value)
    }
    guard isOn else { return }
    throw ToolFailure(
      .device,
      """
      board \(work.board.label): the firmware is in place, but this \
      bootloader cannot leave DFU mode while TrustZone is on
      """, advice: .boot0Low)
  }

  /// Writes back the option bytes as they are, after which the chip resets
  /// and looks at its flash anew.
  private func relaunch() throws(ToolFailure) {
    work.reporter.note("Loading the option bytes anew: the chip resets.")
    switch try OptionBytesWork(work: work).relaunch() {
    case .gone:
      work.reporter.note(
        "Left DFU mode: the board is off the bus and stays so after resets.")
    case .back(let selected):
      throw ToolFailure(
        .device,
        """
        board \(selected.board.label): the firmware is in place and the option \
        bytes are loaded anew, but the board is back in DFU mode
        """,
        advice: Self.wayOut(
          of: BoardWork(selected, on: work.bus, work.settings, work.reporter)))
    }
  }
}

extension UInt32 {
  /// Four bytes, low byte first; `nil` for another number of them.
  init?(littleEndianBytes bytes: [UInt8]) {
    guard bytes.count == 4 else { return nil }
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
