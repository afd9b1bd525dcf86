import DFUCore
import DFUDoctor

/// Turns what the library reports into what a person is told: on which board,
/// and with which next step from the table of ``Hint``s.
enum Explain {
  static func usb(_ error: USBError, _ board: Board?) -> ToolFailure {
    let place = board.map { "board \($0.label): " } ?? ""
    return ToolFailure(
      .device, place + error.description,
      advice: board == nil && error.code != .access
        ? .usbUnusable : advice(for: error.code, board))
  }

  private static func advice(
    for code: USBError.Code, _ board: Board?
  ) -> Hint? {
    switch code {
    case .access: .noPermission(board?.device.descriptor)
    case .busy:
      .busy(
        holder: board.flatMap {
          SystemFacts().holders(of: $0.device).first?.description
        })
    case .noDevice, .notFound: .gone
    case .pipe: .stalled
    case .timeout, .io, .overflow: .noAnswer
    default: nil
    }
  }

  static func search(_ error: BoardSearchError) -> ToolFailure {
    switch error {
    case .none(let present) where present.isEmpty:
      return ToolFailure(
        .device, "no DFU device is connected",
        advice: .noDevice)
    case .none(let present):
      return ToolFailure(
        .device,
        """
        no DFU device fits the options. Connected:
        \(candidates(present))\(Candidates.warnings(present))
        """,
        advice: .otherDevices(present[0].path))
    case .several(let selected):
      let boards = selected.map(\.board)
      let isOneBoard = Set(boards.map(\.path)).count == 1
      let interfaces = selected.map { String($0.interface.number) }
        .joined(separator: " or ")
      return ToolFailure(
        .device,
        """
        more than one DFU \(isOneBoard ? "interface" : "device") fits, so none \
        was touched:
        \(candidates(boards))
        """ + (isOneBoard ? "" : Candidates.warnings(boards)),
        advice: isOneBoard
          ? .severalInterfaces(interfaces) : .severalBoards(boards[0].path))
    case .closed(let board, let problem):
      return usb(problem, board)
    case .worthlessSerial(let row, let selected):
      let boards = selected.map(\.board)
      return ToolFailure(
        .device,
        """
        the serial number names no single board (\(row.reason)) and others \
        are there, so none was touched:
        \(candidates(boards))
        """, advice: .severalBoards(boards[0].path))
    case .otherProtocol(let board, let name):
      let ids = board.device.descriptor
      return ToolFailure(
        .device,
        """
        board \(board.label) (\(hex(ids.vendor, 4, uppercase: false)):\(hex(ids.product, 4, uppercase: false))) shows \
        a DFU interface but speaks \(name)
        """, advice: .otherProtocol)
    }
  }

  static func candidates(_ boards: [Board]) -> String {
    boards.map { "  " + Candidates.line($0) }.joined(separator: "\n")
  }

  static func open(_ error: BoardOpenError, _ board: Board) -> ToolFailure {
    switch error {
    case .transferSizeUnknown:
      ToolFailure(
        .device,
        """
        board \(board.label) has no DFU functional descriptor, so its \
        transfer size is not known
        """, advice: .transferSizeUnknown)
    case .transferSizeImpossible(let size, let allowed):
      ToolFailure(
        .usage,
        """
        a transfer size of \(size) bytes cannot be used with board \
        \(board.label)
        """,
        advice: .transferSizeWrong(allowed))
    case .device(let error): device(error, board)
    }
  }

