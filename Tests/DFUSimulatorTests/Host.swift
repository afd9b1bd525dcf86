import DFUCore
import DFUSimulator
import Testing

/// The simplest host there is: it says one thing at a time to a board, with
/// raw requests, and knows nothing of the library's protocol code.
struct Host {
  let board: SimulatedBoard
  var interface: UInt16 = 0

  /// A board of a kind, plugged in and on the bus in DFU mode.
  init(
    _ name: String, change: (inout BoardProfile) -> Void = { _ in },
    program: Bool = false
  ) throws {
    var profile = try #require(BoardProfile.named(name))
    change(&profile)
    board = SimulatedBoard(profile)
    board.boot0 = !program && board.profile.hasLoader
    board.plug()
    board.clock.sleep(for: profile.enumerationTime + .seconds(1))
    interface = UInt16(profile.interface)
  }

  /// A host for a board that is there already.
  init(_ board: SimulatedBoard) {
    self.board = board
    interface = UInt16(board.profile.interface)
  }

  /// Changes the quirks of a chip's profile.
  static func quirk(
    _ change: @escaping (inout ChipProfile) -> Void
  ) -> (inout BoardProfile) -> Void {
    { profile in
      guard case .dfuSe(var chip) = profile.machine else { return }
      change(&chip)
      profile.machine = .dfuSe(chip)
    }
  }

  @discardableResult
  func out(
    _ request: UInt8, _ value: UInt16 = 0, _ data: [UInt8] = [],
    timeout: Duration = .seconds(60)
  ) -> ControlAnswer {
    board.answer(
      ControlSetup(
        requestType: 0x21, request: request, value: value, index: interface),
      data, length: UInt16(data.count), timeout: timeout)
  }

  func get(
    _ request: UInt8, _ value: UInt16 = 0, length: UInt16,
    timeout: Duration = .seconds(60)
  ) -> ControlAnswer {
    board.answer(
      ControlSetup(
        requestType: 0xA1, request: request, value: value, index: interface),
      [], length: length, timeout: timeout)
  }

  @discardableResult
  func download(_ block: UInt16, _ data: [UInt8]) -> ControlAnswer {
    out(1, block, data)
  }

  func upload(_ block: UInt16, _ length: UInt16) -> ControlAnswer {
    get(2, block, length: length)
  }

  /// State and status, or `nil` when GETSTATUS is not answered.
  func status() -> [UInt8]? {
    guard case .data(let bytes) = get(3, length: 6), bytes.count == 6 else {
      return nil
    }
    return [bytes[4], bytes[0]]
  }

  func clear() { out(4) }
  func abort() { out(6) }

  /// Waits as long as GETSTATUS says until the work is done; the state and
  /// status at the end.
  @discardableResult
  func finish() -> [UInt8]? {
    for _ in 0..<1_000 {
      guard case .data(let bytes) = get(3, length: 6), bytes.count == 6 else {
        board.clock.sleep(for: .milliseconds(5))
        continue
      }
      if ![3, 4, 6, 7].contains(bytes[4]) { return [bytes[4], bytes[0]] }
      let poll = Int(bytes[1]) | Int(bytes[2]) << 8 | Int(bytes[3]) << 16
      board.clock.sleep(for: .milliseconds(poll))
    }
    return nil
  }

  @discardableResult
  func setAddress(_ address: UInt32) -> [UInt8]? {
    download(0, [0x21] + address.bytes)
    return finish()
  }

  @discardableResult
  func erase(_ address: UInt32) -> [UInt8]? {
    download(0, [0x41] + address.bytes)
    return finish()
  }

  /// One block at an address.
  @discardableResult
  func write(_ address: UInt32, _ data: [UInt8]) -> [UInt8]? {
    setAddress(address)
    download(2, data)
    return finish()
  }

  func read(_ address: UInt32, _ length: UInt16) -> ControlAnswer {
    setAddress(address)
    abort()
    let answer = upload(2, length)
    abort()
    return answer
  }
}

extension UInt32 {
  var bytes: [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }
}

extension BoardProfile {
  var hasLoader: Bool {
    if case .plain(let plain) = machine { plain.hasLoader } else { true }
  }
}
