import DFUCore

/// Lifting readout protection, which erases the chip.
struct UnprotectWork {
  let work: BoardWork

  /// How long a chip may take to erase itself and come back.
  static let limit = Duration.seconds(60)

  /// Lifts the protection of a protected chip.
  ///
  /// - Returns: the board as it came back; `nil` for one that is not
  ///   protected and was not touched.
  /// - Throws: `ToolFailure` also when it does not come back.
  func ifProtected() throws(ToolFailure) -> SelectedBoard? {
    let memory = try work.memory(holding: nil)
    guard case .protected = try work.look(at: memory) else { return nil }
    return try run(memory.alternate.number)
  }

  /// Lifts the protection and waits for the board to come back at its port.
  ///
  /// - Throws: `ToolFailure` also when it does not come back.
  @discardableResult
  func run(_ alternate: UInt8) throws(ToolFailure) -> SelectedBoard {
    for sentence in work.knowledge.rules.hints[.protection] ?? [] {
      work.reporter.note("note: \(sentence)")
    }
    try lift(alternate)
    work.reporter.note(
      "Readout protection is being lifted: the chip erases its flash.")
    switch try work.waitForReturn(atMost: Self.limit) {
    case .back(let selected):
      try check(selected)
      work.reporter.note(
        "Board \(selected.board.label) is back, unprotected and blank.")
      return selected
    case .gone:
      throw ToolFailure(
        .device,
        """
        board \(work.board.label): its protection was lifted, but it has not \
        come back in DFU mode at port \(work.board.path) within \
        \(Self.limit.components.seconds) s
        """,
        advice: .replug)
    }
  }

  /// Sends the command. The session ends with this: a board that is open is
  /// not seen to come back.
  private func lift(_ alternate: UInt8) throws(ToolFailure) {
    let session = try work.session(alternate)
    try work.speaking { () throws(DFUError) in try session.readUnprotect() }
  }

  /// Some bootloaders reset without loading the option bytes they changed:
  /// the chip is back, and still does not let itself be read.
  private func check(_ selected: SelectedBoard) throws(ToolFailure) {
    let back = BoardWork(selected, on: work.bus, work.settings, work.reporter)
    defer { back.close() }
    let memory = try back.memory(holding: nil)
    guard case .protected = try back.look(at: memory) else { return }
    throw ToolFailure(
      .device,
      """
      board \(selected.board.label): it is back, but it still does not let \
      itself be read
      """,
      advice: .powerCycle)
  }
}
