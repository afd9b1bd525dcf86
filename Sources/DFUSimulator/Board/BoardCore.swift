import DFUCore
import Synchronization

/// What a board is doing.
public enum BoardMode: String, Hashable, Sendable, CaseIterable, Codable {
  /// It has no power.
  case off
  /// Its boot loader runs.
  case dfu
  /// Its program runs.
  case application
  /// The processor runs into garbage or blank flash: nothing on the bus.
  case crashed
}

/// Something that a person or the world does to a board.
public enum BoardEvent: String, NamedChoice {
  /// The cable is plugged in.
  case plug
  /// The cable is pulled. Boards without power of their own go off.
  case unplug
  /// The reset button.
  case reset
  /// Power off and on again.
  case powerCycle
}

/// What follows when a device has left the bus.
enum Successor: Hashable, Sendable {
  /// The program whose vector table stands at the address.
  case program(UInt32)
  /// A system reset.
  case reset
  /// A reset that reads the option bytes again.
  case reload
  /// The boot loader, started by the program.
  case bootLoader
  /// The loader that the first one was given.
  case nextStage
  /// A fault handler, or nothing at all.
  case crash
  /// A program that leaves the pull-up on and the host without answers.
  case silence
}

/// The whole state of one board, without any locking or waiting: it is told
/// the time.
struct BoardCore: Sendable {
  /// What a request leads to.
  enum Step {
    case answer(ControlAnswer)
    /// Nothing yet: ask again at that time (NAK).
    case wait(until: Duration)

    static let stall = Step.answer(.stall)
    /// Acknowledged; nothing to send.
    static let done = Step.answer(.data([]))
  }

  let profile: BoardProfile
  /// The chip; of a plain device one without memories.
  let rom: ChipProfile
  /// The plain device; of a chip one without targets.
  let device: PlainProfile
  let isChip: Bool
  let uniqueID: ChipID
  let addresses: AddressPool
  var serialOverride: String?
  var application: ApplicationProfile?

  var mode = BoardMode.off
  var isPlugged = false
  /// It is listed, but answers nothing any more.
  var isMute = false
  /// Which of the loaders that follow one another runs (STM32MP).
  var stage = 0
  /// String descriptors that have stalled once.
  var stalledStrings: Set<UInt16> = []
  var hasOwnPower = false
  var boot0 = true
  var address: UInt8 = 0
  var isEnumerated = false
  var configuration: UInt8 = 1
  var alternate: UInt8 = 0
  /// How often power came; seeds serial numbers that change.
  var powerCycles: UInt32 = 0

  var memories: [Memory] = []
  /// bState and bStatus of the loader.
  var dfuState: UInt8 = 2
  var dfuStatus: UInt8 = 0
  /// When the time is over that the last GETSTATUS reported.
  var quietUntil: Duration = .zero
  var chip = ChipState()
  /// The flag that the chip looked at when it read its option bytes.
  var isEmpty = false
  var protectionLevel = 0
  /// A ROM that did not read the option bytes again after unprotect.
  var protectionSeemsSet = false
  var protectedSectors: Set<Int> = []
  var plain = PlainState()

  var now: Duration = .zero
  /// How far the board is ahead of its clock: where something was let happen
  /// without waiting.
  var ahead: Duration = .zero
  var arrival: Duration?
  var departure: (time: Duration, next: Successor)?
  var secondEnumeration = false
  var detachDeadline: Duration?
  var scheduled: [(time: Duration, event: BoardEvent)] = []

  /// How many handles are open on it, and what they have claimed.
  var handles = 0
  var claims: Set<Claim> = []

  struct Claim: Hashable {
    /// Of the board when it was claimed.
    var address: UInt8
    var interface: UInt8
  }

  var log = TransferLog()
  var violations: [Violation] = []
  var faults = FaultPlan()

  init(
    _ profile: BoardProfile, uniqueID: ChipID, addresses: AddressPool
  ) {
    self.profile = profile
    self.uniqueID = uniqueID
    self.addresses = addresses
    application = profile.application
    boot0 = profile.startsInLoader
    switch profile.machine {
    case .dfuSe(let chip):
      (rom, device, isChip) = (chip, PlainProfile(targets: []), true)
    case .plain(let plain): (rom, device, isChip) = (.none, plain, false)
    }
    memories = rom.memories.map {
      Memory($0, eccWord: rom.flash.eccWord, erased: rom.flash.erasedByte)
    }
    plain.contents = device.targets.map { _ in [] }
    for (address, bytes) in rom.marks { place(bytes, at: address) }
    if let start = rom.uniqueIDAddress { place(uniqueID.bytes, at: start) }
    loadOptions()
    isEmpty = firstWordIsBlank
  }

