import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Known troubles of bootloaders that only a refusal, a warning or a note can
/// answer, through the program.
@Suite struct ErratumStoryTests {
  /// A bench with one board whose bootloader has this version.
  private func bench(
    _ kind: String, _ version: (place: String, byte: UInt8)? = nil
  ) throws -> TestBenchFile {
    try TestBenchFile([
      (
        kind,
        version.map {
          #""quirks": {"romBytes": {"\#($0.place)": \#($0.byte)}}"#
        } ?? ""
      )
    ])
  }

  /// What one command on one board must say, or must not.
  struct Story: CustomStringConvertible, Sendable {
    var kind: String
    /// Where the version of the bootloader stands, and what it is.
    var version: (place: String, byte: UInt8)?
    var arguments: [String]
    var status: Int32
    /// What is said; `nil`: `silent` is not.
    var says: String?
    var silent: String?

    init(
      _ kind: String, _ place: String, _ byte: UInt8, _ arguments: [String],
      _ status: Int32, says: String? = nil, silent: String? = nil
    ) {
      self.init(kind, arguments, status, says: says, silent: silent)
      version = (place, byte)
    }

    init(
      _ kind: String, _ arguments: [String], _ status: Int32,
      says: String? = nil, silent: String? = nil
    ) {
      self.kind = kind
      self.arguments = arguments
      self.status = status
      self.says = says
      self.silent = silent
    }

    var description: String {
      "\(kind) \(version.map { "\($0.byte)" } ?? "") \(arguments)"
    }
  }

  private static let set = ["option-bytes", "set", "--yes", "--force"]
  private static let erase = ["erase", "--address", "0x08000000"]
  private static let blank = "only a power cycle brings DFU back"
  private static let code = "(PCROP) cannot be written with this bootloader"
  private static let loop = "restarts for ever"
  private static let once = "cannot be changed in one write"

