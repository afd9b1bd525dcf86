import DFUCore
import Testing

/// A layout string as a device sends it, and what it means.
struct LayoutCase: CustomTestStringConvertible, Sendable {
  let text: String
  let name: String
  let runs: [SectorRun]

  init(_ text: String, _ name: String, _ runs: SectorRun...) {
    self.text = text
    self.name = name
    self.runs = runs
  }

  var testDescription: String { text }
}

/// Equal sectors in a row, by the letter of their type.
private func run(
  _ address: UInt32, _ count: Int, _ size: Int, _ letter: Character
) -> SectorRun {
  SectorRun(
    address: address, count: count, sectorSize: size,
    access: MemoryAccess(rawValue: (letter.asciiValue ?? 0) & 7))
}

private let flash: UInt32 = 0x0800_0000
private let kib = 1024
private let mib = 1024 * 1024

@Suite struct MemoryMapTests {
  /// Strings of STM32 chips, verbatim.
  static let stm32: [LayoutCase] = [
    // F107
    LayoutCase(
      "@Internal Flash  /0x08000000/128*002Kg", "Internal Flash",
      run(flash, 128, 2 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFFF800/01*016 g", "Option Bytes",
      run(0x1FFF_F800, 1, 16, "g")),
    // F405, F407
    LayoutCase(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
      "Internal Flash", run(flash, 4, 16 * kib, "g"),
      run(0x0801_0000, 1, 64 * kib, "g"), run(0x0802_0000, 7, 128 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFFC000/01*016 e", "Option Bytes",
      run(0x1FFF_C000, 1, 16, "e")),
    LayoutCase(
      "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", "OTP Memory",
      run(0x1FFF_7800, 1, 512, "e"), run(0x1FFF_7A00, 1, 16, "e")),
    LayoutCase(
      "@Device Feature/0xFFFF0000/01*004 e", "Device Feature",
      run(0xFFFF_0000, 1, 4, "e")),
    LayoutCase(
      "@Device Feature/0xFFFF0000/01*004 g", "Device Feature",
      run(0xFFFF_0000, 1, 4, "g")),
    // F401, F411
    LayoutCase(
      "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
      "Internal Flash", run(flash, 4, 16 * kib, "g"),
      run(0x0801_0000, 1, 64 * kib, "g"), run(0x0802_0000, 3, 128 * kib, "g")),
    // F427, F429
    LayoutCase(
      "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
        + "04*016Kg,01*064Kg,07*128Kg", "Internal Flash",
      run(flash, 4, 16 * kib, "g"), run(0x0801_0000, 1, 64 * kib, "g"),
      run(0x0802_0000, 7, 128 * kib, "g"), run(0x0810_0000, 4, 16 * kib, "g"),
      run(0x0811_0000, 1, 64 * kib, "g"), run(0x0812_0000, 7, 128 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e",
      "Option Bytes", run(0x1FFF_C000, 1, 16, "e"),
      run(0x1FFE_C000, 1, 16, "e")),
    LayoutCase(
      "@OTP Memory /0x1FFF7800/01*512 e,01*016 e/0x1FFE7800/01*512 e,01*016 e",
      "OTP Memory", run(0x1FFF_7800, 1, 512, "e"),
      run(0x1FFF_7A00, 1, 16, "e"), run(0x1FFE_7800, 1, 512, "e"),
      run(0x1FFE_7A00, 1, 16, "e")),
    // F042, F072, F303
    LayoutCase(
      "@Internal Flash  /0x08000000/032*0001Kg", "Internal Flash",
      run(flash, 32, 1 * kib, "g")),
    LayoutCase(
      "@Internal Flash  /0x08000000/064*0002Kg", "Internal Flash",
      run(flash, 64, 2 * kib, "g")),
    LayoutCase(
      "@Internal Flash  /0x08000000/128*0002Kg", "Internal Flash",
      run(flash, 128, 2 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFFF800/01*016 e", "Option Bytes",
      run(0x1FFF_F800, 1, 16, "e")),
    // F722
    LayoutCase(
      "@Internal Flash  /0x08000000/04*016Kg,01*64Kg,03*128Kg",
      "Internal Flash", run(flash, 4, 16 * kib, "g"),
      run(0x0801_0000, 1, 64 * kib, "g"), run(0x0802_0000, 3, 128 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFF0000/01*048 e", "Option Bytes",
      run(0x1FFF_0000, 1, 48, "e")),
    LayoutCase(
      "@OTP Memory /0x1FF07800/01*528e", "OTP Memory",
      run(0x1FF0_7800, 1, 528, "e")),
    // F745
    LayoutCase(
      "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg",
      "Internal Flash", run(flash, 4, 32 * kib, "g"),
      run(0x0802_0000, 1, 128 * kib, "g"),
      run(0x0804_0000, 3, 256 * kib, "g")),
    // L07x: no multiplier means bytes
    LayoutCase(
      "@Internal Flash  /0x08000000/1536*128g", "Internal Flash",
      run(flash, 1536, 128, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FF80000/01*032 e", "Option Bytes",
      run(0x1FF8_0000, 1, 32, "e")),
    LayoutCase(
      "@DATA Memory /0x08080000/2*3Ke", "DATA Memory",
      run(0x0808_0000, 2, 3 * kib, "e")),
    // L1
    LayoutCase(
      "@Internal Flash  /0x08000000/1024*256 g", "Internal Flash",
      run(flash, 1024, 256, "g")),
    LayoutCase(
      "@DATA Memory /0x08080000/02*004Ke", "DATA Memory",
      run(0x0808_0000, 2, 4 * kib, "e")),
    // L43x, L45x, L496
    LayoutCase(
      "@Internal Flash  /0x08000000/0256*0002Kg", "Internal Flash",
      run(flash, 256, 2 * kib, "g")),
    LayoutCase(
      "@Internal Flash  /0x08000000/512*0002Kg", "Internal Flash",
      run(flash, 512, 2 * kib, "g")),
    LayoutCase(
      "@Option Bytes  /0x1FFF7800/01*040 e", "Option Bytes",
      run(0x1FFF_7800, 1, 40, "e")),
    LayoutCase(
      "@OTP Memory /0x1FFF7000/01*0001Ke", "OTP Memory",
      run(0x1FFF_7000, 1, 1 * kib, "e")),
    // L412
    LayoutCase(
      "@Internal Flash   /0x08000000/64*02Kg", "Internal Flash",
      run(flash, 64, 2 * kib, "g")),
    LayoutCase(
      "@Option Bytes   /0x1FFF7800/01*40Be", "Option Bytes",
      run(0x1FFF_7800, 1, 40, "e")),
    LayoutCase(
      "@OTP Memory   /0x1FFF7000/01*01Ke", "OTP Memory",
      run(0x1FFF_7000, 1, 1 * kib, "e")),
    // G474
    LayoutCase(
      "@Internal Flash   /0x08000000/256*02Kg", "Internal Flash",
      run(flash, 256, 2 * kib, "g")),
    LayoutCase(
      "@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
      "Option Bytes", run(0x1FFF_7800, 1, 48, "e"),
      run(0x1FFF_F800, 1, 48, "e")),
    LayoutCase(
      "@OTP Memory   /0x1FFF7000/01*1024 e", "OTP Memory",
      run(0x1FFF_7000, 1, 1024, "e")),
    // U5
    LayoutCase(
      "@Internal Flash   /0x08000000/256*08Kg", "Internal Flash",
      run(flash, 256, 8 * kib, "g")),
    LayoutCase(
      "@Option Bytes   /0x40022040/01*64 e", "Option Bytes",
      run(0x4002_2040, 1, 64, "e")),
    LayoutCase(
      "@OTP Memory   /0x0BFA0000/01*512 e", "OTP Memory",
      run(0x0BFA_0000, 1, 512, "e")),
    // H743, H723, H7A3
    LayoutCase(
      "@Internal Flash   /0x08000000/16*128Kg", "Internal Flash",
      run(flash, 16, 128 * kib, "g")),
    LayoutCase(
      "@Option Bytes   /0x5200201C/01*128 e", "Option Bytes",
      run(0x5200_201C, 1, 128, "e")),
    LayoutCase(
      "@Internal Flash   /0x08000000/8*128Kg", "Internal Flash",
      run(flash, 8, 128 * kib, "g")),
    LayoutCase(
      "@Option Bytes   /0x5200201C/01*88 e", "Option Bytes",
      run(0x5200_201C, 1, 88, "e")),
    LayoutCase(
      "@Option Bytes   /0x5200201C/01*297 e", "Option Bytes",
      run(0x5200_201C, 1, 297, "e")),
    LayoutCase(
      "@OTP Memory   /0x08FFF000/01*1024 e", "OTP Memory",
      run(0x08FF_F000, 1, 1024, "e")),
  ]

  /// Strings of other devices that speak DfuSe, verbatim.
  static let others: [LayoutCase] = [
    // GD32VF103
    LayoutCase(
      "@Internal Flash  /0x08000000/512*002Kg", "Internal Flash",
      run(flash, 512, 2 * kib, "g")),
    // AT32: a blank after the slash; a memory that is partly read-only
    LayoutCase(
      "@Internal Flash  /0x08000000/ 128*1Kg", "Internal Flash",
      run(flash, 128, 1 * kib, "g")),
    LayoutCase(
      "@Internal Flash  /0x08000000/08*04Ka,1000*04Kg", "Internal Flash",
      run(flash, 8, 4 * kib, "a"), run(0x0800_8000, 1000, 4 * kib, "g")),
    // APM32: seven digits
    LayoutCase(
      "@Internal Flash  /0x8000000/06*002Kg,058*002Kg", "Internal Flash",
      run(flash, 6, 2 * kib, "g"), run(0x0800_3000, 58, 2 * kib, "g")),
    // Betaflight, SPRacing
    LayoutCase(
      "@External Flash /0x90000000/998*128Kg,1*128Kg,4*128Kg,21*128Ka",
      "External Flash", run(0x9000_0000, 998, 128 * kib, "g"),
      run(0x97CC_0000, 1, 128 * kib, "g"), run(0x97CE_0000, 4, 128 * kib, "g"),
      run(0x97D6_0000, 21, 128 * kib, "a")),
    // Daisy: three groups without a hole between
    LayoutCase(
      "@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg",
      "Flash", run(0x9000_0000, 64, 4 * kib, "g"),
      run(0x9004_0000, 60, 64 * kib, "g"),
      run(0x9040_0000, 60, 64 * kib, "g")),
    // STM32MP15
    LayoutCase(
      "@Partition0 /0x00/1*256Ke", "Partition0", run(0, 1, 256 * kib, "e")),
    LayoutCase("@FSBL /0x01/1*1Me", "FSBL", run(1, 1, 1 * mib, "e")),
    LayoutCase(
      "@virtual /0xF1/1*512Ba", "virtual", run(0xF1, 1, 512, "a")),
    // Black Magic Probe; a count of 000 is no sector
    LayoutCase(
      "@Internal Flash   /0x08000000/8*001Ka,120*001Kg", "Internal Flash",
      run(flash, 8, 1 * kib, "a"), run(0x0800_2000, 120, 1 * kib, "g")),
    LayoutCase(
      "@Internal Flash   /0x08000000/4*002Ka,000*002Kg", "Internal Flash",
      run(flash, 4, 2 * kib, "a")),
    // DSO nano: a colon in the name
    LayoutCase(
      "@SPI Flash : M25P64/0x00000000/64*064Kg,64*064Kg", "SPI Flash : M25P64",
      run(0, 64, 64 * kib, "g"), run(0x0040_0000, 64, 64 * kib, "g")),
    // No blank before the address
    LayoutCase(
      "@Internal Flash/0x08000000/01*128Ka,04*128Kg,11*128Ka",
      "Internal Flash", run(flash, 1, 128 * kib, "a"),
      run(0x0802_0000, 4, 128 * kib, "g"),
      run(0x080A_0000, 11, 128 * kib, "a")),
    // Groups that overlap: the example of UM0424 itself
    LayoutCase(
      "@Flash2 /0xF000/4*100Ba/0xE000/3*8Kg/0x80000/2*24Kg", "Flash2",
      run(0xF000, 4, 100, "a"), run(0xE000, 3, 8 * kib, "g"),
      run(0x80000, 2, 24 * kib, "g")),
  ]

  @Test(arguments: stm32 + others)
  func aLayoutSeenOnADeviceIsUnderstood(_ layout: LayoutCase) throws {
    let map = try MemoryMap(parsing: layout.text)
    #expect(map.name == layout.name)
    #expect(map.runs == layout.runs)
  }

  @Test(arguments: zip("abcdefg", UInt8(1)...7))
  func theTypeLetterIsAMaskOfReadEraseAndWrite(
    letter: Character, bits: UInt8
  ) throws {
    let map = try MemoryMap(parsing: "@M/0x0/1*1K\(letter)")
    let access = try #require(map.runs.first?.access)
    #expect(access.contains(.readable) == (bits & 1 != 0))
    #expect(access.contains(.erasable) == (bits & 2 != 0))
    #expect(access.contains(.writable) == (bits & 4 != 0))
  }

  /// A string that leaves open which sectors there are, the column from 0
  /// where that shows, and a word of the complaint.
  static let refused: [(String, Int, String)] = [
    ("", 0, "\"@\""),
    ("Internal Flash", 0, "\"@\""),
    ("@", 1, "after the name"),
    ("@Internal Flash", 15, "after the name"),
    ("@Internal Flash  /", 18, "address"),
    ("@Internal Flash  /08000000/04*016Kg", 18, "address"),
    ("@Internal Flash  /0x/04*016Kg", 20, "address"),
    ("@Internal Flash  /0x123456789/04*016Kg", 20, "too many digits"),
    ("@Internal Flash  /0x08000000", 28, "list of sectors"),
    ("@Internal Flash  /0x08000000/", 29, "number of sectors"),
    ("@Internal Flash  /0x08000000/2*016", 34, "type letter"),
    ("@Internal Flash  /0x08000000/2*016K", 35, "type letter"),
    ("@Internal Flash  /0x08000000/2*016Kh", 35, "type letter"),
    ("@Internal Flash  /0x08000000/2*016Kg,", 37, "number of sectors"),
    ("@Internal Flash  /0x08000000/2*016Kgg", 36, "nothing is expected"),
    ("@Internal Flash  /0x08000000/2*016Gg", 34, "type letter"),
    ("@Internal Flash  /0x08000000/*016Kg", 29, "number of sectors"),
    ("@Internal Flash  /0x08000000/2x016Kg", 30, "\"*\""),
    ("@Internal Flash  /0x08000000/2*Kg", 31, "sector size"),
    ("@Internal Flash  /0x08000000/2*0Kg", 31, "no bytes"),
    ("@Internal Flash  /0x08000000/-1*016Kg", 29, "number of sectors"),
    ("@Internal Flash  /0x08000000/12345*016Kg", 29, "too many digits"),
    ("@Internal Flash  /0x08000000/1*1234567890Kg", 31, "too many digits"),
    ("@Internal Flash  /0x08000000/1*999999999Mg", 31, "larger than 32 bits"),
    ("@Internal Flash  /0x08000000/9999*999999Kg", 29, "beyond 32 bits"),
    ("@Internal Flash  /0xFFFFF000/2*4Kg", 29, "beyond 32 bits"),
    ("@Internal Flash  /0xFFFFF000/1*4Kg,1*1Bg", 35, "beyond 32 bits"),
    ("@Internal Flash  /0x08000000/4*016Kg/0x0810000z/1*1Kg", 46, "list"),
  ]

  @Test(arguments: refused)
  func aLayoutThatCannotBeTrustedIsRefusedWithItsColumn(
    text: String, column: Int, problem: String
  ) throws {
    let error = try #require(throws: MemoryMapError.self) {
      try MemoryMap(parsing: text)
    }
    #expect(error.text == text)
    #expect(error.column == column, "\(error)")
    #expect(error.problem.contains(problem), "\(error)")
    #expect(error.description.contains("\"\(text)\""))
    #expect(error.description.contains("character \(column + 1)"))
  }

  @Test func theColumnCountsCharactersAlsoAfterANameThatIsNotASCII() throws {
    let error = try #require(throws: MemoryMapError.self) {
      try MemoryMap(parsing: "@Flåsh µ/0x08000000/2*016")
    }
    #expect(error.column == 25)
  }

  @Test func aMemoryMayEndWithTheAddressSpace() throws {
    let map = try MemoryMap(parsing: "@Top/0xFFFFF000/1*4Kg")
    #expect(map.runs.first?.end == 1 << 32)
    #expect(map.sector(at: 0xFFFF_FFFF)?.address == 0xFFFF_F000)
    #expect(map.firstHole(in: 0xFFFF_F000..<1 << 32) == nil)
    #expect(map.extent == "0xFFFFF000–0xFFFFFFFF")
  }

  @Test func everyAddressFindsItsSector() throws {
    let map = try MemoryMap(
      parsing: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg")
    #expect(map.size == 1 << 20)
    #expect(map.sectors.count == 12)
    #expect(map.sector(at: 0x07FF_FFFF) == nil)
    #expect(map.sector(at: 0x0800_3FFF)?.address == 0x0800_0000)
    #expect(map.sector(at: 0x0800_4000)?.address == 0x0800_4000)
    #expect(map.sector(at: 0x0801_FFFF)?.size == 64 * 1024)
    #expect(map.sector(at: 0x080F_FFFF)?.address == 0x080E_0000)
    #expect(map.sector(at: 0x0810_0000) == nil)
    #expect(map.extent == "0x08000000–0x080FFFFF")
  }

  @Test func aHoleBetweenGroupsIsFoundAtItsFirstByte() throws {
    let map = try MemoryMap(
      parsing: "@Flash /0x08001000/1*1Kg/0x08000000/2*1Kg")
    #expect(map.firstHole(in: 0x0800_0000..<0x0800_0800) == nil)
    #expect(map.firstHole(in: 0x0800_0000..<0x0800_0801) == 0x0800_0800)
    #expect(map.firstHole(in: 0x0800_0400..<0x0800_1400) == 0x0800_0800)
    #expect(map.firstHole(in: 0x0800_1000..<0x0800_1401) == 0x0800_1400)
    #expect(map.extent == "0x08000000–0x080007FF, 0x08001000–0x080013FF")
    #expect(
      map.sectors.map(\.address) == [
        0x0800_0000, 0x0800_0400, 0x0800_1000,
      ])
  }

  // MARK: Properties

  /// What holds of every layout that is accepted.
  private func check(_ text: String) {
    guard let map = try? MemoryMap(parsing: text) else { return }
    for run in map.runs {
      #expect(run.count > 0 && run.sectorSize > 0, "\(text)")
      #expect(run.end <= 1 << 32, "\(text)")
      #expect(run.access.rawValue != 0, "\(text)")
    }
    _ = map.extent
    _ = map.firstHole(in: 0..<1 << 32)
  }

  @Test func randomStringsNeverTrap() {
    var random = Xorshift(seed: 42)
    let alphabet = Array(
      "@/*,0123456789xXKMBabcdefgG -+\u{0}é\u{1F600}\u{FFFD}")
    for _ in 0..<20_000 {
      let count = Int(random.next() % 60)
      var text = random.next() % 2 == 0 ? "@A/0x08000000/" : ""
      for _ in 0..<count {
        text.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
      }
      check(text)
    }
  }

  @Test func realStringsWithRandomDamageNeverTrap() {
    var random = Xorshift(seed: 7)
    let alphabet = Array("@/*,0189xKMBagh \u{0}é".unicodeScalars)
    for layout in Self.stm32 + Self.others {
      for _ in 0..<200 {
        var scalars = Array(layout.text.unicodeScalars)
        for _ in 0...random.next() % 3 {
          let place = Int(random.next() % UInt64(scalars.count))
          let scalar = alphabet[Int(random.next() % UInt64(alphabet.count))]
          switch random.next() % 3 {
          case 0: scalars[place] = scalar
          case 1: scalars.insert(scalar, at: place)
          default: if scalars.count > 1 { scalars.remove(at: place) }
          }
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        check(text)
      }
    }
  }

  @Test func realStringsCutOffAnywhereNeverTrap() {
    for layout in Self.stm32 + Self.others {
      for length in 0..<layout.text.count {
        check(String(layout.text.prefix(length)))
      }
    }
  }
}

/// Numbers that look random and are the same in every run.
struct Xorshift {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state >> 11
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

@Suite struct OverlapTests {
  private static let text =
    "@Flash2 /0xF000/4*100Ba/0xE000/3*8Kg/0x80000/2*24Kg"

  @Test func whatLiesInTwoSectorsIsNotFlashed() throws {
    let map = try MemoryMap(parsing: Self.text)
    #expect(map.overlap(in: 0x80000..<0x8C000) == nil)
    #expect(map.overlap(in: 0xF200..<0xF300)?.0.address == nil)
    let (first, second) = try #require(map.overlap(in: 0xF000..<0xF010))
    #expect(first.address == 0xE000)
    #expect(second.address == 0xF000)
    let refusal = try #require(throws: FlashRefusal.self) {
      try FlashPlan.sectors(
        for: try FirmwareImage([UInt8](repeating: 1, count: 8192), at: 0xE000),
        in: map)
    }
    #expect(refusal == .overlapping(first, second, memory: map))
    #expect(
      refusal.description == """
        "Flash2" cannot be trusted there: the sectors 0x0000E000–0x0000FFFF \
        and 0x0000F000–0x0000F063 overlap
        """)
  }

  @Test func whatLiesInOneSectorOfSuchAMemoryIsFlashed() throws {
    let map = try MemoryMap(parsing: Self.text)
    let sectors = try FlashPlan.sectors(
      for: try FirmwareImage([1, 2, 3, 4], at: 0x80000), in: map)
    #expect(sectors.map(\.address) == [0x80000])
  }
}
