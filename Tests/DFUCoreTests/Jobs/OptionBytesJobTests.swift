import DFUCore
import DFUSimulator
import Testing

/// Option bytes: exit 0 means that they are as wanted, or that it is said why
/// nobody can know.
@Suite struct OptionBytesJobTests {
  private func set(
    _ text: String, _ permissions: Permissions = [.optionBytes],
    _ change: @escaping (inout ChipProfile) -> Void = { _ in }
  ) throws -> (bench: TestBench, outcome: OptionByteOutcome?, error: JobError?)
  {
    let bench = try TestBench("l412", change: Host.quirk(change))
    var job = OptionBytesJob(.set([try OptionAssignment(parsing: text)]))
    job.permissions = permissions
    var outcome: OptionByteOutcome?
    let (_, error) = try bench.run { board, context throws(JobError) in
      outcome = try job.prepare(board, context).carryOut()
    }
    return (bench, outcome, error)
  }

  @Test func whatIsSetIsReadBack() throws {
    let (_, outcome, error) = try set("nRST_STOP=0")
    #expect(error == nil)
    #expect(outcome == .checked)
  }

  /// Refused, dropped without a word, or a stall at the last question: none of
  /// these is a success.
  @Test(arguments: [
    ChipQuirks.OptionWrite.refused, .dropped, .stallsStatus, .changesMore,
  ])
  func aWriteThatDidNothingIsAFailure(
    quirk: ChipQuirks.OptionWrite
  ) throws {
    let (_, outcome, error) = try set("nRST_STOP=0") {
      $0.quirks.optionWrite = quirk
    }
    #expect(outcome == nil)
    let condition = error?.optionBytes
    switch (quirk, condition) {
    case (.changesMore, .other?), (.refused, .asBefore?),
      (.dropped, .asBefore?):
      break
    // A device that answers nothing more shows nothing either.
    case (.stallsStatus, .unreadable?), (.stallsStatus, .asBefore?): break
    default: Issue.record("\(quirk): \(error as Any)")
    }
  }

  @Test func aBoardThatDoesNotComeBackIsASuccessThatWasNotChecked() throws {
    let (_, outcome, error) = try set("nRST_STOP=0") {
      $0.quirks.optionWrite = .neverReturns
    }
    #expect(error == nil, "\(error as Any)")
    #expect(outcome == .unchecked)
  }

  /// The story: `set RDP=level1 --force` works, and was said to have failed,
  /// with the advice to erase the chip.
  @Test func protectionThatWasWantedIsASuccess() throws {
    let (bench, outcome, error) = try set(
      "RDP=level1", [.optionBytes, .riskyOptionBytes, .raiseProtection])
    #expect(error == nil, "\(error as Any)")
    #expect(outcome == .protected)
    #expect(bench.board.protectionLevel == 1)
  }

  /// The same by way of a file.
  @Test(arguments: [
    ChipQuirks.OptionWrite.refused, .dropped, .stallsStatus, .resets,
    .neverReturns,
  ])
  func aFlashOfOptionBytesIsLookedAtToo(
    quirk: ChipQuirks.OptionWrite
  ) throws {
    let bench = try TestBench(
      "l412", change: Host.quirk { $0.quirks.optionWrite = quirk })
    var bytes = try #require(bench.memory(8, at: 0x1FFF_7800))
    bytes[1] &= 0xEF
    bytes[5] = ~bytes[1]
    var job = FlashJob(TestBench.firmware(bytes, at: 0x1FFF_7800))
    job.permissions = [.optionBytes]
    var result: FlashResult?
    let (_, error) = try bench.run { board, context throws(JobError) in
      result = try job.run(board, context)
    }
    switch quirk {
    case .resets: #expect(result?.optionBytes == .checked, "\(error as Any)")
    case .neverReturns:
      #expect(result?.optionBytes == .unchecked, "\(error as Any)")
    default: #expect(error?.optionBytes != nil, "\(error as Any)")
    }
  }

  @Test func nothingIsWrittenOnceTheUserWantsToStop() throws {
    let bench = try TestBench("l412")
    let before = bench.memory(40, at: 0x1FFF_7800)
    var job = OptionBytesJob(
      .set([OptionAssignment(name: "nRST_STOP", value: "0")]))
    job.permissions = [.optionBytes]
    var isWanted = false
    let stop = { isWanted }
    let (_, error) = try bench.run(shouldStop: stop) {
      board, context throws(JobError) in
      let prepared = try job.prepare(board, context)
      isWanted = true
      _ = try prepared.carryOut()
    }
    #expect(error?.cause == .stopped)
    #expect(error?.memory == .untouched)
    #expect(bench.memory(40, at: 0x1FFF_7800) == before)
  }
}