  /// Each with the bootloader that has the trouble, and with one that has
  /// not.
  @Test(arguments: [
    Story(
      "l412", "0x1FFF6FFE", 0xD1, set + ["--chip", "L412", "PCROP1_STRT=1"], 64,
      says: code),
    Story("l412", "0x1FFF6FFE", 0xD1, set + ["nRST_STOP=0"], 0, silent: code),
    Story(
      "l412", "0x1FFF6FFE", 0xD2, set + ["--chip", "L412", "PCROP1_STRT=1"], 0,
      silent: code),
    Story("l432", set + ["--chip", "L432", "PCROP1_STRT=1"], 64, says: code),
    Story(
      "l496", "0x1FFF6FFE", 0x93, set + ["--chip", "L496", "PCROP1_END=1"], 64,
      says: code),
    Story(
      "u585", set + ["--chip", "U575", "RDP=0xBB", "SECWM1_PSTRT=1"], 64,
      says: once),
    Story(
      "u585", set + ["--chip", "U575", "SECWM1_PSTRT=1"], 0,
      says: "read back"),
    Story(
      "u585", "0x0BF99EFE", 0x93,
      set + ["--chip", "U575", "SECWM1_PSTRT=1", "BOR_LEV=1"], 0, silent: once),
    Story("h723", ["option-bytes", "set", "RDP=0xBB"], 64, says: loop),
    Story(
      "h723", "0x1FF1E7FE", 0x93, ["option-bytes", "set", "RDP=0xBB"], 64,
      silent: loop),
    Story("h7a3", ["option-bytes", "set", "RDP=0xBB"], 64, says: loop),
    Story("h7a3", ["option-bytes", "set", "IWDG1_SW=0"], 64, silent: loop),
    Story("g0b1", erase, 0, says: blank), Story("u073", erase, 0, says: blank),
    Story("c071", erase, 0, says: blank),
    Story("c071", ["erase", "--all"], 0, says: blank),
    Story("c071", ["-s", "0x08000000:mass-erase:force"], 0, says: blank),
    Story(
      "c071", "0x1FFF67FE", 0xD2, ["erase", "--all"], 0, silent: blank),
    Story("g474", erase, 0, silent: blank),
  ])
  func aTroubleIsToldWhereItIs(story: Story) throws {
    let bench = try bench(story.kind, story.version)
    let run = try Program.run(story.arguments, bench: bench)
    let said = run.text + run.errors
    #expect(run.status == story.status, "\(said)")
    if let part = story.says { #expect(said.contains(part), "\(said)") }
    if let part = story.silent { #expect(!said.contains(part), "\(said)") }
    #expect(try bench.board { $0.protectionLevel } == 0)
    #expect(try bench.board { $0.violations }.isEmpty)
  }

  /// The same troubles meet those who write raw bytes.
  @Test func codeProtectionIsRefusedInRawBytesToo() throws {
    let bench = try TestBenchFile("l432")
    let before = try #require(try bench.memory(40, at: 0x1FFF_7800))
    var bytes = before
    bytes[8] ^= 1
    bytes[12] ^= 1
    let file = try bench.folder.file("o.bin", bytes)
    let flash = try Program.run(
      [
        "flash", "--chip", "L432", "--force", "-a", "1", "--address",
        "0x1FFF7800", file,
      ], bench: bench)
    #expect(flash.status == 64, "\(flash.errors)")
    #expect(flash.errors.contains(Self.code), "\(flash.errors)")
    #expect(try bench.memory(40, at: 0x1FFF_7800) == before)
    let run = try Program.run(
      ["option-bytes", "restore", "--chip", "L432", "--yes", "--force", file],
      bench: bench)
    #expect(run.status == 64)
    #expect(run.errors.contains(Self.code), "\(run.errors)")
    #expect(try bench.memory(40, at: 0x1FFF_7800) == before)
    // Where it may be one of several chips it is a note.
    let told = try Program.run(
      ["-a", "1", "-s", "0x1FFF7800:force", "-D", file], bench: bench)
    #expect(told.status == 0, "\(told.errors)")
    #expect((told.text + told.errors).contains(Self.code), "\(told.errors)")
  }

  // MARK: STM32F76x, bootloader 9.3, two banks

  @Test func theSecondBankOfAnF767IsSparedUnlessAllIsErased() throws {
    let bench = try bench("f767-dual", ("0x1FF0EDBE", 0x93))
    let old = program(3000)
    let new = program(3000, seed: 2)
    let files = [
      try bench.folder.file("old.bin", old),
      try bench.folder.file("new.bin", new),
    ]
    func flash(_ file: String, _ address: String) throws -> Program.Run {
      try Program.run(
        ["flash", "--no-leave", "--address", address, file], bench: bench)
    }
    func second() throws -> [UInt8]? {
      try bench.memory(3000, at: 0x0810_0000)
    }
    // The first bank is as any other, and blank flash needs no erasing.
    for (file, address) in [
      (files[0], "0x08000000"), (files[1], "0x08000000"),
      (files[0], "0x08100000"),
    ] {
      let run = try flash(file, address)
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try second() == old)
    // What is there already is no reason to refuse.
    let same = try flash(files[0], "0x08100000")
    #expect(same.status == 0, "\(same.errors)")
    for arguments in [
      ["flash", "--no-leave", "--address", "0x08100000", files[1]],
      ["-a", "0", "-s", "0x08100000", "-D", files[1]],
      ["erase", "--address", "0x08100000"],
    ] {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status == 74, "\(arguments) \(run.errors)")
      #expect(run.errors.contains("four further"), "\(run.errors)")
      #expect(run.errors.contains(":mass-erase:force"), "\(run.errors)")
      #expect(try second() == old)
      #expect(try bench.memory(3000) == new)
    }
    let all = try Program.run(
      ["-a", "0", "-s", "0x08100000:mass-erase:force", "-D", files[1]],
      bench: bench)
    #expect(all.status == 0, "\(all.errors)")
    #expect(try second() == new)
    #expect(
      try bench.memory(3000) == [UInt8](repeating: 0xFF, count: 3000))
  }

  // MARK: STM32L5, bootloader 9.0

