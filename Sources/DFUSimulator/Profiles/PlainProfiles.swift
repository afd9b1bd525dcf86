// Devices of plain DFU, as their published sources and logs describe them.

private func usb(
  _ vendor: UInt16, _ product: UInt16, _ manufacturer: String?,
  _ productName: String?, _ serial: SerialRule = .none, packet: UInt8 = 64
) -> USBIdentity {
  USBIdentity(
    vendor: vendor, product: product, deviceVersion: 0x0100,
    usbVersion: 0x0110, maxPacketSize0: packet, manufacturer: manufacturer,
    productName: productName, serial: serial)
}

private func dfu(
  _ attributes: UInt8, _ timeout: UInt16, _ size: UInt16, _ version: UInt16?
) -> FunctionalProfile {
  FunctionalProfile(
    attributes: attributes, detachTimeout: timeout, transferSize: size,
    version: version)
}

/// A device with the memories behind its alternate settings: their names,
/// kibibytes, and milliseconds a block. `runs` is its program; its run-time
/// descriptor is that of the loader.
private func device(
  _ name: String, _ title: String, _ usb: USBIdentity,
  _ functional: FunctionalProfile,
  _ memories: [(name: String?, size: Int, time: Int)],
  runs: USBIdentity? = nil
) -> BoardProfile {
  BoardProfile(
    name: name, title: title, usb: usb,
    alternates: memories.map { AlternateProfile($0.name) },
    functional: functional,
    application: runs.map {
      ApplicationProfile(usb: $0, functional: functional)
    },
    machine: .plain(
      PlainProfile(
        targets: memories.map {
          PlainProfile.Target(
            capacity: $0.size * 1_024, blockTime: .milliseconds($0.time),
            poll: UInt32($0.time))
        })))
}

extension BoardProfile {
  /// The same with something changed.
  fileprivate func with(
    _ change: (_ board: inout BoardProfile, _ device: inout PlainProfile) ->
      Void
  ) -> BoardProfile {
    guard case .plain(var device) = machine else { return self }
    var board = self
    change(&board, &device)
    board.machine = .plain(device)
    return board
  }

  fileprivate func renamed(_ name: String, _ title: String) -> BoardProfile {
    with { board, _ in
      board.name = name
      board.title = title
    }
  }

  /// Held in its loader, with what it does differently.
  fileprivate func inLoader(
    _ quirks: PlainProfile.Quirk...
  ) -> BoardProfile {
    with { _, device in
      device.startsInLoader = true
      device.quirks = Set(quirks)
    }
  }

  fileprivate func runningWithoutDFU() -> BoardProfile {
    with { board, _ in board.application?.functional = nil }
  }
}

/// LeafLabs Maple: a surplus GETSTATUS starts the download over.
private let maple = device(
  "maple", "LeafLabs Maple",
  usb(0x1EAF, 0x0003, "LeafLabs", "Maple 003", .constant("LLM 003")),
  dfu(0x03, 255, 1_024, 0x0110),
  [
    ("DFU Program RAM 0x20000C00", 17, 1),
    ("DFU Program FLASH 0x08005000", 108, 30),
  ], runs: usb(0x1EAF, 0x0004, "LeafLabs", "Maple")
).inLoader(.statusDropsToIdle).runningWithoutDFU().with { board, device in
  board.usb.deviceVersion = 0x0201
  for index in device.targets.indices { device.targets[index].poll = 32 }
}

/// Zephyr's DFU class with MCUboot: images into the second slot.
private let zephyr = device(
  "zephyr", "Zephyr DFU",
  usb(0x2FE3, 0xFFFF, "ZEPHYR", "Zephyr DFU sample", .full),
  dfu(0x07, 1_000, 64, 0x0110), [("image_0", 256, 8), ("image_1", 256, 8)],
  runs: usb(0x2FE3, 0x0100, "ZEPHYR", "Zephyr DFU sample", .full)
).with { _, device in
  device.quirks = [.skipsSync, .answersStatusWhenBusy, .uploadsInOrder]
}

