import DFUCore
import DFUSimulator
import TestSupport
import Testing

private let flash: UInt32 = 0x0800_0000

/// Boards that are not what they say: each story ended with exit 0 and a wrong
/// memory, or with a failure where none was, in an earlier release.
@Suite struct FlashStoryTests {
  private func quirk(
    _ change: @escaping (inout ChipProfile) -> Void
  ) -> (inout BoardProfile) -> Void {
    Host.quirk(change)
  }

  private final class Events {
    var list: [FlashEvent] = []
    var wrongSectors: [UInt32] {
      list.compactMap {
        if case .layoutIsWrong(let sector) = $0 { sector.address } else { nil }
      }
    }
    var leftByMassErase: Int {
      list.reduce(0) {
        if case .massEraseIncomplete(let rest) = $1 {
          $0 + rest.count
        } else {
          $0
        }
      }
    }
    var unverifiable: [Range<UInt64>] {
      list.compactMap {
        if case .unverifiable(let range) = $0 { range } else { nil }
      }
    }
  }

  // MARK: Sectors that are not as shown

  @Test func pagesLargerThanShownAreNoticedAndEverythingIsWritten() throws {
    // Older Black Magic firmware on an F103RC shows 1 KiB sectors for pages of
    // 2 KiB; here 2 KiB for pages of 4 KiB.
    let bench = try TestBench(
      "f072",
      change: quirk {
        $0.memories[0].sectors = [DFUSimulator.SectorGroup(32, 4096)]
      })
    let old = program(64 * 1024)
    bench.board.fill(old, at: flash)
    var new = old
    new[40_000] ^= 0x55
    let events = Events()
    try bench.flash(new, report: { events.list.append($0) })
    #expect(bench.board.memory(at: flash, count: new.count) == new)
    #expect(events.wrongSectors.count == 1)
  }

  @Test func anEraseThatGoesToTheEndIsNoticedAndEverythingIsWritten() throws {
    // One of ST's own examples for its device class.
    let bench = try TestBench(
      "f072", change: quirk { $0.quirks.erasesToEnd = true })
    let old = program(32 * 1024)
    bench.board.fill(old, at: flash)
    var new = old
    new[10_000] ^= 0x55
    let events = Events()
    try bench.flash(new, report: { events.list.append($0) })
    #expect(bench.board.memory(at: flash, count: new.count) == new)
    #expect(!events.wrongSectors.isEmpty)
  }

  @Test func keptSectorsAreReadBackAfterAnErase() throws {
    let bench = try TestBench("f072")
    let old = program(16 * 1024)
    bench.board.fill(old, at: flash)
    var new = old
    new[10_000] ^= 0x55
    let plan = try bench.flash(new)
    #expect(plan.kept.count == 6)
    let read = plan.checks.reduce(0) { $0 + $1.bytes.count }
    #expect(read == new.count - 8)
  }

  // MARK: Mass erase

