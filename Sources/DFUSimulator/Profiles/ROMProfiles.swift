// ST's ROMs and their clones: strings and identifiers as seen on real
// devices.

private let f1Options = "@Option Bytes  /0x1FFFF800/01*016 e"
private let f4Options = "@Option Bytes  /0x1FFFC000/01*016 e"
private let f4OTP = "@OTP Memory /0x1FFF7800/01*512 e,01*016 e"
private let feature = "@Device Feature/0xFFFF0000/01*004 e"
private let l4Options = "@Option Bytes  /0x1FFF7800/01*040 e"
private let l4OTP = "@OTP Memory /0x1FFF7000/01*0001Ke"
private let newOTP = "@OTP Memory   /0x1FFF7000/01*1024 e"

/// The flash's layout string of the older ROMs, and of the newer ones.
private func older(_ runs: String) -> String {
  "@Internal Flash  /0x08000000/" + runs
}

private func newer(_ runs: String) -> String {
  "@Internal Flash   /0x08000000/" + runs
}

// MARK: - F0, F1, F3

private func f0(
  _ name: String, _ title: String, _ serial: SerialRule, _ runs: String,
  sectorsPerBit: Int
) -> ChipSpec {
  ChipSpec(
    name: name, title: title, usb: .olderROM(serial),
    layouts: [older(runs), f1Options],
    options: [.f0(sectorsPerBit: sectorsPerBit)], flash: .f0, poll: .f0,
    uniqueID: 0x1FFF_F7AC)
}

private let f0Chips: [ChipSpec] = [
  f0(
    "f042", "STM32F042", .constant("FFFFFFFEFFFF"), "032*0001Kg",
    sectorsPerBit: 4
  ).with {
    $0.more = [rom(0x1FFF_C400, 13)]
    $0.boot = BootProfile(
      software: BootProfile.SoftwareBoot(
        select: 23, pinWhen: true, nBoot0: 19), hasEmptyCheck: true)
    $0.version = (0x1FFF_F6A6, 0xA1)
  },
  f0(
    "f072", "STM32F072", .foldedTopOfW2, "064*0002Kg", sectorsPerBit: 2
  ).with {
    $0.more = [ram(0x2000_1800, 10), rom(0x1FFF_C800, 12)]
    $0.quirks.leave = .needsSecondStatus
    $0.version = (0x1FFF_F6A6, 0xA1)
  },
  f0(
    "f303", "STM32F303", .foldedTopOfW2, "128*0002Kg", sectorsPerBit: 2
  ).with {
    $0.more = [ram(0x2000_1800, 34), rom(0x1FFF_D800, 8)]
    $0.version = (0x1FFF_F796, 0x40)
  },
  ChipSpec(
    name: "f107", title: "STM32F107",
    // The string is cut off so on real chips.
    usb: .olderROM(
      .constant("STM32"), product: "STM32 0x418 DFU Bootloade"),
    layouts: [
      older("128*002Kg"), "@Option Bytes  /0x1FFFF800/01*016 g",
    ],
    options: [.f0(protection: 0xA5, sectorsPerBit: 2)],
    more: [ram(0x2000_1000, 60), rom(0x1FFF_B000, 18)], flash: .f0,
    poll: .f0, uniqueID: 0x1FFF_F7E8, after: 13_700),
]

// MARK: - F4

private func f4(
  _ name: String, _ title: String, largeSectors: Int, ramSize: Int,
  massErase: Double
) -> ChipSpec {
  ChipSpec(
    name: name, title: title, usb: .olderROM(),
    layouts: [
      older("04*016Kg,01*064Kg,0\(largeSectors)*128Kg"), f4Options, f4OTP,
      feature,
    ],
    options: [.f4(sectors: largeSectors < 7 ? 8 : 12)],
    more: [ram(0x2000_3000, ramSize), rom(0x1FFF_0000, 30)],
    flash: .f4(massErase: massErase), poll: .f4,
    early: .nak, after: 260)
}

private let f405 = f4(
  "f405", "STM32F405", largeSectors: 7, ramSize: 116, massErase: 16_000
).with { $0.version = (0x1FFF_77DE, 0x31) }
private let f401 = f4(
  "f401", "STM32F401", largeSectors: 3, ramSize: 84, massErase: 8_000)

