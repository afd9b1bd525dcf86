import DFUCore
import DFUSimulator
import Foundation
import Testing

@testable import dfuflash

/// Many boards at once, each with its own file.
@Suite struct ManyBoardsTests {
  /// Boards on one bus, each living by its own clock.
  private struct Rack {
    let folder: Folder
    let boards: [SimulatedBoard]
    let bus: SimulatedBus
    var files: [[UInt8]] = []

    /// - Parameter count: STM32U585s; of the first four, two and two show the
    ///   same serial number.
    init(_ count: Int, bytes: Int = 16 << 10) throws {
      folder = try Folder()
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

    func tasks() throws -> [Fleet.Task] {
      var lines = ""
      for index in files.indices {
        _ = try folder.file("\(index).bin", files[index])
        lines += "path=1-1.\(index + 1),\(index).bin\n"
      }
      let path = try folder.file("boards.csv", Array(lines.utf8))
      let map = MapWork(
        path: path,
        readFile: { (path) throws(ToolFailure) in try FirmwareInput(path) },
        makeJob: { FlashJob(input: $0) }, allowsExtra: false)
      return try map.tasks(try map.load(), on: bus)
    }

    func flash() throws -> [Fleet.Result] {
      Fleet(bus: bus, jobs: 0, display: Silent()).run(try tasks())
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

  private final class Silent: FleetDisplay {
    func begin(_ boards: [Board]) {}
    func reporter(for board: Board) -> any ProgressReporter { Nothing() }
    func finished(_ result: Fleet.Result) {}
    func end(_ results: [Fleet.Result]) {}
  }

  final class Nothing: ProgressReporter {
    func report(_ event: FlashEvent) {}
    func note(_ text: String) {}
  }

  @Test func thirtyBoardsGetTheirOwnFilesInTheTimeOfOne() throws {
    let one = try Rack(1, bytes: 64 << 10)
    #expect(try one.flash().allSatisfy { $0.failure == nil })
    let rack = try Rack(30, bytes: 64 << 10)
    let results = try rack.flash()
    #expect(results.count == 30)
    #expect(results.allSatisfy { $0.failure == nil })
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
    for index in 0...1 {
      _ = try rack.folder.file("\(index).bin", rack.files[index])
    }
    let path = try rack.folder.file(
      "boards.csv",
      Array("\(lines[0])\n\(lines[2])\n".utf8))
    let map = MapWork(
      path: path,
      readFile: { (path) throws(ToolFailure) in try FirmwareInput(path) },
      makeJob: { FlashJob(input: $0) }, allowsExtra: true)
    let loaded = try map.load()
    let before = rack.boards.map(\.log.records.count)
    do throws(ToolFailure) {
      _ = try map.tasks(loaded, on: rack.bus)
      Issue.record("accepted")
    } catch {
      #expect(error.status == .device)
      for board in ["1-1.1", "1-1.2", "1-1.3", "1-1.4"] {
        #expect(error.message.contains("-p \(board)"), "\(error.message)")
      }
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

  /// Each of thirty boards has each of the troubles, in turn.
  @Test(arguments: 0..<30)
  func theTroubleOfOneBoardIsNotThatOfTheOthers(victim: Int) throws {
    for (name, trouble) in Self.troubles {
      let rack = try Rack(30, bytes: 8 << 10)
      let tasks = try rack.tasks()
      trouble(rack.boards[victim])
      let results = Fleet(bus: rack.bus, jobs: 0, display: Silent()).run(tasks)
      for index in rack.boards.indices where index != victim {
        let message = results[index].failure?.message
        #expect(message == nil, "\(name): board \(index)")
        #expect(rack.holdsItsFile(index), "\(name): board \(index)")
      }
      let failed = results[victim].failure
      let failure = try #require(failed, "\(name)")
      #expect(
        failure.message.contains("1-1.\(victim + 1)"), "\(failure.message)")
      #expect(Fleet.status(results) == failure.status)
      #expect(failure.status != .success)
    }
  }

  @Test func fewThreadsServeManyBoards() throws {
    let rack = try Rack(12, bytes: 4 << 10)
    let results = Fleet(bus: rack.bus, jobs: 3, display: Silent())
      .run(try rack.tasks())
    #expect(
      results.map(\.board.path) == rack.boards.indices.map { "1-1.\($0 + 1)" })
    #expect(rack.boards.indices.allSatisfy(rack.holdsItsFile))
  }

  /// As scripts do: a process for each board, all at once, on one bench.
  @Test func thirtyProcessesTakeTurnsOnOneBench() throws {
    let bench = try TestBenchFile(
      [(kind: String, more: String)](repeating: ("f042", ""), count: 30))
    for number in 1...30 {
      _ = try bench.folder.file(
        "\(number).bin", program(2000, seed: UInt64(number)))
    }
    Workers.run(30, atMost: 30) { index in
      let file = bench.folder.path("\(index + 1).bin")
      let run = try? Program.run(
        ["flash", "-p", "1-\(index + 1)", file], bench: bench)
      #expect(run?.status == 0, "\(run?.errors ?? "")")
    }
    let boards = try Bench.load(bench.file).boards
    #expect(boards.count == 30)
    for (index, entry) in boards.enumerated() {
      #expect(
        entry.board.memory(at: 0x0800_0000, count: 2000)
          == program(2000, seed: UInt64(index + 1)), "\(entry.path)")
    }
  }
}
