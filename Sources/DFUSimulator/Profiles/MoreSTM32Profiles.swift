// More families, mostly for their option bytes and for one habit each.
// Figures that no public source gives (how long some of these flashes take)
// follow their nearest relative above.

private let kib = 1024

private func chip(
  _ name: String, _ title: String, _ usb: USBIdentity, _ alternates: [String],
  transferSize: UInt16, after milliseconds: Int = 300, _ profile: ChipProfile
) -> BoardProfile {
  BoardProfile(
    name: name, title: title, usb: usb,
    alternates: alternates.map { AlternateProfile($0) },
    functional: .dfuSe(transferSize: transferSize),
    enumerationTime: .milliseconds(milliseconds), machine: .dfuSe(profile))
}

private func flash(_ runs: (Int, Int)...) -> MemoryProfile {
  MemoryProfile(
    .flash, 0x0800_0000, runs.map { SectorGroup($0.0, $0.1 * kib) })
}

private func ram(_ start: UInt32, _ kibibytes: Int) -> MemoryProfile {
  MemoryProfile(.ram, start, size: kibibytes * kib)
}

private func options(
  _ start: UInt32, _ window: OptionWindow
) -> MemoryProfile {
  MemoryProfile(
    .optionBytes, start, size: window.initial.count, options: window)
}

private let deviceFeature = MemoryProfile(
  .deviceFeature, 0xFFFF_0000, size: 4, initial: [0x00, 0xFF, 0xFF, 0xFF])

private let l4Poll = PollProfile(
  setAddress: 1, erase: 25, massErase: 25, write: 22)

extension OptionWindow {
  /// F7: OPTCR halves, boot addresses and PCROP, a word per 8 bytes.
  fileprivate static func f7(size: Int, sectors: Int) -> OptionWindow {
    let words: [UInt32] = [
      0x5500_AAFF, 0xFFFF_FFFF, 0x0000_FFFF, 0xFFFF_FFFF, 0xFF7F_0080,
      0xFFFF_FFFF, 0xFFBF_0040, 0xFFFF_FFFF, 0x0000_FFFF, 0xFFFF_FFFF,
      0x7FFF_8000, 0xFFFF_FFFF,
    ]
    return OptionWindow(
      rule: .halfWordPerEight,
      initial: [UInt8](words: Array(words.prefix(size / 4)))
        .mirrored(step: 8, width: 2, gap: 2),
      protection: 1,
      writeProtection: [
        .bits(
          offset: 8, bit: 0, count: sectors, first: 0, sectorsPerBit: 1,
          protectsWhen: false)
      ])
  }

  /// L0 and L1: half-words with complements; set bits protect 4 KiB each.
  fileprivate static func l0(
    user: UInt32, words: Int, pagesPerBit: Int
  ) -> OptionWindow {
    OptionWindow(
      rule: .halfWordPairs,
      initial: [UInt8](
        words: [0xFF55_00AA, user]
          + Array(repeating: 0xFFFF_0000, count: 6)),
      protection: 0,
      writeProtection: (0..<words).map {
        .bits(
          offset: 8 + $0 * 4, bit: 0, count: 16, first: $0 * 16 * pagesPerBit,
          sectorsPerBit: pagesPerBit, protectsWhen: true)
      })
  }

  /// G0 and C0: slots up to +0x70.
  fileprivate static func g0(optr: UInt32, width: Int) -> OptionWindow {
    .slots(
      [
        0x00: optr, 0x08: 0xFFFF_FFFF, 0x10: 0x0000_0000, 0x18: 0xFF00_FFFF,
        0x20: 0xFF00_FFFF, 0x70: 0xFF00_0000,
      ], size: 128,
      writeProtection: [
        .range(offset: 0x18, width: width, firstSector: 0),
        .range(offset: 0x20, width: width, firstSector: 0),
      ])
  }
}

extension FlashProfile {
  /// L0 and L1: 3.2 ms a page or half-page; erased bytes are zero.
  fileprivate static func l0(page: Int) -> FlashProfile {
    FlashProfile(
      erase: [EraseTime(size: page, time: .microseconds(3_200))],
      massErase: .milliseconds(20), unit: page / 2,
      programTime: .microseconds(3_200), erasedByte: 0x00, alignment: 8,
      shortTail: .works)
  }

