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
  var effect: ChipEffect
  var start: Duration
  var end: Duration
  /// bStatus when it has failed.
  var failure: UInt8?
  /// The time reported for it, milliseconds.
  var poll: UInt32
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

// The DfuSe side of a board, written from UM0391, AN3156 and DFU 1.1.
extension BoardCore {
  private var chipProfile: ChipProfile? {
    if case .dfuSe(let chip) = profile.machine { return chip }
    return nil
  }

  // MARK: - Boot

  var firstWordIsBlank: Bool {
    memories.first?.isBlank(0..<4) ?? false
  }

  var bootsIntoLoader: Bool {
    guard let chip = chipProfile else { return plainBootsIntoLoader }
    guard protectionLevel < 2 else { return false }
    if chip.boot.hasEmptyCheck, isEmpty { return true }
    guard let software = chip.boot.software, let word = firstOptionWord else {
      return boot0
    }
    let select = word >> software.select & 1 == 1
    return select == software.pinWhen
      ? boot0 : word >> software.nBoot0 & 1 == 0
  }

  private var firstOptionWord: UInt32? {
    memories.first { $0.profile.options?.protection != nil }?
      .bytes.littleEndianWord(at: 0)
  }

  /// Whether the processor finds a program at the address rather than
  /// blank or senseless flash.
  func programRuns(at address: UInt32) -> Bool {
    guard let chip = chipProfile else { return true }
    guard let index = memory(at: UInt64(address), count: 8) else {
      return false
    }
    let memory = memories[index]
    let offset = memory.offset(of: UInt64(address))
    let stack = memory.bytes.littleEndianWord(at: offset)
    guard chip.boot.hasVectorTable else { return stack != 0xFFFF_FFFF }
    let entry = memory.bytes.littleEndianWord(at: offset + 4)
    let stackIsRAM =
      (0x1000_0000...0x3FFF_FFFF).contains(stack)
      && stack % 4 == 0
    return stackIsRAM && entry % 2 == 1
      && self.memory(at: UInt64(entry), count: 1) != nil
  }

  mutating func loadOptions() {
    let sectors = memories.first?.eraseCounts.count ?? 0
    protectedSectors = []
    for memory in memories {
      guard let window = memory.profile.options else { continue }
      if window.protection != nil {
        protectionLevel = window.protectionLevel(in: memory.bytes)
      }
      protectedSectors.formUnion(
        window.protectedSectors(in: memory.bytes, of: sectors))
    }
  }

  mutating func resetDeviceFeature() {
    for index in memories.indices
    where memories[index].profile.kind == .deviceFeature {
      memories[index].replaceAll(with: memories[index].profile.initial)
    }
  }

  // MARK: - Requests

  /// Answers a class request in DFU mode.
  mutating func answerChip(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16
  ) -> Step {
    guard let profile = chipProfile else { return .answer(.stall) }
    if let operation = chip.operation {
      switch profile.busyAnswer {
      case .nak: return .wait(until: operation.end)
      case .stall: return .answer(.stall)
      case .noHandshake: return .answer(.transferError)
      case .busy:
        if setup.request == 3 { return status(4, poll: operation.poll) }
        if setup.request == 5 { return .answer(.data([4])) }
        return .answer(.stall)
      }
    }
    switch setup.request {
    case 0: return .answer(.data([]))
    case 1: return download(setup.value, data, profile)
    case 2: return upload(setup.value, Int(length), profile)
    case 3: return getStatus(profile)
    case 4: return clearStatus(profile)
    case 5: return .answer(.data([dfuState]))
    case 6:
      chip.statusStalls = false
      guard [3, 5, 6, 9].contains(dfuState) else { return .answer(.data([])) }
      chip.pending = nil
      dfuState = 2
      return .answer(.data([]))
    default: return .answer(.stall)
    }
  }

  /// The number of the string with ``ChipQuirks/errorMessage``.
  var messageString: UInt8 { UInt8(clamping: 4 + profile.alternates.count) }

  private mutating func status(_ state: UInt8, poll: UInt32 = 0) -> Step {
    let hasMessage = state == 10 && chipProfile?.quirks.errorMessage != nil
    return reply(state, poll: poll, string: hasMessage ? messageString : 0)
  }

