import DFUCore
import DFUSimulator
import Testing

@Suite struct ChipTests {
  static let chips = BoardProfile.all.filter {
    if case .dfuSe = $0.machine { true } else { false }
  }.map(\.name)

  @Test(arguments: BoardProfile.all.filter(\.hasLoader).map(\.name))
  func everyProfileEnumeratesWithItsStrings(name: String) throws {
    let host = try Host(name)
    let device = try #require(host.board.presence)
    let profile = host.board.profile
    #expect(device.descriptor.vendor == profile.usb.vendor)
    let interfaces = try #require(device.configurations.first).interfaces
    #expect(interfaces.count == profile.alternates.count)
    let last = try #require(interfaces.last)
    let length = profile.functional.version == nil ? 7 : 9
    if profile.functional.place == .afterLastAlternate {
      #expect(last.extra.prefix(2) == [UInt8(length), 0x21])
    }
    for (interface, alternate) in zip(interfaces, profile.alternates) {
      #expect(interface.isDFU)
      guard let name = alternate.name else { continue }
      let raw = try #require(
        host.board.descriptor(
          0x0300 | UInt16(interface.nameString), language: 0x409))
      #expect(
        Int(raw[0]) == raw.count + Int(alternate.excessLength), "\(name)")
      #expect(raw.count == 2 + name.utf16.count * 2)
    }
  }

  @Test(arguments: chips)
  func aBlockIsErasedWrittenAndReadBack(name: String) throws {
    let host = try Host(name)
    let start: UInt32 = 0x0800_4000
    let data = (0..<1_024).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
    #expect(host.status() == [2, 0])
    #expect(host.erase(start) == [5, 0])
    #expect(host.write(start, data) == [5, 0])
    #expect(
      host.read(start, 1_024) == (name == "libopencm3" ? .stall : .data(data)))
    #expect(host.board.memory(at: start, count: 1_024) == data)
    #expect(host.board.violations == [])
    #expect(host.board.erasures.values.allSatisfy { $0 == 1 })
    #expect(
      host.board.erasures.count == (name == "st-class-erases-to-end" ? 11 : 1))
  }

  @Test func theTranscriptTellsWhatWasSaid() throws {
    let host = try Host("f405")
    host.download(0, [0x21, 0, 0, 0, 8])
    _ = host.status()
    _ = host.status()
    host.download(2, [UInt8](repeating: 1, count: 2_048))
    host.abort()
    #expect(
      host.board.log.text == """
        DNLOAD block=0 [21 00 00 00 08]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        DNLOAD block=2 2048 bytes
        ABORT
        """)
    #expect(host.board.log.counts[.getStatus] == 2)
    #expect(host.board.log.bytesSent == 2_053)
    #expect(host.board.log.earlyPolls == 1)
  }

  @Test func blocksAreAddressedFromThePointer() throws {
    let host = try Host("f405")
    host.setAddress(0x0800_0100)
    host.download(4, [0, 1, 2, 3])
    host.finish()
    #expect(host.board.memory(at: 0x0800_1100, count: 4) == [0, 1, 2, 3])
    let short = try Host(
      "f405",
      change: Host.quirk { $0.quirks.addressesByRequestedLength = true })
    short.setAddress(0x0800_0100)
    short.download(4, [0, 1, 2, 3])
    short.finish()
    #expect(short.board.memory(at: 0x0800_0108, count: 4) == [0, 1, 2, 3])
  }

  @Test func blockOneStallsAndBlockZeroListsTheCommands() throws {
    let host = try Host("f405")
    #expect(host.upload(0, 16) == .data([0x00, 0x21, 0x41, 0x92]))
    #expect(host.status() == [2, 0])
    #expect(host.upload(1, 16) == .stall)
    #expect(host.status() == [10, 15])
    host.clear()
    #expect(host.status() == [2, 0])
    #expect(host.download(1, [1]) == .stall)
    #expect(host.status() == [10, 15])
  }

  @Test func badAddressesAndCommandsEndInError() throws {
    let host = try Host("f405")
    #expect(host.setAddress(0x4000_0000) == [10, 1])
    host.clear()
    host.download(0, [0x77])
    #expect(host.finish() == [10, 15])
    host.clear()
    #expect(host.erase(0x0810_0000) == [10, 1])
    host.clear()
    #expect(host.upload(2, 2_048) != .stall)
    let older = try Host(
      "f405", change: Host.quirk { $0.quirks.badAddressStatus = 8 })
    #expect(older.setAddress(0xFFFF_FFFF) == [10, 8])
  }

  @Test func requestsInTheWrongStateStallAndAreNoted() throws {
    let host = try Host("f405")
    host.download(0, [0x21, 0, 0, 0, 8])
    #expect(host.download(2, [1, 2, 3, 4]) == .stall)
    #expect(host.upload(2, 4) == .stall)
    #expect(host.board.violations.map(\.kind) == [.wrongState, .wrongState])
    #expect(host.finish() == [5, 0])
    host.abort()
    #expect(host.status() == [2, 0])
  }

  @Test func clearStatusOutsideAnErrorMakesOne() throws {
    let host = try Host("f405")
    host.clear()
    #expect(host.status() == [10, 14])
    let c5 = try Host(
      "f405", change: Host.quirk { $0.quirks.clearStatus = .stalls })
    #expect(c5.out(4) == .stall)
    #expect(c5.status() == [2, 0])
  }

  @Test func someStartInErrorWithFirmwareCorrupt() throws {
    let host = try Host(
      "f405", change: Host.quirk { $0.quirks.startsInError = true })
    #expect(host.status() == [10, 10])
    host.clear()
    #expect(host.status() == [2, 0])
  }

  // MARK: - NOR rules

  @Test func programmingOnlyClearsBits() throws {
    let host = try Host("f405")
    host.write(0x0800_0000, [0xF0, 0xF0, 0xF0, 0xF0])
    #expect(host.board.violations == [])
    #expect(host.write(0x0800_0000, [0x3C, 0x30, 0, 0]) == [5, 0])
    #expect(
      host.board.memory(at: 0x0800_0000, count: 4) == [0x30, 0x30, 0, 0])
    #expect(host.board.violations.map(\.kind) == [.programmedUnerased])
  }

  @Test func partsWithACodeRefuseASecondProgramming() throws {
    let host = try Host("l432")
    host.write(0x0800_0000, [UInt8](repeating: 0x55, count: 8))
    #expect(
      host.write(0x0800_0000, [UInt8](repeating: 0x11, count: 8)) == [10, 6])
    #expect(
      host.board.memory(at: 0x0800_0000, count: 8)
        == [UInt8](repeating: 0x55, count: 8))
    #expect(host.board.violations.map(\.kind) == [.programmedTwice])
  }

  @Test func theH7LosesTheWordInstead() throws {
    let host = try Host("h743")
    host.write(0x0800_0000, [UInt8](repeating: 0x55, count: 16))
    #expect(
      host.write(0x0800_0010, [UInt8](repeating: 0x11, count: 16)) == [5, 0])
    #expect(host.board.violations.map(\.kind) == [.programmedTwice])
  }

  @Test func aBlankWordThatWasProgrammedIsProgrammed() throws {
    let host = try Host("l432")
    host.write(0x0800_0000, [UInt8](repeating: 0xFF, count: 8))
    host.write(0x0800_0000, [UInt8](repeating: 0x11, count: 8))
    #expect(host.board.violations.map(\.kind) == [.programmedTwice])
  }

  @Test func misalignedWritesFailAndSpoilThoseThatFollow() throws {
    let host = try Host("l432")
    #expect(
      host.write(0x0800_0004, [UInt8](repeating: 0, count: 8)) == [10, 3])
    host.clear()
    #expect(
      host.write(0x0800_0100, [UInt8](repeating: 0, count: 8)) == [10, 3])
    #expect(host.board.violations.first?.kind == .misalignedAddress)
    host.board.pressReset()
    host.board.clock.sleep(for: .seconds(1))
    #expect(
      host.write(0x0800_0100, [UInt8](repeating: 0, count: 8)) == [5, 0])
  }

  @Test func anEraseClearsItsSectorOnly() throws {
    let host = try Host("f405")
    host.board.fill([UInt8](repeating: 0, count: 0x10_0000), at: 0x0800_0000)
    host.erase(0x0800_7FFF)
    let flash = host.board.flash
    #expect(flash[0x4000..<0x8000].allSatisfy { $0 == 0xFF })
    #expect(flash[..<0x4000].allSatisfy { $0 == 0 })
    #expect(flash[0x8000...].allSatisfy { $0 == 0 })
    host.download(0, [0x41])
    host.finish()
    #expect(host.board.flash.allSatisfy { $0 == 0xFF })
  }

  @Test func writeProtectedSectorsStaySilently() throws {
    let host = try Host("f405")
    // nWRP bit 1 = 0 protects sector 1.
    host.board.fill([0xFD, 0x0F, 0x02, 0xF0], at: 0x1FFF_C008)
    host.board.powerCycle()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.write(0x0800_4000, [1, 2, 3, 4]) == [5, 0])
    #expect(host.erase(0x0800_4000) == [5, 0])
    #expect(
      host.board.memory(at: 0x0800_4000, count: 4) == [255, 255, 255, 255])
    #expect(
      host.board.violations.map(\.kind) == [.writeProtected, .writeProtected])
    #expect(host.write(0x0800_8000, [1, 2, 3, 4]) == [5, 0])
    #expect(host.board.memory(at: 0x0800_8000, count: 4) == [1, 2, 3, 4])
  }

  // MARK: - Time

  @Test func anF4KeepsTheHostWaitingUntilItIsDone() throws {
    let host = try Host("f405")
    let start = host.board.clock.now()
    host.download(0, [0x41] + UInt32(0x0802_0000).bytes)
    #expect(host.status() == [4, 0])
    #expect(host.get(3, length: 6, timeout: .milliseconds(500)) == .timeout)
    #expect(host.status() == [5, 0])
    let spent = host.board.clock.now() - start
    #expect(spent > .milliseconds(2_000) && spent < .milliseconds(2_010))
  }

  @Test func setAddressIsDoneAtOnceWhateverTheRomSays() throws {
    let host = try Host("f405")
    let start = host.board.clock.now()
    host.download(0, [0x21, 0, 0, 0, 8])
    #expect(host.status() == [4, 0])
    #expect(host.status() == [5, 0])
    #expect(host.board.clock.now() - start < .milliseconds(2))
  }

  @Test func anL4StallsWhenItIsPolledTooEarly() throws {
    let host = try Host("l432")
    host.download(0, [0x41] + UInt32(0x0800_0000).bytes)
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(21))
    #expect(host.status() == nil)
    host.board.clock.sleep(for: .milliseconds(21))
    #expect(host.status() == [5, 0])
  }

  @Test func anF0RepeatsBusy() throws {
    let host = try Host("f072")
    host.download(0, [0x41] + UInt32(0x0800_0000).bytes)
    #expect(host.status() == [4, 0])
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(40))
    #expect(host.status() == [5, 0])
  }

  @Test func theVoltageRangeMakesAnF4Faster() throws {
    let host = try Host("f405")
    #expect(host.write(0xFFFF_0000, [3, 0xFF, 0xFF, 0xFF]) == [5, 0])
    let start = host.board.clock.now()
    host.erase(0x0802_0000)
    let spent = host.board.clock.now() - start
    #expect(spent > .milliseconds(1_000) && spent < .milliseconds(1_010))
    #expect(host.read(0xFFFF_0000, 4) == .data([3, 0xFF, 0xFF, 0xFF]))
  }

  @Test func anH743WedgesAfterAMegabyteUntilClearedTwice() throws {
    let host = try Host("h743")
    for sector in 0..<8 {
      #expect(host.erase(0x0800_0000 + UInt32(sector) << 17) == [5, 0])
    }
    host.download(0, [0x41] + UInt32(0x0810_0000).bytes)
    for _ in 0..<10 {
      #expect(host.status() == [4, 0])
      host.board.clock.sleep(for: .seconds(1))
    }
    host.clear()
    #expect(host.status() == [10, 14])
    host.clear()
    #expect(host.status() == [2, 0])
    #expect(host.board.erasures.count == 9)
    #expect(host.erase(0x0812_0000) == [5, 0])
  }

  // MARK: - Protection and option bytes

  @Test func protectionShowsAsVendorErrors() throws {
    let host = try Host("f405")
    host.board.setProtection(level: 1)
    #expect(host.setAddress(0x0800_0000) == [5, 0])
    host.abort()
    #expect(host.upload(2, 64) == .stall)
    #expect(host.status() == [10, 11])
    host.clear()
    #expect(host.erase(0x0800_0000) == [10, 11])
    host.clear()
    #expect(host.write(0x0800_0000, [1, 2, 3, 4]) == [10, 11])
  }

  @Test func protectionMayPretendSuccess() throws {
    let host = try Host(
      "f405", change: Host.quirk { $0.quirks.protection = .ignoresWrites })
    host.board.setProtection(level: 1)
    #expect(host.erase(0x0800_0000) == [5, 0])
    #expect(host.write(0x0800_0000, [1, 2, 3, 4]) == [5, 0])
    #expect(
      host.board.memory(at: 0x0800_0000, count: 4) == [255, 255, 255, 255])
    let strict = try Host(
      "f405",
      change: Host.quirk { $0.quirks.protection = .errorOnAddressToo })
    strict.board.setProtection(level: 1)
    #expect(strict.setAddress(0x0800_0000) == [10, 11])
  }

  @Test func unprotectErasesEverythingAndComesBack() throws {
    let host = try Host("f405")
    host.board.fill([UInt8](repeating: 0, count: 4_096), at: 0x0800_0000)
    host.board.setProtection(level: 1)
    let before = try #require(host.board.address)
    host.download(0, [0x92])
    #expect(host.status() == [4, 0])
    #expect(host.get(3, length: 6) == .gone)
    #expect(host.board.presence == nil)
    host.board.clock.sleep(for: .seconds(1))
    let after = try #require(host.board.address)
    #expect(after != before)
    #expect(host.board.protectionLevel == 0)
    #expect(host.board.flash.allSatisfy { $0 == 0xFF })
    #expect(host.status() == [2, 0])
  }

  @Test func levelTwoNeverShowsTheLoader() throws {
    let host = try Host("l432")
    host.board.setProtection(level: 2)
    host.board.powerCycle()
    host.board.clock.sleep(for: .seconds(5))
    #expect(host.board.presence == nil)
    #expect(host.board.mode == .crashed)
  }

  @Test func anOptionByteWriteResetsTheChipAtOnce() throws {
    let host = try Host("l432")
    guard case .data(var bytes) = host.read(0x1FFF_7800, 40) else {
      Issue.record("option bytes cannot be read")
      return
    }
    #expect(bytes[0] == 0xAA && bytes[4] == 0x55)
    bytes[0] = 0xBB
    host.setAddress(0x1FFF_7800)
    host.download(2, bytes)
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(41))
    #expect(host.status() == nil)
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.protectionLevel == 1)
    // The hardware made the complement.
    #expect(host.board.memory(at: 0x1FFF_7804, count: 1) == [0x44])
  }

  @Test func aWrongComplementOnAnF0MeansLevelOne() throws {
    let host = try Host("f072")
    let good: [UInt8] = [
      0xAA, 0x55, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF,
      0,
    ]
    host.setAddress(0x1FFF_F800)
    host.download(2, good)
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.protectionLevel == 0)
    var bad = good
    bad[1] = 0xFF
    host.setAddress(0x1FFF_F800)
    host.download(2, bad)
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.protectionLevel == 1)
    #expect(host.board.violations.last?.kind == .wrongComplement)
  }

  @Test func theH7TakesTheProgramRegisters() throws {
    let host = try Host("h743")
    guard case .data(var bytes) = host.read(0x5200_201C, 128) else {
      Issue.record("option bytes cannot be read")
      return
    }
    bytes[2] = 0x00
    bytes[4 + 2] = 0xEF
    host.setAddress(0x5200_201C)
    host.download(2, bytes)
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.memory(at: 0x5200_201E, count: 1) == [0xEF])
  }

  // MARK: - Leaving and booting

  static let program: [UInt8] =
    UInt32(0x2000_8000).bytes + UInt32(0x0800_0101).bytes
    + [UInt8](repeating: 0x42, count: 1_016)

  @Test(arguments: ["f405", "f072", "h743", "g0b1", "u585", "l432"])
  func leavingRunsTheProgram(name: String) throws {
    let host = try Host(name)
    host.write(0x0800_0000, Self.program)
    host.setAddress(0x0800_0000)
    #expect(host.download(2, []) == .data([]))
    _ = host.status()
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.presence == nil)
    #expect(host.board.mode == .application)
  }

  @Test func anF072SitsInManifestUntilAskedAgain() throws {
    let host = try Host("f072")
    host.write(0x0800_0000, Self.program)
    host.download(2, [])
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.presence != nil)
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.presence == nil)
  }

  @Test func blankFlashRunsNowhere() throws {
    let host = try Host("f405")
    host.download(2, [])
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .crashed)
    host.board.pressReset()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .dfu)
  }

  @Test func aVirginL412FallsBackUntilItReadsItsOptionsAgain() throws {
    let host = try Host("l412")
    host.board.boot0 = false
    host.board.powerCycle()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .dfu)
    #expect(host.board.isEmpty)
    host.write(0x0800_0000, Self.program)
    host.setAddress(0x0800_0000)
    host.download(2, [])
    _ = host.status()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .application)
    host.board.pressReset()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .dfu)
    guard case .data(let options) = host.read(0x1FFF_7800, 40) else {
      Issue.record("option bytes cannot be read")
      return
    }
    host.setAddress(0x1FFF_7800)
    host.download(2, options)
    _ = host.status()
    host.board.clock.sleep(for: .seconds(2))
    #expect(host.board.mode == .application)
    #expect(!host.board.isEmpty)
  }

  // MARK: - Faults

  @Test func faultsComeAtTheRequestTheyWerePlannedFor() throws {
    let host = try Host("f405")
    host.board.faults = FaultPlan([
      Fault(.stall, at: 2, of: .getStatus),
      Fault(.status(3), at: 1, of: .data),
      Fault(.flip(offset: 1, mask: 0x80), at: 1, of: .upload),
      Fault(.shortReply(3), at: 2, of: .upload),
      Fault(.timeout, at: 3, of: .upload),
    ])
    #expect(host.status() == [2, 0])
    #expect(host.status() == nil)
    #expect(host.write(0x0800_0000, [0, 0, 0, 0]) == [10, 3])
    host.clear()
    #expect(host.upload(2, 4) == .data([0xFF, 0x7F, 0xFF, 0xFF]))
    #expect(host.upload(2, 4) == .data([0xFF, 0xFF, 0xFF]))
    #expect(
      host.get(2, 2, length: 4, timeout: .milliseconds(100)) == .timeout)
  }

  @Test func aPowerCutLosesTheOperationAndAPulledCableNeedNot() throws {
    for keepsPower in [false, true] {
      let host = try Host("f405")
      host.board.hasOwnPower = keepsPower
      host.board.fill([UInt8](repeating: 0, count: 0x2_0000), at: 0x0802_0000)
      host.board.faults = FaultPlan([Fault(.unplug, at: 2, of: .getStatus)])
      host.download(0, [0x41] + UInt32(0x0802_0000).bytes)
      #expect(host.status() == [4, 0])
      #expect(host.get(3, length: 6) == .gone)
      #expect(host.board.presence == nil)
      host.board.clock.sleep(for: .seconds(5))
      let sector = try #require(
        host.board.memory(at: 0x0802_0000, count: 0x2_0000))
      #expect(sector.allSatisfy { $0 == 0xFF } == keepsPower)
      #expect(!sector.contains(0))
      host.board.plug()
      host.board.clock.sleep(for: .seconds(1))
      #expect(host.status() == [2, 0])
    }
  }

  @Test func anInterruptedOptionWriteMayProtectTheChip() throws {
    for protects in [true, false] {
      let host = try Host(
        "l432",
        change: Host.quirk {
          $0.quirks.interruptedOptionWriteProtects = protects
        })
      let options = try #require(
        host.board.memory(at: 0x1FFF_7800, count: 40))
      host.setAddress(0x1FFF_7800)
      host.download(2, options)
      host.board.faults = FaultPlan([
        Fault(
          .powerCut(back: .seconds(1)), at: 1, of: .getStatus,
          afterEffect: true)
      ])
      #expect(host.status() == nil)
      host.board.clock.sleep(for: .seconds(3))
      #expect(host.board.mode == .dfu)
      #expect(host.board.protectionLevel == (protects ? 1 : 0))
    }
  }
}