private let f4Chips: [ChipSpec] = [
  f405,
  f4(
    "f429", "STM32F429", largeSectors: 7, ramSize: 180, massErase: 32_000
  ).with {
    $0.layouts = [
      "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
        + "04*016Kg,01*064Kg,07*128Kg",
      f4Options + "/0x1FFEC000/01*016 e",
      f4OTP + "/0x1FFE7800/01*512 e,01*016 e", feature,
    ]
    $0.options = [.f4(), .f42Second]
  },
  // BIGTREETECH Octopus Pro: what follows the layout is not text.
  f4(
    "f429-garbage", "STM32F429 with 1 MB", largeSectors: 7, ramSize: 180,
    massErase: 16_000
  ).with { $0.layouts[0] += "챐ƨ⹔뺿䭼뛮컸" },
  f401,
  f401.renamed("f411", "STM32F411"),
  f401.renamed("f446", "STM32F446") {
    $0.usb = .olderROM(.constant("STM32FxSTM32"))
    $0.after = 200
  },
]

// MARK: - F7

private func f7(
  _ name: String, _ title: String, _ serial: SerialRule, _ runs: String,
  optionSize: Int, sectors: Int
) -> ChipSpec {
  let isSmall = optionSize == 48
  return ChipSpec(
    name: name, title: title, usb: .olderROM(serial),
    layouts: [
      older(runs), "@Option Bytes  /0x1FFF0000/01*0\(optionSize) e",
      isSmall
        ? "@OTP Memory /0x1FF07800/01*528e"
        : "@OTP Memory /0x1FF0F000/01*1024 e", feature,
    ],
    options: [.f7(size: optionSize, sectors: sectors)],
    more: [ram(0x2000_4000, 240), rom(0x1FF0_0000, 30)],
    flash: .f7, poll: .f7,
    early: .nak)
}

private let f7Chips: [ChipSpec] = [
  f7(
    "f722", "STM32F722", .constant("STM32FxSTM32"), "04*016Kg,01*64Kg,03*128Kg",
    optionSize: 48, sectors: 8),
  f7(
    "f745", "STM32F745", .folded, "04*032Kg,01*128Kg,03*256Kg",
    optionSize: 32, sectors: 8),
  f7(
    "f767", "STM32F767", .foldedPlusTen, "04*032Kg,01*128Kg,07*256Kg",
    optionSize: 32, sectors: 12),
  // In dual-bank mode, where ROM 9.3 erases the wrong sector of bank 2.
  f7(
    "f767-dual", "STM32F767 with two banks", .foldedPlusTen,
    "04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
    optionSize: 32, sectors: 0
  ).with { $0.quirks.eraseHitsFourthAfterFrom = 0x0810_0000 },
]

// MARK: - L0, L1

private let l0Chips: [ChipSpec] = [
  ChipSpec(
    name: "l072", title: "STM32L072", usb: .olderROM(.foldedTopOfW2),
    layouts: [
      older("1536*128g"), "@Option Bytes  /0x1FF80000/01*032 e",
      "@DATA Memory /0x08080000/2*3Ke",
    ], options: [.l0(user: 0x7F8F_8070, words: 3, pagesPerBit: 32)],
    more: [ram(0x2000_1000, 16), rom(0x1FF0_0000, 8)],
    flash: .l0(page: 128), poll: .l0, version: (0x1FF0_1FFE, 0x41)),
  ChipSpec(
    name: "l152", title: "STM32L152", usb: .olderROM(),
    layouts: [
      older("1024*256 g"), "@Option Bytes  /0x1FF80000/01*032 e",
      "@DATA Memory /0x08080000/02*004Ke",
    ], options: [.l0(user: 0xFF87_0078, words: 4, pagesPerBit: 16)],
    more: [ram(0x2000_1000, 28), rom(0x1FF0_0000, 8)],
    flash: .l0(page: 256), poll: .l0, version: (0x1FF0_1FFE, 0x40),
    after: 849),
]

// MARK: - L4, L5, G4

private func l4(
  _ name: String, _ title: String, _ runs: String, width: Int
) -> ChipSpec {
  ChipSpec(
    name: name, title: title, usb: .olderROM(),
    layouts: [older(runs), l4Options, l4OTP], options: [.l4(width: width)],
    more: [ram(0x2000_3400, 80), rom(0x1FFF_0000, 28)], early: .stall,
    boot: .nSWBOOT0(emptyCheck: true), after: 820)
}

