import DFUCore
import DFUSimulator
import Testing

/// Faults, one by one, as the host and the chip see them.
@Suite struct FaultTests {
  static let program: [UInt8] = [1, 2, 3, 4]

  /// What a write of four bytes shows when something happens to a request.
  struct Row: Sendable, CustomTestStringConvertible {
    let effect: Fault.Effect
    let kind: RequestKind
    let transcript: String
    let holds: [UInt8]
    var testDescription: String { "\(effect)" }
  }

  static let rows: [Row] = [
    Row(
      effect: .transferError, kind: .data,
      transcript: """
        DNLOAD block=2 [01 02 03 04] → error
        GETSTATUS → dfuIDLE
        GETSTATUS → dfuIDLE
        """, holds: [255, 255, 255, 255]),
    Row(
      effect: .dropData, kind: .data,
      transcript: """
        DNLOAD block=2 [01 02 03 04]
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """, holds: [255, 255, 255, 255]),
    Row(
      effect: .cut(1), kind: .data,
      transcript: """
        DNLOAD block=2 [01 02 03 04] → timeout
        GETSTATUS → dfuDNBUSY 104 ms
        GETSTATUS → dfuDNLOAD-IDLE
        """, holds: [1, 0, 0, 0]),
    Row(
      effect: .reenumerate, kind: .getStatus,
      transcript: """
        DNLOAD block=2 [01 02 03 04]
        GETSTATUS → gone
        """, holds: [255, 255, 255, 255]),
    Row(
      effect: .garbage, kind: .getStatus, transcript: "",
      holds: [1, 2, 3, 4]),
    Row(
      effect: .status(7), kind: .getStatus,
      transcript: """
        DNLOAD block=2 [01 02 03 04]
        GETSTATUS → dfuERROR errVERIFY
        GETSTATUS → dfuERROR errVERIFY
        """, holds: [255, 255, 255, 255]),
  ]

  @Test(arguments: rows)
  func aFaultDoesWhatItSays(row: Row) throws {
    let host = try Host("f405")
    host.board.faults = FaultPlan([Fault(row.effect, at: 1, of: row.kind)])
    host.out(1, 2, Self.program, timeout: .milliseconds(50))
    _ = host.status()
    _ = host.status()
    if row.effect != .garbage {
      #expect(host.board.log.text == row.transcript)
    }
    #expect(host.board.memory(at: 0x0800_0000, count: 4) == row.holds)
  }

  @Test func aBoardThatReenumeratesIsBackInDFUModeAtAnotherAddress() throws {
    let host = try Host("f405")
    host.board.boot0 = false
    let before = try #require(host.board.address)
    host.board.faults = FaultPlan([Fault(.reenumerate, at: 1)])
    #expect(host.status() == nil)
    #expect(host.board.presence == nil)
    host.board.clock.sleep(for: .seconds(1))
    #expect(host.board.address != before)
    #expect(host.status() == [2, 0])
  }

  @Test func transfersAreCountedAndAnyOfThemFails() throws {
    let whole = try Host("f405")
    whole.board.faults = FaultPlan()
    whole.write(0x0800_0000, Self.program)
    let count = whole.board.faults.count()
    #expect(count == 6)
    for index in 1...count {
      let host = try Host("f405")
      host.board.faults = FaultPlan([Fault(.unplug, at: index)])
      host.write(0x0800_0000, Self.program)
      #expect(host.board.presence == nil, "transfer \(index)")
    }
  }

  @Test func plainDevicesLoseAndCutBlocksToo() throws {
    for (effect, stored) in [
      (.dropData, [5, 6]), (.cut(1), [1, 5, 6]),
    ] as [(Fault.Effect, [UInt8])] {
      let host = try Host("plain11")
      host.board.faults = FaultPlan([Fault(effect, at: 1, of: .download)])
      host.out(1, 0, Self.program, timeout: .milliseconds(50))
      host.finish()
      host.download(1, [5, 6])
      host.finish()
      host.download(2, [])
      host.finish()
      #expect(host.board.stored(alternate: 0) == stored)
    }
  }
}
