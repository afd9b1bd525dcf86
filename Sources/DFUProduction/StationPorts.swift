public import DFUCore

/// What a flashing station knows of its ports: which board is new, which is
/// being worked on, which is done and waits to be unplugged. Pure: it is told
/// what is on the bus and when.
public struct StationPorts: Sendable {
  /// What there is to do after a look at the bus.
  public struct News: Hashable, Sendable {
    /// Boards that should have their turn, by rising port path.
    public var waiting: [USBDevice] = []
    /// Devices that have appeared, within a moment, at ports where a board's
    /// turn is over: the same board as a rule, perhaps another one. See
    /// ``StationPorts/exchanged(_:serial:)``.
    public var returned: [USBDevice] = []

    /// Nothing to do.
    public init() {}
  }

  private enum Stage: Hashable, Sendable {
    /// A board is there and has had no turn.
    case waiting(USBDevice)
    /// Work on the board goes on.
    case working
    /// The board's turn is over; it should be unplugged.
    case done(BoardResult.End, serial: String?)
  }

  private struct Port: Sendable {
    var stage: Stage
    /// The address of the device that was there last.
    var address: UInt8
    var lastSeen: Duration
    /// Whether it was not there at the last look.
    var isAway = false
  }

  /// The ports to look at; `nil` for all.
  public let only: Set<String>?
  private var ports: [String: Port] = [:]

  /// A board that passed leaves the bus by itself and may come straight back,
  /// as its application or by a reset. One that was away for less than this
  /// was not unplugged.
  public static let shortestReplug = Duration.seconds(2)
  /// A board that failed is tried again when it was away for so long.
  public static let shortestRetry = Duration.milliseconds(500)

  /// A station that looks at the port paths `only`; `nil` for all.
  public init(only: Set<String>? = nil) { self.only = only }

  /// Notes what is on the bus.
  ///
  /// - Parameters:
  ///   - devices: all devices that are present.
  ///   - now: the time by the bus's clock.
  ///   - isWanted: whether a device is a board to flash.
  public mutating func update(
    _ devices: [USBDevice], at now: Duration,
    isWanted: (USBDevice) -> Bool
  ) -> News {
    var news = News()
    var present: Set<String> = []
    for device in devices where only?.contains(device.path) ?? true {
      present.insert(device.path)
      release(device.path, at: now)
      if let port = ports[device.path] {
        if case .done = port.stage, port.address != device.address,
          isWanted(device)
        {
          news.returned.append(device)
        }
        if case .waiting = port.stage {
          ports[device.path]?.stage = .waiting(device)
          if !isWanted(device) { ports[device.path] = nil }
        }
        ports[device.path]?.address = device.address
        ports[device.path]?.lastSeen = now
        ports[device.path]?.isAway = false
      } else if isWanted(device) {
        ports[device.path] = Port(
          stage: .waiting(device), address: device.address, lastSeen: now)
      }
    }
    for path in ports.keys where !present.contains(path) {
      ports[path]?.isAway = true
      release(path, at: now)
      if case .waiting? = ports[path]?.stage { ports[path] = nil }
    }
    news.waiting = waiting
    return news
  }

  /// Forgets a board whose turn is over once it has been away long enough.
  private mutating func release(_ path: String, at now: Duration) {
    guard let port = ports[path], port.isAway,
      case .done(let result, _) = port.stage
    else { return }
    let pause =
      result == .pass ? Self.shortestReplug : Self.shortestRetry
    if now - port.lastSeen >= pause { ports[path] = nil }
  }

  private var waiting: [USBDevice] {
    ports.values.compactMap {
      if case .waiting(let device) = $0.stage { device } else { nil }
    }.sorted {
      ([$0.bus] + $0.ports).lexicographicallyPrecedes([$1.bus] + $1.ports)
    }
  }

  /// Notes that work on the board at a port begins.
  public mutating func begin(_ path: String) {
    ports[path]?.stage = .working
  }

  /// Notes that a board's turn is over.
  ///
  /// - Parameters:
  ///   - path: its port.
  ///   - result: how its turn ended.
  ///   - serial: its serial number, where that tells it from others.
  ///   - now: the time by the bus's clock.
  public mutating func end(
    _ path: String, _ result: BoardResult.End, serial: String?, at now: Duration
  ) {
    ports[path]?.stage = .done(result, serial: serial)
    ports[path]?.lastSeen = now
  }

  /// Notes the serial number of a device that appeared where a turn is over.
  /// One that differs shows that somebody was quicker than was noticed.
  ///
  /// - Parameter serial: what it shows; `nil` where that tells nothing.
  /// - Returns: whether it is another board, which then waits for its turn.
  @discardableResult
  public mutating func exchanged(
    _ device: USBDevice, serial: String?
  ) -> Bool {
    guard case .done(_, let old?)? = ports[device.path]?.stage, let serial,
      old != serial
    else { return false }
    ports[device.path]?.stage = .waiting(device)
    return true
  }
}