  /// F7: as F4 with larger sectors and 8-byte alignment.
  fileprivate static func f7(largest: Int) -> FlashProfile {
    var flash = f4(massErase: 16_000, wide: 8_000)
    flash.erase += [EraseTime(size: largest, time: .milliseconds(4_000))]
    flash.wide?.erase += [
      EraseTime(size: largest, time: .milliseconds(2_000))
    ]
    flash.alignment = 8
    return flash
  }
}

extension BoardProfile {
  // MARK: F0, F1, F3

  static let f042: BoardProfile = {
    var flashTimes = FlashProfile.f0()
    flashTimes.erase = [.init(size: kib, time: .milliseconds(40))]
    return chip(
      "f042", "STM32F042", .olderROM(.constant("FFFFFFFEFFFF")),
      [
        "@Internal Flash  /0x08000000/032*0001Kg",
        "@Option Bytes  /0x1FFFF800/01*016 e",
      ], transferSize: 2_048,
      ChipProfile(
        memories: [
          flash((32, 1)), options(0x1FFF_F800, .f0(sectorsPerBit: 4)),
          MemoryProfile(.system, 0x1FFF_C400, size: 13 * kib),
        ],
        flash: flashTimes,
        poll: PollProfile(setAddress: 1, erase: 40, massErase: 40, write: 55),
        earlyPoll: .busy,
        boot: BootProfile(
          software: BootProfile.SoftwareBoot(
            select: 23, pinWhen: true, nBoot0: 19), hasEmptyCheck: true),
        uniqueIDAddress: 0x1FFF_F7AC, marks: [0x1FFF_F6A6: [0xA1]]))
  }()

  static let f303 = chip(
    "f303", "STM32F303", .olderROM(.foldedTopOfW2),
    [
      "@Internal Flash  /0x08000000/128*0002Kg",
      "@Option Bytes  /0x1FFFF800/01*016 e",
    ], transferSize: 2_048,
    ChipProfile(
      memories: [
        flash((128, 2)), options(0x1FFF_F800, .f0(sectorsPerBit: 2)),
        ram(0x2000_1800, 34),
        MemoryProfile(.system, 0x1FFF_D800, size: 8 * kib),
      ],
      flash: .f0(),
      poll: PollProfile(setAddress: 1, erase: 40, massErase: 40, write: 55),
      earlyPoll: .busy, uniqueIDAddress: 0x1FFF_F7AC,
      marks: [0x1FFF_F796: [0x40]]))

  static let f107 = chip(
    "f107", "STM32F107", .olderROM(.constant("STM32")),
    [
      "@Internal Flash  /0x08000000/128*002Kg",
      "@Option Bytes  /0x1FFFF800/01*016 g",
    ], transferSize: 2_048, after: 13_700,
    ChipProfile(
      memories: [
        flash((128, 2)),
        options(0x1FFF_F800, .f0(protection: 0xA5, sectorsPerBit: 2)),
        ram(0x2000_1000, 60),
        MemoryProfile(.system, 0x1FFF_B000, size: 18 * kib),
      ],
      flash: .f0(),
      poll: PollProfile(setAddress: 1, erase: 40, massErase: 40, write: 55),
      earlyPoll: .busy, uniqueIDAddress: 0x1FFF_F7E8))

  // MARK: F4

  private static func f4(
    _ name: String, _ title: String, serial: SerialRule, after: Int
  ) -> BoardProfile {
    chip(
      name, title, .olderROM(serial),
      [
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
        "@Option Bytes  /0x1FFFC000/01*016 e",
        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
        "@Device Feature/0xFFFF0000/01*004 e",
      ], transferSize: 2_048, after: after,
      ChipProfile(
        memories: [
          flash((4, 16), (1, 64), (3, 128)),
          options(0x1FFF_C000, .f4(sectors: 8)),
          MemoryProfile(.otp, 0x1FFF_7800, size: 528), deviceFeature,
          ram(0x2000_3000, 84),
          MemoryProfile(.system, 0x1FFF_0000, size: 30 * kib),
        ],
        flash: .f4(massErase: 8_000, wide: 4_000), poll: .f4,
        earlyPoll: .nak))
  }

  static let f401 = f4("f401", "STM32F401", serial: .folded, after: 260)
  static let f411 = f4("f411", "STM32F411", serial: .folded, after: 260)
  static let f446 = f4(
    "f446", "STM32F446", serial: .constant("STM32FxSTM32"), after: 200)

  // MARK: F7

