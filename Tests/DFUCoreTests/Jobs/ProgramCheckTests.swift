import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// What is no program is refused where one has to be, before the board is
/// touched.
@Suite struct ProgramCheckTests {
  /// An image that begins with these two words.
  private static func image(
    _ stack: UInt32, _ reset: UInt32, count: Int = 3000
  ) -> [UInt8] {
    var bytes = program(count)
    for (offset, word) in [(0, stack), (4, reset)] {
      for index in 0..<4 where offset + index < count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
      }
    }
    return bytes
  }

  /// Flashes it; what was refused, and whether the board's memory is as
  /// before.
  private func flash(
    _ bytes: [UInt8], at address: UInt32 = 0x0800_0000, on kind: String,
    _ change: (inout FlashJob) -> Void = { _ in }
  ) throws -> (problems: [VectorTable.Problem]?, told: Bool, error: JobError?) {
    let bench = try TestBench(kind)
    bench.board.fill(program(4096, seed: 9), at: 0x0800_0000)
    var job = FlashJob(TestBench.firmware(bytes, at: address))
    change(&job)
    let before = bench.board.memory(at: 0x0800_0000, count: 0x8000)
    let run = try bench.run { (selected, context) throws(JobError) in
      try job.run(selected, context)
    }
    let told = run.events.contains {
      if case .oddProgram = $0 { true } else { false }
    }
    guard case .noProgram(let problems, at: _)? = run.error?.cause else {
      return (nil, told, run.error)
    }
    #expect(run.error?.memory == .untouched)
    #expect(bench.board.memory(at: 0x0800_0000, count: 0x8000) == before)
    return (problems, told, run.error)
  }

  @Test(
    arguments: [
      (0x2002_0000, 0x0800_0009), (0x2002_0000, 0x0000_0009),
      // Core-coupled RAM, and exactly at the end of a RAM.
      (0x1001_0000, 0x0800_0009), (0x1000_8000, 0x0800_0009),
    ] as [(UInt32, UInt32)])
  func aProgramIsTaken(stack: UInt32, reset: UInt32) throws {
    let result = try flash(Self.image(stack, reset), on: "f405")
    #expect(result.error == nil)
    #expect(!result.told)
  }

  @Test(
    arguments: [
      (0x0800_0000, 0x0800_0009, .stackOutsideRAM),
      (0x2002_0000, 0x0800_0008, .resetNotThumb),
      // Linked for 0x08008000.
      (0x2002_0000, 0x0800_8009, .resetOutsideImage),
      (.max, .max, .blank),
      // A program of an F407 has no place on an L432 with its 64 KiB.
      (0x2004_0000, 0x0800_0009, .stackOutsideChip),
    ] as [(UInt32, UInt32, VectorTable.Problem)])
  func whatIsNoProgramIsRefused(
    stack: UInt32, reset: UInt32, problem: VectorTable.Problem
  ) throws {
    let image = Self.image(stack, reset)
    let refused = try flash(image, on: "l432")
    #expect(refused.problems == [problem])
    // At the start of internal flash also where it is not started now.
    #expect(
      try flash(image, on: "l432") { $0.ending = .stay }.problems == [problem])
    // Whoever insists is told.
    let forced = try flash(image, on: "l432") { $0.takesAnyProgram = true }
    #expect(forced.problems == nil)
    #expect(forced.told)
  }

  @Test func aFewBytesAndOddPlacesAreNoProgram() throws {
    #expect(try flash([1, 2, 3, 4], on: "f405").problems == [.incomplete])
    #expect(
      try flash(program(64), at: 0x0800_4001, on: "f405").problems
        == [.unaligned])
  }

  /// Data elsewhere is no program, and need not be, unless it is started.
  @Test func dataIsWrittenWhereNothingIsStarted() throws {
    let data = [UInt8](repeating: 0x5A, count: 256)
    let refused = try flash(data, at: 0x0800_8000, on: "f405")
    #expect(refused.problems?.contains(.stackOutsideRAM) == true)
    let written = try flash(data, at: 0x0800_8000, on: "f405") {
      $0.ending = .stay
    }
    #expect(written.error == nil)
    #expect(!written.told)
  }

  /// Protection is not lifted, which erases the chip, for an image that could
  /// not be started afterwards.
  @Test func protectionStaysForWhatIsNoProgram() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(4096), at: 0x0800_0000)
    bench.board.setProtection(level: 1)
    var job = FlashJob(TestBench.firmware([UInt8](repeating: 1, count: 64)))
    job.unprotects = true
    job.permissions = [.liftProtection]
    let run = try bench.run { (selected, context) throws(JobError) in
      try job.run(selected, context)
    }
    guard case .noProgram? = run.error?.cause else {
      Issue.record("\(run.error as Any)")
      return
    }
    #expect(bench.board.memory(at: 0x0800_0000, count: 4096) == program(4096))
  }

  /// A RISC-V core does not begin with a stack pointer.
  @Test func otherCoresAreLeftAlone() throws {
    let result = try flash(
      [UInt8](repeating: 0x13, count: 256), on: "gd32vf103")
    #expect(result.error == nil)
  }
}
