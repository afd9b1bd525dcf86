import DFUCore

/// What the host asked of a chip, not begun yet.
enum ChipCommand: Hashable, Sendable {
  case setAddress(UInt32)
  case erase(UInt32)
  case massErase
  case unprotect
  case resetCommand
  case write(block: UInt16, [UInt8])
  case unknown
}

/// What an operation does when its time is over.
enum ChipEffect: Sendable {
  case nothing
  case setAddress(UInt32)
  case erase(memory: Int, sectors: [Int])
  case program(memory: Int, offset: Int, [UInt8])
  case writeOptions(memory: Int, [UInt8])
  case stallStatus
  case unprotect
  case reset

  /// Whether the chip is still there afterwards.
  var endsOnTheBus: Bool {
    switch self {
    case .writeOptions, .unprotect, .reset: false
    default: true
    }
  }
}

/// Work that takes time, from the first GETSTATUS on.
struct ChipOperation: Sendable {
  var effect = ChipEffect.nothing
  /// How long it takes.
  var time = Duration.zero
  /// bStatus when it has failed.
  var failure: UInt8?
  var start = Duration.zero
  /// The time reported for it, milliseconds.
  var poll: UInt32 = 0

  var end: Duration { start + time }
}

/// The DfuSe machine of a ROM.
struct ChipState: Sendable {
  var pointer: UInt32 = 0x0800_0000
  var pending: ChipCommand?
  /// What DNLOADs left in the loader's memory.
  var buffer: [UInt8] = []
  /// Of the next DNLOAD only so many bytes arrive.
  var cutTo: Int?
  /// The next write is acknowledged and not carried out.
  var dropsWrite = false
  /// The time to report with dfuDNBUSY when the work is over already.
  var busyReply: UInt32?
  var statusStalls = false
  /// Until then an erase that was reported as done goes on.
  var hiddenWorkEnd: Duration = .zero
  var operation: ChipOperation?
  var erasedBytes = 0
  var isWedged = false
  /// After a misaligned write all others fail too.
  var isPoisoned = false
  var addressIsFresh = false
  var manifestStatuses = 0
  /// A bStatus that a fault wants as the next result.
  var forcedStatus: UInt8?
}

// The DfuSe side of a board, written from UM0391, AN3156 and DFU 1.1: what it
// answers. ChipWork.swift has what its commands do.
extension BoardCore {
  var quirks: ChipQuirks { rom.quirks }

  /// Answers a class request in DFU mode.
  mutating func answerChip(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16
  ) -> Step {
    if let operation = chip.operation {
      switch rom.busyAnswer {
      case .nak: return .wait(until: operation.end)
      case .stall: return .stall
      case .noHandshake: return .answer(.transferError)
      case .busy:
        if setup.request == 3 { return status(4, poll: operation.poll) }
        return setup.request == 5 ? .answer(.data([4])) : .stall
      }
    }
    switch setup.request {
    case 0: return .done
    case 1: return download(setup.value, data)
    case 2: return upload(setup.value, Int(length))
    case 3: return getStatus()
    case 4: return clearStatus()
    case 5: return .answer(.data([dfuState]))
    case 6:
      chip.statusStalls = false
      guard [3, 5, 6, 9].contains(dfuState) else { return .done }
      chip.pending = nil
      dfuState = 2
      return .done
    default: return .stall
    }
  }

  /// The number of the string with ``ChipQuirks/errorMessage``.
  var messageString: UInt8 { UInt8(clamping: 4 + profile.alternates.count) }

  private mutating func status(_ state: UInt8, poll: UInt32 = 0) -> Step {
    let hasMessage = state == 10 && quirks.errorMessage != nil
    return reply(state, poll: poll, string: hasMessage ? messageString : 0)
  }

  /// What is wrong with a data stage of so many bytes, if anything.
  private mutating func refusal(ofLength length: Int) -> Step? {
    if isOversized(length) { return fail(15) }
    return length > quirks.stallsAbove ?? .max ? .stall : nil
  }

  private mutating func download(_ block: UInt16, _ data: [UInt8]) -> Step {
    guard dfuState == 2 || dfuState == 5 else {
      note(.wrongState)
      return .stall
    }
    if data.isEmpty { return zeroLength() }
    if let refusal = refusal(ofLength: data.count) { return refusal }
    if block == 1 { return fail(15) }
    let received = received(data)
    guard !received.isEmpty else { return .done }
    chip.pending =
      block == 0 ? Self.command(received) : .write(block: block, received)
    dfuState = 3
    return .done
  }

  private mutating func zeroLength() -> Step {
    dfuState = 6
    chip.manifestStatuses = 0
    guard quirks.leave == .unanswered else { return .done }
    departure = (now, .program(chip.pointer))
    return .answer(.gone)
  }

