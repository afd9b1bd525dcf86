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

  /// The setup packet for the request to `interface`.
  public func setup(interface: UInt8) -> ControlSetup {
    let (request, value, isIn): (UInt8, UInt16, Bool) =
      switch self {
      case .detach(let timeout): (0, timeout, false)
      case .download(let block): (1, block, false)
      case .upload(let block): (2, block, true)
      case .getStatus: (3, 0, true)
      case .clearStatus: (4, 0, false)
      case .getState: (5, 0, true)
      case .abort: (6, 0, false)
      }
    return ControlSetup(
      requestType: isIn ? 0xA1 : 0x21, request: request, value: value,
      index: UInt16(interface))
  }
}
