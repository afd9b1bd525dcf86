import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// What is said of a board that was asked to leave DFU mode.
@Suite struct LeaveJobTests {
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
    _ change: (inout BoardProfile) -> Void = { _ in }
  ) throws -> SimulatedBoard {
    var profile = try #require(BoardProfile.named(kind))
    change(&profile)
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
    _ selected: SelectedBoard, on bus: any USBBus,
    report: @escaping (JobEvent) -> Void = { _ in }
  ) -> JobError? {
    do throws(JobError) {
      try LeaveJob(.start(at: 0x0800_0000))
        .run(selected, JobContext(bus: bus, report: report))
      return nil
    } catch {
      return error
    }
  }

  private func state(_ error: JobError?) -> PortState? {
    guard case .notLeft(let state, _, _)? = error?.cause else { return nil }
    return state
  }

  @Test func aBoardThatLeavesHasLeft() throws {
    let bus = SimulatedBus([try board("f405", addresses: AddressPool())])
    #expect(leave(try selected(bus), on: bus) == nil)
  }

  @Test func aBusThatCannotBeLookedAtTellsNothing() throws {
    let bus = SimulatedBus([try board("f405", addresses: AddressPool())])
    let failure = leave(try selected(bus), on: Blind(bus))
    guard case .unknown? = state(failure) else {
      Issue.record("\(failure as Any)")
      return
    }
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
    switch state(leave(chosen, on: bus)) {
    case .anotherBoard: #expect(isAnother)
    case .backInDFUMode: #expect(!isAnother)
    default: Issue.record("neither")
    }
  }

  /// The story: a fixed pull-up on D+ keeps a board listed whose program runs.
  @Test func aBoardThatFallsSilentHasLeftWithinThreeSeconds() throws {
    let board = try board(
      "f405", addresses: AddressPool(), Host.quirk { $0.quirks.leave = .mute })
    let bus = SimulatedBus([board])
    let chosen = try selected(bus)
    let start = board.clock.now()
    var events: [JobEvent] = []
    let failure = leave(chosen, on: bus) { events.append($0) }
    #expect(failure == nil, "\(failure as Any)")
    #expect(events.contains(.left(.silent)))
    #expect(board.clock.now() - start < .seconds(3))
  }

  // MARK: The H5's reset command

  @Test(arguments: ["h563", "f405"])
  func onlyAnH5ThatStaysIsSentTheResetCommand(kind: String) throws {
    let board = try board(
      kind, addresses: AddressPool(), Host.quirk { $0.quirks.leave = .broken })
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
      (0xFF, .boot0IsHigh),
      (0xF3, .optionBit("nSWBOOT0", value: 0, entersBootloader: true)),
      (0xFB, nil),
    ] as [(UInt8, WayOut?)], [true, false])
  func theReasonForBeingBackIsThePinOrTheOptionByte(
    top: (byte: UInt8, wayOut: WayOut?), relaunches: Bool
  ) throws {
    let bench = try TestBench(
      "l412",
      change: Host.quirk {
        if !relaunches { $0.quirks.leave = .broken }
      })
    bench.board.fill(
      [0xAA, 0xF8, 0xEF, top.byte, 0x55, 0x07, 0x10, ~top.byte],
      at: 0x1FFF_7800)
    // With nBOOT0 = 1 and no pin it starts its program.
    if top.wayOut == nil, !relaunches { return }
    var job = FlashJob(TestBench.firmware())
    job.ending = relaunches ? .relaunch : .start(at: nil)
    job.permissions = [.optionBytes]
    let (_, error) = try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }
    guard let wayOut = top.wayOut else { return #expect(error == nil) }
    guard case .notLeft(_, wayOut, _)? = error?.cause else {
      Issue.record("\(error as Any)")
      return
    }
    #expect(error?.memory == .complete)
  }
}
