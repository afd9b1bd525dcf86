extension ChipFamily {
  static let u0: [ChipFamily] = [
    ChipFamily(
      "U073", "STM32U073, U083", .newer, [.pages(2 << 10, [64, 128, 256])], .u0,
      writeAlignment: 8
    ).with {
      $0.uniqueID = .words(at: 0x1FFF_6E50)
      $0.eccWord = 8
      $0.ram = [sram(40)]
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_67FF)
      $0.bootloaderID = 0x1FFF_67FE
      // Main flash is booted and BOOT_LOCK is 0.
      $0.emptyCheck = .present
      $0.peripheral = .fullSpeedDevice
      $0.errata = [.clearsEmptyFlag([.bootloader([0xD0])])]
    }
  ]
}

extension OptionByteLayout {
  /// CMSIS device header. Its brown-out level is one field, unlike G0's.
  fileprivate static let u0: OptionByteLayout = {
    let base: UInt32 = 0x4002_2020
    let levels: [UInt32: String] = [
      0: "level1", 1: "level2", 2: "level3", 3: "level4",
    ]
    let options =
      ChipFamily.g0Common
      + [brownOut(9, 2, levels), bits("NRST_MODE", 27, 2)]
      + flags([
        "BOR_EN": 8, "nRST_SHDW": 15, "BDRST": 21, "BKPSRAM_HW_ERASE": 23,
        "IRHEN": 29,
      ])
    return OptionByteLayout(
      name: "U0", windows: [AddressWindow(base, length: 136)],
      words: [
        word(base, .plain, nil, options),
        word(base + 0x0C, .plain, nil, area("WRP1A", 7)),
        word(base + 0x10, .plain, nil, area("WRP1B", 7)),
        word(
          base + 0x60, .plain, nil,
          [
            bits("HDP1_PEND", 0, 6, role: .secureArea), bits("BOOT_LOCK", 16),
            bits("HDP1EN", 24, 8, role: .secureArea),
          ]),
      ],
      untouchable: [
        .init(
          window: AddressWindow(base + 0x68, length: 0x20), reason: keysReason,
          excluded: true)
      ], protection: .standard,
      source: Source("RM0503 and CMSIS device headers", .unconfirmed))
  }()
}
