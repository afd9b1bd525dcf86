import DFUCore
import DFUSimulator
import Testing

/// A simulated board on a bus, and the ways of the tool to it.
struct TestBench {
  let board: SimulatedBoard
  let bus: SimulatedBus

  /// A board of a kind in DFU mode, on a bus of its own.
  init(
    _ name: String, change: (inout BoardProfile) -> Void = { _ in }
  ) throws {
    var profile = try #require(BoardProfile.named(name))
    change(&profile)
    board = SimulatedBoard(profile)
    board.boot0 = true
    board.plug()
    bus = SimulatedBus([board])
    board.clock.sleep(for: .seconds(2))
    bus.clock.sleep(for: .seconds(2))
  }

  func selected() throws -> SelectedBoard {
    try BoardSelector().choose(from: try Board.all(on: bus))
  }

  func session(
    alternate: UInt8 = 0, polling: Polling.Mode? = nil
  ) throws -> DfuSeSession {
    let selected = try selected()
    return try DfuSeSession(
      try selected.connect(on: bus, alternate: alternate),
      BoardKnowledge(selected).behaviour(polling))
  }

  func flasher(
    _ options: FlashOptions = FlashOptions(),
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) throws -> Flasher {
    let memory = try selected().function.memory(nil, holding: 0x0800_0000)
    return Flasher(
      try session(alternate: memory.alternate.number), memory.map,
      options: options, report: report)
  }
}

/// Bytes that look like a program: a plausible vector table, then noise.
func program(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  var bytes = (0..<count).map { _ -> UInt8 in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 24)
  }
  for (index, byte) in [0x00, 0x20, 0x00, 0x20, 0xC1, 0x01, 0x00, 0x08]
    .enumerated() where index < count
  {
    bytes[index] = UInt8(byte)
  }
  return bytes
}
