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
  case erase(sectors: [Int])
  case program(memory: Int, offset: Int, [UInt8])
  case writeOptions(memory: Int, [UInt8])
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
  /// bStatus when it is over.
  var status: UInt8
  /// The time reported for it, milliseconds.
  var poll: UInt32
}

/// The DfuSe machine of a ROM.
struct ChipState: Sendable {
  var state: UInt8 = 2
  var status: UInt8 = 0
  var pointer: UInt32 = 0x0800_0000
  var pending: ChipCommand?
  var operation: ChipOperation?
  var lastPoll: UInt32 = 0
  /// When the time is over that the last GETSTATUS reported.
  var quietUntil: Duration = .zero
  var erasedBytes = 0
  var isWedged = false
  /// After a misaligned write all others fail too.
  var isPoisoned = false
  var addressIsFresh = false
  var manifestStatuses = 0
  /// A bStatus that a fault wants as the next result.
  var forcedStatus: UInt8?

  /// The flag that the chip looked at when it read its option bytes.
  var isEmpty = false
  var protectionLevel = 0
  /// A ROM that did not read the option bytes again after unprotect.
  var protectionSeemsSet = false
  var protectedSectors: Set<Int> = []

  /// A reset: the machine starts anew, what the option bytes said stays.
  mutating func reset() {
    var fresh = ChipState()
    fresh.isEmpty = isEmpty
    fresh.protectionLevel = protectionLevel
    fresh.protectionSeemsSet = protectionSeemsSet
    fresh.protectedSectors = protectedSectors
    self = fresh
  }

