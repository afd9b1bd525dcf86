import DFUCore

// What the commands of a ROM do to the chip, and how long that takes.
extension BoardCore {
  /// Finds out what a command will do.
  mutating func begin(_ command: ChipCommand) -> ChipOperation {
    var operation = ChipOperation()
    var poll: UInt32 = 0
    switch command {
    case .setAddress(let address):
      poll = rom.poll.setAddress
      operation = settingAddress(address)
    case .erase(let address):
      poll = rom.poll.erase
      operation = erasing(address)
    case .massErase:
      poll = rom.poll.massErase
      operation = erasingEverything()
    case .unprotect:
      poll = rom.poll.unprotect
      guard quirks.unprotect != .ignored else { break }
      operation = ChipOperation(effect: .unprotect, time: speed.massErase)
    case .resetCommand where quirks.takesResetCommand:
      operation = ChipOperation(effect: .reset, time: .milliseconds(1))
    case .write(let block, let data):
      poll = rom.poll.write
      operation = writing(block, data)
    case .resetCommand, .unknown:
      operation.failure = 15
    }
    if let forced = chip.forcedStatus {
      chip.forcedStatus = nil
      operation.failure = forced
      operation.effect = .nothing
    }
    operation.start = now
    operation.poll = poll
    return operation
  }

  var isProtected: Bool { protectionLevel > 0 || protectionSeemsSet }

  /// How a write or an erase ends that protection stands in the way of.
  private var refusal: ChipOperation? {
    guard isProtected else { return nil }
    return ChipOperation(
      failure: quirks.protection == .ignoresWrites ? nil : 11)
  }

  /// A write or an erase that fails for a reason.
  private func failing(_ status: UInt8) -> ChipOperation {
    ChipOperation(failure: quirks.failureStatus ?? status)
  }

  private func isReadOnly(_ address: UInt64) -> Bool {
    address < UInt64(quirks.readOnlyBelow ?? 0)
  }

  func blockAddress(
    _ block: UInt16, length: Int, byLength: Bool, counts: Bool
  ) -> UInt64 {
    let step = byLength ? length : Int(profile.functional.transferSize)
    return UInt64(chip.pointer)
      + (counts ? UInt64(block - 2) * UInt64(step) : 0)
  }

  func reachableMemory(at address: UInt64, count: Int) -> Int? {
    guard address >= UInt64(quirks.lowestAddress ?? 0) else { return nil }
    return memories.firstIndex {
      $0.profile.isReachable && $0.contains(address, count: count)
    }
  }

  private var speed: FlashProfile.Speed {
    let feature = memories.first { $0.profile.kind == .deviceFeature }
    let range = feature?.bytes.first
    return (range == 3 || range == 4 ? rom.flash.wide : nil) ?? rom.flash.speed
  }

  private func settingAddress(_ address: UInt32) -> ChipOperation {
    if isProtected, quirks.protection == .errorOnAddressToo {
      return ChipOperation(failure: 11)
    }
    if !quirks.crashesOutsideMemories,
      reachableMemory(at: UInt64(address), count: 1) == nil
    {
      return ChipOperation(failure: quirks.badAddressStatus)
    }
    return ChipOperation(effect: .setAddress(address))
  }

