public import DFUCore

/// What kind of request a control transfer is, as faults and counters see it.
public enum RequestKind: String, Hashable, Sendable, CaseIterable, Codable {
  /// Any request at all (faults only).
  case any
  /// DFU_DETACH.
  case detach
  /// DFU_DNLOAD of any content (faults only, beside the finer kinds).
  case download
  /// DFU_DNLOAD of a DfuSe command with block 0.
  case command
  /// DFU_DNLOAD with data.
  case data
  /// DFU_DNLOAD of length 0.
  case zeroLength
  /// DFU_UPLOAD.
  case upload
  /// DFU_GETSTATUS.
  case getStatus
  /// DFU_CLRSTATUS.
  case clearStatus
  /// DFU_GETSTATE.
  case getState
  /// DFU_ABORT.
  case abort
  /// GET_DESCRIPTOR.
  case getDescriptor
  /// SET_INTERFACE.
  case setInterface
  /// Any other standard or vendor request.
  case other
}

/// One line of a transcript.
public struct TransferRecord: Hashable, Sendable, CustomStringConvertible {
  /// When the transfer began, by the board's clock.
  public var time: Duration
  /// The setup packet.
  public var setup: ControlSetup
  /// What kind of request it is.
  public var kind: RequestKind
  /// Bytes sent, or asked for.
  public var length: Int
  /// The first bytes that were sent, at most 8.
  public var sent: [UInt8]
  /// What the device did; of the bytes that came, the first 8.
  public var answer: ControlAnswer
  /// How many bytes came.
  public var receivedCount: Int

  init(
    _ setup: ControlSetup, at time: Duration, sent: [UInt8], asked: UInt16,
    _ answer: ControlAnswer
  ) {
    self.time = time
    self.setup = setup
    kind = setup.kind(length: sent.count)
    length = setup.isDeviceToHost ? Int(asked) : sent.count
    self.sent = Array(sent.prefix(8))
    self.answer = answer
    receivedCount = 0
    guard case .data(let bytes) = answer else { return }
    self.answer = .data(Array(bytes.prefix(8)))
    receivedCount = bytes.count
  }

  /// Such as `DNLOAD block=0 [21 00 00 00 08]` or
  /// `GETSTATUS → dfuDNBUSY 104 ms`.
  public var description: String {
    let text = requestText
    let received: [UInt8]
    switch answer {
    case .data(let bytes): received = bytes
    case .stall, .timeout, .gone: return "\(text) → \(answer)"
    case .transferError: return "\(text) → error"
    }
    switch kind {
    case .getStatus where received.count >= 6:
      let poll =
        Int(received[1]) | Int(received[2]) << 8 | Int(received[3]) << 16
      var line = "\(text) → \(Self.stateName(received[4]))"
      if received[0] != 0 { line += " \(Self.statusName(received[0]))" }
      if poll != 0 { line += " \(poll) ms" }
      return line
    case .getState where received.count == 1:
      return "\(text) → \(Self.stateName(received[0]))"
    case .upload where setup.value != 0 || receivedCount > 8:
      return "\(text) → \(receivedCount) bytes"
    default:
      guard setup.isDeviceToHost else { return text }
      return receivedCount <= 8
        ? "\(text) → [\(Self.list(received))]"
        : "\(text) → \(receivedCount) bytes"
    }
  }

  /// The request alone, such as `DNLOAD block=0 [21 00 00 00 08]`.
  var requestText: String {
    switch kind {
    case .detach: "DETACH \(setup.value) ms"
    case .command, .data, .zeroLength, .download:
      length <= 8
        ? "DNLOAD block=\(setup.value) [\(Self.list(sent))]"
        : "DNLOAD block=\(setup.value) \(length) bytes"
    case .upload: "UPLOAD block=\(setup.value) \(length)"
    case .getStatus: "GETSTATUS"
    case .clearStatus: "CLRSTATUS"
    case .getState: "GETSTATE"
    case .abort: "ABORT"
    case .getDescriptor:
      "GET_DESCRIPTOR \(setup.value >> 8) \(setup.value & 0xFF)"
    case .setInterface: "SET_INTERFACE \(setup.index) alt=\(setup.value)"
    case .any, .other:
      "REQUEST \(hex(setup.requestType, 2)) "
        + "\(setup.request) value=\(setup.value) index=\(setup.index)"
    }
  }

  private static func list(_ bytes: [UInt8]) -> String {
    bytes.map { hex($0, 2) }.joined(separator: " ")
  }

  private static let states = [
    "appIDLE", "appDETACH", "dfuIDLE", "dfuDNLOAD-SYNC", "dfuDNBUSY",
    "dfuDNLOAD-IDLE", "dfuMANIFEST-SYNC", "dfuMANIFEST",
    "dfuMANIFEST-WAIT-RESET", "dfuUPLOAD-IDLE", "dfuERROR",
  ]
  private static let statuses = [
    "OK", "errTARGET", "errFILE", "errWRITE", "errERASE", "errCHECK_ERASED",
    "errPROG", "errVERIFY", "errADDRESS", "errNOTDONE", "errFIRMWARE",
    "errVENDOR", "errUSBR", "errPOR", "errUNKNOWN", "errSTALLEDPKT",
  ]

  private static func stateName(_ value: UInt8) -> String {
    Int(value) < states.count ? states[Int(value)] : "state \(value)"
  }

  private static func statusName(_ value: UInt8) -> String {
    Int(value) < statuses.count ? statuses[Int(value)] : "status \(value)"
  }
}

/// Everything that was said to a board, and how often.
public struct TransferLog: Sendable {
  /// The transfers, oldest first; those beyond the limit are only counted.
  public private(set) var records: [TransferRecord] = []
  /// How many of each kind.
  public private(set) var counts: [RequestKind: Int] = [:]
  /// All control transfers.
  public private(set) var total = 0
  /// Bytes sent by the host in data stages.
  public private(set) var bytesSent = 0
  /// Bytes received by the host in data stages.
  public private(set) var bytesReceived = 0
  /// Transfers that stalled.
  public private(set) var stalls = 0
  /// GETSTATUS asked before the time reported by the last one was over.
  public internal(set) var earlyPolls = 0
  /// How many records are kept.
  public var limit = 100_000

  /// The transcript, a line a transfer, DFU requests only.
  public var text: String {
    records.filter { $0.kind != .getDescriptor }.map(\.description)
      .joined(separator: "\n")
  }

  mutating func append(_ record: TransferRecord) {
    total += 1
    counts[record.kind, default: 0] += 1
    if record.answer == .stall { stalls += 1 }
    if record.setup.isDeviceToHost {
      bytesReceived += record.receivedCount
    } else {
      bytesSent += record.length
    }
    if records.count < limit { records.append(record) }
  }
}

extension ControlSetup {
  /// What kind of request this is, with so many bytes of data.
  func kind(length: Int) -> RequestKind {
    if requestType & 0x60 == 0x20 {
      switch request {
      case 0: return .detach
      case 1:
        if length == 0 { return .zeroLength }
        return value == 0 ? .command : .data
      case 2: return .upload
      case 3: return .getStatus
      case 4: return .clearStatus
      case 5: return .getState
      case 6: return .abort
      default: return .other
      }
    }
    switch (requestType & 0x7F, request) {
    case (0x00, 6), (0x01, 6): return .getDescriptor
    case (0x01, 11): return .setInterface
    default: return .other
    }
  }
}
