import DFUCore

// The parts of which chips are made: identities, flash times, option-byte
// windows as they leave the factory. Geometry and times are from reference
// manuals and data sheets, habits from AN2606 and public logs. Figures that no
// public source gives follow the nearest relative.

let kib = 1_024

/// A chip and its loader. What it shows is written once, as layout strings;
/// its memories follow from them.
struct ChipSpec {
  var name: String
  var title: String
  var usb = USBIdentity.newerROM()
  /// `iInterface` of each alternate setting, the flash first.
  var layouts: [String]
  /// What the option-byte windows in the layouts hold, in order.
  var options: [OptionWindow] = []
  /// Memories that no layout shows.
  var more: [MemoryProfile] = []
  /// The true sectors, where the layout is wrong about them.
  var sectors: [SectorGroup]?
  /// How many layouts tell the truth; `nil`: all.
  var trueLayouts: Int?
  var flash = FlashProfile.l4()
  var poll = PollProfile.l4
  var early = EarlyPoll.busy
  var boot = BootProfile()
  var quirks = ChipQuirks()
  var uniqueID: UInt32?
  /// The byte with the loader's version, and its address.
  var version: (UInt32, UInt8)?
  /// By default that of the ROM's generation.
  var transferSize: UInt16?
  /// Milliseconds from reset to enumeration.
  var after = 300

  /// The same with something changed.
  func with(_ change: (inout ChipSpec) -> Void) -> ChipSpec {
    var spec = self
    change(&spec)
    return spec
  }

  /// A relative.
  func renamed(
    _ name: String, _ title: String,
    _ change: (inout ChipSpec) -> Void = { _ in }
  ) -> ChipSpec {
    with {
      $0.name = name
      $0.title = title
      change(&$0)
    }
  }

  /// The board.
  var profile: BoardProfile {
    var windows = options[...]
    var memories: [MemoryProfile] = []
    for layout in layouts.prefix(trueLayouts ?? layouts.count) {
      for memory in Self.memories(of: layout, &windows)
      where !memories.contains(where: { $0.start == memory.start }) {
        memories.append(memory)
      }
    }
    if let sectors { memories[0].sectors = sectors }
    var chip = ChipProfile(
      memories: memories + more, flash: flash, poll: poll, earlyPoll: early,
      boot: boot, quirks: quirks, uniqueIDAddress: uniqueID)
    if let version { chip.marks[version.0] = [version.1] }
    return BoardProfile(
      name: name, title: title, usb: usb,
      alternates: layouts.map { AlternateProfile($0) },
      functional: .dfuSe(
        transferSize: transferSize
          ?? (usb.deviceVersion >= 0x1000 ? 2_048 : 1_024)),
      enumerationTime: .milliseconds(after), machine: .dfuSe(chip))
  }

  /// The memories of a layout string such as
  /// `@Internal Flash  /0x08000000/04*016Kg,01*064Kg`.
  private static func memories(
    of layout: String, _ windows: inout ArraySlice<OptionWindow>
  ) -> [MemoryProfile] {
    let parts = layout.split(separator: "/").map(String.init)
    guard let kind = kind(of: parts[0]) else { return [] }
    return stride(from: 1, to: parts.count - 1, by: 2).compactMap { index in
      guard let start = UInt32(parts[index].dropFirst(2), radix: 16) else {
        return nil
      }
      let sectors = parts[index + 1].split(separator: ",").compactMap(sectors)
      return MemoryProfile(
        kind, start, sectors,
        options: kind == .optionBytes ? windows.popFirst() : nil,
        initial: kind == .deviceFeature ? [0x00, 0xFF, 0xFF, 0xFF] : [])
    }
  }

  private static func kind(of name: String) -> MemoryProfile.Kind? {
    let kinds: [(String, MemoryProfile.Kind)] = [
      ("Flash", .flash), ("Option", .optionBytes), ("OB", .optionBytes),
      ("OTP", .otp), ("DATA", .eeprom), ("Feature", .deviceFeature),
      ("Read only", .system), ("ENGI", .system),
    ]
    return kinds.first { name.contains($0.0) }?.1
  }

