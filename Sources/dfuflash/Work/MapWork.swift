import DFUCore

/// `flash --map`: a file for each board, all checked before anything is
/// touched.
struct MapWork {
  /// The map's path.
  let path: String
  /// How files are read.
  let readFile: (String) throws(ToolFailure) -> FirmwareInput
  /// What the command line says for all rows.
  let makeJob: (FirmwareInput) -> FlashJob
  let allowsExtra: Bool

  fileprivate struct Entry {
    var row: BoardMap.Row
    var job: FlashJob
  }

  /// A map that has been read, with all its files.
  struct Loaded {
    let map: BoardMap
    fileprivate let entries: [Entry]
  }

  /// Reads the map and every file it names.
  func load() throws(ToolFailure) -> Loaded {
    let map: BoardMap
    do throws(BoardMap.Problem) {
      map = try BoardMap(
        parsing: String(decoding: try Self.read(path), as: UTF8.self))
    } catch {
      throw failure(error.line, error.reason)
    }
    var inputs: [String: FirmwareInput] = [:]
    var entries: [Entry] = []
    for row in map.rows {
      let file = Self.resolved(row.file, beside: path)
      // A file that several boards get is read, and held, once.
      let input: FirmwareInput
      if let known = inputs[file] {
        input = known
      } else {
        do throws(ToolFailure) {
          input = try readFile(file)
        } catch {
          throw ToolFailure(
            error.status, "\(place(row.line)): \(error.message)",
            advice: error.advice)
        }
        inputs[file] = input
      }
      entries.append(Entry(row: row, job: try job(for: row, input)))
    }
    return Loaded(map: map, entries: entries)
  }

  private static func read(
    _ path: String
  ) throws(BoardMap.Problem) -> [UInt8] {
    do throws(ToolFailure) {
      let bytes = try Files.read(path)
      guard bytes.count <= 1 << 20 else {
        throw ToolFailure(.badFile, "a map has at most 1 MiB")
      }
      return bytes
    } catch {
      throw BoardMap.Problem(line: 0, reason: error.message)
    }
  }

  /// A relative path of a map is relative to the map's folder.
  static func resolved(_ file: String, beside map: String) -> String {
    guard !file.hasPrefix("/"), let slash = map.lastIndex(of: "/") else {
      return file
    }
    return String(map[...slash]) + file
  }

  private func job(
    for row: BoardMap.Row, _ input: FirmwareInput
  ) throws(ToolFailure) -> FlashJob {
    var job = makeJob(input)
    if !row.address.isEmpty {
      guard let address = UInt32(c: row.address) else {
        throw failure(
          row.line, "\"\(row.address.escapingControls)\" is no address")
      }
      job.address = address
    }
    for option in row.options {
      switch option {
      case "no-leave": job.leaves = false
      case "relaunch": job.relaunches = true
      case "unprotect": job.unprotects = true
      case "no-verify": job.settings.flash.verification = .off
      case "full": job.settings.flash.rewritesAll = true
      case _ where option.hasPrefix("chip="):
        job.settings.chip = try ChipOption.family(String(option.dropFirst(5)))
      case _ where option.hasPrefix("alt="):
        let text = option.dropFirst(4)
        job.settings.alternate =
          UInt8(text).map { .number($0) } ?? .name(String(text))
      default:
        throw failure(
          row.line,
          """
          "\(option.escapingControls)" is no option; there are no-leave, \
          relaunch, unprotect, no-verify, full, chip=NAME, alt=NUMBER
          """)
      }
    }
    return job
  }

  private func place(_ line: Int) -> String {
    line == 0 ? Files.shown(path) : "\(Files.shown(path)), line \(line)"
  }

  private func failure(_ line: Int, _ reason: String) -> ToolFailure {
    line == 0
      ? ToolFailure(.noInput, reason, advice: .noFile)
      : ToolFailure(
        .badFile, "\(place(line)): \(reason)", advice: .nothingTouched)
  }

  // MARK: The boards

  /// Finds every row's board on the bus, or says all that is wrong.
  func tasks(
    _ loaded: Loaded, on bus: any USBBus
  ) throws(ToolFailure) -> [Fleet.Task] {
    var boards = try ListCommand.boards(on: bus)
    let readsIDs = loaded.map.rows.contains {
      if case .uniqueID = $0.match { true } else { false }
    }
    if readsIDs { Board.readUniqueIDs(of: &boards, on: bus) }
    let plan = loaded.map.plan(for: boards, allowsExtra: allowsExtra)
    guard plan.mismatches.isEmpty else {
      let isOnlyExtra = plan.mismatches.allSatisfy {
        if case .extra = $0 { true } else { false }
      }
      throw ToolFailure(
        .device,
        """
        the map \(Files.shown(path)) and the boards do not agree, so none was \
        touched:
        \(plan.mismatches.map { "  " + describe($0) }
          .joined(separator: "\n"))
        """,
        advice: isOnlyExtra ? .mapExtra : .mapRows)
    }
    var tasks: [Fleet.Task] = []
    for assignment in plan.assignments {
      guard
        let entry = loaded.entries.first(where: {
          $0.row == assignment.row
        })
      else { continue }
      let selected = assignment.selected
      // What is known of the file's own device ids is checked now as well.
      try entry.job.input.checkIDs(
        BoardWork(selected, on: bus, entry.job.settings, QuietReporter()))
      tasks.append(
        Fleet.Task(
          selected: selected, job: entry.job, file: assignment.row.file))
    }
    return tasks
  }

  private func describe(_ mismatch: BoardMap.Mismatch) -> String {
    switch mismatch {
    case .noBoard(let row):
      return "line \(row.line): no board fits \(row.match)"
    case .several(let row, let found):
      let boards = found.map(\.board)
      return "line \(row.line): several boards fit \(row.match):\n"
        + boards.map { "    " + Candidates.line($0) }
        .joined(separator: "\n")
        + Candidates.warnings(boards)
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
