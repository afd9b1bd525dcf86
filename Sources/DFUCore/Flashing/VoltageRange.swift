/// How the flash of F2, F4 and F7 chips is programmed: over DFU the supply
/// voltage decides, told through the memory `Device Feature` (AN2606).
public struct VoltageRange: Hashable, Sendable {
  /// The byte at the start of the Device Feature memory.
  public var code: UInt8

  /// The range for a supply voltage in millivolts; `nil` below 2.7 V, where
  /// programming 32 bits at a time is not allowed, and above 3.6 V.
  public init?(programming32BitsAt millivolts: Int) {
    guard (2700...3600).contains(millivolts) else { return nil }
    code = 3
  }

  /// Where the Device Feature memory is.
  public static let address: UInt32 = 0xFFFF_0000

  /// Sets the range and reads it back.
  ///
  /// - Parameter session: a session on the alternate setting of the Device
  ///   Feature memory.
  /// - Returns: whether the chip took it.
  package func set(_ session: DfuSeSession) throws(DFUError) -> Bool {
    try session.write([code, 0xFF, 0xFF, 0xFF].span, at: Self.address)
    return try session.read(4, at: Self.address).first == code
  }
}
