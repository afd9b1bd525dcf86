import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Reading, comparing and erasing.
@Suite struct MemoryJobsTests {
  @Test(arguments: [(UInt32(0), 0), (1, 1), (0x4000, 1), (0x4001, 2)])
  func everySectorThatIsTouchedIsErasedAndNoOther(
    length: UInt32, sectors: Int
  ) throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(0xC000), at: 0x0800_0000)
    let (_, error) = try bench.run { board, context throws(JobError) in
      try EraseJob(.range(0x0800_0000, length: length)).run(board, context)
    }
    #expect(error == nil)
    #expect(bench.board.erasures.count == sectors)
  }
}
