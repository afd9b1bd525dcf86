import DFUProduction
import DFUSimulator
import TestSupport
import Testing

/// Many boards at once, by the program.
@Suite struct ManyBoardsTests {
  /// As scripts do: a process for each board, all at once, on one bench.
  @Test func thirtyProcessesTakeTurnsOnOneBench() throws {
    let bench = try TestBenchFile(
      [(kind: String, more: String)](repeating: ("f042", ""), count: 30))
    for number in 1...30 {
      _ = try bench.folder.file(
        "\(number).bin", program(2000, seed: UInt64(number)))
    }
    Workers.run(30, atMost: 30) { index in
      let file = bench.folder.path("\(index + 1).bin")
      let run = try? Program.run(
        ["flash", "-p", "1-\(index + 1)", file], bench: bench)
      #expect(run?.status == 0, "\(run?.errors ?? "")")
    }
    let boards = try Bench.load(bench.file).boards
    #expect(boards.count == 30)
    for (index, entry) in boards.enumerated() {
      #expect(
        entry.board.memory(at: 0x0800_0000, count: 2000)
          == program(2000, seed: UInt64(index + 1)), "\(entry.path)")
    }
  }
}
