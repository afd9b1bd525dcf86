import DFUCore
import DFUSimulator
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs that end well: dfu-util's options and the verbs.
@Suite struct CommandLineTests {
  private static let start: UInt32 = 0x0800_0000

  @discardableResult
  private func run(
    _ arguments: [String], on bench: TestBenchFile?,
    location: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    let run = try Program.run(arguments, bench: bench)
    #expect(
      run.status == 0, "\(arguments) \(run.errors)", sourceLocation: location)
    return run
  }

  // MARK: --list

  @Test func theLinesOfListAreThoseOfDfuUtil() throws {
    let bench = try TestBenchFile("f405", "l412")
    let text = try run(["--list"], on: bench).text
    let numbers = text.split(separator: "devnum=").dropFirst().compactMap {
      $0.split(separator: ",").first
    }
    try #require(numbers.count == 7)
    let first = numbers[0]
    let second = numbers[4]
    let f405 =
      "Found DFU: [0483:df11] ver=2200, devnum=\(first), cfg=1, "
      + "intf=0, path=\"1-1\", alt="
    let l412 =
      "Found DFU: [0483:df11] ver=0200, devnum=\(second), cfg=1, "
      + "intf=0, path=\"1-2\", alt="
    let s1 = ", serial=\"\(try serial(1))\""
    let s2 = ", serial=\"\(try serial(2))\""
    #expect(
      text.split(separator: "\n") == [
        "\(f405)3, name=\"@Device Feature/0xFFFF0000/01*004 e\"\(s1)",
        "\(f405)2, name=\"@OTP Memory /0x1FFF7800/01*512 e,01*016 e\"\(s1)",
        "\(f405)1, name=\"@Option Bytes  /0x1FFFC000/01*016 e\"\(s1)",
        "\(f405)0, name=\"@Internal Flash  "
          + "/0x08000000/04*016Kg,01*064Kg,07*128Kg\"\(s1)",
        "\(l412)2, name=\"@OTP Memory   /0x1FFF7000/01*01Ke\"\(s2)",
        "\(l412)1, name=\"@Option Bytes   /0x1FFF7800/01*40Be\"\(s2)",
        "\(l412)0, name=\"@Internal Flash   /0x08000000/64*02Kg\"\(s2)",
      ])
  }

  private func serial(_ board: Int) throws -> String {
    let words = ChipID(board: board).words
    return hex(words.0 &+ words.2) + hex(words.1 >> 16, 4)
  }

  @Test func listOfNothingIsEmptyAndNoFailure() throws {
    let bench = try TestBenchFile([])
    let list = try run(["-l"], on: bench)
    #expect(list.out.isEmpty)
    #expect(list.err.isEmpty)
  }

  @Test func listObeysTheChoiceOfBoard() throws {
    let bench = try TestBenchFile("f405", "f072")
    func paths(_ arguments: String...) throws -> Set<String> {
      Set(
        try run(["-l"] + arguments, on: bench).lines.compactMap {
          $0.split(separator: "\"").dropFirst().first.map(String.init)
        })
    }
    #expect(try paths() == ["1-1", "1-2"])
    #expect(try paths("-p", "1-2") == ["1-2"])
    #expect(try paths("-d", "0483:df11") == ["1-1", "1-2"])
    #expect(try paths("-d", "0483:*") == ["1-1", "1-2"])
    #expect(try paths("-d", "1234:5678") == [])
    #expect(try paths("-d", ",0483:df11") == ["1-1", "1-2"])
    #expect(try paths("-d", "0483:df11,-:-") == [])
    #expect(try paths("-S", try serial(1)) == ["1-1"])
    #expect(try paths("--serial=,\(try serial(1))") == ["1-1"])
  }

  @Test func aBoardWhoseProgramRunsIsFoundAtRunTime() throws {
    let bench = try TestBenchFile([("f405", #""application": "dfu""#)])
    let file = try bench.folder.file("fw.bin", program(5000))
    try run(["-a", "0", "-s", "0x08000000:leave", "-D", file], on: bench)
    let lines = try run(["-l"], on: bench).lines
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("Found Runtime: [0483:5740]") == true)
    // And is brought back to DFU mode by the next flash.
    let next = try bench.folder.file("next.bin", program(6000, seed: 2))
    try run(["-a", "0", "-s", "0x08000000", "-D", next], on: bench)
    #expect(try bench.memory(6000) == program(6000, seed: 2))
  }

  @Test func theVerbListShowsEachMemoryAsATable() throws {
    let bench = try TestBenchFile("f405")
    let text = try run(["list"], on: bench).text
    #expect(text.contains("1-1  0483:df11  DFU mode"))
    #expect(
      text.contains(
        "0x08000000     4 ×   16 KiB  readable erasable writable"), "\(text)")
    #expect(
      text.contains(
        "0x08020000     7 ×  128 KiB  readable erasable writable"))
    #expect(
      try run(["list"], on: try TestBenchFile([])).text
        == "No DFU board is connected.\n")
  }

  @Test func listAsJSONIsJSON() throws {
    let bench = try TestBenchFile("f405", "g0b1", "plain11")
    let json = try JSONSerialization.jsonObject(
      with: Data(try run(["list", "--json"], on: bench).out))
    let list = try #require(json as? [String: Any])
    #expect(list["version"] as? Int == 1)
    let boards = try #require(list["boards"] as? [[String: Any]])
    #expect(
      boards.compactMap { $0["path"] as? String } == ["1-1", "1-2", "1-3"])
    #expect(
      try Program.run(["list", "--json"], bench: try TestBenchFile([])).text
        .filter { !$0.isWhitespace }
        == #"{"boards":[],"schema":"dfuflash-list","version":1}"#)
  }

  // MARK: Hostile boards

  @Test func stringsOfABoardNeverReachTheTerminalRaw() throws {
    let hostile = #"\u001b]0;owned\u0007\r\n\u009b31m\u202e"#
    let bench = try TestBenchFile([
      (
        "f405",
        """
        "serial": "\(hostile)", "alternates": ["@\(hostile)/0x08000000/04*016Kg"]
        """
      )
    ])
    let file = try bench.folder.file("fw.bin", program(100_000))
    for arguments in [
      ["-l"], ["list"], ["list", "--json"], ["flash", file],
      ["-a", "0", "-s", "0x08000000", "-D", file],
      ["-a", "9", "-D", file, "-s", ":leave"],
      ["erase", "--address", "0x0"], ["-p", "9-9", "-s", ":leave"],
    ] {
      let run = try Program.run(arguments, bench: bench)
      for scalar in (run.text + run.errors).unicodeScalars {
        let isHarmless =
          scalar == "\n" || scalar == "\t"
          || ![.control, .format].contains(scalar.properties.generalCategory)
        #expect(isHarmless, "\(arguments): U+\(hex(scalar.value))")
      }
    }
  }

  // MARK: -D and -s

  @Test func aDownloadWritesVerifiesAndSaysSo() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let run = try run(["-a", "0", "-s", "0x08000000", "-D", file], on: bench)
    #expect(run.lines.contains("File downloaded successfully"))
    #expect(run.lines.contains("Download done."))
    #expect(!run.text.contains("\r"))
    #expect(try bench.memory(5000) == program(5000))
    #expect(try bench.board { $0.mode } == .dfu)
  }

  @Test func theUsualCommandLinesOfOthersWork() throws {
    // QMK Toolbox, a Makefile, a factory script.
    for arguments in [
      ["-a", "0", "-d", "0483:DF11", "-s", "0x08000000:leave", "-D"],
      ["-a0", "-s0x08000000:leave", "-D"],
      ["--alt=0", "--dfuse-address=0x08000000:leave", "--download"],
      ["--alt", "0", "--dfuse", "0x08000000:leave", "--down"],
      [
        "-d", ",0483:df11", "-a", "0", "-s",
        "0x08000000:mass-erase:force:leave",
        "-R", "-D",
      ],
      [
        "-a", "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg", "-s",
        "0x08000000:leave", "-D",
      ],
      ["-a", "Internal Flash", "-s", "0x08000000:leave", "-D"],
      ["-v", "-w", "-s", "0x08000000:leave", "-D"],
    ] {
      let bench = try TestBenchFile("f405")
      let file = try bench.folder.file("fw.bin", program(5000))
      let run = try run(arguments + [file], on: bench)
      #expect(run.text.contains("File downloaded successfully"))
      #expect(try bench.memory(5000) == program(5000))
      #expect(try bench.board { $0.mode } == .application)
    }
  }

  @Test func aDownloadFromStandardInput() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let run = try Program.run(
      ["-s", "0x08000000", "-D", "-"], bench: bench, input: file)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.memory(5000) == program(5000))
  }

  @Test func aDfuSeFileGoesWhereItSays() throws {
    let bench = try TestBenchFile("f405")
    let image = try FirmwareImage(program(3000), at: 0x0800_8000)
    let file = try bench.folder.file(
      "fw.dfu",
      try FirmwareFile.dfuse([
        FirmwareTarget(alternate: 0, name: "flash", image: image)
      ]))
    try run(["-a", "0", "-D", file], on: bench)
    #expect(try bench.memory(3000, at: 0x0800_8000) == program(3000))
    let run = try Program.run(
      ["-s", "0x08000000", "-D", file], bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains("says itself where it belongs"))
  }

  @Test func aMassEraseByItself() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.fill(program(5000), at: Self.start) }
    try run(["-s", ":mass-erase:force"], on: bench)
    #expect(
      try bench.memory(5000)?.allSatisfy { $0 == 0xFF } == true)
  }

  @Test func leavingByItself() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.fill(program(5000), at: Self.start) }
    try run(["-a", "0", "-s", "0x08000000:leave"], on: bench)
    #expect(try bench.board { $0.mode } == .application)
  }

  // MARK: -U

  @Test func anUploadReadsAllOfTheMemoryOrAsMuchAsIsAsked() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.fill(program(1 << 20), at: Self.start) }
    let whole = bench.folder.path("whole.bin")
    let run = try run(["-a", "0", "-U", whole], on: bench)
    #expect(run.text.contains("Upload done."))
    #expect(try Folder.bytes(whole) == program(1 << 20))
    let part = bench.folder.path("part.bin")
    try self.run(["-s", "0x08000003:4099", "-U", part], on: bench)
    #expect(try Folder.bytes(part) == Array(program(1 << 20)[3..<4102]))
    let limited = bench.folder.path("limited.bin")
    try self.run(["-s", "0x08000000", "-Z", "100", "-U", limited], on: bench)
    #expect(try Folder.bytes(limited).count == 100)
  }

  @Test func anUploadToStandardOutputIsNothingButTheBytes() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.fill(program(5000), at: Self.start) }
    for arguments in [
      ["-s", "0x08000000:5000", "-U", "-"],
      ["read", "-", "--address", "0x08000000", "--length", "5000"],
    ] {
      let run = try run(arguments, on: bench)
      #expect(run.out == program(5000))
      #expect(run.errors.contains("Upload done."))
    }
  }

  // MARK: Verbs

  @Test func flashFindsTheMemoryVerifiesAndLeaves() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let first = try run(["flash", file], on: bench)
    #expect(first.text.contains("written and verified"), "\(first.text)")
    #expect(first.text.contains("Left DFU mode"))
    #expect(try bench.memory(5000) == program(5000))
    #expect(try bench.board { $0.mode } == .application)
  }

  @Test func flashingTheSameAgainWritesNothing() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    try run(["flash", file, "--no-leave"], on: bench)
    let second = try run(["flash", file, "--no-leave"], on: bench)
    #expect(second.text.contains("already up to date"), "\(second.text)")
    #expect(try bench.board { $0.mode } == .dfu)
  }

  @Test func verifyTellsWhetherABoardHoldsAFile() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let other = try bench.folder.file("other.bin", program(5000, seed: 2))
    try run(["flash", file, "--no-leave"], on: bench)
    let same = try run(["verify", file], on: bench)
    #expect(same.text.contains("holds"))
    let differs = try Program.run(["verify", other], bench: bench)
    #expect(differs.status == 74)
    #expect(differs.errors.contains("verification failed: 0x08000008"))
    #expect(try bench.memory(5000) == program(5000))
  }

  @Test func readAndEraseWorkOnRanges() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.fill(program(64 * 1024), at: Self.start) }
    let file = bench.folder.path("read.bin")
    try run(
      ["read", file, "--address", "0x08000100", "--length", "0x200"], on: bench)
    #expect(try Folder.bytes(file) == Array(program(64 * 1024)[0x100..<0x300]))
    try run(
      ["erase", "--address", "0x08004000", "--length", "16384"], on: bench)
    let now = try #require(try bench.memory(64 * 1024))
    #expect(now[0x4000..<0x8000].allSatisfy { $0 == 0xFF })
    #expect(now[..<0x4000] == program(64 * 1024)[..<0x4000])
    #expect(now[0x8000...] == program(64 * 1024)[0x8000...])
    try run(["erase", "--all"], on: bench)
    #expect(
      try bench.memory(64 * 1024)?.allSatisfy { $0 == 0xFF } == true)
  }

  @Test func serialShowsWhatAnIDCanBecome() throws {
    let text = try run(
      ["serial", "00580027", "3331500b", "20333153"], on: nil
    ).text
    #expect(text.contains("208B317A3331"))
    #expect(
      try run(
        ["serial", "--memory-order", "2B0007000C50425539393020"], on: nil
      )
      .text.contains("203739645542"))
    let bad = try Program.run(["serial", "1234"])
    #expect(bad.status == 64)
    #expect(bad.errors.contains("hint: "))
  }

  // MARK: Called by another name

  @Test func calledDfuUtilItDrawsTheBarIntoAPipe() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let run = try Program.run(
      ["-a", "0", "-s", "0x08000000:leave", "-D", file], bench: bench,
      name: "dfu-util")
    #expect(run.status == 0)
    #expect(
      run.text.contains(
        "\rDownload\t[=========================] 100%         5000 bytes"))
  }

  // MARK: Ctrl-C

  @Test(arguments: [200, 600, 1200, 2000])
  func ctrlCLeavesTheBoardInDfuIDLE(milliseconds: Int) throws {
    // In real time: erasing takes 0.4 s a sector, writing 33 ms a block.
    let bench = try TestBenchFile("f405", speed: 1)
    try bench.board { $0.fill(program(48 * 1024, seed: 2), at: Self.start) }
    let file = try bench.folder.file("fw.bin", program(48 * 1024))
    let run = try Program.run(
      ["-a", "0", "-s", "0x08000000:leave", "-D", file], bench: bench
    ) { pid in
      usleep(UInt32(milliseconds) * 1000)
      kill(pid, SIGINT)
    }
    #expect(run.status == 130, "\(run.text) \(run.errors)")
    #expect(run.errors.contains("stopped by the user"))
    #expect(!run.text.contains("successfully"))
    #expect(try bench.board { $0.dfuState } == 2)
    #expect(try bench.board { $0.mode } == .dfu)
  }

  /// Nobody waits for the end of an erase of the whole chip who asks twice.
  @Test func aSecondCtrlCEndsAtOnceAndSaysWhatIsLeft() throws {
    let bench = try TestBenchFile("f405", speed: 1)
    let run = try Program.run(["erase", "--all"], bench: bench) { pid in
      for _ in 0..<2 {
        usleep(500_000)
        kill(pid, SIGINT)
      }
    }
    #expect(run.status == 130)
    #expect(run.seconds < 4)
    #expect(run.errors.contains("what the board holds is not known"))
    #expect(run.errors.contains("hint: run the same command again"))
  }

  @Test func ctrlCEndsWaitingForABoard() throws {
    let bench = try TestBenchFile([], speed: 1)
    let file = try bench.folder.file("fw.bin", program(48))
    let run = try Program.run(
      ["-w", "-s", "0x08000000", "-D", file], bench: bench
    ) { pid in
      usleep(300_000)
      kill(pid, SIGINT)
    }
    #expect(run.status == 130)
    #expect(run.seconds < 5)
  }

  // MARK: Help

  /// The verbs that `--help` lists.
  private func verbs() throws -> [String] {
    let help = try run(["--help"], on: nil).text
    let list = help.components(separatedBy: "SUBCOMMANDS:\n").last ?? ""
    return list.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
      return line.split(separator: " ").first.map(String.init)
    }.filter { $0 != "See" }
  }

  @Test func everyOptionOfEveryVerbIsExplained() throws {
    let verbs = try verbs()
    #expect(verbs.count >= 9)
    for verb in verbs {
      let help = try run([verb, "--help"], on: nil).text
      #expect(help.hasPrefix("OVERVIEW: "), "\(verb)")
      #expect(help.contains("Example: "), "\(verb)")
      let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated()
      where line.hasPrefix("  -") || line.hasPrefix("  <") {
        // The text stands in column 26, or in the next line.
        let text = line.dropFirst(26)
        let next = index + 1 < lines.count ? lines[index + 1] : ""
        let isExplained =
          line.count > 26 && line.dropFirst(24).first == " "
          && !text.isEmpty
          || next.hasPrefix(String(repeating: " ", count: 26))
        #expect(isExplained, "\(verb): \(line)")
      }
    }
  }

  // MARK: Speed

  @Test func aSimulatedMegabyteIsFlashedAndVerifiedInAFewSeconds() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(1 << 20))
    let run = try run(
      ["-a", "0", "-s", "0x08000000:leave", "-D", file], on: bench)
    #expect(try bench.memory(1 << 20) == program(1 << 20))
    // Less than a second in release; without optimization a good deal more.
    #expect(run.seconds < 60)
  }
}
