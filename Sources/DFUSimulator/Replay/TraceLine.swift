public import DFUCore

/// One line of a trace (docs/schema/trace.json).
public struct TraceLine: Codable, Sendable {
  var time: Double?
  var board: String?
  /// `device`, `left`, `reset` or `note`; `nil` for a transfer.
  var event: String?
  /// What a note says.
  var text: String?
  var address: UInt8?
  var speed: Int32?
  var device: String?
  var configurations: [String]?
  var request: String?
  var requestType: UInt8?
  var code: UInt8?
  var value: UInt16?
  var index: UInt16?
  var length: UInt16?
  var data: String?
  var seconds: Double?
  var status: String?
  var state: String?
  var pollTimeout: UInt32?
  var error: String?

  /// What was seen as a line.
  public init(_ seen: BusObservation) {
    board = seen.path
    time = seen.time.inSeconds
    switch seen {
    case .transfer(let transfer):
      request = transfer.requestName
      requestType = transfer.setup.requestType
      code = transfer.setup.request
      value = transfer.setup.value
      index = transfer.setup.index
      length = UInt16(clamping: transfer.length)
      data = Self.digits(transfer.data)
      seconds = transfer.duration.inSeconds
      error = transfer.error?.code.name
      let report = transfer.statusReport
      status = report?.status.name
      state = report.map { "\($0.state)" }
      pollTimeout = report?.pollTimeout
    case .arrived(let device, _):
      event = "device"
      address = device.address
      speed = device.speed.rawValue
      self.device = Self.digits(
        device.descriptor.bytes(configurations: device.configurations.count))
      configurations = device.configurations.map { Self.digits($0.bytes) }
    case .left: event = "left"
    case .reset(_, let problem, _):
      event = "reset"
      error = problem?.code.name
    }
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    bytes.map { hex($0, 2) }.joined()
  }

  /// What a line says that was seen.
  func seen() throws(BenchFault) -> BusObservation {
    guard let board, let port = PortPath(board) else {
      throw BenchFault("\"board\" is no port path")
    }
    guard let time = try DFUSimulator.seconds(time) else {
      throw BenchFault("\"time\" is missing")
    }
    switch event {
    case nil: return .transfer(try transfer(board, time))
    case "device"?: return .arrived(try arrival(port), at: time)
    case "left"?: return .left(board, at: time)
    case "reset"?: return .reset(board, try failure(), at: time)
    case let other?:
      throw BenchFault("no event is called \(other.debugDescription)")
    }
  }

  private func transfer(
    _ board: String, _ time: Duration
  ) throws(BenchFault) -> TransferObservation {
    guard let requestType, let code, let value, let index, let length,
      let bytes = try Self.bytes(data),
      let duration = try DFUSimulator.seconds(seconds)
    else { throw BenchFault("it is not all of a transfer") }
    let setup = ControlSetup(
      requestType: requestType, request: code, value: value, index: index)
    guard
      setup.isDeviceToHost
        ? bytes.count <= Int(length) : bytes.count == Int(length)
    else { throw BenchFault("\"data\" does not have \"length\" bytes") }
    return TransferObservation(
      path: board, setup: setup, length: Int(length), data: bytes,
      error: try failure(), start: time, duration: duration)
  }

  private func arrival(_ port: PortPath) throws(BenchFault) -> USBDevice {
    guard let address, let raw = try Self.bytes(device),
      let descriptor = DeviceDescriptor(parsing: raw)
    else { throw BenchFault("it is not all of a device") }
    var all: [ConfigurationDescriptor] = []
    for text in configurations ?? [] {
      guard let raw = try Self.bytes(text),
        let configuration = ConfigurationDescriptor(parsing: raw)
      else { throw BenchFault("a configuration descriptor is wrong") }
      all.append(configuration)
    }
    return USBDevice(
      bus: port.bus, address: address, ports: port.ports,
      speed: USBSpeed(rawValue: speed ?? 0), descriptor: descriptor,
      configurations: all)
  }

  private func failure() throws(BenchFault) -> USBError? {
    guard let error else { return nil }
    guard let code = USBError.Code(name: error) else {
      throw BenchFault("no error is called \(error.debugDescription)")
    }
    return USBError(code, "do what was recorded")
  }

  private static func bytes(_ text: String?) throws(BenchFault) -> [UInt8]? {
    guard let text else { return nil }
    let digits = text.unicodeScalars.compactMap(\.hexDigit)
    guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2)
    else { throw BenchFault("it has bytes that are not hexadecimal") }
    return stride(from: 0, to: digits.count, by: 2).map {
      digits[$0] << 4 | digits[$0 + 1]
    }
  }
}
