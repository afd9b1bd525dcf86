// What is known of STM32 chips and their relatives in DFU mode: strings and
// identifiers as seen on real devices, geometry and times from the reference
// manuals and data sheets, habits from AN2606 and public logs.

private let kib = 1024

extension USBIdentity {
  /// The older generation of ST's ROMs (bcdDevice 0x2200).
  static func olderROM(
    _ serial: SerialRule, deviceVersion: UInt16 = 0x2200
  ) -> USBIdentity {
    USBIdentity(
      vendor: 0x0483, product: 0xDF11, deviceVersion: deviceVersion,
      usbVersion: 0x0100, manufacturer: "STMicroelectronics",
      productName: "STM32  BOOTLOADER", serial: serial)
  }

  /// The newer generation (bcdDevice 0x0200).
  static func newerROM(_ serial: SerialRule = .folded) -> USBIdentity {
    USBIdentity(
      vendor: 0x0483, product: 0xDF11, deviceVersion: 0x0200,
      usbVersion: 0x0200, manufacturer: "STMicroelectronics",
      productName: "DFU in FS Mode", serial: serial)
  }
}

extension FunctionalProfile {
  static func dfuSe(transferSize: UInt16) -> FunctionalProfile {
    FunctionalProfile(
      attributes: 0x0B, detachTimeout: 255, transferSize: transferSize,
      version: 0x011A)
  }
}

extension PollProfile {
  /// The same figure for every command, as ROMs with the set-address bug
  /// report it (a public log of an F469: set-address 104 ms, erase 100).
  static let f4 = PollProfile(
    setAddress: 104, erase: 100, massErase: 100, write: 104)
}

extension FlashProfile {
  /// F2 and F4, data sheet of the F405: typical times for 8 and 32 bits.
  static func f4(massErase: Int, wide: Int) -> FlashProfile {
    FlashProfile(
      erase: [
        EraseTime(size: 16 * kib, time: .milliseconds(400)),
        EraseTime(size: 64 * kib, time: .milliseconds(1_200)),
        EraseTime(size: 128 * kib, time: .milliseconds(2_000)),
      ],
      massErase: .milliseconds(massErase), unit: 1,
      programTime: .microseconds(16),
      wide: WideProgramming(
        erase: [
          EraseTime(size: 16 * kib, time: .milliseconds(250)),
          EraseTime(size: 64 * kib, time: .milliseconds(550)),
          EraseTime(size: 128 * kib, time: .milliseconds(1_000)),
        ],
        massErase: .milliseconds(wide), unit: 4,
        programTime: .microseconds(16)),
      alignment: 4, shortTail: .works)
  }

  /// L4 and G4, data sheets: 2 KiB page 22.0 ms, mass erase 22.1 ms, 64 bits
  /// 82 µs.
  static let l4 = FlashProfile(
    erase: [EraseTime(size: 2 * kib, time: .microseconds(22_000))],
    massErase: .microseconds(22_100), unit: 8,
    programTime: .microseconds(82), eccWord: 8,
    refusesProgrammedWords: true, alignment: 8)

  /// F0 and F3: page 40 ms, half-word 53 µs.
  static func f0(alignment: Int = 4) -> FlashProfile {
    FlashProfile(
      erase: [EraseTime(size: 2 * kib, time: .milliseconds(40))],
      massErase: .milliseconds(40), unit: 2,
      programTime: .microseconds(53), alignment: alignment,
      shortTail: .works)
  }

  /// H74x: 128 KiB sector about a second at 64 bits, 256 bits 100 µs.
  static let h7 = FlashProfile(
    erase: [EraseTime(size: 128 * kib, time: .milliseconds(1_000))],
    massErase: .seconds(8), unit: 32, programTime: .microseconds(100),
    eccWord: 32, alignment: 8)

