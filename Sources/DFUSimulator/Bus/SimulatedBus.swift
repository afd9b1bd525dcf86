public import DFUCore
import Synchronization

/// Simulated boards as a USB that can be listed, opened and waited for.
///
/// Each board lives by its own clock and is worked on by one thread. The
/// bus has a clock as well, for waits that belong to no board. When a bus in
/// virtual time waits, it jumps to the next thing that any idle board does,
/// and takes all idle boards along: those that nobody has open, and those
/// that are leaving or coming back. Boards that are being worked on keep
/// their own time.
public final class SimulatedBus: USBBus {
  /// The clock for waits that belong to no single device.
  public let clock: any TimeSource
  private let list: Mutex<[SimulatedBoard]>
  /// Several threads may wait: one at a time moves virtual time on, so that
  /// no board is left behind.
  private let turn = Mutex<Void>(())

  /// A bus in virtual time, unless given another clock; then all boards
  /// should have that one too.
  public init(
    _ boards: [SimulatedBoard] = [], clock: any TimeSource = VirtualClock()
  ) {
    self.clock = clock
    list = Mutex(boards)
  }

  /// The boards, plugged in or not.
  public var boards: [SimulatedBoard] { list.withLock { $0 } }

  /// Adds a board.
  public func add(_ board: SimulatedBoard) {
    list.withLock { $0.append(board) }
  }

  /// Takes a board away for good, as when another is to have its port.
  public func remove(_ board: SimulatedBoard) {
    list.withLock { $0.removeAll { $0 === board } }
  }

  /// The clock of the board at a device's place.
  public func clock(of device: USBDevice) -> any TimeSource {
    boards.first { $0.bus == device.bus && $0.ports == device.ports }?.clock
      ?? clock
  }

  /// All devices present now, by bus and port.
  public func devices() throws(USBError) -> [USBDevice] {
    boards.compactMap(\.presence)
  }

  /// Opens a device of an earlier ``devices()``.
  public func open(
    _ device: USBDevice
  ) throws(USBError) -> any ControlTransport {
    let action = "open the device \(device.path)"
    let board = boards.first {
      $0.bus == device.bus && $0.ports == device.ports
        && $0.address == device.address
    }
    guard let board, let address = board.address,
      address == device.address
    else { throw USBError(.noDevice, action) }
    let isDenied = board.withCore { $0.faults.denyOpen() }
    guard !isDenied else { throw USBError(.access, action) }
    return SimulatedTransport(board, address: address)
  }

  /// Waits until a board may have arrived or left, at most `limit`.
  public func waitForChange(atMost limit: Duration) throws(USBError) {
    guard limit > .zero else { return }
    guard clock.isVirtual else {
      // Real time: a person or another thread may plug something in.
      let next = boards.compactMap(\.timeToNextEvent).min() ?? limit
      let step = max(.microseconds(1), min(next, limit))
      return clock.sleep(for: min(step, .milliseconds(20)))
    }
    turn.withLock { _ in advance(atMost: limit) }
  }

  private func advance(atMost limit: Duration) {
    let idle = boards.filter(\.isIdle)
    let next = idle.compactMap(\.timeToNextEvent).min() ?? limit
    let step = max(.microseconds(1), min(next, limit))
    clock.sleep(for: step)
    for board in idle where board.clock.isVirtual {
      board.clock.sleep(for: step)
    }
  }
}

extension SimulatedBoard {
  /// The board's time until something happens to it by itself.
  var timeToNextEvent: Duration? {
    withCore { core in core.nextEvent.map { $0 - core.now } }
  }

  /// Whether nobody works on it: nobody has it open, or it is leaving the bus
  /// or coming back.
  var isIdle: Bool { withCore { $0.handles == 0 || $0.isInTransit } }
}
