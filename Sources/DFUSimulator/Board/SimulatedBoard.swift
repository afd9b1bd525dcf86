public import DFUCore
import Synchronization

/// A board in software.
///
/// Safe to use from several threads. All methods act at the time its clock
/// shows.
public final class SimulatedBoard: SimulatedDevice {
  /// What kind of board it is.
  public let profile: BoardProfile
  /// The time by which it lives.
  public let clock: any TimeSource
  /// The number of its bus.
  public let bus: UInt8
  /// Where it is plugged in.
  public let ports: [UInt8]
  /// The unique ID of its chip.
  public let uniqueID: ChipID

  private let core: Mutex<BoardCore>
  // Endpoint 0 takes one transfer at a time; whoever waits for an answer
  // must not keep others from asking whether the board is there.
  private let endpoint = Mutex(Wire())

  /// A board, unplugged and virgin.
  ///
  /// - Parameters:
  ///   - profile: what kind it is.
  ///   - uniqueID: of its chip.
  ///   - serial: a serial number other than the one that follows from it.
  ///   - bus: the number of the bus.
  ///   - ports: the port on the root hub and on each hub below.
  ///   - clock: the time by which it lives.
  ///   - addresses: where its bus takes device addresses from.
  public init(
    _ profile: BoardProfile, uniqueID: ChipID = ChipID(board: 1),
    serial: String? = nil, bus: UInt8 = 1, ports: [UInt8] = [1],
    clock: any TimeSource = VirtualClock(),
    addresses: AddressPool = AddressPool()
  ) {
    self.profile = profile
    self.clock = clock
    self.bus = bus
    self.ports = ports
    self.uniqueID = uniqueID
    var core = BoardCore(profile, uniqueID: uniqueID, addresses: addresses)
    core.serialOverride = serial
    self.core = Mutex(core)
  }

  /// Does something with the state of the board as it is now.
  func withCore<R>(_ body: (inout sending BoardCore) -> sending R) -> R {
    let now = clock.now()
    return core.withLock { core in
      core.advance(to: now + core.ahead)
      return body(&core)
    }
  }

  // MARK: - SimulatedDevice

  /// The device as it is on the bus now; `nil` while it is off the bus.
  public var presence: USBDevice? {
    withCore { presence(&$0) }
  }

  private func presence(_ core: inout BoardCore) -> USBDevice? {
    guard core.isEnumerated,
      let descriptor = core.rawDescriptor(0x0100)
        .flatMap({ DeviceDescriptor(parsing: $0) })
    else { return nil }
    let configuration = core.rawDescriptor(0x0200)
      .flatMap { ConfigurationDescriptor(parsing: $0) }
    return USBDevice(
      bus: bus, address: core.address, ports: ports, speed: .full,
      descriptor: descriptor,
      configurations: configuration.map { [$0] } ?? [])
  }

  /// The device address while the board is on the bus.
  public var address: UInt8? {
    withCore { $0.isEnumerated ? $0.address : nil }
  }

  /// The raw descriptor for a `wValue` of GET_DESCRIPTOR.
  public func descriptor(_ value: UInt16, language: UInt16) -> [UInt8]? {
    withCore { $0.rawDescriptor(value) }
  }

