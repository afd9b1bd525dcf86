/// What devices do that their descriptors do not tell, as rows of a table.
/// Each row names devices by their ids; the rows that fit a device add up.
public struct DeviceQuirk: Hashable, Sendable {
  /// A deviation.
  public enum Effect: Hashable, Sendable {
    /// The poll times it reports mean nothing; the true one in milliseconds.
    case pollTime(UInt32)
    /// It speaks plain DFU, although it claims DfuSe's version.
    case plainDFU
    /// Its uploads begin with TI's 8-byte prefix, and start over where the
    /// image fills the last block: the prefix tells their end.
    case uploadsPrefix
    /// Its DFU interface does not speak DFU as specified; what it speaks.
    case otherProtocol(String)
    /// Its application has a DFU interface that hardly anyone means: it is
    /// never taken without being named.
    case unrelated
  }

  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var products: ClosedRange<UInt16>
  /// `bcdDevice`; `nil` for any.
  public var deviceVersion: UInt16?
  /// What is different.
  public var effect: Effect
  /// What kind of device it is.
  public var title: String

  fileprivate init(
    _ title: String, _ vendor: UInt16, _ products: ClosedRange<UInt16>,
    version: UInt16? = nil, _ effect: Effect
  ) {
    self.title = title
    self.vendor = vendor
    self.products = products
    deviceVersion = version
    self.effect = effect
  }

  /// Whether the row is about a device.
  public func fits(_ device: DeviceDescriptor) -> Bool {
    vendor == device.vendor && products.contains(device.product)
      && (deviceVersion == nil || deviceVersion == device.deviceVersion)
  }

  /// The rows about a device.
  public static func quirks(of device: DeviceDescriptor) -> [DeviceQuirk] {
    table.filter { $0.fits(device) }
  }

  /// All rows.
  public static let table: [DeviceQuirk] = [
    // Boot loaders that grew from OpenMoko's report poll times of up to
    // minutes; 5 ms is right for all of them (dfu-util's documentation).
    .init("OpenMoko", 0x1D50, 0x5117...0x5126, .pollTime(5)),
    .init("OpenMoko", 0x1457, 0x5117...0x5126, .pollTime(5)),
    .init("SIMtrace", 0x16C0, 0x0762...0x0762, .pollTime(5)),
    .init("OpenPCD", 0x16C0, 0x076B...0x076C, .pollTime(5)),
    .init(
      "Siemens PXM", 0x0908, 0x02C4...0x02C5, version: 0, .pollTime(5)),
    .init("Midiman", 0x0763, 0x2806...0x2806, .pollTime(5)),
    // Old Maple boot loaders state 0x011A and know no DfuSe command.
    .init("LeafLabs Maple", 0x1EAF, 0x0003...0x0003, .plainDFU),
    .init("TI Tiva", 0x1CBE, 0x00FF...0x00FF, .uploadsPrefix),
    .init(
      "Atmel boot loader", 0x03EB, 0x2F00...0x2FFF,
      .otherProtocol("Atmel's FLIP protocol; dfu-programmer speaks it")),
    .init(
      "Atheros Bluetooth", 0x0CF3, 0x3000...0x3000,
      .otherProtocol("what the kernel's driver ath3k loads it with")),
    .init(
      "CSR Bluetooth", 0x0A12, 0xFFFF...0xFFFF,
      .otherProtocol("CSR's own files and commands; use its maker's tool")),
    .init("Apple Bluetooth", 0x05AC, 0x821A...0x821A, .unrelated),
    .init("Apple Bluetooth", 0x05AC, 0x8289...0x8289, .unrelated),
    .init("Apple Bluetooth", 0x05AC, 0x828B...0x828B, .unrelated),
    .init("Apple Bluetooth", 0x05AC, 0x8290...0x8290, .unrelated),
    .init("Apple Bluetooth", 0x05AC, 0x8296...0x8296, .unrelated),
    .init("Realtek camera", 0x0BDA, 0x5517...0x5517, .unrelated),
    .init("Focusrite audio", 0x1235, 0x800A...0x800A, .unrelated),
    .init("Broadcom Bluetooth", 0x0A5C, 0x21E8...0x21E8, .unrelated),
  ]
}

extension Board {
  /// What is known of the device besides what it says.
  public var quirks: [DeviceQuirk] {
    DeviceQuirk.quirks(of: device.descriptor)
  }

  /// What the device speaks in place of DFU, if it does.
  public var otherProtocol: String? {
    for case .otherProtocol(let name) in quirks.map(\.effect) { return name }
    return nil
  }

  /// The poll time to use instead of the one the device reports.
  public var pollTime: Duration? {
    for case .pollTime(let time) in quirks.map(\.effect) {
      return .milliseconds(Int64(time))
    }
    return nil
  }

  /// Whether an interface is in the way of those who look for another: of a
  /// running application that can neither download nor upload, or that is
  /// known for it.
  public func isUnrelated(_ interface: DFUInterface) -> Bool {
    guard interface.mode == .runtime else { return false }
    if let attributes = interface.functional?.attributes,
      attributes.isDisjoint(with: [.canDownload, .canUpload])
    {
      return true
    }
    return quirks.map(\.effect).contains(.unrelated)
  }
}
