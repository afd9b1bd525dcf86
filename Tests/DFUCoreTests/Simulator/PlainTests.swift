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
}
