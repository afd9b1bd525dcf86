import DFUCore
import DFUProduction
import DFUSimulator
import TestSupport
import Testing

/// Ten thousand racks of boards and maps of what a person means: whatever a
/// plan hands out is what was meant.
@Suite struct BoardMapPropertyTests {
  /// A board and what its owner knows of it.
  private struct Known {
    var board: Board
    let id: UniqueID
    /// What it shows, also when that cannot be seen at the moment.
    var serial: String

    var isRuntime: Bool { board.interfaces.allSatisfy { $0.mode == .runtime } }
  }

  /// What has been drawn, so that the property is not an empty one.
  private struct Tally {
    var accepted = 0
    var refused = 0
    var runtime = 0
    var constant = 0
    var twins = 0
    var closed = 0
    var unread = 0
    var away = 0
    var orphans = 0
  }

  @Test func neverABoardWithAFileThatIsNotItsOwn() throws {
    let pool = try Self.pool()
    var dice = Dice(2026)
    var tally = Tally()
    for round in 0..<3_000 {
      var world = Self.rack(from: pool, &tally, &dice)
      let rows = Self.rows(naming: world, &tally, &dice)
      let owners = rows.map(\.owner)
      Self.takeAway(from: &world, rows, &tally, &dice)
      tally.orphans += Self.orphans(rows, world)
      let plan = BoardMap(rows: rows.map(\.row)).plan(
        for: world.map(\.board), allowsExtra: Bool.random(using: &dice))
      guard plan.mismatches.isEmpty else {
        tally.refused += 1
        continue
      }
      tally.accepted += 1
      #expect(plan.assignments.count == rows.count)
      for assignment in plan.assignments {
        let board = assignment.selected.board
        let owner = owners[assignment.row.line - 1]
        #expect(
          world.first { $0.board.path == board.path }?.id == owner,
          "round \(round): \(assignment.row.match) → \(board.path)")
      }
      let paths = plan.assignments.map(\.selected.board.path)
      #expect(Set(paths).count == paths.count)
    }
    for (name, count) in [
      ("accepted", tally.accepted), ("refused", tally.refused),
      ("run-time rows", tally.runtime), ("constants", tally.constant),
      ("twins", tally.twins), ("closed", tally.closed),
      ("unread", tally.unread), ("away", tally.away),
    ] {
      #expect(count > 150, "\(name): \(count)")
    }
    #expect(tally.orphans > 10, "orphans: \(tally.orphans)")
  }

  /// Rows that name a board by its ID that is not there, while one is whose
  /// serial number is the same, whose ID was read, and that no row names: the
  /// easiest mistake to make.
  private static func orphans(
    _ rows: [(row: BoardMap.Row, owner: UniqueID)], _ world: [Known]
  ) -> Int {
    rows.count { row, owner in
      guard case .uniqueID(let choice) = row.match,
        !world.contains(where: { $0.id == owner && $0.board.problem == nil })
      else { return false }
      return world.contains { other in
        guard other.board.uniqueID != nil,
          !rows.contains(where: { $0.owner == other.id })
        else { return false }
        var blind = other.board
        blind.uniqueID = nil
        return blind.interfaces.contains {
          choice.verdict(blind, $0) == .bySerial
        }
      }
    }
  }

  /// Boards as they are listed, made once: reading them is not tested here.
  private static func pool() throws -> [Known] {
    var pool: [Known] = []
    for kind in ["u585", "f405", "f446", "f072", "h743", "l412"] {
      for index in 1...6 {
        for id in [ChipID(board: index), ChipID(board: index).twin] {
          let bench = ManyBoards([(kind, id, nil)])
          for board in try bench.listed(readingIDs: true) {
            pool.append(known(board, id))
          }
        }
      }
    }
    // Those whose ID can be read are few, and the most dangerous.
    let readable = pool.filter { $0.board.uniqueID != nil }
    pool += readable + readable
    for index in 7...14 {
      let id = ChipID(board: index)
      let board = SimulatedBoard(
        try #require(BoardProfile.named("l412")), uniqueID: id)
      board.application = .stm32(runtimeDFU: true)
      board.fill([0, 0x20, 0, 0x20, 0xC1, 1, 0, 8], at: 0x0800_0000)
      board.boot0 = false
      board.plug()
      board.clock.sleep(for: board.profile.enumerationTime + .seconds(1))
      let boards = try Board.all(on: SimulatedBus([board]))
      var entry = known(try #require(boards.first), id)
      #expect(entry.isRuntime)
      #expect(entry.serial.utf8.count == 24)
      pool.append(entry)
      // The same program, built with one serial number for all.
      entry.board.serial = DeviceString("000000000001")
      entry.serial = "000000000001"
      if index.isMultiple(of: 2) { pool.append(entry) }
    }
    return pool
  }

  private static func known(_ board: Board, _ id: ChipID) -> Known {
    Known(board: board, id: id.unique, serial: board.serial?.raw ?? "")
  }

  /// Boards at ports of one hub. Two chips with one ID do not exist; equal
  /// serial numbers do.
  private static func rack(
    from pool: [Known], _ tally: inout Tally, _ dice: inout Dice
  ) -> [Known] {
    var world: [Known] = []
    for port in 1...Int.random(in: 1...8, using: &dice) {
      guard var entry = pool.randomElement(using: &dice) else { continue }
      // As often as not, next to a board that looks just like it.
      if Bool.random(using: &dice),
        let other = world.randomElement(using: &dice),
        let twin = pool.filter({
          $0.serial == other.serial && $0.id != other.id
            && $0.isRuntime == other.isRuntime
        }).randomElement(using: &dice)
      {
        entry = twin
      }
      if world.contains(where: { $0.id == entry.id }) { continue }
      if world.contains(where: { $0.serial == entry.serial }) {
        tally.twins += 1
      }
      if entry.board.notUniqueSerial != nil { tally.constant += 1 }
      entry.board.device.ports = [UInt8(port)]
      entry.board.device.address = UInt8(port + 1)
      if entry.board.uniqueID != nil,
        Int.random(in: 0..<3, using: &dice) == 0
      {
        entry.board.uniqueID = nil
        tally.unread += 1
      }
      if Int.random(in: 0..<8, using: &dice) == 0 {
        entry.board.problem = USBError(.access, "open the device")
        entry.board.serial = nil
        entry.board.uniqueID = nil
        entry.board.identification = ChipIdentification(
          candidates: [], basis: .evidence)
        tally.closed += 1
      }
      world.append(entry)
    }
    return world
  }

  /// A row for each board, or for most, in any way its owner may name it.
  private static func rows(
    naming world: [Known], _ tally: inout Tally, _ dice: inout Dice
  ) -> [(row: BoardMap.Row, owner: UniqueID)] {
    let forgets = Int.random(in: 0..<3, using: &dice) == 0
    let meant = world.shuffled(using: &dice).filter { _ in
      !forgets || Bool.random(using: &dice)
    }
    var rows: [(row: BoardMap.Row, owner: UniqueID)] = []
    for entry in meant {
      let match: BoardMap.Match
      switch Int.random(in: 0..<3, using: &dice) {
      case 0: match = .path(entry.board.path)
      case 1: match = .uniqueID(UniqueIDChoice(entry.id))
      case _ where entry.isRuntime:
        match = .runtimeSerial(entry.serial)
        tally.runtime += 1
      default: match = .serial(entry.serial)
      }
      if rows.contains(where: { $0.row.match == match }) { continue }
      let line = rows.count + 1
      rows.append((BoardMap.Row(line: line, match: match, file: "a"), entry.id))
    }
    return rows
  }

  /// Pulls the cable of a board now and then. Not where another board shows
  /// the very serial number that it goes by: then nobody can know.
  private static func takeAway(
    from world: inout [Known], _ rows: [(row: BoardMap.Row, owner: UniqueID)],
    _ tally: inout Tally, _ dice: inout Dice
  ) {
    guard Bool.random(using: &dice) else { return }
    // Rather one that a row names and whose look-alike no row names.
    let tempting = world.indices.filter { index in
      rows.contains { $0.owner == world[index].id }
        && world.contains { other in
          other.serial == world[index].serial && other.id != world[index].id
            && !rows.contains { $0.owner == other.id }
        }
    }
    guard
      let index = tempting.randomElement(using: &dice)
        ?? world.indices.randomElement(using: &dice)
    else { return }
    let entry = world[index]
    let match = rows.first { $0.owner == entry.id }?.row.match
    let isCopied = world.contains { other in
      guard other.id != entry.id else { return false }
      switch match {
      case .serial(let serial), .runtimeSerial(let serial):
        return other.serial == serial && entry.board.notUniqueSerial == nil
      case .uniqueID(let choice):
        return other.board.uniqueID == nil
          && other.board.interfaces.contains {
            choice.verdict(other.board, $0) == .bySerial
          }
      case .path, nil: return false
      }
    }
    guard !isCopied else { return }
    world.remove(at: index)
    tally.away += 1
  }
}