private let l432 = l4("l432", "STM32L432", "0128*0002Kg", width: 7).with {
  $0.more[0] = ram(0x2000_3100, 48)
  // The page erase of 22.0 ms outlasts the reported 21.
  $0.poll = PollProfile(setAddress: 1, erase: 21, massErase: 21, write: 22)
  $0.version = (0x1FFF_6FFE, 0x91)
}
private let g474 = ChipSpec(
  name: "g474", title: "STM32G474",
  layouts: [
    newer("256*02Kg"),
    "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
    newOTP,
  ],
  options: [
    .slots(0xFFEF_F8AA, size: 48, width: 7, extra: [0x28: 0xFF00_FF00]),
    .slots(
      nil, size: 48, width: 7, first: 128, extra: [0x28: 0xFF00_FF00]),
  ], more: [ram(0x2000_4000, 80), rom(0x1FFF_0000, 28)], poll: .g4,
  boot: .nSWBOOT0(emptyCheck: false), version: (0x1FFF_6FFE, 0xD5))

private let l4Chips: [ChipSpec] = [
  ChipSpec(
    name: "l412", title: "STM32L412",
    layouts: [
      newer("64*02Kg"), "@Option Bytes   /0x1FFF7800/01*40Be",
      "@OTP Memory   /0x1FFF7000/01*01Ke",
    ], options: [.l4(width: 6)],
    more: [ram(0x2000_3000, 28), rom(0x1FFF_0000, 28)], poll: .g4,
    early: .stall, boot: .nSWBOOT0(emptyCheck: true),
    version: (0x1FFF_6FFE, 0xD1), after: 820),
  l432,
  // The same with half the flash.
  l432.renamed("l432kb", "STM32L432KB") {
    $0.layouts[0] = older("0064*0002Kg")
  },
  // Mobilinkd TNC3.
  l432.renamed("l433", "STM32L433") {
    $0.layouts.append(feature)
  },
  l4("l476", "STM32L476", "512*0002Kg", width: 8).with {
    $0.boot = BootProfile()
    // ROM 9.2 and older spoil the tail of a write that is no multiple of 8.
    $0.flash.shortTail = .corrupts
    $0.version = (0x1FFF_6FFE, 0x92)
    $0.after = 2_560
  },
  l4("l496", "STM32L496", "512*0002Kg", width: 8).with {
    $0.quirks.serialChanges = true
  },
  ChipSpec(
    name: "l552", title: "STM32L552",
    layouts: [
      newer("256*02Kg"), "@Option Bytes   /0x40022040/01*48 e",
      "@OTP Memory   /0x1FFF7000/01*512 e",
    ],
    options: [
      .twoBanks(
        [
          0x7FEF_F8AA, 0x0800_007F, 0x0BF9_007F, 0x0C00_007C, 0x0000_007F,
          0x0000_0000, 0x0000_007F, 0x0000_007F, 0x0000_007F, 0x0000_0000,
          0x0000_007F, 0x0000_007F,
        ], size: 48)
    ], more: [ram(0x2000_4000, 176), rom(0x0BF9_0000, 32)],
    flash: .l4(alignment: 16),
    boot: .nSWBOOT0(emptyCheck: false), version: (0x0BF9_7FFE, 0x90)),
  ChipSpec(
    name: "g431", title: "STM32G431",
    layouts: [
      newer("64*02Kg"), "@Option Bytes   /0x1FFF7800/01*048 e", newOTP,
    ],
    options: {
      var window = OptionWindow.slots(
        0xFFEF_F8AA, size: 48, width: 6, extra: [0x28: 0xFF00_FF00])
      window.writable = 40
      return [window]
    }(), more: [ram(0x2000_4000, 16), rom(0x1FFF_0000, 28)],
    boot: .nSWBOOT0(emptyCheck: false)),
  g474,
]

// MARK: - G0, C0, U0, WB

private let g0b1 = ChipSpec(
  name: "g0b1", title: "STM32G0B1",
  // The ROM gives all three alternate settings the flash's string.
  layouts: [String](repeating: newer("256*02Kg"), count: 3),
  more: [
    MemoryProfile(
      .optionBytes, 0x1FFF_7800, [SectorGroup(1, 128)],
      // nBOOT_SEL 0, so that the BOOT0 pin decides.
      options: .slots(
        0xFEFF_FEAA, size: 128, width: 7, extra: [0x70: 0xFF00_0000]),
      isReachable: false),
    ram(0x2000_4000, 128), rom(0x1FFF_0000, 28),
  ], poll: .g4, boot: .nBOOTSEL,
  quirks: ChipQuirks(leave: .lastStatusFails))