  private mutating func download(
    _ block: UInt16, _ data: [UInt8], _ profile: ChipProfile
  ) -> Step {
    guard dfuState == 2 || dfuState == 5 else {
      note(.wrongState)
      return .answer(.stall)
    }
    if data.isEmpty { return zeroLength(profile) }
    let limit = Int(self.profile.functional.transferSize)
    if data.count > limit {
      note(.oversizedTransfer)
      return fail(15)
    }
    if let most = profile.quirks.stallsAbove, data.count > most {
      return .answer(.stall)
    }
    if block == 1 { return fail(15) }
    let received = received(data, profile.quirks.cutDownload)
    guard !received.isEmpty else { return .answer(.data([])) }
    chip.pending =
      block == 0 ? Self.command(received) : .write(block: block, received)
    dfuState = 3
    return .answer(.data([]))
  }

  private mutating func zeroLength(_ profile: ChipProfile) -> Step {
    dfuState = 6
    chip.manifestStatuses = 0
    guard profile.quirks.leave == .unanswered else {
      return .answer(.data([]))
    }
    departure = (now, .program(chip.pointer))
    return .answer(.gone)
  }

  /// What the loader takes for the data of a DNLOAD; empty when one that was
  /// cut does not count.
  private mutating func received(
    _ data: [UInt8], _ rule: ChipQuirks.CutDownload
  ) -> [UInt8] {
    let old = chip.buffer.padded(to: data.count, with: 0)
    let count = min(chip.cutTo ?? data.count, data.count)
    let isWhole = chip.cutTo == nil
    chip.cutTo = nil
    chip.buffer = Array(data.prefix(count) + old.dropFirst(count))
    switch rule {
    case _ where isWhole: return data
    case .keepsStaleBytes: return Array(chip.buffer.prefix(data.count))
    case .keepsFragment: return Array(data.prefix(count))
    case .isDropped: return []
    }
  }

  private static func command(_ data: [UInt8]) -> ChipCommand {
    switch (data.first, data.count) {
    case (0x21, 5): .setAddress(data.littleEndianWord(at: 1))
    case (0x41, 5): .erase(data.littleEndianWord(at: 1))
    case (0x41, 1): .massErase
    case (0x92, 1): .unprotect
    case (0x02, 5): .resetCommand
    default: .unknown
    }
  }

  private mutating func upload(
    _ block: UInt16, _ length: Int, _ profile: ChipProfile
  ) -> Step {
    guard self.profile.functional.attributes & 2 != 0 else {
      return .answer(.stall)
    }
    guard dfuState == 2 || dfuState == 9 else {
      note(.wrongState)
      return .answer(.stall)
    }
    let size = Int(self.profile.functional.transferSize)
    if length > size {
      note(.oversizedTransfer)
      return fail(15)
    }
    if let most = profile.quirks.stallsAbove, length > most {
      return .answer(.stall)
    }
    if block == 0 {
      dfuState = 2
      return .answer(.data(Array([0x00, 0x21, 0x41, 0x92].prefix(length))))
    }
    if block == 1 {
      guard profile.quirks.blockOneGivesState15 else { return fail(15) }
      dfuState = 15
      return .answer(.stall)
    }
    if isProtected { return fail(11) }
    let quirks = profile.quirks
    let byRequest =
      quirks.addressesByRequestedLength || quirks.uploadsByRequestedLength
    let address = blockAddress(
      block, step: byRequest ? length : size,
      counts: quirks.blockNumbers != .ignored)
    guard let index = reachableMemory(at: address, count: length) else {
      if quirks.crashesOutsideMemories { return crash() }
      return fail(quirks.badAddressStatus)
    }
    let offset = memories[index].offset(of: address)
    if memories[index].isTorn(offset..<offset + length) { return crash() }
    dfuState = 9
    return .answer(
      .data(Array(memories[index].bytes[offset..<offset + length])))
  }

  private var isProtected: Bool {
    protectionLevel > 0 || protectionSeemsSet
  }

  private func blockAddress(
    _ block: UInt16, step: Int, counts: Bool
  ) -> UInt64 {
    UInt64(chip.pointer) + (counts ? UInt64(block - 2) * UInt64(step) : 0)
  }

  /// The processor ends in a fault handler; only a reset helps.
  private mutating func crash() -> Step {
    departure = (now, .crash)
    advance(to: now)
    return .answer(.gone)
  }

  private func reachableMemory(at address: UInt64, count: Int) -> Int? {
    let lowest = chipProfile?.quirks.lowestAddress ?? 0
    guard address >= UInt64(lowest) else { return nil }
    return memories.firstIndex {
      $0.profile.isReachable && $0.contains(address, count: count)
    }
  }

