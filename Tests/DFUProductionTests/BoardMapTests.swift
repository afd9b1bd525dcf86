import DFUCore
import DFUProduction
import DFUSimulator
import TestSupport
import Testing

/// A file for each board: reading the map, and finding its boards.
@Suite struct BoardMapTests {
  @Test func aMapIsReadAsSpreadsheetsWriteIt() throws {
    let map = try BoardMap(
      parsing: """
        \u{FEFF}# a comment
        match,file,address,options\r

        path=1-4.1 , left.bin\r
        serial=325E35633334,"right, new ""b"".bin", 0x08004000
        "uid=00580027 3331500B 20333153",third.hex,,no-leave full
        runtime-serial=A B,fourth.bin,,
        """)
    #expect(map.rows.map(\.line) == [4, 5, 6, 7])
    #expect(map.rows[0].match == .path("1-4.1"))
    #expect(map.rows[0].file == "left.bin")
    #expect(map.rows[1].file == "right, new \"b\".bin")
    #expect(map.rows[1].address == "0x08004000")
    #expect(map.rows[2].options == ["no-leave", "full"])
    #expect(map.rows[3].match == .runtimeSerial("A B"))
  }

  @Test(arguments: [
    ("path=1-1", 1), ("path=1-1,a\npath=1-1,b", 2), ("port=1,a", 1),
    ("path=1-1,a,b,c,d", 1), ("\n\nserial=,a", 3), ("uid=12,a", 1),
    ("path=1-1,\"a", 1), ("path=1-1,\"a\"b", 1), ("# nothing", 1), ("", 1),
    ("path=1-1,a\n,b", 2), ("path=1-1,\"a\nb\"", 1),
  ])
  func whatIsWrongIsSaidWithItsLine(text: String, line: Int) {
    do {
      let map = try BoardMap(parsing: text)
      Issue.record("\(map)")
    } catch {
      #expect(error.line == line, "\(error)")
    }
  }

  @Test func noTextBreaksTheReader() {
    var dice = Dice(7)
    let pieces = [
      "path=1-1", ",", "\n", "\"", "\"\"", "#", "uid=", "serial=x", " ", "\r",
      "a.bin", "0x08", "\u{FEFF}", "é", "runtime-serial=1",
    ]
    for _ in 0..<5_000 {
      let text = (0..<Int.random(in: 0...12, using: &dice)).map { _ in
        pieces.randomElement(using: &dice) ?? ""
      }.joined()
      if let map = try? BoardMap(parsing: text) {
        #expect(map.rows.allSatisfy { !$0.file.isEmpty })
      }
    }
  }

  @Test func everyBoardGetsItsRow() throws {
    let id = ChipID(board: 3)
    let bench = ManyBoards([
      ("u585", ChipID(board: 1), nil), ("u585", ChipID(board: 2), nil),
      ("f072", id, nil),
    ])
    let boards = try bench.listed(readingIDs: true)
    let map = try BoardMap(
      parsing: """
        uid=\(id.unique.digits),c
        path=1-1,a
        serial=\(boards[1].serial?.raw ?? ""),b
        """)
    let plan = map.plan(for: boards)
    #expect(plan.mismatches.isEmpty)
    #expect(
      plan.assignments.map(\.selected.board.path) == ["1-3", "1-1", "1-2"])
  }

  @Test func allThatIsWrongIsFoundAtOnce() throws {
    let id = ChipID(board: 1)
    let bench = ManyBoards([
      ("u585", id, nil), ("u585", id.twin, nil),
      ("f446", ChipID(board: 3), nil), ("f405", ChipID(board: 4), nil),
      ("l412", ChipID(board: 5), nil),
    ])
    let boards = try bench.listed()
    let map = try BoardMap(
      parsing: """
        serial=\(boards[0].serial?.raw ?? ""),a
        serial=STM32FxSTM32,b
        path=9-9,c
        path=1-4,d
        serial=\(boards[3].serial?.raw ?? ""),e
        """)
    let plan = map.plan(for: boards)
    var kinds: [String] = []
    for mismatch in plan.mismatches {
      switch mismatch {
      case .several(let row, let found):
        kinds.append("several \(row.line) \(found.count)")
      case .notUnique(let row, _): kinds.append("worthless \(row.line)")
      case .noBoard(let row): kinds.append("none \(row.line)")
      case .twice(let rows, let board):
        kinds.append("twice \(rows.map(\.line)) \(board.path)")
      case .extra(let board): kinds.append("extra \(board.path)")
      case .closed(let row, _, _): kinds.append("closed \(row.line)")
      }
    }
    #expect(
      kinds == [
        "several 1 2", "worthless 2", "none 3", "twice [4, 5] 1-4",
        "extra 1-5",
      ])
    #expect(
      !map.plan(for: boards, allowsExtra: true).mismatches.contains {
        if case .extra = $0 { true } else { false }
      })
  }
}