  /// Answers one control transfer, and takes as long as the real one.
  public func answer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16, timeout: Duration,
    arrived: Duration
  ) -> ControlAnswer {
    endpoint.withLock { wire in
      wire.begin(arrived, now: clock.now())
      return transfer(setup, data, length: length, timeout: timeout, &wire)
    }
  }

  /// The bus, as far as it is busy with this board. What this program needs to
  /// work out an answer passes while the real bus would carry bytes, and does
  /// not come on top of it.
  private struct Wire {
    /// When all that was carried so far would have been.
    var due = Duration.zero

    /// A transfer that was asked for at `arrived` waits for the one before it.
    mutating func begin(_ arrived: Duration, now: Duration) {
      due = min(max(due, arrived), now)
    }

    /// Carries something for so long.
    mutating func carry(_ time: Duration, on clock: any TimeSource) {
      due += time
      clock.sleep(for: due - clock.now())
    }
  }

  /// A reset of the port by the host.
  public func resetPort() {
    withCore { $0.resetPort() }
  }

  private func transfer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16, timeout: Duration,
    _ wire: inout Wire
  ) -> ControlAnswer {
    let start = clock.now()
    // A limit of zero means none to libusb; a test should end all the same.
    let limit = start + (timeout > .zero ? timeout : .seconds(3_600))
    let kind = setup.kind(length: data.count)
    let (address, fault) = withCore { core in
      (
        core.isEnumerated ? core.address : nil,
        core.isEnumerated ? core.faults.next(kind) : nil
      )
    }
    guard let address else { return .gone }
    var answer = ControlAnswer.stall
    if fault == nil || fault?.actsFirst == true {
      fault.map { prepare($0, kind) }
      wire.carry(
        profile.wire.time(
          bytes: data.count, packet: profile.usb.maxPacketSize0), on: clock)
      answer = wait(
        for: setup, data, length: length, address: address, until: limit,
        &wire)
      if case .data(let bytes) = answer, !bytes.isEmpty {
        wire.carry(
          profile.wire.perPacket
            * ((bytes.count + 63) / max(1, Int(profile.usb.maxPacketSize0))),
          on: clock)
      }
    }
    if let fault { answer = strike(fault, answer, limit) }
    let record = TransferRecord(
      setup, at: start, sent: data, asked: length, answer)
    core.withLock { $0.log.append(record) }
    return answer
  }

  /// Asks the state machine until it answers or the time limit is over.
  private func wait(
    for setup: ControlSetup, _ data: [UInt8], length: UInt16,
    address: UInt8, until limit: Duration, _ wire: inout Wire
  ) -> ControlAnswer {
    while true {
      let now = clock.now()
      let (answer, delay) = withCore {
        core -> (ControlAnswer?, Duration) in
        guard core.isEnumerated, core.address == address else {
          return (.gone, .zero)
        }
        switch core.respond(setup, data, length: length) {
        case .answer(let answer): return (answer, .zero)
        case .wait(let time):
          return (nil, min(time, core.nextEvent ?? time) - core.now)
        }
      }
      if let answer { return answer }
      guard now < limit else { return .timeout }
      let rest = max(min(delay, limit - now), .microseconds(1))
      pause(for: rest)
      wire.due = max(wire.due, now + rest)
    }
  }

  // In real time another thread may pull the cable meanwhile.
  private func pause(for duration: Duration) {
    clock.sleep(
      for: clock.isVirtual ? duration : min(duration, .milliseconds(20)))
  }

  private func prepare(_ fault: Fault, _ kind: RequestKind) {
    withCore { core in
      switch fault.effect {
      case .status(let status):
        guard kind == .getStatus else {
          core.chip.forcedStatus = status
          return
        }
        core.enter(10, status: status)
      case .dropData:
        core.chip.dropsWrite = kind == .data
        core.plain.dropsBlock = kind != .zeroLength
      case .cut(let count):
        core.chip.cutTo = max(0, count)
        core.plain.cutTo = max(0, count)
      default: break
      }
    }
  }

  private func strike(
    _ fault: Fault, _ answer: ControlAnswer, _ limit: Duration
  ) -> ControlAnswer {
    switch fault.effect {
    case .stall: return .stall
    case .transferError: return .transferError
    case .reenumerate:
      withCore { $0.leave(for: .bootLoader) }
      return .gone
    case .timeout, .cut:
      clock.sleep(for: limit - clock.now())
      return .timeout
    case .unplug:
      withCore { $0.unplug() }
      return .gone
    case .powerCut(let back):
      withCore { $0.powerCut(back: back) }
      return .gone
    case .shortReply(let count):
      guard case .data(let bytes) = answer else { return answer }
      return .data(Array(bytes.prefix(max(0, count))))
    case .flip(let offset, let mask):
      guard case .data(var bytes) = answer, bytes.indices.contains(offset)
      else { return answer }
      bytes[offset] ^= mask
      return .data(bytes)
    case .garbage:
      guard case .data(let bytes) = answer else { return answer }
      return .data(bytes.indices.map { UInt8(truncatingIfNeeded: ~$0 &* 37) })
    case .status, .dropData: return answer
    }
  }
}

extension Fault {
  /// Whether the board acts on the request in spite of the fault.
  fileprivate var actsFirst: Bool {
    switch effect {
    case .shortReply, .flip, .status, .garbage, .dropData, .cut: true
    case .stall, .transferError, .timeout, .reenumerate, .unplug, .powerCut:
      afterEffect
    }
  }
}

// MARK: - What a person does to the board, and sees in it

extension SimulatedBoard {
  /// Plugs the cable in.
  public func plug() { withCore { $0.plug() } }

  /// Pulls the cable.
  public func unplug() { withCore { $0.unplug() } }

  /// Presses the reset button.
  public func pressReset() { withCore { $0.pressReset() } }

  /// Takes the power away and gives it back.
  public func powerCycle() { withCore { $0.powerCut(back: .zero) } }

  /// Whether the BOOT0 pin is high (on other boards: whether the boot
  /// loader's button is pressed); matters at the next reset.
  public var boot0: Bool {
    get { withCore { $0.boot0 } }
    set { withCore { $0.boot0 = newValue } }
  }