private let u073 = ChipSpec(
  name: "u073", title: "STM32U073",
  layouts: [newer("128*02Kg"), "@OB Bytes   /0x40022020/01*136 e"],
  options: [
    .registers(
      [0xFEFF_FEAA, 0xFFFF_FFFF, 0xFFFF_FFFF, 0x0000_007F, 0x0000_007F],
      size: 136, OptionWindow.WriteProtection.ranges([0x0C, 0x10], width: 7))
  ], more: [ram(0x2000_2200, 31), rom(0x1FFF_0000, 26)], boot: .nBOOTSEL,
  version: (0x1FFF_67FE, 0xD0))

private let g0Chips: [ChipSpec] = [
  g0b1,
  // ROM 9.2 of the G0B1 and D.0 of the G0B0 report bank 2 as done too early.
  g0b1.renamed("g0b1-92", "STM32G0B1 with ROM 9.2") {
    $0.flash = .l4(page: 40)
    $0.poll.erase = 40
    $0.quirks.falselyDoneFrom = 0x0804_0000
  },
  ChipSpec(
    name: "c071", title: "STM32C071",
    layouts: [
      newer("64*02Kg"), "@Option Bytes   /0x1FFF7800/01*128 e", newOTP,
    ],
    options: [
      .slots(0xFFFF_FEAA, size: 128, width: 6, extra: [0x70: 0xFF00_0000])
    ], more: [ram(0x2000_2300, 15), rom(0x1FFF_0000, 28)], boot: .nBOOTSEL,
    quirks: ChipQuirks(leave: .needsAddress), version: (0x1FFF_67FE, 0xD1),
    after: 552),
  u073,
  u073.renamed("u083", "STM32U083") {
    $0.usb = .newerROM(version: 0x0220)
    $0.layouts = [
      "@Internal Flash    /0x08000000/128*02Kg",
      "@OB Bytes          /0x40022020/01*136 e",
      "@OTP Memory        /0x1FFF6800/01*1024 e",
      "@ENGI Bytes        /0x1FFF6C00/01*1024.e",
    ]
  },
  ChipSpec(
    name: "wb55", title: "STM32WB55",
    layouts: [
      newer("256*04Kg"), "@Option Bytes   /0x1FFF8000/01*128 e",
      "@OTP Memory   /0x1FFF7000/01*01Ke",
    ],
    options: [
      .slots(
        0x3DFF_F1AA, size: 128, width: 8,
        extra: [
          0x68: 0xFFFF_C000, 0x70: 0xFFFF_FFF4, 0x78: 0x8931_D9F4,
        ])
    ], more: [ram(0x2000_5000, 172), rom(0x1FFF_0000, 28)],
    boot: .nSWBOOT0(emptyCheck: true),
    quirks: ChipQuirks(leave: .lastStatusFails, unprotect: .needsPowerCycle),
    version: (0x1FFF_6FFE, 0xD5)),
]

// MARK: - U5, H5, C5

