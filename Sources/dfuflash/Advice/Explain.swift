import DFUCore
import DFUDoctor
import DFUProduction
import DFUSimulator

/// Turns what the libraries report into what a person is told: on which board,
/// and with which next step. A ``ToolFailure`` is made here and beside it.
enum Explain {
  /// What a person is told of an error; `nil` for those of the command line.
  static func failure(of error: any Error) -> ToolFailure? {
    switch error {
    case let failure as ToolFailure: failure
    case let error as JobError: error.failure()
    case let error as USBError: usb(error, nil)
    case let error as BenchError: bench(error)
    case let error as StationLogError: log(error)
    default: nil
    }
  }

  /// Runs a job that works with a file, as it was given.
  static func failures<Result>(
    of file: String?, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as JobError {
      throw error.failure(file: file)
    }
  }

  // MARK: USB

  static func usb(_ error: USBError, _ board: Board?) -> ToolFailure {
    let place = board.map { "board \($0.label): " } ?? ""
    return ToolFailure(
      .device, place + error.description,
      advice: board == nil && error.code != .access
        ? .usbUnusable : advice(for: error.code, board))
  }

  static func advice(for code: USBError.Code, _ board: Board?) -> Hint? {
    switch code {
    case .access: .noPermission(board?.device.descriptor)
    case .busy:
      board.flatMap { SystemFacts().holders(of: $0.device).first }.map {
        "\($0) holds the board; wait until it ends, or close it"
      } ?? .busy
    case .noDevice, .notFound: .gone
    case .pipe: .stalled
    case .timeout, .io, .overflow: .noAnswer
    default: nil
    }
  }

  // MARK: Files

  /// What is wrong with a file, and what to do.
  ///
  /// - Parameter name: its path, or how it is shown already.
  static func file(_ name: String, _ error: FirmwareError) -> ToolFailure {
    let name = name.hasPrefix("\"") ? name : PathText.input(name)
    func entry(_ entries: [String]) -> Hint {
      "give it as \(name.dropLast()):\(entries.first ?? "path")\""
    }
    let advice: Hint =
      switch error.kind {
      case .entryNeeded(let entries): entry(entries)
      case .noFirmware(let entries) where !entries.isEmpty: entry(entries)
      case .familyNeeded(let families):
        "add --family \(families.first { $0 != 0 }.map { UF2Family.name(of: $0) ?? "0x\(hex($0))" } ?? "0")"
      case .addressNeeded: "add --address 0x08000000"
      case .tooLarge: "add --max-size 256M, or what it needs"
      case .plainText: "add --format raw to take it as it is"
      case .packed: "unpack it, and give what is inside"
      case .notThisFormat: "leave --format out: the content tells"
      default:
        "build the file again, or download it again; dfuflash inspect FILE looks at it"
      }
    return ToolFailure(.badFile, "\(name): \(error)", advice: advice)
  }

  /// Why a station's log cannot be kept.
  private static func log(_ error: StationLogError) -> ToolFailure {
    let step =
      switch error.step {
      case .open: "open \(PathText.shown(error.path))"
      case .write: "write \(PathText.shown(error.path))"
      case .flush: "flush \(PathText.shown(error.path)) to the disk"
      }
    return ToolFailure(
      .cannotWrite, "could not \(step) (\(error.reason))",
      advice: error.step == .open
        ? nil : "the last board's result is not on record")
  }

  /// What is wrong with a simulated bench.
  private static func bench(_ error: BenchError) -> ToolFailure {
    let (status, advice): (ExitStatus, Hint) =
      switch error {
      case .missing(let path):
        (.noInput, "make one: dfuflash simulate f405 --bench \(path)")
      case .exists:
        (
          .cannotWrite,
          "add --force to start it over, or --add to add a board"
        )
      case .locked: (.device, "try again when it ends")
      case .file: (.cannotWrite, .cannotWrite)
      case .invalid:
        (.badFile, "repair the file, or start it over with --force")
      case .unknownProfile:
        (.usage, "dfuflash simulate --list-kinds shows the kinds of board")
      case .noBoard, .badPath: (.usage, .benchBoards)
      }
    return ToolFailure(status, "\(error)", advice: advice)
  }

  // MARK: Maps

  /// Why a map is not carried out on the boards that are there.
  static func mismatches(
    _ map: String, _ mismatches: [BoardMap.Mismatch]
  ) -> ToolFailure {
    let isOnlyExtra = mismatches.allSatisfy {
      if case .extra = $0 { true } else { false }
    }
    return ToolFailure(
      .device,
      """
      the map \(map) and the boards do not agree, so none was touched:
      \(mismatches.map { "  " + describe($0) }.joined(separator: "\n"))
      """,
      advice: isOnlyExtra
        ? "add a row for each, or --allow-extra to leave them alone"
        : "`dfuflash list` shows what is there; path= names a port for sure")
  }

  private static func describe(_ mismatch: BoardMap.Mismatch) -> String {
    switch mismatch {
    case .noBoard(let row):
      return "line \(row.line): no board fits \(row.match)"
    case .several(let row, let found):
      let boards = found.map(\.board)
      return "line \(row.line): several boards fit \(row.match):\n"
        + Candidates.lines(boards, indent: 4) + Candidates.warnings(boards)
    case .notUnique(let row, let known):
      return "line \(row.line): \(row.match) names no single board: "
        + "\(known.reason)"
    case .twice(let rows, let board):
      return "lines \(rows.map { String($0.line) }.joined(separator: ", ")): "
        + "all mean board \(board.label)"
    case .closed(let row, let board, let problem):
      return "line \(row.line): board \(board.label): \(problem)"
    case .extra(let board):
      return "no line names board \(board.label)"
        + (board.problem.map { " (\($0))" } ?? "")
    }
  }
}
