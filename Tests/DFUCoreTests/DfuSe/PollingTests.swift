import DFUCore
import Testing

/// What a session learns of a device's poll times, and what it then dares.
@Suite struct PollingTests {
  private let quick = Duration.milliseconds(1)
  private let reported = Duration.milliseconds(20)

  /// Pieces of work of 5 ms, on a device that says dfuDNBUSY until then or
  /// refuses to be asked.
  private func device(
    _ mode: Polling.Mode, _ pieces: Int, triesEarly: Bool = true,
    refuses: Bool = false, work: Duration = .milliseconds(5)
  ) -> (Polling, waits: [[Duration]]) {
    var polling = Polling(mode, triesEarly: triesEarly)
    var waits: [[Duration]] = []
    for _ in 0..<pieces {
      var elapsed = Duration.zero
      var asked: [Duration] = []
      while true {
        elapsed += polling.delay(
          .write, reported: reported, elapsed: elapsed, asked: asked.count)
        asked.append(elapsed)
        if elapsed >= work { break }
        polling.wasBusy(.write, after: elapsed, refuses: refuses)
        elapsed += quick
      }
      polling.finished(.write, asked: elapsed, answered: elapsed + quick)
      waits.append(asked)
    }
    return (polling, waits)
  }

  @Test func aROMThatHoldsItsAnswerBackIsAskedAtOnce() {
    let polling = Polling(.immediate)
    #expect(
      polling.delay(.write, reported: reported, elapsed: .zero, asked: 0)
        == .zero)
  }

  @Test func theSpecificationsTimeIsKeptWhereItIsAskedFor() {
    let (_, waits) = device(.specification, 10)
    #expect(waits == Array(repeating: [reported], count: 10))
  }

  @Test func theReportedTimeIsHonouredUntilTheDeviceHasBeenQuickerOften() {
    let (_, waits) = device(.evidence, 4)
    #expect(waits.prefix(4).allSatisfy { $0 == [reported] })
    let (_, more) = device(.evidence, 5)
    #expect(more[4] == [reported / 2])
  }

  @Test(arguments: [2, 5, 11, 19])
  func aWaitIsAtMostHalvedAfterItHasSufficedThreeTimes(ms: Int) {
    let (_, waits) = device(.evidence, 60, work: .milliseconds(ms))
    var shown = reported
    var hits = 0
    for asked in waits {
      let first = asked.first ?? .zero
      #expect(first >= shown / 2)
      if first < shown { #expect(hits >= Polling.severalTimes) }
      if asked.count == 1, first < shown {
        shown = first
        hits = 0
      } else {
        // A trial that failed was found done after the known wait.
        hits = asked.count == 1 ? hits + 1 : 1
      }
    }
    #expect(shown < .milliseconds(ms) * 9 / 8)
  }

  @Test func workThatOutlastsItsReportedTimeIsGivenThatTimeAgain() {
    let (_, waits) = device(.evidence, 1, work: .milliseconds(50))
    let again = reported + quick + reported
    let third = again + quick + reported
    #expect(waits == [[reported, again, third]])
  }

  @Test func aDeviceThatMustNotBeAskedEarlyNeverIs() {
    let (_, waits) = device(.evidence, 100, triesEarly: false)
    #expect(waits.allSatisfy { $0 == [reported] })
  }

  @Test func aRefusalIsNotProvokedAgainAtAnyWork() {
    var (polling, waits) = device(.evidence, 40, refuses: true)
    #expect(waits.count { $0.count > 1 } == 1)
    #expect(waits.last == [reported])
    for _ in 0..<8 {
      #expect(
        polling.delay(
          .setAddress, reported: reported, elapsed: .zero, asked: 0)
          == reported)
      polling.finished(
        .setAddress, asked: reported, answered: reported + quick)
    }
  }

  @Test func theTrueTimeIsFoundAndThenKept() {
    let (polling, waits) = device(.immediate, 40)
    #expect(waits.suffix(20).allSatisfy { $0.count == 1 })
    let delay = polling.delay(
      .write, reported: reported, elapsed: .zero, asked: 0)
    #expect(delay >= .milliseconds(5) && delay < .microseconds(5_400))
  }

  @Test func aHiccupIsForgotten() {
    var (polling, _) = device(.immediate, 20)
    // The host was held up: the work seemed to take 40 ms.
    polling.wasBusy(.write, after: .milliseconds(39))
    polling.finished(
      .write, asked: .milliseconds(40), answered: .milliseconds(41))
    var delay = Duration.milliseconds(40)
    for _ in 0..<1_000 {
      delay = polling.delay(
        .write, reported: reported, elapsed: .zero, asked: 0)
      if delay < .milliseconds(5) {
        polling.wasBusy(.write, after: delay)
        delay += polling.delay(
          .write, reported: reported, elapsed: delay, asked: 1)
      }
      polling.finished(.write, asked: delay, answered: delay + quick)
    }
    #expect(delay < .milliseconds(8), "\(delay)")
  }
}