  /// A run such as `04*016Kg` or `01.5*01Kg`.
  private static func sectors(_ run: Substring) -> SectorGroup? {
    let halves = run.split(separator: "*")
    guard halves.count == 2, let count = Double(halves[0].trimmed) else {
      return nil
    }
    let digits = halves[1].prefix { $0.isNumber }
    let isKibi = halves[1].dropFirst(digits.count).first == "K"
    guard let size = Int(digits) else { return nil }
    let bytes = size * (isKibi ? kib : 1)
    return count == count.rounded()
      ? SectorGroup(Int(count), bytes)
      : SectorGroup(1, Int(count * Double(bytes)))
  }
}

extension Substring {
  fileprivate var trimmed: Substring { drop { $0 == " " } }
}

func ram(_ start: UInt32, _ kibibytes: Int) -> MemoryProfile {
  MemoryProfile(.ram, start, [SectorGroup(1, kibibytes * kib)])
}

func rom(_ start: UInt32, _ kibibytes: Int) -> MemoryProfile {
  MemoryProfile(.system, start, [SectorGroup(1, kibibytes * kib)])
}

extension USBIdentity {
  /// The older generation of ST's ROMs (bcdDevice 0x2200).
  static func olderROM(
    _ serial: SerialRule = .folded, product: String = "STM32  BOOTLOADER"
  ) -> USBIdentity {
    USBIdentity(
      vendor: 0x0483, product: 0xDF11, deviceVersion: 0x2200,
      usbVersion: 0x0100, manufacturer: "STMicroelectronics",
      productName: product, serial: serial)
  }

  /// The newer generation (bcdDevice 0x0200).
  static func newerROM(
    _ serial: SerialRule = .folded, version: UInt16 = 0x0200,
    product: String = "DFU in FS Mode"
  ) -> USBIdentity {
    USBIdentity(
      vendor: 0x0483, product: 0xDF11, deviceVersion: version,
      usbVersion: 0x0200, manufacturer: "STMicroelectronics",
      productName: product, serial: serial)
  }

  /// Another maker's device.
  static func other(
    _ vendor: UInt16, _ product: UInt16, _ manufacturer: String?,
    _ productName: String?, _ serial: SerialRule = .none,
    version: UInt16 = 0x0200
  ) -> USBIdentity {
    USBIdentity(
      vendor: vendor, product: product, deviceVersion: version,
      usbVersion: 0x0200, manufacturer: manufacturer,
      productName: productName, serial: serial)
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
  static let f7 = PollProfile(
    setAddress: 1, erase: 100, massErase: 100, write: 34)
  static let f0 = PollProfile(
    setAddress: 1, erase: 40, massErase: 40, write: 55)
  static let l0 = PollProfile(
    setAddress: 1, erase: 4, massErase: 30, write: 110)
  static let l4 = PollProfile(
    setAddress: 1, erase: 25, massErase: 25, write: 22)
  static let g4 = PollProfile(
    setAddress: 1, erase: 25, massErase: 25, write: 12)
  static let u5 = PollProfile(
    setAddress: 1, erase: 5, massErase: 900, write: 8)
  static let h7 = PollProfile(
    setAddress: 1, erase: 1_000, massErase: 1_000, write: 10)
}

extension FlashProfile {
  /// F2 and F4, data sheet of the F405: typical times for 8 and 32 bits.
  static func f4(massErase: Double) -> FlashProfile {
    FlashProfile(
      speed: Speed(
        erase: [
          (16 * kib, 400), (64 * kib, 1_200), (128 * kib, 2_000),
          (256 * kib, 4_000),
        ], massErase: massErase, step: 16),
      wide: Speed(
        erase: [
          (16 * kib, 250), (64 * kib, 550), (128 * kib, 1_000),
          (256 * kib, 2_000),
        ], massErase: massErase / 2, unit: 4, step: 16),
      alignment: 4, shortTail: .works)
  }

  /// The F405 under a loader that programs 32 bits at a time; mass erase as
  /// seen with mboot.
  static let f405Wide: FlashProfile = {
    var flash = f4(massErase: 16_600)
    flash.speed = flash.wide ?? flash.speed
    return flash
  }()

  /// F7: as F4 with 8-byte alignment.
  static let f7: FlashProfile = {
    var flash = f4(massErase: 16_000)
    flash.alignment = 8
    return flash
  }()

  /// F0, F1 and F3: page 40 ms, half-word 53 µs.
  static let f0 = FlashProfile(
    speed: Speed(erase: [(2 * kib, 40)], massErase: 40, unit: 2, step: 53),
    alignment: 4, shortTail: .works)

