public import DFUCore
import Synchronization

/// Boards that answer as they were recorded: the same requests in the same
/// order get the same answers and take the same time, on one virtual clock.
///
/// Descriptors are answered whenever they are asked for. Anything else that the
/// recording does not have next is a ``Departure``, after which nothing is
/// answered any more. Boards come and go as long after the transfer before as
/// they did then.
public final class ReplayBus: USBBus {
  /// The clock of the boards.
  public let clock: any TimeSource = VirtualClock()
  private let state: Mutex<(boards: [String: ReplayedBoard], end: Departure?)>

  /// Boards at the beginning of a recording.
  public init(_ recording: Recording) {
    let start = recording.boards.values.compactMap(\.steps.first?.seen.time)
    let boards = recording.boards.mapValues {
      ReplayedBoard(recorded: $0, anchor: (start.min() ?? .zero, .zero))
    }
    state = Mutex((boards, nil))
  }

  /// Where something was done that was not recorded.
  public struct Departure: Error, Hashable, Sendable {
    /// The board's port path.
    public var path: String
    /// The number of the transfer among the recorded ones of this board.
    public var transfer: Int
    /// The line of the recording; `nil` behind its end.
    public var line: Int?
    /// What the recording has there.
    public var expected: String
    /// What was done.
    public var got: String
  }

  /// The first departure from the recording, if there was one.
  public var departure: Departure? { state.withLock { $0.end } }

  /// What was recorded next of each board and has not been done; empty when all
  /// was.
  public var rest: [Departure] {
    state.withLock { state in
      state.boards.sorted { $0.key < $1.key }.compactMap { path, board in
        board.isDone ? nil : board.departure(path, "the end")
      }
    }
  }

  /// The devices that were present at this point of the recording.
  public func devices() throws(USBError) -> [USBDevice] {
    let now = clock.now()
    return state.withLock { state in
      state.boards.keys.sorted().compactMap { path in
        state.boards[path]?.advance(to: now)
        return state.boards[path]?.device
      }
    }
  }

  /// Opens a device of an earlier ``devices()``.
  public func open(
    _ device: USBDevice
  ) throws(USBError) -> any ControlTransport {
    let transport = ReplayTransport(bus: self, device: device)
    try transport.check("open the device \(device.path)")
    return transport
  }

  /// Moves the clock on to the next thing that happens by itself.
  public func waitForChange(atMost limit: Duration) throws(USBError) {
    guard limit > .zero else { return }
    let now = clock.now()
    let next = state.withLock { state in
      state.boards.values.compactMap(\.nextChange).filter { $0 > now }.min()
    }
    clock.sleep(for: next.map { min(limit, $0 - now) } ?? limit)
  }

  /// Does something with a device, if just this was recorded, and takes the
  /// recorded time for it.
  fileprivate func perform(
    _ done: BusObservation, _ device: USBDevice, _ action: String
  ) throws(USBError) -> [UInt8] {
    let now = clock.now()
    let answer = try state.withLock { state throws(USBError) in
      do throws(Departure) {
        if let departure = state.end { throw departure }
        return try state.boards[device.path]?.take(done, at: now)
      } catch {
        state.end = error
        throw USBError(.other, "follow the recording at \(error)")
      }
    }
    clock.sleep(for: answer?.duration ?? .zero)
    if let error = answer?.error { throw USBError(error.code, action) }
    return answer?.data ?? []
  }
}

extension ReplayBus.Departure: CustomStringConvertible {
  /// Such as `transfer 17 with board 1-1 (line 20): the recording has
  /// GETSTATUS, and there was CLRSTATUS`.
  public var description: String {
    """
    transfer \(transfer) with board \(path)\(line.map { " (line \($0))" } ?? ""): \
    the recording has \(expected), and there was \(got)
    """
  }
}

/// How far the recording of one board has gone.
private struct ReplayedBoard {
  typealias Answer = (data: [UInt8], error: USBError?, duration: Duration)

  let recorded: Recording.Board
  /// A time of the recording, and when that was on the clock.
  var anchor: (recorded: Duration, now: Duration)
  private(set) var device: USBDevice?
  private var position = 0
  private var arrivals = 0
  /// How often each descriptor was asked for since the last arrival.
  private var asked: [ControlSetup: Int] = [:]

  init(recorded: Recording.Board, anchor: (Duration, Duration)) {
    self.recorded = recorded
    self.anchor = anchor
  }

  private var next: (seen: BusObservation, line: Int, transfer: Int)? {
    position < recorded.steps.count ? recorded.steps[position] : nil
  }

  /// Whether all that a program does was done.
  var isDone: Bool {
    recorded.steps[position...].allSatisfy { $0.seen.happensByItself }
  }

