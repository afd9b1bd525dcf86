import DFUCore
import DFUSimulator
import TestSupport
import Testing

private let flash: UInt32 = 0x0800_0000

/// A flash that is cut off at every single control transfer, one run for each,
/// and done again.
@Suite struct InterruptedFlashTests {
  /// How the board loses its host.
  enum Cut: String, CaseIterable, Sendable {
    /// The cable is pulled and with it the power.
    case power
    /// The cable is pulled; the board has power of its own.
    case cable
    /// The board vanishes after it has done what it was asked.
    case afterwards
  }

  private struct Situation {
    var name: String
    /// What the flash holds before.
    var old: [UInt8]
    var image: FirmwareImage
    /// What it should hold at the end.
    var wanted: [UInt8]
  }

  private static func situation(_ name: String) throws -> Situation {
    // Two programs of different lengths, and data of somebody else's behind.
    // Small, because it is flashed hundreds of times.
    let sector = name == "u585" ? 8 * 1024 : 2048
    var old = program(sector + 500, seed: 2)
    old += [UInt8](repeating: 0xFF, count: 4 * sector - old.count)
    old += program(sector, seed: 3)
    let new = program(2 * sector, seed: 4)
    var wanted = old
    wanted.replaceSubrange(0..<new.count, with: new)
    return Situation(
      name: name, old: old, image: try FirmwareImage(new, at: flash),
      wanted: wanted)
  }

  private func bench(_ situation: Situation) throws -> TestBench {
    let bench = try TestBench(situation.name)
    bench.board.fill(situation.old, at: flash)
    return bench
  }

  /// How many control transfers the whole flash takes.
  private func transfers(_ situation: Situation) throws -> Int {
    let bench = try bench(situation)
    let flasher = try bench.flasher()
    bench.board.clearLog()
    try flasher.flashed(situation.image)
    return bench.board.log.total
  }

  @Test(
    arguments: ["f072", "l412", "u585"], Cut.allCases)
  func aFlashCutOffAnywhereNeverBootsHalfAndEndsRightTheNextTime(
    name: String, cut: Cut
  ) throws {
    let situation = try Self.situation(name)
    let total = try transfers(situation)
    #expect(total > 10)
    for place in 1...total {
      let bench = try bench(situation)
      bench.board.hasOwnPower = cut != .power
      let flasher = try bench.flasher()
      bench.board.faults = FaultPlan([
        Fault(.unplug, at: place, afterEffect: cut == .afterwards)
      ])
      do {
        try flasher.flashed(situation.image)
        // Only a board that vanishes after its last answer may be done.
        #expect(place == total && cut == .afterwards, "transfer \(place)")
      } catch FlashError.device(let error) {
        #expect(error.isGone, "transfer \(place): \(error)")
      }
      bench.board.faults = FaultPlan()
      bench.board.clock.sleep(for: .seconds(1))
      try expectNoHalfProgram(bench, situation, place)
      expectStrangersIntact(bench, situation, place)

      // In again, with BOOT0 high, and once more.
      bench.board.boot0 = true
      bench.board.plug()
      bench.board.powerCycle()
      bench.board.clock.sleep(for: .seconds(5))
      bench.bus.clock.sleep(for: .seconds(5))
      bench.board.clearLog()
      try bench.flash(situation.image)
      #expect(
        bench.board.memory(at: flash, count: situation.wanted.count)
          == situation.wanted, "transfer \(place)")
      #expect(bench.board.violations.isEmpty, "transfer \(place)")
    }
  }

  /// If anything starts now, it is the whole old or the whole new program.
  private func expectNoHalfProgram(
    _ bench: TestBench, _ situation: Situation, _ place: Int
  ) throws {
    let board = bench.board
    board.unplug()
    board.hasOwnPower = false
    board.clock.sleep(for: .seconds(1))
    board.boot0 = false
    board.plug()
    board.clock.sleep(for: .seconds(5))
    let content = board.memory(at: flash, count: situation.old.count)
    if board.mode == .application {
      #expect(
        content == situation.old || content == situation.wanted,
        "half a program runs after transfer \(place)")
    }
  }

  /// What no sector of the image holds is never touched.
  private func expectStrangersIntact(
    _ bench: TestBench, _ situation: Situation, _ place: Int
  ) {
    let start = situation.image.byteCount
    #expect(
      bench.board.memory(
        at: flash + UInt32(start), count: situation.old.count - start)
        == Array(situation.old[start...]), "transfer \(place)")
  }
}