  /// L0 and L1: 3.2 ms a page or half-page; erased bytes are zero.
  static func l0(page: Int) -> FlashProfile {
    FlashProfile(
      speed: Speed(
        erase: [(page, 3.2)], massErase: 20, unit: page / 2, step: 3_200),
      erasedByte: 0x00, alignment: 8, shortTail: .works)
  }

  /// L4 and G4, data sheets: page 22.0 ms, mass erase 22.1 ms, 64 bits 82 µs.
  static func l4(page: Double = 22, alignment: Int = 8) -> FlashProfile {
    FlashProfile(
      speed: Speed(
        erase: [(4 * kib, page)], massErase: 22.1, unit: 8, step: 82),
      eccWord: 8, refusesProgrammedWords: true, alignment: alignment)
  }

  /// H74x: 128 KiB sector about a second at 64 bits, 256 bits 100 µs.
  static let h7 = FlashProfile(
    speed: Speed(
      erase: [(128 * kib, 1_000)], massErase: 8_000, unit: 32, step: 100),
    eccWord: 32, alignment: 8)

  /// U5 and H5: 8 KiB page at most 5 ms, 128 bits. On the H7A3 a word that is
  /// programmed again is lost instead of refused.
  static func u5(refusesProgrammedWords: Bool = true) -> FlashProfile {
    FlashProfile(
      speed: Speed(
        erase: [(8 * kib, 3.4)], massErase: 890, unit: 16, step: 118),
      eccWord: 16, refusesProgrammedWords: refusesProgrammedWords,
      alignment: 16)
  }
}

extension BootProfile {
  /// BOOT0 pin, or `nBOOT0` when `nSWBOOT0` is 0 (L4, G4, WB, U5).
  static func nSWBOOT0(emptyCheck: Bool) -> BootProfile {
    BootProfile(
      software: SoftwareBoot(select: 26, pinWhen: true, nBoot0: 27),
      hasEmptyCheck: emptyCheck)
  }

  /// `nBOOT_SEL` 1 ignores the pin (G0, C0); the ROM clears the empty flag.
  static let nBOOTSEL = BootProfile(
    software: SoftwareBoot(select: 24, pinWhen: false, nBoot0: 26),
    hasEmptyCheck: true, romClearsEmptyFlag: true)
}

extension OptionWindow.WriteProtection {
  /// One bit a sector; 0 protects.
  static func clearBits(
    _ offset: Int, _ count: Int, first: Int = 0, sectorsPerBit: Int = 1
  ) -> Self {
    .bits(
      offset: offset, bit: 0, count: count, first: first,
      sectorsPerBit: sectorsPerBit, protectsWhen: false)
  }

  /// First and last page, at each of the offsets.
  static func ranges(
    _ offsets: [Int], width: Int, first: Int = 0
  ) -> [Self] {
    offsets.map { .range(offset: $0, width: width, firstSector: first) }
  }
}

extension OptionWindow {
  private static func halfWords(
    _ words: [UInt32], protection: Int?, _ protected: WriteProtection
  ) -> OptionWindow {
    OptionWindow(
      rule: .halfWordPerEight,
      initial: [UInt8](words: words).complemented(by: .halfWordPerEight),
      protection: protection, writeProtection: [protected])
  }

  /// F2/F4: OPTCR 15:0 at +0, 31:16 at +8; `sectors` bits of nWRP.
  static func f4(sectors: Int = 12) -> OptionWindow {
    halfWords(
      [0x5510_AAEF, 0xFFFF_FFFF, 0xF000_0FFF, 0xFFFF_FFFF], protection: 1,
      .clearBits(8, sectors))
  }

  /// The second window of the F42x: nWRP of bank 2.
  static let f42Second = OptionWindow(
    rule: .halfWordPerEight,
    initial: [UInt8](words: [
      0xFFFF_FFFF, 0xFFFF_FFFF, 0xF000_0FFF, 0xFFFF_FFFF,
    ]), protection: nil, writeProtection: [.clearBits(8, 12, first: 12)])

  /// F7: OPTCR halves, boot addresses and PCROP, a word per 8 bytes.
  static func f7(size: Int, sectors: Int) -> OptionWindow {
    let words: [UInt32] = [
      0x5500_AAFF, 0xFFFF_FFFF, 0x0000_FFFF, 0xFFFF_FFFF, 0xFF7F_0080,
      0xFFFF_FFFF, 0xFFBF_0040, 0xFFFF_FFFF, 0x0000_FFFF, 0xFFFF_FFFF,
      0x7FFF_8000, 0xFFFF_FFFF,
    ]
    return halfWords(
      Array(words.prefix(size / 4)), protection: 1, .clearBits(8, sectors))
  }

