extension ChipFamily {
  static let l5: [ChipFamily] = [
    l5Style(
      "L5", "STM32L552, L562",
      [.pages(2 << 10, [256, 512]), .pages(4 << 10, [256, 512])],
      .l5(
        "L5", length: 48, pages: 7, factory: 0x7FEF_F8AA,
        user: flags(["DB256K": 21, "DBANK": 22, "SRAM2_PE": 24]),
        Source("RM0438 and CMSIS device headers", .inferred))
    ).with {
      $0.uniqueID = .words(at: 0x0BFA_0590)
      $0.eccWord = 8
      $0.timing = .l4
      $0.ram = [sram(256)]
      $0.systemMemory = AddressWindow(0x0BF9_0000, through: 0x0BF9_7FFF)
      $0.bootloaderID = 0x0BF9_7FFE
      $0.peripheral = .fullSpeedDevice
      $0.errata += [
        BootloaderErratum(
          "leaving does not work with this bootloader while TrustZone is on",
          when: [.bootloader([0x90])], [.refuse(.leaveWithTrustZone)],
          on: .leave),
        BootloaderErratum(
          "this bootloader does not load the option bytes it wrote: "
            + "power-cycle the board", when: [.bootloader([0xD0])],
          [.powerCycleAfter(.writeOptionBytes)], on: .optionBytes),
      ]
      $0.uf2Families = [0x0424_0BDF]
    }
  ]

  /// What L5 and U5 have in common.
  static func l5Style(
    _ name: String, _ title: String,
    _ flash: [FlashShape], _ layout: OptionByteLayout
  ) -> ChipFamily {
    ChipFamily(name, title, .newer, flash, layout, writeAlignment: 16).with {
      $0.errata = [.leavesNonSecure]
    }
  }
}

extension OptionByteLayout {
  /// L5 and U5: plain words, the flash's registers. `unlocks`: write-protected
  /// areas have a bit that locks them (U5).
  static func l5(
    _ name: String, length: Int, pages: Int, factory: UInt32,
    user: [OptionField], unlocks: Bool = false, _ source: Source
  ) -> OptionByteLayout {
    let base: UInt32 = 0x4002_2040
    let levels: [UInt32: String] = [
      0xAA: "level0", 0x55: "level0.5", 0xCC: "level2",
    ]
    let options =
      [readoutProtection(0, levels)]
      + flags([
        "SWAP_BANK": 20, "SRAM2_RST": 25, "PA15_PUPEN": 28, "TZEN": 31,
      ]) + l4Common + ChipFamily.swBoot + user
    func protection(_ name: String, _ offset: UInt32) -> OptionWord {
      let unlock = bits("\(name)_UNLOCK", 31, role: .areaUnlock)
      return word(
        base + offset, .plain, nil,
        area(name, pages, .writeProtection, "_PSTRT", "_PEND")
          + (unlocks ? [unlock] : []))
    }
    func secure(_ number: Int, _ offset: UInt32) -> [OptionWord] {
      [
        word(
          base + offset, .plain, nil,
          area("SECWM\(number)", pages, .secureArea, "_PSTRT", "_PEND")),
        word(
          base + offset + 4, .plain, nil,
          [
            bits(
              "HDP\(number)_PEND", 16, pages, role: .secureArea,
              confidence: .inferred),
            bits(
              "HDP\(number)EN", 31, role: .secureArea, confidence: .inferred),
          ]),
      ]
    }
    func boot(
      _ name: String, _ offset: UInt32, _ factory: UInt32,
      role: OptionField.Role? = nil, _ more: [OptionField] = []
    ) -> OptionWord {
      word(
        base + offset, .plain, factory,
        [bits(name, 7, 25, kind: .address(shift: 7), role: role)] + more)
    }
    let bootloader = OptionField.Role.bootTarget(bootloader: 0x0BF9_007F >> 7)
    let keys = Untouchable(
      window: AddressWindow(base + 0x30, length: 0x10), reason: keysReason,
      excluded: true)
    return OptionByteLayout(
      name: name, windows: [AddressWindow(base, length: length)],
      words: [
        word(base, .plain, factory, options),
        boot("NSBOOTADD0", 0x04, 0x0800_007F),
        boot("NSBOOTADD1", 0x08, 0x0BF9_007F, role: bootloader),
        boot("SECBOOTADD0", 0x0C, 0x0C00_007C, [bits("BOOT_LOCK", 0)]),
      ] + secure(1, 0x10)
        + [protection("WRP1A", 0x18), protection("WRP1B", 0x1C)]
        + secure(2, 0x20)
        + [protection("WRP2A", 0x28), protection("WRP2B", 0x2C)],
      untouchable: length > 48 ? [keys] : [], protection: .withTrustZone,
      source: source)
  }
}
