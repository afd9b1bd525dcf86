/// Waits for boards to come and go.
public struct BoardWatch {
  private let bus: any USBBus
  private let shouldStop: () -> Bool

  /// Watches a bus. `shouldStop` is asked between waits whether the user
  /// wants to stop.
  public init(
    _ bus: any USBBus, shouldStop: @escaping () -> Bool = { false }
  ) {
    self.bus = bus
    self.shouldStop = shouldStop
  }

  /// Looks again at every change until `condition` gives a result, the time
  /// is over or the user stops; then `nil`.
  public func wait<Result>(
    atMost limit: Duration,
    until condition: () throws(USBError) -> Result?
  ) throws(USBError) -> Result? {
    let end = bus.clock.now() + limit
    while true {
      if let result = try condition() { return result }
      let rest = end - bus.clock.now()
      guard rest > .zero, !shouldStop() else {
        // This program may have been kept from running for a while.
        return try condition()
      }
      try bus.waitForChange(atMost: min(rest, .milliseconds(100)))
    }
  }

  /// Whether the device, as it was enumerated, leaves the bus within the
  /// limit. A device that has come back with another address has left.
  public func hasLeft(
    _ device: USBDevice, within limit: Duration
  ) throws(USBError) -> Bool {
    try wait(atMost: limit) { () throws(USBError) in
      try bus.devices().contains {
        $0.bus == device.bus && $0.address == device.address
          && $0.ports == device.ports
      } ? nil : true
    } ?? false
  }

  /// The board at a port path once it has come (back) in `mode`, with another
  /// address than `old` if one is given; `nil` when the time is over first.
  public func board(
    at path: String, mode: DFUMode, insteadOf old: USBDevice? = nil,
    within limit: Duration
  ) throws(USBError) -> Board? {
    try board(at: path, insteadOf: old, within: limit) {
      $0.contains { $0.mode == mode }
    }
  }

  /// The board at a port path once its DFU interfaces are as wanted, with
  /// another address than `old` if one is given; `nil` when the time is over
  /// first.
  public func board(
    at path: String, insteadOf old: USBDevice?, within limit: Duration,
    where isWanted: ([DFUInterface]) -> Bool
  ) throws(USBError) -> Board? {
    try wait(atMost: limit) { () throws(USBError) -> Board? in
      let present = try bus.devices().first {
        $0.path == path && $0.address != old?.address
          && isWanted(Board.interfaces(of: $0))
      }
      guard let present else { return nil }
      let board = Board(looking: present, on: bus)
      // Straight after it appears the system may not have given the user
      // access yet.
      return board.problem?.code == .access ? nil : board
    }
  }
}
