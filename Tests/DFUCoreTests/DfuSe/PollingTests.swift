import DFUCore
import Testing

/// What a session learns of a device's poll times, and what it then dares.
@Suite struct PollingTests {
  private let quick = Duration.milliseconds(1)
  private let reported = Duration.milliseconds(20)

  /// Pieces of work of 5 ms on a device that says dfuDNBUSY until then.
  private func busyDevice(_ pieces: Int) -> (Polling, asked: [Int]) {
    var polling = Polling(.immediate)
    let work = Duration.milliseconds(5)
    var asked: [Int] = []
    for _ in 0..<pieces {
      var elapsed = Duration.zero
      var questions = 0
      while true {
        elapsed += polling.delay(
          .write, reported: reported, elapsed: elapsed, asked: questions)
        questions += 1
        if elapsed >= work { break }
        polling.learn(.write, .busy, after: elapsed)
        elapsed += quick
      }
      polling.finished(
        .write, asked: elapsed, answered: elapsed + quick)
      asked.append(questions)
    }
    return (polling, asked)
  }

  @Test func theFirstQuestionGoesOutAtOnce() {
    let polling = Polling(.immediate)
    #expect(
      polling.delay(.write, reported: reported, elapsed: .zero, asked: 0)
        == .zero)
  }

  @Test func theSpecificationsTimeIsKeptWhereItIsAskedFor() {
    var polling = Polling(.specification)
    for _ in 0..<10 {
      #expect(
        polling.delay(.write, reported: reported, elapsed: .zero, asked: 0)
          == reported)
      polling.finished(
        .write, asked: reported, answered: reported + .milliseconds(50))
    }
  }

  @Test func theTrueTimeIsFoundAndThenTrusted() {
    let (polling, asked) = busyDevice(40)
    #expect(asked.suffix(20).allSatisfy { $0 == 1 })
    let delay = polling.delay(
      .write, reported: reported, elapsed: .zero, asked: 0)
    #expect(delay >= .milliseconds(5) && delay < .microseconds(5_400))
  }

  @Test func aHiccupIsForgotten() {
    var (polling, _) = busyDevice(20)
    // The host was held up: the work seemed to take 40 ms.
    polling.learn(.write, .busy, after: .milliseconds(39))
    polling.finished(
      .write, asked: .milliseconds(40), answered: .milliseconds(41))
    var delay = Duration.milliseconds(40)
    for _ in 0..<1_000 {
      delay = polling.delay(
        .write, reported: reported, elapsed: .zero, asked: 0)
      if delay < .milliseconds(5) {
        polling.learn(.write, .busy, after: delay)
        delay = polling.delay(
          .write, reported: reported, elapsed: delay + quick, asked: 1)
      }
      polling.finished(
        .write, asked: delay, answered: delay + quick)
    }
    #expect(delay < .milliseconds(8), "\(delay)")
  }

  @Test func aStallIsNotProvokedAgain() {
    var polling = Polling(.immediate)
    polling.learn(.write, .stall, after: .zero)
    polling.finished(
      .write, asked: reported, answered: reported + quick)
    for _ in 0..<8 {
      #expect(
        polling.delay(.write, reported: reported, elapsed: .zero, asked: 0)
          == reported)
      polling.finished(
        .write, asked: reported, answered: reported + quick)
    }
  }
}