  private mutating func clearStatus(_ profile: ChipProfile) -> Step {
    if dfuState == 10 || chip.statusStalls {
      dfuState = 2
      dfuStatus = 0
      chip.isWedged = false
      chip.statusStalls = false
      return .answer(.data([]))
    }
    switch profile.quirks.clearStatus {
    case .entersError:
      _ = fail(14)
      chip.pending = nil
      return .answer(.data([]))
    case .stallsAndEntersError:
      chip.pending = nil
      return fail(15)
    case .stalls: return .answer(.stall)
    case .ignored: return .answer(.data([]))
    }
  }

  private mutating func getStatus(_ profile: ChipProfile) -> Step {
    if chip.statusStalls { return .answer(.stall) }
    if chip.isWedged, dfuState == 4 {
      return status(4, poll: profile.poll.erase)
    }
    if let poll = chip.busyReply {
      chip.busyReply = nil
      if dfuState == 3 || profile.quirks.work == .inStatusStage {
        return status(4, poll: poll)
      }
    }
    switch dfuState {
    case 3:
      if let pending = chip.pending { return work(on: pending, profile) }
      dfuState = 5
      return status(5)
    case 6, 7: return manifest(profile)
    default: return status(dfuState)
    }
  }

  /// The first GETSTATUS after a DNLOAD.
  private mutating func work(
    on command: ChipCommand, _ profile: ChipProfile
  ) -> Step {
    chip.pending = nil
    dfuState = 4
    if command == .unknown, profile.quirks.unknownCommandHangs {
      chip.isWedged = true
      return status(4, poll: profile.poll.erase)
    }
    let operation = begin(command, profile)
    chip.operation = operation
    if profile.quirks.work == .afterAnswer {
      let answer = status(4, poll: operation.poll)
      // What takes no time is over before the host can ask again.
      advance(to: now)
      return answer
    }
    switch profile.quirks.work {
    case .afterAnswer, .beforeAnswer: break
    case .beforeBusy: chip.busyReply = 0
    case .inStatusStage: chip.busyReply = operation.poll
    }
    return .wait(until: operation.end)
  }

  private mutating func manifest(_ profile: ChipProfile) -> Step {
    dfuState = 7
    chip.manifestStatuses += 1
    let leaves: Bool =
      switch profile.quirks.leave {
      case .normal, .lastStatusFails, .mute, .unanswered: true
      case .needsSecondStatus: chip.manifestStatuses >= 2
      case .needsAddress: chip.addressIsFresh
      case .broken: false
      }
    if leaves {
      departure = (
        now + .milliseconds(Int64(profile.poll.manifest)),
        profile.quirks.leave == .mute ? .silence : .program(chip.pointer)
      )
    }
    if profile.quirks.leave == .lastStatusFails { return .answer(.stall) }
    return status(7, poll: profile.poll.manifest)
  }

  // MARK: - Work

  /// Finds out what a command will do, and how long it takes.
  private mutating func begin(
    _ command: ChipCommand, _ profile: ChipProfile
  ) -> ChipOperation {
    var operation = ChipOperation(
      effect: .nothing, start: now, end: now, poll: 0)
    switch command {
    case .setAddress(let address):
      operation.poll = profile.poll.setAddress
      if isProtected, profile.quirks.protection == .errorOnAddressToo {
        operation.failure = 11
      } else if !profile.quirks.crashesOutsideMemories,
        reachableMemory(at: UInt64(address), count: 1) == nil
      {
        operation.failure = profile.quirks.badAddressStatus
      } else {
        operation.effect = .setAddress(address)
      }
    case .erase(let address):
      operation.poll = profile.poll.erase
      beginErase(address, profile, &operation)
    case .massErase:
      operation.poll = profile.poll.massErase
      beginMassErase(profile, &operation)
    case .unprotect:
      operation.poll = profile.poll.unprotect
      guard profile.quirks.unprotect != .ignored else { break }
      operation.effect = .unprotect
      operation.end = now + speed(profile).massErase
    case .resetCommand where profile.quirks.takesResetCommand:
      operation.effect = .reset
      operation.end = now + .milliseconds(1)
    case .write(let block, let data):
      operation.poll = profile.poll.write
      beginWrite(block, data, profile, &operation)
    case .resetCommand, .unknown:
      operation.failure = 15
    }
    if let forced = chip.forcedStatus {
      chip.forcedStatus = nil
      operation.failure = forced
      operation.effect = .nothing
    }
    return operation
  }

