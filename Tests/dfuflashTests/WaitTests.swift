import TestSupport
import Testing

/// `--wait`: for the board that is meant, and for no longer than was said.
@Suite struct WaitTests {
  /// A board that is plugged in while the program runs, beside another.
  private func bench(_ more: String = "") throws -> TestBenchFile {
    try TestBenchFile([
      (
        "f072",
        #""state": {"plugged": false}, "events": "#
          + #"[{"event": "plug", "after": 2}]"# + more
      ), ("f072", ""),
    ])
  }

  @Test(arguments: [["--wait=9"], ["--wait-seconds", "9"], ["-w"], ["--wait"]])
  func aBoardIsWaitedFor(options: [String]) throws {
    for verb in [["flash"], ["-s", "0x08000000", "-D"]] {
      let bench = try bench()
      let file = try bench.folder.file("fw.bin", program(2000))
      let run = try Program.run(
        verb + [file, "-p", "1-1"] + options, bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try bench.memory(2000) == program(2000))
      #expect(try bench.memory(2000, of: "1-2") != program(2000))
    }
  }

  @Test func theSystemMayGiveAccessALittleLater() throws {
    let bench = try bench(#", "deniedOpens": 2"#)
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(
      ["flash", "--wait=9", "-p", "1-1", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    let closed = try self.bench(#", "deniedOpens": -1"#)
    let refused = try Program.run(
      ["flash", "--wait", "-p", "1-1", file], bench: closed)
    #expect(refused.status == 74)
    #expect(refused.errors.contains("LIBUSB_ERROR_ACCESS"))
  }

  @Test func waitingEnds() throws {
    let bench = try bench()
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(
      ["flash", "--wait=1", "-p", "1-1", file], bench: bench)
    #expect(run.status == 74)
    #expect(run.errors.contains("-p 1-2"))
    for text in ["--wait=", "--wait=x", "--wait=-1"] {
      let run = try Program.run(["flash", text, file], bench: bench)
      #expect(run.status == 64, "\(text)")
    }
  }

  /// A script whose variable was never set means no board.
  @Test func anEmptySerialNumberIsRefused() throws {
    let bench = try TestBenchFile("f072")
    let file = try bench.folder.file("fw.bin", program(2000))
    let run = try Program.run(["flash", "-S", "", file], bench: bench)
    #expect(run.status == 64)
    #expect(try bench.memory(2000) != program(2000))
  }
}
