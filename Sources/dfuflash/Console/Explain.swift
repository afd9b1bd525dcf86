import DFUCore

/// Turns what the library reports into what a person is told: on which board,
/// and with which next step. The only place that gives advice.
enum Explain {
  static func usb(_ error: USBError, _ board: Board?) -> ToolFailure {
    let place = board.map { "board \($0.label): " } ?? ""
    return ToolFailure(
      .device, place + error.description, hint: hint(for: error.code, board))
  }

  private static func hint(
    for code: USBError.Code, _ board: Board?
  ) -> String? {
    switch code {
    case .access:
      let ids = board.map {
        """
        ATTR{idVendor}=="\(hex4($0.device.descriptor.vendor))", \
        ATTR{idProduct}=="\(hex4($0.device.descriptor.product))"
        """
      }
      return """
        you may not open it. Install a udev rule, then replug the board: \
        echo 'SUBSYSTEM=="usb", \(ids ?? #"ATTR{idVendor}=="0483""#), \
        TAG+="uaccess"' | sudo tee /etc/udev/rules.d/60-dfuflash.rules && \
        sudo udevadm control --reload
        """
    case .busy:
      return "another program holds the board; close it and try again"
    case .noDevice, .notFound:
      return "the board has left the bus: check the cable and plug it in again"
    case .pipe:
      return """
        unplug the board and plug it in again; if it happens again, try a hub \
        between, another cable, or a smaller transfer size (-t 1024)
        """
    case .timeout, .io, .overflow:
      return "unplug the board, plug it in again, and try another cable or port"
    case .notSupported:
      return "on Windows, give the board the WinUSB driver (with Zadig)"
    default: return nil
    }
  }

  static func search(_ error: BoardSearchError) -> ToolFailure {
    switch error {
    case .none(let present) where present.isEmpty:
      return ToolFailure(
        .device, "no DFU device is connected",
        hint: """
          set BOOT0 high, reset the board, and connect the USB port of the \
          chip itself (not of the ST-LINK); --wait waits for it
          """)
    case .none(let present):
      return ToolFailure(
        .device,
        """
        no DFU device fits the options. Connected:
        \(candidates(present))
        """,
        hint: "choose one of them, for example with -p \(present[0].path)")
    case .several(let selected):
      let boards = selected.map(\.board)
      let isOneBoard = Set(boards.map(\.path)).count == 1
      let interfaces = selected.map { String($0.function.interface) }
        .joined(separator: " or ")
      return ToolFailure(
        .device,
        """
        more than one DFU \(isOneBoard ? "interface" : "device") fits, so none \
        was touched:
        \(candidates(boards))
        """,
        hint: isOneBoard
          ? "choose the interface with -i \(interfaces)"
          : "choose one by its port, for example with -p \(boards[0].path)")
    case .closed(let board, let problem):
      return usb(problem, board)
    case .otherProtocol(let board, let name):
      let ids = board.device.descriptor
      return ToolFailure(
        .device,
        """
        board \(board.label) (\(hex4(ids.vendor)):\(hex4(ids.product))) shows \
        a DFU interface but speaks \(name)
        """, hint: "nothing was touched")
    }
  }

  private static func candidates(_ boards: [Board]) -> String {
    boards.map { board in
      let ids = board.device.descriptor
      let mode =
        board.functions.contains { $0.mode == .dfu } ? "DFU" : "run-time"
      let product = board.product.map { "  \($0.printable)" } ?? ""
      let problem = board.problem.map { "  (\($0.description))" } ?? ""
      return """
          -p \(board.path)  \(hex4(ids.vendor)):\(hex4(ids.product))  \
        \(mode)  serial \(board.serial?.printable ?? "unknown")\
        \(product)\(problem)
        """
    }.joined(separator: "\n")
  }

  static func open(_ error: BoardOpenError, _ board: Board) -> ToolFailure {
    switch error {
    case .transferSizeUnknown:
      ToolFailure(
        .device,
        """
        board \(board.label) has no DFU functional descriptor, so its \
        transfer size is not known
        """, hint: "give it with -t, for example -t 1024")
    case .transferSizeImpossible(let size, let allowed):
      ToolFailure(
        .usage,
        """
        a transfer size of \(size) bytes cannot be used with board \
        \(board.label)
        """,
        hint: """
          choose one from \(allowed.lowerBound) to \(allowed.upperBound) bytes \
          with -t
          """)
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
        hint: "it has: \(settings(present))")
    case .noLayout(let setting):
      return ToolFailure(
        .device,
        """
        alternate setting \(setting.number) of board \(board.label) does not \
        describe a memory, so no address means anything there: \
        "\(setting.name?.printable ?? "")"
        """)
    case .broken(let setting, let error):
      return ToolFailure(
        .usage,
        """
        board \(board.label), alternate setting \(setting.number): \
        \(MemoryMapError(
          text: error.text.escapingControls, column: error.column,
          problem: error.problem))
        """,
        hint: "nothing was touched; report this string so that it gets a cure")
    case .noMemory(let address, let present):
      let memories = present.map {
        "alternate setting \($0.alternate.number) "
          + "\"\($0.map.name.escapingControls)\" \($0.map.extent)"
      }.joined(separator: "; ")
      return ToolFailure(
        .usage,
        """
        0x\(hex8(address)) lies in no memory of board \(board.label), which \
        has: \(memories)
        """,
        hint: "check the address; internal flash starts at 0x08000000 as a rule"
      )
    case .ambiguous(let present):
      return ToolFailure(
        .device,
        "board \(board.label) has several alternate settings",
        hint: "choose one with -a: \(settings(present))")
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
        hint: "nothing was touched")
    case .device(let error): device(error, board, during: phase)
    case .notErased:
      ToolFailure(
        .device, "board \(board.label): \(error)",
        hint: """
          the sector may be write-protected in the option bytes, or this \
          bootloader cannot erase it: try -s :mass-erase:force
          """)
    case .readProtected(let error):
      ToolFailure(
        .device,
        """
        board \(board.label): \(error). The chip's readout protection is \
        switched on
        """,
        hint: """
          lifting it erases all of the chip's flash: \
          dfuflash -p \(board.path) -s :unprotect:force
          """)
    case .mismatch(let mismatch):
      ToolFailure(
        .device,
        "board \(board.label): \(FlashError.mismatch(mismatch))",
        hint: """
          the sector may be write-protected in the option bytes; otherwise \
          run the same command again
          """)
    case .cancelled:
      ToolFailure(
        .interrupted,
        "board \(board.label): stopped by the user\(condition(after: phase))")
    case .output(let text):
      ToolFailure(.cannotWrite, text)
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
        .device, message, hint: hint(for: cause.code, board))
    case .status(let report) where report.status == .vendor:
      return flash(.readProtected(error), board)
    case .status, .stillBusy:
      return ToolFailure(
        .device, message,
        hint: "unplug the board, plug it in again in DFU mode, and run again")
    case .unexpectedState:
      return ToolFailure(
        .protocolState, message,
        hint: "unplug the board, plug it in again in DFU mode, and run again")
    case .shortReply:
      return ToolFailure(
        .device, message, hint: "try a smaller transfer size, such as -t 1024")
    }
  }
}

/// Four lower-case hexadecimal digits, as USB ids are written.
func hex4(_ value: UInt16) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: 4 - text.count) + text
}

/// Eight upper-case hexadecimal digits, as addresses are written.
func hex8(_ value: some BinaryInteger) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, 8 - text.count)) + text
}