  /// Whether protection stands in the way; the operation says how.
  private func isRefused(
    _ profile: ChipProfile, _ operation: inout ChipOperation
  ) -> Bool {
    guard isProtected else { return false }
    if profile.quirks.protection != .ignoresWrites { operation.failure = 11 }
    return true
  }

  /// The bStatus of a write or an erase that fails for a reason.
  private func failure(_ status: UInt8) -> UInt8 {
    chipProfile?.quirks.failureStatus ?? status
  }

  private func isReadOnly(_ address: UInt64) -> Bool {
    address < UInt64(chipProfile?.quirks.readOnlyBelow ?? 0)
  }

  private mutating func beginErase(
    _ address: UInt32, _ profile: ChipProfile,
    _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) { return }
    guard let flash = flash(at: UInt64(address), count: 1),
      !isReadOnly(UInt64(address))
    else {
      operation.failure = failure(profile.quirks.badAddressStatus)
      return
    }
    let start = UInt64(memories[flash].profile.start)
    var sector = memories[flash].sector(at: Int(UInt64(address) - start))
    let last =
      profile.quirks.erasesToEnd
      ? memories[flash].eraseCounts.count - 1 : sector
    operation.end =
      (sector...last).reduce(now) {
        let size = memories[flash].range(ofSector: $1).count
        return $0 + eraseTime(size, profile)
      }
    if flash == 0, protectedSectors.contains(sector) {
      note(.writeProtected, at: UInt64(address))
      operation.end = now
      return
    }
    if let dead = profile.quirks.eraseWithoutEffectFrom, address >= dead {
      return
    }
    if let wrong = profile.quirks.eraseHitsFourthAfterFrom, address >= wrong {
      sector = min(sector + 4, memories[flash].eraseCounts.count - 1)
    }
    operation.effect = .erase(
      memory: flash, sectors: Array(sector...max(sector, last)))
    guard let bank = profile.quirks.falselyDoneFrom, address >= bank else {
      return
    }
    if now < chip.hiddenWorkEnd { operation.effect = .nothing }
    chip.hiddenWorkEnd = operation.end
    operation.end = now
  }

  private mutating func beginMassErase(
    _ profile: ChipProfile, _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) || profile.quirks.ignoresMassErase {
      return
    }
    operation.end = now + speed(profile).massErase
    if !protectedSectors.isEmpty {
      note(.writeProtected, at: UInt64(memories[0].profile.start))
      operation.end = now
      return
    }
    if profile.quirks.massEraseWithoutEffect { return }
    operation.effect = .erase(
      memory: 0,
      sectors: memories[0].eraseCounts.indices.filter {
        !isReadOnly(
          UInt64(memories[0].profile.start)
            + UInt64(memories[0].range(ofSector: $0).lowerBound))
      })
  }

  private func flash(at address: UInt64, count: Int) -> Int? {
    guard let index = reachableMemory(at: address, count: count),
      memories[index].profile.kind == .flash
    else { return nil }
    return index
  }

  private func speed(_ profile: ChipProfile) -> FlashProfile.Speed {
    let feature = memories.first { $0.profile.kind == .deviceFeature }
    let range = feature?.bytes.first
    return (range == 3 || range == 4 ? profile.flash.wide : nil)
      ?? profile.flash.speed
  }

  private func eraseTime(_ size: Int, _ profile: ChipProfile) -> Duration {
    let table = speed(profile).erase
    return (table.first { size <= $0.size } ?? table.last)?.time ?? .zero
  }

  private mutating func beginWrite(
    _ block: UInt16, _ data: [UInt8], _ profile: ChipProfile,
    _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) { return }
    let step =
      profile.quirks.addressesByRequestedLength
      ? data.count : Int(self.profile.functional.transferSize)
    let address = blockAddress(
      block, step: step, counts: profile.quirks.blockNumbers == .counted)
    guard let index = reachableMemory(at: address, count: data.count),
      !isReadOnly(address), memories[index].profile.kind != .system
    else {
      operation.failure = failure(profile.quirks.badAddressStatus)
      return
    }
    let offset = memories[index].offset(of: address)
    defer {
      if chip.dropsWrite { operation.effect = .nothing }
      chip.dropsWrite = false
    }
    switch memories[index].profile.kind {
    case .system: break
    case .optionBytes:
      beginOptionWrite(index, offset, data, &operation)
    case .flash:
      operation.effect = .program(memory: index, offset: offset, data)
      beginProgram(address, data, profile, &operation)
    case .ram, .otp, .eeprom, .deviceFeature:
      operation.effect = .program(memory: index, offset: offset, data)
    }
  }

  private mutating func beginProgram(
    _ address: UInt64, _ data: [UInt8], _ profile: ChipProfile,
    _ operation: inout ChipOperation
  ) {
    let flash = profile.flash
    if address % UInt64(flash.alignment) != 0 {
      note(.misalignedAddress, at: address)
      chip.isPoisoned = true
    } else if data.count % flash.alignment != 0 {
      note(.misalignedLength, at: address)
      switch flash.shortTail {
      case .fails: chip.isPoisoned = true
      case .works: break
      case .corrupts:
        if case .program(let memory, let offset, var bytes) = operation.effect {
          bytes[bytes.count - 1] &= 0x5A
          operation.effect = .program(memory: memory, offset: offset, bytes)
        }
      }
    }
    if chip.isPoisoned {
      operation.effect = .nothing
      operation.failure = failure(3)
      return
    }
    let speed = speed(profile)
    let steps = (data.count + speed.unit - 1) / max(1, speed.unit)
    operation.end = now + speed.programTime * steps
  }

  private mutating func beginOptionWrite(
    _ index: Int, _ offset: Int, _ data: [UInt8],
    _ operation: inout ChipOperation
  ) {
    guard let window = memories[index].profile.options else { return }
    if offset != 0 {
      note(.partialOptionWrite, at: UInt64(memories[index].profile.start))
    }
    operation.end = now + window.writeTime
    var bytes = memories[index].bytes
    let room = min(data.count, bytes.count - offset)
    bytes.replaceSubrange(offset..<offset + room, with: data.prefix(room))
    switch chipProfile?.quirks.optionWrite {
    case .dropped: break
    case .refused: operation.failure = failure(3)
    case .stallsStatus: operation.effect = .stallStatus
    case .resets, .neverReturns, .changesMore, nil:
      operation.effect = .writeOptions(memory: index, bytes)
    }
  }

  /// An operation has run its time.
  mutating func finish(_ operation: ChipOperation) {
    var failure = operation.failure
    switch operation.effect {
    case .nothing: break
    case .setAddress(let address):
      chip.pointer = address
      chip.addressIsFresh = true
    case .erase(let memory, let sectors):
      for sector in sectors {
        memories[memory].erase(sector: sector)
        chip.erasedBytes += memories[memory].range(ofSector: sector).count
      }
    case .program(let memory, let offset, let data):
      chip.addressIsFresh = false
      failure = failure ?? program(memory, offset, data[...])
    case .writeOptions(let memory, let data):
      return finishOptionWrite(memory, data)
    case .stallStatus: chip.statusStalls = true
    case .unprotect:
      return finishUnprotect()
    case .reset:
      departure = (now, .reset)
      return
    }
    settle(failure)
  }

  private mutating func settle(_ failure: UInt8?) {
    guard mode == .dfu else { return }
    if let limit = chipProfile?.quirks.wedgesAfterErasing,
      chip.erasedBytes > limit
    {
      chip.isWedged = true
      chip.erasedBytes = 0
      dfuState = 4
      return
    }
    dfuStatus = failure ?? 0
    dfuState = failure == nil ? 3 : 10
  }

  private mutating func program(
    _ index: Int, _ offset: Int, _ data: ArraySlice<UInt8>
  ) -> UInt8? {
    let start = UInt64(memories[index].profile.start)
    switch memories[index].profile.kind {
    case .ram, .eeprom, .deviceFeature:
      memories[index].place(data, at: offset)
      return nil
    case .flash:
      return programFlash(index, offset, data)
    default:
      let (broken, _) = memories[index].program(
        data, at: offset, refusing: false)
      for (kind, place) in broken { note(kind, at: start + UInt64(place)) }
      return nil
    }
  }

  private mutating func programFlash(
    _ index: Int, _ offset: Int, _ data: ArraySlice<UInt8>
  ) -> UInt8? {
    let refuses = chipProfile?.flash.refusesProgrammedWords ?? false
    let start = UInt64(memories[index].profile.start)
    var position = offset
    let end = offset + data.count
    while position < end {
      // Without write protection the block needs no division by sectors.
      let sector = memories[index].sector(at: position)
      let protected = index == 0 ? protectedSectors : []
      let stop =
        protected.isEmpty
        ? end : min(end, memories[index].range(ofSector: sector).upperBound)
      if protected.contains(sector) {
        note(.writeProtected, at: start + UInt64(position))
      } else {
        let from = data.startIndex + position - offset
        let (broken, isAccepted) = memories[index].program(
          data[from..<from + stop - position], at: position, refusing: refuses)
        for (kind, place) in broken { note(kind, at: start + UInt64(place)) }
        if !isAccepted { return failure(6) }
      }
      position = stop
    }
    return nil
  }

  private mutating func finishOptionWrite(_ index: Int, _ data: [UInt8]) {
    guard let window = memories[index].profile.options else { return }
    let old = memories[index].bytes
    if !window.complementsMatch(in: data) {
      note(.wrongComplement, at: UInt64(memories[index].profile.start))
    }
    var new = window.loaded(writing: data, over: old)
    let outcome = chipProfile?.quirks.optionWrite
    if outcome == .changesMore {
      let place = window.userByte
      new = window.setting(
        window.value(at: place, in: new) ^ 0x04, at: place, in: new)
    }
    memories[index].place(new[...], at: 0)
    departure = (now, outcome == .neverReturns ? .crash : .reload)
  }

  private mutating func finishUnprotect() {
    for sector in memories[0].eraseCounts.indices {
      memories[0].erase(sector: sector)
    }
    for index in memories.indices {
      guard let window = memories[index].profile.options,
        window.protection != nil
      else { continue }
      let bytes = window.setting(
        protectionByte: window.unprotectedValue, in: memories[index].bytes)
      memories[index].place(bytes[...], at: 0)
    }
    switch chipProfile?.quirks.unprotect {
    case .needsPowerCycle:
      protectionSeemsSet = true
      departure = (now, .reset)
    case .staysOnTheBus:
      loadOptions()
      settle(nil)
    case .resets, .ignored, nil: departure = (now, .reload)
    }
  }

  /// The power fails while something runs.
  mutating func interruptOperation() {
    chip.pending = nil
    guard let operation = chip.operation else { return }
    chip.operation = nil
    let whole = operation.end - operation.start
    let share =
      whole > .zero ? max(0, min(1, (now - operation.start) / whole)) : 1
    switch operation.effect {
    case .nothing, .setAddress, .stallStatus, .reset: break
    case .erase(let memory, let sectors):
      interruptErase(memory, sectors, share)
    case .unprotect:
      interruptErase(0, Array(memories[0].eraseCounts.indices), share)
    case .program(let memory, let offset, let data):
      // A word with an error-correcting code is programmed as one.
      let word = max(1, memories[memory].eccWord)
      let done =
        min(data.count, Int(Double(data.count) * share)) / word * word
      _ = program(memory, offset, data[..<done])
      guard done < data.count, memories[memory].profile.kind == .flash else {
        return
      }
      // The word under way has lost some of its bits only.
      let cut = data[done..<min(done + word, data.count)].map { $0 | 0x5A }
      _ = program(memory, offset + done, cut[...])
      if chipProfile?.quirks.powerCutTearsWords == true {
        memories[memory].tear(at: offset + done)
      }
    case .writeOptions(let memory, _):
      guard let window = memories[memory].profile.options,
        chipProfile?.quirks.interruptedOptionWriteProtects == true
      else { return }
      let bytes = window.setting(
        protectionByte: 0xFF, in: memories[memory].bytes)
      memories[memory].place(bytes[...], at: 0)
    }
  }

  private mutating func interruptErase(
    _ memory: Int, _ sectors: [Int], _ share: Double
  ) {
    let done = min(sectors.count, Int(Double(sectors.count) * share))
    for sector in sectors[..<done] { memories[memory].erase(sector: sector) }
    guard done < sectors.count else { return }
    memories[memory].eraseHalfway(sector: sectors[done])
  }
}

extension OptionWindow {
  /// Whether the complements are right that the writer must supply.
  func complementsMatch(in bytes: [UInt8]) -> Bool {
    let (step, width) =
      switch rule {
      case .bytePairs: (2, 1)
      case .halfWordPairs: (4, 2)
      default: (0, 0)
      }
    guard step > 0 else { return true }
    for start in stride(from: 0, to: bytes.count - step + 1, by: step) {
      for byte in start..<start + width
      where bytes[byte] != ~bytes[byte + width] { return false }
    }
    return true
  }
}
