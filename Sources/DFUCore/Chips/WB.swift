extension ChipFamily {
  static let wb: [ChipFamily] = [
    ChipFamily(
      "WB55", "STM32WB35, WB55", .newer,
      [.pages(4 << 10, [256, 512, 640, 1024])], .wb55, writeAlignment: 8
    ).with {
      $0.uniqueID = .words(at: 0x1FFF_7590)
      $0.serial = .derived(.rom)
      $0.eccWord = 8
      $0.timing = .l4
      $0.ram = [sram(256)]
      $0.systemMemory = AddressWindow(0x1FFF_0000, through: 0x1FFF_6FFF)
      $0.bootloaderID = 0x1FFF_6FFE
      // The BOOT0 pin is low and nSWBOOT0 is 1.
      $0.emptyCheck = .present
      $0.reconnectTime = 300
      $0.peripheral = .fullSpeedDevice
      $0.errata = [
        BootloaderErratum(
          "after read unprotect this bootloader resets without loading the "
            + "option bytes: power-cycle the board",
          when: [.bootloader([0xD5])], [.powerCycleAfter(.liftProtection)],
          on: .protection)
      ]
      $0.uf2Families = [0x70D1_6653]
    }
  ]
}

extension OptionByteLayout {
  private static let radio = "it belongs to the radio core"

  private static func radioBits(
    _ name: String, _ bit: Int, _ width: Int = 1
  ) -> OptionField {
    bits(name, bit, width, kind: .readOnly(radio))
  }

  /// RM0434, CMSIS device headers and qFlipper.
  fileprivate static let wb55: OptionByteLayout = {
    let base: UInt32 = 0x1FFF_8000
    let options =
      [
        readoutProtection(0), radioBits("ESE", 8),
        brownOut(9, 3, borAscending),
        bits("AGC_TRIM", 29, 3, kind: .readOnly("trimmed by the factory")),
      ] + l4Watchdogs
      + flags(["nBOOT1": 23, "SRAM2_PE": 24, "SRAM2_RST": 25])
      + ChipFamily.swBoot
    return OptionByteLayout(
      name: "WB55", windows: [AddressWindow(base, length: 128)],
      words: [word(base, .wordComplement, 0x3DFF_F1AA, options)]
        + codeArea("PCROP1A", 9, at: base + 0x08, keeps: true) + [
          word(base + 0x18, .wordComplement, nil, area("WRP1A", 8)),
          word(base + 0x20, .wordComplement, nil, area("WRP1B", 8)),
        ] + codeArea("PCROP1B", 9, at: base + 0x28) + [
          word(
            base + 0x68, .wordComplement, nil, [radioBits("IPCCDBA", 0, 14)]),
          word(
            base + 0x70, .wordComplement, nil,
            [
              radioBits("SFSA", 0, 8), radioBits("FSD", 8),
              radioBits("DDS", 12),
            ]),
          word(
            base + 0x78, .wordComplement, nil,
            [
              radioBits("SBRV", 0, 18), radioBits("SBRSA", 18, 5),
              radioBits("BRSD", 23), radioBits("SNBRSA", 25, 5),
              radioBits("NBRSD", 30), radioBits("C2OPT", 31),
            ]),
        ],
      untouchable: [
        .init(
          window: AddressWindow(base + 0x68, length: 0x18), reason: radio)
      ], protection: .standard,
      source: Source("RM0434, CMSIS device headers and qFlipper"))
  }()
}
