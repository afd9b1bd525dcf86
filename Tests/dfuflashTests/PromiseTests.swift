import DFUCore
import DFUSimulator
import Foundation
import TestSupport
import Testing

/// Exit 0 is a promise, and a failure says what is true: stories of boards and
/// files as they come, by the program.
@Suite struct PromiseTests {
  /// Bytes beside the image that are gone are in a file.
  @Test func lostNeighboursAreSaved() throws {
    let bench = try TestBenchFile([
      ("f072", #""faults": [{"effect": "dropData", "nth": 1, "of": "data"}]"#)
    ])
    let neighbour = program(500, seed: 7)
    try bench.board {
      $0.fill(program(2048, seed: 5), at: 0x0800_0000)
      $0.fill(neighbour, at: 0x0800_0400)
    }
    let file = try bench.folder.file("fw.bin", program(1000))
    let run = try Program.run(
      ["flash", file], bench: bench, in: bench.folder.root)
    #expect(run.status == 74, "\(run.errors)")
    #expect(
      (run.text + run.errors).contains("were erased and not written back"))
    let saved = try #require(
      try FileManager.default.contentsOfDirectory(atPath: bench.folder.root)
        .first { $0.hasPrefix("dfuflash-lost-1-1-") })
    #expect((run.text + run.errors).contains(saved), "\(run.text)")
    let lost = try FirmwareFile(
      reading: try Folder.bytes(bench.folder.path(saved)))
    #expect(
      try lost.image().bytes(in: 0x0800_0400..<0x0800_0400 + 500)
        == neighbour)
  }

  /// A device that vanishes before it has confirmed has not confirmed.
  @Test func aDeviceThatVanishesAtItsLastAnswerIsNotSaidToBeFlashed() throws {
    let bench = try TestBenchFile([
      ("plain11", #""quirks": {"plain": ["vanishesAtLastStatus"]}"#)
    ])
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(["-a", "0", "-D", file], bench: bench)
    #expect(run.status == 74, "\(run.text) \(run.errors)")
    #expect(run.errors.contains("before it confirmed"))
  }

  /// What is no DFU device is never offered as the one to choose.
  @Test(arguments: ["camera", "apple-bluetooth", "stlink"])
  func bystandersAreNotOffered(kind: String) throws {
    let bench = try TestBenchFile(kind)
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(["flash", file], bench: bench)
    #expect(run.status == 74)
    let hint = try #require(run.errors.firstMatch(of: /hint: .*/)).output
    #expect(!hint.contains("-p "), "\(hint)")
    #expect(hint.contains(kind == "stlink" ? "debugger" : "BOOT0"), "\(hint)")
  }

  /// A serial number that every chip of the kind shows names no board.
  @Test func aSerialThatEveryChipShowsIsRefused() throws {
    let bench = try TestBenchFile("f446")
    let file = try bench.folder.file("fw.bin", program(2000))
    let listed = try Program.run(["list", "--json"], bench: bench).text
    let serial = try #require(
      listed.firstMatch(of: /"serial" : "([^"]*)"/)?.1)
    let run = try Program.run(
      ["flash", "-S", String(serial), file], bench: bench)
    #expect(run.status == 74, "\(run.text) \(run.errors)")
    #expect(run.errors.contains("names no single board"))
  }

  @Test func aMapWaitsUntilEachRowHasItsBoard() throws {
    let later =
      #""state": {"plugged": false}, "events": "#
      + #"[{"event": "plug", "after": 2}]"#
    let bench = try TestBenchFile([("f072", ""), ("f072", later)])
    let files = try (1...2).map {
      try bench.folder.file("\($0).bin", program(2000, seed: UInt64($0)))
    }
    let map = try bench.folder.file(
      "map.csv", Array("path=1-1,\(files[0])\npath=1-2,\(files[1])\n".utf8))
    let early = try Program.run(["flash", "--map", map], bench: bench)
    #expect(early.status != 0)
    #expect(try bench.memory(2000) != program(2000, seed: 1))
    let run = try Program.run(
      ["flash", "--map", map, "--wait=9"], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("1 of 2 boards are there"), "\(run.text)")
    for number in 1...2 {
      #expect(
        try bench.memory(2000, of: "1-\(number)")
          == program(2000, seed: UInt64(number)))
    }
  }

  /// A file that is no program of this chip is refused before anything is
  /// touched; scripts with -D are warned.
  @Test func whatIsNoProgramIsRefusedUnlessForced() throws {
    let bench = try TestBenchFile("f405")
    let before = try bench.memory(4096)
    var bytes = program(3000)
    bytes.replaceSubrange(4..<8, with: [0x09, 0x80, 0x00, 0x08])
    let file = try bench.folder.file("app.bin", bytes)
    let refused = try Program.run(["flash", file], bench: bench)
    #expect(refused.status == 65, "\(refused.errors)")
    #expect(refused.errors.contains("points outside the image"))
    #expect(refused.errors.contains("--address"))
    #expect(try bench.memory(4096) == before)
    // An image that does not fit is no wrong usage of the command line.
    let outside = try Program.run(
      ["flash", "--address", "0x1FFF7800", file], bench: bench)
    #expect(outside.status == 64)
    #expect(!outside.errors.contains("usage:"), "\(outside.errors)")
    let dry = try Program.run(["flash", "--dry-run", file], bench: bench)
    #expect(dry.status == 65)
    let placed = try Program.run(
      ["flash", "--address", "0x08008000", file], bench: bench)
    #expect(placed.status == 0, "\(placed.errors)")
    for arguments in [
      ["flash", "--force", file], ["-s", "0x08000000:leave", "-D", file],
    ] {
      let bench = try TestBenchFile("f405")
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        (run.text + run.errors).contains("warning: what is written at"),
        "\(run.text) \(run.errors)")
      #expect(try bench.memory(3000) == bytes)
    }
  }
}
