import DFUCore
import DFUSimulator
import Testing

/// The state table of DFU 1.1, appendix A, row by row.
@Suite struct PlainTests {
  /// Ways into each state of a device that follows the specification.
  static func enter(_ state: UInt8, _ host: Host) {
    switch state {
    case 3: host.download(0, [1, 2, 3])
    case 4:
      host.download(0, [1, 2, 3])
      _ = host.status()
    case 5:
      host.download(0, [1, 2, 3])
      host.finish()
    case 6, 7:
      enter(5, host)
      host.download(1, [])
      if state == 7 { _ = host.status() }
    case 9: _ = host.upload(0, 4)
    case 10: _ = host.get(2, 0, length: 2_000)
    default: break
    }
  }

  enum Ask: String, CaseIterable {
    case data, zeroLength, upload, getStatus, clear, getState, abort, detach
  }

  /// State after each request: data, zero-length, upload, GETSTATUS,
  /// CLRSTATUS, GETSTATE, ABORT, DETACH. Negative: the request stalls.
  static let table: [(UInt8, [Int])] = [
    (2, [3, -10, 9, 2, -10, 2, 2, -10]),
    (3, [-10, -10, -10, 4, -10, 3, -10, -10]),
    (4, [-10, -10, -10, -10, -10, -10, -10, -10]),
    (5, [3, 6, -10, 5, -10, 5, 2, -10]),
    (6, [-10, -10, -10, 7, -10, 6, -10, -10]),
    (7, [-10, -10, -10, -10, -10, -10, -10, -10]),
    (9, [-10, -10, 9, 9, -10, 9, 2, -10]),
    (10, [-10, -10, -10, 10, 2, 10, -10, -10]),
  ]

