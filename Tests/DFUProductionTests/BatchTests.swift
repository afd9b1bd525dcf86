import DFUCore
import DFUProduction
import DFUSimulator
import TestSupport
import Testing

/// Many boards at once, each with its own file.
@Suite struct BatchTests {
  /// Boards on one bus, each living by its own clock.
  private struct Rack {
    let boards: [SimulatedBoard]
    let bus: SimulatedBus
    var files: [[UInt8]] = []

    /// - Parameter count: STM32U585s; of the first four, two and two show the
    ///   same serial number.
    init(_ count: Int, bytes: Int = 16 << 10) throws {
      let addresses = AddressPool()
      let profile = try #require(BoardProfile.named("u585"))
      boards = (1...count).map { number in
        var id = ChipID(board: number)
        if number == 2 || number == 4 {
          let other = ChipID(board: number - 1).words
          id = ChipID(other.0 &+ 7, other.1 ^ 0x5A, other.2 &- 7)
        }
        let board = SimulatedBoard(
          profile, uniqueID: id, ports: [1, UInt8(number)],
          addresses: addresses)
        board.plug()
        board.clock.sleep(for: profile.enumerationTime + .seconds(1))
        return board
      }
      bus = SimulatedBus(boards)
      for number in 1...count {
        files.append(program(bytes, seed: UInt64(number)))
      }
    }

    /// What a map says of them: a row for each board, each with its file.
    func tasks() throws -> [Batch.Task] {
      let lines = files.indices.map { "path=1-1.\($0 + 1),\($0).bin\n" }
      let map = try BoardMap(parsing: lines.joined())
      return try tasks(map)
    }

    func tasks(
      _ map: BoardMap, allowsExtra: Bool = false
    ) throws -> [Batch.Task] {
      let jobs = try map.rows.map { row in
        let index = try #require(Int(row.file.prefix { $0 != "." }))
        let file = FirmwareFile(raw: files[index])
        return try map.job(for: row, from: FlashJob(JobFirmware(file)), file)
      }
      return try map.tasks(
        jobs, allowsExtra: allowsExtra, waiting: nil, JobContext(bus: bus))
    }

    func flash() throws -> [BoardResult] {
      Batch(on: bus, jobs: 0, display: Silent()).run(try tasks())
    }

    func holdsItsFile(_ index: Int) -> Bool {
      boards[index].memory(at: 0x0800_0000, count: files[index].count)
        == files[index]
    }

    /// How long a board was worked on, by its clock.
    func time(_ index: Int) -> Duration {
      let records = boards[index].log.records.filter {
        $0.kind != .getDescriptor
      }
      guard let first = records.first, let last = records.last else {
        return .zero
      }
      return last.time - first.time
    }
  }

  private final class Silent: BatchDisplay {
    func begin(_ boards: [Board]) {}
    func reporter(for board: Board) -> (JobEvent) -> Void { { _ in } }
    func finished(_ result: BoardResult) {}
    func end(_ results: [BoardResult]) {}
  }

  @Test func thirtyBoardsGetTheirOwnFilesInTheTimeOfOne() throws {
    let one = try Rack(1, bytes: 64 << 10)
    #expect(try one.flash().allSatisfy { $0.error == nil })
    let rack = try Rack(30, bytes: 64 << 10)
    let results = try rack.flash()
    #expect(results.count == 30)
    #expect(results.allSatisfy { $0.error == nil })
    for index in rack.boards.indices {
      #expect(rack.holdsItsFile(index), "board \(index)")
      #expect(rack.boards[index].violations.isEmpty)
    }
    let longest = rack.boards.indices.map(rack.time).max() ?? .zero
    let single = one.time(0)
    #expect(single > .zero)
    #expect(longest <= single * 1.05, "\(longest) \(single)")
  }

  @Test func equalSerialNumbersAreRefusedInAMap() throws {
    let rack = try Rack(4)
    let boards = try Board.all(on: rack.bus)
    #expect(boards[0].serial == boards[1].serial)
    #expect(boards[2].serial == boards[3].serial)
    let lines = boards.enumerated().map {
      "serial=\($0.element.serial?.raw ?? ""),\($0.offset / 2).bin"
    }
    let map = try BoardMap(parsing: "\(lines[0])\n\(lines[2])\n")
    let before = rack.boards.map(\.log.records.count)
    do {
      _ = try rack.tasks(map, allowsExtra: true)
      Issue.record("accepted")
    } catch MapError.mismatches(let mismatches) {
      let found = mismatches.flatMap { mismatch -> [String] in
        guard case .several(_, let boards) = mismatch else { return [] }
        return boards.map(\.board.path)
      }
      #expect(found.sorted() == ["1-1.1", "1-1.2", "1-1.3", "1-1.4"])
    }
    for (board, count) in zip(rack.boards, before) {
      #expect(
        board.log.records.dropFirst(count).allSatisfy {
          $0.kind == .getDescriptor
        })
    }
  }

  /// What can befall one board while the others are flashed.
  private static let troubles: [(String, @Sendable (SimulatedBoard) -> Void)] =
    [
      (
        "unplugged while erased",
        { $0.faults = FaultPlan([Fault(.unplug, at: 2, of: .command)]) }
      ),
      (
        "unplugged while written",
        { $0.faults = FaultPlan([Fault(.unplug, at: 5, of: .data)]) }
      ),
      (
        "unplugged while verified",
        { $0.faults = FaultPlan([Fault(.unplug, at: 13, of: .upload)]) }
      ),
      ("protected", { $0.setProtection(level: 1) }),
      (
        "error status",
        {
          $0.faults = FaultPlan([
            Fault(.status(7), at: 3, of: .data, times: 1_000)
          ])
        }
      ),
      (
        "held by another program", { $0.faults = FaultPlan([], busyClaims: -1) }
      ),
    ]

  /// One of thirty boards has each of the troubles, in turn.
  @Test(arguments: [13])
  func theTroubleOfOneBoardIsNotThatOfTheOthers(victim: Int) throws {
    for (name, trouble) in Self.troubles {
      let rack = try Rack(30, bytes: 8 << 10)
      let tasks = try rack.tasks()
      trouble(rack.boards[victim])
      let results = Batch(on: rack.bus, jobs: 0, display: Silent()).run(tasks)
      for index in rack.boards.indices where index != victim {
        #expect(results[index].error == nil, "\(name): board \(index)")
        #expect(rack.holdsItsFile(index), "\(name): board \(index)")
      }
      let error = try #require(results[victim].error, "\(name)")
      #expect(error.board?.path == "1-1.\(victim + 1)", "\(error)")
    }
  }

  @Test func fewThreadsServeManyBoards() throws {
    let rack = try Rack(12, bytes: 4 << 10)
    let results = Batch(on: rack.bus, jobs: 3, display: Silent())
      .run(try rack.tasks())
    #expect(
      results.map(\.board.path) == rack.boards.indices.map { "1-1.\($0 + 1)" })
    #expect(rack.boards.indices.allSatisfy(rack.holdsItsFile))
  }
}
