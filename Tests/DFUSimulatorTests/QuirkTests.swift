import DFUCore
import DFUSimulator
import Testing

/// Each deviation of a boot loader, as the host sees it: what is said, what
/// the transcript shows, and what the chip holds afterwards.
struct QuirkStory: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var board = "f405"
  var change: @Sendable (inout ChipProfile) -> Void = { _ in }
  let act: @Sendable (Host) -> Void
  let transcript: String
  var spends: Range<Duration> = .zero..<Duration.seconds(3_600)
  var leaves: @Sendable (SimulatedBoard) -> Bool = { _ in true }

  /// A story of the quirks alone.
  init(
    _ name: String, on board: String = "f405",
    _ change: @escaping @Sendable (inout ChipQuirks) -> Void = { _ in },
    chip: @escaping @Sendable (inout ChipProfile) -> Void = { _ in },
    spends: Range<Duration> = .zero..<Duration.seconds(3_600),
    act: @escaping @Sendable (Host) -> Void, says transcript: String,
    leaves: @escaping @Sendable (SimulatedBoard) -> Bool = { _ in true }
  ) {
    testDescription = name
    self.board = board
    self.change = { profile in
      change(&profile.quirks)
      chip(&profile)
    }
    self.spends = spends
    self.act = act
    self.transcript = transcript
    self.leaves = leaves
  }
}

private let start: UInt32 = 0x0800_0000
private let erase: [UInt8] = [0x41, 0, 0, 0, 8]
private let blank = [UInt8](repeating: 0xFF, count: 4)

extension SimulatedBoard {
  /// The first bytes at an address.
  fileprivate func bytes(_ address: UInt32, _ count: Int = 4) -> [UInt8] {
    memory(at: address, count: count) ?? []
  }

  fileprivate func isBlank(_ address: UInt32) -> Bool {
    bytes(address).allSatisfy { $0 == 0xFF }
  }

  fileprivate func fillFlash() {
    fill([UInt8](repeating: 0, count: flash.count), at: start)
  }
}

extension Host {
  /// GETSTATUS so many times.
  fileprivate func ask(_ times: Int) { for _ in 0..<times { _ = status() } }

  fileprivate func wait(_ milliseconds: Int) {
    board.clock.sleep(for: .milliseconds(milliseconds))
  }
}

@Suite struct QuirkTests {
  @Test(
    arguments: work + cutDownloads + erasing + addresses + errors + busy
      + leaving + optionBytes)
  func theHostSees(story: QuirkStory) throws {
    let host = try Host(story.board, change: Host.quirk(story.change))
    let before = host.board.clock.now()
    story.act(host)
    #expect(host.board.log.text == story.transcript)
    #expect(story.spends.contains(host.board.clock.now() - before))
    #expect(story.leaves(host.board))
  }

  // MARK: - When the work is done

