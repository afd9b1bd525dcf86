// Devices of plain DFU, as their published sources and logs describe them.

private func identity(
  _ vendor: UInt16, _ product: UInt16, _ manufacturer: String?,
  _ productName: String?, serial: SerialRule = .none,
  packet: UInt8 = 64, version: UInt16 = 0x0100
) -> USBIdentity {
  USBIdentity(
    vendor: vendor, product: product, deviceVersion: version,
    usbVersion: 0x0110, maxPacketSize0: packet, manufacturer: manufacturer,
    productName: productName, serial: serial)
}

private func descriptor(
  _ attributes: UInt8, _ timeout: UInt16, _ size: UInt16, _ version: UInt16?
) -> FunctionalProfile {
  FunctionalProfile(
    attributes: attributes, detachTimeout: timeout, transferSize: size,
    version: version)
}

private func target(
  _ kibibytes: Int, _ milliseconds: Int, poll: UInt32? = nil
) -> PlainProfile.Target {
  PlainProfile.Target(
    capacity: kibibytes * 1_024, blockTime: .milliseconds(milliseconds),
    poll: poll ?? UInt32(milliseconds))
}

extension BoardProfile {
  /// A device that does exactly what DFU 1.1 says, with run-time mode.
  static let plain11 = BoardProfile(
    name: "plain11", title: "DFU 1.1 device",
    usb: identity(
      0x1209, 0xDF02, "dfuflash", "DFU 1.1 device", serial: .full),
    alternates: [AlternateProfile("Firmware"), AlternateProfile("Settings")],
    functional: descriptor(0x07, 1_000, 1_024, 0x0110),
    application: ApplicationProfile(
      usb: identity(
        0x1209, 0xDF01, "dfuflash", "DFU 1.1 device, running", serial: .full),
      functional: descriptor(0x07, 1_000, 1_024, 0x0110),
      name: "Firmware update"),
    machine: .plain(PlainProfile(targets: [target(256, 10), target(16, 10)])))

  /// OpenMoko Neo FreeRunner: run-time interface 2, seven alternates, poll
  /// times that mean nothing.
  static let freeRunner = BoardProfile(
    name: "freerunner", title: "OpenMoko FreeRunner",
    usb: identity(
      0x1D50, 0x5119, "OpenMoko, Inc", "Neo1973 Bootloader", packet: 16),
    alternates: [
      "RAM 0x32000000", "u-boot", "u-boot_env", "kernel", "splash",
      "factory", "rootfs",
    ].map { AlternateProfile($0) },
    functional: descriptor(0x07, 65_280, 4_096, 0x0100),
    application: ApplicationProfile(
      usb: identity(
        0x1D50, 0x5119, "OpenMoko, Inc", "Neo1973 Bootloader", packet: 16),
      functional: descriptor(0x07, 65_280, 4_096, 0x0100), interface: 2),
    machine: .plain(
      PlainProfile(
        targets: [
          target(8_192, 1), target(256, 4), target(256, 4), target(2_048, 4),
          target(640, 4), target(256, 4), target(16_384, 4),
        ],
        quirks: [.reportsWrongPollTime], wrongPollTime: 50_000)))

  /// SIMtrace: EP0 of 8 bytes, blocks of 256.
  static let simtrace = BoardProfile(
    name: "simtrace", title: "SIMtrace",
    usb: identity(
      0x16C0, 0x0762, "sysmocom", "SIMtrace DFU", packet: 8),
    alternates: ["RAM", "Application", "Boot loader"]
      .map { AlternateProfile($0) },
    functional: descriptor(0x03, 0, 256, 0x0100),
    application: ApplicationProfile(
      usb: identity(0x16C0, 0x0762, "sysmocom", "SIMtrace", packet: 8),
      functional: descriptor(0x03, 10_000, 256, 0x0100)),
    machine: .plain(
      PlainProfile(
        targets: [target(64, 2), target(240, 2), target(16, 2)],
        quirks: [.reportsWrongPollTime], wrongPollTime: 20_000)))

  /// LPC-Link: DFU 1.0, 7 bytes of descriptor, no strings; after the
  /// download it waits for a reset and is another device.
  static let lpcLink = BoardProfile(
    name: "lpclink", title: "LPC-Link",
    usb: identity(0x0471, 0xDF55, nil, nil),
    alternates: [AlternateProfile(nil)], interfaceProtocol: 0,
    functional: descriptor(0x01, 0, 2_048, nil),
    application: ApplicationProfile(
      usb: identity(0x1FC9, 0x0009, "NXP", "LPC-Link"), functional: nil),
    machine: .plain(
      PlainProfile(targets: [target(128, 1)], startsInLoader: true)))

