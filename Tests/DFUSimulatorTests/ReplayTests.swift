import DFUCore
import Foundation
import Testing

@testable import DFUSimulator

/// Recordings as they are read, good and hostile ones, and the bus that plays
/// them.
@Suite struct ReplayTests {
  static let device = #"""
    {"event":"device","board":"1-1","time":0,"address":5,"speed":2,\#
    "device":"1201000100000040830411DF002201020301","configurations":\#
    ["09021B0001010000000904000000FE01020409210BFF0000081A01"]}
    """#
  static let status = #"""
    {"board":"1-1","time":1,"requestType":161,"code":3,"value":0,"index":0,\#
    "length":6,"data":"000000000200","seconds":0.5}
    """#
  static let getStatus = ControlSetup(
    requestType: 0xA1, request: 3, value: 0, index: 0)

  private static func recording(_ lines: String...) throws -> Recording {
    try Recording(
      parsing: Array(lines.joined(separator: "\n").utf8), path: "x.jsonl")
  }

  private static func transport(
    _ bus: ReplayBus
  ) throws -> any ControlTransport {
    try bus.open(try #require(try bus.devices().first))
  }

  private static func event(_ name: String, _ time: Double) -> String {
    #"{"event":"\#(name)","board":"1-1","time":\#(time)}"#
  }

  // MARK: Playing

  @Test func anAnswerTakesItsRecordedTime() throws {
    let bus = ReplayBus(try Self.recording(Self.device, Self.status))
    let device = try #require(try bus.devices().first)
    #expect(device.path == "1-1")
    #expect(device.address == 5)
    #expect(device.descriptor.deviceVersion == 0x2200)
    #expect(device.hasDFU)
    let board = try bus.open(device)
    #expect(bus.rest.map(\.expected) == ["GETSTATUS"])
    let bytes = try board.receive(
      Self.getStatus, length: 6, timeout: .seconds(1))
    #expect(bytes == [0, 0, 0, 0, 2, 0])
    #expect(bus.clock.now() == .milliseconds(500))
    #expect(bus.rest.isEmpty && bus.departure == nil)
  }

  @Test func aBoardComesAndGoesAsLongAfterTheTransferAsItDid() throws {
    let back = Self.device
      .replacing(#""time":0"#, with: #""time":4"#)
      .replacing(#""address":5"#, with: #""address":6"#)
    let bus = ReplayBus(
      try Self.recording(Self.device, Self.status, Self.event("left", 2), back))
    let board = try Self.transport(bus)
    // Nothing goes before the transfer that was recorded first.
    bus.clock.sleep(for: .seconds(60))
    #expect(try bus.devices().map(\.address) == [5])
    _ = try board.receive(Self.getStatus, length: 6, timeout: .seconds(1))
    let answered = bus.clock.now()
    try bus.waitForChange(atMost: .seconds(10))
    #expect(bus.clock.now() - answered == .milliseconds(500))
    #expect(try bus.devices().isEmpty)
    #expect(throws: USBError(.noDevice, "receive a control reply")) {
      try board.receive(Self.getStatus, length: 6, timeout: .seconds(1))
    }
    try bus.waitForChange(atMost: .seconds(1))
    #expect(try bus.devices().isEmpty)
    try bus.waitForChange(atMost: .seconds(10))
    #expect(bus.clock.now() - answered == .milliseconds(2500))
    #expect(try bus.devices().map(\.address) == [6])
    #expect(bus.departure == nil)
  }

  @Test func anErrorAndAResetAreRecordedToo() throws {
    let failed = Self.status.replacing(
      #""data":"000000000200""#,
      with: #""data":"","error":"LIBUSB_ERROR_PIPE""#)
    let bus = ReplayBus(
      try Self.recording(
        Self.device, failed,
        #"{"event":"reset","board":"1-1","time":2,"error":"LIBUSB_ERROR_NOT_FOUND"}"#
      ))
    let board = try Self.transport(bus)
    #expect(throws: USBError(.pipe, "receive a control reply")) {
      try board.receive(Self.getStatus, length: 6, timeout: .seconds(1))
    }
    #expect(throws: USBError(.notFound, "reset the device")) {
      try board.reset()
    }
    #expect(bus.departure == nil && bus.rest.isEmpty)
  }

  @Test func anotherRequestIsADeparture() throws {
    let bus = ReplayBus(try Self.recording(Self.device, Self.status))
    let board = try Self.transport(bus)
    #expect(throws: USBError.self) { try board.reset() }
    #expect(
      bus.departure.map { "\($0)" }
        == "transfer 1 with board 1-1 (line 2): the recording has GETSTATUS, "
        + "and there was a reset of the port")
    // What was right before is not any more: the board is lost.
    #expect(throws: USBError.self) {
      try board.receive(Self.getStatus, length: 6, timeout: .seconds(1))
    }
    #expect(bus.departure?.got == "a reset of the port")
  }

  // MARK: Hostile recordings

  static let broken: [(String, String)] = [
    ("", "no transfer"),
    (device, "no transfer"),
    (status, "line 1: board 1-1 is not recorded to be there before"),
    (device + "\n{", "line 2: it is no line of a trace"),
    (device + "\n[]", "line 2: it is no line of a trace"),
    (device.replacing("\"1-1\"", with: "\"1-0.0\""), "no port path"),
    (device.replacing("1201", with: "120"), "not hexadecimal"),
    (device.replacing("1201", with: "12zz"), "not hexadecimal"),
    (device.replacing("1201", with: "1202"), "not all of a device"),
    (device.replacing("09021B", with: "09031B"), "configuration descriptor"),
    (device.replacing("\"address\":5", with: "\"address\":500"), "line 1"),
    (device.replacing("\"time\":0", with: "\"time\":-1"), "-1.0 seconds"),
    (device.replacing("\"time\":0", with: "\"time\":1e300"), "seconds"),
    (device + "\n" + event("explode", 1), "no event is called \"explode\""),
    (
      device + "\n" + status.replacing("0002", with: "000200"),
      "does not have \"length\" bytes"
    ),
    (
      device + "\n" + status.replacing("\"length\":6,", with: ""),
      "not all of a transfer"
    ),
    (
      device + "\n"
        + status.replacing(
          "\"seconds\"", with: "\"error\":\"OOPS\",\"seconds\""),
      "no error is called \"OOPS\""
    ),
    (
      device + "\n" + status.replacing("0.5", with: "1e9"),
      "not between 0 and a day"
    ),
    (String(repeating: "[", count: 100_000), "line 1"),
  ]

  @Test(arguments: broken)
  func aBrokenLineIsNamed(_ text: String, _ reason: String) throws {
    let error = #expect(throws: BenchError.self) {
      try Recording(parsing: Array(text.utf8), path: "x.jsonl")
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains(reason), "\(text)")
  }

  @Test func aFileThatIsTooLargeIsNotRead() throws {
    let path = NSTemporaryDirectory() + "huge-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: UInt64(Recording.mostBytes) + 1)
    #expect(throws: BenchError.self) { try Recording(file: path) }
    #expect(try Recording(file: path + ".none") == nil)
  }

  /// Cut anywhere, or with any byte changed, a recording is refused or ends the
  /// flash; nothing crashes, and nothing hangs.
  @Test(.timeLimit(.minutes(2)), arguments: ["stm32mp25-fsbl", "f405-flash"])
  func aDamagedRecordingNeverCrashes(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Recordings/\(name).jsonl")
    let whole = [UInt8](try Data(contentsOf: path))
    var read = 0
    for round in 0..<60 {
      var bytes = whole
      switch round % 3 {
      case 0: bytes = Array(bytes.prefix(.random(in: 0..<whole.count)))
      case 1:
        // After a whole line.
        bytes = Array(bytes.prefix(.random(in: whole.count / 2..<whole.count)))
        bytes = Array(bytes[...(bytes.lastIndex(of: 0x0A) ?? 0)])
      default:
        for _ in 0..<4 {
          // Another digit where one was.
          let place = Int.random(in: 0..<bytes.count)
          let digit = bytes[place...].firstIndex { (0x30...0x39).contains($0) }
          if let digit { bytes[digit] = UInt8.random(in: 0x30...0x39) }
        }
      }
      guard let recording = try? Recording(parsing: bytes, path: name) else {
        continue
      }
      read += 1
      let bus = ReplayBus(recording)
      guard
        let selected = try? BoardFinder(BoardSelector()).one(
          JobContext(bus: bus))
      else { continue }
      var firmware = JobFirmware(
        FirmwareFile(raw: [UInt8](repeating: 1, count: 1500)),
        at: 0x0800_0000)
      firmware.address = selected.interface.isDfuSe ? 0x0800_0000 : nil
      var job = FlashJob(firmware)
      job.board.alternate = .number(0)
      _ = try? job.run(selected, JobContext(bus: bus))
    }
    #expect(read > 0)
  }
}
