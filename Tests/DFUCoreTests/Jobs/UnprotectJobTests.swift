import DFUCore
import DFUSimulator
import Testing

/// Lifting readout protection, by chips that do it in different ways.
@Suite struct UnprotectJobTests {
  private func lift(
    _ kind: String, _ quirk: ChipQuirks.Unprotect, isProtected: Bool = true
  ) throws -> (bench: TestBench, error: JobError?) {
    let bench = try TestBench(
      kind, change: Host.quirk { $0.quirks.unprotect = quirk })
    if isProtected { bench.board.setProtection(level: 1) }
    var job = UnprotectJob()
    job.permissions = [.liftProtection]
    let (_, error) = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    return (bench, error)
  }

  @Test(arguments: [ChipQuirks.Unprotect.resets, .staysOnTheBus])
  func aChipThatCanBeReadAfterwardsIsUnprotected(
    quirk: ChipQuirks.Unprotect
  ) throws {
    let (bench, error) = try lift("l412", quirk)
    #expect(error == nil, "\(error as Any)")
    #expect(bench.board.protectionLevel == 0)
  }

  @Test(arguments: [true, false])
  func aDeviceThatDoesNothingIsNotSaidToBeUnprotected(
    isProtected: Bool
  ) throws {
    let bench = try TestBench("l412")
    let start = bench.bus.clock.now()
    let (_, error) = try lift("l412", .ignored, isProtected: isProtected)
    #expect(error?.cause == .notLifted, "\(error as Any)")
    #expect(bench.bus.clock.now() - start < .seconds(20))
  }

  @Test func aChipThatNeedsItsPowerCutIsSaidSo() throws {
    let (_, error) = try lift("wb55", .needsPowerCycle)
    #expect(error?.cause == .stillProtected, "\(error as Any)")
  }

  /// errVENDOR is ST's class's word for any failure: only a ROM means readout
  /// protection, and only before anything could be read.
  @Test(arguments: [("l412", true), ("blackmagic", false)])
  func errVendorIsProtectionOnlyOnARom(
    kind: String, isROM: Bool
  ) throws {
    guard BoardProfile.named(kind) != nil else { return }
    let bench = try TestBench(kind)
    bench.board.faults = FaultPlan([
      Fault(.status(0x0B), at: 1, of: .upload, times: 1000)
    ])
    let job = VerifyJob(TestBench.firmware())
    let (_, error) = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    guard case .readProtected? = error?.cause else {
      return #expect(!isROM, "\(error as Any)")
    }
    #expect(isROM)
  }
}
