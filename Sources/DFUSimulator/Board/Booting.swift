import DFUCore

// What a board starts when it gets power or is reset.
extension BoardCore {
  var firstWordIsBlank: Bool { memories.first?.isBlank(0..<4) ?? false }

  var bootsIntoLoader: Bool {
    // A plain device starts its loader when it has no program to run, or when
    // its button (the stand-in for BOOT0) is pressed.
    guard isChip else {
      return device.hasLoader && (boot0 || application == nil)
    }
    guard protectionLevel < 2 else { return false }
    if rom.boot.hasEmptyCheck, isEmpty { return true }
    guard let software = rom.boot.software, let word = firstOptionWord else {
      return boot0
    }
    let select = word >> software.select & 1 == 1
    return select == software.pinWhen
      ? boot0 : word >> software.nBoot0 & 1 == 0
  }

  private var firstOptionWord: UInt32? {
    memories.first { $0.profile.options?.protection != nil }
      .map { UInt32(littleEndianAt: 0, in: $0.bytes) }
  }

  /// Whether the processor finds a program at the address rather than
  /// blank or senseless flash.
  func programRuns(at address: UInt32) -> Bool {
    guard isChip else { return true }
    guard let index = memory(at: UInt64(address), count: 8) else {
      return false
    }
    let memory = memories[index]
    let offset = memory.offset(of: UInt64(address))
    let stack = UInt32(littleEndianAt: offset, in: memory.bytes)
    guard rom.boot.hasVectorTable else { return stack != 0xFFFF_FFFF }
    let entry = UInt32(littleEndianAt: offset + 4, in: memory.bytes)
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
}