  /// U5: 8 KiB page at most 5 ms, 128 bits.
  static let u5 = FlashProfile(
    erase: [EraseTime(size: 8 * kib, time: .microseconds(3_400))],
    massErase: .milliseconds(890), unit: 16,
    programTime: .microseconds(118), eccWord: 16,
    refusesProgrammedWords: true, alignment: 16)
}

extension OptionWindow {
  /// F2/F4: OPTCR 15:0 at +0, 31:16 at +8; `sectors` bits of nWRP.
  static func f4(sectors: Int = 12) -> OptionWindow {
    OptionWindow(
      rule: .halfWordPerEight,
      initial: [UInt8](words: [
        0x5510_AAEF, 0xFFFF_FFFF, 0xF000_0FFF, 0xFFFF_FFFF,
      ]).mirrored(step: 8, width: 2, gap: 2),
      protection: 1,
      writeProtection: [
        .bits(
          offset: 8, bit: 0, count: sectors, first: 0, sectorsPerBit: 1,
          protectsWhen: false)
      ])
  }

  /// The second window of the F42x: nWRP of bank 2.
  static let f42Second = OptionWindow(
    rule: .halfWordPerEight,
    initial: [UInt8](words: [
      0xFFFF_FFFF, 0xFFFF_FFFF, 0xF000_0FFF, 0xFFFF_FFFF,
    ]),
    protection: nil,
    writeProtection: [
      .bits(
        offset: 8, bit: 0, count: 12, first: 12, sectorsPerBit: 1,
        protectsWhen: false)
    ])

  /// F0, F3, F105/107: RDP, USER, DATA0, DATA1, WRP0–3.
  static func f0(
    protection: UInt8 = 0xAA, user: UInt8 = 0xFF, sectorsPerBit: Int
  ) -> OptionWindow {
    OptionWindow(
      rule: .bytePairs,
      initial: [
        protection, ~protection, user, ~user, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF,
        0, 0xFF, 0, 0xFF, 0,
      ],
      protection: 0, writeProtection: [.bytes(sectorsPerBit: sectorsPerBit)],
      lockedValue: protection == 0xA5 ? nil : 0xCC)
  }

  /// L4, G4, G0, C0, WB: 8-byte slots of word and complement. `words` are
  /// the words; slots not given read as ones.
  static func slots(
    _ words: [Int: UInt32], size: Int, protection: Int? = 0,
    writeProtection: [WriteProtection] = []
  ) -> OptionWindow {
    var bytes = [UInt8](repeating: 0xFF, count: size)
    for (offset, word) in words where offset + 4 <= size {
      bytes.replaceSubrange(offset..<offset + 4, with: [UInt8](words: [word]))
    }
    return OptionWindow(
      rule: .wordPairs, initial: bytes.mirrored(step: 8, width: 4, gap: 4),
      protection: protection, writeProtection: writeProtection)
  }

  /// The L4's and G4's first window: OPTR, PCROP1, WRP1A and WRP1B.
  static func l4(
    optr: UInt32 = 0xFFEF_F8AA, size: Int, width: Int,
    extra: [Int: UInt32] = [:]
  ) -> OptionWindow {
    var words: [Int: UInt32] = [
      0x00: optr, 0x08: 0xFFFF_FFFF, 0x10: 0x0000_0000,
      0x18: 0xFF00_FFFF, 0x20: 0xFF00_FFFF,
    ]
    words.merge(extra) { _, new in new }
    return slots(
      words, size: size,
      writeProtection: [
        .range(offset: 0x18, width: width, firstSector: 0),
        .range(offset: 0x20, width: width, firstSector: 0),
      ])
  }

  /// Registers, not protected by complements (L5, U5, U0).
  static func registers(
    _ words: [UInt32], size: Int, writeProtection: [WriteProtection] = []
  ) -> OptionWindow {
    OptionWindow(
      rule: .registers, initial: [UInt8](words: words).padded(to: size),
      protection: 0, writeProtection: writeProtection)
  }