  private static func f7(
    _ name: String, _ title: String, serial: SerialRule, sectors: String,
    optionSize: Int, otp: String, _ memory: MemoryProfile, protected: Int,
    quirks: ChipQuirks = ChipQuirks(), largest: Int
  ) -> BoardProfile {
    chip(
      name, title, .olderROM(serial),
      [
        "@Internal Flash  /0x08000000/" + sectors,
        "@Option Bytes  /0x1FFF0000/01*0\(optionSize) e",
        "@OTP Memory /" + otp, "@Device Feature/0xFFFF0000/01*004 e",
      ], transferSize: 2_048,
      ChipProfile(
        memories: [
          memory,
          options(0x1FFF_0000, .f7(size: optionSize, sectors: protected)),
          MemoryProfile(
            .otp, otp.hasPrefix("0x1FF07800") ? 0x1FF0_7800 : 0x1FF0_F000,
            size: otp.hasPrefix("0x1FF07800") ? 528 : 1_040),
          deviceFeature, ram(0x2000_4000, 240),
          MemoryProfile(.system, 0x1FF0_0000, size: 0x7_800),
        ],
        flash: .f7(largest: largest * kib),
        poll: PollProfile(
          setAddress: 1, erase: 100, massErase: 100, write: 34),
        earlyPoll: .nak, quirks: quirks))
  }

  static let f722 = f7(
    "f722", "STM32F722", serial: .constant("STM32FxSTM32"),
    sectors: "04*016Kg,01*64Kg,03*128Kg", optionSize: 48,
    otp: "0x1FF07800/01*528e", flash((4, 16), (1, 64), (3, 128)),
    protected: 8, largest: 128)

  static let f745 = f7(
    "f745", "STM32F745", serial: .folded,
    sectors: "04*032Kg,01*128Kg,03*256Kg", optionSize: 32,
    otp: "0x1FF0F000/01*1040e", flash((4, 32), (1, 128), (3, 256)),
    protected: 8, largest: 256)

  static let f767 = f7(
    "f767", "STM32F767", serial: .foldedPlusTen,
    sectors: "04*032Kg,01*128Kg,07*256Kg", optionSize: 32,
    otp: "0x1FF0F000/01*1040e", flash((4, 32), (1, 128), (7, 256)),
    protected: 12, largest: 256)

  /// In dual-bank mode, where ROM 9.3 erases the wrong sector of bank 2.
  static let f767Dual = f7(
    "f767-dual", "STM32F767 with two banks", serial: .foldedPlusTen,
    sectors: "04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg",
    optionSize: 32, otp: "0x1FF0F000/01*1040e",
    flash((4, 16), (1, 64), (7, 128), (4, 16), (1, 64), (7, 128)),
    protected: 0, quirks: ChipQuirks(eraseHitsFourthAfterFrom: 0x0810_0000),
    largest: 128)

  // MARK: L0, L1

  static let l072 = chip(
    "l072", "STM32L072", .olderROM(.foldedTopOfW2),
    [
      "@Internal Flash  /0x08000000/1536*128g",
      "@Option Bytes  /0x1FF80000/01*032 e",
      "@DATA Memory /0x08080000/2*3Ke",
    ], transferSize: 2_048,
    ChipProfile(
      memories: [
        MemoryProfile(.flash, 0x0800_0000, [SectorGroup(1_536, 128)]),
        options(
          0x1FF8_0000,
          .l0(user: 0x7F8F_8070, words: 3, pagesPerBit: 32)),
        MemoryProfile(.eeprom, 0x0808_0000, size: 6 * kib),
        ram(0x2000_1000, 16),
        MemoryProfile(.system, 0x1FF0_0000, size: 8 * kib),
      ],
      flash: .l0(page: 128),
      poll: PollProfile(setAddress: 1, erase: 4, massErase: 30, write: 110),
      earlyPoll: .busy, marks: [0x1FF0_1FFE: [0x41]]))

