import DFUCore
import Testing

@Suite struct OptionByteGuardTests {
  /// Layouts on which 0xCC locks a chip for good.
  static let lockable = OptionByteLayout.all.filter {
    $0.protection == .standard || $0.protection == .withTrustZone
  }

  private func lockAddress(_ layout: OptionByteLayout) throws -> UInt32 {
    let word = try #require(
      layout.words.first { word in
        word.fields.contains { $0.role == .readoutProtection }
      })
    let field = try #require(layout.protectionField)
    return word.address + UInt32(field.bit / 8)
  }

  private func isLock(_ concern: OptionByteConcern) -> Bool {
    if case .permanentLock = concern { true } else { false }
  }

  @Test(arguments: lockable)
  func setCannotLockAChip(layout: OptionByteLayout) throws {
    let image = layout.factoryImage
    for text in ["RDP=0xCC", "RDP=204", "rdp=level2", "RDP=0b11001100"] {
      let new = try layout.setting(
        [try OptionAssignment(parsing: text)], in: image)
      let concerns = layout.concerns(writing: new, over: image)
      #expect(concerns.contains(where: isLock))
      #expect(
        try #require(concerns.severity) >= .needsPermanentLock)
    }
  }

  @Test(arguments: lockable)
  func noWriteOfAnyLengthOrPlaceLocksAChip(layout: OptionByteLayout) throws {
    let place = try lockAddress(layout)
    let identification: [[OptionByteLayout]] = [
      // The chip is known, one of several, or unknown.
      [layout], OptionByteLayout.all.filter { $0.windows == layout.windows },
      [],
    ]
    for layouts in identification {
      for shown in [layout.windows, []] {
        for before: UInt32 in [0, 1, 2, 3, 8, 512] {
          for after in [1, 2, 7, 16, 600] {
            var bytes = [UInt8](repeating: 0xFF, count: Int(before) + after)
            bytes[Int(before)] = 0xCC
            let concerns = OptionByteGuard.concerns(
              writing: bytes, at: place - before, layouts: layouts,
              shown: shown)
            #expect(concerns.contains(where: isLock))
            #expect(
              try #require(concerns.severity) >= .needsPermanentLock)
          }
        }
      }
    }
  }

  @Test(arguments: ["H74x", "H72x", "H7A3"])
  func ofAPairEitherHalfIsWatched(name: String) throws {
    let layout = try layout(name)
    for offset: UInt32 in [1, 5] {
      var image = layout.factoryImage
      image.set([0xCC], at: 0x5200_201C + offset)
      let concerns = layout.concerns(writing: image, over: layout.factoryImage)
      #expect(concerns.contains(where: isLock))
    }
  }

  @Test func anF1HasNoLevelTwo() throws {
    let layout = try layout("F1")
    let image = layout.factoryImage
    let new = try layout.setting(
      [OptionAssignment(name: "RDP", value: "0xCC")], in: image)
    let concerns = layout.concerns(writing: new, over: image)
    #expect(concerns == [.raisesProtection(from: .level0, to: .level1)])
    #expect(concerns.severity == .needsForce)
  }

  @Test(arguments: ["H503", "H523", "H563"])
  func anH5sProductStateIsNeverAdvanced(name: String) throws {
    let layout = try layout(name)
    let image = layout.factoryImage
    for state: UInt32 in [0x17, 0x2E, 0xC6, 0x72, 0x5C, 0x9A, 0xA3, 0, 0xFF] {
      let new = try layout.setting(
        [
          OptionAssignment(
            name: "PRODUCT_STATE", value: "0x" + String(state, radix: 16))
        ], in: image)
      let concerns = layout.concerns(writing: new, over: image)
      #expect(
        concerns.contains(.advancesProductState(from: 0xED, to: state)))
      #expect(concerns.severity == .needsProductState)
    }
    #expect(layout.decode(image)["PRODUCT_STATE"] == 0xED)
    #expect(layout.protectionField?.text(of: 0xED) == "0xED (open)")
  }

  /// Also of an H5 whose layout is not known, and of a window of its kind on a
  /// chip nobody knows: anything but Open or what it is now.
  @Test(arguments: [UInt8(0x17), 0x2E, 0xC6, 0x72, 0x5C, 0x9A, 0xA3, 0, 0xFF])
  func anUnknownProductStateIsNotChangedEither(state: UInt8) throws {
    let shown = [
      [], [AddressWindow(0x4002_2050, length: 432)],
    ]
    for shown in shown {
      for offset in [1, 5] {
        var bytes: [UInt8] = [0xF8, 0xED, 0x30, 0x2D, 0xF8, 0xED, 0x30, 0x2D]
        bytes[offset] = state
        let concerns = OptionByteGuard.concerns(
          writing: bytes, at: 0x4002_2050, layouts: [], shown: shown)
        #expect(concerns.severity == .needsProductState)
      }
    }
    let closed = OptionByteImage(
      start: 0x4002_2050, bytes: [0xF8, state, 0x30, 0x2D])
    #expect(
      OptionByteGuard.concerns(
        writing: [0xF8, state, 0x30, 0x2D], at: 0x4002_2050, layouts: [],
        current: closed
      ).severity == .needsForce)
  }

  /// 44 bytes end in the middle of the word of BOOT_LOCK.
  @Test func aWriteThatCoversAWordPartlyIsJudged() throws {
    let layout = try layout("G47x")
    let image = try layout.setting(
      [OptionAssignment(name: "BOOT_LOCK", value: "0")],
      in: layout.factoryImage)
    var bytes = Array(try #require(image.windows.first).bytes.prefix(44))
    #expect(
      layout.concerns(writing: bytes, at: 0x1FFF_7800, over: image).isEmpty)
    bytes[0x2A] |= 1
    for current in [image, nil] {
      let concerns = layout.concerns(
        writing: bytes, at: 0x1FFF_7800, over: current)
      #expect(
        concerns.contains {
          if case .risky("BOOT_LOCK", _) = $0 { true } else { false }
        })
    }
  }

  @Test func raisingAndLoweringProtectionAreTold() throws {
    let layout = try layout("L43x")
    let open = layout.factoryImage
    let closed = try layout.setting(
      [OptionAssignment(name: "RDP", value: "level1")], in: open)
    #expect(
      layout.concerns(writing: closed, over: open)
        == [.raisesProtection(from: .level0, to: .level1)])
    #expect(
      layout.concerns(writing: closed, over: nil).contains(
        .raisesProtection(from: nil, to: .level1)))
    let lowered = layout.concerns(writing: open, over: closed)
    #expect(lowered == [.lowersProtection(from: .level1, to: .level0)])
    #expect(lowered.severity == .note)
    #expect(layout.concerns(writing: open, over: open).isEmpty)
    #expect(layout.concerns(writing: closed, over: closed).isEmpty)
  }

  @Test func aHalfProtectedU5IsTold() throws {
    let layout = try layout("U575")
    let open = layout.factoryImage
    let half = try layout.setting(
      [OptionAssignment(name: "RDP", value: "level0.5")], in: open)
    #expect(
      layout.concerns(writing: half, over: open)
        == [.raisesProtection(from: .level0, to: .level0Half)])
  }

  @Test(arguments: OptionByteLayout.all)
  func aReservedBitThatChangesIsFound(layout: OptionByteLayout) throws {
    let image = layout.factoryImage
    for word in layout.words {
      let reserved = word.encoding.mask & ~word.knownMask
      guard reserved != 0,
        !layout.untouchable.contains(where: { $0.window.overlaps(word.window) })
      else { continue }
      let value = try #require(image.word(at: word.address))
      var new = image
      new.fill(word, with: value ^ (1 << UInt32(reserved.trailingZeroBitCount)))
      let concerns = layout.concerns(writing: new, over: image)
      #expect(
        concerns.contains {
          if case .reservedChanged = $0 { true } else { false }
        })
      #expect(concerns.severity == .needsForce)
    }
  }

  @Test func bytesBetweenTheKnownWordsAreWatched() throws {
    let layout = try layout("F405")
    let image = layout.factoryImage
    var new = image
    new.set([0x12], at: 0x1FFF_C005)
    #expect(
      layout.concerns(writing: new, over: image)
        == [.reservedChanged(address: 0x1FFF_C005, old: 0xFF, new: 0x12)])
  }

  @Test func theRadioCoresOptionsMayOnlyBeWrittenBack() throws {
    let layout = try layout("WB55")
    let image = layout.scatteredImage(seed: 5)
    var new = image
    new.set([0x00], at: 0x1FFF_8070)
    new.set([0xFF], at: 0x1FFF_8074)
    let concerns = layout.concerns(writing: new, over: image)
    #expect(concerns.severity == .refused)
    #expect(layout.concerns(writing: image, over: nil).severity == .refused)
    #expect(layout.concerns(writing: image, over: image).isEmpty)
  }

  @Test func keysAreNeverWrittenNotEvenBack() throws {
    let layout = try layout("U575")
    let image = layout.factoryImage
    let all = try #require(image.windows.first).bytes
    #expect(
      layout.concerns(writing: all, at: 0x4002_2040, over: image).severity
        == .refused)
    #expect(
      layout.concerns(
        writing: Array(all.prefix(48)), at: 0x4002_2040, over: image
      ).isEmpty)
  }

  @Test(arguments: [
    ("L43x", "PCROP1_STRT=0"), ("F446", "SPRMOD=1"), ("L0", "WPRMOD=1"),
    ("G47x", "BOOT_LOCK=1"), ("U575", "TZEN=1"), ("H74x", "SECURITY=1"),
    ("U575", "WRP1A_UNLOCK=0"), ("H74x", "PROT_AREA1_START=0"),
    ("H74x", "SEC_AREA1_END=9"), ("H74x", "IO_HSLV=1"),
    ("H74x", "BOOT_ADD1=0x0800"), ("F405", "BOR_LEV=level3"),
    ("L43x", "nSWBOOT0=0"), ("L43x", "nBOOT1=0"), ("C071", "NRST_MODE=0"),
    ("G47x", "SEC_SIZE1=3"), ("U575", "HDP1EN=1"), ("U575", "SECWM1_PEND=1"),
    ("G47x", "DBANK=0"), ("U575", "NSBOOTADD1=0x08000000"),
  ])
  func whatIsHardToUndoNeedsForce(name: String, text: String) throws {
    let layout = try layout(name)
    var image = layout.factoryImage
    for neutral in [
      "RDP=level0", "SECURITY=0", "BOOT_LOCK=0", "IO_HSLV=0", "BOR_LEV=off",
      "PROT_AREA1_START=0xFF", "SEC_AREA1_END=0", "SEC_SIZE1=0", "HDP1EN=0",
      "SECWM1_PEND=0",
    ] {
      image =
        (try? layout.setting([OptionAssignment(parsing: neutral)], in: image))
        ?? image
    }
    let new = try layout.setting(
      [try OptionAssignment(parsing: text)], in: image)
    let concerns = layout.concerns(writing: new, over: image)
    #expect(
      concerns.contains { if case .risky = $0 { true } else { false } })
    #expect(concerns.severity == .needsForce)
    #expect(
      !layout.concerns(writing: new, over: new).contains {
        if case .risky = $0 { true } else { false }
      })
  }

  /// nBOOT0 counts only where it stands in the place of the pin.
  @Test func aBootBitThatDoesNotDecideIsNoConcern() throws {
    let layout = try layout("L43x")
    let image = layout.factoryImage
    let new = try layout.setting(
      [OptionAssignment(name: "nBOOT0", value: "0")], in: image)
    #expect(layout.concerns(writing: new, over: image).isEmpty)
  }

  @Test func aWriteThatDoesNotBeginAtTheBaseIsTold() throws {
    let layout = try layout("L43x")
    let concerns = layout.concerns(
      writing: [0xFF, 0x00], at: 0x1FFF_7808, over: nil)
    #expect(
      concerns.contains(
        .notFromBase(address: 0x1FFF_7808, base: 0x1FFF_7800)))
  }

  @Test func aWriteToTheFlashIsNoneOfItsBusiness() throws {
    let bytes = [UInt8](repeating: 0xCC, count: 4096)
    for layouts in [[], [try layout("F405")], OptionByteLayout.all] {
      #expect(
        OptionByteGuard.concerns(
          writing: bytes, at: 0x0800_0000, layouts: layouts,
          shown: [AddressWindow(0x1FFF_C000, length: 16)]
        ).isEmpty)
    }
    // An F405's OTP lies where an L4 has its option bytes.
    #expect(
      OptionByteGuard.concerns(
        writing: bytes, at: 0x1FFF_7800, layouts: [try layout("F405")],
        shown: [AddressWindow(0x1FFF_C000, length: 16)]
      ).isEmpty)
  }

  @Test func anUnknownWindowIsWatchedAtItsBeginning() {
    let shown = [AddressWindow(0x5000_0000, length: 64)]
    for offset in 0..<8 {
      var bytes = [UInt8](repeating: 0, count: 64)
      bytes[offset] = 0xCC
      let concerns = OptionByteGuard.concerns(
        writing: bytes, at: 0x5000_0000, layouts: [], shown: shown)
      #expect(concerns.contains(where: isLock))
    }
    let harmless = OptionByteGuard.concerns(
      writing: [UInt8](repeating: 0, count: 64), at: 0x5000_0000, layouts: [],
      shown: shown)
    #expect(harmless == [.unknownLayout(address: 0x5000_0000)])
  }

  @Test func anAT32sFirstByteIsWatchedToo() {
    let concerns = OptionByteGuard.concerns(
      writing: [0xCC, 0x33], at: 0x1FFF_C000, layouts: [],
      shown: [AddressWindow(0x1FFF_C000, length: 4096)])
    #expect(
      concerns.contains(.permanentLock(address: 0x1FFF_C000, certain: false)))
  }

  @Test func nothingTrapsAtTheEndsOfTheAddressSpace() throws {
    let bytes = [UInt8](repeating: 0xCC, count: 64)
    for address: UInt32 in [0, 0xFFFF_FFFF, 0xFFFF_FFF0] {
      for layouts in [[], OptionByteLayout.all] {
        #expect(
          OptionByteGuard.concerns(
            writing: bytes, at: address, layouts: layouts
          ).isEmpty)
        _ = OptionByteGuard.concerns(
          writing: [], at: address, layouts: layouts,
          shown: [AddressWindow(address, length: .max)])
      }
    }
  }

  @Test func candidatesWithoutALayoutMakeTheLayoutUnknown() throws {
    let known = ChipIdentification(
      candidates: [try family("L412"), try family("L43x")], basis: .evidence)
    #expect(known.optionByteLayouts.map(\.name) == ["L412", "L43x"])
    let mixed = ChipIdentification(
      candidates: [try family("L412"), try family("C5")], basis: .evidence)
    #expect(mixed.optionByteLayouts.isEmpty)
  }
}
