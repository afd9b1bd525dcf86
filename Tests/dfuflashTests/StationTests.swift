import DFUCore
import DFUProduction
import DFUSimulator
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A station, by the program.
@Suite struct StationTests {
  @Test func aLogThatCannotBeWrittenStopsTheStation() throws {
    let folder = try Folder()
    let bench = try TestBenchFile("f072")
    let file = try folder.file("fw.bin", program(2000))
    let run = try Program.run(
      ["station", "--count", "1", "--log", "/dev/full", file], bench: bench)
    #expect(run.status == 73)
    #expect(!run.text.contains("PASS"))
  }

  @Test func aStationSaysPassOrFailRunsHooksAndLogs() throws {
    let bench = try TestBenchFile([("f072", ""), ("l412", #""protection": 1"#)])
    let file = try bench.folder.file("fw.bin", program(2000))
    let log = bench.folder.path("log.jsonl")
    let seen = bench.folder.path("seen")
    let run = try Program.run(
      [
        "station", "--count", "2", "--log", log,
        "--on-pass", "echo pass $DFUFLASH_PATH $DFUFLASH_UID >>\(seen)",
        "--on-fail", "echo fail $DFUFLASH_PATH >>\(seen); exit 3", file,
      ], bench: bench)
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.text.contains("1-1: PASS"))
    #expect(run.text.contains("1-2: FAIL"))
    #expect(run.text.hasSuffix("1 passed, 1 failed.\n"))
    // Not a terminal: neither colour nor bell.
    #expect(!run.out.contains(0x1B) && !run.out.contains(7))
    #expect(run.errors.contains("--on-fail for board 1-2 ended with status 3"))
    let id = ChipID(board: 1).words
    #expect(
      String(decoding: try Folder.bytes(seen), as: UTF8.self)
        == "pass 1-1 \(hex(id.0))\(hex(id.1))\(hex(id.2))\nfail 1-2\n")
    let lines = try Folder.bytes(log).split(separator: 10)
    #expect(lines.count == 2)
    // By the board's own clock, which on this bench is a virtual one.
    let first = try JSONSerialization.jsonObject(
      with: Data(try #require(lines.first)))
    let seconds = (first as? [String: Any])?["seconds"] as? Double ?? 0
    #expect(seconds > 0.05 && seconds < 60, "\(seconds)")
    #expect(try bench.memory(2000) == program(2000))
  }

  @Test func onlyTheNamedPortsHaveTurns() throws {
    let bench = try TestBenchFile("f072", "f072", "f072")
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(
      ["station", "--count", "1", "--ports", "1-2", file], bench: bench)
    #expect(run.status == 0)
    #expect(try bench.memory(2000, of: "1-2") == program(2000))
    #expect(try bench.memory(2000, of: "1-1") != program(2000))
  }

  @Test func aFileForAnotherDeviceIsTakenFromWhoeverSaysSo() throws {
    let content = program(2000)
    let bytes = DFUSuffix(vendor: 0x1209, product: 0xDB42)
      .appended(to: content)
    for (options, result) in [
      ([], "FAIL"), (["--force"], "PASS"), (["-d", "0483:df11"], "PASS"),
    ] {
      let bench = try TestBenchFile("f072")
      let file = try bench.folder.file("other.dfu", bytes)
      let run = try Program.run(
        ["station", "--count", "1"] + options + [file], bench: bench)
      #expect(run.text.contains("1-1: \(result)"), "\(options): \(run.text)")
      #expect(
        run.status == (result == "FAIL" ? 1 : 0), "\(options): \(run.text)")
      #expect(
        run.text.contains("is for 1209:db42") == (result == "FAIL"),
        "\(options): \(run.text)")
      #expect(
        try (bench.memory(2000) == content) == (result == "PASS"),
        "\(options)")
    }
  }

  @Test func aPortThatIsMisspeltIsRefused() throws {
    let bench = try TestBenchFile("f072")
    let file = try bench.folder.file("fw.bin", program(2000))
    for ports in ["foo", "1", "1-", "1-1,", "1-1;1-2", "01-1", "1-0"] {
      let run = try Program.run(
        ["station", "--count", "1", "--ports", ports, file], bench: bench)
      #expect(run.status == 64, "\(ports)")
      #expect(run.errors.contains("--ports <paths>"), "\(ports)")
    }
    #expect(try bench.memory(2000) != program(2000))
  }

  @Test func aLineThatWasTornDoesNotSpoilTheNext() throws {
    let bench = try TestBenchFile("f072")
    let file = try bench.folder.file("fw.bin", program(2000))
    let log = try bench.folder.file("log", Array(#"{"time":"20"#.utf8))
    let run = try Program.run(
      ["station", "--count", "1", "--log", log, file], bench: bench)
    #expect(run.status == 0)
    let lines = try Folder.bytes(log).split(separator: 10)
    #expect(lines.count == 2)
    let last = try JSONSerialization.jsonObject(
      with: Data(try #require(lines.last)))
    #expect((last as? [String: Any])?["result"] as? String == "pass")
  }

  #if os(Linux)
  @Test func aHookInheritsTheStandardStreamsAlone() throws {
    let bench = try TestBenchFile("f072")
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(
      [
        "station", "--count", "1", "--log", bench.folder.path("log"),
        "--trace", bench.folder.path("trace"), "--on-pass",
        "ls /proc/self/fd/ >&2", file,
      ], bench: bench,
      // What the tests hand down is not the program's.
      by: #"ls /proc/self/fd/ >&2; echo - >&2; exec "$@""#)
    #expect(run.status == 0)
    let lists = run.errors.components(separatedBy: "-\n")
    #expect(lists.count == 2 && lists.first == lists.last, "\(lists)")
  }
  #endif

  @Test func aHookThatHangsIsEndedWithAllItHasStarted() throws {
    let folder = try Folder()
    let file = folder.path("child")
    let hook = Hook(
      command: "sleep 100 & echo $! >\(file); wait",
      limit: .milliseconds(500))
    #expect(hook.run([]) == .tookTooLong(.milliseconds(500)))
    let text = String(decoding: try Folder.bytes(file), as: UTF8.self)
    let child = try #require(pid_t(text.dropLast()))
    var looks = 0
    // The system may take a moment.
    while kill(child, 0) == 0, !Self.isZombie(child), looks < 500 {
      looks += 1
      usleep(10_000)
    }
    #expect(looks < 500)
  }

  private static func isZombie(_ pid: pid_t) -> Bool {
    let status = try? String(
      contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    return status?.contains(") Z ") ?? true
  }

  /// Whoever exchanges boards while a label is printed is not ignored.
  @Test func aBoardThatComesDuringAHookHasItsTurn() throws {
    // Four times as fast as life; the last two only end a test that fails.
    let events = [
      ("unplug", 8), ("plug", 12), ("unplug", 48), ("plug", 56),
    ].map { #"{"event": "\#($0)", "after": \#($1)}"# }
    let bench = try TestBenchFile(
      [("f072", #""events": [\#(events.joined(separator: ","))]"#)], speed: 4)
    let file = try bench.folder.file("fw.bin", program(2000))
    let log = bench.folder.path("log")
    let run = try Program.run(
      [
        "station", "--count", "2", "--log", log, "--on-pass", "sleep 5", file,
      ], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(log).count { $0 == 10 } == 2)
    #expect(run.seconds < 14, "\(run.seconds)")
  }

  private func hex(_ value: UInt32) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - text.count) + text
  }
}