  /// Whether the board has power without the USB cable.
  public var hasOwnPower: Bool {
    get { withCore { $0.hasOwnPower } }
    set { withCore { $0.hasOwnPower = newValue } }
  }

  /// Lets something happen when `delay` of the board's time has passed.
  public func schedule(_ event: BoardEvent, after delay: Duration) {
    withCore { $0.schedule(event, at: $0.now + delay) }
  }

  /// What shows on the bus when the program runs.
  public var application: ApplicationProfile? {
    get { withCore { $0.application } }
    set { withCore { $0.application = newValue } }
  }

  /// What the board is doing.
  public var mode: BoardMode { withCore { $0.mode } }

  /// Whether the cable is plugged in.
  public var isPlugged: Bool { withCore { $0.isPlugged } }

  /// The readout protection level in force: 0, 1 or 2.
  public var protectionLevel: Int {
    withCore { $0.protectionLevel }
  }

  /// Sets readout protection as if it had been so at the last power-on.
  public func setProtection(level: Int) {
    withCore { core in
      core.setProtectionByte { window in
        switch level {
        case 0: window.unprotectedValue
        case 2: window.lockedValue ?? 0xBB
        default: 0xBB
        }
      }
      core.loadOptions()
    }
  }

  /// Puts the DFU machine where a session that was broken off may have left
  /// it, such as 3 (dfuDNLOAD-SYNC, with half a block) or 9.
  public func enter(state: UInt8, status: UInt8 = 0) {
    withCore { $0.enter(state, status: status) }
  }

  /// Damages the word with an error-correcting code at an address of the
  /// flash: reading it is a fault until its sector has been erased.
  public func tearWord(at address: UInt32) {
    withCore { core in
      guard let index = core.memory(at: UInt64(address), count: 1) else {
        return
      }
      let offset = core.memories[index].offset(of: UInt64(address))
      core.memories[index].tear(at: offset)
    }
  }

  /// Whether it has left DFU mode and stays listed without an answer.
  public var isMute: Bool { withCore { $0.isMute } }

  /// Whether the empty flag is raised: the chip saw blank flash when it last
  /// read its option bytes.
  public var isEmpty: Bool { withCore { $0.isEmpty } }

  /// The DFU state, as GETSTATE would tell.
  public var dfuState: UInt8 { withCore { $0.dfuState } }

  /// Everything said to the board so far.
  public var log: TransferLog { core.withLock { $0.log } }

  /// Forgets what was said so far, and the violations.
  public func clearLog() {
    core.withLock { core in
      core.log = TransferLog()
      core.violations = []
    }
  }

  /// The rules the host broke.
  public var violations: [Violation] { withCore { $0.violations } }

  /// What is to go wrong from now on.
  public var faults: FaultPlan {
    get { core.withLock { $0.faults } }
    set { core.withLock { $0.faults = newValue } }
  }

  /// Bytes of the chip's memories, wherever they lie; `nil` where they do not
  /// lie in one memory.
  public func memory(at address: UInt32, count: Int) -> [UInt8]? {
    withCore { core in
      guard count >= 0,
        let index = core.memory(at: UInt64(address), count: count)
      else { return nil }
      let offset = core.memories[index].offset(of: UInt64(address))
      return Array(core.memories[index].bytes[offset..<offset + count])
    }
  }

  /// Puts bytes into a memory as if they had always been there; `false`
  /// where they do not fit one memory.
  @discardableResult
  public func fill(_ bytes: [UInt8], at address: UInt32) -> Bool {
    withCore { $0.place(bytes, at: address) }
  }

  /// The whole flash.
  public var flash: [UInt8] {
    withCore { $0.memories.first?.bytes ?? [] }
  }

  /// How often each sector of the flash was erased, by its address.
  public var erasures: [UInt32: Int] {
    withCore { core in
      guard let flash = core.memories.first else { return [:] }
      var result: [UInt32: Int] = [:]
      for (index, count) in flash.eraseCounts.enumerated() where count > 0 {
        let start = flash.range(ofSector: index).lowerBound
        result[flash.profile.start + UInt32(start)] = count
      }
      return result
    }
  }

  /// The firmware a plain DFU device has stored for an alternate setting.
  public func stored(alternate: Int) -> [UInt8]? {
    withCore { core in
      core.plain.contents.indices.contains(alternate)
        ? core.plain.contents[alternate] : nil
    }
  }

  /// Gives a plain DFU device its firmware.
  public func store(_ bytes: [UInt8], alternate: Int) {
    withCore { core in
      guard core.plain.contents.indices.contains(alternate) else { return }
      core.plain.contents[alternate] = bytes
    }
  }
}
