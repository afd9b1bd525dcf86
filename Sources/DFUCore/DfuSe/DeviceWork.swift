/// A piece of work that a device is told to do by one DNLOAD, and is asked
/// about until it is done.
struct DeviceWork {
  /// What it is, for errors.
  var operation: DFUOperation
  /// Where, for errors.
  var address: UInt32?
  /// What it is, for poll times.
  var kind: Polling.Work
  /// How long it may take.
  var limit: Duration

  /// The limit once the device has reported how long it takes.
  func limit(reported: Duration) -> Duration {
    guard kind == .massErase else { return limit }
    return max(limit, min(reported * 3 / 2, Self.longestMassErase))
  }

  /// The poll time has room for more than four hours.
  private static let longestMassErase = Duration.seconds(1800)
}

/// How far a device has come with a piece of work, as far as it was asked.
private struct Progress {
  let work: DeviceWork
  /// When the device has answered for the first time; before that, when it was
  /// told.
  var began: Duration
  /// When it was asked last, from ``began`` on.
  var asked = Duration.zero
  /// Questions before the first answer; once that is there, those after it.
  var questions = 0
  /// The last answer.
  var report: DFUStatusReport?
  /// Why the last question was not answered.
  var failure: DFUError?
  var hasFailed = false
  /// Whether the device said that it is done before it was asked twice.
  var mustConfirm = false
  /// Whether the last question is out that is asked when time is up.
  var isLast = false

  var limit: Duration {
    report.map { work.limit(reported: $0.pollDelay) } ?? work.limit
  }

  /// The answer that ends the work.
  var result: DFUStatusReport? {
    guard failure == nil, !mustConfirm, let report else { return nil }
    // TI's devices stay in dfuDNLOAD-SYNC while they work.
    return [.downloadBusy, .downloadSync].contains(report.state) ? nil : report
  }

  mutating func take(_ answer: DFUStatusReport, now: Duration) {
    failure = nil
    if report == nil {
      began = now
      asked = .zero
      questions = 0
      // Some devices do the work inside the first question, others begin
      // it there and say what they were before.
      mustConfirm = answer.state == .downloadIdle && !answer.isError
    } else {
      mustConfirm = false
    }
    report = answer
  }
}

// How work goes over the wire.
extension DfuSeSession {
  /// One DNLOAD, the GETSTATUS that starts the work, and GETSTATUS until it is
  /// done.
  func carryOut(
    _ work: DeviceWork, block: UInt16 = 0, _ data: Span<UInt8>
  ) throws(DFUError) {
    try start(work, block: block, data)
    let report = try waitUntilDone(work)
    state = report.state
    if report.isError {
      throw DFUError(work.operation, at: work.address, .status(report))
    }
    guard report.state == .downloadIdle || report.state == .idle else {
      throw DFUError(
        work.operation, at: work.address, .unexpectedState(report.state))
    }
  }

  /// A DNLOAD after whose first GETSTATUS the device resets. Everything that
  /// fails from then on is what a reset looks like; only an error that the
  /// device reports is one.
  func carryOutWithReset(
    _ work: DeviceWork, block: UInt16, _ data: Span<UInt8>
  ) throws(DFUError) {
    try start(work, block: block, data)
    pointer = nil
    guard
      let report = try? connection.getStatus(
        during: work.operation, at: work.address)
    else { return }
    state = report.state
    if report.isError {
      throw DFUError(work.operation, at: work.address, .status(report))
    }
  }

  private func start(
    _ work: DeviceWork, block: UInt16, _ data: Span<UInt8>
  ) throws(DFUError) {
    // DNLOAD is refused in dfuUPLOAD-IDLE.
    if state == .uploadIdle { try settle() }
    do throws(DFUError) {
      try connection.download(
        block: block, data, during: work.operation, at: work.address)
    } catch {
      throw explained(error)
    }
  }

  /// A stall says nothing; the status that follows does. Any other failure may
  /// have cut a DNLOAD off, and GETSTATUS could start what came of it.
  func explained(_ error: DFUError) -> DFUError {
    if error.isGone { return error }
    pointer = nil
    guard error.isStall else {
      connection.dropCutDownload()
      return error
    }
    guard
      let report = try? connection.getStatus(
        during: error.operation, at: error.address)
    else { return error }
    state = report.state
    guard report.isError else { return error }
    return DFUError(error.operation, at: error.address, .status(report))
  }