private let devices: [BoardProfile] = [
  // A device that does exactly what DFU 1.1 says, with run-time mode.
  device(
    "plain11", "DFU 1.1 device",
    usb(0x1209, 0xDF02, "dfuflash", "DFU 1.1 device", .full),
    dfu(0x07, 1_000, 1_024, 0x0110),
    [("Firmware", 256, 10), ("Settings", 16, 10)],
    runs: usb(0x1209, 0xDF01, "dfuflash", "DFU 1.1 device, running", .full)
  ).with { board, _ in board.application?.name = "Firmware update" },
  // OpenMoko Neo FreeRunner: run-time interface 2, poll times that mean
  // nothing.
  device(
    "freerunner", "OpenMoko FreeRunner",
    usb(0x1D50, 0x5119, "OpenMoko, Inc", "Neo1973 Bootloader", packet: 16),
    dfu(0x07, 65_280, 4_096, 0x0100),
    [
      ("RAM 0x32000000", 8_192, 1), ("u-boot", 256, 4), ("u-boot_env", 256, 4),
      ("kernel", 2_048, 4), ("splash", 640, 4), ("factory", 256, 4),
      ("rootfs", 16_384, 4),
    ],
    runs: usb(
      0x1D50, 0x5119, "OpenMoko, Inc", "Neo1973 Bootloader", packet: 16)
  ).with { board, device in
    board.application?.interface = 2
    device.quirks = [.reportsWrongPollTime]
    device.wrongPollTime = 50_000
  },
  // EP0 of 8 bytes, blocks of 256.
  device(
    "simtrace", "SIMtrace",
    usb(0x16C0, 0x0762, "sysmocom", "SIMtrace DFU", packet: 8),
    dfu(0x03, 0, 256, 0x0100),
    [("RAM", 64, 2), ("Application", 240, 2), ("Boot loader", 16, 2)],
    runs: usb(0x16C0, 0x0762, "sysmocom", "SIMtrace", packet: 8)
  ).with { board, device in
    board.application?.functional?.detachTimeout = 10_000
    device.quirks = [.reportsWrongPollTime]
    device.wrongPollTime = 20_000
  },
  // DFU 1.0, 7 bytes of descriptor, no strings; after the download it waits
  // for a reset and is another device.
  device(
    "lpclink", "LPC-Link", usb(0x0471, 0xDF55, nil, nil),
    dfu(0x01, 0, 2_048, nil), [(nil, 128, 1)],
    runs: usb(0x1FC9, 0x0009, "NXP", "LPC-Link")
  ).inLoader().runningWithoutDFU().with { board, _ in
    board.interfaceProtocol = 0
  },
  // TDK Bluetooth adapter: DFU 1.0, run-time interface 2, blocks of 1023.
  device(
    "tdk", "TDK Bluetooth", usb(0x04BF, 0x0320, "TDK", "Bluetooth DFU"),
    dfu(0x07, 5_000, 1_023, nil), [(nil, 512, 10)],
    runs: usb(0x04BF, 0x0320, "TDK", "Bluetooth")
  ).with { board, _ in
    board.interfaceProtocol = 0
    board.application?.interface = 2
    board.application?.interfaceProtocol = 0
  },
  maple,
  // The first Maples: they claim DfuSe's version and are not.
  maple.renamed("maple-old", "LeafLabs Maple, first boot loader")
    .with { board, _ in board.functional.version = 0x011A },
  // dapboot on an STM32F103.
  device(
    "dapboot", "dapboot",
    usb(0x1209, 0xDB42, "Devanarchy", "DAPBoot DFU Bootloader", .full),
    dfu(0x0B, 255, 1_024, 0x0110), [("DAPBoot DFU", 56, 30)],
    runs: usb(0x1209, 0xDB42, "Devanarchy", "DAPBoot application", .full)
  ).with { _, device in
    device.quirks = [
      .wrongStateIsAcknowledged, .resetsDuringManifest, .detachLeaves,
    ]
  },
  // TinyUSB's DFU example.
  device(
    "tinyusb", "TinyUSB DFU",
    usb(0xCAFE, 0x400B, "TinyUSB", "TinyUSB Device", .full),
    dfu(0x07, 1_000, 64, 0x0101), [("FLASH", 64, 1), ("EEPROM", 4, 100)],
    runs: usb(0xCAFE, 0x400C, "TinyUSB", "TinyUSB Device", .full)
  ).inLoader(
    .uploadKeepsState, .acceptsZeroLengthInIdle, .wrongStateOnlyStalls,
    .answersStatusWhenBusy, .setInterfaceResets
  ).with { board, _ in
    board.application?.functional = dfu(0x0D, 1_000, 4_096, 0x0101)
    board.application?.name = "TinyUSB DFU runtime"
    board.application?.statusStalls = true
  },
  // XMOS audio boards: GETSTATUS blocks, uploads end with an empty frame.
  device(
    "xmos", "XMOS", usb(0x20B1, 0x0003, "XMOS", "XMOS DFU", .full),
    dfu(0x0F, 250, 64, 0x0110), [("XMOS DFU", 512, 5)],
    runs: usb(0x20B1, 0x0002, "XMOS", "XMOS Audio", .full)
  ).with { board, device in
    board.application?.interface = 3
    device.targets[0].poll = 0
    device.quirks = [
      .blocksInStatus, .endsUploadWithEmptyFrame, .clearStatusEntersError,
      .hidesSerial,
    ]
  },
  zephyr,
  // The class of 2020: the first block erases the slot, for 40 s, with
  // dfuDNBUSY and 256 ms.
  zephyr.renamed("zephyr-2020", "Zephyr DFU that erases its slot first")
    .with { _, device in
      for index in device.targets.indices { device.targets[index].poll = 256 }
      device.eraseTime = .seconds(40)
    },
  // A single request may take more than ten seconds.
  device(
    "esp32s2", "ESP32-S2",
    usb(0x303A, 0x0002, "Espressif", "ESP32-S2", .full),
    dfu(0x07, 1_000, 4_096, 0x0110), [("flash", 4_096, 20)]
  ).inLoader(.blocksInStatus).with { _, device in
    device.eraseTime = .seconds(12)
  },
  // The work is done inside DNLOAD, and CLRSTATUS outside dfuERROR stalls and
  // enters it.
  device(
    "usbx", "Eclipse USBX DFU",
    usb(0x1209, 0x0001, "Eclipse ThreadX", "USBX DFU", .full),
    dfu(0x0F, 1_000, 1_024, 0x0110), [("Firmware", 256, 30)]
  ).inLoader(.worksInDownload),
  // U-Boot's DFU gadget, on ST's ids but without any layout.
  device(
    "uboot", "U-Boot DFU",
    usb(0x0483, 0xDF11, "STMicroelectronics", "USB download gadget", .full),
    dfu(0x0F, 0, 4_096, 0x0110), [("kernel", 8_192, 0), ("rootfs", 32_768, 0)],
    runs: usb(0x0525, 0xA4A2, "Linux", "RNDIS gadget")
  ).inLoader(.neverBusy, .detachLeaves, .refusesWrongBlocks)
    .runningWithoutDFU(),
  // TI's Tiva boot loader: prefixes on what is uploaded.
  device(
    "tiva", "TI Tiva C boot loader",
    usb(
      0x1CBE, 0x00FF, "Texas Instruments Incorporated",
      "Device Firmware Upgrade", .constant("0.1")),
    dfu(0x07, 65_535, 1_024, 0x0110), [("Default", 256, 20)],
    runs: usb(0x1CBE, 0x0007, "Texas Instruments", "Tiva device")
  ).inLoader(
    .reportsSyncWhenBusy, .acknowledgesEarlyZeroLength, .uploadsPrefix,
    .uploadStartsOver
  ).runningWithoutDFU(),
]

