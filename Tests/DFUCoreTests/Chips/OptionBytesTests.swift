import DFUCore
import Testing

/// Bytes that look random and are the same in every run.
private struct Scatter: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

extension OptionByteLayout {
  /// An image with something in every bit and all complements right.
  func scatteredImage(seed: UInt64) -> OptionByteImage {
    var scatter = Scatter(state: seed)
    var image = OptionByteImage(
      windows.map { window in
        OptionByteImage.Window(
          start: window.start,
          bytes: (0..<window.length).map { _ in scatter.next(in: 0...255) })
      })
    for word in words {
      image.fill(word, with: UInt32(truncatingIfNeeded: scatter.next()))
    }
    return image
  }

  /// Factory values where they are known, ones elsewhere.
  var factoryImage: OptionByteImage {
    var image = OptionByteImage(
      windows.map {
        OptionByteImage.Window(
          start: $0.start, bytes: [UInt8](repeating: 0xFF, count: $0.length))
      })
    for word in words {
      image.fill(word, with: word.factoryValue ?? 0xFFFF_FFFF)
    }
    return image
  }
}

extension Scatter {
  fileprivate mutating func next(in range: ClosedRange<UInt8>) -> UInt8 {
    UInt8.random(in: range, using: &self)
  }
}

extension OptionByteImage {
  /// Writes a word in its encoding, by arithmetic of this test's own.
  mutating func fill(_ word: OptionWord, with value: UInt32) {
    func byte(_ value: UInt32, _ index: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
    }
    let bytes: [UInt8]
    switch word.encoding {
    case .byteComplement:
      bytes = [
        byte(value, 0), ~byte(value, 0), byte(value, 2), ~byte(value, 2),
      ]
    case .halfComplement:
      bytes = [
        byte(value, 0), byte(value, 1), ~byte(value, 0), ~byte(value, 1),
      ]
    case .wordComplement:
      bytes =
        (0..<4).map { byte(value, $0) } + (0..<4).map { ~byte(value, $0) }
    case .plain: bytes = (0..<4).map { byte(value, $0) }
    case .pair:
      bytes = (0..<4).map { byte(value, $0) } + (0..<4).map { byte(value, $0) }
    }
    set(bytes, at: word.address)
  }

  mutating func set(_ bytes: [UInt8], at address: UInt32) {
    for index in windows.indices
    where windows[index].window.contains(address) {
      let offset = Int(address - windows[index].start)
      windows[index].bytes.replaceSubrange(
        offset..<offset + bytes.count, with: bytes)
    }
  }

  func word(at address: UInt32) -> UInt32? {
    bytes(at: address, count: 4)?.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

func layout(_ name: String) throws -> OptionByteLayout {
  guard let layout = OptionByteLayout.all.first(where: { $0.name == name })
  else {
    throw NoSuchFamily(name: name)
  }
  return layout
}

@Suite struct OptionByteLayoutTests {
  @Test(arguments: OptionByteLayout.all)
  func aLayoutIsSound(layout: OptionByteLayout) {
    var used: Set<UInt32> = []
    for word in layout.words {
      #expect(
        layout.windows.contains {
          $0.contains(word.address) && word.window.end <= $0.end
        })
      for offset in 0..<UInt32(word.encoding.length) {
        #expect(used.insert(word.address + offset).inserted)
      }
      var taken: UInt32 = 0
      for field in word.fields {
        #expect(field.bit >= 0 && field.width >= 1)
        #expect(field.bit + field.width <= 32)
        #expect(field.mask & taken == 0)
        #expect(field.mask & ~word.encoding.mask == 0)
        #expect(field.values.keys.allSatisfy { $0 <= field.maximum })
        taken |= field.mask
      }
    }
    let names = layout.fields.map { $0.name.lowercased() }
    #expect(Set(names).count == names.count)
    #expect(layout.fields.filter { $0.role == .readoutProtection }.count == 1)
    #expect(layout.protectionField?.width == 8)
    #expect(layout.protectionField.map { $0.bit % 8 } == 0)
    #expect(!layout.source.document.isEmpty)
  }

  @Test(arguments: ChipFamily.all)
  func aFamilysLayoutLiesInItsWindows(row: ChipFamily) throws {
    guard let windows = row.optionBytes?.windows else { return }
    #expect(
      row.fingerprint.optionBytes.contains {
        $0 == Array(windows.prefix($0.count))
      })
  }

