import DFUCore
import DFUSimulator
import Synchronization

/// A board on a bus of its own, as it stands before an operation.
struct Bench {
  let board: SimulatedBoard
  let bus: SimulatedBus

  init(_ operation: Operation) throws {
    guard let profile = BoardProfile.named(operation.kind) else {
      throw Missing(kind: operation.kind)
    }
    board = SimulatedBoard(profile)
    board.boot0 = !operation.startsRunning
    bus = SimulatedBus([board])
    if !operation.old.isEmpty {
      board.fill(operation.old, at: operation.base)
    }
    operation.prepare(board)
    board.plug()
    sleep(.seconds(15))
  }

  struct Missing: Error {
    var kind: String
  }

  func sleep(_ time: Duration) {
    board.clock.sleep(for: time)
    bus.clock.sleep(for: time)
  }

  /// Puts the board back into DFU mode, whatever became of it.
  func revive(_ operation: Operation) {
    board.faults = FaultPlan()
    board.unplug()
    board.hasOwnPower = false
    sleep(.seconds(1))
    board.boot0 = !operation.startsRunning
    board.plug()
    board.powerCycle()
    sleep(.seconds(15))
  }

  /// Whether it starts a program when it is powered up without BOOT0.
  func startsProgram() -> Bool {
    board.faults = FaultPlan()
    board.unplug()
    board.hasOwnPower = false
    sleep(.seconds(1))
    board.boot0 = false
    board.plug()
    sleep(.seconds(15))
    return board.mode == .application
  }
}

/// What came of a run.
struct BenchRun {
  var outcome: Operation.Outcome?
  var error: JobError?
  /// Bytes that were named as lost.
  var lost: [FirmwareImage.Segment] = []
  /// Sectors of which was said that what lies beside the image is lost.
  var unreadable: [Sector] = []
  var transfers: Int
  var wasCutOff: Bool
  var time: Duration
}

extension Bench {
  /// Runs an operation once.
  func run(_ operation: Operation, _ disturbance: Disturbance) -> BenchRun {
    board.faults = FaultPlan(disturbance.faults)
    let bus = CountingBus(bus, last: disturbance.last)
    var result = BenchRun(transfers: 0, wasCutOff: false, time: .zero)
    let start = bus.clock.now()
    do throws(JobError) {
      guard
        let found = (try? Board.all(on: self.bus))?.first,
        let interface = found.interfaces.first
      else { throw JobError(.usb(USBError(.noDevice, "find the board"))) }
      // The fault counts from the operation on, not from looking for it.
      board.faults = FaultPlan(disturbance.faults)
      result.outcome = try operation.run(
        SelectedBoard(board: found, interface: interface),
        JobContext(
          bus: bus, shouldStop: { bus.count >= disturbance.stopsAt },
          report: { result.note($0) }))
    } catch {
      result.error = error
      result.lost = error.lost.isEmpty ? result.lost : error.lost
    }
    result.transfers = bus.count
    result.wasCutOff = bus.isOver
    result.time = bus.clock.now() - start
    return result
  }
}

extension BenchRun {
  fileprivate mutating func note(_ event: JobEvent) {
    switch event {
    case .lost(let segments, _): lost += segments
    case .progress(.neighboursLost(let sector)): unreadable.append(sector)
    default: break
    }
  }
}

/// A bus that counts what is sent, and lets nothing through any more after a
/// number of transfers: as when the program is killed there, or when it does
/// not come to an end.
final class CountingBus: USBBus {
  private let inner: SimulatedBus
  private let state: Mutex<State>

  struct State {
    var count = 0
    var last: Int
    var isOver = false
  }

  init(_ inner: SimulatedBus, last: Int) {
    self.inner = inner
    state = Mutex(State(last: last))
  }

  /// How many transfers were asked for.
  var count: Int { state.withLock { $0.count } }
  /// Whether it has cut the program off.
  var isOver: Bool { state.withLock { $0.isOver } }

  var clock: any TimeSource { inner.clock }
  func clock(of device: USBDevice) -> any TimeSource {
    inner.clock(of: device)
  }

  func devices() throws(USBError) -> [USBDevice] {
    isOver ? [] : try inner.devices()
  }

  func open(_ device: USBDevice) throws(USBError) -> any ControlTransport {
    try pass(counts: false)
    return Transport(try inner.open(device), self)
  }

  func waitForChange(atMost limit: Duration) throws(USBError) {
    try inner.waitForChange(atMost: limit)
  }

  fileprivate func pass(counts: Bool = true) throws(USBError) {
    let passes = state.withLock { state in
      if counts { state.count += 1 }
      if state.count > state.last { state.isOver = true }
      return !state.isOver
    }
    guard passes else { throw USBError(.noDevice, "go on") }
  }

  private final class Transport: ControlTransport {
    let inner: any ControlTransport
    let bus: CountingBus
    init(_ inner: any ControlTransport, _ bus: CountingBus) {
      self.inner = inner
      self.bus = bus
    }

    var clock: any TimeSource { inner.clock }
    func claim(interface: UInt8) throws(USBError) {
      try inner.claim(interface: interface)
    }
    func release(interface: UInt8) throws(USBError) {
      try inner.release(interface: interface)
    }
    func select(configuration: UInt8) throws(USBError) {
      try inner.select(configuration: configuration)
    }
    func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
      try bus.pass(counts: false)
      try inner.select(alternate: alternate, of: interface)
    }
    func send(
      _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
    ) throws(USBError) {
      try bus.pass()
      try inner.send(setup, data, timeout: timeout)
    }
    func receive(
      _ setup: ControlSetup, length: UInt16, timeout: Duration
    ) throws(USBError) -> [UInt8] {
      try bus.pass()
      return try inner.receive(setup, length: length, timeout: timeout)
    }
    func reset() throws(USBError) {
      try bus.pass(counts: false)
      try inner.reset()
    }
  }
}