  /// Puts bytes into whatever memory is at the address, without physics.
  @discardableResult
  mutating func place(_ bytes: [UInt8], at address: UInt32) -> Bool {
    guard let index = memory(at: UInt64(address), count: bytes.count) else {
      return false
    }
    memories[index].place(
      bytes[...], at: memories[index].offset(of: UInt64(address)))
    return true
  }

  func memory(at address: UInt64, count: Int) -> Int? {
    memories.firstIndex { $0.contains(address, count: count) }
  }

  mutating func note(_ kind: Violation.Kind, at address: UInt64 = 0) {
    // A run that breaks a rule at each block must not fill the memory.
    guard violations.count < 10_000 else { return }
    violations.append(
      Violation(
        kind: kind, address: UInt32(truncatingIfNeeded: address), time: now))
  }

  // MARK: - Time

  /// The next time at which something happens by itself, if any.
  var nextEvent: Duration? {
    [
      arrival, departure?.time, chip.operation?.end, plain.workEnd,
      detachDeadline, scheduled.first?.time,
    ].compactMap(\.self).min()
  }

  /// Whether the board is about to leave the bus or to come back.
  var isInTransit: Bool {
    departure != nil || !isEnumerated
      || chip.operation?.effect.endsOnTheBus == false
  }

  /// Lets everything happen that is due by `time`, in order.
  mutating func advance(to time: Duration) {
    while let due = nextEvent, due <= time {
      now = max(now, due)
      step(due)
    }
    now = max(now, time)
  }

  private mutating func step(_ due: Duration) {
    if let first = scheduled.first, first.time <= due {
      scheduled.removeFirst()
      perform(first.event)
    } else if let operation = chip.operation, operation.end <= due {
      chip.operation = nil
      finish(operation)
    } else if let end = plain.workEnd, end <= due {
      finishPlainWork()
    } else if let departure, departure.time <= due {
      self.departure = nil
      isMute = departure.next == .silence
      isEnumerated = isMute
      follow(departure.next)
    } else if let arrival, arrival <= due {
      self.arrival = nil
      arrive()
    } else if let deadline = detachDeadline, deadline <= due {
      detachDeadline = nil
      plain.runtimeState = 0
    }
  }

  private mutating func arrive() {
    isEnumerated = true
    configuration = 1
    alternate = 0
    address = addresses.next()
    guard secondEnumeration else { return }
    secondEnumeration = false
    departure = (now + .milliseconds(80), .bootLoader)
  }

  // MARK: - Power and reset

  mutating func perform(_ event: BoardEvent) {
    switch event {
    case .plug: plug()
    case .unplug: unplug()
    case .reset: pressReset()
    case .powerCycle: powerCut(back: .zero)
    }
  }

  mutating func schedule(_ event: BoardEvent, at time: Duration) {
    let index =
      scheduled.firstIndex { $0.time > time } ?? scheduled.endIndex
    scheduled.insert((time, event), at: index)
  }

  mutating func plug() {
    guard !isPlugged else { return }
    isPlugged = true
    if mode == .off { return powerOn() }
    // It had power all along: the host resets the bus and finds it.
    busReset()
    scheduleArrival(after: .milliseconds(100))
  }

  mutating func unplug() {
    isPlugged = false
    isEnumerated = false
    arrival = nil
    detachDeadline = nil
    if !hasOwnPower { powerOff() }
  }

  /// Leaves the bus at once.
  mutating func leave(for next: Successor) {
    interruptOperation()
    departure = (now, next)
    advance(to: now)
  }

  mutating func pressReset() {
    guard mode != .off else { return }
    interruptOperation()
    isEnumerated = false
    boot()
  }

  /// The power fails, and comes back after a while, if ever.
  mutating func powerCut(back: Duration?) {
    powerOff()
    guard let back else {
      isPlugged = false
      return
    }
    if back == .zero {
      powerOn()
    } else {
      isPlugged = false
      schedule(.plug, at: now + back)
    }
  }

  mutating func powerOff() {
    interruptOperation()
    mode = .off
    isEnumerated = false
    arrival = nil
    departure = nil
    detachDeadline = nil
    for index in memories.indices where memories[index].profile.kind == .ram {
      memories[index] = Memory(memories[index].profile)
    }
  }

  mutating func powerOn() {
    powerCycles &+= 1
    protectionSeemsSet = false
    loadOptions()
    isEmpty = firstWordIsBlank
    boot()
  }

