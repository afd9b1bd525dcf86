import DFUCore
import DFUSimulator
import TestSupport
import Testing

@Suite struct ConnectionTests {
  /// A connection to a simulated board, whose log begins after opening.
  private func open(_ bench: TestBench) throws -> DFUConnection {
    let connection = try bench.selected().connect(
      on: bench.bus, alternate: 0)
    bench.board.clearLog()
    return connection
  }

  @Test func openingClaimsTheInterfaceAndSelectsTheAlternateSetting() throws {
    let device = FakeTransport(statuses: [])
    let connection = try DFUConnection(
      device, configuration: 2, interface: 1, alternate: 3, transferSize: 64)
    #expect(
      device.log == ["CONFIGURATION 2", "CLAIM 1", "ALTERNATE 3 OF 1"])
    #expect(connection.transferSize == 64)
  }

  // MARK: Bringing a board to dfuIDLE

  @Test func aBoardThatIsIdleIsOnlyAsked() throws {
    let bench = try TestBench("f405")
    let report = try open(bench).makeIdle()
    #expect(report.state == .idle)
    #expect(bench.board.log.text == "GETSTATUS → dfuIDLE")
  }

  @Test func aBoardThatEnumeratesInErrorIsClearedQuietly() throws {
    let bench = try TestBench(
      "f405", change: Host.quirk { $0.quirks.startsInError = true })
    let report = try open(bench).makeIdle()
    #expect(report.status == .firmware)
    #expect(
      bench.board.log.text == """
        GETSTATUS → dfuERROR errFIRMWARE
        CLRSTATUS
        GETSTATUS → dfuIDLE
        """)
  }

  @Test func anUploadUnderWayIsAborted() throws {
    let bench = try TestBench("f405")
    let connection = try open(bench)
    _ = try connection.upload(block: 2, length: 2048)
    bench.board.clearLog()
    try connection.makeIdle()
    #expect(
      bench.board.log.text == """
        GETSTATUS → dfuUPLOAD-IDLE
        ABORT
        GETSTATUS → dfuIDLE
        """)
  }

  @Test func aDownloadUnderWayIsAborted() throws {
    let bench = try TestBench("f405")
    let connection = try open(bench)
    let session = try DfuSeSession(
      connection, DfuSeBehaviour(polling: .immediate))
    try session.setAddress(0x0800_0000)
    bench.board.clearLog()
    try connection.makeIdle()
    #expect(
      bench.board.log.text == """
        GETSTATUS → dfuDNLOAD-IDLE
        ABORT
        GETSTATUS → dfuIDLE
        """)
  }

  @Test func aCommandThatAnotherProgramLeftHalfSentIsLetFinish() throws {
    let bench = try TestBench("f072")
    let connection = try open(bench)
    // The command, but not the GETSTATUS that starts it.
    try connection.download(
      block: 0, [0x41, 0x00, 0x00, 0x00, 0x08].span, during: .eraseSector)
    try connection.makeIdle()
    #expect(bench.board.dfuState == 2)
    #expect(bench.board.erasures == [0x0800_0000: 1])
    #expect(bench.board.log.counts[.clearStatus] == nil)
  }

  @Test(arguments: ["f405", "f072", "l412", "g474", "h743", "u585"])
  func afterAnErrorABoardOfEveryKindIsBroughtBack(name: String) throws {
    let bench = try TestBench(name)
    let connection = try open(bench)
    let session = try DfuSeSession(
      connection, DfuSeBehaviour(polling: .immediate))
    let error = try #require(throws: DFUError.self) {
      try session.setAddress(0x1234_5678)
    }
    #expect(error.status == .target)
    #expect(error.address == 0x1234_5678)
    #expect(bench.board.dfuState == 10)
    try connection.makeIdle()
    #expect(bench.board.dfuState == 2)
  }

  @Test func clearStatusIsNeverSentOutsideDfuERROR() throws {
    // On ST's device class that would lead into dfuERROR.
    for name in ["f405", "f072", "l412", "g474"] {
      let bench = try TestBench(name)
      let flasher = try bench.flasher()
      try flasher.flashed(
        try FirmwareImage(program(5000), at: 0x0800_0000))
      #expect(bench.board.log.counts[.clearStatus] == nil)
    }
  }

  // MARK: Devices that no simulated board is

  private static let idle: [UInt8] = [0, 0, 0, 0, 2, 0]

  private func makeIdle(_ statuses: [[UInt8]]) -> (
    Result<DFUStatusReport, DFUError>, FakeTransport
  ) {
    let device = FakeTransport(statuses: statuses)
    do throws(DFUError) {
      let connection = try DFUConnection(
        device, interface: 0, alternate: nil, transferSize: 64)
      return (.success(try connection.makeIdle()), device)
    } catch {
      return (.failure(error), device)
    }
  }

  @Test func aStatusThatIsLeftOverInDfuIDLEIsCleared() throws {
    let (result, device) = makeIdle([[15, 0, 0, 0, 2, 0], Self.idle])
    #expect(try result.get().status == .stalledPacket)
    #expect(
      device.story == ["CLAIM 0", "GETSTATUS", "CLRSTATUS", "GETSTATUS"])
  }

  @Test func aStatusThatCannotBeClearedInDfuIDLEDoesNotMatter() throws {
    let (result, device) = makeIdle([[15, 0, 0, 0, 2, 0]])
    #expect(try result.get().state == .idle)
    #expect(device.story.count < 25)
  }

  @Test func manifestationIsWaitedFor() throws {
    let (result, device) = makeIdle([
      [0, 0xE8, 3, 0, 6, 0], [0, 0xE8, 3, 0, 7, 0], Self.idle,
    ])
    #expect(try result.get().state == .manifestSync)
    #expect(device.clock.now() == .seconds(2))
    #expect(
      device.story == ["CLAIM 0", "GETSTATUS", "GETSTATUS", "GETSTATUS"])
  }

  @Test func aStateThatDFUDoesNotHaveIsClearedTwice() throws {
    let (result, device) = makeIdle([[0, 0, 0, 0, 15, 0], Self.idle])
    #expect(try result.get().state.rawValue == 15)
    #expect(
      device.story == [
        "CLAIM 0", "GETSTATUS", "CLRSTATUS", "CLRSTATUS", "GETSTATUS",
      ])
  }

  @Test func dfuDNBUSYForHalfAMinuteIsClearedTwice() throws {
    let (_, device) = makeIdle([[0, 0, 0, 0, 4, 0]])
    let story = device.story
    #expect(device.clock.now() >= .seconds(30))
    #expect((story.firstIndex(of: "CLRSTATUS") ?? 0) > 1_000)
    #expect(story.suffix(3) == ["CLRSTATUS", "CLRSTATUS", "GETSTATUS"])
  }

  @Test(arguments: [UInt8(0), 1, 8])
  func aStateFromWhichThereIsNoWayIsAnErrorAtOnce(state: UInt8) throws {
    let (result, device) = makeIdle([[0, 0, 0, 0, state, 0]])
    #expect(
      result
        == .failure(
          DFUError(
            .makeIdle, .unexpectedState(DFUState(rawValue: state)))))
    #expect(device.story == ["CLAIM 0", "GETSTATUS"])
  }

  @Test(arguments: [UInt8(3), 4, 5, 6, 7, 9, 10, 11, 15, 200])
  func aDeviceThatNeverGetsIdleIsGivenUpInBoundedTime(state: UInt8) throws {
    let (result, device) = makeIdle([[0, 0xFF, 0xFF, 0xFF, state, 0]])
    #expect(
      result
        == .failure(
          DFUError(
            .makeIdle, .unexpectedState(DFUState(rawValue: state)))))
    #expect(device.log.count < 25)
    #expect(device.clock.now() <= .seconds(60))
  }

  @Test(arguments: 0..<6)
  func aShortReplyToGetStatusIsAnError(count: Int) throws {
    let (result, _) = makeIdle([[UInt8](repeating: 0, count: count)])
    #expect(
      result
        == .failure(
          DFUError(.makeIdle, .shortReply(received: count, expected: 6))))
  }

  @Test func getStateReadsOneByteAndAcceptsNoFewer() throws {
    let device = FakeTransport { (setup, _, _) throws(USBError) in
      setup.request == 5 ? [9] : []
    }
    let connection = try DFUConnection(
      device, interface: 0, alternate: nil, transferSize: 64)
    #expect(try connection.getState() == .uploadIdle)
    let silent = try DFUConnection(
      FakeTransport(statuses: []), interface: 0, alternate: nil,
      transferSize: 64)
    #expect(throws: DFUError.self) { try silent.getState() }
  }
}
