public import DFUCore
import Synchronization

/// Shows a batch.
public protocol BatchDisplay: BoardsDisplay {
  /// The boards, before anything is done.
  func begin(_ boards: [Board])
  /// All are done.
  func end(_ results: [BoardResult])
}

/// Flashing several boards, one after another or side by side. One that fails
/// does not stop the others.
public struct Batch {
  /// A board and what it gets.
  public struct Task: Sendable {
    /// The board.
    public var selected: SelectedBoard
    /// What is done with it.
    public var job: FlashJob
    /// The file's name.
    public var file: String

    /// A board and what it gets.
    public init(_ selected: SelectedBoard, _ job: FlashJob, file: String) {
      self.selected = selected
      self.job = job
      self.file = file
    }
  }

  private let bus: any USBBus
  private let jobs: Int
  private let display: any BatchDisplay
  private let shouldStop: @Sendable () -> Bool

  /// - Parameters:
  ///   - jobs: how many boards at once; 0 for all.
  ///   - shouldStop: asked on the threads of all boards.
  public init(
    on bus: any USBBus, jobs: Int = 1, display: any BatchDisplay,
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.bus = bus
    self.jobs = jobs
    self.display = display
    self.shouldStop = shouldStop
  }

  /// Flashes all; the results in the order of the tasks.
  public func run(_ tasks: [Task]) -> [BoardResult] {
    let results = Results(count: tasks.count)
    display.begin(tasks.map(\.selected.board))
    let (bus, display, shouldStop) = (bus, display, shouldStop)
    Workers.run(tasks.count, atMost: jobs == 0 ? tasks.count : jobs) { index in
      guard tasks.indices.contains(index) else { return }
      let task = tasks[index]
      let result = Self.run(
        task,
        JobContext(
          bus: bus, shouldStop: shouldStop,
          report: display.reporter(for: task.selected.board)))
      results.set(result, at: index)
      display.finished(result)
    }
    let done = results.all
    display.end(done)
    return done
  }

  /// Flashes one board; what becomes of it is in the result.
  public static func run(_ task: Task, _ context: JobContext) -> BoardResult {
    let clock = context.bus.clock(of: task.selected.board.device)
    let start = clock.now()
    var result = BoardResult(board: task.selected.board, file: task.file)
    do throws(JobError) {
      let flash = try task.job.run(task.selected, context)
      result.flash = flash
      result.board = flash.board
    } catch {
      result.error = error
    }
    result.duration = clock.now() - start
    return result
  }
}

/// The results of several threads.
private final class Results: Sendable {
  private let list: Mutex<[BoardResult?]>

  init(count: Int) {
    list = Mutex([BoardResult?](repeating: nil, count: count))
  }

  func set(_ result: BoardResult, at index: Int) {
    list.withLock { $0[index] = result }
  }

  var all: [BoardResult] { list.withLock { $0.compactMap(\.self) } }
}
