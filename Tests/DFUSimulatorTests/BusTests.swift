import DFUCore
import DFUSimulator
import Testing

@Suite struct BusTests {
  static let getStatus = ControlSetup(
    requestType: 0xA1, request: 3, value: 0, index: 0)

  static func download(_ block: UInt16) -> ControlSetup {
    ControlSetup(requestType: 0x21, request: 1, value: block, index: 0)
  }

  func bus(_ names: [String]) throws -> SimulatedBus {
    let addresses = AddressPool()
    let bus = SimulatedBus()
    for (index, name) in names.enumerated() {
      let board = SimulatedBoard(
        try #require(BoardProfile.named(name)),
        uniqueID: ChipID(board: index), ports: [UInt8(index + 1)],
        addresses: addresses)
      board.plug()
      bus.add(board)
    }
    try bus.waitForChange(atMost: .seconds(1))
    while try bus.devices().count < names.count {
      try bus.waitForChange(atMost: .seconds(1))
    }
    return bus
  }

  @Test func boardsAppearOnTheirPortsWithDifferentAddresses() throws {
    let bus = try bus(["f405", "l412", "g0b1"])
    let devices = try bus.devices()
    #expect(devices.map(\.path) == ["1-1", "1-2", "1-3"])
    #expect(Set(devices.map(\.address)).count == 3)
    // The slowest of them takes 820 ms.
    #expect(bus.clock.now() == .milliseconds(820))
  }