  mutating func startLoader(_ profile: ChipProfile) {
    guard profile.quirks.startsInError else { return }
    state = 10
    status = 10
  }
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
    guard self.chip.protectionLevel < 2 else { return false }
    if chip.boot.hasEmptyCheck, self.chip.isEmpty { return true }
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
    guard let chip = chipProfile else { return }
    let sectors = memories.first?.eraseCounts.count ?? 0
    self.chip.protectedSectors = []
    for memory in memories {
      guard let window = memory.profile.options else { continue }
      if window.protection != nil {
        self.chip.protectionLevel = window.protectionLevel(in: memory.bytes)
      }
      self.chip.protectedSectors.formUnion(
        window.protectedSectors(in: memory.bytes, of: sectors))
    }
    _ = chip
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
      switch profile.earlyPoll {
      case .nak: return .wait(until: operation.end)
      case .stall: return .answer(.stall)
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
    case 5: return .answer(.data([chip.state]))
    case 6:
      if chip.state == 5 || chip.state == 9 { chip.state = 2 }
      return .answer(.data([]))
    default: return .answer(.stall)
    }
  }

  private mutating func status(_ state: UInt8, poll: UInt32 = 0) -> Step {
    chip.lastPoll = poll
    chip.quietUntil = now + .milliseconds(Int64(poll))
    return .answer(
      .data([
        chip.status, UInt8(truncatingIfNeeded: poll),
        UInt8(truncatingIfNeeded: poll >> 8),
        UInt8(truncatingIfNeeded: poll >> 16), state, 0,
      ]))
  }

  private mutating func fail(_ status: UInt8) -> Step {
    chip.state = 10
    chip.status = status
    return .answer(.stall)
  }

  private mutating func download(
    _ block: UInt16, _ data: [UInt8], _ profile: ChipProfile
  ) -> Step {
    guard chip.state == 2 || chip.state == 5 else {
      note(.wrongState)
      return .answer(.stall)
    }
    if data.isEmpty {
      chip.state = 6
      chip.manifestStatuses = 0
      return .answer(.data([]))
    }
    let limit = Int(self.profile.functional.transferSize)
    if data.count > limit {
      note(.oversizedTransfer)
      return fail(15)
    }
    if let most = profile.quirks.stallsAbove, data.count > most {
      return .answer(.stall)
    }
    if block == 1 { return fail(15) }
    chip.pending =
      block == 0 ? Self.command(data) : .write(block: block, data)
    chip.state = 3
    return .answer(.data([]))
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
    guard chip.state == 2 || chip.state == 9 else {
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
      chip.state = 2
      return .answer(.data(Array([0x00, 0x21, 0x41, 0x92].prefix(length))))
    }
    if block == 1 { return fail(15) }
    if isProtected { return fail(11) }
    let step = profile.quirks.addressesByRequestedLength ? length : size
    let address = UInt64(chip.pointer) + UInt64(block - 2) * UInt64(step)
    guard let index = reachableMemory(at: address, count: length) else {
      return fail(profile.quirks.badAddressStatus)
    }
    let offset = memories[index].offset(of: address)
    chip.state = 9
    return .answer(
      .data(Array(memories[index].bytes[offset..<offset + length])))
  }

  private var isProtected: Bool {
    chip.protectionLevel > 0 || chip.protectionSeemsSet
  }

  private func reachableMemory(at address: UInt64, count: Int) -> Int? {
    memories.firstIndex {
      $0.profile.isReachable && $0.contains(address, count: count)
    }
  }

  private mutating func clearStatus(_ profile: ChipProfile) -> Step {
    if chip.state == 10 {
      chip.state = 2
      chip.status = 0
      chip.isWedged = false
      return .answer(.data([]))
    }
    switch profile.quirks.clearStatus {
    case .entersError:
      chip.state = 10
      chip.status = 14
      chip.pending = nil
      return .answer(.data([]))
    case .stalls: return .answer(.stall)
    case .ignored: return .answer(.data([]))
    }
  }

  private mutating func getStatus(_ profile: ChipProfile) -> Step {
    if chip.isWedged, chip.state == 4 {
      return status(4, poll: profile.poll.erase)
    }
    switch chip.state {
    case 3:
      if let pending = chip.pending {
        chip.pending = nil
        chip.state = 4
        let operation = begin(pending, profile)
        chip.operation = operation
        let answer = status(4, poll: operation.poll)
        // What takes no time is over before the host can ask again.
        advance(to: now)
        return answer
      }
      chip.state = 5
      return status(5)
    case 6, 7: return manifest(profile)
    default: return status(chip.state)
    }
  }

  private mutating func manifest(_ profile: ChipProfile) -> Step {
    chip.state = 7
    chip.manifestStatuses += 1
    let leaves: Bool =
      switch profile.quirks.leave {
      case .normal, .lastStatusFails: true
      case .needsSecondStatus: chip.manifestStatuses >= 2
      case .needsAddress: chip.addressIsFresh
      case .broken: false
      }
    if leaves {
      departure = (
        now + .milliseconds(Int64(profile.poll.manifest)),
        .program(chip.pointer)
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
      effect: .nothing, start: now, end: now, status: 0, poll: 0)
    switch command {
    case .setAddress(let address):
      operation.poll = profile.poll.setAddress
      if isProtected, profile.quirks.protection == .errorOnAddressToo {
        operation.status = 11
      } else if reachableMemory(at: UInt64(address), count: 1) == nil {
        operation.status = profile.quirks.badAddressStatus
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
      operation.effect = .unprotect
      operation.end = now + massEraseTime(profile)
    case .resetCommand where profile.quirks.takesResetCommand:
      operation.effect = .reset
      operation.end = now + .milliseconds(1)
    case .write(let block, let data):
      operation.poll = profile.poll.write
      beginWrite(block, data, profile, &operation)
    case .resetCommand, .unknown:
      operation.status = 15
    }
    if let forced = chip.forcedStatus {
      chip.forcedStatus = nil
      operation.status = forced
      operation.effect = .nothing
    }
    return operation
  }

  /// Whether protection stands in the way; the operation says how.
  private func isRefused(
    _ profile: ChipProfile, _ operation: inout ChipOperation
  ) -> Bool {
    guard isProtected else { return false }
    if profile.quirks.protection != .ignoresWrites { operation.status = 11 }
    return true
  }

  private mutating func beginErase(
    _ address: UInt32, _ profile: ChipProfile,
    _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) { return }
    guard let flash = flash(at: UInt64(address), count: 1) else {
      operation.status = profile.quirks.badAddressStatus
      return
    }
    let start = UInt64(memories[flash].profile.start)
    var sector = memories[flash].sector(at: Int(UInt64(address) - start))
    let size = memories[flash].range(ofSector: sector).count
    operation.end = now + eraseTime(size, profile)
    if chip.protectedSectors.contains(sector) {
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
    operation.effect = .erase(sectors: [sector])
  }

  private mutating func beginMassErase(
    _ profile: ChipProfile, _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) { return }
    operation.end = now + massEraseTime(profile)
    if !chip.protectedSectors.isEmpty {
      note(.writeProtected, at: UInt64(memories[0].profile.start))
      operation.end = now
      return
    }
    if profile.quirks.massEraseWithoutEffect { return }
    operation.effect = .erase(
      sectors: Array(memories[0].eraseCounts.indices))
  }

  private func flash(at address: UInt64, count: Int) -> Int? {
    guard let index = reachableMemory(at: address, count: count),
      memories[index].profile.kind == .flash
    else { return nil }
    return index
  }

  private var wide: Bool {
    let feature = memories.first { $0.profile.kind == .deviceFeature }
    guard let range = feature?.bytes.first else { return false }
    return range == 3 || range == 4
  }

  private func eraseTime(_ size: Int, _ profile: ChipProfile) -> Duration {
    let table = (wide ? profile.flash.wide?.erase : nil) ?? profile.flash.erase
    return (table.first { size <= $0.size } ?? table.last)?.time ?? .zero
  }

  private func massEraseTime(_ profile: ChipProfile) -> Duration {
    (wide ? profile.flash.wide?.massErase : nil) ?? profile.flash.massErase
  }

  private mutating func beginWrite(
    _ block: UInt16, _ data: [UInt8], _ profile: ChipProfile,
    _ operation: inout ChipOperation
  ) {
    if isRefused(profile, &operation) { return }
    let step =
      profile.quirks.addressesByRequestedLength
      ? data.count : Int(self.profile.functional.transferSize)
    let address = UInt64(chip.pointer) + UInt64(block - 2) * UInt64(step)
    guard let index = reachableMemory(at: address, count: data.count) else {
      operation.status = profile.quirks.badAddressStatus
      return
    }
    let offset = memories[index].offset(of: address)
    switch memories[index].profile.kind {
    case .system:
      operation.status = profile.quirks.badAddressStatus
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
      operation.status = 3
      return
    }
    let unit = (wide ? flash.wide?.unit : nil) ?? flash.unit
    let time = (wide ? flash.wide?.programTime : nil) ?? flash.programTime
    operation.end = now + time * ((data.count + unit - 1) / max(1, unit))
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
    operation.effect = .writeOptions(memory: index, bytes)
  }

  /// An operation has run its time.
  mutating func finish(_ operation: ChipOperation) {
    var status = operation.status
    switch operation.effect {
    case .nothing: break
    case .setAddress(let address):
      chip.pointer = address
      chip.addressIsFresh = true
    case .erase(let sectors):
      for sector in sectors {
        memories[0].erase(sector: sector)
        chip.erasedBytes += memories[0].range(ofSector: sector).count
      }
    case .program(let memory, let offset, let data):
      chip.addressIsFresh = false
      status = max(status, program(memory, offset, data[...]))
    case .writeOptions(let memory, let data):
      return finishOptionWrite(memory, data)
    case .unprotect:
      return finishUnprotect()
    case .reset:
      departure = (now, .reset)
      return
    }
    settle(status)
  }

  private mutating func settle(_ status: UInt8) {
    guard mode == .dfu else { return }
    if let limit = chipProfile?.quirks.wedgesAfterErasing,
      chip.erasedBytes > limit
    {
      chip.isWedged = true
      chip.erasedBytes = 0
      chip.state = 4
      return
    }
    chip.status = status
    chip.state = status == 0 ? 3 : 10
  }

  private mutating func program(
    _ index: Int, _ offset: Int, _ data: ArraySlice<UInt8>
  ) -> UInt8 {
    let start = UInt64(memories[index].profile.start)
    switch memories[index].profile.kind {
    case .ram, .eeprom, .deviceFeature:
      memories[index].place(data, at: offset)
      return 0
    case .flash:
      return programFlash(index, offset, data)
    default:
      let (broken, _) = memories[index].program(
        data, at: offset, refusing: false)
      for (kind, place) in broken { note(kind, at: start + UInt64(place)) }
      return 0
    }
  }

  private mutating func programFlash(
    _ index: Int, _ offset: Int, _ data: ArraySlice<UInt8>
  ) -> UInt8 {
    let refuses = chipProfile?.flash.refusesProgrammedWords ?? false
    let start = UInt64(memories[index].profile.start)
    var position = offset
    let end = offset + data.count
    while position < end {
      // Without write protection the block needs no division by sectors.
      let sector = memories[index].sector(at: position)
      let stop =
        chip.protectedSectors.isEmpty
        ? end : min(end, memories[index].range(ofSector: sector).upperBound)
      if chip.protectedSectors.contains(sector) {
        note(.writeProtected, at: start + UInt64(position))
      } else {
        let from = data.startIndex + position - offset
        let (broken, isAccepted) = memories[index].program(
          data[from..<from + stop - position], at: position, refusing: refuses)
        for (kind, place) in broken { note(kind, at: start + UInt64(place)) }
        if !isAccepted { return 6 }
      }
      position = stop
    }
    return 0
  }

  private mutating func finishOptionWrite(_ index: Int, _ data: [UInt8]) {
    guard let window = memories[index].profile.options else { return }
    let old = memories[index].bytes
    if !window.complementsMatch(in: data) {
      note(.wrongComplement, at: UInt64(memories[index].profile.start))
    }
    memories[index].place(window.loaded(writing: data, over: old)[...], at: 0)
    departure = (now, .reload)
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
    if chipProfile?.quirks.unprotectNeedsPowerCycle == true {
      chip.protectionSeemsSet = true
      departure = (now, .reset)
    } else {
      departure = (now, .reload)
    }
  }

  /// The power fails while something runs.
  mutating func interruptOperation() {
    chip.pending = nil
    guard let operation = chip.operation else { return }
    chip.operation = nil
    let whole = (operation.end - operation.start).microseconds
    let past = max(0, (now - operation.start).microseconds)
    let share = whole > 0 ? min(1, Double(past) / Double(whole)) : 1
    switch operation.effect {
    case .nothing, .setAddress, .reset: break
    case .erase(let sectors): interruptErase(sectors, share)
    case .unprotect:
      interruptErase(Array(memories[0].eraseCounts.indices), share)
    case .program(let memory, let offset, let data):
      let done = min(data.count, Int(Double(data.count) * share))
      _ = program(memory, offset, data[..<done])
      guard done < data.count, memories[memory].profile.kind == .flash else {
        return
      }
      // The word under way has lost some of its bits only.
      _ = program(memory, offset + done, [data[done] | 0x5A])
    case .writeOptions(let memory, _):
      guard let window = memories[memory].profile.options,
        chipProfile?.quirks.interruptedOptionWriteProtects == true
      else { return }
      let bytes = window.setting(
        protectionByte: 0xFF, in: memories[memory].bytes)
      memories[memory].place(bytes[...], at: 0)
    }
  }

  private mutating func interruptErase(_ sectors: [Int], _ share: Double) {
    let done = min(sectors.count, Int(Double(sectors.count) * share))
    for sector in sectors[..<done] { memories[0].erase(sector: sector) }
    if done < sectors.count { memories[0].eraseHalfway(sector: sectors[done]) }
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