// MARK: - STM32MP1, MP2 and N6

/// Partitions, manifest, detach, and the next stage's partitions.
private func partitions(
  _ name: String, _ title: String, id: String, _ stages: [[String]]
) -> BoardProfile {
  let all = stages.joined().map {
    (name: String?.some($0), size: 1_024, time: 1)
  }
  var usb = usb(
    0x0483, 0xDF11, "STMicroelectronics",
    "DFU in HS Mode @Device ID /\(id)", .full)
  usb.deviceVersion = 0x0200
  usb.usbVersion = 0x0200
  return device(name, title, usb, dfu(0x0F, 0, 1_024, 0x0110), all)
    .inLoader(.detachLeaves).with { board, device in
      board.alternates = stages[0].map { AlternateProfile($0) }
      device.laterStages = Array(stages.dropFirst())
    }
}

private let virtual = "@virtual /0xF1/1*512Ba"
private let processors: [BoardProfile] = [
  partitions(
    "mp15", "STM32MP15", id: "0x500",
    [
      ["@Partition0 /0x00/1*256Ke", "@FSBL /0x01/1*1Me", virtual],
      ["@Partition3 /0x03/1*16Me", virtual],
    ]),
  partitions(
    "mp25", "STM32MP25", id: "0x505",
    [
      ["@FSBL /0x01/1*1Me", virtual], ["@Partition2 /0x02/1*16Me", virtual],
      ["@Partition3 /0x03/1*16Me", virtual],
    ]),
  partitions(
    "n6", "STM32N6", id: "0x486",
    [["@FSBL /0x01/1*1Me", "@RSSE_FW /0xF3/1*256Ke", virtual]]),
]