private let u5Chips: [ChipSpec] = [
  ChipSpec(
    name: "u585", title: "STM32U585",
    layouts: [
      newer("256*08Kg"), "@Option Bytes   /0x40022040/01*64 e",
      "@OTP Memory   /0x0BFA0000/01*512 e",
    ],
    options: [
      .twoBanks(
        [
          0x1FEF_F8AA, 0x0800_007F, 0x0BF9_007F, 0x0C00_007C, 0xFF80_FF80,
          0x0000_0000, 0x8000_007F, 0x8000_007F, 0xFF80_FF80, 0x0000_0000,
          0x8000_007F, 0x8000_007F,
        ], size: 64)
    ], more: [ram(0x2000_4000, 752), rom(0x0BF9_0000, 64)], flash: .u5(),
    poll: .u5, boot: .nSWBOOT0(emptyCheck: false),
    version: (0x0BF9_9EFE, 0x92)),
  ChipSpec(
    name: "h563", title: "STM32H563",
    layouts: [newer("256*08Kg"), "@Option Bytes   /0x40022050/01*432 e"],
    options: {
      var window = OptionWindow.pairs(
        [
          0x00: 0x2D30_EDF8, 0x20: 0xC300_0030, 0x30: 0x0800_00C3,
          0x38: 0x0C00_00C3,
        ], size: 432)
      window.lockedValue = 0x5C
      window.pairs = [0x00, 0x20, 0x30, 0x38]
      return [window]
    }(), more: [ram(0x2000_4000, 624), rom(0x0BF9_7000, 36)], flash: .u5(),
    poll: .u5, quirks: ChipQuirks(takesResetCommand: true),
    version: (0x0BF9_FAFE, 0xE4), after: 250),
  ChipSpec(
    name: "c562", title: "STM32C562",
    layouts: ["@Internal Flash /0x08000000/64*08Kg"],
    more: [ram(0x2000_3C40, 100)], flash: .u5(), poll: .u5,
    quirks: ChipQuirks(clearStatus: .stalls)),
  // ST's open boot loader for the C5, with halves of KiB.
  ChipSpec(
    name: "c5-openbl", title: "STM32C5 with OpenBootloader",
    usb: .newerROM(product: "DFU in FS Mode @Device ID/0x44E"),
    layouts: [
      "@Internal Flash /0x08000000/64*08Kg",
      "@Option Bytes /0x40022050/01*432e",
      "@Read only Memory /0x08FFF800/01.5*01Kg",
      "@OTP Memory /0x08FFE000/04.5*01Kg",
      "@ENGI Memory /0x40022400/01*01Kg",
    ], more: [ram(0x2000_3C40, 100)], flash: .u5(), poll: .u5,
    quirks: ChipQuirks(clearStatus: .stalls)),
]

// MARK: - H7

private let h743 = ChipSpec(
  name: "h743", title: "STM32H743", usb: .newerROM(.constant("200364500000")),
  layouts: [newer("16*128Kg"), "@Option Bytes   /0x5200201C/01*128 e"],
  options: [.h7(size: 128, .clearBits(0x1C, 8))],
  more: [ram(0x2400_0000, 512), rom(0x1FF0_0000, 122)], flash: .h7,
  poll: .h7,
  quirks: ChipQuirks(
    leave: .lastStatusFails, wedgesAfterErasing: 1_024 * kib),
  version: (0x1FF1_E7FE, 0x90), after: 54)

private let h7a3 = ChipSpec(
  name: "h7a3", title: "STM32H7A3",
  layouts: [
    newer("256*08Kg"), "@Option Bytes   /0x5200201C/01*297 e",
    "@OTP Memory   /0x08FFF000/01*1024 e",
  ],
  // Each of the 32 bits stands for four sectors.
  options: [
    .h7(
      size: 297, sectors: 0xFFFF_FFFF, .clearBits(0x1C, 32, sectorsPerBit: 4))
  ],
  more: [ram(0x2400_0000, 1_024), rom(0x1FF0_0000, 80)],
  flash: .u5(refusesProgrammedWords: false),
  poll: .u5, quirks: ChipQuirks(leave: .lastStatusFails),
  version: (0x1FF1_3FFE, 0x91), after: 545)

private let h7Chips: [ChipSpec] = [
  h743,
  // The other two serial numbers that every H743 may show.
  h743.renamed("h743-2000", "STM32H743") {
    $0.usb.serial = .constant("200000500000")
  },
  h743.renamed("h743-1003", "STM32H743") {
    $0.usb.serial = .constant("100364500000")
  },
  h743.renamed("h723", "STM32H723") {
    $0.usb = .newerROM()
    $0.layouts = [newer("8*128Kg"), "@Option Bytes   /0x5200201C/01*88 e"]
    $0.options = [.h7(size: 88, .clearBits(0x1C, 8))]
    $0.more[0] = ram(0x2400_0000, 320)
    $0.quirks.wedgesAfterErasing = nil
    $0.version = (0x1FF1_E7FE, 0x92)
  },
  h7a3,
  // ROM 9.0: the string's sectors are a quarter of the true ones, its other
  // addresses lack a digit, and there is no OTP.
  h7a3.renamed("h7a3-90", "STM32H7A3 with ROM 9.0") {
    $0.usb = .newerROM(.constant("FFFFFFFEFFFF"))
    $0.layouts = [
      older("256*02Kg"), "@Option Bytes  /0x1FF8000/01*128 e",
      "@OTP Memory  /0x1FF7000/01*1024 e",
    ]
    $0.trueLayouts = 1
    $0.sectors = [SectorGroup(256, 8 * kib)]
    $0.version = (0x1FF1_3FFE, 0x90)
  },
  // The part has 128 KiB; the string is that of the H7A3.
  h7a3.renamed("h7b0", "STM32H7B0") {
    $0.sectors = [SectorGroup(16, 8 * kib)]
  },
]

