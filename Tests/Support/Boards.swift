public import DFUCore
public import DFUSimulator

/// Many simulated boards on one bus, each with a port of its own.
public struct ManyBoards {
  /// The boards.
  public let boards: [SimulatedBoard]
  /// Their bus.
  public let bus: SimulatedBus

  /// - Parameter kinds: what is on ports 1-1, 1-2 …; and whether the
  ///   application runs.
  public init(_ kinds: [(kind: String, id: ChipID, serial: String?)]) {
    let addresses = AddressPool()
    boards = kinds.enumerated().map { index, entry in
      guard let profile = BoardProfile.named(entry.kind) else {
        preconditionFailure("no kind of board is called \(entry.kind)")
      }
      let board = SimulatedBoard(
        profile, uniqueID: entry.id, serial: entry.serial,
        ports: [UInt8(index + 1)], addresses: addresses)
      board.boot0 = true
      board.plug()
      board.clock.sleep(for: board.profile.enumerationTime + .seconds(1))
      return board
    }
    bus = SimulatedBus(boards)
  }

  /// All of them as the library sees them.
  public func listed(readingIDs: Bool = false) throws -> [Board] {
    var boards = try Board.all(on: bus)
    if readingIDs { Board.readUniqueIDs(of: &boards, on: bus) }
    return boards
  }
}

extension ChipID {
  /// The same as the library's.
  public var unique: UniqueID {
    UniqueID(word0: words.0, word1: words.1, word2: words.2)
  }

  /// Another ID that folds to the same serial number, in each of the ways in
  /// which bootloaders fold.
  public var twin: ChipID {
    ChipID(words.0 &+ 1, words.1 ^ 0xFF, words.2 &- 1)
  }
}

/// A small generator, so that a failure can be repeated.
public struct Dice: RandomNumberGenerator {
  private var state: UInt64

  /// A generator that always gives the same numbers.
  public init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// The next number.
  public mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// Bytes that look like a program: a plausible vector table, then noise.
public func program(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  var bytes = (0..<count).map { _ -> UInt8 in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 24)
  }
  let start: [UInt8] = [0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08]
  bytes.replaceSubrange(0..<min(8, count), with: start.prefix(count))
  return bytes
}
