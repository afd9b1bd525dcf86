import DFUCore

// What of a board outlasts a run of the program.
extension SimulatedBoard {
  /// Lets the board arrive where it is going; its clock stays.
  func settle() {
    withCore { $0.settle() }
  }

  /// The memories that keep their content, by the name of their file.
  var lastingMemories: [(name: String, bytes: [UInt8])] {
    withCore { core in
      var result = core.memories
        .filter { $0.profile.kind.isLasting }
        .map { ($0.fileName, $0.bytes) }
      for (index, bytes) in core.plain.contents.enumerated() {
        result.append(("alternate-\(index).bin", bytes))
      }
      return result
    }
  }

  /// Puts back the content of a file; `false` when it does not fit.
  func restoreMemory(_ name: String, _ bytes: [UInt8]) -> Bool {
    withCore { core in
      if let index = core.memories.firstIndex(where: { $0.fileName == name }) {
        guard bytes.count == core.memories[index].bytes.count else {
          return false
        }
        core.memories[index].replaceAll(with: bytes)
        return true
      }
      guard case .plain(let plain) = core.profile.machine,
        let index = plain.targets.indices.first(where: {
          "alternate-\($0).bin" == name
        }),
        bytes.count <= plain.targets[index].capacity
      else { return false }
      core.plain.contents[index] = bytes
      return true
    }
  }

  var stateEntry: StateEntry {
    withCore { core in
      var state = StateEntry(
        plugged: core.isPlugged, mode: core.mode, boot0: core.boot0,
        address: core.address, alternate: core.alternate)
      state.dfuState = core.dfuState
      state.dfuStatus = core.dfuStatus
      state.stage = core.stage > 0 ? core.stage : nil
      guard case .dfuSe = core.profile.machine else { return state }
      state.empty = core.isEmpty
      state.pointer = core.chip.pointer
      state.powerCycles = core.powerCycles
      return state
    }
  }

  /// Brings the board to where the last run left it, or plugs in a new one.
  func restore(_ settings: BoardEntry) {
    if let level = settings.protection, (0...2).contains(level),
      level != protectionLevel
    {
      setProtection(level: level)
    }
    withCore { core in
      core.hasOwnPower = settings.ownPower ?? false
      core.loadOptions()
      core.isEmpty = core.firstWordIsBlank
      let state = settings.state ?? StateEntry()
      core.boot0 = state.boot0 ?? core.profile.startsInLoader
      core.powerCycles = state.powerCycles ?? 0
      if let address = state.address { core.address = address & 0x7F }
      let plugged = state.plugged ?? true
      guard let mode = state.mode, mode != .off else {
        if plugged { core.plug() }
        return
      }
      core.isEmpty = state.empty ?? core.isEmpty
      core.resume(mode, plugged: plugged)
      core.stage = max(0, state.stage ?? 0)
      core.alternate =
        Int(state.alternate ?? 0) < core.alternates.count
        ? state.alternate ?? 0 : 0
      core.resumeMachine(state)
    }
  }
}

extension BoardCore {
  /// Lets everything finish that goes on by itself.
  mutating func settle() {
    let later = scheduled.map { ($0.time - now, $0.event) }
    scheduled = []
    for _ in 0..<64 {
      guard let next = nextEvent else { break }
      ahead += next - now
      advance(to: next)
    }
    scheduled = later.map { (now + $0.0, $0.1) }
  }

  mutating func resume(_ mode: BoardMode, plugged: Bool) {
    self.mode = mode
    isPlugged = plugged
    resetDeviceFeature()
    let hasUSB =
      mode == .dfu || (mode == .application && application != nil)
    isEnumerated = plugged && hasUSB
    if isEnumerated, !(2...127).contains(address) {
      address = addresses.next()
    }
  }

  mutating func resumeMachine(_ state: StateEntry) {
    let known = (2...10).contains(state.dfuState ?? 2) || state.dfuState == 15
    let dfuState = known ? state.dfuState ?? 2 : 2
    enter(dfuState, status: state.dfuStatus ?? 0)
    chip.pointer = state.pointer ?? chip.pointer
  }
}

extension Memory {
  /// The name of the file that keeps this memory.
  var fileName: String {
    "\(profile.kind.rawValue)-0x\(hex(profile.start, 8)).bin"
  }
}

extension MemoryProfile.Kind {
  /// Whether the content outlasts the power.
  var isLasting: Bool {
    switch self {
    case .flash, .optionBytes, .otp, .eeprom: true
    case .ram, .system, .deviceFeature: false
    }
  }
}

extension ChipID {
  /// Its 24 digits in memory order.
  public var text: String { SerialRule.full.text(self) ?? "" }
}