  /// F0, F3, F105/107: RDP, USER, DATA0, DATA1, WRP0–3.
  static func f0(
    protection: UInt8 = 0xAA, size: Int = 16, sectorsPerBit: Int
  ) -> OptionWindow {
    OptionWindow(
      rule: .bytePairs,
      initial: [protection, ~protection]
        + (1..<size / 2).flatMap { _ in [0xFF, 0] as [UInt8] },
      protection: 0, writeProtection: [.bytes(sectorsPerBit: sectorsPerBit)],
      lockedValue: protection == 0xA5 ? nil : 0xCC)
  }

  /// L0 and L1: half-words with complements; set bits protect 4 KiB each.
  static func l0(user: UInt32, words: Int, pagesPerBit: Int) -> OptionWindow {
    OptionWindow(
      rule: .halfWordPairs,
      initial: [UInt8](
        words: [0xFF55_00AA, user] + Array(repeating: 0xFFFF_0000, count: 6)),
      protection: 0,
      writeProtection: (0..<words).map {
        .bits(
          offset: 8 + $0 * 4, bit: 0, count: 16, first: $0 * 16 * pagesPerBit,
          sectorsPerBit: pagesPerBit, protectsWhen: true)
      })
  }

  /// L4, G4, G0, C0, WB: 8-byte slots of word and complement: `optr`, PCROP1,
  /// WRP1A and WRP1B with fields of `width` bits, and `extra` words; slots not
  /// given read as ones.
  static func slots(
    _ optr: UInt32?, size: Int, width: Int, first: Int = 0,
    extra: [Int: UInt32] = [:]
  ) -> OptionWindow {
    var words: [Int: UInt32] = [
      0x08: 0xFFFF_FFFF, 0x10: 0x0000_0000, 0x18: 0xFF00_FFFF,
      0x20: 0xFF00_FFFF,
    ]
    words[0x00] = optr
    words.merge(extra) { _, new in new }
    var bytes = [UInt8](repeating: 0xFF, count: size)
    for (offset, word) in words where offset + 4 <= size {
      bytes.replaceSubrange(offset..<offset + 4, with: word.littleEndianBytes)
    }
    return OptionWindow(
      rule: .wordPairs, initial: bytes.complemented(by: .wordPairs),
      protection: optr == nil ? nil : 0,
      writeProtection: WriteProtection.ranges(
        [0x18, 0x20], width: width, first: first))
  }

  static func l4(width: Int) -> OptionWindow {
    .slots(0xFFEF_F8AA, size: 40, width: width)
  }

  /// Registers, not protected by complements (L5, U5, U0).
  static func registers(
    _ words: [UInt32], size: Int, _ protected: [WriteProtection]
  ) -> OptionWindow {
    OptionWindow(
      rule: .registers, initial: [UInt8](words: words).padded(to: size),
      protection: 0, writeProtection: protected)
  }

  /// L5 and U5, whose banks have 128 pages each.
  static func twoBanks(_ words: [UInt32], size: Int) -> OptionWindow {
    registers(
      words, size: size,
      WriteProtection.ranges([0x18, 0x1C], width: 7)
        + WriteProtection.ranges([0x28, 0x2C], width: 7, first: 128))
  }

  /// H5 and H7: current and program register of each pair.
  static func pairs(
    _ values: [Int: UInt32], size: Int, _ protected: [WriteProtection] = []
  ) -> OptionWindow {
    var bytes = [UInt8](repeating: 0xFF, count: size)
    for (offset, value) in values {
      let word = value.littleEndianBytes
      bytes.replaceSubrange(offset..<offset + 8, with: word + word)
    }
    return OptionWindow(
      rule: .currentAndProgram, initial: bytes, protection: 1,
      writeProtection: protected)
  }

  static func h7(
    size: Int, sectors: UInt32 = 0xFF, _ protected: WriteProtection
  ) -> OptionWindow {
    pairs(
      [
        0x00: 0x1BFF_AAF0, 0x0C: 0xFF, 0x14: 0xFF, 0x1C: sectors,
        0x24: 0x1FF0_0800,
      ], size: size, [protected])
  }
}
