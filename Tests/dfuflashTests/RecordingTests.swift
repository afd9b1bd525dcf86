import Foundation
import TestSupport
import Testing

/// The program on boards that answer as they were recorded: what somebody saw
/// with hardware stays as it was.
@Suite struct RecordingTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Recordings").path

  /// What is done with a recorded board, and all that is said of it.
  struct Story: Sendable, CustomTestStringConvertible {
    var name: String
    var arguments: [String]
    /// Length and seed of the firmware, if one is written.
    var firmware: (Int, UInt64)?
    var text: String

    var testDescription: String { name }

    init(
      _ name: String, _ arguments: String,
      firmware: (Int, UInt64)? = nil, _ text: String
    ) {
      self.name = name
      self.arguments = arguments.split(separator: "|").map(String.init)
      self.firmware = firmware
      self.text = text + "\n"
    }

    /// A download to a device of plain DFU.
    static func plain(
      _ name: String, _ arguments: String, _ firmware: (Int, UInt64),
      board: String
    ) -> Story {
      Story(
        name, arguments, firmware: firmware,
        """
        Download done.
        Board \(board): written.
        File downloaded successfully
        """)
    }

    /// A flash that erases.
    static func flash(
      _ name: String, _ length: Int, serial: String, _ result: String
    ) -> Story {
      Story(
        name, "flash|FILE", firmware: (length, 2),
        """
        Compare done.
        Erase done.
        Download done.
        Verify done.
        Board 1-1 (serial \(serial)): \(result), 0 kept.
        Left DFU mode: the board is off the bus.
        """)
    }
  }

  static let stories: [Story] = [
    .plain(
      "stm32mp15-fsbl", "-w|-a|FSBL|-D|FILE", (2500, 3),
      board: "1-1 (serial 003800000000000012345678)"),
    .plain(
      "stm32mp15-uboot", "-w|-a|u-boot.itb|-D|FILE", (9000, 4), board: "1-1"),
    Story("stm32mp15-detach", "-e", "Detached."),
    .plain(
      "stm32mp25-fsbl", "-w|-a|@FSBL /0x01/1*256Ke|-D|FILE|-R", (1500, 5),
      board: "1-1 (serial 002800000000000012345678)"),
    .plain(
      "stm32mp25-ddr", "-w|-a|DDR FIP|-D|FILE|-R", (1500, 6),
      board: "1-1 (serial 002800000000000012345678)"),
    .plain(
      "stm32mp25-fip", "-w|-a|@FIP|-D|FILE|-R", (1500, 7),
      board: "1-1 (serial 002800000000000012345678)"),
    .plain(
      "stm32n6-fsbl", "-a|FSBL|-D|FILE|-R", (2048, 8),
      board: "1-1 (serial 002800000000000012345678)"),
    .flash(
      "f405-flash", 3000, serial: "207E32823141",
      "4096 bytes written and verified, 1 sector erased"),
    .flash(
      "gd32vf103-flash", 2120, serial: "3CBJ",
      "3072 bytes written and verified, 3 sectors erased"),
    .flash(
      "l433-flash", 3000, serial: "207E32823141",
      "4096 bytes written and verified, 2 sectors erased"),
    Story(
      "u083-listing", "list",
      """
      1-2  0483:df11  DFU mode  DFU in FS Mode
        serial   205630584E43
        chip     STM32U073, U083
        alt 0    Internal Flash  (256 KiB)
          0x08000000   128 ×    2 KiB  readable erasable writable
        alt 1    OB Bytes  (136 B)
          0x40022020     1 ×    136 B  readable writable
        alt 2    OTP Memory  (1 KiB)
          0x1FFF6800     1 ×    1 KiB  readable writable
        alt 3    ENGI Bytes  (1 KiB)
          0x1FFF6C00     1 ×    1 KiB  readable writable
      """),
    Story(
      "f429-listing", "-l|-a|3",
      """
      Found DFU: [0483:df11] ver=2200, devnum=10, cfg=1, intf=0, \
      path="1-4.1", alt=3, name="@Device Feature/0xFFFF0000/01*004 e", \
      serial="336C34623137"
      """),
  ]

  private static func path(_ name: String) -> String {
    "\(folder)/\(name).jsonl"
  }

  private func lines(_ path: String) throws -> [Substring] {
    try String(decoding: Folder.bytes(path), as: UTF8.self)
      .split(separator: "\n")
  }

  /// Runs the program on a recording.
  private func run(
    _ arguments: [String], on recording: String
  ) throws -> Program.Run {
    try Program.run(arguments, environment: ["DFUFLASH_BENCH": recording])
  }

  // MARK: What is kept

  @Test func everyRecordingHasItsStoryAndItsSource() throws {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: Self.folder
    ).filter { $0.hasSuffix(".jsonl") }.map { String($0.dropLast(6)) }
    #expect(Set(names) == Set(Self.stories.map(\.name)))
    for name in names {
      let first = try #require(try lines(Self.path(name)).first)
      #expect(first.hasPrefix(#"{"event":"note","text":"re"#), "\(name)")
    }
  }

  @Test(arguments: stories)
  func theProgramDoesWhatWasRecordedAndNothingElse(_ story: Story) throws {
    let folder = try Folder()
    let file = try story.firmware.map { length, seed in
      try folder.file("fw.bin", program(length, seed: seed))
    }
    let run = try run(
      story.arguments.map { $0 == "FILE" ? file ?? "" : $0 },
      on: Self.path(story.name))
    #expect(run.status == 0)
    #expect(run.text == story.text)
    // Neither a departure nor anything left over.
    #expect(run.errors == "")
  }

  // MARK: Any board can be recorded

  @Test(arguments: [
    ("f405", "flash"), ("f072", "flash"), ("l412", "flash"),
    ("gd32vf103", "flash"), ("g0b1", "flash"), ("f107", "flash"),
    ("plain11", "-a 0 -D"), ("dapboot", "-D"), ("tinyusb", "-a 1 -D"),
    ("maple", "-a 1 -D"), ("xmos", "-d 20b1:0002,20b1:0003 -D"),
    ("mp25", "-w -a FSBL -R -D"), ("uboot", "-a kernel -D"),
  ])
  func aRunOnARecordedBoardIsTheRunThatWasRecorded(
    _ kind: String, _ arguments: String
  ) throws {
    let bench = try TestBenchFile(kind)
    let file = try bench.folder.file("fw.bin", program(3000))
    let trace = bench.folder.path("trace.jsonl")
    let words = arguments.split(separator: " ").map(String.init) + [file]
    let first = try Program.run(
      words + ["--trace", trace, "--stats"], bench: bench)
    #expect(first.status == 0, "\(first.errors)")
    let again = try run(words + ["--stats"], on: trace)
    #expect(again.status == first.status)
    #expect(again.text == first.text)
    // With the same transfers, in the same time.
    #expect(again.errors == first.errors)
  }

  // MARK: Departures

  @Test func aDepartureIsNamedWithItsTransfer() throws {
    let folder = try Folder()
    var bytes = program(3000, seed: 2)
    bytes[2500] ^= 1
    let file = try folder.file("fw.bin", bytes)
    let recording = Self.path("f405-flash")
    let run = try run(["flash", file], on: recording)
    #expect(run.status == 74)
    // The second block, whose number is that of its line without
    // the notes and the device.
    let number = try #require(
      try lines(recording).firstIndex {
        $0.contains(#""request":"DNLOAD""#) && $0.contains(#""length":2048"#)
      })
    #expect(
      run.errors.contains(
        "the program departs from the recording: transfer \(number - 2) with "
          + "board 1-1 (line \(number + 1)): the recording has DNLOAD"),
      "\(run.errors)")
    #expect(run.errors.contains("other from byte"), "\(run.errors)")
  }

  @Test func aRecordingThatIsCutOffEndsWhereItIsCut() throws {
    let folder = try Folder()
    let file = try folder.file("fw.bin", program(3000, seed: 2))
    let all = try lines(Self.path("f405-flash"))
    let cut = try folder.file(
      "cut.jsonl",
      Array(all.prefix(30).joined(separator: "\n").utf8) + [0x0A])
    let run = try run(["flash", file], on: cut)
    #expect(run.status == 74)
    #expect(
      run.errors.contains(
        "transfer 28 with board 1-1: the recording has its end, and there was"),
      "\(run.errors)")
  }

  @Test func whatWasRecordedAndNotDoneIsSaid() throws {
    let run = try run(["list"], on: Self.path("f405-flash"))
    #expect(run.status == 0)
    #expect(
      run.errors == """
        note: the recording of board 1-1 goes on with transfer 9, \
        SET_INTERFACE 0 alt=0

        """)
  }

  // MARK: simulate --replay, and files that are none

  @Test func aRecordingIsShown() throws {
    let path = Self.path("stm32mp15-fsbl")
    let run = try Program.run(["simulate", "--replay", path])
    #expect(run.status == 0)
    #expect(run.lines.first == "Recording \"\(path)\":")
    #expect(run.text.contains("  reconstructed from a public transcript: DH "))
    #expect(run.text.contains("\n  1-1  25 transfers\n"), "\(run.text)")
    #expect(run.lines.last == "Use it: export DFUFLASH_BENCH=\(path)")
  }

  @Test func whatIsNoRecordingIsRefused() throws {
    let bench = try TestBenchFile("f405")
    let run = try Program.run(["simulate", "--replay", bench.file])
    #expect(run.status == 66)
    #expect(run.errors.contains("is no recording"))
    let broken = try bench.folder.file(
      "broken.jsonl", Array(#"{"event":"left","board":"1-1""#.utf8))
    let second = try Program.run(["list", "--bench", broken])
    #expect(second.status == 65, "\(second.errors)")
    let early = try bench.folder.file(
      "early.jsonl", Array(#"{"event":"left","board":"1-1","time":1}"#.utf8))
    let third = try Program.run(["list", "--bench", early])
    #expect(third.status == 65)
    #expect(third.errors.contains("line 1: "), "\(third.errors)")
  }
}