  @Test func aMassEraseThatIsIgnoredIsDoneSectorBySector() throws {
    let bench = try TestBench(
      "f072", change: quirk { $0.quirks.ignoresMassErase = true })
    bench.board.fill(program(16 * 1024), at: flash + 0x1000)
    let events = Events()
    try bench.flasher(report: { events.list.append($0) }).massErase()
    #expect(bench.board.flash.allSatisfy { $0 == 0xFF })
    #expect(events.leftByMassErase == 8)

    bench.board.fill(program(16 * 1024, seed: 3), at: flash)
    var options = FlashOptions()
    options.massErase = .always
    let new = program(8192, seed: 4)
    try bench.flash(new, options)
    #expect(
      bench.board.flash
        == new + [UInt8](repeating: 0xFF, count: bench.board.flash.count - 8192)
    )
  }

  @Test func writeProtectedSectorsAreNamedByAnErase() throws {
    let bench = try TestBench("f405")
    bench.board.fill(program(64 * 1024, seed: 2), at: flash)
    try bench.protect(sector: 1)
    let error = try #require(throws: FlashError.self) {
      try bench.flasher().massErase()
    }
    guard case .notErased(let sectors, _) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(sectors.map(\.address) == [flash + 0x4000])
    let second = try #require(throws: FlashError.self) {
      try bench.flasher().erase(UInt64(flash)..<UInt64(flash) + 0x10000)
    }
    guard case .notErased(let same, _) = second else {
      Issue.record("\(second)")
      return
    }
    #expect(same == sectors)
  }

  // MARK: The vector table

  @Test func theVectorTableIsWrittenWhenAllElseHasBeenReadBack() throws {
    let bench = try TestBench("f072")
    let new = program(8192)
    try bench.flash(new)
    #expect(
      Array(bench.story.suffix(8)) == [
        "set 0x08000000", "write 2048 × 3", "abort", "read 2048 × 4",
        "abort", "write 8", "abort", "read 2048",
      ])
  }

  @Test func aBlockThatIsDroppedLeavesNoProgramThatStarts() throws {
    for place in 1...5 {
      let bench = try TestBench("f072")
      bench.board.faults = FaultPlan([Fault(.dropData, at: place, of: .data)])
      let failure = try #require(throws: FlashFailure.self) {
        try bench.flasher().flash(
          try FirmwareImage(program(8192), at: flash))
      }
      #expect(
        failure.afterReset == (place == 5 ? .newProgram : .noProgram),
        "block \(place)")
      #expect(
        bench.board.memory(at: flash, count: 8)
          == [UInt8](repeating: 0xFF, count: 8), "block \(place)")
    }
  }

  @Test func anUpdateElsewhereErasesTheVectorTablesSectorFirst() throws {
    let bench = try TestBench("f072")
    let old = program(16 * 1024)
    bench.board.fill(old, at: flash)
    var new = old
    new[10_000] ^= 0x55
    let plan = try bench.flash(new)
    #expect(plan.erases.map(\.address) == [flash, flash + 8192])

    bench.board.fill(old, at: flash)
    var options = FlashOptions()
    options.keepsVectorTable = true
    let kept = try bench.flash(new, options)
    #expect(kept.erases.map(\.address) == [flash + 8192])
  }

  // MARK: Neighbours

  /// The cable is pulled, or what is sent is acknowledged and not programmed.
  @Test(arguments: [(Fault.Effect.unplug, RequestKind.any), (.dropData, .data)])
  func whatLiesBesideTheImageIsWrittenFirstOrIsInTheFailure(
    effect: Fault.Effect, kind: RequestKind
  ) throws {
    let neighbour = program(1000, seed: 9)
    func bench() throws -> TestBench {
      let bench = try TestBench("f072")
      bench.board.fill(program(4096, seed: 2), at: flash)
      bench.board.fill(neighbour, at: flash + 4096 + 1000)
      return bench
    }
    let image = try FirmwareImage(program(4096 + 500), at: flash)
    let count = try bench()
    _ = try count.flasher().flash(image)
    #expect(count.board.memory(at: flash + 5096, count: 1000) == neighbour)
    for place in 1...count.board.faults.count(of: kind) {
      let bench = try bench()
      let flasher = try bench.flasher()
      bench.board.hasOwnPower = true
      bench.board.faults = FaultPlan([Fault(effect, at: place, of: kind)])
      do throws(FlashFailure) {
        try flasher.flash(image)
      } catch {
        let held = bench.board.memory(at: flash + 5096, count: 1000)
        let saved = error.lost.contains {
          $0.address <= flash + 5096 && $0.bytes.starts(with: neighbour)
        }
        #expect(held == neighbour || saved, "transfer \(place)")
      }
    }
  }

  // MARK: What cannot be read

  @Test func aDeviceWithoutUploadIsFlashedAndCalledNotVerified() throws {
    let bench = try TestBench("f072") {
      $0.functional.attributes &= ~2
    }
    bench.board.fill(program(8192, seed: 2), at: flash)
    let new = program(8192)
    let outcome = try bench.flasher().flash(try FirmwareImage(new, at: flash))
    #expect(bench.board.memory(at: flash, count: 8192) == new)
    #expect(outcome.unverified.reduce(0) { $0 + $1.count } == 8192)

    var options = FlashOptions()
    options.verification = .required
    let failure = try #require(throws: FlashFailure.self) {
      try bench.flasher(options).flash(try FirmwareImage(new, at: flash))
    }
    guard case .unverifiable = failure.error else {
      Issue.record("\(failure)")
      return
    }
  }

  @Test func aRangeThatTheDeviceRefusesToReadIsFlashedAllTheSame() throws {
    let bench = try TestBench(
      "f072", change: quirk { $0.quirks.lowestAddress = flash + 0x2000 })
    let outcome = try bench.flasher().flash(
      try FirmwareImage(program(4096), at: flash + 0x2000))
    #expect(outcome.unverified.isEmpty)
    let error = try #require(throws: FlashFailure.self) {
      try bench.flasher().flash(try FirmwareImage(program(4096), at: flash))
    }
    guard case .device = error.error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func nothingIsReadThatIsErasedAnyway() throws {
    // Reading a word with a torn error-correcting code makes a board vanish.
    let bench = try TestBench("l432")
    bench.board.fill(program(8192, seed: 2), at: flash)
    bench.board.tearWord(at: flash + 100)
    var options = FlashOptions()
    options.rewritesAll = true
    let new = program(8192)
    try bench.flash(new, options)
    #expect(bench.board.memory(at: flash, count: 8192) == new)
    bench.board.tearWord(at: flash + 100)
    try bench.flasher().massErase()
    #expect(bench.board.flash.allSatisfy { $0 == 0xFF })
  }

  // MARK: Errors by their names

  @Test func errVENDORAfterReadingIsNoReadoutProtection() throws {
    // ST's device class says errVENDOR of any write that fails.
    let bench = try TestBench(
      "f072", change: quirk { $0.quirks.failureStatus = 11 })
    bench.board.faults = FaultPlan([Fault(.status(11), at: 3, of: .data)])
    let error = try #require(throws: FlashError.self) {
      try bench.flash(program(8192))
    }
    guard case .device = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func anEraseThatIsDoneTooSoonIsGivenItsTime() throws {
    // G0B1 and G0B0, second bank: done at once, and the next erase is lost.
    let bench = try TestBench(
      "f072", change: quirk { $0.quirks.falselyDoneFrom = flash + 0x4000 })
    bench.board.fill(program(64 * 1024, seed: 2), at: flash)
    let new = program(64 * 1024)
    try bench.flash(new)
    #expect(bench.board.memory(at: flash, count: new.count) == new)
  }
}

extension TestBench {
  /// Sets the write protection of an F4's sector.
  fileprivate func protect(sector: Int) throws {
    var bytes = try #require(board.memory(at: 0x1FFF_C000, count: 16))
    bytes[8] &= ~(1 << UInt8(sector))
    board.fill(bytes, at: 0x1FFF_C000)
    board.powerCycle()
    board.clock.sleep(for: .seconds(2))
    bus.clock.sleep(for: .seconds(2))
  }
}
