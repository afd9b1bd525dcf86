public import DFUCore
import Synchronization

/// Shows work on several boards. Called from the threads of all of them.
public protocol BatchDisplay: AnyObject, Sendable {
  /// The boards, before anything is done.
  func begin(_ boards: [Board])
  /// What is told of one board, on the thread that works on it.
  func reporter(for board: Board) -> (JobEvent) -> Void
  /// One board is done.
  func finished(_ result: Batch.Result)
  /// All are done.
  func end(_ results: [Batch.Result])
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

  /// What became of one.
  public struct Result: Sendable {
    /// The board as it was flashed; where it failed, as it was chosen.
    public var board: Board
    /// The file's name.
    public var file: String
    /// What was done; `nil` for a failure.
    public var flash: FlashResult?
    /// Why it failed.
    public var error: JobError?
    /// How long it took.
    public var duration = Duration.zero
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
  public func run(_ tasks: [Task]) -> [Result] {
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
  public static func run(_ task: Task, _ context: JobContext) -> Result {
    let clock = context.bus.clock(of: task.selected.board.device)
    let start = clock.now()
    var result = Result(board: task.selected.board, file: task.file)
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
  private let list: Mutex<[Batch.Result?]>

  init(count: Int) {
    list = Mutex([Batch.Result?](repeating: nil, count: count))
  }

  func set(_ result: Batch.Result, at index: Int) {
    list.withLock { $0[index] = result }
  }

  var all: [Batch.Result] { list.withLock { $0.compactMap(\.self) } }
}
