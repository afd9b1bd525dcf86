import DFUSimulator
import Foundation
import Testing

/// `doctor --report`: what is in it, what is not, and that nothing is changed.
@Suite struct BoardReportTests {
  private func report(
    _ bench: TestBenchFile, _ more: [String] = []
  ) throws -> String {
    let path = bench.folder.path("report.md")
    let run = try Program.run(
      ["doctor", "--report", path] + more, bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text == "The report is in \"\(path)\".\n")
    return String(decoding: try Folder.bytes(path), as: UTF8.self)
  }

  @Test func theReportHasAllThatAMaintainerNeeds() throws {
    let bench = try TestBenchFile("f405")
    let text = try report(bench)
    for part in [
      "# Report on board 1-1, 0483:df11\n", "* dfuflash ", ", libusb 1.",
      "* a simulated bench\n", "12 Mbit/s",
      "chip: one of F2, F405, F412, F413, F42x, F469, certainly its ROM\n",
      // The device's own descriptor, with its bNumConfigurations.
      "12 01 00 01 00 00 00 40 83 04 11 DF 00 22 01 02 03 01\n",
      "bmAttributes 0B, wDetachTimeOut 255 ms, wTransferSize 2048, "
        + "bcdDFUVersion 011A\n",
      "alternate setting 2: \"@OTP Memory /0x1FFF7800/01*512 e,01*016 e\"\n",
      "GETSTATE → dfuIDLE", "DNLOAD block 0, 5 bytes [21 00 00 00 08]",
      "GETSTATUS → dfuDNBUSY, OK, poll 104 ms",
      "UPLOAD block 2, 16 bytes → 16 bytes",
      "UPLOAD block 0, 2048 bytes → 4 bytes", "GET COMMANDS: 00 21 41 92\n",
      "```jsonl\n{\"address\":",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    // Addresses are set; nothing is erased or written.
    let sent = text.split(separator: "\n").filter {
      $0.contains(#""request":"DNLOAD""#)
    }
    #expect(!sent.isEmpty)
    #expect(sent.allSatisfy { $0.contains(#""data":"21"#) })
    #expect(try bench.board { $0.violations.isEmpty })
  }

  @Test func theSerialNumberIsBlackedOutUnlessItIsWanted() throws {
    let bench = try TestBenchFile("f405")
    let serial = "2054316B3331"
    let onTheWire = serial.utf8.map { "\(String($0, radix: 16))00" }.joined()
    let secret = try report(bench)
    #expect(secret.contains("* serial number: XXXXXXXXXXXX\n"))
    #expect(!secret.contains(serial))
    #expect(!secret.lowercased().contains(onTheWire))
    try FileManager.default.removeItem(
      atPath: bench.folder.path("report.md"))
    let open = try report(bench, ["--with-ids"])
    #expect(open.contains("serial number: \(serial)\n"))
    #expect(open.lowercased().contains(onTheWire))
  }

  @Test func aSerialNumberOf8BitCharactersIsBlackedOutToo() throws {
    let text = try report(TestBenchFile("gd32vf103"))
    #expect(text.contains("* serial number: XXXX\n"))
    // 3CBJ
    #expect(!text.contains("0603" + "3343424A"))
    #expect(text.contains("0603" + "58585858"))
  }

  @Test func aSerialNumberThatEveryChipShowsTellsTheKindAndStays() throws {
    let text = try report(TestBenchFile("h743"))
    #expect(text.contains("serial number: 200364500000: every "), "\(text)")
  }

  @Test func aReportIsARecording() throws {
    let bench = try TestBenchFile("l412")
    let text = try report(bench)
    let path = bench.folder.path("report.md")
    let again = bench.folder.path("again.md")
    let run = try Program.run(
      ["doctor", "--report", again],
      environment: ["DFUFLASH_BENCH": path])
    #expect(run.status == 0)
    #expect(run.errors == "")
    func session(_ text: String) -> Substring? {
      text.firstRange(of: "## Descriptors").flatMap { start in
        text.firstRange(of: "## Trace").map {
          text[start.lowerBound..<$0.lowerBound]
        }
      }
    }
    let second = String(decoding: try Folder.bytes(again), as: UTF8.self)
    #expect(session(second) == session(text))
    #expect(session(text)?.isEmpty == false)
  }

  /// What a board cannot answer is in the report as well.
  @Test(arguments: [
    (
      "l412", #""protection": 1"#,
      "failed: the flash cannot be read"
    ),
    ("f405", #""quirks": {"startsInError": true}"#, "GETSTATE → dfuERROR"),
    (
      "f405", #""quirks": {"functionalDescriptor": "missing"}"#,
      "no functional descriptor"
    ),
    ("mp15", "", "chip: STM32MP15\n"), ("mp25", "", "chip: STM32MP25\n"),
    ("n6", "", "chip: STM32N6\n"),
    ("plain11", "", "product: \"DFU 1.1 device, running\""),
  ])
  func aBoardThatIsDifferent(
    _ kind: String, _ more: String, _ part: String
  ) throws {
    let text = try report(TestBenchFile([(kind, more)]))
    #expect(text.contains(part), "\(text)")
  }

  @Test func oneBoardIsMeantAndNothingIsWrittenOver() throws {
    let bench = try TestBenchFile("f405", "l412")
    let path = bench.folder.path("report.md")
    let several = try Program.run(["doctor", "--report", path], bench: bench)
    #expect(several.status == 74)
    #expect(!FileManager.default.fileExists(atPath: path))
    _ = try report(bench, ["-p", "1-2"])
    let again = try Program.run(
      ["doctor", "--report", path, "-p", "1-2"], bench: bench)
    #expect(again.status == 73)
  }
}
