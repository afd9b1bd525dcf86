import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// The right board, and no stranger.
@Suite struct BoardFinderTests {
  @Test func itWaitsForTheLoaderThatHasTheAlternateSetting() throws {
    let bench = try TestBench("mp25")
    let context = JobContext(bus: bench.bus)
    var finder = BoardFinder(BoardSelector(), waiting: .seconds(5))
    finder.alternate = .name("FSBL")
    let first = try finder.one(context)
    try first.connect(on: bench.bus, alternate: nil).detach(timeout: 1000)
    // It is on its way; what is there now is still the first loader.
    #expect(try bench.bus.devices().count == 1)
    finder.alternate = .name("Partition2")
    let second = try finder.one(context)
    #expect(
      second.interface.alternates.first?.name?.raw.hasPrefix("@Partition2")
        == true)
    #expect(second.board.device.address != first.board.device.address)
    // The time is over: who works with it says what it has.
    finder.alternate = .name("FSBL")
    #expect(try finder.one(context) == second)
  }

  private func find(
    _ boards: ManyBoards,
    _ change: (inout BoardSelector) -> Void = { _ in }
  ) -> Result<SelectedBoard, JobError> {
    var selector = BoardSelector()
    change(&selector)
    do throws(JobError) {
      return .success(
        try BoardFinder(selector).one(JobContext(bus: boards.bus)))
    } catch {
      return .failure(error)
    }
  }

  /// A device that has run-time DFU, such as a USB DAC.
  private func stranger() throws -> ManyBoards {
    let boards = ManyBoards([("plain11", ChipID(board: 1), nil)])
    for board in boards.boards {
      board.boot0 = false
      board.powerCycle()
      board.clock.sleep(for: .seconds(3))
    }
    return boards
  }

  @Test func aRunningDeviceIsTakenOnlyWhenItIsNamed() throws {
    let boards = try stranger()
    let ids = try #require(try boards.listed().first?.device.descriptor)
    let suffix = DFUSuffix(vendor: ids.vendor, product: ids.product)
    guard
      case .failure(let error) = find(
        boards, { $0.takeNamedRuntimeDevices(orOf: nil) }),
      case .noBoard(let none) = error.cause
    else {
      Issue.record("taken")
      return
    }
    #expect(none.unnamed.map(\.path) == ["1-1"])
    for change in [
      { $0.path = "1-1" }, { _ in },
    ] as [(inout BoardSelector) -> Void] {
      guard
        case .success = find(
          boards,
          {
            change(&$0)
            $0.takeNamedRuntimeDevices(orOf: suffix)
          })
      else {
        Issue.record("not taken")
        continue
      }
    }
    let other = DFUSuffix(vendor: ids.vendor, product: ids.product ^ 1)
    guard
      case .failure = find(
        boards, { $0.takeNamedRuntimeDevices(orOf: other) })
    else {
      Issue.record("taken by another file")
      return
    }
  }

  @Test func aFileThatCannotFitIsRefusedBeforeDetaching() throws {
    let boards = try stranger()
    guard
      case .success(let selected) = find(boards, { $0.path = "1-1" })
    else {
      Issue.record("not found")
      return
    }
    boards.boards[0].clearLog()
    var file = FirmwareFile(format: .intelHex)
    file.targets = [
      FirmwareTarget(image: try FirmwareImage([1, 2], at: 0x0800_0000))
    ]
    #expect {
      try FlashJob(JobFirmware(file))
        .run(selected, JobContext(bus: boards.bus))
    } throws: { error in
      (error as? JobError)?.cause == .hasAddresses(.intelHex)
    }
    #expect(
      !boards.boards[0].log.records.contains {
        $0.setup.requestType == 0x21 && $0.setup.request == 0
      })
  }

  @Test func aChipThatTheBoardIsNotIsRefused() throws {
    let bench = try TestBench("f405")
    var job = VerifyJob(TestBench.firmware())
    job.board.chip = ChipFamily.all.first { $0.name == "L412" }
    let wrong = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    guard case .otherChip? = wrong.error?.cause else {
      Issue.record("\(wrong.error as Any)")
      return
    }
  }

  @Test func allAreWaitedFor() throws {
    let boards = ManyBoards([
      ("f072", ChipID(board: 1), nil), ("f072", ChipID(board: 2), nil),
    ])
    boards.boards[1].unplug()
    boards.boards[1].schedule(.plug, after: .seconds(5))
    var events: [JobEvent] = []
    var finder = BoardFinder(BoardSelector(), waiting: .seconds(30))
    finder.expected = 2
    let found = try finder.all(
      JobContext(bus: boards.bus, report: { events.append($0) }))
    #expect(found.count == 2)
    #expect(events == [.waiting(found: 1, of: 2)])
    finder.expected = 3
    finder.waiting = .seconds(5)
    #expect(throws: JobError(.tooFewBoards(found: 2, expected: 3))) {
      try finder.all(JobContext(bus: boards.bus))
    }
  }
}
