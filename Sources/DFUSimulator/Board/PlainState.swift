import DFUCore

/// The state of a device of plain DFU.
struct PlainState: Sendable {
  /// Stored firmware of each alternate setting.
  var contents: [[UInt8]] = []
  /// 0 appIDLE or 1 appDETACH while the program runs.
  var runtimeState: UInt8 = 0
  /// The end of the work under way, and the state that follows it.
  var workEnd: Duration?
  var afterWork: UInt8 = 3
  var incoming: [UInt8] = []
  var nextBlock: UInt16 = 0
  var uploaded = 0
  var isDone = false
  /// A DNLOAD that is answered when the work is done.
  var isInDownload = false
  /// The next block is acknowledged and not stored.
  var dropsBlock = false
  /// Of the next block only so many bytes arrive.
  var cutTo: Int?
}

// The side of DFU 1.0 and 1.1, from appendix A of the specification.
extension BoardCore {
  private func has(_ quirk: PlainProfile.Quirk) -> Bool {
    device.quirks.contains(quirk)
  }

  private var attributes: UInt8 { profile.functional.attributes }

  private var target: PlainProfile.Target? {
    device.targets.indices.contains(slot) ? device.targets[slot] : nil
  }

  /// The place of the alternate setting among those of all stages.
  private var slot: Int {
    let before = stages.prefix(stage).reduce(0) { $0 + $1.count }
    let index = before + Int(alternate)
    return plain.contents.indices.contains(index) ? index : 0
  }

  private var stages: [[AlternateProfile]] {
    [profile.alternates]
      + device.laterStages.map { $0.map { AlternateProfile($0) } }
  }

  /// The alternate settings of the loader that runs.
  var alternates: [AlternateProfile] {
    stages.indices.contains(stage) ? stages[stage] : profile.alternates
  }

  // MARK: - Run time

  /// Answers a DFU request while the program runs.
  mutating func answerRuntime(
    _ setup: ControlSetup, _ application: ApplicationProfile
  ) -> Step {
    guard let functional = application.functional else { return .stall }
    switch setup.request {
    case 0: return detach(setup.value, functional)
    case 3 where application.statusStalls: return .stall
    case 5 where application.statusStalls: return .stall
    case 3: return .answer(.data([0, 0, 0, 0, plain.runtimeState, 0]))
    case 5: return .answer(.data([plain.runtimeState]))
    default:
      plain.runtimeState = 0
      detachDeadline = nil
      return .stall
    }
  }

  private mutating func detach(
    _ timeout: UInt16, _ functional: FunctionalProfile
  ) -> Step {
    guard plain.runtimeState == 0 else {
      plain.runtimeState = 0
      detachDeadline = nil
      return .stall
    }
    plain.runtimeState = 1
    if functional.attributes & 8 != 0 {
      departure = (now + .milliseconds(10), .bootLoader)
    } else {
      detachDeadline =
        now + .milliseconds(Int64(min(timeout, functional.detachTimeout)))
    }
    return .done
  }

  // MARK: - DFU mode

  /// Answers a class request in DFU mode.
  mutating func answerPlain(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16
  ) -> Step {
    if plain.workEnd != nil, let step = answerBusy(setup) { return step }
    switch setup.request {
    case 0: return plainDetach()
    case 1: return plainDownload(setup.value, data)
    case 2: return plainUpload(setup.value, Int(length))
    case 3: return plainStatus()
    case 4: return plainClearStatus()
    case 5: return .answer(.data([dfuState]))
    case 6: return plainAbort()
    default: return wrongState()
    }
  }

  // While it works in dfuDNBUSY or dfuMANIFEST every request stalls.
  private mutating func answerBusy(_ setup: ControlSetup) -> Step? {
    guard dfuState == 4 || dfuState == 7 else { return nil }
    if has(.neverFinishes) { plain.workEnd = now + .seconds(1) }
    if setup.request == 3 {
      if has(.blocksInStatus) { return plain.workEnd.map { .wait(until: $0) } }
      if has(.answersStatusWhenBusy) || has(.neverFinishes) {
        return plainReply(dfuState, poll: target?.poll ?? 0)
      }
    }
    return wrongState()
  }

