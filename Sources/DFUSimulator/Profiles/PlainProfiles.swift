// Devices of plain DFU, as their published sources and logs describe them.

extension BoardProfile {
  /// A device that does exactly what DFU 1.1 says, with run-time mode.
  static let plain11 = BoardProfile(
    name: "plain11", title: "DFU 1.1 device",
    usb: USBIdentity(
      vendor: 0x1209, product: 0xDF02, deviceVersion: 0x0100,
      usbVersion: 0x0200, manufacturer: "dfuflash",
      productName: "DFU 1.1 device", serial: .full),
    alternates: [AlternateProfile("Firmware"), AlternateProfile("Settings")],
    functional: FunctionalProfile(
      attributes: 0x07, detachTimeout: 1_000, transferSize: 1_024,
      version: 0x0110),
    application: ApplicationProfile(
      usb: USBIdentity(
        vendor: 0x1209, product: 0xDF01, deviceVersion: 0x0100,
        usbVersion: 0x0200, manufacturer: "dfuflash",
        productName: "DFU 1.1 device, running", serial: .full),
      functional: FunctionalProfile(
        attributes: 0x07, detachTimeout: 1_000, transferSize: 1_024,
        version: 0x0110),
      name: "Firmware update"),
    machine: .plain(
      PlainProfile(targets: [
        PlainProfile.Target(
          capacity: 256 * 1_024, blockTime: .milliseconds(10), poll: 10),
        PlainProfile.Target(
          capacity: 16 * 1_024, blockTime: .milliseconds(10), poll: 10),
      ])))
}
