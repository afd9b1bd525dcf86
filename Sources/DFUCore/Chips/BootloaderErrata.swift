extension BootloaderErratum {
  /// Every known erratum a host can do something about, or should speak of.
  public static let all: [BootloaderErratum] =
    anywhere + erasing + writing + leaving
    + protection

  private static let allL4 = [
    "L412", "L43x", "L45x", "L47x", "L496", "L4R", "L4P5",
  ]
  private static let field = Source("field reports")

  // MARK: Finding and talking

  private static let anywhere: [BootloaderErratum] = [
    BootloaderErratum(
      "f105-slow-start", ["F105"], [.hint],
      on: .notFound,
      "an STM32F105/107 appears up to 13.7 s after reset with a crystal of "
        + "8 MHz, 4.5 s with 14.7456 MHz, 0.5 s with 25 MHz, and only while "
        + "PA9 (VBUS) is high"),
    BootloaderErratum(
      "f0-high-speed-host", ["F04x", "F070x6", "F072", "F070xB"],
      when: [.bootloader([0xA0, 0xA1, 0xA2, 0xA3])],
      [.retryTransfers, .pauseBetweenTransfers],
      on: .transferError,
      "this bootloader needs a pause between packets that a high-speed host "
        + "controller does not make: put a USB hub between"),
    BootloaderErratum(
      "f3-high-speed-host", ["F301", "F303xE"], when: [.bootloader([0x40])],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError,
      "this bootloader needs a pause between packets that a high-speed host "
        + "controller does not make: put a USB hub between"),
    BootloaderErratum(
      "f373-high-speed-host", ["F373"], when: [.bootloader([0x41])],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError,
      "this bootloader needs a pause between packets that a high-speed host "
        + "controller does not make: put a USB hub between"),
    BootloaderErratum(
      "l0-high-speed-host", ["L07x"], when: [.bootloader([0x40, 0x41])],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError,
      "writes from a high-speed host controller can fail with this "
        + "bootloader: put a USB hub between"),
    BootloaderErratum(
      "l1-high-speed-host", ["L1xC", "L1xE"], when: [.bootloader([0x40])],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError,
      "writes from a high-speed host controller can fail with this "
        + "bootloader: put a USB hub between"),
    BootloaderErratum(
      "l1xd-high-speed-host", ["L1xD"], when: [.bootloader([0x45])],
      [.retryTransfers, .pauseBetweenTransfers], on: .transferError,
      "writes from a high-speed host controller can fail with this "
        + "bootloader: put a USB hub between"),
    BootloaderErratum(
      "crystal-from-a-list",
      ["F070x6", "F070xB", "F301", "F303", "F303xE", "F373"], [.hint],
      on: .notFound,
      "DFU works on this chip only with a crystal of one of the frequencies "
        + "AN2606 lists"),
    BootloaderErratum(
      "f3-pull-up", ["F301", "F303", "F303xE", "F373"], [.hint],
      on: .notFound,
      "an STM32F3 needs an external 1.5 kilo-ohm pull-up on D+"),
    BootloaderErratum(
      "g0b0-crystal", ["G0B0"], [.hint], on: .notFound,
      "an STM32G0B0 needs a crystal of 8, 12, 16, 32 or 48 MHz for DFU"),
    BootloaderErratum(
      "u59x-crystal", ["U59x"], when: [.bootloader([0x92])],
      [.tolerateDisconnect, .hint], on: .notFound,
      "with a crystal that is not in AN2606's list this bootloader resets "
        + "itself"),
    BootloaderErratum(
      "h5e-double-start", ["H5E"], when: [.bootloader([0xF0])],
      [.tolerateDisconnect], on: .notFound,
      "this bootloader appears twice: it measures its crystal and starts over"),
    BootloaderErratum(
      "h74x-double-start", ["H74x"], when: [.bootloader([0x90])],
      [.tolerateDisconnect, .waitDatasheetTimes], on: .notFound,
      "bootloader version 9.0 resets once more after power-on and reports "
        + "wrong poll times"),
    BootloaderErratum(
      "l47x-slow-start", ["L47x"], [.hint],
      on: .notFound,
      "an STM32L47x without a 32.768 kHz crystal takes up to 2.56 s to "
        + "appear; it needs that crystal or one on HSE"),
    BootloaderErratum(
      "l4-voltage-range", allL4, [.hint], on: .notFound,
      "if the application left the chip in voltage range 2, DFU does not "
        + "start: power-cycle the board or set range 1 before jumping to the "
        + "bootloader"),
    BootloaderErratum(
      "l43x-clock-recovery", ["L43x"],
      when: [.byte(at: 0x1FFF_6FF2, equals: 0xFF)],
      [.retryTransfers], on: .transferError,
      "the clock recovery of this bootloader is set up wrongly: random "
        + "transfer errors, tried again"),
    BootloaderErratum(
      "l43x-transfer-size", ["L43x"], [.limitTransfersAfterError(bytes: 1024)],
      on: .transferError,
      "transfers of 2048 bytes stalled on some STM32L432 where 1024 worked",
      source: field),
  ]

  // MARK: Erasing

  private static let f42xDualBank: [FlashShape] = [3, 7].map {
    let bank = [
      SectorGroup(4, 16 << 10), SectorGroup(1, 64 << 10),
      SectorGroup($0, 128 << 10),
    ]
    return .runs(bank + bank)
  }

  private static let erasing: [BootloaderErratum] = [
    BootloaderErratum(
      "f42x-second-bank-erase", ["F42x"],
      when: [.bootloader([0x70, 0x90, 0x91]), .flash(f42xDualBank)],
      [.checkBlankAfterErase, .warnBefore(.eraseSecondBank)], on: .erase,
      "erasing sectors of the second bank has no effect with this "
        + "bootloader: switch to one bank with the option bytes, erase, and "
        + "switch back"),
    BootloaderErratum(
      "f76x-second-bank-erase", ["F76x"],
      when: [.bootloader([0x93]), .flash(f42xDualBank)],
      [.refuse(.eraseSecondBank), .checkBlankAfterErase],
      on: .erase,
      "in dual-bank mode this bootloader erases, instead of a sector of the "
        + "second bank, the one four further: erase everything, or switch to "
        + "one bank with the option bytes"),
    BootloaderErratum(
      "g0b1-second-bank-erase", ["G0B1"], when: [.bootloader([0x92])],
      [.pauseAfterErase(.milliseconds(40))], on: .erase,
      "of several sectors of the second bank this bootloader erases only the "
        + "first: erased one at a time"),
    BootloaderErratum(
      "g0b0-second-bank-erase", ["G0B0"], when: [.bootloader([0xD0])],
      [.pauseAfterErase(.milliseconds(40))], on: .erase,
      "of several sectors of the second bank this bootloader erases only the "
        + "first: erased one at a time"),
    BootloaderErratum(
      "u375-multi-page-erase", ["U375"], when: [.bootloader([0xE1])],
      [.checkBlankAfterErase],
      on: .erase,
      "of several pages this bootloader erases only the first: erased one at "
        + "a time"),
    BootloaderErratum(
      "h563-data-flash-erase", ["H563"],
      when: [
        .bootloader([0xE4]),
        .flash([.uniform(sector: 8 << 10, totals: [1 << 20])]),
      ],
      [.refuse(.eraseDataFlash)], on: .erase,
      "erasing the data flash does not work on 1 MB parts with this "
        + "bootloader"),
    BootloaderErratum(
      "h74x-mass-erase", ["H74x"], when: [.bootloader([0xD3])],
      [.massEraseIsBroken],
      on: .erase,
      "mass erase does not work with this bootloader: erased sector by sector"),
    BootloaderErratum(
      "h74x-second-bank-busy", ["H74x"], when: [.bootloader([0x91])],
      [.waitDatasheetTimes], on: .erase,
      "after erasing in the second bank this bootloader hangs when it is "
        + "asked too early: waited for the datasheet's maximum"),
    BootloaderErratum(
      "h743-erase-wedge", ["H74x"], when: [.flashLargerThan(1 << 20)],
      [.clearStatusTwice], on: .erase,
      "when more than 1 MiB is erased an STM32H743 stays busy for ever; "
        + "CLRSTATUS sent twice after the wait cures it",
      source: Source("betaflight-configurator issues 1861 and 1972")),
    BootloaderErratum(
      "l496-bank-erase", ["L496"], when: [.bootloader([0x93])],
      [.massEraseIsBroken],
      on: .erase,
      "this bootloader refuses to erase a bank: erased page by page"),
    BootloaderErratum(
      "empty-flag-cleared", ["G0B1"], [.keepPoweredUntilProgrammed], on: .erase,
      "this bootloader clears the chip's EMPTY flag: a reset before the flash "
        + "is programmed runs into blank flash, and only a power cycle brings "
        + "DFU back"),
    BootloaderErratum(
      "u073-empty-flag-cleared", ["U073"], when: [.bootloader([0xD0])],
      [.keepPoweredUntilProgrammed], on: .erase,
      "this bootloader clears the chip's EMPTY flag: a reset before the flash "
        + "is programmed runs into blank flash, and only a power cycle brings "
        + "DFU back"),
    BootloaderErratum(
      "c071-empty-flag-cleared", ["C071"], when: [.bootloader([0xD1])],
      [.keepPoweredUntilProgrammed], on: .erase,
      "this bootloader clears the chip's EMPTY flag: a reset before the flash "
        + "is programmed runs into blank flash, and only a power cycle brings "
        + "DFU back"),
  ]

  // MARK: Writing

  private static let writing: [BootloaderErratum] = [
    BootloaderErratum(
      "l47x-unpadded-writes", ["L47x"],
      when: [.bootloader([0xA1, 0xA2, 0xA3, 0x90, 0x92])],
      [.padWrites(toMultipleOf: 8)], on: .write,
      "writes of more than 256 bytes whose length is no multiple of 8 are "
        + "corrupted by this bootloader: padded"),
    BootloaderErratum(
      "l43x-unpadded-writes", ["L43x"], when: [.bootloader([0x91])],
      [.padWrites(toMultipleOf: 8)], on: .write,
      "writes of more than 256 bytes whose length is no multiple of 8 are "
        + "corrupted by this bootloader: padded"),
    BootloaderErratum(
      "f2-f4-f7-bytewise",
      [
        "F2", "F401xC", "F401xE", "F405", "F411", "F412", "F413", "F42x",
        "F446", "F469", "F72x", "F74x", "F76x",
      ], [.hint], on: .write,
      "this bootloader programs byte by byte unless it is told that the "
        + "supply is 2.7 to 3.6 V, which makes it about four times faster",
      source: Source("AN2606 rev 70", .inferred)),
    BootloaderErratum(
      "h7a3-layout", ["H7A3"],
      when: [.flash([.uniform(sector: 2 << 10, totals: [512 << 10])])],
      [.overrideFlash([SectorGroup(256, 8 << 10)])], on: .write,
      "bootloader version 9.0 shows 256 sectors of 2 KB where there are 256 "
        + "of 8 KB, and no OTP"),
    BootloaderErratum(
      "h72x-layout", ["H72x"], when: [.sectorsOtherThan(128 << 10)],
      [.overrideFlash([SectorGroup(8, 128 << 10)])], on: .write,
      "bootloader version 9.1 shows a wrong layout; there are up to eight "
        + "sectors of 128 KB"),
    BootloaderErratum(
      "gd32vf103-layout", ["GD32VF103"], [.flashFromSerial], on: .write,
      "this bootloader shows 512 pages of 2 KB whatever the part; the size is "
        + "taken from its serial number, the pages are 1 KB", source: field),
  ]

  // MARK: Leaving

  private static let leaving: [BootloaderErratum] = [
    BootloaderErratum(
      "f405-clocks-off", ["F405"], when: [.bootloader([0x30, 0x31, 0x90])],
      [.hint],
      on: .leave,
      "leaving clears RCC_AHB1ENR, so CCM RAM is off until the application "
        + "turns it on"),
    BootloaderErratum(
      "f4-clocks-off",
      ["F401xC", "F401xE", "F411", "F412", "F413", "F42x", "F446", "F469"],
      [.hint], on: .leave,
      "leaving clears RCC_AHB1ENR, so CCM RAM (where there is one) is off "
        + "until the application turns it on"),
    BootloaderErratum(
      "g0b1-debug-port", ["G0B1"], [.hint], on: .leave,
      "leaving disables the debug port until the next reset"),
    BootloaderErratum(
      "h503-jump", ["H503"], when: [.bootloader([0xE1])], [.warnBefore(.leave)],
      on: .leave,
      "in product states after Open the jump to the application crashes: set "
        + "BOOT0 low and reset instead"),
    BootloaderErratum(
      "h563-jump", ["H563"], when: [.bootloader([0xE3])], [.warnBefore(.leave)],
      on: .leave,
      "in product states after Open the jump to the application crashes: set "
        + "BOOT0 low and reset instead"),
    BootloaderErratum(
      "h74x-leave", ["H74x"], when: [.bootloader([0xD2])], [.refuse(.leave)],
      on: .leave,
      "leaving does not work with this bootloader: set BOOT0 low and reset"),
    BootloaderErratum(
      "h74x-stack-pointer", ["H74x"], when: [.bootloader([0x90, 0x91, 0x92])],
      [.stackPointerBelowEnd(bytes: 16)], on: .leave,
      "this bootloader leaves only to a program whose initial stack pointer "
        + "is more than 16 bytes below the end of its RAM"),
    BootloaderErratum(
      "h7rs-life-cycle", ["H7RS"],
      [
        .blockLeave([
          AddressWindow(0xFF01_0000, length: 1 << 16),
          AddressWindow(0xFF02_0000, length: 1 << 16),
          AddressWindow(0xFF83_0000, length: 1 << 16),
        ])
      ], on: .leave,
      "leaving to 0xFF01xxxx, 0xFF02xxxx or 0xFF83xxxx changes this chip's "
        + "life cycle instead of starting a program"),
    BootloaderErratum(
      "l1xd-stack-pointer", ["L1xD"], when: [.bootloader([0x42])],
      [.rejectStackPointer(0x2000_C000)], on: .leave,
      "this bootloader does not leave to a program whose initial stack "
        + "pointer is 0x2000C000, the end of RAM"),
    BootloaderErratum(
      "l5-leave", ["L5"], when: [.bootloader([0x90])],
      [.refuse(.leaveWithTrustZone)], on: .leave,
      "leaving does not work with this bootloader while TrustZone is on"),
    BootloaderErratum(
      "non-secure-leave",
      ["H523", "H563", "H5E", "L5", "U375", "U535", "U575", "U59x", "U5F"],
      [.hint], on: .leave,
      "the program that leave starts reaches only what is set up as "
        + "non-secure (on L5, U3 and U5 only with TrustZone on)"),
  ]

  // MARK: Protection and option bytes

  private static let protection: [BootloaderErratum] = [
    BootloaderErratum(
      "f42x-pcrop-stays", ["F42x"], when: [.bootloader([0x70, 0x90])],
      [.warnBefore(.liftProtection)], on: .protection,
      "read unprotect leaves proprietary code protection (PCROP) in place "
        + "with this bootloader"),
    BootloaderErratum(
      "f401-sprmod-stays", ["F401xC"], [.warnBefore(.liftProtection)],
      on: .protection,
      "removing readout protection leaves SPRMOD set on an STM32F401xB/C"),
    BootloaderErratum(
      "h74x-pcrop-stays", ["H74x"], when: [.bootloader([0x90])],
      [.warnBefore(.liftProtection)], on: .protection,
      "removing readout protection leaves proprietary code protection "
        + "(PCROP) in place with this bootloader"),
    BootloaderErratum(
      "h72x-protected-reset", ["H72x"], when: [.bootloader([0x92])],
      [.warnBefore(.raiseProtection)], on: .protection,
      "a protected chip whose USB cable is plugged in at reset restarts for "
        + "ever with this bootloader"),
    BootloaderErratum(
      "h7a3-protected-reset", ["H7A3"], when: [.bootloader([0x91])],
      [.warnBefore(.raiseProtection)], on: .protection,
      "a protected chip whose USB cable is plugged in at reset restarts for "
        + "ever with this bootloader"),
    BootloaderErratum(
      "wb55-unprotect-reset", ["WB55"], when: [.bootloader([0xD5])],
      [.powerCycleAfter(.liftProtection)], on: .protection,
      "after read unprotect this bootloader resets without loading the "
        + "option bytes: power-cycle the board"),
    BootloaderErratum(
      "l412-pcrop", ["L412"], when: [.bootloader([0xD1])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l43x-pcrop", ["L43x"], when: [.bootloader([0x91])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l45x-pcrop", ["L45x"], when: [.bootloader([0x92])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l47x-pcrop", ["L47x"], when: [.bootloader([0xA3, 0x92])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l496-pcrop", ["L496"], when: [.bootloader([0x93])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l4p5-pcrop", ["L4P5"], when: [.bootloader([0x90])],
      [.refuse(.writeCodeProtection)], on: .optionBytes, pcropSentence),
    BootloaderErratum(
      "l5-option-launch", ["L5"], when: [.bootloader([0xD0])],
      [.powerCycleAfter(.writeOptionBytes)], on: .optionBytes,
      "this bootloader does not load the option bytes it wrote: power-cycle "
        + "the board"),
    BootloaderErratum(
      "u575-option-writes", ["U575"], when: [.bootloader([0x92])],
      [.splitOptionByteWrites], on: .optionBytes,
      "readout protection and secure option bytes cannot be changed in one "
        + "write"),
    BootloaderErratum(
      "g0b1-no-option-bytes", ["G0B1"], [.optionBytesUnreachable],
      on: .optionBytes,
      "this bootloader shows the flash's layout for all three memories, so "
        + "its option bytes cannot be reached over USB: use a debug probe or "
        + "the serial bootloader", source: field),
  ]

  private static let pcropSentence =
    "the option bytes of proprietary code protection (PCROP) cannot be "
    + "written with this bootloader"

  /// What can keep any bootloader in ROM from being found, for a person.
  public static let generalHints: [String] = [
    "readout protection level 2 disables the bootloader for good",
    "a crystal whose frequency the internal oscillator misreads (an error of "
      + "more than 1 %) makes USB fail",
    "a floating USART_RX, SPI_MOSI or CAN_RX pin can make the bootloader "
      + "choose that interface, and then USB is dead until the next reset",
  ]
}
