extension FlashTiming {
  /// F2 and F4, one byte at a time: what their bootloader does by itself.
  static let f4Bytewise = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, .ms(400, 800)),
      SectorErase(size: 64 << 10, .ms(1200, 2400)),
      SectorErase(size: 128 << 10, .ms(2000, 4000)),
    ],
    massErase: .ms(16_000, 32_000), programUnit: 1,
    program: FlashTime(typical: 16, maximum: 100))

  /// F2 and F4, 32 bits at a time: voltage range 2.7-3.6 V.
  static let f4Wordwise = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, .ms(250, 500)),
      SectorErase(size: 64 << 10, .ms(550, 1100)),
      SectorErase(size: 128 << 10, .ms(1000, 2000)),
    ],
    massErase: .ms(8000, 16_000), programUnit: 4,
    program: FlashTime(typical: 16, maximum: 100))

  /// F74x and F76x, one byte at a time.
  static let f7Bytewise = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, .ms(400, 800)),
      SectorErase(size: 32 << 10, .ms(400, 800)),
      SectorErase(size: 128 << 10, .ms(1200, 2400)),
      SectorErase(size: 256 << 10, .ms(2100, 4000)),
    ],
    massErase: .ms(16_000, 32_000), programUnit: 1,
    program: FlashTime(typical: 16, maximum: 100))

  /// F74x and F76x, 32 bits at a time.
  static let f7Wordwise = FlashTiming(
    erase: [
      SectorErase(size: 16 << 10, .ms(250, 500)),
      SectorErase(size: 32 << 10, .ms(250, 500)),
      SectorErase(size: 128 << 10, .ms(550, 1100)),
      SectorErase(size: 256 << 10, .ms(1000, 2000)),
    ],
    massErase: .ms(8000, 16_000), programUnit: 4,
    program: FlashTime(typical: 16, maximum: 100))

  /// F0, F1 and F3: pages, 16 bits at a time.
  static let f1 = FlashTiming(
    erase: [SectorErase(size: 2 << 10, .ms(20, 40))],
    massErase: .ms(20, 40), programUnit: 2,
    program: FlashTime(typical: 53, maximum: 70))

  /// L0: pages of 128 bytes, programmed in half pages.
  static let l0 = FlashTiming(
    erase: [
      SectorErase(size: 128, FlashTime(typical: 3200, maximum: 3940))
    ],
    massErase: nil, programUnit: 64,
    program: FlashTime(typical: 3200, maximum: 3940))

  /// L1: pages of 256 bytes, programmed in half pages.
  static let l1 = FlashTiming(
    erase: [
      SectorErase(size: 256, FlashTime(typical: 3280, maximum: 3940))
    ],
    massErase: nil, programUnit: 128,
    program: FlashTime(typical: 3280, maximum: 3940))

  /// L4, G4 and WB: pages, 64 bits at a time.
  static let l4 = FlashTiming(
    erase: [
      SectorErase(size: 4 << 10, FlashTime(typical: 22_020, maximum: 24_470))
    ],
    massErase: FlashTime(typical: 22_130, maximum: 24_590), programUnit: 8,
    program: FlashTime(typical: 82, maximum: 91))

  /// G0 and C0: pages, 64 bits at a time.
  static let g0 = FlashTiming(
    erase: [SectorErase(size: 2 << 10, .ms(22, 40))],
    massErase: .ms(22, 40), programUnit: 8,
    program: FlashTime(typical: 85, maximum: 125))

  /// H74x and H72x: sectors of 128 KB, words of 256 bits, erased with the
  /// smallest parallelism (which one the bootloader takes is not known).
  static let h7 = FlashTiming(
    erase: [SectorErase(size: 128 << 10, .ms(2000, 4000))],
    massErase: nil, programUnit: 32,
    program: FlashTime(typical: 100, maximum: 200))

  /// U5: pages of 8 KB, words of 128 bits.
  static let u5 = FlashTiming(
    erase: [
      SectorErase(size: 8 << 10, FlashTime(typical: 1500, maximum: 5000))
    ],
    massErase: nil, programUnit: 16,
    program: FlashTime(typical: 118, maximum: 118))
}

extension FlashTime {
  /// From milliseconds.
  static func ms(_ typical: Int, _ maximum: Int) -> FlashTime {
    FlashTime(typical: typical * 1000, maximum: maximum * 1000)
  }
}