  @Test(arguments: [true, false])
  func anL5WithTrustZoneDoesNotLeave(hasTrouble: Bool) throws {
    let bench = try bench("l552", ("0x0BF97FFE", hasTrouble ? 0x90 : 0x91))
    let file = try bench.folder.file("fw.bin", program(3000))
    let free = try Program.run(["flash", file], bench: bench)
    #expect(free.status == 0, "\(free.errors)")
    try bench.board {
      $0.fill([0xAA, 0xF8, 0xEF, 0xFF], at: 0x4002_2040)
      $0.powerCycle()
      $0.clock.sleep(for: .seconds(5))
    }
    for arguments in [["flash", file], ["-s", "0x08000000:leave"]] {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status == (hasTrouble ? 74 : 0), "\(run.errors)")
      #expect(run.errors.contains("TrustZone") == hasTrouble, "\(run.errors)")
      if !hasTrouble {
        try bench.board {
          $0.powerCycle()
          $0.clock.sleep(for: .seconds(5))
        }
      }
    }
    #expect(try bench.memory(3000) == program(3000))
  }

  // MARK: STM32G431

  /// It shows 48 bytes and takes 40: nothing is left half written unsaid.
  @Test func theG431sLastOptionBytesAreNeverDroppedSilently() throws {
    let bench = try TestBenchFile("g431")
    let before = try #require(try bench.memory(48, at: 0x1FFF_7800))
    var bytes = before
    // nRST_STOP, and in the last eight bytes the secure area.
    bytes[1] ^= 0x10
    bytes[5] ^= 0x10
    bytes[40] ^= 0x01
    bytes[44] ^= 0x01
    let raw = try bench.folder.file("o.bin", bytes)
    for address in [
      "0x1FFF7800", "0x1FFF7800:will-reset", "0x1FFF7800:force",
    ] {
      let run = try Program.run(
        ["-a", "1", "-s", address, "-D", raw], bench: bench)
      #expect(run.status == 64, "\(run.errors)")
      #expect(run.errors.contains("only 40"), "\(run.errors)")
      #expect(run.errors.contains("option-bytes restore"), "\(run.errors)")
      #expect(try bench.memory(48, at: 0x1FFF_7800) == before)
    }
    let cut = try Program.run(
      ["option-bytes", "restore", "--yes", raw], bench: bench)
    #expect(cut.status == 0, "\(cut.errors)")
    #expect((cut.text + cut.errors).contains("last 8 of 48"), "\(cut.errors)")
    let now = try bench.memory(48, at: 0x1FFF_7800)
    #expect(now == Array(bytes[..<40] + before[40...]))
    // As many as it takes, raw.
    let fits = try Program.run(
      [
        "-a", "1", "-s", "0x1FFF7800", "-D",
        try bench.folder.file("40.bin", Array(before[..<40])),
      ], bench: bench)
    #expect(fits.status == 0, "\(fits.errors)")
    #expect(try bench.memory(48, at: 0x1FFF_7800) == before)
  }

  // MARK: Boards that do not come

  @Test(
    arguments: [
      ("F105", "13.7 s"), ("F303", "pull-up"), ("G0B0", "8, 12, 16, 32 or 48"),
      ("F072", nil),
    ] as [(String, String?)])
  func whatKeepsTheNamedChipFromBeingFoundIsTold(
    chip: String, part: String?
  ) throws {
    let bench = try TestBenchFile([])
    let file = try bench.folder.file("fw.bin", program(100))
    for arguments in [
      ["flash", "--chip", chip, file], ["option-bytes", "--chip", chip],
    ] {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status == 74, "\(run.errors)")
      if let part {
        #expect(run.errors.contains(part), "\(run.errors)")
      } else {
        #expect(!run.errors.contains("note:"), "\(run.errors)")
      }
      #expect(
        run.errors.split(separator: "\n").last?.hasPrefix("  hint: ") == true)
    }
  }

  // MARK: Chips nobody knows

  @Test func anUnknownChipsOptionBytesAreShownRawAndNotChanged() throws {
    let bench = try TestBenchFile([
      (
        "l412",
        """
        "alternates": ["@Internal Flash  /0x08000000/11*0002Kg",
          "@Option Bytes  /0x1FFF7800/01*024 e",
          "@OTP Memory /0x1FFF7000/01*0001Ke"]
        """
      )
    ])
    let before = try #require(try bench.memory(40, at: 0x1FFF_7800))
    let show = try Program.run(["option-bytes", "show"], bench: bench)
    #expect(show.status == 0, "\(show.errors)")
    #expect(show.text.contains("AA F8 EF FF"), "\(show.text)")
    #expect(!show.text.contains("nBOOT0"), "\(show.text)")
    for arguments in [
      ["set", "--yes", "nBOOT0=0"], ["set", "--yes", "--force", "RDP=level1"],
    ] {
      let run = try Program.run(["option-bytes"] + arguments, bench: bench)
      #expect(run.status == 64)
      #expect(run.errors.contains("not certain what"), "\(run.errors)")
      #expect(run.errors.contains("--chip"), "\(run.errors)")
      #expect(try bench.memory(40, at: 0x1FFF_7800) == before)
    }
  }
}
