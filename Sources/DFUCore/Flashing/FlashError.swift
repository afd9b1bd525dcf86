/// Why a flash, a read or an erase failed.
public enum FlashError: Error, Hashable, Sendable {
  /// The image or the range does not fit; the board was not touched.
  case refused(FlashRefusal)
  /// Speaking with the board failed.
  case device(DFUError)
  /// The board refuses to have its memory read or written: readout
  /// protection.
  case readProtected(DFUError)
  /// What was read back differs from what was written.
  case mismatch(FlashMismatch)
  /// The sector is not blank although the board reports that it erased it.
  case notErased(Sector, address: UInt32)
  /// The user stopped it.
  case cancelled
  /// What was read could not be stored.
  case output(String)
}

extension FlashError {
  /// What a failure while speaking with a ROM means: errVENDOR is readout
  /// protection there.
  init(_ error: DFUError) {
    self =
      error.status == .vendor ? .readProtected(error) : .failed(error)
  }

  /// A failure while speaking with any device.
  static func failed(_ error: DFUError) -> FlashError {
    error.reason == .stopped ? .cancelled : .device(error)
  }
}

/// The first difference that verifying found.
public struct FlashMismatch: Hashable, Sendable {
  /// The address of the first byte that differs.
  public var address: UInt32
  /// What should be there.
  public var expected: UInt8
  /// What is there.
  public var found: UInt8
  /// How many bytes of the block of that address differ.
  public var count: Int
  /// The sector, where known.
  public var sector: Sector?

  /// A difference from its parts.
  public init(
    address: UInt32, expected: UInt8, found: UInt8, count: Int,
    sector: Sector? = nil
  ) {
    self.address = address
    self.expected = expected
    self.found = found
    self.count = count
    self.sector = sector
  }
}

extension FlashError: CustomStringConvertible {
  /// What happened and where.
  public var description: String {
    switch self {
    case .refused(let refusal): refusal.description
    case .device(let error): error.description
    case .readProtected(let error):
      "\(error). The chip's memory is read-protected"
    case .mismatch(let mismatch):
      """
      verification failed: 0x\(hex(mismatch.address)) holds \
      0x\(hex(mismatch.found, 2)) instead of 0x\(hex(mismatch.expected, 2)) \
      (\(mismatch.count) byte\(mismatch.count == 1 ? "" : "s") of that block \
      differ\(mismatch.count == 1 ? "s" : ""))
      """
    case .notErased(let sector, let address):
      """
      the sector at 0x\(hex(sector.address)) (\(sector.size) bytes) is not \
      blank at 0x\(hex(address)) although the board reports that it erased it
      """
    case .cancelled: "stopped by the user"
    case .output(let text): text
    }
  }
}