// MARK: - Clones

private func clone(
  _ name: String, _ title: String, _ usb: USBIdentity, _ layouts: [String]
) -> ChipSpec {
  ChipSpec(
    name: name, title: title, usb: usb, layouts: layouts,
    options: [.f0(protection: 0xA5, sectorsPerBit: 4)],
    more: [ram(0x2000_2000, 88)], flash: .f0,
    poll: PollProfile(setAddress: 1, erase: 50, massErase: 100, write: 60),
    transferSize: 2_048)
}

private func artery(
  _ name: String, _ title: String, product: String = "DFU in FS Mode",
  _ layouts: [String]
) -> ChipSpec {
  clone(
    name, title,
    .other(0x2E3C, 0xDF11, "Artery-Tech", product, .constant("AT32")), layouts
  ).with { $0.quirks.unprotect = .staysOnTheBus }
}

private func gigaDevice(
  _ name: String, version: UInt16, _ layouts: [String]
) -> ChipSpec {
  clone(
    name, "GD32VF103",
    // Eight-bit characters; the B at the end tells 128 KB.
    .other(
      0x28E9, 0x0189, "GigaDevice", "GD32 0x418 DFU Bootloader",
      .eightBit("3CBJ"), version: version), layouts
  ).with {
    $0.more = [ram(0x2000_1000, 28), rom(0x1FFF_B000, 18)]
    $0.sectors = [SectorGroup(128, kib)]
    $0.poll = .f4
    $0.early = .nak
    $0.boot = BootProfile(hasVectorTable: false)
    $0.quirks.leave = .unanswered
  }
}

private let clones: [ChipSpec] = [
  // The string lies: there are 128 pages of 1 KiB.
  gigaDevice(
    "gd32vf103", version: 0x1000,
    [older("512*002Kg"), "@Option Bytes  /0x1FFFF800/01*016 g"]),
  gigaDevice(
    "gd32vf103-0100", version: 0x0100,
    [older("128*001Kg"), "@Option Bytes  /0x1FFFF800/01*016Be"]),
  clone(
    "gd32h7", "GD32H7",
    .other(
      0x28E9, 0x0189, "GigaDevice", "GD32 DFU", .constant("GD32H7"),
      version: 0x0100), ["@InternalFlash   /0x08000000/960*004Kg"]
  ).with { $0.quirks.leave = .unanswered },
  artery(
    "at32", "AT32F403A", product: "AT32 Bootloader DFU", [older(" 128*1Kg")]),
  artery(
    "at32f415", "AT32F415",
    [older(" 128*1Kg"), "@Option Byte   /0x1FFFF800/02*016 e"]
  ).with { $0.options = [.f0(protection: 0xA5, size: 32, sectorsPerBit: 4)] },
  artery(
    "at32f435", "AT32F435",
    [newer("512*002Kg"), "@Option byte   /0x1FFFF800/01*512g"]
  ).with { $0.options = [.f0(protection: 0xA5, size: 512, sectorsPerBit: 4)] },
  clone(
    "apm32", "APM32F103",
    .other(
      0x314B, 0x0106, "Geehy", "DFU", .constant("0448"), version: 0x0010),
    ["@Internal Flash  /0x8000000/06*002Kg,058*002Kg", f1Options]),
  clone(
    "x32", "X32",
    .other(0x3997, 0xDF11, "X32", "X32 DFU", .constant("X32")),
    [newer("512*004Kg")]),
]

extension BoardProfile {
  /// ST's ROMs and their clones.
  static let roms: [BoardProfile] =
    [
      f0Chips, f4Chips, f7Chips, l0Chips, l4Chips, g0Chips, u5Chips, h7Chips,
      clones,
    ].flatMap { $0.map(\.profile) }.map { profile in
      var profile = profile
      switch profile.name {
      case "f429": profile.alternates[0].excessLength = 22
      case "c562": profile.functional.isSilentOnRequest = true
      default: break
      }
      return profile
    }
}
