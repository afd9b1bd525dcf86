import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Stop means stop: before each step that destroys, and before a program is
/// started; what the board holds is told.
@Suite struct StopTests {
  /// Flashes, and asks to stop at the nth question.
  private func flash(
    stoppingAt nth: Int
  ) throws -> (bench: TestBench, error: JobError?) {
    let bench = try TestBench("f405")
    bench.board.fill([UInt8](repeating: 0x11, count: 3000), at: 0x0800_0000)
    var questions = 0
    let isWanted = {
      questions += 1
      return questions >= nth
    }
    let (_, error) = try bench.run(shouldStop: isWanted) {
      board, context throws(JobError) in
      try FlashJob(TestBench.firmware()).run(board, context)
    }
    return (bench, error)
  }

  /// Whenever it is: the memory is what is said of it.
  @Test func aFlashStopsAtEveryQuestionAndSaysWhatIsThere() throws {
    var conditions: Set<MemoryCondition> = []
    for nth in 1...100 {
      let (bench, error) = try flash(stoppingAt: nth)
      guard let error else {
        // All was done before the wish could be heard.
        #expect(bench.memory(3000) == program(3000))
        break
      }
      #expect(error.cause == .stopped, "\(nth): \(error)")
      conditions.insert(error.memory)
      switch error.memory {
      case .untouched:
        #expect(bench.memory(3000)?.allSatisfy { $0 == 0x11 } == true)
      case .incomplete: break
      case .writtenNotVerified, .complete:
        #expect(bench.memory(3000) == program(3000), "\(nth)")
      case .unknown: Issue.record("\(nth)")
      }
      // The program is not started.
      #expect(bench.board.mode == .dfu, "\(nth)")
    }
    #expect(conditions.isSuperset(of: [.untouched, .incomplete, .complete]))
  }

  @Test func aWishBeforeAMassEraseIsHeard() throws {
    let bench = try TestBench("f405")
    bench.board.fill([1, 2, 3, 4], at: 0x0800_0000)
    let isWanted = { true }
    let (_, error) = try bench.run(shouldStop: isWanted) {
      board, context throws(JobError) in
      try EraseJob(.all(holding: nil)).run(board, context)
    }
    #expect(error?.cause == .stopped)
    #expect(bench.memory(4) == [1, 2, 3, 4])
  }
}
