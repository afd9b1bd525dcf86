import DFUCore
import DFUSimulator

/// A home-made DfuSe loader of 64 KiB, for what the ROMs of the simulator do
/// not do: it deviates from them in one respect at a time.
final class FakeLoader: ControlTransport {
  enum Early { case busy, stall, noHandshake, held }

  struct Habits {
    /// What a question meets while the loader is at work.
    var early = Early.busy
    /// Whether it works inside the first GETSTATUS.
    var worksInStatus = false
    var eraseTime = Duration.milliseconds(20)
    var massEraseTime = Duration.milliseconds(40)
    var writeTime = Duration.milliseconds(4)
    var reported: UInt32 = 25
    var countsUploads = true
    var countsDownloads = true
    /// Whether a DNLOAD that is cut off is programmed at the next GETSTATUS.
    var keepsCutDownload = true
    /// How it answers CLRSTATUS outside dfuERROR, where it enters that.
    var clearStatusStalls = false
    /// bStatus, bwPollTimeout and iString of every answer in dfuERROR.
    var errorReport: (status: UInt8, text: String?) = (11, nil)
  }

  static let base: UInt32 = 0x0800_0000
  static let size = 1024

  let clock: any TimeSource = VirtualClock()
  var habits: Habits
  var state: UInt8 = 2
  var flash = [UInt8](repeating: 0xFF, count: 64 * 1024)
  /// Requests with the time at which each began and ended.
  private(set) var log: [(name: String, start: Duration, end: Duration)] = []
  /// How often each byte was programmed since it was erased; ECC wants one.
  private(set) var isSpoilt = false
  /// Transfers that fail, by their number from 0 among those of a name, and
  /// how many bytes still arrive.
  var failures: [String: [Int: (USBError.Code, bytes: Int)]] = [:]
  /// Fails every answer to GETSTATUS from when this is set.
  var isMute = false
  private var pointer = base
  private var pending: (block: UInt16, data: [UInt8])?
  private var workEnd: Duration?
  private var written: Set<Int> = []
  private var counts: [String: Int] = [:]
  private let transferTime = Duration.microseconds(500)

  init(_ habits: Habits = Habits()) { self.habits = habits }

  var names: [String] { log.map(\.name) }
  func count(_ name: String) -> Int { log.count { $0.name == name } }