  /// What the loader takes for the data of a DNLOAD; empty when one that was
  /// cut does not count.
  private mutating func received(_ data: [UInt8]) -> [UInt8] {
    let old = chip.buffer.padded(to: data.count, with: 0)
    let count = min(chip.cutTo ?? data.count, data.count)
    let isWhole = chip.cutTo == nil
    chip.cutTo = nil
    chip.buffer = Array(data.prefix(count) + old.dropFirst(count))
    switch quirks.cutDownload {
    case _ where isWhole: return data
    case .keepsStaleBytes: return Array(chip.buffer.prefix(data.count))
    case .keepsFragment: return Array(data.prefix(count))
    case .isDropped: return []
    }
  }

  private static func command(_ data: [UInt8]) -> ChipCommand {
    switch (data.first, data.count) {
    case (0x21, 5): .setAddress(UInt32(littleEndianAt: 1, in: data))
    case (0x41, 5): .erase(UInt32(littleEndianAt: 1, in: data))
    case (0x41, 1): .massErase
    case (0x92, 1): .unprotect
    case (0x02, 5): .resetCommand
    default: .unknown
    }
  }

  private mutating func upload(_ block: UInt16, _ length: Int) -> Step {
    guard profile.functional.attributes & 2 != 0 else { return .stall }
    guard dfuState == 2 || dfuState == 9 else {
      note(.wrongState)
      return .stall
    }
    if let refusal = refusal(ofLength: length) { return refusal }
    if block == 0 {
      dfuState = 2
      return .answer(.data(Array([0x00, 0x21, 0x41, 0x92].prefix(length))))
    }
    if block == 1 {
      guard quirks.blockOneGivesState15 else { return fail(15) }
      dfuState = 15
      return .stall
    }
    if isProtected { return fail(11) }
    let address = blockAddress(
      block, length: length,
      byLength: quirks.addressesByRequestedLength
        || quirks.uploadsByRequestedLength,
      counts: quirks.blockNumbers != .ignored)
    guard let index = reachableMemory(at: address, count: length) else {
      return quirks.crashesOutsideMemories
        ? crash() : fail(quirks.badAddressStatus)
    }
    let offset = memories[index].offset(of: address)
    if memories[index].isTorn(offset..<offset + length) { return crash() }
    dfuState = 9
    return .answer(
      .data(Array(memories[index].bytes[offset..<offset + length])))
  }

  /// The processor ends in a fault handler; only a reset helps.
  private mutating func crash() -> Step {
    departure = (now, .crash)
    advance(to: now)
    return .answer(.gone)
  }

  private mutating func clearStatus() -> Step {
    if dfuState == 10 || chip.statusStalls {
      dfuState = 2
      dfuStatus = 0
      chip.isWedged = false
      chip.statusStalls = false
      return .done
    }
    switch quirks.clearStatus {
    case .entersError:
      _ = fail(14)
      chip.pending = nil
      return .done
    case .stallsAndEntersError:
      chip.pending = nil
      return fail(15)
    case .stalls: return .stall
    case .ignored: return .done
    }
  }

  private mutating func getStatus() -> Step {
    if chip.statusStalls { return .stall }
    if chip.isWedged, dfuState == 4 { return status(4, poll: rom.poll.erase) }
    if let poll = chip.busyReply {
      chip.busyReply = nil
      if dfuState == 3 || quirks.work == .inStatusStage {
        return status(4, poll: poll)
      }
    }
    switch dfuState {
    case 3:
      if let pending = chip.pending { return work(on: pending) }
      dfuState = 5
      return status(5)
    case 6, 7: return manifest()
    default: return status(dfuState)
    }
  }

  /// The first GETSTATUS after a DNLOAD.
  private mutating func work(on command: ChipCommand) -> Step {
    chip.pending = nil
    dfuState = 4
    if command == .unknown, quirks.unknownCommandHangs {
      chip.isWedged = true
      return status(4, poll: rom.poll.erase)
    }
    let operation = begin(command)
    chip.operation = operation
    switch quirks.work {
    case .afterAnswer:
      let answer = status(4, poll: operation.poll)
      // What takes no time is over before the host can ask again.
      advance(to: now)
      return answer
    case .beforeAnswer: break
    case .beforeBusy: chip.busyReply = 0
    case .inStatusStage: chip.busyReply = operation.poll
    }
    return .wait(until: operation.end)
  }

  private mutating func manifest() -> Step {
    dfuState = 7
    chip.manifestStatuses += 1
    let leaves: Bool =
      switch quirks.leave {
      case .normal, .lastStatusFails, .mute, .unanswered: true
      case .needsSecondStatus: chip.manifestStatuses >= 2
      case .needsAddress: chip.addressIsFresh
      case .broken: false
      }
    if leaves {
      departure = (
        now + .milliseconds(Int64(rom.poll.manifest)),
        quirks.leave == .mute ? .silence : .program(chip.pointer)
      )
    }
    if quirks.leave == .lastStatusFails { return .stall }
    return status(7, poll: rom.poll.manifest)
  }
}
