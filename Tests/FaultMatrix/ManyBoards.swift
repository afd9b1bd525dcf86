import DFUCore
import DFUProduction
import Synchronization
import TestSupport

/// The same flash by way of those who work on many boards: what they have on
/// record is what is judged.
extension Operation {
  static func production() -> [Operation] {
    let old = program(0x1800, seed: 2)
    let image = program(0x1400, seed: 4)
    let job = FlashJob(JobFirmware(FirmwareFile(raw: image)))
    var wanted = old
    wanted.replaceSubrange(0..<image.count, with: image)
    func operation(
      _ name: String,
      _ run:
        @escaping @Sendable (SelectedBoard, JobContext) throws(JobError)
        -> Outcome
    ) -> Operation {
      Operation(
        name: name, kind: "l432", old: old, wanted: wanted,
        imageLength: image.count, run: run)
    }
    return [
      operation("map") { board, context throws(JobError) in
        try flash(board, job, context)
      },
      operation("station") { board, context throws(JobError) in
        try serve(board, job, context)
      },
    ]
  }

  private static func flash(
    _ board: SelectedBoard, _ job: FlashJob, _ context: JobContext
  ) throws(JobError) -> Outcome {
    nonisolated(unsafe) let shouldStop = context.shouldStop
    let results = Batch(
      on: context.bus, display: Silent(), shouldStop: { unsafe shouldStop() }
    ).run([Batch.Task(board, job, file: "fw.bin")])
    guard let result = results.first else {
      throw JobError(.output("no result"), board.board, .unknown)
    }
    if let error = result.error { throw error }
    return Outcome(isChecked: result.flash?.isVerified == true)
  }

  /// One board's turn at a station.
  private static func serve(
    _ board: SelectedBoard, _ job: FlashJob, _ context: JobContext
  ) throws(JobError) -> Outcome {
    nonisolated(unsafe) let shouldStop = context.shouldStop
    var plan = Station.Plan(job, file: "fw.bin")
    plan.limit = 1
    plan.usesThreads = false
    let turns = Turns()
    let bus = context.bus
    let end = bus.clock.now() + .seconds(600)
    let station = Station(
      plan, on: bus, display: Silent(), shouldStop: { unsafe shouldStop() },
      record: { turn in turns.list.withLock { $0.append(turn) } })
    do {
      try station.run(until: { bus.clock.now() > end })
    } catch let error as JobError {
      throw error
    } catch {
      throw JobError(.output("\(error)"), board.board, .unknown)
    }
    let all = turns.list.withLock { $0 }
    guard let turn = all.first else { throw JobError(.stopped, board.board) }
    guard all.count == 1 else {
      throw JobError(.output("\(all.count) turns"), board.board, .complete)
    }
    if let error = turn.error { throw error }
    return Outcome()
  }

  private final class Turns: Sendable {
    let list = Mutex<[BoardResult]>([])
  }

  private final class Silent: BatchDisplay, StationDisplay {
    func begin(_ boards: [Board]) {}
    func reporter(for board: Board) -> (JobEvent) -> Void { { _ in } }
    func finished(_ result: BoardResult) {}
    func end(_ results: [BoardResult]) {}
    func show(_ event: Station.Event) {}
  }
}
