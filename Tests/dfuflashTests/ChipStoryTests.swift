import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// What sends people away from DFU, from the first command to the last, through
/// the program.
@Suite struct ChipStoryTests {
  private func firmware(_ folder: Folder, _ count: Int = 5000) throws -> String
  {
    try folder.file("fw.bin", program(count))
  }

  /// A board whose BOOT0 is low: what it does at a reset is its own choice.
  private func virgin(_ kind: String) throws -> TestBenchFile {
    let bench = try TestBenchFile(kind)
    try bench.board {
      $0.boot0 = false
      $0.powerCycle()
      $0.clock.sleep(for: .seconds(5))
    }
    return bench
  }

  private func mode(after bench: TestBenchFile) throws -> BoardMode {
    try bench.board { board in
      board.pressReset()
      board.clock.sleep(for: .seconds(5))
      return board.mode
    }
  }

  // MARK: The chip that was blank

  @Test func aVirginL412FallsBackIntoDFUAndTheUserIsTold() throws {
    let bench = try virgin("l412")
    let run = try Program.run(
      ["flash", try firmware(bench.folder)], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("its next reset returns to DFU mode"))
    #expect(run.text.contains("--relaunch"))
    #expect(try bench.board { $0.mode } == .application)
    #expect(try mode(after: bench) == .dfu)
  }

  @Test(arguments: ["l412", "l432"])
  func relaunchMakesAVirginChipStay(kind: String) throws {
    let bench = try virgin(kind)
    let run = try Program.run(
      ["flash", "--relaunch", try firmware(bench.folder)], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.board { $0.mode } == .application)
    #expect(try mode(after: bench) == .application)
    #expect(try bench.board { $0.violations }.isEmpty)
  }

