import DFUCore

/// What a person is told when no one board, or no one memory of it, is meant.
extension JobError.NoBoard {
  var failure: ToolFailure {
    let notes = known.map { "\n  note: \($0)" }.joined()
    guard !present.isEmpty else {
      return ToolFailure(
        .device, "no DFU device is connected" + notes, advice: advice)
    }
    // Only what could be meant is offered.
    let choice = present.first(where: \.isInDFUMode)
    return ToolFailure(
      .device,
      """
      no DFU device fits the options. Connected:
      \(Candidates.lines(present))\(Candidates.warnings(present))
      """ + notes,
      advice: choice.map { .otherDevices($0.path) }
        ?? unnamed.first.map {
          "if it is the board you mean, name it, for example with -p \($0.path)"
        } ?? advice)
  }

  private var advice: Hint {
    let roles = nearby.map(\.role)
    if roles.contains(.debugProbe) { return .debugProbe }
    if roles.contains(.application) { return .applicationRuns }
    return roles.contains(.serialAdapter) ? .serialAdapter : .noDevice
  }
}

extension BoardSearchError {
  var failure: ToolFailure {
    switch self {
    case .none(let present): JobError.NoBoard(present: present).failure
    case .several(let selected): several(selected)
    case .closed(let board, let problem): Explain.usb(problem, board)
    case .notUniqueSerial(let row, let selected):
      ToolFailure(
        .device,
        """
        the serial number names no single board (\(row.reason)), so none was \
        touched:
        \(Candidates.lines(selected.map(\.board)))
        """, advice: .severalBoards(selected.first?.board.path ?? ""))
    case .otherProtocol(let board, let name):
      ToolFailure(
        .device,
        """
        board \(board.label) (\(board.device.descriptor.ids)) shows a DFU \
        interface but speaks \(name)
        """, advice: .nothingTouched)
    }
  }

  private func several(_ selected: [SelectedBoard]) -> ToolFailure {
    let boards = selected.map(\.board)
    let isOneBoard = Set(boards.map(\.path)).count == 1
    let interfaces = selected.map { String($0.interface.number) }
      .joined(separator: " or ")
    return ToolFailure(
      .device,
      """
      more than one DFU \(isOneBoard ? "interface" : "device") fits, so none \
      was touched:
      \(Candidates.lines(boards))
      """ + (isOneBoard ? "" : Candidates.warnings(boards)),
      advice: isOneBoard
        ? "choose the interface with -i \(interfaces)"
        : .severalBoards(boards.first?.path ?? ""))
  }
}

extension BoardOpenError {
  /// - Parameter board: the board's label.
  func failure(of board: String) -> ToolFailure {
    switch self {
    case .transferSizeUnknown:
      ToolFailure(
        .device,
        """
        board \(board) has no DFU functional descriptor, so its transfer size \
        is not known
        """, advice: .transferSizeUnknown)
    case .transferSizeImpossible(let size, let allowed):
      ToolFailure(
        .usage,
        "a transfer size of \(size) bytes cannot be used with board \(board)",
        advice:
          "choose one from \(allowed.lowerBound) to \(allowed.upperBound) bytes with -t"
      )
    case .device(let error):
      ToolFailure(.device, "board \(board): \(error)", advice: .replug)
    }
  }
}

extension AlternateError {
  /// - Parameter board: the board's label.
  func failure(of board: String) -> ToolFailure {
    switch self {
    case .noSuch(let selector, let present):
      return ToolFailure(
        .device, "board \(board) has no alternate setting \(selector.text)",
        advice: "it has: \(choices(present))")
    case .noLayout(let setting) where setting.name == nil:
      return ToolFailure(
        .device,
        """
        the name of alternate setting \(setting.number) of board \(board), \
        which describes its memory, could not be read: the board has none, or \
        is busy with what another program told it to do
        """)
    case .noLayout(let setting):
      return ToolFailure(
        .device,
        """
        alternate setting \(setting.number) of board \(board) does not \
        describe a memory, so no address means anything there: \
        "\(setting.name?.printable ?? "")"
        """,
        advice: "choose another one with -a; dfuflash list shows them")
    case .broken(let setting, let error):
      return ToolFailure(
        .usage,
        """
        board \(board), alternate setting \(setting.number): \
        \(MemoryMapError(
          text: error.text.escapingControls, column: error.column,
          problem: error.problem))
        """, advice: .layoutBroken)
    case .noMemory(let address, let present):
      let memories = present.map {
        "alternate setting \($0.alternate.number) "
          + "\"\($0.map.name.escapingControls)\" \($0.map.extent)"
      }.joined(separator: "; ")
      return ToolFailure(
        .usage,
        """
        0x\(hex(address)) lies in no memory of board \(board), which has: \
        \(memories)
        """,
        advice:
          "check the address; internal flash starts at 0x08000000 as a rule")
    case .ambiguous(let present):
      return ToolFailure(
        .device, "board \(board) has several alternate settings",
        advice: "choose one with -a: \(choices(present))")
    }
  }

  private func choices(_ settings: [AlternateSetting]) -> String {
    settings.map { "-a \($0.number) (\($0.name?.printable ?? "no name"))" }
      .joined(separator: ", ")
  }
}

extension AlternateSelector {
  /// The alternate setting as it was asked for.
  var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .name(let name): "\"\(name.escapingControls)\""
    }
  }
}
