import DFUCore
import DFUSimulator
import TestSupport
import Testing

private let flash: UInt32 = 0x0800_0000
private let kib = 1024

/// What a flash may cost, in the simulator's virtual time: the chip's own
/// erasing and programming, and one bus transfer for each block.
@Suite struct EngineGoalTests {
  /// Old content that no new image shares anything with.
  private func noise(_ count: Int) -> [UInt8] { program(count, seed: 77) }

  /// The time of a flash on the board's clock, and what was planned.
  private func time(
    _ bench: TestBench, _ image: [UInt8],
    _ options: FlashOptions = FlashOptions()
  ) throws -> (took: Duration, plan: FlashPlan) {
    let flasher = try bench.flasher(options)
    bench.board.clearLog()
    let start = bench.board.clock.now()
    let plan = try flasher.flashed(try FirmwareImage(image, at: flash))
    return (bench.board.clock.now() - start, plan)
  }

  /// The time of one transfer that carries `bytes`, measured on a board of the
  /// same kind.
  private func transferTime(_ name: String, _ bytes: Int) throws -> Duration {
    let bench = try TestBench(name)
    let session = try bench.session()
    _ = try session.read(bytes, at: flash)
    let start = bench.board.clock.now()
    _ = try session.read(bytes, at: flash + UInt32(bytes))
    return bench.board.clock.now() - start
  }

  @Test(arguments: [true, false])
  func aFullF405CostsWhatItsFlashCosts(verifies: Bool) throws {
    let bench = try TestBench("f405")
    bench.board.fill(noise(1024 * kib), at: flash)
    var options = FlashOptions()
    options.verification = verifies ? .whenPossible : .off
    let image = program(256 * kib)
    let (took, plan) = try time(bench, image, options)
    // Four sectors of 16 KiB, one of 64, one of 128; 16 µs a byte.
    let chip =
      Duration.milliseconds(4 * 400 + 1200 + 2000)
      + .microseconds(16 * image.count)
    let block = try transferTime("f405", 2048)
    let limit = chip + block * (verifies ? 256 : 128)
    #expect(plan.erases.count == 6)
    #expect(took / limit < (verifies ? 1.10 : 1.05))
    #expect(bench.board.violations.isEmpty)
  }

  @Test func theSameImageAgainCostsOneReading() throws {
    let bench = try TestBench("f405")
    bench.board.fill(noise(1024 * kib), at: flash)
    let image = program(256 * kib)
    _ = try time(bench, image)
    let (took, plan) = try time(bench, image)
    #expect(plan.isUpToDate)
    #expect(took / (try transferTime("f405", 2048) * 128) < 1.1)
  }

  @Test func aFullL432WithAMassEraseCostsWhatItsFlashCosts() throws {
    let bench = try TestBench("l432")
    bench.board.fill(noise(256 * kib), at: flash)
    let image = program(128 * kib)
    var options = FlashOptions()
    options.massErase = .always
    let (took, _) = try time(bench, image, options)
    // A mass erase of 22.1 ms and 82 µs for 64 bits.
    let chip =
      Duration.microseconds(22_100) + .microseconds(82 * image.count / 8)
    // Written, looked at after the erase (all 256 KiB), and read back.
    let limit = chip + (try transferTime("l432", 2048)) * (64 + 128 + 64)
    #expect(took / limit < 1.1)
    #expect(bench.board.violations.isEmpty)
  }

  @Test func anL432WithNothingElseInItIsMassErasedUnasked() throws {
    let bench = try TestBench("l432")
    bench.board.fill(noise(128 * kib), at: flash)
    let (took, plan) = try time(bench, program(128 * kib))
    #expect(plan.massErases)
    // Page by page the erasing alone takes 64 times 22 ms.
    #expect(took < .milliseconds(22 * 64 + 1343))
  }

  @Test func anH743IsFreedFromAnEraseThatNeverEnds() throws {
    let bench = try TestBench("h743")
    bench.board.fill(noise(2048 * kib), at: flash)
    let image = program(1536 * kib)
    let (took, plan) = try time(bench, image)
    #expect(plan.erases.count == 12)
    #expect(bench.board.memory(at: flash, count: image.count) == image)
    let chip = Duration.seconds(12) + .microseconds(100 * image.count / 32)
    // Its blocks are small beside the two GETSTATUS that DFU demands for each.
    let limit =
      chip + (try transferTime("h743", 1024)) * (2 * 1536)
      + (try transferTime("h743", 4)) * (2 * 1536)
    // Its poll times are honoured: it was not seen to hold its answers back.
    #expect(took / limit < 1.2)
    #expect(bench.board.log.counts[.clearStatus] == 2)
  }

  @Test func aBlankF405IsNotErased() throws {
    let bench = try TestBench("f405")
    let (_, plan) = try time(bench, program(256 * kib))
    #expect(plan.erases.isEmpty && !plan.massErases)
    #expect(bench.board.erasures.isEmpty)
  }

  @Test func oneMegabyteWithVerifyTakesWellUnderASecondOfOurTime() throws {
    let bench = try TestBench("f405")
    let clock = ContinuousClock()
    let took = try clock.measure {
      _ = try time(bench, program(1024 * kib))
    }
    // In a debug build on a loaded machine; a release build takes a tenth.
    #expect(took < .seconds(10))
  }
}
