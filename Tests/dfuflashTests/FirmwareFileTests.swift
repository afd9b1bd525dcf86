import Foundation
import Testing

/// `inspect`, `convert`, and what `flash`, `verify` and `-D` make of every
/// kind of file. Tests/Fixtures/firmware/README.md says who wrote them.
@Suite struct FirmwareFileTests {
  private static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/firmware").path

  private static func fixture(_ name: String) -> String {
    fixtures + "/" + name
  }

  private static func program() throws -> [UInt8] {
    try Folder.bytes(fixture("fw.bin"))
  }

  /// Every file that holds the program, with its format.
  private static let files = [
    ("fw.bin", "raw"), ("fw.elf", "elf"), ("fw.srec", "srec"),
    ("fw.hex", "hex"), ("fw.dfu", "dfuse"), ("fw-suffixed.dfu", "dfu"),
    ("fw.uf2", "uf2"), ("fw.hex.gz", "hex"), ("release.zip", "elf"),
    ("several.zip:fw.hex", "hex"), ("several.zip:fw.bin", "raw"),
  ]

  private static func json(_ run: Program.Run) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(run.out))
    return try #require(object as? [String: Any])
  }

  // MARK: Writing them to a board

  @Test(arguments: files)
  func everyFileIsFlashedAndVerified(name: String, format: String) throws {
    let bench = try TestBenchFile("f405")
    let flash = try Program.run(
      ["flash", "--no-leave", Self.fixture(name)], bench: bench)
    #expect(flash.status == 0, "\(flash.errors)")
    let program = try Self.program()
    #expect(try bench.memory(program.count) == program)
    let verify = try Program.run(
      ["verify", Self.fixture(name)], bench: bench)
    #expect(verify.status == 0, "\(verify.errors)")
  }

  @Test(arguments: files)
  func everyFileIsTakenByDfuUtilsOption(
    name: String, format: String
  ) throws {
    let bench = try TestBenchFile("f405")
    let isRaw = format == "raw" || format == "dfu"
    let run = try Program.run(
      ["-a", "0", "-s", isRaw ? "0x08000000" : ":leave", "-D"]
        + [Self.fixture(name)], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    let program = try Self.program()
    #expect(try bench.memory(program.count) == program)
  }

  @Test func standardInputIsAFileToo() throws {
    let bench = try TestBenchFile("f405")
    for name in ["fw.hex", "fw.uf2", "release.zip", "fw.hex.gz"] {
      let run = try Program.run(
        ["flash", "--no-leave", "--full", "-"], bench: bench,
        input: Self.fixture(name))
      #expect(run.status == 0, "\(run.errors)")
    }
    let program = try Self.program()
    #expect(try bench.memory(program.count) == program)
  }

  @Test func theBoardsChipChoosesAmongAUF2FilesFamilies() throws {
    let f405 = try TestBenchFile("f405")
    let two = Self.fixture("two.uf2")
    let run = try Program.run(["flash", "--no-leave", two], bench: f405)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try f405.memory(600) == Self.program())
    let l476 = try TestBenchFile("l476")
    // What is for this family there is no program.
    #expect(try Program.run(["flash", two], bench: l476).status == 65)
    let other = try Program.run(
      ["flash", "--no-leave", "--force", two], bench: l476)
    #expect(other.status == 0, "\(other.errors)")
    #expect(try l476.memory(512) == [UInt8](repeating: 0, count: 512))
  }

  @Test func aUF2FileForAnotherChipIsRefusedUnlessAskedFor() throws {
    let bench = try TestBenchFile("l476")
    let before = try bench.memory(1024)
    let run = try Program.run(["flash", Self.fixture("fw.uf2")], bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains("is for STM32F4, but board 1-1"))
    #expect(run.errors.contains("--family STM32F4"))
    #expect(try bench.memory(1024) == before)
    let forced = try Program.run(
      ["flash", "--no-leave", "--family", "STM32F4"]
        + [Self.fixture("fw.uf2")], bench: bench)
    #expect(forced.status == 0, "\(forced.errors)")
    #expect(try bench.memory(600) == Self.program())
  }

  @Test func aFileForAnotherDeviceIsRefused() throws {
    let bench = try TestBenchFile("f405")
    let path = bench.folder.path("other.dfu")
    _ = try Program.run(
      ["convert", "--vid", "1209", "--pid", "0001", Self.fixture("fw.hex")]
        + [path])
    let run = try Program.run(["flash", path], bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains("is for 1209:0001"))
    #expect(run.errors.contains("nothing was touched"))
  }

  @Test func aDamagedSuffixIsDataForDfuUtilsOptionOnly() throws {
    let bench = try TestBenchFile("f405")
    var bytes = try Folder.bytes(Self.fixture("fw-suffixed.dfu"))
    bytes[100] ^= 1
    let path = try bench.folder.file("damaged.dfu", bytes)
    let run = try Program.run(
      ["-s", "0x08000000", "-D", path], bench: bench)
    #expect(run.status == 0)
    #expect(run.errors.contains("warning: \"\(path)\""), "\(run.errors)")
    #expect(try bench.memory(bytes.count) == bytes)
    #expect(
      try Program.run(["flash", path], bench: bench).status == 65)
  }

  // MARK: inspect

  @Test(arguments: files)
  func inspectTellsTheFormatAndThePieces(name: String, format: String) throws {
    let run = try Program.run(["inspect", "--json", Self.fixture(name)])
    #expect(run.status == 0, "\(run.errors)")
    let report = try Self.json(run)
    #expect(report["format"] as? String == format)
    let images = try #require(report["images"] as? [[String: Any]])
    #expect(images.count == 1)
    let segments = try #require(images[0]["segments"] as? [[String: Any]])
    #expect(segments.count == 1)
    #expect(segments[0]["address"] as? Int == 0x0800_0000)
    // uf2conv fills its last block up.
    if format != "uf2" {
      #expect(segments[0]["length"] as? Int == 600)
      #expect(segments[0]["crc32"] as? String == "94BA3240")
      #expect(
        images[0]["sha256"] as? String
          == "cac9f74735c680b534649443f16d9d5d7848ac6723900078325138367aae335f"
      )
    }
    let vectors = try #require(images[0]["vectors"] as? [String: Any])
    #expect(vectors["initialStackPointer"] as? Int == 0x2002_0000)
    #expect(vectors["resetVector"] as? Int == 0x0800_0009)
    #expect(vectors["problems"] as? [String] == [])
    let fits = try #require(images[0]["fits"] as? [[String: Any]])
    #expect(fits.contains { $0["family"] as? String == "F405" })
    #expect(!fits.contains { $0["family"] as? String == "F04x" })
  }

  @Test func inspectSaysItForPeople() throws {
    let run = try Program.run(["inspect", Self.fixture("fw.dfu")])
    #expect(run.status == 0)
    #expect(
      run.lines.prefix(5) == [
        "\"\(Self.fixture("fw.dfu"))\": a DfuSe file",
        "  suffix   for 0483:df11, device version 0000, DFU 011a, "
          + "CRC E713531A is right",
        "  target   alternate setting 0 \"ST...\"",
        "  segment  0x08000000–0x08000257  600 bytes, CRC-32 94BA3240",
        "  image    600 bytes, SHA-256 "
          + "cac9f74735c680b534649443f16d9d5d7848ac6723900078325138367aae335f",
      ])
    #expect(run.text.contains("reset 0x08000009: plausible"))
    #expect(run.errors.isEmpty)
  }

  @Test func inspectLeavesBoardsAloneUnlessOneIsAskedFor() throws {
    // The bench that the environment names does not exist.
    #expect(
      try Program.run(["inspect", Self.fixture("fw.hex")]).status == 0)
    #expect(
      try Program.run(["inspect", "--board", Self.fixture("fw.hex")]).status
        == 66)
  }

  @Test func inspectSaysWhereAFileFitsABoard() throws {
    let bench = try TestBenchFile("f405")
    let run = try Program.run(
      ["inspect", "--json", "--bench", bench.file, Self.fixture("fw.hex")])
    #expect(run.status == 0, "\(run.errors)")
    let board = try #require(try Self.json(run)["board"] as? [String: Any])
    #expect(board["fits"] as? Bool == true)
    let memories = try #require(board["memories"] as? [[String: Any]])
    #expect(memories.count == 1)
    let sectors = try #require(memories[0]["sectors"] as? [[String: Int]])
    #expect(
      sectors == [["address": 0x0800_0000, "count": 1, "size": 16384]])
  }

  @Test func inspectSaysWhatDoesNotFitABoard() throws {
    let bench = try TestBenchFile("f405")
    let run = try Program.run(
      ["inspect", "--board", "--address", "0x0a000000"]
        + [Self.fixture("fw.bin")], bench: bench)
    #expect(run.status == 64)
    #expect(run.text.contains("board    does not fit"))
    #expect(run.errors.contains("0x0A000000"))
    let two = try TestBenchFile("f405", "f405")
    #expect(
      try Program.run(
        ["inspect", "--board", Self.fixture("fw.hex")], bench: two
      ).status == 74)
    #expect(
      try Program.run(
        ["inspect", "-p", "1-2", Self.fixture("fw.hex")], bench: two
      ).status == 0)
  }

  // MARK: convert

  @Test func aChainOfAllFormatsEndsWhereItBegan() throws {
    let folder = try Folder()
    var last = Self.fixture("fw.elf")
    for name in ["1.srec", "2.hex", "3.dfu", "4.uf2", "5.bin"] {
      let run = try Program.run(
        ["convert", last, folder.path(name)]
          + (name == "4.uf2" ? ["--family", "F405"] : []))
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.text.hasPrefix("Wrote \""))
      last = folder.path(name)
    }
    #expect(try Folder.bytes(last) == Self.program())
  }

  @Test func convertWritesToStandardOutput() throws {
    let run = try Program.run(
      ["convert", "--to", "raw", Self.fixture("release.zip"), "-"])
    #expect(run.status == 0)
    #expect(run.out == (try Self.program()))
  }

  @Test func anExistingFileStaysUnlessForced() throws {
    let folder = try Folder()
    let path = try folder.file("new.hex", [1, 2, 3])
    let arguments = ["convert", Self.fixture("fw.elf"), path]
    let run = try Program.run(arguments)
    #expect(run.status == 73)
    #expect(run.errors.contains("--force"))
    #expect(try Folder.bytes(path) == [1, 2, 3])
    #expect(try Program.run(arguments + ["--force"]).status == 0)
    #expect(try Folder.bytes(path).count > 1000)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.root)
        == ["new.hex"])
  }

  @Test func whatCannotBeConvertedIsSaidAndNothingIsWritten() throws {
    let folder = try Folder()
    let cases: [([String], String)] = [
      ([Self.fixture("fw.bin"), folder.path("a.hex")], "--address 0x08000000"),
      ([Self.fixture("fw.hex"), folder.path("a.elf")], "read, but not made"),
      ([Self.fixture("fw.hex"), folder.path("a.xyz")], "add --to"),
      ([Self.fixture("two.uf2"), folder.path("a.bin")], "--family STM32F4"),
      (
        ["--address", "0", Self.fixture("fw.hex"), folder.path("a.bin")],
        "leave --address out"
      ),
      (
        ["--alt", "1", Self.fixture("two.uf2"), folder.path("a.bin")],
        "several chip families"
      ),
    ]
    for (arguments, hint) in cases {
      let run = try Program.run(["convert"] + arguments)
      #expect(run.status == 64, "\(arguments) \(run.errors)")
      #expect(run.errors.contains(hint), "\(run.errors)")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.root) == [])
  }

  // MARK: Bad files

  private static func bad() throws -> [(String, [UInt8], String)] {
    let hex = String(
      decoding: try Folder.bytes(fixture("fw.hex")), as: UTF8.self)
    let dfu = try Folder.bytes(fixture("fw.dfu"))
    let elf = try Folder.bytes(fixture("fw.elf"))
    let uf2 = try Folder.bytes(fixture("fw.uf2"))
    let gzip = try Folder.bytes(fixture("fw.hex.gz"))
    let zip = try Folder.bytes(fixture("release.zip"))
    var lines = hex.split(separator: "\r\n", omittingEmptySubsequences: true)
      .map(String.init)
    if lines.count < 3 {
      lines = hex.split(separator: "\n").map(String.init)
    }
    var wrongSum = lines
    wrongSum[2] = String(wrongSum[2].dropLast(2)) + "00"
    var flipped = dfu
    flipped[400] ^= 1
    var broken = gzip
    broken[300] ^= 0x55
    func text(_ lines: [String]) -> [UInt8] {
      Array((lines.joined(separator: "\n") + "\n").utf8)
    }
    func machine(_ number: UInt8, _ elf: [UInt8]) -> [UInt8] {
      var elf = elf
      elf[18] = number
      return elf
    }
    return [
      ("empty", [], "it is empty"),
      ("page", Array("<html>404 Not Found</html>\n".utf8), "text file"),
      ("sum.hex", text(wrongSum), "line 3: the checksum is"),
      ("tiny.hex", Array(":10".utf8), "its name says"),
      ("noise.s19", [0, 0, 2, 0x20, 9, 0, 0, 8], "its name says"),
      (
        "wide.hex", [0xFF, 0xFE] + hex.utf8.flatMap { [$0, 0] }, "in UTF-16"
      ),
      ("computer.elf", machine(62, elf), "x86-64"),
      ("avr.elf", machine(83, elf), "AVR"),
      ("cut.hex", text(Array(lines.dropLast())), "cut off"),
      ("more.hex", text(lines + [lines[1]]), "more after the record"),
      ("crc.dfu", flipped, "the CRC in the DFU suffix"),
      ("cut.dfu", Array(dfu.dropLast(20)), "cut off"),
      ("cut.elf", Array(elf.prefix(4200)), "cut off"),
      ("cut.uf2", Array(uf2.dropLast(512)), "block 2 of 3 is missing"),
      ("half.uf2", Array(uf2.dropLast(100)), "incomplete"),
      ("bad.gz", broken, "damaged"),
      ("cut.gz", Array(gzip.dropLast(9)), "does not end"),
      ("cut.zip", Array(zip.dropLast(9)), "directory is missing"),
      (
        "wrap.hex",
        text([":02000004FFFFFC", ":08FFFC000102030405060708D9", lines[0]]),
        "reach beyond 0xFFFFFFFF"
      ),
    ]
  }

  @Test func aBadFileIsRefusedByEveryCommandAndNothingIsDone() throws {
    let bench = try TestBenchFile("f405")
    let before = try bench.memory(4096)
    let new = bench.folder.path("new.bin")
    for (name, bytes, message) in try Self.bad() {
      let path = try bench.folder.file(name, bytes)
      for arguments in [
        ["inspect", path], ["convert", path, new], ["flash", path],
        ["verify", path], ["-D", path],
      ] {
        // dfu-util takes a .dfu file without a suffix, or with a damaged one,
        // for data; but never what begins like a DfuSe file.
        let run = try Program.run(arguments, bench: bench)
        #expect(run.status == 65, "\(arguments) \(run.errors)")
        #expect(run.errors.contains(message), "\(arguments) \(run.errors)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: new))
    #expect(try bench.memory(4096) == before)
  }

  @Test func aMissingFileIsSaidToBeMissing() throws {
    for arguments in [
      ["inspect", "/nowhere/fw.bin"], ["convert", "/nowhere/fw.bin", "x.hex"],
      ["inspect", "/nowhere.zip:fw.bin"], ["inspect", "/"],
    ] {
      let run = try Program.run(arguments)
      #expect(run.status == 66, "\(arguments) \(run.errors)")
    }
  }

  @Test func anArchiveWithSeveralListsThemAndOneCanBeChosen() throws {
    let path = Self.fixture("several.zip")
    let run = try Program.run(["inspect", path])
    #expect(run.status == 65)
    #expect(run.errors.contains("“fw.bin”, “fw.hex”"))
    #expect(run.errors.contains("give it as \"\(path):fw.bin\""))
    let missing = try Program.run(["inspect", path + ":fw.elf"])
    #expect(missing.status == 65)
    #expect(missing.errors.contains("no “fw.elf” in the archive"))
    let text = try Program.run(["inspect", path + ":README.md"])
    #expect(text.status == 65)
    #expect(text.errors.contains("text file"))
  }

  @Test func whatUnpacksToMoreThanAllowedIsRefused() throws {
    let path = Self.fixture("fw.hex.gz")
    let run = try Program.run(["inspect", "--max-size", "1K", path])
    #expect(run.status == 65)
    #expect(run.errors.contains("--max-size"))
    #expect(
      try Program.run(["inspect", "--max-size", "2K", path]).status == 0)
  }

  @Test func theFormatCanBeSaid() throws {
    let path = Self.fixture("fw-suffixed.dfu")
    let run = try Program.run(["inspect", "--format", "raw", path])
    #expect(run.status == 0)
    #expect(run.text.contains("616 bytes"))
    #expect(run.errors.contains("taken for data"))
    #expect(
      try Program.run(["inspect", "--format", "dfu", Self.fixture("fw.bin")])
        .status == 65)
    #expect(
      try Program.run(["inspect", "--format", "pdf", path]).status == 64)
  }
}