  /// TDK Bluetooth adapter: DFU 1.0, run-time interface 2, blocks of 1023.
  static let tdk = BoardProfile(
    name: "tdk", title: "TDK Bluetooth",
    usb: identity(0x04BF, 0x0320, "TDK", "Bluetooth DFU"),
    alternates: [AlternateProfile(nil)], interfaceProtocol: 0,
    functional: descriptor(0x07, 5_000, 1_023, nil),
    application: ApplicationProfile(
      usb: identity(0x04BF, 0x0320, "TDK", "Bluetooth"),
      functional: descriptor(0x07, 5_000, 1_023, nil), interface: 2,
      interfaceProtocol: 0),
    machine: .plain(PlainProfile(targets: [target(512, 10)])))

  /// LeafLabs Maple: a surplus GETSTATUS starts the download over.
  static let maple = BoardProfile(
    name: "maple", title: "LeafLabs Maple",
    usb: identity(
      0x1EAF, 0x0003, "LeafLabs", "Maple 003", serial: .constant("LLM 003"),
      version: 0x0201),
    alternates: [
      AlternateProfile("DFU Program RAM 0x20000C00"),
      AlternateProfile("DFU Program FLASH 0x08005000"),
    ],
    functional: descriptor(0x03, 255, 1_024, 0x0110),
    application: ApplicationProfile(
      usb: identity(0x1EAF, 0x0004, "LeafLabs", "Maple"), functional: nil),
    machine: .plain(
      PlainProfile(
        targets: [target(17, 1, poll: 32), target(108, 30, poll: 32)],
        startsInLoader: true, quirks: [.statusDropsToIdle])))

  /// The first Maples: they claim DfuSe's version and are not.
  static let oldMaple: BoardProfile = {
    var profile = maple
    profile.name = "maple-old"
    profile.title = "LeafLabs Maple, first boot loader"
    profile.functional.version = 0x011A
    return profile
  }()

  /// dapboot on an STM32F103.
  static let dapboot = BoardProfile(
    name: "dapboot", title: "dapboot",
    usb: identity(
      0x1209, 0xDB42, "Devanarchy", "DAPBoot DFU Bootloader",
      serial: .full),
    alternates: [AlternateProfile("DAPBoot DFU")],
    functional: descriptor(0x0B, 255, 1_024, 0x0110),
    application: ApplicationProfile(
      usb: identity(
        0x1209, 0xDB42, "Devanarchy", "DAPBoot application", serial: .full),
      functional: descriptor(0x0B, 255, 1_024, 0x0110)),
    machine: .plain(
      PlainProfile(
        targets: [target(56, 30)],
        quirks: [.wrongStateIsAcknowledged, .resetsDuringManifest])))

  /// TinyUSB's DFU example.
  static let tinyUSB = BoardProfile(
    name: "tinyusb", title: "TinyUSB DFU",
    usb: identity(
      0xCAFE, 0x400B, "TinyUSB", "TinyUSB Device", serial: .full),
    alternates: [AlternateProfile("FLASH"), AlternateProfile("EEPROM")],
    functional: descriptor(0x07, 1_000, 64, 0x0101),
    application: ApplicationProfile(
      usb: identity(
        0xCAFE, 0x400C, "TinyUSB", "TinyUSB Device", serial: .full),
      functional: descriptor(0x0D, 1_000, 4_096, 0x0101),
      name: "TinyUSB DFU runtime", statusStalls: true),
    machine: .plain(
      PlainProfile(
        targets: [target(64, 1), target(4, 100)], startsInLoader: true,
        quirks: [
          .uploadKeepsState, .acceptsZeroLengthInIdle, .wrongStateOnlyStalls,
          .answersStatusWhenBusy, .setInterfaceResets,
        ])))

  /// XMOS audio boards: GETSTATUS blocks, uploads end with an empty frame.
  static let xmos = BoardProfile(
    name: "xmos", title: "XMOS",
    usb: identity(0x20B1, 0x0003, "XMOS", "XMOS DFU", serial: .full),
    alternates: [AlternateProfile("XMOS DFU")],
    functional: descriptor(0x0F, 250, 64, 0x0110),
    application: ApplicationProfile(
      usb: identity(0x20B1, 0x0002, "XMOS", "XMOS Audio", serial: .full),
      functional: descriptor(0x0F, 250, 64, 0x0110), interface: 3),
    machine: .plain(
      PlainProfile(
        targets: [
          PlainProfile.Target(
            capacity: 512 * 1_024, blockTime: .milliseconds(5), poll: 0)
        ],
        quirks: [
          .blocksInStatus, .endsUploadWithEmptyFrame, .clearStatusEntersError,
          .hidesSerial,
        ])))