  /// H7: current and program register of each pair.
  static func h7(
    optsr: UInt32 = 0x1BFF_AAF0, size: Int, sectors: Int, boot: UInt32
  ) -> OptionWindow {
    var words: [UInt32] = Array(
      repeating: 0xFFFF_FFFF, count: (size + 3) / 4)
    func set(_ offset: Int, _ value: UInt32) {
      guard offset / 4 + 1 < words.count else { return }
      words[offset / 4] = value
      words[offset / 4 + 1] = value
    }
    set(0x00, optsr)
    set(0x0C, 0x0000_00FF)
    set(0x14, 0x0000_00FF)
    set(0x1C, 0x0000_00FF)
    set(0x24, boot)
    var bytes = [UInt8](words: words)
    bytes.removeLast(max(0, bytes.count - size))
    return OptionWindow(
      rule: .currentAndProgram, initial: bytes, protection: 1,
      writeProtection: [
        .bits(
          offset: 0x1C, bit: 0, count: sectors, first: 0, sectorsPerBit: 1,
          protectsWhen: false)
      ])
  }
}

extension BootProfile {
  /// BOOT0 pin, or `nBOOT0` when `nSWBOOT0` is 0 (L4, G4, WB, U5).
  static func nSWBOOT0(emptyCheck: Bool) -> BootProfile {
    BootProfile(
      software: SoftwareBoot(select: 26, pinWhen: true, nBoot0: 27),
      hasEmptyCheck: emptyCheck)
  }

  /// `nBOOT_SEL` 1 ignores the pin (G0, C0).
  static func nBOOTSEL(clearsEmptyFlag: Bool) -> BootProfile {
    BootProfile(
      software: SoftwareBoot(select: 24, pinWhen: false, nBoot0: 26),
      hasEmptyCheck: true, romClearsEmptyFlag: clearsEmptyFlag)
  }
}

private func f4Sectors(_ large: Int) -> [SectorGroup] {
  [
    SectorGroup(4, 16 * kib), SectorGroup(1, 64 * kib),
    SectorGroup(large, 128 * kib),
  ]
}

private let deviceFeature = MemoryProfile(
  .deviceFeature, 0xFFFF_0000, size: 4, initial: [0x00, 0xFF, 0xFF, 0xFF])