// MARK: - What is in the way

/// A device without a DFU mode.
private func unrelated(
  _ name: String, _ title: String, _ usb: USBIdentity,
  _ functional: FunctionalProfile?
) -> BoardProfile {
  let nothing = dfu(0, 0, 0, nil)
  return device(name, title, usb, nothing, [], runs: usb).with {
    board, device in
    board.application?.functional = functional
    device.hasLoader = false
  }
}

/// A running device that nobody means, with ids that stand in no table; it
/// would take a download.
private func stranger(
  _ name: String, _ title: String, _ usb: USBIdentity
) -> BoardProfile {
  device(
    name, title, usb, dfu(0x0B, 1_000, 64, 0x0110), [(nil, 256, 1)], runs: usb
  ).with { board, _ in board.application?.interface = 3 }
}

private let bystanders: [BoardProfile] = [
  // The wrong connector.
  unrelated(
    "stlink", "ST-LINK/V2-1",
    usb(
      0x0483, 0x374B, "STMicroelectronics", "STM32 STLink",
      .constant("066BFF495177514867213407")), nil),
  // Its DFU interface can do nothing.
  unrelated(
    "camera", "Laptop camera",
    usb(0x0BDA, 0x5517, "Generic", "Integrated Webcam"),
    dfu(0x04, 0, 64, 0x0100)),
  // Run-time DFU in every MacBook.
  unrelated(
    "apple-bluetooth", "Apple Bluetooth",
    usb(0x05AC, 0x828B, "Broadcom Corp.", "Bluetooth USB Host Controller"),
    dfu(0x07, 5_000, 64, 0x0101)),
  stranger(
    "usb-dac", "USB DAC",
    usb(0x0D8C, 0x0312, "C-Media Electronics Inc.", "USB Audio DAC")),
  stranger(
    "bluetooth", "Bluetooth adapter",
    usb(0x13D3, 0x3414, "IMC Networks", "Bluetooth Radio")),
]

extension BoardProfile {
  /// Devices without addresses, and what is in the way.
  static let plain: [BoardProfile] = devices + processors + bystanders
}
