/// The class requests of DFU (DFU 1.1, table 3.2), as values that encode
/// themselves.
public enum DFURequest: Hashable, Sendable {
  /// DETACH, with the time in milliseconds the device shall wait for a reset.
  case detach(timeout: UInt16)
  /// DNLOAD of a block (`wBlockNum`).
  case download(block: UInt16)
  /// UPLOAD of a block (`wBlockNum`).
  case upload(block: UInt16)
  /// GETSTATUS.
  case getStatus
  /// CLRSTATUS.
  case clearStatus
  /// GETSTATE.
  case getState
  /// ABORT.
  case abort

  /// The request that a setup packet stands for; `nil` for one that is not of
  /// DFU.
  public init?(_ setup: ControlSetup) {
    switch setup.request {
    case 0: self = .detach(timeout: setup.value)
    case 1: self = .download(block: setup.value)
    case 2: self = .upload(block: setup.value)
    case 3: self = .getStatus
    case 4: self = .clearStatus
    case 5: self = .getState
    case 6: self = .abort
    default: return nil
    }
    if form.type != setup.requestType { return nil }
  }

  private var form: (type: UInt8, code: UInt8, name: String) {
    switch self {
    case .detach: (0x21, 0, "DETACH")
    case .download: (0x21, 1, "DNLOAD")
    case .upload: (0xA1, 2, "UPLOAD")
    case .getStatus: (0xA1, 3, "GETSTATUS")
    case .clearStatus: (0x21, 4, "CLRSTATUS")
    case .getState: (0xA1, 5, "GETSTATE")
    case .abort: (0x21, 6, "ABORT")
    }
  }

  /// The specification's name without "DFU_", such as `GETSTATUS`.
  public var name: String { form.name }

  private var value: UInt16 {
    switch self {
    case .detach(let value), .download(let value), .upload(let value): value
    case .getStatus, .clearStatus, .getState, .abort: 0
    }
  }

  /// The setup packet for the request to `interface`.
  public func setup(interface: UInt8) -> ControlSetup {
    ControlSetup(
      requestType: form.type, request: form.code, value: value,
      index: UInt16(interface))
  }
}

extension TransferObservation {
  /// The specification's name of the request.
  public var requestName: String {
    if let request = DFURequest(setup) { return request.name }
    switch (setup.requestType & 0x7F, setup.request) {
    case (0x00, 6): return "GET_DESCRIPTOR"
    case (0x01, 11): return "SET_INTERFACE"
    default: return "REQUEST \(setup.request)"
    }
  }

  /// What a GETSTATUS told.
  public var statusReport: DFUStatusReport? {
    requestName == "GETSTATUS" ? DFUStatusReport(parsing: data) : nil
  }
}