  static func alternate(
    _ error: AlternateError, _ board: Board
  ) -> ToolFailure {
    switch error {
    case .noSuch(let selector, let present):
      let wanted =
        switch selector {
        case .number(let number): "\(number)"
        case .name(let name): "\"\(name.escapingControls)\""
        }
      return ToolFailure(
        .device,
        "board \(board.label) has no alternate setting \(wanted)",
        advice: .noSuchAlternate(settings(present)))
    case .noLayout(let setting) where setting.name == nil:
      return ToolFailure(
        .device,
        """
        the name of alternate setting \(setting.number) of board \(board.label), \
        which describes its memory, could not be read: the board has none, or \
        is busy with what another program told it to do
        """)
    case .noLayout(let setting):
      return ToolFailure(
        .device,
        """
        alternate setting \(setting.number) of board \(board.label) does not \
        describe a memory, so no address means anything there: \
        "\(setting.name?.printable ?? "")"
        """, advice: .otherAlternate)
    case .broken(let setting, let error):
      return ToolFailure(
        .usage,
        """
        board \(board.label), alternate setting \(setting.number): \
        \(MemoryMapError(
          text: error.text.escapingControls, column: error.column,
          problem: error.problem))
        """,
        advice: .layoutBroken)
    case .noMemory(let address, let present):
      let memories = present.map {
        "alternate setting \($0.alternate.number) "
          + "\"\($0.map.name.escapingControls)\" \($0.map.extent)"
      }.joined(separator: "; ")
      return ToolFailure(
        .usage,
        """
        0x\(hex(address)) lies in no memory of board \(board.label), which \
        has: \(memories)
        """,
        advice: .wrongAddress)
    case .ambiguous(let present):
      return ToolFailure(
        .device,
        "board \(board.label) has several alternate settings",
        advice: .chooseAlternate(settings(present)))
    }
  }

  private static func settings(_ settings: [AlternateSetting]) -> String {
    settings.map { "-a \($0.number) (\($0.name?.printable ?? "no name"))" }
      .joined(separator: ", ")
  }

  /// - Parameter phase: what was going on, which tells what state the flash
  ///   is in.
  static func flash(
    _ error: FlashError, _ board: Board, during phase: FlashPhase? = nil
  ) -> ToolFailure {
    switch error {
    case .refused(let refusal):
      ToolFailure(
        refusal == .empty ? .badFile : .usage,
        "board \(board.label): \(refusal)",
        advice: .nothingTouched)
    case .device(let error): device(error, board, during: phase)
    case .notErased:
      ToolFailure(
        .device, "board \(board.label): \(error)",
        advice: .notErased)
    case .readProtected(let error):
      ToolFailure(
        .device,
        """
        board \(board.label): \(error). The chip's readout protection is \
        switched on
        """,
        advice: .readProtected(board.path))
    case .mismatch(let mismatch):
      ToolFailure(
        .device,
        "board \(board.label): \(FlashError.mismatch(mismatch))",
        advice: .mismatch)
    case .cancelled:
      ToolFailure(
        .interrupted,
        "board \(board.label): stopped by the user\(condition(after: phase))",
        advice: .runAgain)
    case .output(let text):
      ToolFailure(.cannotWrite, text, advice: .cannotWrite)
    }
  }

  /// What state the flash is in when work ends in a phase.
  private static func condition(after phase: FlashPhase?) -> String {
    switch phase {
    case nil, .survey, .read: "; nothing was changed"
    case .erase, .write:
      """
      ; the flash is incomplete, run the same command again to finish it
      """
    case .verify: "; everything was written, but not all of it verified"
    }
  }

  static func device(
    _ error: DFUError, _ board: Board, during phase: FlashPhase? = nil
  ) -> ToolFailure {
    let message =
      "board \(board.label): \(error)"
      + (phase == nil ? "" : condition(after: phase))
    switch error.reason {
    case .usb(let cause):
      return ToolFailure(
        .device, message, advice: advice(for: cause.code, board))
    case .status(let report) where report.status == .vendor:
      return flash(.readProtected(error), board)
    case .status, .stillBusy:
      return ToolFailure(.device, message, advice: .replug)
    case .unexpectedState:
      return ToolFailure(.protocolState, message, advice: .replug)
    case .shortReply:
      return ToolFailure(.device, message, advice: .smallerTransfers)
    }
  }
}
