import DFUSimulator
import Foundation
import TestSupport
import Testing

/// What goes wrong before or during a run: each with its exit status, what is
/// said, and that the board is as it was.
@Suite struct WrongInputTests {
  private static let start: UInt32 = 0x0800_0000

  /// Runs, and expects an end that is not a success: nothing but progress on
  /// standard output, on standard error one message that begins with the
  /// program's name.
  @discardableResult
  private func expect(
    _ status: Int32, _ parts: String..., from arguments: [String],
    on bench: TestBenchFile?, location: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    let run = try Program.run(arguments, bench: bench)
    #expect(run.status == status, "\(run.errors)", sourceLocation: location)
    for part in parts {
      #expect(
        run.errors.contains(part), "\(run.errors)", sourceLocation: location)
    }
    #expect(
      run.errors.hasPrefix("dfuflash: ") || run.errors.hasPrefix("Error: "),
      "\(run.errors)", sourceLocation: location)
    #expect(!run.text.contains("rror"), sourceLocation: location)
    #expect(
      !run.text.contains("successfully"), sourceLocation: location)
    return run
  }

  private func firmware(
    _ folder: Folder, _ count: Int = 5000
  ) throws -> String { try folder.file("fw.bin", program(count)) }

  // MARK: Which board

  @Test func noBoard() throws {
    let bench = try TestBenchFile([])
    let file = try firmware(bench.folder)
    for arguments in [
      ["-s", "0x08000000", "-D", file], ["flash", file], ["verify", file],
      ["erase", "--all"], ["unprotect", "--yes"], ["-s", "0x08000000:leave"],
      ["read", bench.folder.path("new.bin")], ["-U", bench.folder.path("n")],
      ["-e"],
    ] {
      let run = try expect(
        74, "no DFU device is connected", "hint: ", from: arguments, on: bench)
      #expect(run.out.isEmpty)
    }
    #expect(!FileManager.default.fileExists(atPath: bench.folder.path("n")))
  }

  @Test func twoBoards() throws {
    let bench = try TestBenchFile("f405", "f405")
    let file = try firmware(bench.folder)
    for arguments in [["-s", "0x08000000", "-D", file], ["flash", file]] {
      try expect(
        74, "more than one DFU device fits", "none was touched", "-p 1-1 ",
        "-p 1-2 ", from: arguments, on: bench)
    }
    for path in ["1-1", "1-2"] {
      #expect(try bench.memory(4, of: path) == [0xFF, 0xFF, 0xFF, 0xFF])
    }
    #expect(
      try Program.run(["flash", file, "-p", "1-2"], bench: bench).status == 0)
    #expect(try bench.memory(4, of: "1-1") == [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try bench.memory(5000, of: "1-2") == program(5000))
  }

  @Test func theSameSerialTwice() throws {
    // Every H743 has this one.
    let bench = try TestBenchFile("h743", "h743")
    let file = try firmware(bench.folder)
    try expect(
      74, "more than one DFU device fits", "-p 1-1 ", "-p 1-2 ",
      "200364500000", from: ["flash", file, "-S", "200364500000"], on: bench)
    #expect(try bench.memory(4, of: "1-1") == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  @Test func aBoardThatDoesNotFit() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    for choice in [
      ["-S", "nobody"], ["-p", "1-9"], ["-d", "1234:5678"], ["-n", "99"],
    ] {
      try expect(
        74, "no DFU device fits the options", "-p 1-1 ",
        from: ["-D", file, "-s", "0x08000000"] + choice, on: bench)
    }
  }

  @Test func noPermission() throws {
    let bench = try TestBenchFile([("f405", #""deniedOpens": -1"#)])
    let file = try firmware(bench.folder)
    let run = try expect(
      74, "LIBUSB_ERROR_ACCESS", "udev", "0483", "df11",
      from: ["flash", file], on: bench)
    #expect(run.errors.contains("1-1"))
    // It is listed all the same.
    let list = try Program.run(["--list"], bench: bench)
    #expect(list.status == 0)
    #expect(list.text.contains("path=\"1-1\""))
    #expect(list.text.contains("serial=\"UNKNOWN\""))
    #expect(list.errors.contains("LIBUSB_ERROR_ACCESS"))
  }

  @Test func anotherProgramHoldsTheBoard() throws {
    let bench = try TestBenchFile([("f405", #""busyClaims": -1"#)])
    try expect(
      74, "LIBUSB_ERROR_BUSY", "another program",
      from: ["flash", try firmware(bench.folder)], on: bench)
  }

  @Test func aWrongAlternateSetting() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    for wrong in ["7", "Internal Flahs", ""] {
      try expect(
        74, "has no alternate setting", "-a 0", "@Option Bytes",
        from: ["-a", wrong, "-s", "0x08000000", "-D", file], on: bench)
    }
    #expect(try bench.memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  // MARK: Which file

  @Test func aFileThatIsMissing() throws {
    let bench = try TestBenchFile("f405")
    for arguments in [
      ["-s", "0x08000000", "-D", "/nowhere/fw.bin"],
      ["flash", "/nowhere/fw.bin"], ["verify", "/nowhere/fw.bin"],
    ] {
      let run = try expect(
        66, "/nowhere/fw.bin", from: arguments, on: bench)
      #expect(run.out.isEmpty)
    }
  }

  @Test func aFileThatIsAFolder() throws {
    let bench = try TestBenchFile("f405")
    try expect(66, "could not read", from: ["flash", "/tmp"], on: bench)
  }

  @Test func aFileThatIsTooLarge() throws {
    let bench = try TestBenchFile("l412")
    try bench.board { $0.fill(program(128 * 1024, seed: 2), at: Self.start) }
    let file = try firmware(bench.folder, 128 * 1024 + 1)
    for arguments in [["-s", "0x08000000", "-D", file], ["flash", file]] {
      try expect(
        64, "does not fit", "0x08020000", "0x08000000–0x0801FFFF",
        "131072 bytes", "nothing was touched", from: arguments, on: bench)
    }
    #expect(
      try bench.memory(128 * 1024) == program(128 * 1024, seed: 2))
  }

  @Test func aFileThatIsEmpty() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("empty.bin", [])
    for arguments in [["-s", "0x08000000", "-D", file], ["flash", file]] {
      try expect(65, "empty.bin", from: arguments, on: bench)
    }
  }

  @Test func aDfuSeFileThatIsCutOff() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file(
      "cut.dfu", Array("DfuSe".utf8) + [1, 99, 0, 0, 0, 1, 0x54])
    try expect(65, "cut.dfu", from: ["flash", file], on: bench)
  }

  @Test func anOutputFileThatExists() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("mine.bin", [1, 2, 3])
    for arguments in [["-U", file, "-s", "0x08000000:64"], ["read", file]] {
      try expect(73, "mine.bin", "exists", from: arguments, on: bench)
    }
    #expect(try Folder.bytes(file) == [1, 2, 3])
  }

  // MARK: Which address

  @Test func anAddressOutside() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    try expect(
      64, "0x12340000", "Internal Flash", "0x08000000–0x080FFFFF",
      from: ["-s", "0x12340000", "-D", file], on: bench)
    try expect(
      64, "0x12340000", "Internal Flash",
      from: ["-a", "0", "-s", "0x12340000", "-D", file], on: bench)
    try expect(
      64, "0x12340000",
      from: ["flash", file, "--address", "0x12340000"], on: bench)
    // The last byte is one too far.
    try expect(
      64, "0x08100000", "nothing was touched",
      from: ["-s", "0x080FF000", "-D", file], on: bench)
    try expect(
      64, "lies outside",
      from: ["-s", "0x080FFF00:4096", "-U", bench.folder.path("o")], on: bench)
  }

  @Test(arguments: ["f405", "l432", "u585"])
  func anUnalignedAddressIsFlashedExactlyAndNothingBesideIt(
    kind: String
  ) throws {
    let bench = try TestBenchFile(kind)
    let old = program(32 * 1024, seed: 2)
    try bench.board { $0.fill(old, at: Self.start) }
    let file = try firmware(bench.folder, 333)
    let run = try Program.run(
      ["-a", "0", "-s", "0x08004001", "-D", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    var wanted = old
    wanted.replaceSubrange(0x4001..<0x4001 + 333, with: program(333))
    #expect(try bench.memory(32 * 1024) == wanted)
  }

  @Test(arguments: ["08000000", "0x100000000", "flash", "-1", "0x"])
  func anAddressThatIsNone(address: String) throws {
    let bench = try TestBenchFile("f405")
    try expect(
      64, "\"\(address)\" is not an address",
      from: ["-s", address, "-D", try firmware(bench.folder)], on: bench)
  }

  @Test func modifiersThatAreNone() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    try expect(
      64, "\"leav\"", "leave",
      from: ["-s", "0x08000000:leav", "-D", file], on: bench)
    for modifier in ["mass-erase", "unprotect"] {
      try expect(
        64, modifier, "force",
        from: ["-s", "0x08000000:\(modifier)", "-D", file], on: bench)
    }
  }

  // MARK: Which board description

  @Test func aLayoutThatIsBroken() throws {
    let layout = "@Internal Flash  /0x08000000/04*016K"
    let bench = try TestBenchFile([
      ("f405", "\"alternates\": [\"\(layout)\"]")
    ])
    try expect(
      64, "cannot be trusted", "type letter", "character 37 of", layout,
      "nothing was touched",
      from: ["-a", "0", "-s", "0x08000000", "-D", try firmware(bench.folder)],
      on: bench)
    #expect(try bench.memory(4) == [0xFF, 0xFF, 0xFF, 0xFF])
  }

  @Test func aBoardWithoutFunctionalDescriptor() throws {
    let bench = try TestBenchFile([
      ("f405", #""quirks": {"functionalDescriptor": "missing"}"#)
    ])
    let file = try firmware(bench.folder)
    try expect(
      74, "no DFU functional descriptor", "-t 1024",
      from: ["-a", "0", "-s", "0x08000000", "-D", file], on: bench)
    let run = try Program.run(
      ["-a", "0", "-s", "0x08000000", "-t", "2048", "-D", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.memory(5000) == program(5000))
  }

  @Test func aTransferSizeThatCannotBe() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    for size in ["4097", "63"] {
      try expect(
        64, "transfer size of \(size) bytes", "64 to 4096",
        from: ["-s", "0x08000000", "-t", size, "-D", file], on: bench)
    }
    for size in ["x", "-5"] {
      try expect(
        64, "'-t <bytes>'",
        from: ["-s", "0x08000000", "-t", size, "-D", file], on: bench)
    }
  }

  /// The strings of a board that is busy with another program's work.
  @Test func aBoardWhoseMemoriesCannotBeRead() throws {
    let bench = try TestBenchFile([
      (
        "f405",
        #""faults": [{"effect": "stall", "nth": 3, "times": 99, "#
          + #""of": "getDescriptor"}]"#
      )
    ])
    try expect(
      74, "alternate setting 0 of board 1-1", "could not be read", "busy",
      from: [
        "-a", "0", "-s", "0x08000000", "-D", try firmware(bench.folder),
      ], on: bench)
  }

  // MARK: What happens meanwhile

  @Test(arguments: [("upload", 6), ("data", 4), ("getStatus", 30)])
  func aBoardThatGoesMidway(request: String, nth: Int) throws {
    let bench = try TestBenchFile([
      (
        "f405",
        #""faults": [{"effect": "unplug", "nth": \#(nth), "of": "\#(request)"}]"#
      )
    ])
    try expect(
      74, "board 1-1", "has left the bus", "LIBUSB_ERROR_NO_DEVICE", "0x0800",
      "hint: ", from: ["flash", try firmware(bench.folder, 20_000)], on: bench)
  }

  @Test func aReadThatStaysShortLeavesNoFile() throws {
    let bench = try TestBenchFile([
      (
        "f405",
        #""faults": [{"effect": "shortReply", "value": 10, "nth": 3, "#
          + #""of": "upload", "times": 1000}]"#
      )
    ])
    try expect(
      74, "sent 10 of 2048 bytes",
      from: ["-s", "0x08000000:65536", "-U", bench.folder.path("new.bin")],
      on: bench)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: bench.folder.root)
        .allSatisfy { !$0.hasPrefix("new") })
  }

  @Test func aWriteProtectedSector() throws {
    let bench = try TestBenchFile("f405")
    try bench.board {
      var options = try #require($0.memory(at: 0x1FFF_C000, count: 16))
      options[8] &= ~0x01
      $0.fill(options, at: 0x1FFF_C000)
      $0.powerCycle()
    }
    try expect(
      74, "verification failed", "0x08000000", "write-protected",
      from: ["flash", try firmware(bench.folder)], on: bench)
  }

  @Test func readoutProtection() throws {
    let bench = try TestBenchFile([("f405", #""protection": 1"#)])
    let file = try firmware(bench.folder)
    try expect(
      74, "readout protection", "unprotect", from: ["flash", file], on: bench)
    try expect(64, "--yes", from: ["unprotect"], on: bench)
    let run = try Program.run(["unprotect", "--yes"], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Program.run(["flash", file], bench: bench).status == 0)
    #expect(try bench.memory(5000) == program(5000))
  }

  @Test func aBoardThatDoesNotLeave() throws {
    let bench = try TestBenchFile([
      ("f405", #""quirks": {"leave": "broken"}"#)
    ])
    try expect(
      74, "did not leave DFU mode", "the firmware is in place",
      from: ["flash", try firmware(bench.folder)], on: bench)
    #expect(try bench.memory(5000) == program(5000))
  }

  // MARK: Nothing to do, or too much

  @Test func optionsThatSayNothingOrTooMuch() throws {
    let bench = try TestBenchFile("f405")
    let file = try firmware(bench.folder)
    try expect(64, "nothing to do", from: [], on: bench)
    try expect(
      64, "only one of", from: ["-D", file, "-U", "other"], on: bench)
    try expect(64, "--no-such", from: ["--no-such"], on: bench)
    try expect(64, "either", from: ["erase"], on: bench)
    try expect(64, "-a", from: ["-D", file, "-a"], on: bench)
  }
}
