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
  /// The sectors are not blank although the board reports that it erased them;
  /// the first byte that is not is at the address.
  case notErased([Sector], address: UInt32)
  /// The range cannot be read back, and reading back was required.
  case unverifiable(Range<UInt64>)
  /// The user stopped it.
  case cancelled
  /// What was read could not be stored.
  case output(String)
}

extension FlashError {
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
    case .notErased(let sectors, let address):
      """
      \(Self.list(sectors)) not blank (the first such byte is at \
      0x\(hex(address))) although the board reports that the memory was erased
      """
    case .unverifiable(let range):
      """
      0x\(hex(range.lowerBound))–0x\(hex(range.upperBound - 1)) cannot be \
      read back, so what was written is not verified
      """
    case .cancelled: "stopped by the user"
    case .output(let text): text
    }
  }

  private static func list(_ sectors: [Sector]) -> String {
    let shown = sectors.prefix(4).map {
      "0x\(hex($0.address)) (\($0.size) bytes)"
    }.joined(separator: ", ")
    let rest = sectors.count - min(4, sectors.count)
    return sectors.count == 1
      ? "the sector at \(shown) is"
      : "the sectors at \(shown)\(rest > 0 ? " and \(rest) more" : "") are"
  }
}

/// What the board does at its next reset after a flash that did not end, as far
/// as the memory that was worked on decides.
public enum AfterReset: Hashable, Sendable {
  /// What it did before: nothing was changed.
  case asBefore
  /// It finds no program: the vector table is blank.
  case noProgram
  /// It starts a mixture of the old and the new program.
  case mixture
  /// It starts the new program, not all of which was verified.
  case newProgram
  /// Not known.
  case unknown
}

/// A flash that failed, and what it leaves behind.
public struct FlashFailure: Error, Hashable, Sendable {
  /// Why.
  public var error: FlashError
  /// What the board does at its next reset.
  public var afterReset: AfterReset
  /// Bytes beside the image that were erased with it and not written back.
  public var lost: [FirmwareImage.Segment]

  /// A failure from its parts.
  public init(
    _ error: FlashError, afterReset: AfterReset = .asBefore,
    lost: [FirmwareImage.Segment] = []
  ) {
    self.error = error
    self.afterReset = afterReset
    self.lost = lost
  }
}

extension FlashFailure: CustomStringConvertible {
  /// Why it failed.
  public var description: String { error.description }
}