  @Test func everyFamilyOfTheListHasALayout() {
    let wanted = [
      "F04x", "F072", "F105", "F303", "F2", "F405", "F42x", "F74x", "F72x",
      "F76x", "L07x", "L1xC", "L43x", "L412", "L47x", "L4R", "G0B1", "G431",
      "G47x", "WB55", "U575", "U073", "L5", "H74x", "H72x", "H7A3", "H563",
    ]
    for name in wanted {
      #expect(ChipFamily.named(name)?.optionBytes != nil)
    }
  }

  /// Whole 32-bit words as the windows show them on a chip from the factory,
  /// complements included.
  @Test(arguments: [
    ("F04x", UInt32(0), UInt32(0x00FF_55AA)), ("F3", 0, 0x00FF_55AA),
    ("F1", 0, 0x00FF_5AA5), ("F405", 0, 0x5510_AAEF),
    ("F42x", 8, 0xF000_0FFF), ("F72x", 0, 0x5500_AAFF),
    ("F72x", 8, 0x0000_FFFF), ("F72x", 16, 0xFF7F_0080),
    ("F72x", 24, 0xFFBF_0040), ("L0", 0, 0xFF55_00AA),
    ("L0", 4, 0x7F8F_8070), ("L1", 4, 0xFF87_0078), ("L43x", 0, 0xFFEF_F8AA),
    ("L43x", 4, 0x0010_0755), ("G47x", 0, 0xFFEF_F8AA),
    ("C071", 0, 0xFFFF_FEAA), ("WB55", 0, 0x3DFF_F1AA),
    ("L5", 0, 0x7FEF_F8AA), ("L5", 4, 0x0800_007F), ("U575", 0, 0x1FEF_F8AA),
    ("U575", 8, 0x0BF9_007F), ("U575", 12, 0x0C00_007C),
    ("H563", 0, 0x2D30_EDF8), ("H563", 4, 0x2D30_EDF8),
    ("H74x", 0x24, 0x1FF0_0800),
  ])
  func aChipFromTheFactoryShows(
    name: String, offset: UInt32, word: UInt32
  ) throws {
    let layout = try layout(name)
    let base = try #require(layout.windows.first).start
    #expect(layout.factoryImage.word(at: base + offset) == word)
  }

  @Test(arguments: OptionByteLayout.all)
  func aChipFromTheFactoryIsOpen(layout: OptionByteLayout) throws {
    let word = try #require(
      layout.words.first { word in
        word.fields.contains { $0.role == .readoutProtection }
      })
    guard word.factoryValue != nil else { return }
    let decoded = layout.decode(layout.factoryImage)
    #expect(decoded.protection == .level0)
    #expect(decoded.mismatches.isEmpty)
  }

  @Test(arguments: [
    ("F405", "BOR_LEV", UInt32(3)), ("F405", "WDG_SW", 1),
    ("F405", "nWRP", 0xFFF), ("F72x", "BOOT_ADD0", 0x80), ("L43x", "nBOOT0", 1),
    ("L43x", "nSWBOOT0", 1), ("L43x", "nBOOT1", 1), ("L43x", "BOR_LEV", 0),
    ("L43x", "IWDG_SW", 1), ("G47x", "DBANK", 1), ("C071", "nBOOT_SEL", 1),
    ("L5", "TZEN", 0), ("U575", "NSBOOTADD0", 0x10_0000), ("L0", "BOOT1", 1),
    ("U575", "TZEN", 0), ("H563", "PRODUCT_STATE", 0xED),
    ("H74x", "BOOT_ADD0", 0x0800), ("H74x", "BOOT_ADD1", 0x1FF0),
    ("F04x", "BOOT_SEL", 1), ("F04x", "nBOOT0", 1), ("G0B0", "nBOOT_SEL", 1),
  ])
  func aFieldOfAChipFromTheFactory(
    name: String, field: String, value: UInt32
  ) throws {
    let layout = try layout(name)
    #expect(layout.decode(layout.factoryImage)[field] == value)
  }
}

@Suite struct OptionBytesTests {
  private func set(
    _ layout: OptionByteLayout, _ assignments: String...,
    in image: OptionByteImage? = nil
  ) throws -> OptionByteImage {
    try layout.setting(
      assignments.map { text throws(OptionByteError) in
        try OptionAssignment(parsing: text)
      }, in: image ?? layout.factoryImage)
  }

