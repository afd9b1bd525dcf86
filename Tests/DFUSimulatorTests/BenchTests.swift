import DFUCore
import DFUSimulator
import Foundation
import Testing

@Suite final class BenchTests {
  /// A folder of its own, so that tests may run side by side.
  private let folder =
    "/tmp/dfuflash-bench-\(UInt64.random(in: 0 ... .max))"

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func file() -> String { folder + "/bench.json" }

  static func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  func bench(with json: String) throws -> String {
    let file = file()
    _ = try Bench.create([], at: file)
    try Self.write(json, to: file)
    return file
  }

  /// Does to the only board what a short-lived process would do.
  static func host(
    _ bench: Bench, _ path: String = "1-1"
  ) throws -> Host {
    Host(try bench.board(at: path))
  }

  @Test func memoriesAndStatesLastFromRunToRun() throws {
    let file = file()
    do {
      let bench = try Bench.create(["f405", "l412", "plain11"], at: file)
      #expect(try bench.bus.devices().map(\.path) == ["1-1", "1-2", "1-3"])
      let host = try Self.host(bench)
      host.write(0x0800_0000, [1, 2, 3, 4])
      host.setAddress(0x4000_0000)
      try bench.board(at: "1-2").unplug()
      let plain = try Self.host(bench, "1-3")
      #expect(plain.board.mode == .application)
      plain.board.boot0 = true
      plain.board.pressReset()
      bench.settle()
      plain.download(0, [7, 7, 7])
      plain.finish()
      plain.download(1, [])
      #expect(plain.finish() == [2, 0])
      try bench.save()
    }
    let bench = try Bench.load(file)
    let devices = try bench.bus.devices()
    #expect(devices.map(\.path) == ["1-1", "1-3"])
    let host = try Self.host(bench)
    // Still in dfuERROR, as a real board would be.
    #expect(host.status() == [10, 1])
    host.clear()
    #expect(host.read(0x0800_0000, 4) == .data([1, 2, 3, 4]))
    #expect(try bench.board(at: "1-3").stored(alternate: 0) == [7, 7, 7])
    try bench.board(at: "1-2").plug()
    bench.settle()
    #expect(try bench.bus.devices().count == 3)
  }

  @Test func aBoardOnItsWayArrivesBeforeTheNextRun() throws {
    let file = file()
    do {
      let bench = try Bench.create(["f405"], at: file)
      let host = try Self.host(bench)
      host.board.setProtection(level: 1)
      host.download(0, [0x92])
      _ = host.status()
      try bench.save()
    }
    let bench = try Bench.load(file)
    #expect(try bench.board(at: "1-1").protectionLevel == 0)
    #expect(try Self.host(bench).status() == [2, 0])
  }

  @Test func timeRunsOnAfterABenchHasSettled() throws {
    let bench = try Bench.create(["f405"], at: file())
    let host = try Self.host(bench)
    let start = host.board.clock.now()
    host.erase(0x0802_0000)
    let spent = host.board.clock.now() - start
    #expect(spent > .milliseconds(2_000) && spent < .milliseconds(2_110))
  }

  @Test func theProgramRunsOnInTheNextRun() throws {
    let file = file()
    do {
      let bench = try Bench.create([], at: file)
      try bench.add("f405", path: "3-1.4", application: .dfu)
      let host = try Self.host(bench, "3-1.4")
      host.write(0x0800_0000, ChipTests.program)
      host.setAddress(0x0800_0000)
      host.download(2, [])
      _ = host.status()
      try bench.save()
    }
    let bench = try Bench.load(file)
    let device = try #require(try bench.bus.devices().first)
    #expect(device.path == "3-1.4")
    #expect(device.descriptor.product == 0x5740)
    let board = try bench.board(at: "3-1.4")
    board.pressReset()
    bench.settle()
    #expect(board.presence?.descriptor.product == 0xDF11)
  }