  private mutating func wrongState() -> Step {
    note(.wrongState)
    if has(.wrongStateIsAcknowledged) { return .done }
    if has(.wrongStateOnlyStalls) { return .stall }
    return fail(15)
  }

  private mutating func plainReply(_ state: UInt8, poll: UInt32) -> Step {
    var poll = has(.blocksInStatus) ? 0 : poll
    if has(.reportsWrongPollTime) { poll = device.wrongPollTime }
    return reply(state, poll: poll)
  }

  private mutating func plainDetach() -> Step {
    guard has(.detachLeaves), dfuState == 2 else { return wrongState() }
    departure = (now + .milliseconds(10), successor)
    return .done
  }

  /// What runs when the loader has what it wanted.
  private var successor: Successor {
    device.laterStages.count > stage ? .nextStage : .program(0)
  }

  private mutating func plainDownload(
    _ block: UInt16, _ data: [UInt8]
  ) -> Step {
    guard attributes & 1 != 0 else { return wrongState() }
    if plain.isInDownload {
      if let end = plain.workEnd { return .wait(until: end) }
      plain.isInDownload = false
      return .done
    }
    if data.isEmpty { return plainZeroLength() }
    guard dfuState == 2 || dfuState == 5 else { return wrongState() }
    if isOversized(data.count) { return fail(15) }
    if dfuState == 2 {
      plain.incoming = []
      plain.nextBlock = 0
      plain.isDone = false
    }
    if has(.refusesWrongBlocks), block != plain.nextBlock {
      return fail(15)
    }
    plain.nextBlock = block &+ 1
    let capacity = target?.capacity ?? 0
    guard plain.incoming.count + data.count <= capacity else {
      return fail(8)
    }
    let isFirst = plain.incoming.isEmpty
    plain.incoming += data.prefix(
      plain.dropsBlock ? 0 : plain.cutTo ?? data.count)
    plain.dropsBlock = false
    plain.cutTo = nil
    dfuState = has(.skipsSync) ? 4 : 3
    let erase = isFirst ? device.eraseTime : .zero
    beginWork(
      erase + (target?.blockTime ?? .zero), then: has(.skipsSync) ? 5 : 3)
    guard has(.worksInDownload), let end = plain.workEnd else { return .done }
    plain.isInDownload = true
    return .wait(until: end)
  }

  private mutating func plainZeroLength() -> Step {
    switch dfuState {
    case 5: break
    case 2 where has(.acceptsZeroLengthInIdle): break
    case 2 where has(.acknowledgesEarlyZeroLength):
      dfuState = 10
      dfuStatus = 9
      return .done
    default: return wrongState()
    }
    if has(.skipsSync) {
      dfuState = 7
      beginManifest()
    } else {
      dfuState = 6
      plain.isDone = false
    }
    return .done
  }

  private mutating func beginWork(_ time: Duration, then state: UInt8) {
    plain.afterWork = state
    plain.workEnd = now + time
    if time == .zero, !has(.neverFinishes) { advance(to: now) }
  }

  private mutating func beginManifest() {
    if has(.vanishesAtLastStatus) { return }
    plain.contents[slot] = plain.incoming
    plain.incoming = []
    plain.isDone = true
    if has(.resetsDuringManifest) || has(.resetsItself) {
      departure = (now + device.manifestTime, successor)
    }
    // With bit 2, the device is manifestation tolerant.
    beginWork(device.manifestTime, then: attributes & 4 != 0 ? 6 : 8)
  }

  /// The time of the work under way is over.
  mutating func finishPlainWork() {
    plain.workEnd = nil
    guard !has(.neverFinishes) || dfuState == 7 else {
      plain.workEnd = now + .seconds(1)
      return
    }
    if dfuState == 4 || dfuState == 7 { dfuState = plain.afterWork }
    if has(.skipsSync), plain.isDone, dfuState == 6 { dfuState = 2 }
  }