  private mutating func erasing(_ address: UInt32) -> ChipOperation {
    if let refusal { return refusal }
    guard let index = reachableMemory(at: UInt64(address), count: 1),
      memories[index].profile.kind == .flash, !isReadOnly(UInt64(address))
    else { return failing(quirks.badAddressStatus) }
    let flash = memories[index]
    let final = flash.eraseCounts.count - 1
    var sector = flash.sector(at: flash.offset(of: UInt64(address)))
    let last = quirks.erasesToEnd ? final : sector
    if index == 0, protectedSectors.contains(sector) {
      note(.writeProtected, at: UInt64(address))
      return ChipOperation()
    }
    var operation = ChipOperation()
    let table = speed.erase
    for size in (sector...last).map({ flash.range(ofSector: $0).count }) {
      let time = table.first { size <= $0.size } ?? table.last
      operation.time += time?.time ?? .zero
    }
    if let dead = quirks.eraseWithoutEffectFrom, address >= dead {
      return operation
    }
    if let wrong = quirks.eraseHitsFourthAfterFrom, address >= wrong {
      sector = min(sector + 4, final)
    }
    operation.effect = .erase(
      memory: index, sectors: Array(sector...max(sector, last)))
    if let bank = quirks.falselyDoneFrom, address >= bank {
      if now < chip.hiddenWorkEnd { operation.effect = .nothing }
      chip.hiddenWorkEnd = now + operation.time
      operation.time = .zero
    }
    return operation
  }

  private mutating func erasingEverything() -> ChipOperation {
    if let refusal { return refusal }
    if quirks.ignoresMassErase { return ChipOperation() }
    let flash = memories[0]
    let start = UInt64(flash.profile.start)
    guard protectedSectors.isEmpty else {
      note(.writeProtected, at: start)
      return ChipOperation()
    }
    var operation = ChipOperation(time: speed.massErase)
    if quirks.massEraseWithoutEffect { return operation }
    operation.effect = .erase(
      memory: 0,
      sectors: flash.eraseCounts.indices.filter {
        !isReadOnly(start + UInt64(flash.range(ofSector: $0).lowerBound))
      })
    return operation
  }

  private mutating func writing(
    _ block: UInt16, _ data: [UInt8]
  ) -> ChipOperation {
    if let refusal { return refusal }
    let address = blockAddress(
      block, length: data.count, byLength: quirks.addressesByRequestedLength,
      counts: quirks.blockNumbers == .counted)
    guard let index = reachableMemory(at: address, count: data.count),
      !isReadOnly(address), memories[index].profile.kind != .system
    else { return failing(quirks.badAddressStatus) }
    let offset = memories[index].offset(of: address)
    var operation: ChipOperation
    switch memories[index].profile.kind {
    case .optionBytes: operation = writingOptions(index, offset, data)
    case .flash: operation = programming(index, address, data)
    case .ram, .otp, .eeprom, .deviceFeature, .system:
      operation = ChipOperation(
        effect: .program(memory: index, offset: offset, data))
    }
    if chip.dropsWrite { operation.effect = .nothing }
    chip.dropsWrite = false
    return operation
  }

  private mutating func programming(
    _ index: Int, _ address: UInt64, _ data: [UInt8]
  ) -> ChipOperation {
    let flash = rom.flash
    var data = data
    if address % UInt64(flash.alignment) != 0 {
      note(.misalignedAddress, at: address)
      chip.isPoisoned = true
    } else if data.count % flash.alignment != 0 {
      note(.misalignedLength, at: address)
      switch flash.shortTail {
      case .fails: chip.isPoisoned = true
      case .works: break
      case .corrupts: data[data.count - 1] &= 0x5A
      }
    }
    if chip.isPoisoned { return failing(3) }
    let speed = speed
    let steps = (data.count + speed.unit - 1) / max(1, speed.unit)
    return ChipOperation(
      effect: .program(
        memory: index, offset: memories[index].offset(of: address), data),
      time: speed.programTime * steps)
  }

  private mutating func writingOptions(
    _ index: Int, _ offset: Int, _ data: [UInt8]
  ) -> ChipOperation {
    guard let window = memories[index].profile.options else {
      return ChipOperation()
    }
    if offset != 0 {
      note(.partialOptionWrite, at: UInt64(memories[index].profile.start))
    }
    var operation = ChipOperation(time: window.writeTime)
    var bytes = memories[index].bytes
    let room = min(data.count, bytes.count - offset)
    bytes.replaceSubrange(offset..<offset + room, with: data.prefix(room))
    switch quirks.optionWrite {
    case .dropped: break
    case .refused: operation.failure = failing(3).failure
    case .stallsStatus: operation.effect = .stallStatus
    case .resets, .neverReturns, .changesMore:
      operation.effect = .writeOptions(memory: index, bytes)
    }
    return operation
  }