  /// Has the device begin and asks until it is done.
  ///
  /// While it is busy, a transfer that fails means "not yet": some devices stall
  /// GETSTATUS, some give no handshake at all. What was told once is never
  /// told again from here.
  private func waitUntilDone(
    _ work: DeviceWork
  ) throws(DFUError) -> DFUStatusReport {
    var progress = Progress(work: work, began: connection.clock.now())
    while true {
      try ask(&progress)
      if let report = progress.result {
        try learn(from: report, progress)
        return report
      }
      if isWedged(progress) {
        connection.clearStatusTwice()
        wedgeWasCured = true
        return try connection.getStatus(
          during: work.operation, at: work.address)
      }
      try pause(&progress)
    }
  }

  private func ask(_ progress: inout Progress) throws(DFUError) {
    let clock = connection.clock
    let work = progress.work
    progress.questions += 1
    progress.asked = clock.now() - progress.began
    do throws(DFUError) {
      // Devices that work inside a question need all the time there is.
      let report = try connection.getStatus(
        limit: max(connection.requestLimit, progress.limit - progress.asked),
        during: work.operation, at: work.address)
      progress.take(report, now: clock.now())
      if report.state == .downloadBusy, progress.questions > 0 {
        polling.wasBusy(work.kind, after: progress.asked)
      }
    } catch {
      var failure = error
      if case .shortReply = error.reason {
        failure.reason = .usb(USBError(.io, "receive a control reply"))
      }
      guard failure.isDisturbance else { throw error }
      progress.failure = failure
      progress.hasFailed = true
      if progress.report != nil, !error.isTimeout {
        polling.wasBusy(
          work.kind, after: progress.asked, refuses: true)
      }
    }
  }

  private func learn(
    from report: DFUStatusReport, _ progress: Progress
  ) throws(DFUError) {
    let work = progress.work
    if report.state == .idle, progress.hasFailed {
      // It has lost what it was told.
      throw DFUError(
        work.operation, at: work.address, .unexpectedState(.idle))
    }
    guard progress.questions > 0, !report.isError else { return }
    polling.finished(
      work.kind, asked: progress.asked,
      answered: connection.clock.now() - progress.began)
  }

  /// Waits before the next question, or ends the wait.
  private func pause(_ progress: inout Progress) throws(DFUError) {
    let work = progress.work
    let elapsed = connection.clock.now() - progress.began
    let isSilent =
      progress.report == nil && progress.failure?.isTimeout == false
    let limit =
      isSilent ? min(progress.limit, connection.requestLimit) : progress.limit
    guard elapsed < limit else {
      guard case .usb(let error) = progress.failure?.reason else {
        throw DFUError(
          work.operation, at: work.address, .stillBusy(limit: limit))
      }
      if progress.isLast {
        throw DFUError(work.operation, at: work.address, .unanswered(error))
      }
      // The question may have taken all the time there was.
      progress.isLast = true
      return
    }
    if progress.mustConfirm { return }
    // Not even told to begin, perhaps: no time is known.
    let delay =
      progress.report == nil
      ? max(.milliseconds(1), elapsed / 16)
      : polling.delay(
        work.kind, reported: progress.report?.pollDelay ?? .zero,
        elapsed: elapsed, asked: progress.questions)
    connection.clock.sleep(for: min(delay, limit - elapsed))
  }

  /// Whether an erase goes on so much longer than the ones before it, or than
  /// the datasheet allows, that it will not end by itself.
  private func isWedged(_ progress: Progress) -> Bool {
    guard behaviour.curesWedge, progress.failure == nil,
      let report = progress.report, report.state == .downloadBusy
    else { return false }
    let elapsed = connection.clock.now() - progress.began
    guard elapsed >= report.pollDelay else { return false }
    switch progress.work.kind {
    case .erase:
      return elapsed
        >= polling.longest(progress.work.kind).map { $0 * 5 / 4 }
        ?? behaviour.eraseLimit / 2
    case .massErase: return elapsed >= behaviour.massEraseLimit / 2
    default: return false
    }
  }
}