  @Test func errorsCarryLibusbsCodes() throws {
    let bus = try bus(["f405"])
    let device = try #require(try bus.devices().first)
    bus.boards[0].faults = FaultPlan(deniedOpens: 1, busyClaims: 1)
    #expect(throws: USBError(.access, "open the device 1-1")) {
      _ = try bus.open(device)
    }
    let handle = try bus.open(device)
    #expect(throws: USBError(.busy, "claim interface 0")) {
      try handle.claim(interface: 0)
    }
    #expect(throws: USBError(.notFound, "claim interface 3")) {
      try handle.claim(interface: 3)
    }
    try handle.claim(interface: 0)
    let second = try bus.open(device)
    #expect(throws: USBError(.busy, "claim interface 0")) {
      try second.claim(interface: 0)
    }
    try handle.release(interface: 0)
    try second.claim(interface: 0)
    try second.select(alternate: 3, of: 0)
    #expect(
      throws: USBError(.pipe, "select alternate setting 4")
    ) {
      try second.select(alternate: 4, of: 0)
    }
    bus.boards[0].unplug()
    #expect(throws: USBError(.noDevice, "receive a control reply")) {
      _ = try second.receive(
        Self.getStatus, length: 6, timeout: .seconds(1))
    }
    #expect(throws: USBError(.noDevice, "open the device 1-1")) {
      _ = try bus.open(device)
    }
  }

  @Test func aHandleDoesNotOutliveAReenumeration() throws {
    let bus = try bus(["f405"])
    let handle = try bus.open(try #require(try bus.devices().first))
    bus.boards[0].pressReset()
    while try bus.devices().isEmpty {
      try bus.waitForChange(atMost: .seconds(5))
    }
    #expect(throws: USBError(.noDevice, "receive a control reply")) {
      _ = try handle.receive(
        Self.getStatus, length: 6, timeout: .seconds(1))
    }
  }

  @Test func waitingJumpsToTheNextChangeAndNoFurtherThanItsLimit() throws {
    let bus = try bus(["f405"])
    let start = bus.clock.now()
    bus.boards[0].schedule(.unplug, after: .seconds(3))
    try bus.waitForChange(atMost: .seconds(1))
    #expect(bus.clock.now() - start == .seconds(1))
    #expect(try bus.devices().count == 1)
    try bus.waitForChange(atMost: .seconds(10))
    #expect(bus.clock.now() - start == .seconds(3))
    #expect(try bus.devices().isEmpty)
    bus.boards[0].schedule(.plug, after: .seconds(1))
    try bus.waitForChange(atMost: .seconds(10))
    try bus.waitForChange(atMost: .seconds(10))
    #expect(try bus.devices().count == 1)
    #expect(bus.clock.now() - start == .milliseconds(4_260))
  }

  @Test func aBoardBeingWorkedOnKeepsItsOwnTime() throws {
    let bus = try bus(["f405", "f405"])
    let handle = try bus.open(try bus.devices()[0])
    let before = handle.clock.now()
    bus.boards[1].pressReset()
    try bus.waitForChange(atMost: .seconds(5))
    #expect(handle.clock.now() == before)
    handle.clock.sleep(for: .seconds(60))
    #expect(bus.boards[1].clock.now() < .seconds(2))
  }

  @Test func aBoardThatLeavesWhileOpenIsSeenToLeave() throws {
    let bus = try bus(["f405"])
    let handle = try bus.open(try bus.devices()[0])
    try handle.send(
      Self.download(2), [UInt8]().span, timeout: .seconds(1))
    _ = try handle.receive(Self.getStatus, length: 6, timeout: .seconds(1))
    #expect(try bus.devices().count == 1)
    try bus.waitForChange(atMost: .seconds(2))
    #expect(try bus.devices().isEmpty)
  }

  @Test func aRunTimeDeviceIsDetachedByTimerAndReset() throws {
    let board = SimulatedBoard(
      try #require(BoardProfile.named("plain11")))
    board.boot0 = false
    board.plug()
    let bus = SimulatedBus([board])
    try bus.waitForChange(atMost: .seconds(5))
    let device = try #require(try bus.devices().first)
    #expect(device.descriptor.product == 0xDF01)
    let interface = try #require(device.configurations.first?.interfaces.first)
    #expect(interface.protocol == 1)
    let handle = try bus.open(device)
    try handle.claim(interface: 0)
    let detach = ControlSetup(
      requestType: 0x21, request: 0, value: 5_000, index: 0)
    try handle.send(detach, [UInt8]().span, timeout: .seconds(1))
    // The descriptor's 1000 ms cap the host's 5000: too late.
    handle.clock.sleep(for: .milliseconds(1_100))
    try handle.reset()
    #expect(board.mode == .application)
    try handle.send(detach, [UInt8]().span, timeout: .seconds(1))
    #expect(throws: USBError(.notFound, "reset the device")) {
      try handle.reset()
    }
    try bus.waitForChange(atMost: .seconds(5))
    let again = try #require(try bus.devices().first)
    #expect(again.descriptor.product == 0xDF02)
    #expect(again.path == device.path)
    #expect(again.address != device.address)
  }

  @Test func inRealTimeAPulledCableEndsTheWait() throws {
    let clock = ScaledClock(speed: 20)
    let board = SimulatedBoard(
      try #require(BoardProfile.named("f405")), clock: clock)
    board.plug()
    clock.sleep(for: .milliseconds(300))
    _ = board.answer(
      Self.download(0), [0x41, 0, 0, 0x02, 0x08], length: 5,
      timeout: .seconds(1))
    _ = board.answer(Self.getStatus, [], length: 6, timeout: .seconds(1))
    board.schedule(.unplug, after: .milliseconds(500))
    let answer = board.answer(
      Self.getStatus, [], length: 6, timeout: .seconds(60))
    #expect(answer == .gone)
    #expect(clock.now() < .milliseconds(2_500))
  }

  /// A megabyte erased, written and read back in virtual time.
  @Test func aMegabyteTakesWellUnderASecondOfRealTime() throws {
    let host = try Host("f405")
    let image = (0..<0x10_0000).map { UInt8(truncatingIfNeeded: $0 &* 31 + 7) }
    let start = ContinuousClock.now
    host.download(0, [0x41])
    host.finish()
    host.setAddress(0x0800_0000)
    for block in 0..<512 {
      host.download(
        UInt16(block + 2), Array(image[block * 2_048..<(block + 1) * 2_048]))
      _ = host.status()
      #expect(host.status() == [5, 0])
    }
    host.abort()
    for block in 0..<512 {
      let expected = Array(image[block * 2_048..<(block + 1) * 2_048])
      #expect(host.upload(UInt16(block + 2), 2_048) == .data(expected))
    }
    let spent = ContinuousClock.now - start
    #expect(host.board.flash == image)
    #expect(host.board.violations == [])
    #expect(spent < .seconds(5), "\(spent)")
    print("simulated megabyte: \(spent)")
  }
}
