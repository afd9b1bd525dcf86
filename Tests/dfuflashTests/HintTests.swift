import DFUCore
import Foundation
import TestSupport
import Testing

@testable import dfuflash

/// Hints at the end of errors, and tables that documents show.
@Suite struct HintTests {
  @Test func everyExitStatusHasARow() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent("../..")
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/exit-codes.md"),
      encoding: .utf8)
    let manual = try String(
      contentsOf: root.appendingPathComponent("share/man/man1/dfuflash.1"),
      encoding: .utf8)
    for status in ExitStatus.allCases {
      #expect(page.contains("\n| \(status.rawValue) | "), "\(status)")
      #expect(manual.contains("\\fB\(status.rawValue)\\fR\n"), "\(status)")
    }
  }

  @Test func theProductsIDsComeFromTheEnvironment() throws {
    let bench = try TestBenchFile("f405", "plain11")
    func paths(
      _ device: String, _ options: String...
    ) throws -> [String] {
      let run = try Program.run(
        ["--list"] + options, bench: bench,
        environment: ["DFUFLASH_DEVICE": device])
      #expect(run.status == 0, "\(run.errors)")
      return Array(
        Set(
          run.lines.compactMap {
            $0.split(separator: "\"").dropFirst().first.map(String.init)
          })
      ).sorted()
    }
    #expect(try paths("") == ["1-1", "1-2"])
    #expect(try paths("0483:df11") == ["1-1"])
    #expect(try paths("1209:*") == ["1-2"])
    // What is on the command line counts.
    #expect(try paths("1209:*", "-d", "0483:df11") == ["1-1"])
    let wrong = try Program.run(
      ["--list"], bench: bench, environment: ["DFUFLASH_DEVICE": "x:y:z"])
    #expect(wrong.status == 64)
    #expect(
      wrong.errors.contains("more than two pairs")
        || wrong.errors.contains("not a pair"), "\(wrong.errors)")
    // The whole of an update: the other maker's board is not in the way.
    let file = try bench.folder.file("fw.bin", program(5000))
    let update = try Program.run(
      ["flash", file, "--wait"], bench: bench,
      environment: ["DFUFLASH_DEVICE": "1209:2444,0483:df11"])
    #expect(update.status == 0, "\(update.errors)")
    #expect(try bench.memory(5000) == program(5000))
  }

  @Test func errorsEndWithOneHintOfOneLine() throws {
    let cases: [(TestBenchFile, [String], String)] = [
      (try TestBenchFile([]), [], Hint.noDevice.text),
      (
        try TestBenchFile("f405", "l412"), [], Hint.severalBoards("1-1").text
      ),
      (
        try TestBenchFile([("f405", #""busyClaims": -1"#)]), [],
        Hint.busy.text
      ),
      (
        try TestBenchFile([("f405", #""deniedOpens": -1"#)]), [],
        "doctor --install-udev"
      ),
      (
        try TestBenchFile([("l412", #""protection": 1"#)]), [],
        Hint.readProtected("1-1").text
      ),
      (
        try TestBenchFile("f405"), ["-p", "7-7"], Hint.otherDevices("1-1").text
      ),
    ]
    for (bench, options, hint) in cases {
      let file = try bench.folder.file("fw.bin", program(5000))
      let run = try Program.run(["flash", file] + options, bench: bench)
      let lines = run.errors.split(separator: "\n")
      let hints = lines.filter { $0.hasPrefix("  hint: ") }
      #expect(hints.count == 1, "\(run.errors)")
      #expect(lines.last == hints.last)
      #expect(hints.first?.contains(hint) == true, "\(run.errors)")
    }
  }
}