  static let l152 = chip(
    "l152", "STM32L152", .olderROM(.folded),
    [
      "@Internal Flash  /0x08000000/1024*256 g",
      "@Option Bytes  /0x1FF80000/01*032 e",
      "@DATA Memory /0x08080000/02*004Ke",
    ], transferSize: 2_048, after: 849,
    ChipProfile(
      memories: [
        MemoryProfile(.flash, 0x0800_0000, [SectorGroup(1_024, 256)]),
        options(
          0x1FF8_0000,
          .l0(user: 0xFF87_0078, words: 4, pagesPerBit: 16)),
        MemoryProfile(.eeprom, 0x0808_0000, size: 8 * kib),
        ram(0x2000_1000, 28),
        MemoryProfile(.system, 0x1FF0_0000, size: 8 * kib),
      ],
      flash: .l0(page: 256),
      poll: PollProfile(setAddress: 1, erase: 4, massErase: 30, write: 60),
      earlyPoll: .busy, marks: [0x1FF0_1FFE: [0x40]]))

  // MARK: L4, L5, G4

  private static func l4(
    _ name: String, _ title: String, quirks: ChipQuirks, after: Int,
    boot: BootProfile = BootProfile()
  ) -> BoardProfile {
    chip(
      name, title, .olderROM(.folded),
      [
        "@Internal Flash  /0x08000000/512*0002Kg",
        "@Option Bytes  /0x1FFF7800/01*040 e",
        "@OTP Memory /0x1FFF7000/01*0001Ke",
      ], transferSize: 2_048, after: after,
      ChipProfile(
        memories: [
          flash((512, 2)),
          options(0x1FFF_7800, .l4(size: 40, width: 8)),
          MemoryProfile(.otp, 0x1FFF_7000, size: kib),
          ram(0x2000_3400, 80),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: .l4, poll: l4Poll, earlyPoll: .stall, boot: boot,
        quirks: quirks))
  }

  static let l476: BoardProfile = {
    var profile = l4(
      "l476", "STM32L476", quirks: ChipQuirks(), after: 2_560)
    if case .dfuSe(var chip) = profile.machine {
      // ROM 9.2 and older spoil the tail of a write that is no multiple of 8.
      chip.flash.shortTail = .corrupts
      chip.marks = [0x1FFF_6FFE: [0x92]]
      profile.machine = .dfuSe(chip)
    }
    return profile
  }()

  static let l496 = l4(
    "l496", "STM32L496", quirks: ChipQuirks(serialChanges: true), after: 820,
    boot: .nSWBOOT0(emptyCheck: true))

  static let l552 = chip(
    "l552", "STM32L552", .newerROM(),
    [
      "@Internal Flash   /0x08000000/256*02Kg",
      "@Option Bytes   /0x40022040/01*48 e",
      "@OTP Memory   /0x0BFA0000/01*512 e",
    ], transferSize: 1_024,
    ChipProfile(
      memories: [
        flash((256, 2)),
        options(
          0x4002_2040,
          .registers(
            [
              0x7FEF_F8AA, 0x0800_007F, 0x0BF9_007F, 0x0C00_007C, 0x0000_007F,
              0x0000_0000, 0x0000_007F, 0x0000_007F, 0x0000_007F, 0x0000_0000,
              0x0000_007F, 0x0000_007F,
            ], size: 48,
            writeProtection: [
              .range(offset: 0x18, width: 7, firstSector: 0),
              .range(offset: 0x1C, width: 7, firstSector: 0),
              .range(offset: 0x28, width: 7, firstSector: 128),
              .range(offset: 0x2C, width: 7, firstSector: 128),
            ])),
        MemoryProfile(.otp, 0x0BFA_0000, size: 512), ram(0x2000_4000, 176),
        MemoryProfile(.system, 0x0BF9_0000, size: 32 * kib),
      ],
      flash: {
        var flash = FlashProfile.l4
        flash.alignment = 16
        return flash
      }(), poll: l4Poll, earlyPoll: .busy,
      boot: .nSWBOOT0(emptyCheck: false), marks: [0x0BF9_7FFE: [0x90]]))

  static let g431: BoardProfile = {
    var window = OptionWindow.l4(
      size: 48, width: 6, extra: [0x28: 0xFF00_FF00])
    window.writable = 40
    return chip(
      "g431", "STM32G431", .newerROM(),
      [
        "@Internal Flash   /0x08000000/64*02Kg",
        "@Option Bytes   /0x1FFF7800/01*048 e",
        "@OTP Memory   /0x1FFF7000/01*1024 e",
      ], transferSize: 1_024,
      ChipProfile(
        memories: [
          flash((64, 2)), options(0x1FFF_7800, window),
          MemoryProfile(.otp, 0x1FFF_7000, size: kib), ram(0x2000_4000, 16),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: .l4, poll: l4Poll, earlyPoll: .busy,
        boot: .nSWBOOT0(emptyCheck: false)))
  }()

  // MARK: C0, U0, WB

  static let c071 = chip(
    "c071", "STM32C071", .newerROM(),
    [
      "@Internal Flash   /0x08000000/64*02Kg",
      "@Option Bytes   /0x1FFF7800/01*128 e",
      "@OTP Memory   /0x1FFF7000/01*1024 e",
    ], transferSize: 1_024, after: 552,
    ChipProfile(
      memories: [
        flash((64, 2)),
        options(0x1FFF_7800, .g0(optr: 0xFFFF_FEAA, width: 6)),
        MemoryProfile(.otp, 0x1FFF_7000, size: kib), ram(0x2000_2300, 15),
        MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
      ],
      flash: .l4, poll: l4Poll, earlyPoll: .busy,
      boot: .nBOOTSEL(clearsEmptyFlag: true),
      quirks: ChipQuirks(leave: .needsAddress),
      marks: [0x1FFF_67FE: [0xD1]]))

  static let u073 = chip(
    "u073", "STM32U073", .newerROM(),
    [
      "@Internal Flash   /0x08000000/128*02Kg",
      "@OB Bytes   /0x40022020/01*136 e",
    ], transferSize: 1_024,
    ChipProfile(
      memories: [
        flash((128, 2)),
        options(
          0x4002_2020,
          .registers(
            [0xFEFF_FEAA, 0xFFFF_FFFF, 0xFFFF_FFFF, 0x0000_007F, 0x0000_007F],
            size: 136,
            writeProtection: [
              .range(offset: 0x0C, width: 7, firstSector: 0),
              .range(offset: 0x10, width: 7, firstSector: 0),
            ])), ram(0x2000_2200, 31),
        MemoryProfile(.system, 0x1FFF_0000, size: 26 * kib),
      ],
      flash: .l4, poll: l4Poll, earlyPoll: .busy,
      boot: .nBOOTSEL(clearsEmptyFlag: true),
      marks: [0x1FFF_67FE: [0xD0]]))

  static let wb55: BoardProfile = {
    var times = FlashProfile.l4
    times.erase = [.init(size: 4 * kib, time: .microseconds(22_000))]
    return chip(
      "wb55", "STM32WB55", .newerROM(),
      [
        "@Internal Flash   /0x08000000/256*04Kg",
        "@Option Bytes   /0x1FFF8000/01*128 e",
        "@OTP Memory   /0x1FFF7000/01*01Ke",
      ], transferSize: 1_024,
      ChipProfile(
        memories: [
          flash((256, 4)),
          options(
            0x1FFF_8000,
            .slots(
              [
                0x00: 0x3DFF_F1AA, 0x08: 0xFFFF_FFFF, 0x10: 0x0000_0000,
                0x18: 0xFF00_FFFF, 0x20: 0xFF00_FFFF, 0x68: 0xFFFF_C000,
                0x70: 0xFFFF_FFF4, 0x78: 0x8931_D9F4,
              ], size: 128,
              writeProtection: [
                .range(offset: 0x18, width: 8, firstSector: 0),
                .range(offset: 0x20, width: 8, firstSector: 0),
              ])),
          MemoryProfile(.otp, 0x1FFF_7000, size: kib), ram(0x2000_5000, 172),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: times, poll: l4Poll, earlyPoll: .busy,
        boot: .nSWBOOT0(emptyCheck: true),
        quirks: ChipQuirks(
          leave: .lastStatusFails, unprotect: .needsPowerCycle),
        marks: [0x1FFF_6FFE: [0xD5]]))
  }()

  // MARK: H5, H7

  static let h563: BoardProfile = {
    var words = [UInt32](repeating: 0xFFFF_FFFF, count: 108)
    for (offset, word) in [
      (0x00, 0x2D30_EDF8), (0x20, 0xC300_0030), (0x30, 0x0800_00C3),
      (0x38, 0x0C00_00C3),
    ] as [(Int, UInt32)] {
      words[offset / 4] = word
      words[offset / 4 + 1] = word
    }
    return chip(
      "h563", "STM32H563", .newerROM(),
      [
        "@Internal Flash   /0x08000000/256*08Kg",
        "@Option Bytes   /0x40022050/01*432 e",
      ], transferSize: 1_024, after: 250,
      ChipProfile(
        memories: [
          flash((256, 8)),
          options(
            0x4002_2050,
            OptionWindow(
              rule: .currentAndProgram, initial: [UInt8](words: words),
              protection: 1, lockedValue: 0x5C,
              pairs: [0x00, 0x20, 0x30, 0x38])),
          ram(0x2000_4000, 624),
          MemoryProfile(.system, 0x0BF9_7000, size: 36 * kib),
        ],
        flash: .u5,
        poll: PollProfile(setAddress: 1, erase: 5, massErase: 900, write: 8),
        earlyPoll: .busy, quirks: ChipQuirks(takesResetCommand: true),
        marks: [0x0BF9_FAFE: [0xE4]]))
  }()

  static let h723 = chip(
    "h723", "STM32H723", .newerROM(),
    [
      "@Internal Flash   /0x08000000/8*128Kg",
      "@Option Bytes   /0x5200201C/01*88 e",
    ], transferSize: 1_024, after: 54,
    ChipProfile(
      memories: [
        flash((8, 128)),
        options(
          0x5200_201C, .h7(size: 88, sectors: 8, boot: 0x1FF0_0800)),
        ram(0x2400_0000, 320),
        MemoryProfile(.system, 0x1FF0_0000, size: 122 * kib),
      ],
      flash: .h7,
      poll: PollProfile(
        setAddress: 1, erase: 1_000, massErase: 1_000, write: 10),
      earlyPoll: .busy, quirks: ChipQuirks(leave: .lastStatusFails),
      marks: [0x1FF1_E7FE: [0x92]]))

  static let h7a3: BoardProfile = {
    var times = FlashProfile.u5
    times.refusesProgrammedWords = false
    return chip(
      "h7a3", "STM32H7A3", .newerROM(),
      [
        "@Internal Flash   /0x08000000/256*08Kg",
        "@Option Bytes   /0x5200201C/01*297 e",
        "@OTP Memory   /0x08FFF000/01*1024 e",
      ], transferSize: 1_024, after: 545,
      ChipProfile(
        memories: [
          flash((256, 8)),
          // Each of the 32 bits stands for four sectors.
          options(
            0x5200_201C,
            {
              var window = OptionWindow.h7(
                size: 297, sectors: 0, boot: 0x1FF0_0800)
              window.initial.replaceSubrange(
                0x1C..<0x24, with: [UInt8](repeating: 0xFF, count: 8))
              window.writeProtection = [
                .bits(
                  offset: 0x1C, bit: 0, count: 32, first: 0,
                  sectorsPerBit: 4, protectsWhen: false)
              ]
              return window
            }()),
          MemoryProfile(.otp, 0x08FF_F000, size: kib),
          ram(0x2400_0000, 1_024),
          MemoryProfile(.system, 0x1FF0_0000, size: 80 * kib),
        ],
        flash: times,
        poll: PollProfile(setAddress: 1, erase: 5, massErase: 900, write: 8),
        earlyPoll: .busy, quirks: ChipQuirks(leave: .lastStatusFails),
        marks: [0x1FF1_3FFE: [0x91]]))
  }()

  // MARK: Relatives

  static let at32 = chip(
    "at32", "AT32F403A",
    USBIdentity(
      vendor: 0x2E3C, product: 0xDF11, deviceVersion: 0x0200,
      usbVersion: 0x0200, manufacturer: "Artery-Tech",
      productName: "AT32 Bootloader DFU", serial: .constant("AT32")),
    ["@Internal Flash  /0x08000000/ 128*1Kg"], transferSize: 2_048,
    ChipProfile(
      memories: [flash((128, 1)), ram(0x2000_2000, 88)],
      flash: .f0(),
      poll: PollProfile(setAddress: 1, erase: 50, massErase: 100, write: 60),
      earlyPoll: .busy))

  static let apm32 = chip(
    "apm32", "APM32F103",
    USBIdentity(
      vendor: 0x314B, product: 0x0106, deviceVersion: 0x0200,
      usbVersion: 0x0200, manufacturer: "Geehy", productName: "APM32 DFU",
      serial: .folded),
    ["@Internal Flash  /0x8000000/06*002Kg,058*002Kg"], transferSize: 2_048,
    ChipProfile(
      memories: [flash((64, 2)), ram(0x2000_2000, 12)], flash: .f0(),
      poll: PollProfile(setAddress: 1, erase: 40, massErase: 40, write: 60),
      earlyPoll: .busy))
}
