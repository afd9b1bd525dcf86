import DFUCore

/// What was seen of the bus as one line of a trace (docs/schema/trace.json).
struct TraceLine: Encodable {
  var time: Double
  var board: String
  /// `device`, `left` or `reset`; `nil` for a transfer.
  var event: String?
  var address: UInt8?
  var speed: Int32?
  var device: String?
  var configurations: [String]?
  var request: String?
  var requestType: UInt8?
  var code: UInt8?
  var value: UInt16?
  var index: UInt16?
  var length: Int?
  var data: String?
  var seconds: Double?
  var status: String?
  var state: String?
  var pollTimeout: UInt32?
  var error: String?

  init(_ observation: BusObservation) {
    switch observation {
    case .transfer(let transfer): self.init(transfer)
    case .arrived(let device, let time):
      self.init("device", device.path, time)
      address = device.address
      speed = device.speed.rawValue
      self.device = Self.digits(
        device.descriptor.bytes(configurations: device.configurations.count))
      configurations = device.configurations.map { Self.digits($0.bytes) }
    case .left(let path, let time): self.init("left", path, time)
    case .reset(let path, let problem, let time):
      self.init("reset", path, time)
      error = problem?.code.name
    }
  }

  private init(_ event: String?, _ board: String, _ time: Duration) {
    self.event = event
    self.board = board
    self.time = time.inSeconds
  }

  private init(_ transfer: TransferObservation) {
    self.init(nil, transfer.path, transfer.start)
    let report = transfer.statusReport
    request = transfer.requestName
    requestType = transfer.setup.requestType
    code = transfer.setup.request
    value = transfer.setup.value
    index = transfer.setup.index
    length = transfer.length
    data = Self.digits(transfer.data)
    seconds = transfer.duration.inSeconds
    status = report?.status.name
    state = report.map { "\($0.state)" }
    pollTimeout = report?.pollTimeout
    error = transfer.error?.code.name
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    bytes.map { hex($0, 2) }.joined()
  }
}