  @Test func aSecondProcessIsToldWhoHasTheBench() throws {
    let file = file()
    let bench = try Bench.create(["f405"], at: file)
    #expect(throws: BenchError.locked(file + ".lock")) {
      _ = try Bench.load(file)
    }
    #expect(throws: BenchError.locked(file + ".lock")) {
      _ = try Bench.load(file, patience: .milliseconds(30))
    }
    #expect(bench.boards.count == 1)
  }

  @Test func boardsAreAddedAndTakenAway() throws {
    let file = file()
    let bench = try Bench.create(["f405"], at: file)
    try bench.add("u585", serial: "208B317A3331")
    try bench.add("u585", path: "2-1", serial: "208B317A3331")
    #expect(bench.boards.map(\.path) == ["1-1", "1-2", "2-1"])
    #expect(throws: BenchError.unknownProfile("f999")) {
      try bench.add("f999")
    }
    #expect(throws: BenchError.badPath("2-1", "another board is there")) {
      try bench.add("f405", path: "2-1")
    }
    for path in ["../../etc", "1-0", "1-01", "1", "1-1.1.1.1.1.1.1.1", ""] {
      #expect(throws: BenchError.self, "\(path)") {
        try bench.add("f405", path: path)
      }
    }
    try bench.board(at: "1-2").fill([9], at: 0x0800_0000)
    try bench.save()
    try bench.remove(at: "1-2")
    try bench.add("u585", path: "1-2")
    // A new board is virgin, whatever lay in the folder.
    #expect(try bench.board(at: "1-2").flash[0] == 0xFF)
    try bench.save()
    #expect(throws: BenchError.noBoard("9-9", bench: file)) {
      _ = try bench.board(at: "9-9")
    }
  }

  @Test func aBenchIsNotOverwrittenByAccident() throws {
    let file = file()
    do {
      let bench = try Bench.create(["f405"], at: file)
      try bench.board(at: "1-1").fill([1], at: 0x0800_0000)
      try bench.save()
    }
    #expect(throws: BenchError.exists(file)) {
      _ = try Bench.create(["f405"], at: file)
    }
    let bench = try Bench.create(["f405"], at: file, replacing: true)
    #expect(try bench.board(at: "1-1").flash[0] == 0xFF)
    #expect(throws: BenchError.missing("/tmp/no-such-bench.json")) {
      _ = try Bench.load("/tmp/no-such-bench.json")
    }
  }

  @Test func faultsQuirksAndEventsComeFromTheFile() throws {
    let file = try bench(
      with: """
        {"format": "dfuflash-bench", "version": 1, "boards": [{
          "profile": "f405", "path": "1-1", "protection": 1,
          "quirks": {"startsInError": true, "protection": "ignoresWrites"},
          "faults": [{"effect": "stall", "nth": 2, "of": "getStatus"}],
          "deniedOpens": 1,
          "events": [{"event": "unplug", "after": 1.5}]
        }]}
        """)
    let bench = try Bench.load(file)
    let host = try Self.host(bench)
    #expect(host.status() == [10, 10])
    #expect(host.status() == nil)
    host.clear()
    #expect(host.board.protectionLevel == 1)
    #expect(host.erase(0x0800_0000) == [5, 0])
    let device = try #require(try bench.bus.devices().first)
    #expect(throws: USBError.self) { _ = try bench.bus.open(device) }
    try bench.bus.waitForChange(atMost: .seconds(5))
    #expect(try bench.bus.devices().isEmpty)
  }

  /// Every quirk can be asked for by its name, and survives saving.
  @Test func quirksOfEveryKindComeFromTheFile() throws {
    let file = try bench(
      with: """
        {"format": "dfuflash-bench", "version": 1, "boards": [{
          "profile": "f405", "path": "1-1",
          "quirks": {
            "work": "beforeAnswer", "ignoresMassErase": true,
            "lowestAddress": "0x08004000", "failureStatus": 11,
            "wedgesAfterErasing": 4096, "errorMessage": "No",
            "earlyPoll": "noHandshake", "attributes": 9, "startState": 5,
            "romBytes": {"0x1FFF77DE": 145}
          },
          "faults": [{"effect": "transferError", "nth": 2}]
        }, {
          "profile": "plain11", "path": "1-2",
          "quirks": {"plain": ["blocksInStatus"], "eraseSeconds": 20}
        }]}
        """)
    for _ in 0..<2 {
      let bench = try Bench.load(file)
      let host = try Self.host(bench)
      guard case .dfuSe(let chip) = host.board.profile.machine else {
        Issue.record("no chip")
        return
      }
      #expect(chip.quirks.work == .beforeAnswer)
      #expect(chip.quirks.lowestAddress == 0x0800_4000)
      #expect(chip.quirks.failureStatus == 11)
      #expect(chip.quirks.wedgesAfterErasing == 4_096)
      #expect(chip.quirks.errorMessage == "No")
      #expect(chip.earlyPoll == .noHandshake)
      #expect(chip.marks[0x1FFF_77DE] == [145])
      #expect(host.status() == [5, 0])
      #expect(host.get(5, length: 1) == .transferError)
      try bench.save()
    }
  }

  static let broken: [(String, String)] = [
    ("", "boards"), ("{", "boards"), ("[]", "boards"),
    (#"{"format": "x", "version": 1, "boards": []}"#, "format"),
    (#"{"format": "dfuflash-bench", "version": 2, "boards": []}"#, "version"),
    (#"{"format": "dfuflash-bench", "version": 1}"#, #""boards" is missing"#),
    (board(#""profile": "f999", "path": "1-1""#), "f999"),
    (board(#""profile": "f405", "path": "1-1/../.."#), ""),
    (board(#""profile": "f405", "path": "../x""#), "bus-port"),
    (board(#""profile": "f405""#), #"boards[0]: the key "path" is missing"#),
    (board(#""profile": "f405", "path": 7"#), "boards[0].path"),
    (
      board(#""profile": "f405", "path": "1-1", "protecton": 1"#),
      #"there is no key "protecton""#
    ),
    (
      board(#""profile": "f405", "path": "1-1", "uniqueID": "12""#),
      "24 hexadecimal"
    ),
    (
      board(
        #""profile": "f405", "path": "1-1", "#
          + #""faults": [{"effect": "explode", "nth": 1}]"#), "explode"
    ),
    (
      board(
        #""profile": "f405", "path": "1-1", "quirks": {"leave": "never"}"#),
      "needsSecondStatus"
    ),
    (
      board(#""profile": "f405", "path": "1-1", "quirks": {"leaf": 1}"#),
      #"no key "leaf" in quirks"#
    ),
    (
      board(
        #""profile": "f405", "path": "1-1", "quirks": {"startState": "x"}"#),
      "startState"
    ),
    (
      board(
        #""profile": "f405", "path": "1-1", "#
          + #""events": [{"event": "plug", "after": 1e300}]"#), "a day"
    ),
    (
      #"{"format": "dfuflash-bench", "version": 1, "speed": -1, "boards": []}"#,
      "speed"
    ),
    (String(repeating: "[", count: 100_000), ""),
  ]

  static func board(_ keys: String) -> String {
    #"{"format": "dfuflash-bench", "version": 1, "boards": [{"# + keys
      + "}]}"
  }

  @Test(arguments: broken)
  func aBrokenFileIsRefusedWithAReason(text: String, hint: String) throws {
    let file = try bench(with: text)
    let error = #expect(throws: BenchError.self) { _ = try Bench.load(file) }
    let message = error.map { "\($0)" } ?? ""
    if !hint.isEmpty, text.count > 2 {
      #expect(message.contains(hint), "\(message)")
    }
  }

  @Test func aMemoryOfTheWrongSizeIsRefused() throws {
    let file = file()
    do {
      let bench = try Bench.create(["f405"], at: file)
      try bench.board(at: "1-1").fill([1], at: 0x0800_0000)
      try bench.save()
    }
    let memory =
      file.dropLast(5) + ".boards/1-1/flash-0x08000000.bin"
    try Self.write("short", to: String(memory))
    let error = #expect(throws: BenchError.self) { _ = try Bench.load(file) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("do not fit"))
  }
}