  private mutating func plainStatus() -> Step {
    let poll = target?.poll ?? 0
    switch dfuState {
    case 3: return statusInSync(poll)
    case 5 where has(.statusDropsToIdle):
      dfuState = 2
      plain.incoming = []
      return plainReply(2, poll: 0)
    case 6:
      if plain.isDone {
        dfuState = 2
        return plainReply(2, poll: 0)
      }
      dfuState = 7
      beginManifest()
      if has(.statusFailsAfterManifest) {
        departure = (now, successor)
        return .stall
      }
      return plainReply(7, poll: manifestPoll)
    case 7 where has(.vanishesAtLastStatus):
      leave(for: .crash)
      return .answer(.gone)
    default: return plainReply(dfuState, poll: 0)
    }
  }

  private var manifestPoll: UInt32 {
    UInt32(device.manifestTime / .milliseconds(1)) + 1
  }

  private mutating func statusInSync(_ poll: UInt32) -> Step {
    if let end = plain.workEnd, !has(.neverBusy) {
      if has(.blocksInStatus) { return .wait(until: end) }
      if has(.reportsSyncWhenBusy) { return plainReply(3, poll: 5) }
      dfuState = 4
      return plainReply(4, poll: poll)
    }
    plain.workEnd = nil
    dfuState = 5
    return plainReply(5, poll: 0)
  }

  private mutating func plainClearStatus() -> Step {
    guard dfuState == 10 else {
      guard has(.clearStatusEntersError) else { return wrongState() }
      dfuState = 10
      dfuStatus = 14
      return .done
    }
    dfuState = 2
    dfuStatus = 0
    return .done
  }

  private mutating func plainAbort() -> Step {
    guard [2, 5, 9].contains(dfuState) else { return wrongState() }
    dfuState = 2
    plain.incoming = []
    return .done
  }

  private mutating func plainUpload(_ block: UInt16, _ length: Int) -> Step {
    guard attributes & 2 != 0 else { return wrongState() }
    guard dfuState == 2 || dfuState == 9 else { return wrongState() }
    if isOversized(length) { return fail(15) }
    if block == 0 || (dfuState == 2 && !has(.uploadKeepsState)) {
      plain.uploaded = 0
      plain.nextBlock = 0
    }
    if has(.uploadsInOrder), block != plain.nextBlock { return fail(15) }
    plain.nextBlock = block &+ 1
    let bytes = uploadFrame(length)
    let isLast = bytes.count < length
    if !has(.uploadKeepsState) {
      dfuState = isLast && !has(.staysInUpload) ? 2 : 9
    }
    return .answer(.data(bytes))
  }

  private mutating func uploadFrame(_ length: Int) -> [UInt8] {
    var stored = plain.contents[slot]
    if has(.uploadsPrefix) {
      let count = UInt32(clamping: stored.count)
      stored = [1, 0, 0, 0] + count.littleEndianBytes + stored
    }
    let start = min(plain.uploaded, stored.count)
    var end = min(start + length, stored.count)
    if end - start < length {
      if has(.dropsLastChunk) { end = start }
      if has(.uploadStartsOver), end == start, !stored.isEmpty {
        plain.uploaded = min(length, stored.count)
        return Array(stored[..<plain.uploaded])
      }
    }
    let isShort = end > start && end - start < length
    plain.uploaded = end
    if has(.endsUploadWithEmptyFrame), isShort {
      // Full frames only: the rest is padding, the end a frame of 0 bytes.
      return Array(stored[start..<end]).padded(to: length)
    }
    return Array(stored[start..<end])
  }

  /// The host resets the port of a device in DFU mode: it runs its program
  /// if it has one.
  mutating func resetPlainPort() {
    guard application != nil else {
      dfuState = 2
      dfuStatus = 0
      plain.workEnd = nil
      plain.incoming = []
      return
    }
    departure = (now, .program(0))
    advance(to: now)
  }
}
