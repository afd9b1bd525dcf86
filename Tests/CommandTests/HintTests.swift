import DFUCore
import Foundation
import Testing

@testable import dfuflash

/// The table of advice.
@Suite struct HintTests {
  @Test func everyCodeIsExplainedInTheDocuments() throws {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent(
        "../../docs/troubleshooting.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for code in Hint.Code.allCases {
      #expect(text.contains("`\(code.rawValue)`"), "\(code.rawValue)")
    }
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
