import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Everything that a person does, on every loader that is not ST's ROM, and on
/// ROMs that behave oddly: what it says is done is done.
@Suite struct LoaderTests {
  /// A loader, and where programs begin behind it.
  struct Loader: Sendable, CustomTestStringConvertible {
    var kind: String
    var start: UInt32 = 0x0800_0000
    /// Whether what lies beside an image may be erased with it, because the
    /// sectors are not those of the layout.
    var lies = false
    var quirk: String?
    var change: @Sendable (inout ChipProfile) -> Void = { _ in }
    var testDescription: String { quirk.map { "\(kind), \($0)" } ?? kind }

    static func odd(
      _ quirk: String, _ change: @escaping @Sendable (inout ChipQuirks) -> Void
    ) -> Loader {
      Loader(kind: "l412", quirk: quirk) { change(&$0.quirks) }
    }
  }

  static let loaders: [Loader] = [
    Loader(kind: "st-class"),
    Loader(kind: "st-class-erases-to-end", lies: true),
    Loader(kind: "mboot", start: 0x0800_8000),
    Loader(kind: "blackmagic-f103", start: 0x0800_2000, lies: true),
    Loader(kind: "libopencm3", start: 0x0800_2000), Loader(kind: "uncounted"),
    Loader(kind: "c5-openbl"), Loader(kind: "at32"), Loader(kind: "apm32"),
    Loader(kind: "x32"), Loader(kind: "h7a3-90", lies: true),
    .odd("errVENDOR for any failure") { $0.failureStatus = 11 },
    .odd("CLRSTATUS stalls") { $0.clearStatus = .stalls },
    .odd("CLRSTATUS stalls, dfuERROR") {
      $0.clearStatus = .stallsAndEntersError
    },
    .odd("state 15") { $0.blockOneGivesState15 = true },
    .odd("work before the answer") { $0.work = .beforeAnswer },
    .odd("work in the status stage") { $0.work = .inStatusStage },
    .odd("unknown commands hang") { $0.unknownCommandHangs = true },
    .odd("addresses by length") {
      $0.addressesByRequestedLength = true
      $0.uploadsByRequestedLength = true
    },
  ]

  private static let old = program(0x1800, seed: 2)

  private func bench(_ loader: Loader) throws -> TestBench {
    let bench = try TestBench(loader.kind, change: Host.quirk(loader.change))
    bench.board.fill(Self.old, at: loader.start)
    return bench
  }

  private func flash(
    _ image: [UInt8], _ loader: Loader, on bench: TestBench,
    stoppingAt nth: Int = .max
  ) throws -> JobError? {
    var job = FlashJob(TestBench.firmware(image, at: loader.start))
    job.ending = .stay
    job.takesAnyProgram = true
    var questions = 0
    return try bench.run(
      shouldStop: {
        questions += 1
        return questions >= nth
      },
      { board, context throws(JobError) in try job.run(board, context) }
    ).error
  }

  private func content(_ bench: TestBench, _ loader: Loader) -> [UInt8]? {
    bench.memory(Self.old.count, at: loader.start)
  }

  @Test(arguments: loaders)
  func itIsFlashedAgainAndChanged(loader: Loader) throws {
    let bench = try bench(loader)
    let new = program(0x1800, seed: 3)
    #expect(try flash(new, loader, on: bench) == nil)
    #expect(content(bench, loader) == new)
    #expect(try flash(new, loader, on: bench) == nil)
    var changed = new
    changed[0x1234] ^= 0x21
    #expect(try flash(changed, loader, on: bench) == nil)
    #expect(content(bench, loader) == changed)
  }

  @Test(arguments: loaders)
  func itIsReadWhereItLetsItself(loader: Loader) throws {
    let bench = try bench(loader)
    var job = ReadJob()
    job.address = loader.start
    job.length = UInt32(Self.old.count)
    var read: [UInt8] = []
    let error = try bench.run { board, context throws(JobError) in
      try job.run(board, context) { read += $0 }
    }.error
    if loader.kind == "libopencm3" {
      #expect(error != nil)
    } else {
      #expect(error == nil, "\(error as Any)")
      #expect(read == Self.old)
    }
  }

  /// Blank, or said not to be.
  @Test(arguments: loaders)
  func whatIsErasedIsErased(loader: Loader) throws {
    for extent in [
      EraseJob.Extent.range(loader.start, length: 0x1000),
      .all(holding: loader.start),
    ] {
      let bench = try bench(loader)
      let error = try bench.run { board, context throws(JobError) in
        try EraseJob(extent).run(board, context)
      }.error
      let blank = bench.memory(0x1000, at: loader.start)?
        .allSatisfy { $0 == 0xFF }
      #expect(blank == true || error != nil, "\(extent)")
    }
  }

  @Test(arguments: loaders)
  func itIsLeft(loader: Loader) throws {
    let bench = try bench(loader)
    bench.board.boot0 = false
    let error = try bench.run { board, context throws(JobError) in
      try LeaveJob(.start(at: loader.start)).run(board, context)
    }.error
    #expect(error == nil, "\(error as Any)")
    #expect(bench.board.mode != .dfu || bench.board.isMute)
  }

  /// Whenever Ctrl-C comes, the next flash ends well.
  @Test(arguments: loaders)
  func itCanBeFlashedAfterAStop(loader: Loader) throws {
    let new = program(0x1800, seed: 3)
    for nth in [2, 5, 9] {
      let bench = try bench(loader)
      let error = try flash(new, loader, on: bench, stoppingAt: nth)
      #expect(error == nil || error?.cause == .stopped, "\(error as Any)")
      #expect(try flash(new, loader, on: bench) == nil)
      #expect(content(bench, loader) == new)
    }
  }

  @Test(arguments: loaders)
  func whatWasLeftBehindIsCleared(loader: Loader) throws {
    for (state, status) in [(UInt8(10), UInt8(15)), (9, 0), (5, 0)] {
      let bench = try bench(loader)
      bench.board.enter(state: state, status: status)
      let new = program(0x1800, seed: 3)
      let error = try flash(new, loader, on: bench)
      #expect(error == nil, "state \(state): \(error as Any)")
      #expect(content(bench, loader) == new)
    }
  }
}