  // MARK: - The end of an operation

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
    conclude(failure)
  }

  private mutating func conclude(_ failure: UInt8?) {
    guard mode == .dfu else { return }
    if let limit = quirks.wedgesAfterErasing, chip.erasedBytes > limit {
      chip.isWedged = true
      chip.erasedBytes = 0
      dfuState = 4
      return
    }
    dfuStatus = failure ?? 0
    dfuState = failure == nil ? 3 : 10
  }

  /// Changes a memory; returns bStatus when the controller refuses.
  private mutating func program(
    _ index: Int, _ offset: Int, _ data: ArraySlice<UInt8>
  ) -> UInt8? {
    switch memories[index].profile.kind {
    case .ram, .eeprom, .deviceFeature:
      memories[index].place(data, at: offset)
      return nil
    case .flash, .otp, .optionBytes, .system: break
    }
    let start = UInt64(memories[index].profile.start)
    let protected = index == 0 ? protectedSectors : []
    let end = offset + data.count
    var position = offset
    while position < end {
      // Without write protection the block needs no division by sectors.
      let sector = memories[index].sector(at: position)
      let stop =
        protected.isEmpty
        ? end : min(end, memories[index].range(ofSector: sector).upperBound)
      if protected.contains(sector) {
        note(.writeProtected, at: start + UInt64(position))
      } else {
        let from = data.startIndex + position - offset
        let (broken, isAccepted) = memories[index].program(
          data[from..<from + stop - position], at: position,
          refusing: rom.flash.refusesProgrammedWords)
        for (kind, place) in broken { note(kind, at: start + UInt64(place)) }
        if !isAccepted { return failing(6).failure }
      }
      position = stop
    }
    return nil
  }

  private mutating func finishOptionWrite(_ index: Int, _ data: [UInt8]) {
    guard let window = memories[index].profile.options else { return }
    if !window.complementsMatch(in: data) {
      note(.wrongComplement, at: UInt64(memories[index].profile.start))
    }
    var new = window.loaded(writing: data, over: memories[index].bytes)
    if quirks.optionWrite == .changesMore {
      let place = window.userByte
      new = window.setting(
        window.value(at: place, in: new) ^ 0x04, at: place, in: new)
    }
    memories[index].place(new[...], at: 0)
    departure = (now, quirks.optionWrite == .neverReturns ? .crash : .reload)
  }

  private mutating func finishUnprotect() {
    for sector in memories[0].eraseCounts.indices {
      memories[0].erase(sector: sector)
    }
    setProtectionByte(\.unprotectedValue)
    switch quirks.unprotect {
    case .needsPowerCycle:
      protectionSeemsSet = true
      departure = (now, .reset)
    case .staysOnTheBus:
      loadOptions()
      conclude(nil)
    case .resets, .ignored: departure = (now, .reload)
    }
  }

  /// Puts another protection byte into the option bytes, complement included.
  mutating func setProtectionByte(_ value: (OptionWindow) -> UInt8) {
    for index in memories.indices {
      guard let window = memories[index].profile.options else { continue }
      let bytes = window.setting(
        protectionByte: value(window), in: memories[index].bytes)
      memories[index].place(bytes[...], at: 0)
    }
  }

  /// The power fails while something runs.
  mutating func interruptOperation() {
    chip.pending = nil
    guard let operation = chip.operation else { return }
    chip.operation = nil
    let share =
      operation.time > .zero
      ? max(0, min(1, (now - operation.start) / operation.time)) : 1
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
      if quirks.powerCutTearsWords { memories[memory].tear(at: offset + done) }
    case .writeOptions(let memory, _):
      guard let window = memories[memory].profile.options,
        quirks.interruptedOptionWriteProtects
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