  @Test(arguments: table)
  func theDeviceFollowsTheStateTable(row: (UInt8, [Int])) throws {
    for (ask, expected) in zip(Ask.allCases, row.1) {
      let host = try Host("plain11")
      host.board.store([UInt8](repeating: 7, count: 4_096), alternate: 0)
      Self.enter(row.0, host)
      #expect(host.board.dfuState == row.0)
      let answer: ControlAnswer =
        switch ask {
        case .data: host.download(1, [4])
        case .zeroLength: host.download(1, [])
        case .upload: host.upload(row.0 == 9 ? 1 : 0, 4)
        case .getStatus: host.get(3, length: 6)
        case .clear: host.out(4)
        case .getState: host.get(5, length: 1)
        case .abort: host.out(6)
        case .detach: host.out(0)
        }
      #expect(
        (answer == .stall) == (expected < 0), "state \(row.0), \(ask)")
      #expect(
        host.board.dfuState == UInt8(abs(expected)), "state \(row.0), \(ask)")
    }
  }

  @Test func whatWasDownloadedIsUploadedUntilAShortFrame() throws {
    let host = try Host("plain11")
    let image = (0..<2_500).map { UInt8(truncatingIfNeeded: $0 * 3) }
    for block in 0..<3 {
      let chunk = image[block * 1_024..<min(2_500, (block + 1) * 1_024)]
      host.download(UInt16(block), Array(chunk))
      #expect(host.finish() == [5, 0])
    }
    host.download(3, [])
    #expect(host.finish() == [2, 0])
    #expect(host.board.stored(alternate: 0) == image)
    #expect(host.upload(0, 1_024) == .data(Array(image[..<1_024])))
    #expect(host.upload(1, 1_024) == .data(Array(image[1_024..<2_048])))
    #expect(host.upload(2, 1_024) == .data(Array(image[2_048...])))
    #expect(host.status() == [2, 0])
  }

  @Test func tooMuchIsRefused() throws {
    let host = try Host("plain11")
    _ = host.board.answer(
      ControlSetup(requestType: 0x01, request: 11, value: 1, index: 0), [],
      length: 0, timeout: .seconds(1))
    for block in 0..<16 {
      host.download(UInt16(block), [UInt8](repeating: 0, count: 1_024))
      host.finish()
    }
    #expect(host.download(16, [0]) == .stall)
    #expect(host.status() == [10, 8])
  }

  @Test func intolerantDevicesWaitForAReset() throws {
    let host = try Host("plain11") { $0.functional.attributes = 3 }
    host.download(0, [1, 2, 3])
    host.finish()
    host.download(1, [])
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .milliseconds(50))
    #expect(host.board.dfuState == 8)
    host.board.boot0 = false
    host.board.resetPort()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .application)
    #expect(host.board.presence?.descriptor.product == 0xDF01)
  }

  // MARK: - Deviations

  /// A specification-true device with some deviations.
  func host(
    _ quirks: PlainProfile.Quirk..., attributes: UInt8 = 7
  ) throws -> Host {
    try Host("plain11") { profile in
      profile.functional.attributes = attributes
      guard case .plain(var plain) = profile.machine else { return }
      plain.quirks = Set(quirks)
      profile.machine = .plain(plain)
    }
  }

  static let image = (0..<1_500).map { UInt8(truncatingIfNeeded: $0 &* 5) }

  /// Names, and how a download to it ends.
  @Test(arguments: [
    "plain11", "freerunner", "simtrace", "lpclink", "tdk", "maple",
    "maple-old", "dapboot", "tinyusb", "xmos", "zephyr", "uboot", "tiva",
    "zephyr-2020", "esp32s2", "usbx", "mp15", "mp25", "n6", "usb-dac",
  ])
  func everyPlainDeviceStoresADownload(name: String) throws {
    let host = try Host(name)
    let size = Int(host.board.profile.functional.transferSize)
    var block: UInt16 = 0
    var rest = Self.image[...]
    while !rest.isEmpty {
      #expect(host.download(block, Array(rest.prefix(size))) == .data([]))
      rest = rest.dropFirst(size)
      block += 1
      // As a careful host: no GETSTATUS more than needed.
      for _ in 0..<2_000 {
        let state = host.status()?.first
        if state == 5 { break }
        host.board.clock.sleep(for: .milliseconds(40))
      }
    }
    host.download(block, [])
    for _ in 0..<20 {
      guard let state = host.status()?.first else { break }
      if state == 2 || state == 8 { break }
      host.board.clock.sleep(for: .milliseconds(40))
    }
    let isStored = host.board.stored(alternate: 0) == Self.image
    #expect(isStored)
    let left = host.board.presence == nil
    #expect(left == (name == "dapboot"))
  }

  @Test func mapleStartsOverAfterASurplusGetStatus() throws {
    let host = try Host("maple")
    host.download(0, [1, 2, 3])
    host.finish()
    #expect(host.status() == [2, 0])
    host.download(1, [4, 5, 6])
    host.finish()
    host.download(2, [])
    _ = host.status()
    #expect(host.board.stored(alternate: 0) == [4, 5, 6])
  }

  @Test func tinyUSBIsLenient() throws {
    let host = try Host("tinyusb")
    _ = host.upload(0, 64)
    #expect(host.board.dfuState == 2)
    host.download(0, [1])
    #expect(host.download(1, [2]) == .stall)
    #expect(host.board.dfuState == 3)
    #expect(host.status() == [4, 0])
    #expect(host.status() == [4, 0])
    host.board.clock.sleep(for: .milliseconds(2))
    #expect(host.status() == [5, 0])
    _ = host.board.answer(
      ControlSetup(requestType: 0x01, request: 11, value: 1, index: 0), [],
      length: 0, timeout: .seconds(1))
    #expect(host.board.dfuState == 2)
    #expect(host.download(0, []) == .data([]))
  }

  @Test func dapbootAcknowledgesNonsenseAndResetsEarly() throws {
    let host = try Host("dapboot")
    host.download(0, [1])
    #expect(host.download(1, [2]) == .data([]))
    #expect(host.board.dfuState == 3)
    host.finish()
    host.download(1, [])
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .milliseconds(25))
    #expect(host.get(3, length: 6) == .gone)
  }

  @Test func xmosBlocksInGetStatusAndPadsUploads() throws {
    let host = try Host("xmos")
    host.download(0, [1, 2, 3])
    let start = host.board.clock.now()
    #expect(host.status() == [5, 0])
    #expect(host.board.clock.now() - start > .milliseconds(4))
    host.abort()
    host.clear()
    #expect(host.status() == [10, 14])
    host.clear()
    host.board.store([1, 2, 3], alternate: 0)
    #expect(host.upload(0, 64) == .data([1, 2, 3].padded(to: 64)))
    #expect(host.upload(1, 64) == .data([]))
    #expect(host.board.presence?.descriptor.serialString == 0)
  }

  @Test func zephyrSkipsSyncAndWantsItsBlocksInOrder() throws {
    let host = try Host("zephyr")
    host.download(0, [1])
    #expect(host.board.dfuState == 4)
    host.board.clock.sleep(for: .milliseconds(9))
    #expect(host.status() == [5, 0])
    host.abort()
    host.board.store(Self.image, alternate: 0)
    _ = host.upload(0, 64)
    #expect(host.upload(2, 64) == .stall)
    let dropping = try self.host(.dropsLastChunk, .staysInUpload)
    dropping.board.store([1, 2, 3], alternate: 0)
    #expect(dropping.upload(0, 64) == .data([]))
    #expect(dropping.board.dfuState == 9)
  }

  @Test func uBootIsNeverBusyAndLeavesOnDetach() throws {
    let host = try Host("uboot")
    host.download(0, [1])
    #expect(host.status() == [5, 0])
    #expect(host.download(7, [1]) == .stall)
    host.clear()
    #expect(host.out(0, 1_000) == .data([]))
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .application)
  }

  @Test func tivaPutsAPrefixBeforeUploadsAndStartsOver() throws {
    let host = try Host("tiva")
    #expect(host.download(0, []) == .data([]))
    #expect(host.status() == [10, 9])
    host.clear()
    host.board.store([UInt8](repeating: 9, count: 1_016), alternate: 0)
    let first = host.upload(0, 1_024)
    #expect(
      first
        == .data(
          [1, 0, 0, 0, 0xF8, 3, 0, 0] + [UInt8](repeating: 9, count: 1_016)))
    #expect(host.upload(1, 1_024) == first)
    host.abort()
    host.download(0, [1])
    #expect(host.status() == [3, 0])
  }

  @Test func openMokosPollTimesMeanNothing() throws {
    let host = try Host("freerunner")
    host.download(0, [1])
    #expect(
      host.get(3, length: 6) == .data([0, 0x50, 0xC3, 0, 4, 0]))
    host.board.clock.sleep(for: .milliseconds(5))
    #expect(host.status() == [5, 0])
  }

  @Test func aStuckDeviceStaysBusyForEver() throws {
    let host = try host(.neverFinishes)
    host.download(0, [1])
    for _ in 0..<50 {
      #expect(host.status() == [4, 0])
      host.board.clock.sleep(for: .seconds(10))
    }
  }

  @Test func someResetThemselvesAndSomeFailTheLastStatus() throws {
    let reset = try host(.resetsItself, attributes: 3)
    reset.board.boot0 = false
    Self.enter(5, reset)
    reset.download(1, [])
    #expect(reset.status() == [7, 0])
    reset.board.clock.sleep(for: .seconds(1))
    #expect(reset.board.mode == .application)
    let failing = try host(.statusFailsAfterManifest)
    Self.enter(5, failing)
    failing.download(1, [])
    #expect(failing.status() == nil)
    #expect(failing.board.presence == nil)
    #expect(failing.board.stored(alternate: 0) == [1, 2, 3])
  }

  // MARK: - Run time

  @Test func aDeviceThatDetachesByItselfComesBackInDFUMode() throws {
    var host = try Host("tinyusb", program: true)
    host.interface = 0
    let before = try #require(host.board.presence)
    #expect(before.descriptor.product == 0x400C)
    #expect(host.get(3, length: 6) == .stall)
    #expect(host.out(0, 1_000) == .data([]))
    host.board.clock.sleep(for: .milliseconds(20))
    #expect(host.board.presence == nil)
    host.board.clock.sleep(for: .seconds(1))
    let after = try #require(host.board.presence)
    #expect(after.descriptor.product == 0x400B)
    #expect(after.address != before.address)
  }

  @Test(arguments: ["freerunner", "tdk"])
  func runTimeInterfaceTwoIsFound(name: String) throws {
    var host = try Host(name, program: true)
    let device = try #require(host.board.presence)
    let interfaces = try #require(device.configurations.first).interfaces
    #expect(interfaces.filter(\.isDFU).map(\.number) == [2])
    #expect(interfaces.last?.protocol == (name == "tdk" ? 0 : 1))
    host.interface = 2
    #expect(host.get(5, length: 1) == .data([0]))
    host.out(0, 1_000)
    #expect(host.get(5, length: 1) == .data([1]))
    host.board.clock.sleep(for: .milliseconds(900))
    host.board.resetPort()
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.mode == .dfu)
  }

  @Test func anLPCLinkIsAnotherDeviceAfterwards() throws {
    let host = try Host("lpclink")
    Self.enter(5, host)
    host.download(1, [])
    host.board.clock.sleep(for: .milliseconds(1))
    #expect(host.status() == [7, 0])
    host.board.clock.sleep(for: .milliseconds(50))
    #expect(host.status() == [8, 0])
    host.board.resetPort()
    host.board.clock.sleep(for: .seconds(1))
    let device = try #require(host.board.presence)
    #expect(device.descriptor.vendor == 0x1FC9)
    let interfaces = try #require(device.configurations.first).interfaces
    #expect(interfaces.allSatisfy { !$0.isDFU })
  }

  @Test func aStrangerLetsItselfBeDetached() throws {
    for name in ["usb-dac", "bluetooth"] {
      var host = try Host(name, program: true)
      let device = try #require(host.board.presence)
      let interfaces = try #require(device.configurations.first).interfaces
      #expect(interfaces.filter(\.isDFU).map(\.number) == [3])
      host.interface = 3
      #expect(host.out(0, 1_000) == .data([]))
      host.board.clock.sleep(for: .seconds(1))
      #expect(host.board.mode == .dfu)
    }
  }

  @Test func usbxWorksInsideTheDownload() throws {
    let host = try Host("usbx")
    let start = host.board.clock.now()
    #expect(host.download(0, [1]) == .data([]))
    #expect(host.board.clock.now() - start > .milliseconds(30))
    #expect(host.status() == [5, 0])
    host.abort()
    #expect(host.out(4) == .stall)
    #expect(host.status() == [10, 15])
  }

  @Test func anSTM32MPGoesFromStageToStage() throws {
    let host = try Host("mp25")
    var seen: [String] = []
    for stage in 0..<3 {
      let device = try #require(host.board.presence)
      let names = try #require(device.configurations.first).interfaces.map {
        string(host, $0.nameString)
      }
      seen.append(try #require(names.first))
      host.download(0, [UInt8(stage)])
      host.finish()
      host.download(1, [])
      #expect(host.finish() == [2, 0])
      #expect(host.out(0, 1_000) == .data([]))
      host.board.clock.sleep(for: .seconds(1))
    }
    #expect(
      seen == [
        "@FSBL /0x01/1*1Me", "@Partition2 /0x02/1*16Me",
        "@Partition3 /0x03/1*16Me",
      ])
    #expect(host.board.mode == .application)
    #expect(
      [0, 2, 4].map { host.board.stored(alternate: $0) } == [[0], [1], [2]])
  }

  private func string(_ host: Host, _ index: UInt8) -> String {
    let raw =
      host.board.descriptor(0x0300 | UInt16(index), language: 0x409) ?? []
    return String(
      decoding: stride(from: 2, to: raw.count, by: 2).map { raw[$0] },
      as: UTF8.self)
  }

  @Test func unrelatedDevicesNeverShowADFUMode() throws {
    for name in ["stlink", "camera", "apple-bluetooth"] {
      let host = try Host(name)
      #expect(host.board.mode == .application)
      host.board.boot0 = true
      host.board.pressReset()
      host.board.clock.sleep(for: .seconds(1))
      #expect(host.board.mode == .application)
    }
  }
}

extension [UInt8] {
  fileprivate func padded(to count: Int) -> [UInt8] {
    self + [UInt8](repeating: 0xFF, count: count - self.count)
  }
}