  @Test func theSameInDfuUtilsWords() throws {
    let bench = try virgin("l412")
    let file = try firmware(bench.folder)
    let warned = try Program.run(
      ["-a", "0", "-s", "0x08000000:leave", "-R", "-D", file], bench: bench)
    #expect(warned.status == 0, "\(warned.errors)")
    #expect(
      (warned.text + warned.errors).contains(
        "its next reset returns to DFU mode"))
    #expect(try mode(after: bench) == .dfu)
    let cured = try Program.run(
      ["-a", "0", "-s", "0x08000000:relaunch", "-D", file], bench: bench)
    #expect(cured.status == 0, "\(cured.errors)")
    #expect(try mode(after: bench) == .application)
  }

  @Test func aBoardWithBOOT0HighComesBackAndThatIsSaid() throws {
    let bench = try TestBenchFile("l412")
    let run = try Program.run(
      ["flash", "--relaunch", try firmware(bench.folder)], bench: bench)
    #expect(run.status == 74)
    #expect(run.errors.contains("back in DFU mode"))
    #expect(run.errors.contains("BOOT0 is high"))
    #expect(try bench.memory(5000) == program(5000))
  }

  // MARK: Readout protection

  @Test(arguments: ["f405", "f072", "l432", "g474"])
  func aProtectedChipIsNamedSoAndFlashedAllTheSame(kind: String) throws {
    let bench = try TestBenchFile(kind)
    try bench.board { $0.setProtection(level: 1) }
    let file = try firmware(bench.folder)
    for arguments in [
      ["flash", file], ["flash", "--full", "--no-verify", file],
      ["-a", "0", "-s", "0x08000000:leave", "-D", file], ["verify", file],
      ["read", bench.folder.path("out.bin")],
    ] {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status == 74, "\(arguments)")
      #expect(run.errors.contains("readout protection"), "\(run.errors)")
      #expect(run.errors.contains("erases all"), "\(run.errors)")
      #expect(!run.text.contains("successfully"))
    }
    let run = try Program.run(["flash", "--unprotect", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.memory(5000) == program(5000))
    #expect(try bench.board { $0.protectionLevel } == 0)
  }

  @Test func unprotectingNeedsConsent() throws {
    let bench = try TestBenchFile("f405")
    try bench.board { $0.setProtection(level: 1) }
    let run = try Program.run(["unprotect"], bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains("--yes"))
    #expect(try bench.board { $0.protectionLevel } == 1)
  }

  // MARK: Option bytes

  @Test(arguments: [
    ("l412", "nBOOT0=0"), ("f405", "BOR_LEV=2"), ("f072", "nRST_STOP=0"),
    ("g474", "BOR_LEV=1"), ("l072", "nRST_STOP=0"), ("f722", "IWDG_SW=0"),
    ("wb55", "nRST_STOP=0"), ("u585", "BOR_LEV=1"), ("c071", "nRST_STOP=0"),
    ("h743", "IWDG1_SW=0"), ("f303", "nRST_STOP=0"),
  ])
  func aFieldIsSetReadBackAndPutBack(kind: String, wanted: String) throws {
    let bench = try TestBenchFile(kind)
    let name = String(wanted.split(separator: "=")[0])
    func show() throws -> [String] {
      let run = try Program.run(
        ["option-bytes", "show"], bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      return run.lines
    }
    let before = try show()
    #expect(
      before.contains { $0.contains("readout protection  level 0") },
      "\(before)")
    let backup = bench.folder.path("options.dfu")
    #expect(
      try Program.run(["option-bytes", "backup", backup], bench: bench).status
        == 0)
    let set = try Program.run(
      ["option-bytes", "set", "--yes", wanted], bench: bench)
    #expect(set.status == 0, "\(set.errors)")
    #expect(set.text.contains("\(name): "))
    #expect(try show() != before)
    let restored = try Program.run(
      ["option-bytes", "restore", "--yes", backup], bench: bench)
    #expect(restored.status == 0, "\(restored.errors)")
    #expect(try show() == before)
    #expect(try bench.board { $0.violations }.isEmpty)
  }

  /// What could keep a person from the bootloader is refused unforced.
  @Test(arguments: [
    ("f072", "nBOOT1=0", "BOOT0 pin no longer leads to DFU"),
    ("l412", "nSWBOOT0=0", "BOOT0 pin no longer leads to DFU"),
    ("h743", "BOOT_ADD1=0x08000000", "BOOT0 pin no longer leads to DFU"),
    ("h743", "IO_HSLV=1", "damage"), ("f405", "BOR_LEV=0", "stays in reset"),
  ])
  func aRiskyFieldWantsForce(
    kind: String, wanted: String, reason: String
  ) throws {
    let bench = try TestBenchFile(kind)
    let refused = try Program.run(
      ["option-bytes", "set", "--yes", wanted], bench: bench)
    #expect(refused.status == 64)
    #expect(refused.errors.contains(reason), "\(refused.errors)")
    let forced = try Program.run(
      ["option-bytes", "set", "--yes", "--force", wanted], bench: bench)
    #expect(forced.status == 0, "\(forced.errors)")
  }

  @Test(arguments: [
    (["set", "nBOT0=0", "--yes"], "did you mean nBOOT0"),
    (["set", "BOR_LEV=99", "--yes"], "larger than"),
    (["set", "nBOOT0", "--yes"], "NAME=VALUE"),
    (["set", "nBOOT0=0"], "--yes"),
    (["set", "RDP=0xCC", "--yes"], "--permanently-lock-this-chip"),
    (
      ["set", "RDP=level2", "--yes", "--force"], "--permanently-lock-this-chip"
    ),
    (["set", "RDP=level1", "--yes"], "--force"),
    (["set", "nBOOT0=0", "--yes", "--chip", "XYZ"], "no chip is called"),
  ])
  func aWrongSettingWritesNothing(
    arguments: [String], part: String
  ) throws {
    let bench = try TestBenchFile("l412")
    func stored() throws -> [UInt8]? { try bench.memory(40, at: 0x1FFF_7800) }
    let before = try #require(try stored())
    let run = try Program.run(["option-bytes"] + arguments, bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains(part), "\(run.errors)")
    #expect(try stored() == before)
  }

  @Test func aBootloaderWithoutOptionBytesIsSaidSo() throws {
    let bench = try TestBenchFile("g0b1")
    let run = try Program.run(["option-bytes"], bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains("does not show option bytes"))
  }

  /// Where a kind of board has its option bytes, and in them the byte of the
  /// readout protection.
  struct Window: CustomStringConvertible, Sendable {
    var kind: String
    var address: UInt32
    var length: Int
    var protection: Int

    init(_ kind: String, _ address: UInt32, _ length: Int, _ protection: Int) {
      self.kind = kind
      self.address = address
      self.length = length
      self.protection = protection
    }

    var description: String { kind }
  }

  /// Readout protection level 2 is for good: no path writes it unasked.
  @Test(arguments: [
    Window("f405", 0x1FFF_C000, 16, 1), Window("f072", 0x1FFF_F800, 16, 0),
    Window("l432", 0x1FFF_7800, 40, 0), Window("l072", 0x1FF8_0000, 32, 0),
    Window("u585", 0x4002_2040, 48, 0), Window("h743", 0x5200_201C, 128, 1),
  ])
  func noPathLocksAChipForGood(window: Window) throws {
    let bench = try TestBenchFile(window.kind)
    let address = window.address
    func stored() throws -> [UInt8]? {
      try bench.memory(window.length, at: address)
    }
    let before = try #require(try stored())
    var bytes = before
    bytes[window.protection] = 0xCC
    if window.kind == "h743" { bytes[window.protection + 4] = 0xCC }
    let image = try FirmwareImage(bytes, at: address)
    let folder = bench.folder
    let raw = try folder.file("options.bin", bytes)
    let files = [
      try folder.file("options.hex", image.intelHex()),
      try folder.file("options.srec", image.sRecord()),
      try folder.file("options.uf2", image.uf2(family: nil)),
      try folder.file(
        "options.dfu",
        FirmwareFile.dfuse(
          [FirmwareTarget(alternate: 1, name: nil, image: image)],
          suffix: DFUSuffix(vendor: 0x0483, product: 0xDF11))),
    ]
    let place = "0x" + String(address, radix: 16)
    var paths = [
      ["-a", "1", "-s", place, "-D", raw],
      ["-a", "1", "-s", "\(place):will-reset", "-D", raw],
      ["-a", "1", "-s", "\(place):force", "-D", raw],
      ["-s", place, "-D", raw],
      ["flash", "--address", place, raw],
      ["flash", "--force", "--address", place, raw],
      ["option-bytes", "restore", "--yes", "--force", raw],
    ]
    for file in files {
      paths.append(["flash", file])
      paths.append(["flash", "--force", "-a", "1", file])
      paths.append(["-D", file])
      paths.append(["option-bytes", "restore", "--yes", "--force", file])
    }
    for arguments in paths {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status != 0, "\(arguments)")
      #expect(try stored() == before, "\(arguments)")
      #expect(try bench.board { $0.protectionLevel } == 0, "\(arguments)")
    }
  }
}
