import DFUCore
import DFUSimulator
import Foundation
import Testing

@testable import FlashOne

/// The example of the documentation: it works, and it is what is shown there.
@Suite struct FlashOneTests {
  private func bus(_ kinds: [String]) throws -> (SimulatedBus, [SimulatedBoard])
  {
    let boards = try kinds.enumerated().map { index, kind in
      let board = SimulatedBoard(
        try #require(BoardProfile.named(kind)),
        ports: [UInt8(index + 1)])
      board.boot0 = true
      board.plug()
      board.clock.sleep(for: .seconds(2))
      return board
    }
    let bus = SimulatedBus(boards)
    bus.clock.sleep(for: .seconds(2))
    return (bus, boards)
  }

  @Test(arguments: ["f405", "l412", "g474", "f072", "h743"])
  func itFlashesOneBoard(_ kind: String) throws {
    let (bus, boards) = try bus([kind])
    let firmware: [UInt8] =
      [0, 0x10, 0, 0x20, 0xC1, 1, 0, 8] + (0..<5000).map { UInt8($0 % 251) }
    let phases = Phases()
    let path = try flashOne(firmware, on: bus) {
      if case .progress(.finished(let phase)) = $0 { phases.list.append(phase) }
    }
    #expect(path == "1-1")
    #expect(phases.list.last == .verify)
    #expect(
      boards[0].memory(at: 0x0800_0000, count: firmware.count) == firmware)
  }

  private final class Phases {
    var list: [FlashPhase] = []
  }

  /// The story: this function, given a file with readout protection level 2,
  /// or with bytes for one-time programmable memory, wrote both.
  @Test(
    arguments: [
      (0x1FFF_7800, [0xCC, 0xF8, 0xEF, 0xFF, 0x33, 0x07, 0x10, 0x00], 0),
      (0x1FFF_7800, [0xCC, 0xF8, 0xEF, 0xFF, 0x33, 0x07, 0x10, 0x00], 1),
      (0x1FFF_7000, [1, 2, 3, 4, 5, 6, 7, 8], 0),
      (0x1FFF_7000, [1, 2, 3, 4, 5, 6, 7, 8], 2),
    ] as [(UInt32, [UInt8], UInt8)])
  func itDoesNothingThatCannotBeUndone(
    address: UInt32, bytes: [UInt8], alternate: UInt8
  ) throws {
    let (bus, boards) = try bus(["l412"])
    let file = try FirmwareFile.dfuse(
      [
        FirmwareTarget(
          alternate: alternate, name: nil,
          image: try FirmwareImage(bytes, at: address))
      ], suffix: DFUSuffix(vendor: 0x0483, product: 0xDF11))
    let before = boards[0].memory(at: address, count: 8)
    #expect(throws: JobError.self) {
      try flashOne(file, on: bus) { _ in }
    }
    #expect(boards[0].protectionLevel == 0)
    #expect(boards[0].memory(at: address, count: 8) == before)
  }

  @Test func itTouchesNothingWhenThereAreTwo() throws {
    let (bus, boards) = try bus(["f405", "l412"])
    #expect(throws: JobError.self) {
      try flashOne([1, 2, 3, 4], on: bus) { _ in }
    }
    #expect(
      boards.allSatisfy {
        $0.memory(at: 0x0800_0000, count: 4) == [255, 255, 255, 255]
      })
  }

  @Test func theDocumentationShowsItAsItIs() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent("../..")
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
    let source = try text("Examples/FlashOne/FlashOne.swift")
    let start = try #require(source.range(of: "// docs:begin\n"))
    let end = try #require(source.range(of: "// docs:end"))
    #expect(
      try text("Sources/DFUCore/DFUCore.docc/FlashingABoard.md")
        .contains(source[start.upperBound..<end.lowerBound]))
  }
}
