import DFUCore
import DFUSimulator
import Testing

@Suite struct OptionByteTests {
  /// Chips whose option bytes DFU can reach: name, window, protection byte.
  typealias Window = (String, UInt32, Int, Int, OptionWindow.Rule)
  static let windows: [Window] = BoardProfile.all
    .compactMap { profile in
      guard case .dfuSe(let chip) = profile.machine,
        let memory = chip.memories.first(where: {
          $0.kind == .optionBytes && $0.isReachable
        }), let window = memory.options, let protection = window.protection
      else { return nil }
      return (
        profile.name, memory.start, memory.size, protection, window.rule
      )
    }

  func window(
    _ host: Host, _ start: UInt32, _ size: Int
  ) throws -> [UInt8] {
    host.setAddress(start)
    host.abort()
    guard case .data(let bytes) = host.upload(2, UInt16(size)) else {
      throw Missing()
    }
    host.abort()
    return bytes
  }

  struct Missing: Error {}

  func rewrite(_ host: Host, _ start: UInt32, _ bytes: [UInt8]) {
    host.setAddress(start)
    host.download(2, bytes)
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(45))
    #expect(host.board.presence == nil)
    host.board.clock.sleep(
      for: host.board.profile.enumerationTime + .seconds(1))
  }

  @Test(arguments: windows)
  func writingBackWhatWasReadChangesNothing(
    chip: Window
  ) throws {
    let host = try Host(chip.0)
    #expect(host.board.protectionLevel == 0)
    let bytes = try window(host, chip.1, chip.2)
    rewrite(host, chip.1, bytes)
    #expect(host.board.protectionLevel == 0)
    #expect(try window(host, chip.1, chip.2) == bytes)
    #expect(host.board.violations == [])
    #expect(host.erase(0x0800_0000) == [5, 0])
    #expect(host.board.violations == [])
  }

  @Test(arguments: windows)
  func anotherProtectionByteProtectsAndUnprotectFreesTheChip(
    chip: Window
  ) throws {
    let host = try Host(chip.0)
    var bytes = try window(host, chip.1, chip.2)
    for place in [chip.3, chip.3 + 4] where chip.0.hasPrefix("h") {
      bytes[place] = 0x72
    }
    if !chip.0.hasPrefix("h") { bytes[chip.3] = 0x33 }
    // Where the host supplies complements, this one is the matching one.
    switch chip.4 {
    case .bytePairs: bytes[1] = ~bytes[0]
    case .halfWordPairs: bytes[2] = ~bytes[0]
    default: break
    }
    rewrite(host, chip.1, bytes)
    #expect(host.board.protectionLevel == 1)
    #expect(host.board.violations == [])
    #expect(host.erase(0x0800_0000) == [10, 11])
    host.clear()
    host.download(0, [0x92])
    _ = host.status()
    host.board.clock.sleep(for: .seconds(60))
    #expect(host.board.mode == .dfu)
    if chip.0 == "wb55" {
      #expect(host.erase(0x0800_0000) == [10, 11])
      host.board.powerCycle()
      host.board.clock.sleep(for: .seconds(1))
    }
    #expect(host.board.protectionLevel == 0)
    #expect(host.erase(0x0800_0000) == [5, 0])
  }

  @Test func l4RangesProtectTheirPages() throws {
    let host = try Host("l432")
    var bytes = try window(host, 0x1FFF_7800, 40)
    // WRP1A: pages 2 to 3.
    bytes.replaceSubrange(0x18..<0x1C, with: UInt32(0xFF03_0002).bytes)
    rewrite(host, 0x1FFF_7800, bytes)
    for page in UInt32(0)..<5 {
      host.erase(0x0800_0000 + page * 2_048)
    }
    #expect(
      host.board.violations.map(\.address) == [0x0800_1000, 0x0800_1800])
    #expect(host.board.erasures.count == 3)
  }

  @Test func l0BitsProtectFourKibibytesEach() throws {
    let host = try Host("l072")
    var bytes = try window(host, 0x1FF8_0000, 32)
    bytes.replaceSubrange(8..<12, with: [0x02, 0x00, 0xFD, 0xFF])
    rewrite(host, 0x1FF8_0000, bytes)
    host.erase(0x0800_0F80)
    #expect(host.board.violations == [])
    host.erase(0x0800_1000)
    host.erase(0x0800_1F80)
    host.erase(0x0800_2000)
    #expect(
      host.board.violations.map(\.address) == [0x0800_1000, 0x0800_1F80])
  }

  @Test func erasedL0FlashIsZeroAndProgrammingSetsBits() throws {
    let host = try Host("l072")
    host.board.fill([0x55, 0x55, 0x55, 0x55], at: 0x0800_0000)
    host.erase(0x0800_0000)
    #expect(host.read(0x0800_0000, 4) == .data([0, 0, 0, 0]))
    host.write(0x0800_0000, [0x0F, 0, 0, 0, 0, 0, 0, 0])
    host.write(0x0800_0000, [0xF0, 0, 0, 0, 0, 0, 0, 0])
    #expect(host.read(0x0800_0000, 1) == .data([0xFF]))
    #expect(host.board.violations.map(\.kind) == [.programmedUnerased])
    // Data EEPROM erases by itself.
    host.write(0x0808_0000, [1, 2, 3, 4])
    host.write(0x0808_0000, [4, 3, 2, 1])
    #expect(host.read(0x0808_0000, 4) == .data([4, 3, 2, 1]))
  }

  @Test func g431TakesFortyOfItsFortyEightBytes() throws {
    let host = try Host("g431")
    var bytes = try window(host, 0x1FFF_7800, 48)
    let last = Array(bytes[40...])
    bytes[0x28] = 0x55
    rewrite(host, 0x1FFF_7800, bytes)
    #expect(try window(host, 0x1FFF_7800, 48)[40...] == last[...])
  }

  @Test func g0b1sOptionBytesCannotBeReached() throws {
    let host = try Host("g0b1")
    #expect(host.setAddress(0x1FFF_7800) == [10, 1])
  }

  @Test func anF767WithTwoBanksErasesTheWrongSector() throws {
    let host = try Host("f767-dual")
    host.erase(0x0810_4000)
    #expect(host.board.erasures == [0x0812_0000: 1])
  }

  @Test func aC071RunsIntoBlankFlashWhenResetTooEarly() throws {
    let host = try Host("c071")
    #expect(!host.board.isEmpty)
    host.board.pressReset()
    host.board.clock.sleep(for: .seconds(5))
    #expect(host.board.mode == .crashed)
    host.board.powerCycle()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .dfu)
    host.write(0x0800_0000, ChipTests.program)
    host.download(2, [])
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .seconds(5))
    #expect(host.board.presence != nil)
  }

  @Test func theUniqueIDIsReadableOnlyInSystemMemory() throws {
    let f0 = try Host("f072")
    #expect(f0.read(0x1FFF_F7AC, 12) == .data(f0.board.uniqueID.bytes))
    let f4 = try Host("f405")
    #expect(f4.setAddress(0x1FFF_7A10) == [10, 1])
    let marked = try Host("u585")
    #expect(marked.read(0x0BF9_9EFE, 1) == .data([0x92]))
  }

  /// Serial numbers of real chips with known unique IDs.
  @Test func serialsFoldTheUniqueID() throws {
    let known: [(SerialRule, ChipID, String)] = [
      (
        .folded, ChipID(0x0058_0027, 0x3331_500B, 0x2033_3153),
        "208B317A3331"
      ),
      (
        .folded, ChipID(0x002D_0030, 0x3334_510B, 0x3231_3533),
        "325E35633334"
      ),
      (
        .foldedTopOfW2, ChipID(0x003B_0041, 0x5033_5706, 0x2033_3333),
        "206E33742033"
      ),
      (
        .folded, try #require(ChipID("2B0007000C50425539393020")),
        "203739645542"
      ),
    ]
    for (rule, id, expected) in known {
      var profile = try #require(BoardProfile.named("f405"))
      profile.usb.serial = rule
      let board = SimulatedBoard(profile, uniqueID: id)
      let raw = try #require(board.descriptor(0x0303, language: 0x409))
      let text = stride(from: 2, to: raw.count, by: 2).map {
        String(UnicodeScalar(raw[$0]))
      }.joined()
      #expect(text == expected)
    }
  }

  /// Whatever a kernel or a broken host sends: no crash, and bounded time.
  @Test(arguments: BoardProfile.all.map(\.name))
  func randomRequestsNeverBringABoardDown(name: String) throws {
    let seed = name.utf8.reduce(7 as UInt64) { $0 &* 31 &+ UInt64($1) }
    var random = Generator(state: seed)
    let host = try Host(name)
    for round in 0..<200 {
      let isClass = random.next() % 4 != 0
      let setup = ControlSetup(
        requestType: isClass
          ? (random.next() % 2 == 0 ? 0x21 : 0xA1)
          : UInt8(truncatingIfNeeded: random.next()),
        request: UInt8(random.next() % 13),
        value: random.next() % 3 == 0
          ? UInt16(truncatingIfNeeded: random.next())
          : UInt16(random.next() % 4),
        index: isClass ? host.interface : UInt16(random.next() % 3))
      let length = [0, 1, 5, 6, 64, 1_024, 4_097][Int(random.next() % 7)]
      let bytes = (0..<length).map { _ in
        [0x21, 0x41, 0x92, 0x00, 0x08, 0xFF][Int(random.next() % 6)] as UInt8
      }
      let answer = host.board.answer(
        setup, setup.isDeviceToHost ? [] : bytes, length: UInt16(length),
        timeout: .seconds(1))
      if case .data(let reply) = answer { #expect(reply.count <= length) }
      if round % 100 == 99 || answer == .gone {
        host.board.powerCycle()
        host.board.clock.sleep(for: .seconds(20))
      }
    }
  }

  struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }
}
