/// The end of a DFU file: for which device it is, and a CRC over all of it
/// (DFU 1.1, appendix B).
///
/// The suffix is for the host; it is never sent to a device.
public struct DFUSuffix: Hashable, Sendable {
  /// `bcdDevice`, or 0xFFFF for any.
  public var deviceVersion: UInt16
  /// `idProduct`, or 0xFFFF for any.
  public var product: UInt16
  /// `idVendor`, or 0xFFFF for any.
  public var vendor: UInt16
  /// `bcdDFU`: 0x0100 for plain DFU, 0x011A for DfuSe.
  public var dfuVersion: UInt16
  /// `bLength`: bytes of the suffix, 16 unless a writer added some.
  public internal(set) var length: Int
  /// `dwCRC` as stored: over the file up to itself, not complemented.
  public internal(set) var crc: UInt32

  /// A suffix to be written; its CRC is made when it is added to a file.
  public init(
    vendor: UInt16 = 0xFFFF, product: UInt16 = 0xFFFF,
    deviceVersion: UInt16 = 0xFFFF, dfuVersion: UInt16 = 0x0100
  ) {
    self.deviceVersion = deviceVersion
    self.product = product
    self.vendor = vendor
    self.dfuVersion = dfuVersion
    length = Self.minimumLength
    crc = 0
  }

  /// `bLength` of a suffix without additions, bytes.
  public static let minimumLength = 16

  /// Whether the file is for a device with these ids; 0xFFFF in the suffix
  /// stands for any.
  public func matches(vendor: UInt16, product: UInt16) -> Bool {
    (self.vendor == 0xFFFF || self.vendor == vendor)
      && (self.product == 0xFFFF || self.product == product)
  }

  /// Reads and checks the suffix of a whole file; `nil` when the file has
  /// none.
  ///
  /// Throws ``FirmwareError`` when there is one and its CRC or its length is
  /// wrong.
  public init?(endOf file: [UInt8]) throws(FirmwareError) {
    guard Self.isSigned(file) else { return nil }
    let end = file.count
    deviceVersion = UInt16(littleEndianAt: end - 16, in: file)
    product = UInt16(littleEndianAt: end - 14, in: file)
    vendor = UInt16(littleEndianAt: end - 12, in: file)
    dfuVersion = UInt16(littleEndianAt: end - 10, in: file)
    length = Int(file[end - 5])
    crc = UInt32(littleEndianAt: end - 4, in: file)
    var computed = CRC32()
    computed.update(file.span.extracting(..<(end - 4)))
    guard computed.register == crc else {
      throw FirmwareError(
        .suffixChecksum(stored: crc, computed: computed.register),
        at: .offset(end - 4))
    }
    guard length >= Self.minimumLength, length <= end else {
      throw FirmwareError(
        .malformed("the DFU suffix says that it is \(length) bytes long"),
        at: .offset(end - 5))
    }
  }

  /// What is wrong with the CRC of a file's suffix, if anything.
  static func damage(of file: [UInt8]) -> FirmwareError? {
    do throws(FirmwareError) {
      _ = try DFUSuffix(endOf: file)
    } catch {
      if case .suffixChecksum = error.kind { return error }
    }
    return nil
  }

  /// Whether a file ends like one with a suffix: it is long enough and has
  /// the suffix's signature in its place.
  static func isSigned(_ file: [UInt8]) -> Bool {
    let end = file.count
    return end >= minimumLength && file[end - 8] == UInt8(ascii: "U")
      && file[end - 7] == UInt8(ascii: "F")
      && file[end - 6] == UInt8(ascii: "D")
  }

  /// A file with this suffix at its end.
  public func appended(to content: [UInt8]) -> [UInt8] {
    var file = content
    file.reserveCapacity(content.count + Self.minimumLength)
    file += deviceVersion.littleEndianBytes
    file += product.littleEndianBytes
    file += vendor.littleEndianBytes
    file += dfuVersion.littleEndianBytes
    file += [UInt8(ascii: "U"), UInt8(ascii: "F"), UInt8(ascii: "D")]
    file.append(UInt8(Self.minimumLength))
    var crc = CRC32()
    crc.update(file.span)
    file += crc.register.littleEndianBytes
    return file
  }
}

/// The beginning of a plain DFU file that some makers' boot loaders want to
/// have. Unlike the suffix it is part of what is sent.
public enum DFUPrefix: Hashable, Sendable {
  /// Texas Instruments Stellaris and Tiva, 8 bytes: the address of the
  /// payload.
  case stellaris(address: UInt32)
  /// NXP LPC, 16 bytes: the payload in blocks of 512 bytes.
  case lpc(blocks: UInt16)

  /// Bytes of the prefix.
  public var length: Int {
    switch self {
    case .stellaris: 8
    case .lpc: 16
    }
  }

  /// Reads the prefix of a payload (a file without its suffix); `nil` when
  /// it has none.
  public init?(startOf payload: [UInt8]) {
    guard payload.count >= 8 else { return nil }
    if payload[0] == 1, payload[1] == 0,
      Int(UInt32(littleEndianAt: 4, in: payload)) == payload.count - 8
    {
      self = .stellaris(
        address: UInt32(UInt16(littleEndianAt: 2, in: payload)) * 1024)
    } else if payload.count >= 16, payload[0] == 0x1A, payload[1] == 0x3F,
      payload[4..<12].allSatisfy({ $0 == 0 }),
      payload[12..<16].allSatisfy({ $0 == 0xFF })
    {
      self = .lpc(blocks: UInt16(littleEndianAt: 2, in: payload))
    } else {
      return nil
    }
  }
}
