/// A USB device that someone with a board on the desk may meet: devices with
/// DFU by their ids, and those that people mistake for them.
public struct KnownDevice: Hashable, Sendable {
  /// What a device is to someone who wants to flash a board.
  public enum Role: String, Hashable, Sendable, CaseIterable {
    /// Waits in DFU mode, or speaks DFU under the same ids.
    case dfu
    /// An application that DETACH takes to DFU mode.
    case runtime
    /// A debug probe: another connector of the board, without DFU.
    case debugProbe
    /// A serial adapter: DFU does not pass through it.
    case serialAdapter
    /// A board whose application runs, without DFU.
    case application
  }

  /// What it is called.
  public var title: String
  /// `idVendor`.
  public var vendor: UInt16
  /// `idProduct`.
  public var products: ClosedRange<UInt16>
  /// What it is here.
  public var role: Role

  /// A row.
  public init(
    _ title: String, _ vendor: UInt16, _ products: ClosedRange<UInt16>,
    _ role: Role
  ) {
    self.title = title
    self.vendor = vendor
    self.products = products
    self.role = role
  }

  fileprivate init(
    _ title: String, _ vendor: UInt16, _ product: UInt16, _ role: Role
  ) {
    self.init(title, vendor, product...product, role)
  }

  /// The first row about a device; `nil` for one that is not known.
  public static func named(_ device: DeviceDescriptor) -> KnownDevice? {
    table.first {
      $0.vendor == device.vendor && $0.products.contains(device.product)
    }
  }

  /// All rows: from vendors' documents, the boot loaders' own sources, and
  /// listings that people published. udev/60-dfuflash.rules is made of it.
  public static let table: [KnownDevice] = [
    KnownDevice("STM32 bootloader", 0x0483, 0xDF11, .dfu),
    KnownDevice("NumWorks calculator", 0x0483, 0xA291, .dfu),
    KnownDevice("GD32 bootloader", 0x28E9, 0x0189, .dfu),
    KnownDevice("AT32 bootloader", 0x2E3C, 0xDF11, .dfu),
    KnownDevice("APM32 bootloader", 0x314B, 0x0106, .dfu),
    KnownDevice("WB32 bootloader", 0x342D, 0xDFA0, .dfu),
    KnownDevice("X32 bootloader", 0x3997, 0xDF11, .dfu),
    KnownDevice("Black Magic Probe, DFU", 0x1D50, 0x6017, .dfu),
    KnownDevice("Black Magic Probe", 0x1D50, 0x6018, .runtime),
    KnownDevice("LeafLabs Maple", 0x1EAF, 0x0003, .dfu),
    KnownDevice("LeafLabs Maple, running", 0x1EAF, 0x0004, .application),
    KnownDevice("dapboot", 0x1209, 0xDB42, .dfu),
    KnownDevice("Spark Core", 0x1D50, 0x607F, .dfu),
    KnownDevice("Particle", 0x2B04, 0xD000...0xD0FF, .dfu),
    KnownDevice("Espressif", 0x303A, 0x0002, .dfu),
    KnownDevice("OpenMoko", 0x1D50, 0x5117...0x5126, .dfu),
    KnownDevice("OpenMoko", 0x1457, 0x5117...0x5126, .dfu),
    KnownDevice("SIMtrace", 0x16C0, 0x0762, .dfu),
    KnownDevice("OpenPCD", 0x16C0, 0x076B...0x076C, .dfu),
    KnownDevice("LPC-Link", 0x0471, 0xDF55, .dfu),
    KnownDevice("TI Tiva C boot loader", 0x1CBE, 0x00FF, .dfu),
    KnownDevice("XMOS", 0x20B1, 0x0002...0x0003, .dfu),
    KnownDevice("Zephyr DFU", 0x2FE3, 0xFFFF, .dfu),
    KnownDevice("Zephyr, running", 0x2FE3, 0x0100, .runtime),
    KnownDevice("TinyUSB DFU", 0xCAFE, 0x400B, .dfu),
    KnownDevice("TinyUSB, running", 0xCAFE, 0x400C, .runtime),

    // ST's debug probes, as the sources of open debuggers list them.
    KnownDevice("ST-LINK/V1", 0x0483, 0x3744, .debugProbe),
    KnownDevice("ST-LINK/V2", 0x0483, 0x3748, .debugProbe),
    KnownDevice("ST-LINK/V2-1", 0x0483, 0x374A...0x374B, .debugProbe),
    KnownDevice("STLINK-V3", 0x0483, 0x374D...0x374F, .debugProbe),
    KnownDevice("ST-LINK/V2-1", 0x0483, 0x3752, .debugProbe),
    KnownDevice("STLINK-V3", 0x0483, 0x3753...0x3754, .debugProbe),
    KnownDevice("STLINK-V3PWR", 0x0483, 0x3757, .debugProbe),
    KnownDevice("DAPLink", 0x0D28, 0x0204, .debugProbe),
    KnownDevice("J-Link", 0x1366, 0x0101...0x1FFF, .debugProbe),

    KnownDevice("FTDI serial adapter", 0x0403, 0x6001, .serialAdapter),
    KnownDevice("FTDI serial adapter", 0x0403, 0x6010...0x6015, .serialAdapter),
    KnownDevice("CP210x serial adapter", 0x10C4, 0xEA60, .serialAdapter),
    KnownDevice("CH340 serial adapter", 0x1A86, 0x7523, .serialAdapter),
    KnownDevice("CH9102 serial adapter", 0x1A86, 0x55D4, .serialAdapter),

    KnownDevice("STM32 application (serial)", 0x0483, 0x5740, .application),
    KnownDevice("STM32 application (HID)", 0x0483, 0x5750, .application),
    KnownDevice("STM32 application (storage)", 0x0483, 0x5720, .application),
  ]
}