  /// Starts again without power having been away.
  mutating func boot() {
    isMute = false
    stage = 0
    resetMachines()
    resetDeviceFeature()
    departure = nil
    detachDeadline = nil
    secondEnumeration = false
    if bootsIntoLoader {
      startLoader()
    } else {
      startProgram(at: memories.first?.profile.start ?? 0)
    }
  }

  private mutating func resetMachines() {
    dfuState = 2
    dfuStatus = 0
    quietUntil = .zero
    chip = ChipState()
    // What is stored stays, what was on its way is lost.
    plain = PlainState(contents: plain.contents)
  }

  /// Puts the machine where a broken session may have left it.
  mutating func enter(_ state: UInt8, status: UInt8) {
    dfuState = state
    dfuStatus = status
    chip.operation = nil
    chip.isWedged = state == 4
    chip.pending =
      state == 3 ? .write(block: 2, [UInt8](repeating: 0, count: 64)) : nil
    plain.workEnd = nil
    plain.incoming = []
    plain.isDone = true
  }

  /// Whether a transfer of so many bytes is larger than allowed.
  mutating func isOversized(_ length: Int) -> Bool {
    guard length > Int(profile.functional.transferSize) else { return false }
    note(.oversizedTransfer)
    return true
  }

  /// A request that leads to dfuERROR.
  mutating func fail(_ status: UInt8) -> Step {
    dfuState = 10
    dfuStatus = status
    plain.workEnd = nil
    return .stall
  }

  /// The answer to GETSTATUS.
  mutating func reply(
    _ state: UInt8, poll: UInt32, string: UInt8 = 0
  ) -> Step {
    quietUntil = now + .milliseconds(Int64(poll))
    return .answer(
      .data([
        state == 4 ? 0 : dfuStatus, UInt8(truncatingIfNeeded: poll),
        UInt8(truncatingIfNeeded: poll >> 8),
        UInt8(truncatingIfNeeded: poll >> 16), state, string,
      ]))
  }

  private mutating func follow(_ next: Successor) {
    switch next {
    case .program(let address): startProgram(at: address)
    case .reset: boot()
    case .reload:
      loadOptions()
      isEmpty = firstWordIsBlank
      boot()
    case .bootLoader:
      resetMachines()
      startLoader(again: mode == .dfu)
    case .nextStage:
      stage += 1
      resetMachines()
      startLoader(again: true)
    case .crash: mode = .crashed
    case .silence: break
    }
  }

  private mutating func startLoader(again: Bool = false) {
    mode = .dfu
    isEnumerated = false
    if isChip {
      enter(quirks.startState, status: 0)
      if quirks.startsInError { enter(10, status: 10) }
      secondEnumeration = quirks.enumeratesTwice && !again
      if rom.boot.romClearsEmptyFlag { isEmpty = false }
    }
    scheduleArrival(after: profile.enumerationTime)
  }

  mutating func startProgram(at address: UInt32) {
    isEnumerated = false
    arrival = nil
    plain.runtimeState = 0
    guard programRuns(at: address) else {
      mode = .crashed
      return
    }
    mode = .application
    guard let application else { return }
    scheduleArrival(after: application.enumerationTime)
  }

  private mutating func scheduleArrival(after delay: Duration) {
    let hasUSB =
      mode == .dfu || (mode == .application && application != nil)
    arrival = isPlugged && hasUSB ? now + delay : nil
  }

  /// The host resets the port.
  mutating func resetPort() {
    guard isEnumerated else { return }
    if isMute { isEnumerated = false }
    if mode == .application, plain.runtimeState == 1 {
      detachDeadline = nil
      departure = (now, .bootLoader)
      return advance(to: now)
    }
    busReset()
    if mode == .dfu, !isChip { resetPlainPort() }
  }

  // What a reset of the bus does to the class: back to dfuIDLE, whatever
  // the flash is doing.
  private mutating func busReset() {
    alternate = 0
    configuration = 1
    guard mode == .dfu, isChip, dfuState != 10, chip.operation == nil
    else { return }
    dfuState = 2
    chip.pending = nil
  }
}

/// Hands out device addresses of one bus.
public final class AddressPool: Sendable {
  private let last: Mutex<UInt8>

  /// Addresses begin after `last`.
  public init(after last: UInt8 = 1) {
    self.last = Mutex(last)
  }

  /// The next address, from 2 to 127 and round again.
  public func next() -> UInt8 {
    last.withLock { last in
      last = last >= 127 ? 2 : last + 1
      return last
    }
  }
}