  /// When something happens by itself next.
  var nextChange: Duration? {
    guard let seen = next?.seen, seen.happensByItself else { return nil }
    return anchor.now + max(.zero, seen.time - anchor.recorded)
  }

  /// Lets all happen that has happened by itself until `now`.
  mutating func advance(to now: Duration) {
    while let seen = next?.seen, let time = nextChange, time <= now {
      device = nil
      if case .arrived(let arrived, _) = seen {
        device = arrived
        arrivals += 1
        asked = [:]
      }
      position += 1
      anchor = (seen.time, time)
    }
  }

  /// The recorded answer, when just this was recorded next.
  mutating func take(
    _ done: BusObservation, at now: Duration
  ) throws(ReplayBus.Departure) -> Answer {
    if case .transfer(let asked) = done, asked.setup.isGetDescriptor {
      return try descriptor(asked)
    }
    let answer: Answer
    switch (done, next?.seen) {
    case (.transfer(let asked), .transfer(let was)?)
    where was.setup == asked.setup && was.length == asked.length:
      if !asked.setup.isDeviceToHost, was.data != asked.data {
        let byte = zip(was.data, asked.data).prefix { $0 == $1 }.count
        throw departure(
          done.path, "\(done.text), other from byte \(byte) on")
      }
      answer = (was.data, was.error, was.duration)
    case (.reset, .reset(_, let error, _)?): answer = ([], error, .zero)
    default: throw departure(done.path, done.text)
    }
    anchor = (
      (next?.seen.time ?? .zero) + answer.duration, now + answer.duration
    )
    position += 1
    return answer
  }

  /// What the board answered to GET_DESCRIPTOR, each time it was asked, and the
  /// last answer from then on.
  private mutating func descriptor(
    _ transfer: TransferObservation
  ) throws(ReplayBus.Departure) -> Answer {
    let answers =
      arrivals > 0 ? recorded.descriptors[arrivals - 1][transfer.setup] : nil
    let count = asked[transfer.setup, default: 0]
    asked[transfer.setup] = count + 1
    guard let answer = answers?.dropFirst(count).first ?? answers?.last else {
      var departure = departure(
        transfer.path, BusObservation.transfer(transfer).text)
      departure.expected = "no such descriptor"
      throw departure
    }
    return (
      Array(answer.data.prefix(transfer.length)), answer.error, answer.duration
    )
  }

  func departure(_ path: String, _ got: String) -> ReplayBus.Departure {
    ReplayBus.Departure(
      path: path, transfer: next?.transfer ?? recorded.transfers + 1,
      line: next?.line, expected: next?.seen.text ?? "its end", got: got)
  }
}

extension BusObservation {
  /// Whether the board does it, and not the program.
  fileprivate var happensByItself: Bool {
    switch self {
    case .arrived, .left: true
    case .reset, .transfer: false
    }
  }

  fileprivate var text: String {
    switch self {
    case .transfer(let transfer):
      TransferRecord(
        transfer.setup, at: .zero,
        sent: transfer.setup.isDeviceToHost ? [] : transfer.data,
        asked: UInt16(clamping: transfer.length), .stall
      ).requestText
    case .reset: "a reset of the port"
    case .left: "that the board leaves the bus"
    case .arrived: "that the board comes back"
    }
  }
}

/// A handle on a board that answers as it was recorded.
private final class ReplayTransport: ControlTransport {
  private let bus: ReplayBus
  private let device: USBDevice

  init(bus: ReplayBus, device: USBDevice) {
    self.bus = bus
    self.device = device
  }

  var clock: any TimeSource { bus.clock }

  func check(_ action: String) throws(USBError) {
    guard try bus.devices().contains(device) else {
      throw USBError(.noDevice, action)
    }
  }

  func claim(interface: UInt8) throws(USBError) {
    try check("claim interface \(interface)")
  }

  func release(interface: UInt8) throws(USBError) {
    try check("release interface \(interface)")
  }

  func select(configuration: UInt8) throws(USBError) {
    try check("select configuration \(configuration)")
  }

  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    let setup = ControlSetup(alternate: alternate, of: interface)
    _ = try transfer(setup, 0, [], "select alternate setting \(alternate)")
  }

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    _ = try transfer(
      setup, data.count, [UInt8](copying: data), "send a control request")
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try transfer(setup, Int(length), [], "receive a control reply")
  }

  func reset() throws(USBError) {
    let action = "reset the device"
    try check(action)
    _ = try bus.perform(
      .reset(device.path, nil, at: .zero), device, action)
  }

  private func transfer(
    _ setup: ControlSetup, _ length: Int, _ data: [UInt8], _ action: String
  ) throws(USBError) -> [UInt8] {
    try check(action)
    let transfer = TransferObservation(
      path: device.path, setup: setup, length: length, data: data, error: nil,
      start: .zero, duration: .zero)
    return try bus.perform(.transfer(transfer), device, action)
  }
}