  /// Zephyr's DFU class with MCUboot: images into the second slot.
  static let zephyr = BoardProfile(
    name: "zephyr", title: "Zephyr DFU",
    usb: identity(
      0x2FE3, 0xFFFF, "ZEPHYR", "Zephyr DFU sample", serial: .full),
    alternates: [AlternateProfile("image_0"), AlternateProfile("image_1")],
    functional: descriptor(0x07, 1_000, 64, 0x0110),
    application: ApplicationProfile(
      usb: identity(
        0x2FE3, 0x0100, "ZEPHYR", "Zephyr DFU sample", serial: .full),
      functional: descriptor(0x07, 1_000, 64, 0x0110)),
    machine: .plain(
      PlainProfile(
        targets: [target(256, 8), target(256, 8)],
        quirks: [.skipsSync, .answersStatusWhenBusy, .uploadsInOrder])))

  /// U-Boot's DFU gadget, on ST's ids but without any layout.
  static let uBoot = BoardProfile(
    name: "uboot", title: "U-Boot DFU",
    usb: identity(
      0x0483, 0xDF11, "STMicroelectronics", "USB download gadget",
      serial: .full),
    alternates: [AlternateProfile("kernel"), AlternateProfile("rootfs")],
    functional: descriptor(0x0F, 0, 4_096, 0x0110),
    application: ApplicationProfile(
      usb: identity(0x0525, 0xA4A2, "Linux", "RNDIS gadget"),
      functional: nil),
    machine: .plain(
      PlainProfile(
        targets: [target(8_192, 0), target(32_768, 0)],
        startsInLoader: true,
        quirks: [.neverBusy, .detachLeaves, .refusesWrongBlocks])))

  /// TI's Tiva boot loader: prefixes on what is uploaded.
  static let tiva = BoardProfile(
    name: "tiva", title: "TI Tiva C boot loader",
    usb: identity(
      0x1CBE, 0x00FF, "Texas Instruments Incorporated",
      "Device Firmware Upgrade", serial: .constant("0.1")),
    alternates: [AlternateProfile("Default")],
    functional: descriptor(0x07, 65_535, 1_024, 0x0110),
    application: ApplicationProfile(
      usb: identity(0x1CBE, 0x0007, "Texas Instruments", "Tiva device"),
      functional: nil),
    machine: .plain(
      PlainProfile(
        targets: [target(256, 20)], startsInLoader: true,
        quirks: [
          .reportsSyncWhenBusy, .acknowledgesEarlyZeroLength, .uploadsPrefix,
          .uploadStartsOver,
        ])))

  // MARK: - What is in the way

  private static func unrelated(
    _ name: String, _ title: String, _ usb: USBIdentity,
    _ functional: FunctionalProfile?
  ) -> BoardProfile {
    BoardProfile(
      name: name, title: title, usb: usb, alternates: [],
      functional: FunctionalProfile(
        attributes: 0, detachTimeout: 0, transferSize: 0),
      application: ApplicationProfile(usb: usb, functional: functional),
      machine: .plain(PlainProfile(targets: [], hasLoader: false)))
  }

  /// An ST-LINK/V2-1: the wrong connector.
  static let stLink = unrelated(
    "stlink", "ST-LINK/V2-1",
    identity(
      0x0483, 0x374B, "STMicroelectronics", "STM32 STLink",
      serial: .constant("066BFF495177514867213407")), nil)

  /// A laptop's camera that shows a DFU interface which can do nothing.
  static let camera = unrelated(
    "camera", "Laptop camera",
    identity(0x0BDA, 0x5517, "Generic", "Integrated Webcam"),
    descriptor(0x04, 0, 64, 0x0100))

  /// A Bluetooth controller with run-time DFU in every MacBook.
  static let appleBluetooth = unrelated(
    "apple-bluetooth", "Apple Bluetooth",
    identity(0x05AC, 0x828B, "Broadcom Corp.", "Bluetooth USB Host Controller"),
    descriptor(0x07, 5_000, 64, 0x0101))
}
