import DFUCore
import DFUSimulator
import Testing

@testable import dfuflash

/// What is said of a board that was asked to leave DFU mode.
@Suite struct PartingTests {
  /// A bus that can no longer be looked at.
  private final class Blind: USBBus {
    let inner: SimulatedBus
    var clock: any TimeSource { inner.clock }
    init(_ inner: SimulatedBus) { self.inner = inner }
    func devices() throws(USBError) -> [USBDevice] {
      throw USBError(.io, "look at the bus")
    }
    func open(_ device: USBDevice) throws(USBError) -> any ControlTransport {
      try inner.open(device)
    }
    func waitForChange(atMost limit: Duration) throws(USBError) {
      try inner.waitForChange(atMost: limit)
    }
  }

  private func board(
    _ kind: String, serial: String? = nil, addresses: AddressPool,
    _ change: (inout ChipProfile) -> Void = { _ in }
  ) throws -> SimulatedBoard {
    var profile = try #require(BoardProfile.named(kind))
    if case .dfuSe(var chip) = profile.machine {
      change(&chip)
      profile.machine = .dfuSe(chip)
    }
    let board = SimulatedBoard(
      profile, serial: serial, ports: [1], addresses: addresses)
    board.plug()
    board.clock.sleep(for: profile.enumerationTime + .seconds(1))
    board.fill(program(64), at: 0x0800_0000)
    return board
  }

  private func selected(_ bus: SimulatedBus) throws -> SelectedBoard {
    let board = try #require(try Board.all(on: bus).first)
    return SelectedBoard(
      board: board, interface: try #require(board.interfaces.first))
  }

  /// Leaves, and says how it ended.
  private func leave(
    _ selected: SelectedBoard, on bus: any USBBus
  ) -> ToolFailure? {
    let work = BoardWork(
      selected, on: bus, WorkSettings(), ManyBoardsTests.Nothing())
    do throws(ToolFailure) {
      try LeaveWork(work: work).run(
        LeaveWork.Program(alternate: 0, address: 0x0800_0000))
      return nil
    } catch {
      return error
    }
  }

  @Test func aBoardThatLeavesHasLeft() throws {
    let bus = SimulatedBus([try board("f405", addresses: AddressPool())])
    #expect(leave(try selected(bus), on: bus) == nil)
  }

  @Test func aBusThatCannotBeLookedAtTellsNothing() throws {
    let bus = SimulatedBus([try board("f405", addresses: AddressPool())])
    let failure = leave(try selected(bus), on: Blind(bus))
    #expect(failure?.status == .device)
    #expect(failure?.message.contains("is not known") == true)
  }

  @Test(arguments: [("the same", false), ("another", true)])
  func whatIsAtThePortAfterwardsIsTold(
    serial: String, isAnother: Bool
  ) throws {
    let addresses = AddressPool()
    let first = try board("f405", serial: "the same", addresses: addresses)
    let bus = SimulatedBus([first])
    let chosen = try selected(bus)
    bus.add(try board("f405", serial: serial, addresses: addresses))
    let failure = leave(chosen, on: bus)
    #expect(failure?.status == .device)
    let expected = isAnother ? "another board is at port" : "back in DFU mode"
    #expect(failure?.message.contains(expected) == true, "\(failure as Any)")
  }

  // MARK: The H5's reset command

  @Test(arguments: ["h563", "f405"])
  func onlyAnH5ThatStaysIsSentTheResetCommand(kind: String) throws {
    let board = try board(kind, addresses: AddressPool()) {
      $0.quirks.leave = .broken
    }
    board.boot0 = false
    let bus = SimulatedBus([board])
    let failure = leave(try selected(bus), on: bus)
    let sent = board.log.records.filter {
      $0.setup.request == 1 && $0.setup.value == 0 && $0.sent.first == 0x02
    }
    #expect(sent.map(\.sent) == (kind == "h563" ? [[2, 0, 0, 0, 0]] : []))
    #expect((failure == nil) == (kind == "h563"), "\(failure as Any)")
    #expect(board.mode == (kind == "h563" ? .application : .dfu))
  }

  @Test func anH5ThatLeavesIsNotSentIt() throws {
    let board = try board("h563", addresses: AddressPool())
    let bus = SimulatedBus([board])
    #expect(leave(try selected(bus), on: bus) == nil)
    #expect(
      !board.log.records.contains {
        $0.setup.value == 0 && $0.sent.first == 0x02
      })
  }

  // MARK: Why it is still there

  /// With nSWBOOT0 = 0 the pin has no say.
  @Test(
    arguments: [
      (0xFF, "BOOT0 is high"), (0xF3, "nBOOT0=1"), (0xFB, "has no say"),
    ] as [(UInt8, String)])
  func theReasonForBeingBackIsThePinOrTheOptionByte(
    top: UInt8, reason: String
  ) throws {
    let bench = try TestBenchFile("l412")
    try bench.board {
      $0.fill(
        [0xAA, 0xF8, 0xEF, top, 0x55, 0x07, 0x10, ~top], at: 0x1FFF_7800)
    }
    let file = try bench.folder.file("fw.bin", program(3000))
    let run = try Program.run(["flash", "--relaunch", file], bench: bench)
    // With nBOOT0 = 1 and no pin it starts its program.
    guard top != 0xFB else { return #expect(run.status == 0, "\(run.errors)") }
    #expect(run.status == 74, "\(run.errors)")
    #expect(run.errors.contains(reason), "\(run.errors)")
    #expect(run.errors.contains("BOOT0 is high") == (top == 0xFF))
  }

  @Test(
    arguments: [(0xFF, "BOOT0 is high"), (0xF3, "nBOOT0=1")]
      as [(UInt8, String)])
  func theSameOfABoardThatStays(top: UInt8, reason: String) throws {
    let bench = try TestBenchFile([
      ("l412", #""quirks": {"leave": "broken"}"#)
    ])
    try bench.board {
      $0.fill(
        [0xAA, 0xF8, 0xEF, top, 0x55, 0x07, 0x10, ~top], at: 0x1FFF_7800)
    }
    let file = try bench.folder.file("fw.bin", program(3000))
    let run = try Program.run(["flash", file], bench: bench)
    #expect(run.status == 74, "\(run.errors)")
    #expect(run.errors.contains("did not leave"), "\(run.errors)")
    #expect(run.errors.contains(reason), "\(run.errors)")
  }
}