  func claim(interface: UInt8) {}
  func release(interface: UInt8) {}
  func select(configuration: UInt8) {}
  func select(alternate: UInt8, of interface: UInt8) {}
  func reset() {}

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    var bytes: [UInt8] = []
    for index in data.indices { bytes.append(data[index]) }
    _ = try run(setup, bytes, timeout)
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    Array(
      try run(setup, [UInt8](repeating: 0, count: Int(length)), timeout)
        .prefix(Int(length)))
  }

  private func run(
    _ setup: ControlSetup, _ data: [UInt8], _ timeout: Duration
  ) throws(USBError) -> [UInt8] {
    let start = clock.now()
    let name = Self.name(setup, data)
    defer { log.append((name, start, clock.now())) }
    clock.sleep(for: transferTime)
    let number = counts[name, default: 0]
    counts[name] = number + 1
    if let failure = failures[name]?[number] {
      if failure.bytes > 0, habits.keepsCutDownload {
        state = 3
        pending = (setup.value, Array(data.prefix(failure.bytes)))
      }
      if failure.0 == .timeout { clock.sleep(for: timeout) }
      throw USBError(failure.0, name)
    }
    if isMute {
      clock.sleep(for: timeout)
      throw USBError(.timeout, name)
    }
    try waitForWork(setup, timeout, name)
    return try answer(setup, data, timeout, name)
  }

  private static func name(_ setup: ControlSetup, _ data: [UInt8]) -> String {
    guard let request = DFURequest(setup) else { return "DESCRIPTOR" }
    guard case .download(let block) = request else { return request.name }
    if data.isEmpty { return "LEAVE" }
    if block > 0 { return "WRITE" }
    if data[0] == 0x21 { return "ADDRESS" }
    return data.count == 1 ? "MASS ERASE" : "ERASE"
  }

  private func waitForWork(
    _ setup: ControlSetup, _ timeout: Duration, _ name: String
  ) throws(USBError) {
    guard let end = workEnd, clock.now() < end else { return finish() }
    switch habits.early {
    case .busy: if setup.request == 3 { return }
    case .stall: throw USBError(.pipe, name)
    case .noHandshake: throw USBError(.io, name)
    case .held:
      clock.sleep(for: min(timeout, end - clock.now()))
      if clock.now() < end { throw USBError(.timeout, name) }
      return finish()
    }
    if setup.request != 3 { throw USBError(.pipe, name) }
  }

  private func finish() {
    guard workEnd != nil else { return }
    workEnd = nil
    if state == 4 { state = 5 }
  }

  private func answer(
    _ setup: ControlSetup, _ data: [UInt8], _ timeout: Duration,
    _ name: String
  ) throws(USBError) -> [UInt8] {
    guard DFURequest(setup) != nil else { return descriptor(setup) }
    switch setup.request {
    case 1:
      guard state == 2 || state == 5 else { throw USBError(.pipe, name) }
      pending = (setup.value, data)
      state = 3
    case 2:
      guard state == 2 || state == 9 else { throw USBError(.pipe, name) }
      state = 9
      return upload(setup.value, data.count)
    case 3: return try status(timeout, name)
    case 4:
      if state == 10 {
        state = 2
      } else {
        state = 10
        if habits.clearStatusStalls { throw USBError(.pipe, name) }
      }
    case 5: return [state]
    case 6:
      if [2, 3, 5, 9].contains(state) { state = 2 }
      pending = nil
    default: break
    }
    return []
  }

  private func descriptor(_ setup: ControlSetup) -> [UInt8] {
    let text = setup.value & 0xFF == 0 ? "\u{0409}" : habits.errorReport.text
    let units = (text ?? "").utf16.flatMap {
      [UInt8($0 & 0xFF), UInt8($0 >> 8)]
    }
    return [UInt8(units.count + 2), 3] + units
  }

  private func status(
    _ timeout: Duration, _ name: String
  ) throws(USBError) -> [UInt8] {
    if state == 3, pending == nil { state = 5 }
    if let command = pending {
      pending = nil
      let time = carryOut(command.block, command.data)
      if state == 3 {
        state = habits.worksInStatus ? 5 : 4
        let end = clock.now() + time
        if habits.worksInStatus {
          clock.sleep(for: min(time, timeout))
          if clock.now() < end {
            // It goes on although nobody waits.
            workEnd = end
            state = 4
            throw USBError(.timeout, name)
          }
        } else {
          workEnd = end
        }
      }
    }
    let isError = state == 10
    let poll = state == 4 ? habits.reported : 0
    return [
      isError ? habits.errorReport.status : 0, UInt8(poll & 0xFF),
      UInt8(poll >> 8 & 0xFF), UInt8(poll >> 16 & 0xFF), state,
      isError && habits.errorReport.text != nil ? 4 : 0,
    ]
  }

  private func place(_ block: UInt16, _ counts: Bool) -> Int {
    Int(pointer - Self.base) + (counts ? (Int(block) - 2) * Self.size : 0)
  }

  private func upload(_ block: UInt16, _ length: Int) -> [UInt8] {
    let start = place(block, habits.countsUploads)
    guard start >= 0, start + length <= flash.count else { return [] }
    return Array(flash[start..<start + length])
  }

  /// Does what a DNLOAD asks for, and tells how long that takes.
  private func carryOut(_ block: UInt16, _ data: [UInt8]) -> Duration {
    if block > 0 {
      program(data, at: place(block, habits.countsDownloads))
      return habits.writeTime
    }
    let address = data.dropFirst().reversed().reduce(0) { $0 << 8 | Int($1) }
    let offset = address - Int(Self.base)
    switch (data[0], data.count) {
    case (0x21, 5) where flash.indices.contains(offset):
      pointer = UInt32(address)
      return .zero
    case (0x41, 5) where flash.indices.contains(offset):
      erase(
        offset / Self.size * Self.size..<(offset / Self.size + 1) * Self.size)
      return habits.eraseTime
    case (0x41, 1):
      erase(flash.indices)
      return habits.massEraseTime
    default:
      state = 10
      return .zero
    }
  }

  private func erase(_ range: Range<Int>) {
    for index in range { flash[index] = 0xFF }
    written.subtract(range)
  }

  private func program(_ data: [UInt8], at start: Int) {
    for (index, byte) in zip(start..., data) where flash.indices.contains(index)
    {
      if !written.insert(index).inserted { isSpoilt = true }
      flash[index] &= byte
    }
  }
}