  /// Every field of every layout, set to both ends and between, in an image
  /// with something in every bit.
  @Test(arguments: OptionByteLayout.all)
  func aFieldThatIsSetIsSetAndNothingElse(layout: OptionByteLayout) throws {
    for (index, field) in layout.fields.enumerated() {
      if case .readOnly = field.kind { continue }
      let word = try #require(
        layout.words.first { $0.fields.contains(field) })
      if layout.untouchable.contains(where: {
        $0.window.overlaps(word.window)
      }) {
        continue
      }
      let image = layout.scatteredImage(seed: UInt64(index) + 7)
      let before = layout.decode(image)
      #expect(before.mismatches.isEmpty)
      let between = UInt32(0x5A5A_5A5A) & field.maximum
      for value in Set([0, field.maximum, between, 1]) {
        let text = "0x" + String(value, radix: 16)
        let result = try set(layout, "\(field.name)=\(text)", in: image)
        let after = layout.decode(result)
        #expect(after[field.name] == value)
        #expect(layout.decode(result, programmed: true)[field.name] == value)
        #expect(after.mismatches.isEmpty)
        // All other fields keep their values,
        for (old, new) in zip(before.values, after.values)
        where old.field.name != field.name {
          #expect(old == new)
        }
        // reserved bits keep theirs,
        let old = try #require(image.word(at: word.address))
        let new = try #require(result.word(at: word.address))
        #expect((old ^ new) & word.encoding.mask & ~field.mask == 0)
        // and bytes of other words are the same.
        for (old, new) in zip(image.windows, result.windows) {
          for offset in old.bytes.indices
          where !word.window.contains(old.start + UInt32(offset)) {
            #expect(old.bytes[offset] == new.bytes[offset])
          }
        }
        // Such a change never looks like a broken file.
        for concern in layout.concerns(writing: result, over: image) {
          switch concern {
          case .complementMismatch, .reservedChanged, .unequalPair,
            .notFromBase:
            Issue.record("\(layout.name) \(field.name): \(concern)")
          default: continue
          }
        }
      }
    }
  }

  @Test(arguments: OptionByteLayout.all)
  func aComplementThatIsWrongIsFound(layout: OptionByteLayout) throws {
    let image = layout.scatteredImage(seed: 99)
    for word in layout.words {
      switch word.encoding {
      case .plain, .pair: continue
      default: break
      }
      for offset in 0..<UInt32(word.encoding.length) {
        let address = word.address + offset
        let byte = try #require(image.bytes(at: address, count: 1)?.first)
        var broken = image
        broken.set([byte ^ 0x10], at: address)
        let found = layout.decode(broken).mismatches
        #expect(found.count == 1)
        #expect(word.window.contains(try #require(found.first).address))
        if layout.untouchable.allSatisfy({ !$0.window.contains(address) }) {
          let concerns = layout.concerns(writing: broken, over: image)
          #expect(
            concerns.contains {
              if case .complementMismatch = $0 { true } else { false }
            })
          #expect(try #require(concerns.severity) >= .needsForce)
        }
      }
    }
  }

  @Test func aSwitchOfOneBitOnAnL4() throws {
    let layout = try layout("L43x")
    let old = layout.factoryImage
    let new = try set(layout, "nboot0=0", "nSWBOOT0=nBOOT0-bit")
    #expect(
      new.bytes(at: 0x1FFF_7800, count: 8)
        == [0xAA, 0xF8, 0xEF, 0xF3, 0x55, 0x07, 0x10, 0x0C])
    let changes = layout.changes(from: old, to: new)
    #expect(changes.map(\.field.name) == ["nSWBOOT0", "nBOOT0"])
    #expect(changes.map(\.text).last == "nBOOT0: 1 -> 0")
    #expect(
      changes.map(\.text).first
        == "nSWBOOT0: 1 (BOOT0-pin) -> 0 (nBOOT0-bit)")
    #expect(layout.concerns(writing: new, over: old).isEmpty)
    let writes = layout.writes(of: new, over: old)
    #expect(writes.map(\.start) == [0x1FFF_7800])
    #expect(writes.map(\.bytes.count) == [40])
    #expect(layout.writes(of: old, over: old).isEmpty)
    #expect(layout.relaunch(old)?.bytes == old.windows.first?.bytes)
  }

  @Test func onAnH7BothHalvesOfAPairChange() throws {
    let layout = try layout("H74x")
    let new = try set(layout, "BOOT_ADD0=0x08100000")
    #expect(new.word(at: 0x5200_2040) == 0x1FF0_0810)
    #expect(new.word(at: 0x5200_2044) == 0x1FF0_0810)
    let changes = layout.changes(from: layout.factoryImage, to: new)
    #expect(
      changes.map(\.text)
        == ["BOOT_ADD0: 0x800 (0x08000000) -> 0x810 (0x08100000)"])
  }

  @Test func aPairKeepsTheOtherBitsOfEachHalf() throws {
    let layout = try layout("H74x")
    var image = layout.factoryImage
    // The current half shows a status bit that the other half has not.
    image.set([0xF1, 0xAA, 0xC6, 0x13], at: 0x5200_201C)
    image.set([0xF0, 0xAA, 0xC6, 0x13], at: 0x5200_2020)
    let new = try set(layout, "IWDG1_SW=hardware", in: image)
    #expect(
      new.bytes(at: 0x5200_201C, count: 8)
        == [0xE1, 0xAA, 0xC6, 0x13, 0xE0, 0xAA, 0xC6, 0x13])
    #expect(layout.concerns(writing: new, over: image).isEmpty)
  }

  @Test func whatIsWriteProtectedIsListed() throws {
    let f4 = try layout("F42x")
    var decoded = f4.decode(try set(f4, "nWRP=0x0FF2", "nWRP2=0x7FF"))
    #expect(
      decoded.protectedAreas.map(\.name) == ["nWRP2", "nWRP"])
    #expect(
      decoded.protectedAreas.map(\.units) == [[23...23], [0...0, 2...3]])
    let l4 = try layout("L43x")
    #expect(l4.decode(l4.factoryImage).protectedAreas.isEmpty)
    decoded = l4.decode(try set(l4, "WRP1A_STRT=2", "WRP1A_END=5"))
    #expect(decoded.protectedAreas.map(\.name) == ["WRP1A"])
    #expect(decoded.protectedAreas.map(\.units) == [[2...5]])
    let l0 = try layout("L0")
    decoded = l0.decode(try set(l0, "WRP2=0x8001"))
    #expect(decoded.protectedAreas.map(\.units) == [[16...16, 31...31]])
  }

  @Test func aWindowThatIsMissingOrShortIsLeftOut() throws {
    let layout = try layout("F42x")
    let one = OptionByteImage([try #require(layout.factoryImage.windows.first)])
    #expect(layout.decode(one)["nWRP2"] == nil)
    #expect(layout.decode(one)["nWRP"] == 0xFFF)
    #expect(
      throws: OptionByteError.notReachable(
        field: "nWRP2", address: 0x1FFE_C008)
    ) { try set(layout, "nWRP2=0", in: one) }
    let short = OptionByteImage(start: 0x1FFF_C000, bytes: [0xEF, 0xAA, 0x10])
    #expect(layout.decode(short).values.isEmpty)
    #expect(layout.decode(short).protection == nil)
    #expect(layout.decode(OptionByteImage([])).values.isEmpty)
  }

  @Test(arguments: [
    (
      "nBOT0=1",
      OptionByteError.unknownField(
        "nBOT0", layout: "L43x", nearest: ["nBOOT0", "nBOOT1"])
    ),
    ("zzz=1", .unknownField("zzz", layout: "L43x", nearest: [])),
    ("nBOOT0", .notAnAssignment("nBOOT0")),
    ("=1", .notAnAssignment("=1")), ("nBOOT0=", .notAnAssignment("nBOOT0=")),
    ("", .notAnAssignment("")),
    (
      "nBOOT0=2", .valueTooLarge(field: "nBOOT0", text: "2", maximum: 1)
    ),
    (
      "BOR_LEV=0x8", .valueTooLarge(field: "BOR_LEV", text: "0x8", maximum: 7)
    ),
    (
      "nBOOT0=99999999999999999999999",
      .valueTooLarge(
        field: "nBOOT0", text: "99999999999999999999999", maximum: 1)
    ),
    (
      "IWDG_SW=yes",
      .notAValue(
        field: "IWDG_SW", text: "yes", names: ["hardware", "software"])
    ),
    ("nBOOT0=-1", .notAValue(field: "nBOOT0", text: "-1", names: [])),
    ("nBOOT0=0b12", .notAValue(field: "nBOOT0", text: "0b12", names: [])),
    ("nBOOT0=0x", .notAValue(field: "nBOOT0", text: "0x", names: [])),
    ("nBOOT0=1f", .notAValue(field: "nBOOT0", text: "1f", names: [])),
    ("RDP=0", .ambiguousProtection(field: "RDP", text: "0")),
    ("RDP=2", .ambiguousProtection(field: "RDP", text: "2")),
  ])
  func aWrongAssignmentIsRefused(text: String, error: OptionByteError) throws {
    let layout = try layout("L43x")
    #expect(throws: error) { try set(layout, text) }
    #expect(!error.description.isEmpty)
  }

  @Test func theSameFieldTwiceIsRefused() throws {
    let layout = try layout("L43x")
    #expect(throws: OptionByteError.assignedTwice("nBOOT0")) {
      try set(layout, "nBOOT0=1", "NBOOT0=0")
    }
  }

  @Test(arguments: [
    ("WB55", "SFSA=0"), ("WB55", "AGC_TRIM=1"), ("WB55", "ESE=1"),
    ("WB55", "C2OPT=1"), ("G431", "BOOT_LOCK=1"), ("G431", "SEC_SIZE1=1"),
  ])
  func aFieldThatIsOnlyShownIsNotSet(name: String, text: String) throws {
    let layout = try layout(name)
    #expect {
      try set(layout, text)
    } throws: {
      if case OptionByteError.readOnly? = $0 as? OptionByteError {
        true
      } else {
        false
      }
    }
  }

  @Test func hostileTextIsShownEscapedAndShort() {
    let text = "\u{1B}[31m" + String(repeating: "A", count: 5000)
    let sentence = OptionByteError.notAnAssignment(text).description
    #expect(!sentence.unicodeScalars.contains("\u{1B}"))
    #expect(sentence.count < 120)
  }

  @Test(arguments: [
    ("RDP=level0", UInt32(0xAA)), ("RDP=Level1", 0xBB), ("RDP=0xAA", 0xAA),
    ("RDP=0b10101010", 0xAA), ("RDP=170", 0xAA), ("RDP=level2", 0xCC),
    ("BOR_LEV=level4", 4), ("BOR_LEV= 3 ", 3),
  ])
  func aValueIsReadInEveryForm(text: String, value: UInt32) throws {
    let layout = try layout("L43x")
    let assignment = try OptionAssignment(parsing: text)
    let image = try set(layout, text)
    #expect(layout.decode(image)[assignment.name] == value)
  }

  @Test func writesEndBeforeWhatMustNotBeWritten() throws {
    for (name, length) in [("U575", 48), ("U0", 0x68), ("G431", 40)] {
      let layout = try layout(name)
      var new = layout.factoryImage
      new.windows[0].bytes[0] ^= 0
      let relaunch = try #require(layout.relaunch(new))
      #expect(relaunch.bytes.count == length)
      let changed = try set(layout, "IWDG_SW=0", in: new)
      #expect(
        layout.writes(of: changed, over: new).map(\.bytes.count) == [length])
    }
  }

  @Test func aProtectionByteIsReadByItsScheme() {
    #expect(ProtectionScheme.standard.level(0xAA) == .level0)
    #expect(ProtectionScheme.standard.level(0xCC) == .level2)
    #expect(ProtectionScheme.standard.level(0x55) == .level1)
    #expect(ProtectionScheme.withTrustZone.level(0x55) == .level0Half)
    #expect(ProtectionScheme.f1.level(0xA5) == .level0)
    #expect(ProtectionScheme.f1.level(0xCC) == .level1)
    #expect(ProtectionScheme.f1.level(0xAA) == .level1)
    #expect(ProtectionScheme.productState.level(0xED) == .level0)
    #expect(ProtectionScheme.productState.level(0x72) == .level1)
    for scheme in ProtectionScheme.allCases {
      for level in ProtectionLevel.allCases {
        guard let value = scheme.value(level) else { continue }
        #expect(scheme.level(value) == level)
      }
    }
  }
}
