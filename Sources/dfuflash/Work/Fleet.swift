import DFUCore

/// Flashing several boards, one after another or side by side. One that fails
/// does not stop the others.
struct Fleet {
  /// A board and what it gets.
  struct Task: Sendable {
    var selected: SelectedBoard
    var job: FlashJob
    /// The file's name, for the table.
    var file: String
  }

  /// What became of one.
  struct Result: Sendable {
    /// The board as it was flashed; where it failed, as it was chosen.
    var board: Board
    var file: String
    /// What was done; `nil` for a failure.
    var summary: String?
    var failure: ToolFailure?
    var duration: Duration
  }

  let bus: any USBBus
  /// How many boards at once; 0 for all.
  var jobs = 1
  let display: any FleetDisplay

  /// Flashes all; the results in the order of the tasks.
  func run(_ tasks: [Task]) -> [Result] {
    let results = ResultList(count: tasks.count)
    let bus = bus
    let display = display
    display.begin(tasks.map(\.selected.board))
    Workers.run(tasks.count, atMost: jobs == 0 ? tasks.count : jobs) { index in
      guard tasks.indices.contains(index) else { return }
      let task = tasks[index]
      let result = Self.run(
        task, on: bus, display.reporter(for: task.selected.board))
      results.set(result, at: index)
      display.finished(result)
    }
    let done = results.all
    display.end(done)
    return done
  }

  /// Flashes one board; what becomes of it is in the result.
  static func run(
    _ task: Task, on bus: any USBBus, _ reporter: any ProgressReporter
  ) -> Result {
    let clock = bus.clock(of: task.selected.board.device)
    let start = clock.now()
    var result = Result(
      board: task.selected.board, file: task.file, duration: .zero)
    do throws(ToolFailure) {
      if Interruption.isWanted {
        throw ToolFailure(
          .interrupted,
          """
          board \(task.selected.board.label): stopped by the user; nothing \
          was changed
          """)
      }
      let report = try task.job.run(task.selected, on: bus, reporter)
      result.summary = report.summary
      result.board = report.board
    } catch {
      result.failure = error
    }
    result.duration = clock.now() - start
    return result
  }

  /// The status of the whole: 0 only if all succeeded, else the worst.
  static func status(_ results: [Result]) -> ExitStatus {
    results.compactMap(\.failure?.status)
      .max { $0.rawValue < $1.rawValue } ?? .success
  }
}
