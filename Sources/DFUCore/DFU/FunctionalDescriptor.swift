/// The DFU functional descriptor (DFU 1.1, 4.1.3).
public struct FunctionalDescriptor: Hashable, Sendable {
  /// `bmAttributes`. Unknown bits survive.
  public struct Attributes: OptionSet, Hashable, Sendable {
    /// The byte on the wire.
    public var rawValue: UInt8

    /// Attributes by their byte.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `bitCanDnload`.
    public static let canDownload = Attributes(rawValue: 1)
    /// `bitCanUpload`.
    public static let canUpload = Attributes(rawValue: 2)
    /// `bitManifestationTolerant`: still speaks DFU after manifestation.
    public static let manifestationTolerant = Attributes(rawValue: 4)
    /// `bitWillDetach`: leaves the bus by itself after DETACH.
    public static let willDetach = Attributes(rawValue: 8)
  }

  /// `bmAttributes`.
  public var attributes: Attributes
  /// `wDetachTimeOut`, milliseconds.
  public var detachTimeout: UInt16
  /// `wTransferSize`, bytes: the most that one DNLOAD or UPLOAD may carry.
  public var transferSize: UInt16
  /// `bcdDFUVersion`; 0x0100 where the descriptor is of DFU 1.0 and does not
  /// have it.
  public var version: UInt16

  /// A descriptor from its fields.
  public init(
    attributes: Attributes, detachTimeout: UInt16, transferSize: UInt16,
    version: UInt16
  ) {
    self.attributes = attributes
    self.detachTimeout = detachTimeout
    self.transferSize = transferSize
    self.version = version
  }

  /// `bcdDFUVersion` of DfuSe, ST's extension (UM0424).
  public static let dfuSeVersion: UInt16 = 0x011A

  /// Looks for the descriptor (type 0x21) in a chain of class descriptors and
  /// takes the first. Nine bytes, or the seven of DFU 1.0. A chain that is
  /// cut off, or a length that cannot be, ends the search.
  public init?(searching extra: [UInt8]) {
    var position = 0
    while position + 2 <= extra.count {
      let length = Int(extra[position])
      guard length >= 2, position + length <= extra.count else { return nil }
      if extra[position + 1] == 0x21, length >= 7 {
        self.init(
          attributes: Attributes(rawValue: extra[position + 2]),
          detachTimeout: UInt16(littleEndianAt: position + 3, in: extra),
          transferSize: UInt16(littleEndianAt: position + 5, in: extra),
          version: length >= 9
            ? UInt16(littleEndianAt: position + 7, in: extra) : 0x0100)
        return
      }
      position += length
    }
    return nil
  }
}
