public import DFUCore
import Synchronization

/// Boards that answer as they were recorded: the same requests in the same
/// order get the same answers and take the same time, on a virtual clock.
///
/// Descriptors are answered whenever they are asked for. Anything else that the
/// recording does not have next is a ``Departure``, after which nothing is
/// answered any more. Boards come and go as long after the transfer before as
/// they did then.
public final class ReplayBus: USBBus {
  /// The one clock of all the boards.
  public let clock: any TimeSource = VirtualClock()
  private let boards: Mutex<[String: ReplayedBoard]>
  private let first = Mutex<Departure?>(nil)

  /// Boards at the beginning of a recording.
  public init(_ recording: Recording) {
    boards = Mutex(
      recording.boards.mapValues { ReplayedBoard($0, since: recording.start) })
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
  public var departure: Departure? { first.withLock { $0 } }

  /// What was recorded next of each board and has not been done, by path;
  /// empty when all was.
  public var rest: [Departure] {
    boards.withLock { boards in
      boards.sorted { $0.key < $1.key }.compactMap { path, board in
        board.isDone ? nil : board.departure(path, "the end")
      }
    }
  }

  /// The devices that were present at this point of the recording.
  public func devices() throws(USBError) -> [USBDevice] {
    let now = clock.now()
    return boards.withLock { boards in
      boards.keys.sorted().compactMap { path in
        boards[path]?.advance(to: now)
        return boards[path]?.device
      }
    }
  }

  /// Opens a device of an earlier ``devices()``.
  public func open(
    _ device: USBDevice
  ) throws(USBError) -> any ControlTransport {
    let transport = ReplayTransport(self, device)
    try transport.check("open the device \(device.path)")
    return transport
  }

  /// Moves the clock on to the next thing that happens by itself.
  public func waitForChange(atMost limit: Duration) throws(USBError) {
    guard limit > .zero else { return }
    let now = clock.now()
    let next = boards.withLock { boards in
      boards.values.compactMap(\.nextChange).filter { $0 > now }.min()
    }
    clock.sleep(for: next.map { min(limit, $0 - now) } ?? limit)
  }

  /// The answer to a transfer, once its time is over; `nil` when the device has
  /// left or the program has departed from the recording.
  fileprivate func answer(
    _ transfer: RecordedBoard.Transfer, _ device: USBDevice
  ) throws(Departure) -> RecordedBoard.Transfer? {
    try with(device) { (board, now) throws(Departure) in
      if transfer.setup.isGetDescriptor {
        return try board.descriptor(transfer, device.path)
      }
      let answer = try board.take(transfer, device.path)
      board.pass(answer.duration, from: now)
      return answer
    }.map { answer in
      clock.sleep(for: answer.duration)
      return answer
    }
  }

  /// Whether a reset was recorded here, and how it ended.
  fileprivate func reset(
    _ device: USBDevice
  ) throws(Departure) -> USBError.Code? {
    try with(device) { (board, now) throws(Departure) in
      guard case .reset(let code)? = board.next?.event else {
        throw board.departure(device.path, "a reset of the port")
      }
      board.pass(.zero, from: now)
      return code
    }
  }

  fileprivate func isPresent(_ device: USBDevice) -> Bool {
    let now = clock.now()
    return boards.withLock { boards in
      boards[device.path]?.advance(to: now)
      return boards[device.path]?.device?.address == device.address
    }
  }

  private func with<Result>(
    _ device: USBDevice,
    _ body: (inout ReplayedBoard, Duration) throws(Departure) -> Result?
  ) throws(Departure) -> Result? {
    let now = clock.now()
    if let departure { throw departure }
    do throws(Departure) {
      return try boards.withLock { boards throws(Departure) in
        guard var board = boards[device.path] else { return nil }
        defer { boards[device.path] = board }
        return try body(&board, now)
      }
    } catch {
      let departure = error
      first.withLock { $0 = $0 ?? departure }
      throw error
    }
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
  let recorded: RecordedBoard
  private(set) var device: USBDevice?
  private var position = 0
  private var arrivals = 0
  /// How often each descriptor was asked for since the last arrival.
  private var asked: [ControlSetup: Int] = [:]
  /// A time of the recording, and when that was on the clock.
  private var anchor: (recorded: Duration, now: Duration)

  init(_ recorded: RecordedBoard, since start: Duration) {
    self.recorded = recorded
    anchor = (start, .zero)
  }

  var next: RecordedBoard.Step? {
    position < recorded.steps.count ? recorded.steps[position] : nil
  }

  /// Whether all that a program does was done.
  var isDone: Bool {
    recorded.steps[position...].allSatisfy {
      switch $0.event {
      case .arrived, .left: true
      case .reset, .transfer: false
      }
    }
  }

  /// When something happens by itself next.
  var nextChange: Duration? {
    guard let next else { return nil }
    switch next.event {
    case .arrived, .left:
      return anchor.now + max(.zero, next.time - anchor.recorded)
    case .reset, .transfer: return nil
    }
  }

  /// Lets all happen that has happened by itself until `now`.
  mutating func advance(to now: Duration) {
    while let next, let time = nextChange, time <= now {
      if case .arrived(let device) = next.event {
        self.device = device
        arrivals += 1
        asked = [:]
      } else {
        device = nil
      }
      position += 1
      anchor = (next.time, time)
    }
  }

  /// The recorded answer, when just this was recorded next.
  func take(
    _ transfer: RecordedBoard.Transfer, _ path: String
  ) throws(ReplayBus.Departure) -> RecordedBoard.Transfer {
    guard case .transfer(let expected)? = next?.event,
      expected.setup == transfer.setup, expected.length == transfer.length
    else { throw departure(path, transfer.text) }
    if !transfer.setup.isDeviceToHost, expected.data != transfer.data {
      let byte = zip(expected.data, transfer.data).prefix { $0 == $1 }.count
      throw departure(path, "\(transfer.text), other from byte \(byte) on")
    }
    return expected
  }

  /// The recorded step has been done at `now` and takes so long.
  mutating func pass(_ duration: Duration, from now: Duration) {
    guard let next else { return }
    anchor = (next.time + duration, now + duration)
    position += 1
  }

  /// What the board answered to GET_DESCRIPTOR, each time it was asked, and the
  /// last answer from then on.
  mutating func descriptor(
    _ transfer: RecordedBoard.Transfer, _ path: String
  ) throws(ReplayBus.Departure) -> RecordedBoard.Transfer {
    let answers =
      arrivals > 0 ? recorded.descriptors[arrivals - 1][transfer.setup] : nil
    guard let answers, let last = answers.last else {
      throw departure(path, transfer.text)
    }
    let count = asked[transfer.setup, default: 0]
    asked[transfer.setup] = count + 1
    var answer = count < answers.count ? answers[count] : last
    answer.data = Array(answer.data.prefix(transfer.length))
    return answer
  }

  func departure(_ path: String, _ got: String) -> ReplayBus.Departure {
    let expected =
      switch next?.event {
      case .transfer(let transfer)?: transfer.text
      case .reset?: "a reset of the port"
      case .left?: "that the board leaves the bus"
      case .arrived?: "that the board comes back"
      case nil: "its end"
      }
    return ReplayBus.Departure(
      path: path, transfer: next?.transfer ?? recorded.transfers,
      line: next?.line, expected: expected, got: got)
  }
}

/// A handle on a board that answers as it was recorded.
private final class ReplayTransport: ControlTransport {
  private let bus: ReplayBus
  private let device: USBDevice

  init(_ bus: ReplayBus, _ device: USBDevice) {
    self.bus = bus
    self.device = device
  }

  var clock: any TimeSource { bus.clock }

  func check(_ action: String) throws(USBError) {
    guard bus.isPresent(device) else { throw USBError(.noDevice, action) }
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
    let setup = ControlSetup(
      requestType: 0x01, request: 11, value: UInt16(alternate),
      index: UInt16(interface))
    _ = try transfer(setup, [], 0, "select alternate setting \(alternate)")
  }

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    let bytes = [UInt8](copying: data)
    _ = try transfer(setup, bytes, bytes.count, "send a control request")
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try transfer(setup, [], Int(length), "receive a control reply")
  }

  func reset() throws(USBError) {
    let action = "reset the device"
    try check(action)
    let code = try following { () throws(ReplayBus.Departure) in
      try bus.reset(device)
    }
    if let code { throw USBError(code, action) }
  }

  private func transfer(
    _ setup: ControlSetup, _ data: [UInt8], _ length: Int, _ action: String
  ) throws(USBError) -> [UInt8] {
    try check(action)
    let asked = RecordedBoard.Transfer(
      setup: setup, length: length, data: data, error: nil, duration: .zero)
    let answer = try following { () throws(ReplayBus.Departure) in
      try bus.answer(asked, device)
    }
    guard let answer else { throw USBError(.noDevice, action) }
    if let code = answer.error { throw USBError(code, action) }
    return answer.data
  }

  private func following<Result>(
    _ body: () throws(ReplayBus.Departure) -> Result
  ) throws(USBError) -> Result {
    do throws(ReplayBus.Departure) {
      return try body()
    } catch {
      throw USBError(.other, "follow the recording at \(error)")
    }
  }
}