extension BoardProfile {
  static let f405 = BoardProfile(
    name: "f405", title: "STM32F405",
    usb: .olderROM(.folded),
    alternates: [
      AlternateProfile(
        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"),
      AlternateProfile("@Option Bytes  /0x1FFFC000/01*016 e"),
      AlternateProfile("@OTP Memory /0x1FFF7800/01*512 e,01*016 e"),
      AlternateProfile("@Device Feature/0xFFFF0000/01*004 e"),
    ],
    functional: .dfuSe(transferSize: 2048),
    enumerationTime: .milliseconds(260),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, f4Sectors(7)),
          MemoryProfile(.optionBytes, 0x1FFF_C000, size: 16, options: .f4()),
          MemoryProfile(.otp, 0x1FFF_7800, size: 528),
          deviceFeature,
          MemoryProfile(.ram, 0x2000_3000, size: 116 * kib),
          MemoryProfile(.system, 0x1FFF_0000, size: 30 * kib),
        ],
        flash: .f4(massErase: 16_000, wide: 8_000), poll: .f4,
        earlyPoll: .nak,
        marks: [0x1FFF_77DE: [0x31]])))

  static let f429 = BoardProfile(
    name: "f429", title: "STM32F429",
    usb: .olderROM(.folded),
    alternates: [
      AlternateProfile(
        "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
          + "04*016Kg,01*064Kg,07*128Kg", excessLength: 22),
      AlternateProfile(
        "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e"),
      AlternateProfile(
        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e/0x1FFE7800/01*512 e,"
          + "01*016 e"),
      AlternateProfile("@Device Feature/0xFFFF0000/01*004 e"),
    ],
    functional: .dfuSe(transferSize: 2048),
    enumerationTime: .milliseconds(260),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, f4Sectors(7) + f4Sectors(7)),
          MemoryProfile(.optionBytes, 0x1FFF_C000, size: 16, options: .f4()),
          MemoryProfile(
            .optionBytes, 0x1FFE_C000, size: 16, options: .f42Second),
          MemoryProfile(.otp, 0x1FFF_7800, size: 528),
          MemoryProfile(.otp, 0x1FFE_7800, size: 528),
          deviceFeature,
          MemoryProfile(.ram, 0x2000_3000, size: 180 * kib),
          MemoryProfile(.system, 0x1FFF_0000, size: 30 * kib),
        ],
        flash: .f4(massErase: 32_000, wide: 16_000), poll: .f4,
        earlyPoll: .nak)))

  static let f072 = BoardProfile(
    name: "f072", title: "STM32F072",
    usb: .olderROM(.foldedTopOfW2),
    alternates: [
      AlternateProfile("@Internal Flash  /0x08000000/064*0002Kg"),
      AlternateProfile("@Option Bytes  /0x1FFFF800/01*016 e"),
    ],
    functional: .dfuSe(transferSize: 2048),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(64, 2 * kib)]),
          MemoryProfile(
            .optionBytes, 0x1FFF_F800, size: 16,
            options: .f0(sectorsPerBit: 2)),
          MemoryProfile(.ram, 0x2000_1800, size: 10 * kib),
          MemoryProfile(.system, 0x1FFF_C800, size: 12 * kib),
        ],
        flash: .f0(),
        poll: PollProfile(
          setAddress: 1, erase: 40, massErase: 40, write: 55),
        earlyPoll: .busy, quirks: ChipQuirks(leave: .needsSecondStatus),
        uniqueIDAddress: 0x1FFF_F7AC, marks: [0x1FFF_F6A6: [0xA1]])))

  static let l412 = BoardProfile(
    name: "l412", title: "STM32L412",
    usb: .newerROM(),
    alternates: [
      AlternateProfile("@Internal Flash   /0x08000000/64*02Kg"),
      AlternateProfile("@Option Bytes   /0x1FFF7800/01*40Be"),
      AlternateProfile("@OTP Memory   /0x1FFF7000/01*01Ke"),
    ],
    functional: .dfuSe(transferSize: 1024),
    enumerationTime: .milliseconds(820),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(64, 2 * kib)]),
          MemoryProfile(
            .optionBytes, 0x1FFF_7800, size: 40,
            options: .l4(size: 40, width: 6)),
          MemoryProfile(.otp, 0x1FFF_7000, size: kib),
          MemoryProfile(.ram, 0x2000_3000, size: 28 * kib),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: .l4,
        poll: PollProfile(setAddress: 1, erase: 25, massErase: 25, write: 12),
        earlyPoll: .stall, boot: .nSWBOOT0(emptyCheck: true),
        marks: [0x1FFF_6FFE: [0xD1]])))

  static let l432 = l432("l432", "STM32L432", pages: 128)
  /// The same with half the flash.
  static let l432kb = l432("l432kb", "STM32L432KB", pages: 64)

  private static func l432(
    _ name: String, _ title: String, pages: Int
  ) -> BoardProfile {
    BoardProfile(
      name: name, title: title,
      usb: .olderROM(.folded),
      alternates: [
        AlternateProfile(
          "@Internal Flash  /0x08000000/0\(pages < 100 ? "0" : "")\(pages)*0002Kg"
        ),
        AlternateProfile("@Option Bytes  /0x1FFF7800/01*040 e"),
        AlternateProfile("@OTP Memory /0x1FFF7000/01*0001Ke"),
      ],
      functional: .dfuSe(transferSize: 2048),
      enumerationTime: .milliseconds(820),
      machine: .dfuSe(
        ChipProfile(
          memories: [
            MemoryProfile(.flash, 0x0800_0000, [SectorGroup(pages, 2 * kib)]),
            MemoryProfile(
              .optionBytes, 0x1FFF_7800, size: 40,
              options: .l4(size: 40, width: 7)),
            MemoryProfile(.otp, 0x1FFF_7000, size: kib),
            MemoryProfile(.ram, 0x2000_3100, size: 48 * kib),
            MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
          ],
          flash: .l4,
          // The page erase of 22.0 ms outlasts the reported 21.
          poll: PollProfile(setAddress: 1, erase: 21, massErase: 21, write: 22),
          earlyPoll: .stall, boot: .nSWBOOT0(emptyCheck: true),
          marks: [0x1FFF_6FFE: [0x91]])))
  }

  static let g474 = BoardProfile(
    name: "g474", title: "STM32G474",
    usb: .newerROM(),
    alternates: [
      AlternateProfile("@Internal Flash   /0x08000000/256*02Kg"),
      AlternateProfile(
        "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e"),
      AlternateProfile("@OTP Memory   /0x1FFF7000/01*1024 e"),
    ],
    functional: .dfuSe(transferSize: 1024),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(256, 2 * kib)]),
          MemoryProfile(
            .optionBytes, 0x1FFF_7800, size: 48,
            options: .l4(
              size: 48, width: 7, extra: [0x28: 0xFF00_FF00])),
          MemoryProfile(
            .optionBytes, 0x1FFF_F800, size: 48,
            options: .slots(
              [
                0x08: 0xFFFF_FFFF, 0x10: 0x0000_0000, 0x18: 0xFF00_FFFF,
                0x20: 0xFF00_FFFF, 0x28: 0xFF00_FF00,
              ], size: 48, protection: nil,
              writeProtection: [
                .range(offset: 0x18, width: 7, firstSector: 128),
                .range(offset: 0x20, width: 7, firstSector: 128),
              ])),
          MemoryProfile(.otp, 0x1FFF_7000, size: kib),
          MemoryProfile(.ram, 0x2000_4000, size: 80 * kib),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: .l4,
        poll: PollProfile(setAddress: 1, erase: 25, massErase: 25, write: 12),
        earlyPoll: .busy, boot: .nSWBOOT0(emptyCheck: false),
        marks: [0x1FFF_6FFE: [0xD5]])))

  static let g0b1 = BoardProfile(
    name: "g0b1", title: "STM32G0B1",
    usb: .newerROM(),
    // The ROM gives all three alternate settings the flash's string.
    alternates: [
      AlternateProfile("@Internal Flash   /0x08000000/256*02Kg"),
      AlternateProfile("@Internal Flash   /0x08000000/256*02Kg"),
      AlternateProfile("@Internal Flash   /0x08000000/256*02Kg"),
    ],
    functional: .dfuSe(transferSize: 1024),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(256, 2 * kib)]),
          MemoryProfile(
            .optionBytes, 0x1FFF_7800, size: 128,
            // nBOOT_SEL 0, so that the BOOT0 pin decides.
            options: .slots(
              [
                0x00: 0xFEFF_FEAA, 0x18: 0xFF00_FFFF, 0x20: 0xFF00_FFFF,
                0x70: 0xFF00_0000,
              ], size: 128,
              writeProtection: [
                .range(offset: 0x18, width: 7, firstSector: 0),
                .range(offset: 0x20, width: 7, firstSector: 0),
              ]), isReachable: false),
          MemoryProfile(.ram, 0x2000_4000, size: 128 * kib),
          MemoryProfile(.system, 0x1FFF_0000, size: 28 * kib),
        ],
        flash: .l4,
        poll: PollProfile(setAddress: 1, erase: 25, massErase: 25, write: 12),
        earlyPoll: .busy, boot: .nBOOTSEL(clearsEmptyFlag: true),
        quirks: ChipQuirks(leave: .lastStatusFails))))

  static let h743 = BoardProfile(
    name: "h743", title: "STM32H743",
    usb: .newerROM(.constant("200364500000")),
    alternates: [
      AlternateProfile("@Internal Flash   /0x08000000/16*128Kg"),
      AlternateProfile("@Option Bytes   /0x5200201C/01*128 e"),
    ],
    functional: .dfuSe(transferSize: 1024),
    enumerationTime: .milliseconds(54),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(16, 128 * kib)]),
          MemoryProfile(
            .optionBytes, 0x5200_201C, size: 128,
            options: .h7(size: 128, sectors: 8, boot: 0x1FF0_0800)),
          MemoryProfile(.ram, 0x2400_0000, size: 512 * kib),
          MemoryProfile(.system, 0x1FF0_0000, size: 122 * kib),
        ],
        flash: .h7,
        poll: PollProfile(
          setAddress: 1, erase: 1_000, massErase: 1_000, write: 10),
        earlyPoll: .busy,
        quirks: ChipQuirks(
          leave: .lastStatusFails, wedgesAfterErasing: 1_024 * kib),
        marks: [0x1FF1_E7FE: [0x90]])))

  static let u585 = BoardProfile(
    name: "u585", title: "STM32U585",
    usb: .newerROM(),
    alternates: [
      AlternateProfile("@Internal Flash   /0x08000000/256*08Kg"),
      AlternateProfile("@Option Bytes   /0x40022040/01*64 e"),
      AlternateProfile("@OTP Memory   /0x0BFA0000/01*512 e"),
    ],
    functional: .dfuSe(transferSize: 1024),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(256, 8 * kib)]),
          MemoryProfile(
            .optionBytes, 0x4002_2040, size: 64,
            options: .registers(
              [
                0x1FEF_F8AA, 0x0800_007F, 0x0BF9_007F, 0x0C00_007C,
                0xFF80_FF80, 0x0000_0000, 0x8000_007F, 0x8000_007F,
                0xFF80_FF80, 0x0000_0000, 0x8000_007F, 0x8000_007F,
              ], size: 64,
              writeProtection: [
                .range(offset: 0x18, width: 7, firstSector: 0),
                .range(offset: 0x1C, width: 7, firstSector: 0),
                .range(offset: 0x28, width: 7, firstSector: 128),
                .range(offset: 0x2C, width: 7, firstSector: 128),
              ])),
          MemoryProfile(.otp, 0x0BFA_0000, size: 512),
          MemoryProfile(.ram, 0x2000_4000, size: 752 * kib),
          MemoryProfile(.system, 0x0BF9_0000, size: 64 * kib),
        ],
        flash: .u5,
        poll: PollProfile(setAddress: 1, erase: 5, massErase: 900, write: 8),
        earlyPoll: .busy, boot: .nSWBOOT0(emptyCheck: false),
        marks: [0x0BF9_9EFE: [0x92]])))

  static let gd32vf103 = BoardProfile(
    name: "gd32vf103", title: "GD32VF103",
    usb: USBIdentity(
      vendor: 0x28E9, product: 0x0189, deviceVersion: 0x0100,
      usbVersion: 0x0100, manufacturer: "GigaDevice",
      productName: "GD32 0x418 DFU Bootloader",
      // Raw bytes, not text: the letter B at the end tells 128 KB.
      serial: .constant("3CBJ")),
    // The string lies: there are 128 pages of 1 KiB.
    alternates: [
      AlternateProfile("@Internal Flash  /0x08000000/512*002Kg"),
      AlternateProfile("@Option Bytes  /0x1FFFF800/01*016 g"),
    ],
    functional: .dfuSe(transferSize: 2048),
    machine: .dfuSe(
      ChipProfile(
        memories: [
          MemoryProfile(.flash, 0x0800_0000, [SectorGroup(128, kib)]),
          MemoryProfile(
            .optionBytes, 0x1FFF_F800, size: 16,
            options: .f0(protection: 0xA5, sectorsPerBit: 4)),
          MemoryProfile(.ram, 0x2000_1000, size: 28 * kib),
          MemoryProfile(.system, 0x1FFF_B000, size: 18 * kib),
        ],
        flash: .f0(), poll: .f4, earlyPoll: .nak,
        boot: BootProfile(hasVectorTable: false))))
}
