/// The state of a DFU device (`bState`; DFU 1.1, 6.1.2 and appendix A).
/// Unknown values survive.
public struct DFUState: RawRepresentable, Hashable, Sendable {
  /// The byte on the wire.
  public var rawValue: UInt8

  /// A state by its byte.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `appIDLE`: the application runs.
  public static let appIdle = DFUState(rawValue: 0)
  /// `appDETACH`: the application waits for the bus reset.
  public static let appDetach = DFUState(rawValue: 1)
  /// `dfuIDLE`: waiting for a request.
  public static let idle = DFUState(rawValue: 2)
  /// `dfuDNLOAD-SYNC`: a block has come, waiting for GETSTATUS.
  public static let downloadSync = DFUState(rawValue: 3)
  /// `dfuDNBUSY`: working on a block.
  public static let downloadBusy = DFUState(rawValue: 4)
  /// `dfuDNLOAD-IDLE`: waiting for the next block.
  public static let downloadIdle = DFUState(rawValue: 5)
  /// `dfuMANIFEST-SYNC`: all blocks have come, waiting for GETSTATUS.
  public static let manifestSync = DFUState(rawValue: 6)
  /// `dfuMANIFEST`: taking the new firmware into use.
  public static let manifest = DFUState(rawValue: 7)
  /// `dfuMANIFEST-WAIT-RESET`: done, waiting for a reset.
  public static let manifestWaitReset = DFUState(rawValue: 8)
  /// `dfuUPLOAD-IDLE`: waiting for the next UPLOAD.
  public static let uploadIdle = DFUState(rawValue: 9)
  /// `dfuERROR`: waiting for CLRSTATUS.
  public static let error = DFUState(rawValue: 10)

  private static let names = [
    "appIDLE", "appDETACH", "dfuIDLE", "dfuDNLOAD-SYNC", "dfuDNBUSY",
    "dfuDNLOAD-IDLE", "dfuMANIFEST-SYNC", "dfuMANIFEST",
    "dfuMANIFEST-WAIT-RESET", "dfuUPLOAD-IDLE", "dfuERROR",
  ]
}

extension DFUState: CustomStringConvertible {
  /// The specification's name.
  public var description: String {
    Int(rawValue) < Self.names.count
      ? Self.names[Int(rawValue)] : "unknown state \(rawValue)"
  }
}