  static let work: [QuirkStory] = [
    QuirkStory(
      "mboot: the first GETSTATUS takes as long as the erase",
      { $0.work = .beforeAnswer },
      spends: .milliseconds(400)..<(.milliseconds(410)),
      act: { host in
        host.download(0, erase)
        host.ask(1)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → dfuDNLOAD-IDLE
        """),
    QuirkStory(
      "ST's class: the same, then dfuDNBUSY with time 0",
      { $0.work = .beforeBusy },
      spends: .milliseconds(400)..<(.milliseconds(410)),
      act: { host in
        host.download(0, erase)
        host.ask(2)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → dfuDNBUSY
        GETSTATUS → dfuDNLOAD-IDLE
        """),
    QuirkStory(
      "ST's class: the work in the status stage, with the poll time",
      { $0.work = .inStatusStage },
      spends: .milliseconds(400)..<(.milliseconds(410)),
      act: { host in
        host.download(0, erase)
        host.ask(2)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """),
    QuirkStory(
      "a GETSTATUS that timed out has started the work all the same",
      { $0.work = .beforeAnswer },
      act: { host in
        host.download(0, erase)
        _ = host.get(3, length: 6, timeout: .milliseconds(100))
        host.ask(1)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → timeout
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: { $0.erasures == [start: 1] }),
  ]

  // MARK: - A DNLOAD that was cut

  private static func cut(
    _ name: String, _ rule: ChipQuirks.CutDownload,
    then act: @escaping @Sendable (Host) -> Void, says rest: String,
    holds bytes: [UInt8]
  ) -> QuirkStory {
    QuirkStory(
      name, { $0.cutDownload = rule },
      act: { host in
        host.download(2, [1, 2, 3, 4])
        host.ask(2)
        host.board.faults = FaultPlan([Fault(.cut(2), at: 1, of: .data)])
        host.out(1, 3, [5, 6, 7, 8], timeout: .milliseconds(50))
        act(host)
      },
      says: """
        DNLOAD block=2 [01 02 03 04]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        DNLOAD block=3 [05 06 07 08] → timeout

        """ + rest,
      leaves: { $0.bytes(start + 2_048) == bytes })
  }

  static let cutDownloads: [QuirkStory] = [
    cut(
      "a cut DNLOAD counts, with the old bytes behind the new",
      .keepsStaleBytes,
      then: { $0.ask(2) },
      says: """
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """, holds: [5, 6, 3, 4]),
    cut(
      "or with what arrived", .keepsFragment, then: { $0.ask(2) },
      says: """
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """, holds: [5, 6, 0xFF, 0xFF]),
    cut(
      "or not at all", .isDropped, then: { $0.ask(1) },
      says: "GETSTATUS → dfuDNLOAD-IDLE", holds: blank),
    cut(
      "GETSTATE does not start it, ABORT drops it", .keepsStaleBytes,
      then: { host in
        _ = host.get(5, length: 1)
        host.abort()
        host.ask(1)
      },
      says: """
        GETSTATE → dfuDNLOAD-SYNC
        ABORT
        GETSTATUS → dfuIDLE
        """, holds: blank),
  ]

  // MARK: - Erasing

  static let erasing: [QuirkStory] = [
    QuirkStory(
      "446E-EVAL: from the named sector to the end", { $0.erasesToEnd = true },
      act: { host in
        host.board.fillFlash()
        host.erase(start + 0x4000)
      },
      says: """
        DNLOAD block=0 [41 00 40 00 08]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: {
        $0.bytes(start) == [0, 0, 0, 0] && $0.isBlank(start + 0xF_FFF0)
      }
    ),
    QuirkStory(
      "ST's class: 0x41 alone does nothing, and says OK",
      { $0.ignoresMassErase = true },
      act: { host in
        host.board.fillFlash()
        host.download(0, [0x41])
        host.ask(2)
      },
      says: """
        DNLOAD block=0 [41]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: { $0.erasures.isEmpty }),
    QuirkStory(
      "mboot: a mass erase leaves the SPI flash",
      chip: {
        $0.memories.append(
          MemoryProfile(.flash, 0x9000_0000, [SectorGroup(4, 4_096)]))
      },
      act: { host in
        host.board.fillFlash()
        host.board.fill([1, 2, 3, 4], at: 0x9000_1000)
        host.download(0, [0x41])
        host.finish()
      },
      says: """
        DNLOAD block=0 [41]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: {
        $0.isBlank(start) && $0.bytes(0x9000_1000) == [1, 2, 3, 4]
      }),
    QuirkStory(
      "a second flash has sectors of its own",
      chip: {
        $0.memories.append(
          MemoryProfile(.flash, 0x9000_0000, [SectorGroup(4, 4_096)]))
      },
      act: { host in
        host.board.fill([1, 2, 3, 4], at: 0x9000_0000)
        host.board.fill([1, 2, 3, 4], at: 0x9000_1000)
        host.erase(0x9000_1FFF)
      },
      says: """
        DNLOAD block=0 [41 FF 1F 00 90]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: {
        $0.isBlank(0x9000_1000) && $0.bytes(0x9000_0000) == [1, 2, 3, 4]
      }),
    QuirkStory(
      "G0B1: a second erase in bank 2 within 40 ms is lost", on: "g474",
      { $0.falselyDoneFrom = start + 0x4_0000 },
      act: { host in
        host.board.fillFlash()
        for sector in UInt32(0)..<2 {
          host.download(0, [0x41] + (start + 0x4_0000 + sector * 2_048).bytes)
          host.ask(2)
        }
        host.wait(40)
        host.erase(start + 0x4_1000)
      },
      says: (["00 00 04", "00 08 04", "00 10 04"])
        .map {
          """
          DNLOAD block=0 [41 \($0) 08]
          GETSTATUS → dfuDNBUSY 25 ms
          GETSTATUS → dfuDNLOAD-IDLE
          """
        }.joined(separator: "\n"),
      leaves: {
        $0.isBlank(start + 0x4_0000) && !$0.isBlank(start + 0x4_0800)
          && $0.isBlank(start + 0x4_1000)
      }),
  ]

  // MARK: - Addresses and blocks

  static let addresses: [QuirkStory] = [
    QuirkStory(
      "Black Magic: nothing below 0x08002000",
      { $0.lowestAddress = 0x0800_2000 },
      act: { host in
        host.setAddress(start)
        host.clear()
        _ = host.upload(2, 64)
        host.clear()
        host.setAddress(0x0800_2000)
      },
      says: """
        DNLOAD block=0 [21 00 00 00 08]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuERROR errTARGET
        CLRSTATUS
        UPLOAD block=2 64 → stall
        CLRSTATUS
        DNLOAD block=0 [21 00 20 00 08]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """),
    QuirkStory(
      "a loader that does not count blocks",
      { $0.blockNumbers = .ignoredInDownloads },
      act: { host in
        host.download(2, [1, 1, 1, 1])
        host.finish()
        host.download(3, [0, 1, 0, 1])
        host.finish()
      },
      says: """
        DNLOAD block=2 [01 01 01 01]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        DNLOAD block=3 [00 01 00 01]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: {
        $0.bytes(start) == [0, 1, 0, 1] && $0.isBlank(start + 2_048)
      }),
    QuirkStory(
      "mboot: UPLOAD counts in the length that is asked for",
      { $0.uploadsByRequestedLength = true },
      act: { host in
        host.board.fill([1, 2, 3, 4, 5, 6, 7, 8], at: start)
        _ = host.upload(3, 4)
        host.abort()
      },
      says: """
        UPLOAD block=3 4 → 4 bytes
        ABORT
        """),
    QuirkStory(
      "ST's class: any address is taken, and reading it is a HardFault",
      { $0.crashesOutsideMemories = true },
      act: { host in
        host.setAddress(0x1FF0_67FE)
        host.abort()
        _ = host.upload(2, 1)
      },
      says: """
        DNLOAD block=0 [21 FE 67 F0 1F]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        ABORT
        UPLOAD block=2 1 → gone
        """,
      leaves: { $0.presence == nil && $0.mode == .crashed }),
    QuirkStory(
      "reading a torn word is a fault, and an erase repairs it", on: "l432",
      act: { host in
        host.board.tearWord(at: start + 0x808)
        _ = host.upload(2, 1_024)
        host.abort()
        host.setAddress(start + 0x800)
        host.erase(start + 0x800)
        host.abort()
        _ = host.upload(2, 64)
        host.abort()
        host.board.tearWord(at: start + 0x808)
        _ = host.upload(2, 16)
      },
      says: """
        UPLOAD block=2 1024 → 1024 bytes
        ABORT
        DNLOAD block=0 [21 00 08 00 08]
        GETSTATUS → dfuDNBUSY 1 ms
        GETSTATUS → dfuDNLOAD-IDLE
        DNLOAD block=0 [41 00 08 00 08]
        GETSTATUS → dfuDNBUSY 21 ms
        GETSTATUS → stall
        GETSTATUS → dfuDNLOAD-IDLE
        ABORT
        UPLOAD block=2 64 → 64 bytes
        ABORT
        UPLOAD block=2 16 → gone
        """,
      leaves: { $0.presence == nil }),
  ]

  // MARK: - Errors and states

  static let errors: [QuirkStory] = [
    QuirkStory(
      "ST's class: every failed write is errVENDOR",
      { $0.failureStatus = 11 },
      act: { host in
        host.erase(0x4000_0000)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 40]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuERROR errVENDOR
        """),
    QuirkStory(
      "mboot: dfuERROR with OK, and its own sectors are refused",
      {
        $0.failureStatus = 0
        $0.readOnlyBelow = 0x0800_4000
      },
      act: { host in
        host.erase(start)
        host.clear()
        host.board.fillFlash()
        host.download(0, [0x41])
        host.finish()
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuERROR
        CLRSTATUS
        DNLOAD block=0 [41]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: { !$0.isBlank(start) && $0.isBlank(0x0800_4000) }),
    QuirkStory(
      "ST's class: an unknown command hangs until CLRSTATUS twice",
      { $0.unknownCommandHangs = true },
      act: { host in
        host.download(0, [0x77])
        host.ask(1)
        host.wait(60_000)
        host.ask(1)
        host.clear()
        host.clear()
        host.ask(1)
      },
      says: """
        DNLOAD block=0 [77]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNBUSY 100 ms
        CLRSTATUS
        CLRSTATUS
        GETSTATUS → dfuIDLE
        """),
    QuirkStory(
      "ST's class: UPLOAD of block 1 gives state 15",
      { $0.blockOneGivesState15 = true },
      act: { host in
        _ = host.upload(1, 64)
        host.ask(1)
        host.abort()
        host.clear()
        host.clear()
        host.ask(1)
      },
      says: """
        UPLOAD block=1 64 → stall
        GETSTATUS → state 15
        ABORT
        CLRSTATUS
        CLRSTATUS
        GETSTATUS → dfuIDLE
        """),
    QuirkStory(
      "USBX: CLRSTATUS outside dfuERROR stalls and enters it",
      { $0.clearStatus = .stallsAndEntersError },
      act: { host in
        host.clear()
        host.ask(1)
        host.clear()
        host.ask(1)
      },
      says: """
        CLRSTATUS → stall
        GETSTATUS → dfuERROR errSTALLEDPKT
        CLRSTATUS
        GETSTATUS → dfuIDLE
        """),
    QuirkStory(
      "ST's class: read unprotect does nothing",
      { $0.unprotect = .ignored },
      act: { host in
        host.board.setProtection(level: 1)
        host.download(0, [0x92])
        host.ask(2)
      },
      says: """
        DNLOAD block=0 [92]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """,
      leaves: { $0.protectionLevel == 1 && $0.erasures.isEmpty }),
    QuirkStory(
      "AT32: read unprotect without a reset",
      { $0.unprotect = .staysOnTheBus },
      act: { host in
        host.board.setProtection(level: 1)
        host.board.fillFlash()
        host.download(0, [0x92])
        host.ask(2)
        host.abort()
        _ = host.upload(2, 64)
      },
      says: """
        DNLOAD block=0 [92]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → dfuDNLOAD-IDLE
        ABORT
        UPLOAD block=2 64 → 64 bytes
        """,
      leaves: { $0.protectionLevel == 0 && $0.isBlank(start) }),
  ]

  // MARK: - Busy

  private static func asked(
    _ early: DFUSimulator.EarlyPoll, _ line: String, _ state: String
  ) -> QuirkStory {
    QuirkStory(
      "asked while busy: \(early)", chip: { $0.earlyPoll = early },
      act: { host in
        host.download(0, erase)
        host.ask(1)
        _ = host.get(3, length: 6, timeout: .milliseconds(50))
        _ = host.get(5, length: 1, timeout: .milliseconds(50))
        host.wait(400)
        host.ask(1)
      },
      says: """
        DNLOAD block=0 [41 00 00 00 08]
        GETSTATUS → dfuDNBUSY 100 ms
        GETSTATUS → \(line)
        GETSTATE → \(state)
        GETSTATUS → dfuDNLOAD-IDLE
        """)
  }

  static let busy: [QuirkStory] = [
    asked(.nak, "timeout", "timeout"), asked(.stall, "stall", "stall"),
    asked(.busy, "dfuDNBUSY 100 ms", "dfuDNBUSY"),
    asked(.noHandshake, "error", "error"),
  ]

  // MARK: - Leaving

  static let leaving: [QuirkStory] = [
    QuirkStory(
      "mute, and still listed with its address", { $0.leave = .mute },
      act: { host in
        host.download(2, [])
        host.ask(1)
        host.wait(2)
        _ = host.get(3, length: 6, timeout: .milliseconds(100))
        _ = host.board.answer(
          ControlSetup(requestType: 0x80, request: 6, value: 0x100, index: 0),
          [], length: 18, timeout: .milliseconds(100))
      },
      says: """
        DNLOAD block=2 []
        GETSTATUS → dfuMANIFEST 1 ms
        GETSTATUS → timeout
        """,
      leaves: { $0.isMute && $0.address == 2 && $0.presence != nil }),
    QuirkStory(
      "GD32: gone before it has answered", { $0.leave = .unanswered },
      act: { $0.download(2, []) },
      says: "DNLOAD block=2 [] → gone", leaves: { $0.presence == nil }),
  ]

  // MARK: - Option bytes

  private static func options(
    _ outcome: ChipQuirks.OptionWrite, _ line: String, back: Bool,
    level: Int, user: UInt8
  ) -> QuirkStory {
    QuirkStory(
      "option bytes: \(outcome)", on: "l432", { $0.optionWrite = outcome },
      act: { host in
        var bytes = host.board.bytes(0x1FFF_7800, 40)
        bytes[0] = 0xBB
        host.setAddress(0x1FFF_7800)
        host.download(2, bytes)
        host.ask(1)
        host.wait(100)
        host.ask(1)
        host.wait(5_000)
      },
      says: """
        DNLOAD block=0 [21 00 78 FF 1F]
        GETSTATUS → dfuDNBUSY 1 ms
        GETSTATUS → dfuDNLOAD-IDLE
        DNLOAD block=2 40 bytes
        GETSTATUS → dfuDNBUSY 22 ms
        """ + (line.isEmpty ? "" : "\nGETSTATUS → \(line)"),
      leaves: {
        ($0.presence != nil) == back && $0.protectionLevel == level
          && $0.bytes(0x1FFF_7802, 1) == [user]
      })
  }

  static let optionBytes: [QuirkStory] = [
    options(.resets, "", back: true, level: 1, user: 0xEF),
    options(.dropped, "dfuDNLOAD-IDLE", back: true, level: 0, user: 0xEF),
    options(.refused, "dfuERROR errWRITE", back: true, level: 0, user: 0xEF),
    options(.stallsStatus, "stall", back: true, level: 0, user: 0xEF),
    options(.neverReturns, "", back: false, level: 0, user: 0xEF),
    options(.changesMore, "", back: true, level: 1, user: 0xEB),
  ]
}

/// What is no single transcript.
@Suite struct LoaderTests {
  @Test func aLoaderWithoutUploadStallsIt() throws {
    let host = try Host("f405") { $0.functional.attributes = 0x09 }
    #expect(host.upload(2, 64) == .stall)
    #expect(host.status() == [2, 0])
    #expect(host.write(0x0800_0000, [1, 2, 3, 4]) == [5, 0])
  }

  @Test func theErrorMessageIsAString() throws {
    let host = try Host(
      "f405", change: Host.quirk { $0.quirks.errorMessage = "Can't overwrite" })
    host.erase(0x4000_0000)
    guard case .data(let reply) = host.get(3, length: 6) else {
      Issue.record("no status")
      return
    }
    #expect(reply[4] == 10 && reply[5] == 8)
    #expect(
      host.board.descriptor(0x0308, language: 0x409)
        == [32, 3] + "Can't overwrite".utf16.flatMap { [UInt8($0), 0] })
  }

  @Test func aStringMayBeEightBitOrStallOnce() throws {
    let host = try Host("f405") {
      $0.usb.serial = .eightBit("3CBJ")
      $0.stringsStallOnce = true
    }
    let setup = ControlSetup(
      requestType: 0x80, request: 6, value: 0x0303, index: 0x409)
    func ask() -> ControlAnswer {
      host.board.answer(setup, [], length: 255, timeout: .seconds(1))
    }
    #expect(ask() == .stall)
    #expect(ask() == .data([0x06, 0x03, 0x33, 0x43, 0x42, 0x4A]))
  }

  @Test func aDescriptorMayNeverBeAnswered() throws {
    let host = try Host("f405") { $0.functional.isSilentOnRequest = true }
    let start = host.board.clock.now()
    for (type, expected) in [(0x2100, true), (0x0100, false)]
      as [(UInt16, Bool)]
    {
      let answer = host.board.answer(
        ControlSetup(requestType: 0x80, request: 6, value: type, index: 0),
        [], length: 18, timeout: .seconds(2))
      #expect((answer == .timeout) == expected)
    }
    #expect(host.board.clock.now() - start >= .seconds(2))
    #expect(host.status() == [2, 0])
  }

  @Test(arguments: [2, 3, 4, 5, 6, 7, 9, 10, 15] as [UInt8])
  func aDeviceIsLeftInAnyState(state: UInt8) throws {
    let host = try Host(
      "f405", change: Host.quirk { $0.quirks.startState = state })
    #expect(host.board.dfuState == state)
    #expect(host.get(5, length: 1) == .data([state]))
    let other = try Host("plain11")
    other.board.enter(state: state, status: 3)
    #expect(other.board.dfuState == state)
  }

  @Test func aPowerCutMayTearAWord() throws {
    let host = try Host(
      "l432", change: Host.quirk { $0.quirks.powerCutTearsWords = true })
    host.download(2, [UInt8](repeating: 0x55, count: 2_048))
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(5))
    host.board.powerCycle()
    host.board.clock.sleep(for: .seconds(3))
    #expect(host.upload(2, 2_048) == .gone)
  }

  // MARK: - Plain DFU

  private func plain(
    _ quirks: PlainProfile.Quirk..., erase: Duration = .zero,
    poll: UInt32 = 10
  ) throws -> Host {
    try Host("plain11") { profile in
      guard case .plain(var plain) = profile.machine else { return }
      plain.quirks = Set(quirks)
      plain.eraseTime = erase
      plain.targets[0].poll = poll
      profile.machine = .plain(plain)
    }
  }

  @Test func zephyrErasesItsSlotForFortySeconds() throws {
    let host = try plain(
      .skipsSync, .answersStatusWhenBusy, erase: .seconds(40), poll: 256)
    let start = host.board.clock.now()
    host.download(0, [1])
    #expect(host.get(3, length: 6) == .data([0, 0, 1, 0, 4, 0]))
    #expect(host.finish() == [5, 0])
    let spent = host.board.clock.now() - start
    #expect(spent > .seconds(40) && spent < .seconds(41))
    host.download(1, [1])
    #expect(host.finish() == [5, 0])
    #expect(host.board.clock.now() - start < .seconds(42))
  }

  @Test func oneRequestMayTakeTwentySeconds() throws {
    let host = try plain(.blocksInStatus, erase: .seconds(20))
    host.download(0, [1])
    #expect(host.get(3, length: 6, timeout: .seconds(5)) == .timeout)
    #expect(host.status() == [5, 0])
  }

  @Test func aTolerantDeviceVanishesAtTheLastStatus() throws {
    let host = try plain(.vanishesAtLastStatus)
    #expect(host.board.profile.functional.attributes & 4 != 0)
    host.download(0, [1])
    host.finish()
    host.download(1, [])
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.get(3, length: 6) == .gone)
    host.board.clock.sleep(for: .seconds(10))
    #expect(host.board.presence == nil)
    #expect(host.board.stored(alternate: 0) == [])
  }
}
