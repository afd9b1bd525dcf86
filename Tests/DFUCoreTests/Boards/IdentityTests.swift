import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Which board is meant: unique IDs, serial numbers that lie.
@Suite struct IdentityTests {
  private let first = ChipID(board: 1)
  private let second = ChipID(board: 2)

  @Test func theUniqueIDIsReadWhereTheBootloaderAllowsIt() throws {
    for kind in ["f072", "f303", "f107"] {
      let bench = ManyBoards([(kind, second, nil)])
      #expect(
        try bench.listed(readingIDs: true).first?.uniqueID == second.unique,
        "\(kind)")
      #expect(bench.boards[0].dfuState == 2, "\(kind) is idle afterwards")
      #expect(bench.boards[0].violations.isEmpty)
    }
  }

  @Test func aBootloaderKnownToRefuseIsNotAsked() throws {
    let bench = ManyBoards([("u585", first, nil), ("f405", second, nil)])
    let before = bench.boards.map(\.log.records.count)
    #expect(
      try bench.listed(readingIDs: true).allSatisfy { $0.uniqueID == nil })
    for (board, count) in zip(bench.boards, before) {
      #expect(
        board.log.records.dropFirst(count).allSatisfy {
          $0.kind == .getDescriptor
        })
    }
  }

  @Test func anUnknownBootloaderThatRefusesIsIdleAgain() throws {
    for profile in BoardProfile.all {
      guard case .dfuSe = profile.machine else { continue }
      let bench = ManyBoards([(profile.name, first, nil)])
      let boards = try bench.listed(readingIDs: true)
      guard let board = boards.first else { continue }
      if let id = board.uniqueID {
        #expect(id == first.unique, "\(profile.name)")
      }
      #expect(
        bench.boards[0].dfuState == 2 || bench.boards[0].dfuState == 10,
        "\(profile.name)")
    }
  }

  @Test func listingReadsNothingButStrings() throws {
    let bench = ManyBoards([("f072", first, nil)])
    _ = try bench.listed()
    #expect(
      bench.boards[0].log.records.allSatisfy { $0.kind == .getDescriptor })
  }

  @Test func aBoardThatCannotBeMeantIsNotOpened() throws {
    let bench = ManyBoards([("u585", first, nil), ("u585", second, nil)])
    var selector = BoardSelector()
    selector.path = "1-2"
    let boards = try Board.all(on: bench.bus, opening: selector.isPossible)
    #expect(boards.map(\.path) == ["1-1", "1-2"])
    #expect(bench.boards[0].log.records.isEmpty)
    #expect(try selector.choose(from: boards).board.path == "1-2")
  }

  @Test func aUniqueIDFindsTheBoardByItsSerialNumber() throws {
    let bench = ManyBoards([
      ("u585", first, nil), ("f405", second, nil), ("l412", first.twin, nil),
    ])
    let boards = try bench.listed()
    for text in [
      second.unique.description, second.unique.digits,
      second.unique.memoryBytes.map { hex($0) }.joined(),
    ] {
      var selector = BoardSelector()
      selector.uniqueID = try UniqueIDChoice(parsing: text)
      #expect(try selector.choose(from: boards).board.path == "1-2", "\(text)")
    }
  }

  @Test func aSerialNumberThatTwoIDsBecomeIsRefused() throws {
    let bench = ManyBoards([
      ("u585", first, nil), ("u585", first.twin, nil),
    ])
    let boards = try bench.listed(readingIDs: true)
    #expect(boards[0].serial == boards[1].serial)
    var selector = BoardSelector()
    selector.uniqueID = UniqueIDChoice(first.unique)
    expectSeveral(selector, boards, ["1-1", "1-2"])
    selector.uniqueID = nil
    selector.dfuSerial = boards[0].serial?.raw
    expectSeveral(selector, boards, ["1-1", "1-2"])
    selector.path = "1-2"
    #expect(try selector.choose(from: boards).board.path == "1-2")
  }

  @Test func whereTheIDCanBeReadItDecides() throws {
    let twin = ChipID(
      first.words.0 &+ 5, first.words.1 ^ 1, first.words.2 &- 5)
    let bench = ManyBoards([("f072", first, nil), ("f072", twin, nil)])
    let boards = try bench.listed(readingIDs: true)
    #expect(boards[0].serial == boards[1].serial)
    for (id, path) in [(first, "1-1"), (twin, "1-2")] {
      var selector = BoardSelector()
      selector.uniqueID = UniqueIDChoice(id.unique)
      #expect(try selector.choose(from: boards).board.path == path)
    }
  }

  @Test func anIDThatWasReadAndDiffersIsNoMatch() throws {
    let bench = ManyBoards([("f072", first.twin, nil)])
    var selector = BoardSelector()
    selector.uniqueID = UniqueIDChoice(first.unique)
    #expect(throws: BoardSearchError.self) {
      try selector.choose(from: bench.listed(readingIDs: true))
    }
  }

  @Test func constantSerialNumbersAreNoIdentity() throws {
    let bench = ManyBoards([
      ("f446", first, nil), ("f446", second, nil), ("u585", second, nil),
    ])
    let boards = try bench.listed()
    guard case .notUnique = boards[0].serialTrust(among: boards) else {
      Issue.record("\(boards[0].serialTrust(among: boards))")
      return
    }
    #expect(boards[2].serialTrust(among: boards) == .single)
    var selector = BoardSelector()
    selector.dfuSerial = "STM32FxSTM32"
    expectSeveral(selector, boards, ["1-1", "1-2"])
    // No ID becomes that serial number.
    selector.dfuSerial = nil
    selector.uniqueID = UniqueIDChoice(first.unique)
    #expect(throws: BoardSearchError.none(present: boards)) {
      try selector.choose(from: boards)
    }
  }

  @Test func aConstantSerialNumberBesideABoardThatCannotBeOpenedIsRefused()
    throws
  {
    let bench = ManyBoards([("f446", first, nil), ("f446", second, nil)])
    bench.boards[1].faults = FaultPlan([], deniedOpens: -1)
    let boards = try bench.listed()
    var selector = BoardSelector()
    selector.dfuSerial = "STM32FxSTM32"
    let error = #expect(throws: BoardSearchError.self) {
      try selector.choose(from: boards)
    }
    guard case .notUniqueSerial(_, let candidates)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(candidates.map(\.board.path) == ["1-1", "1-2"])
    selector.path = "1-1"
    #expect(try selector.choose(from: boards).board.path == "1-1")
  }

  @Test func allMeansThoseInDFUMode() throws {
    let bench = ManyBoards([
      ("u585", first, nil), ("u585", first.twin, nil), ("plain11", second, nil),
    ])
    let boards = try bench.listed()
    let paths = try BoardSelector().chooseAll(from: boards)
      .map(\.board.path)
    #expect(
      paths
        == boards.filter { $0.interfaces.contains { $0.mode == .dfu } }
        .map(\.path))
    #expect(paths.count >= 2)
    #expect(throws: BoardSearchError.self) {
      try BoardSelector().chooseAll(from: [])
    }
  }

  private func expectSeveral(
    _ selector: BoardSelector, _ boards: [Board], _ paths: [String],
    location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(
      throws: BoardSearchError.self, sourceLocation: location
    ) {
      try selector.choose(from: boards)
    }
    guard case .several(let candidates)? = error else {
      Issue.record("\(String(describing: error))", sourceLocation: location)
      return
    }
    #expect(candidates.map(\.board.path) == paths, sourceLocation: location)
  }
}

private func hex(_ byte: UInt8) -> String {
  let text = String(byte, radix: 16)
  return byte < 16 ? "0" + text : text
}
