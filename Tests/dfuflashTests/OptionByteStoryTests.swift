import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Option bytes and readout protection through the program: what no path may
/// do, and what a power cut may leave behind.
@Suite struct OptionByteStoryTests {
  // MARK: Power cuts

  /// A bench whose only board loses its power at one transfer.
  private func bench(
    _ kind: String, cutAt nth: Int, late: Bool, protects: Bool
  ) throws -> TestBenchFile {
    try TestBenchFile([
      (
        kind,
        """
        "quirks": {"interruptedOptionWriteProtects": \(protects)},
        "faults": [{"effect": "powerCut", "nth": \(nth), "of": "any",
          "back": 1, "afterEffect": \(late)}]
        """
      )
    ])
  }

  /// The power fails at the first transfer, the second, and so on until the
  /// command is done before it can: the chip is at level 0 or 1, as its kind
  /// has it, and the program says what became of the option bytes.
  @Test(arguments: [true, false])
  func aPowerCutAtAnyTransferIsTold(protects: Bool) throws {
    var isDone = false
    var levels: Set<Int> = []
    for nth in 1...80 where !isDone {
      let bench = try bench(
        "l412", cutAt: nth, late: true, protects: protects)
      let run = try Program.run(
        ["option-bytes", "set", "--yes", "nBOOT0=0"], bench: bench)
      isDone = run.status == 0 && run.text.contains("read back")
      let place = "transfer \(nth): \(run.text)\(run.errors)"
      try check(run, bench, protects, place, &levels)
    }
    #expect(isDone)
    #expect(levels == (protects ? [0, 1] : [0]))
  }

  @Test func aPowerCutWhileRestoringIsTold() throws {
    let source = try TestBenchFile("l412")
    let file = source.folder.path("options.dfu")
    #expect(
      try Program.run(
        ["option-bytes", "set", "--yes", "nRST_STOP=0"], bench: source
      ).status == 0)
    #expect(
      try Program.run(["option-bytes", "backup", file], bench: source).status
        == 0)
    var isDone = false
    var levels: Set<Int> = []
    // Before the twelfth it only looks at the board, as above.
    for nth in 12...80 where !isDone {
      let bench = try bench("l412", cutAt: nth, late: true, protects: true)
      let run = try Program.run(
        ["option-bytes", "restore", "--yes", file], bench: bench)
      isDone = run.status == 0 && run.text.contains("read back")
      try check(
        run, bench, true, "transfer \(nth): \(run.text)\(run.errors)", &levels)
    }
    #expect(isDone)
    #expect(levels == [0, 1])
  }

  private func check(
    _ run: Program.Run, _ bench: TestBenchFile, _ protects: Bool,
    _ place: String, _ levels: inout Set<Int>
  ) throws {
    let level = try bench.board { $0.protectionLevel }
    levels.insert(level)
    #expect(level == 0 || (protects && level == 1), "\(place)")
    if level == 1 {
      #expect(run.status == 74, "\(place)")
      #expect(run.errors.contains("readout protection at level 1"), "\(place)")
      #expect(run.errors.contains("unprotect"), "\(place)")
      return
    }
    guard run.status != 0 else { return }
    // Whatever was begun is told; before that nothing is claimed.
    guard run.text.contains("->"), run.errors.contains("it is back") else {
      return #expect(!run.text.contains("ritten"), "\(place)")
    }
    let bytes = try #require(try bench.memory(4, at: 0x1FFF_7800))
    let isNew = bytes != [0xAA, 0xF8, 0xEF, 0xFF]
    #expect(
      run.errors.contains(isNew ? "as wanted" : "as they were"), "\(place)")
  }

  // MARK: Level 2

  /// Where a kind of board has the byte of its readout protection.
  struct Place: CustomStringConvertible, Sendable {
    var kind: String
    var window: UInt32
    var length: Int
    /// Offset of the byte in the window.
    var byte: Int
    var description: String { kind }

    init(_ kind: String, _ window: UInt32, _ length: Int, _ byte: Int) {
      self.kind = kind
      self.window = window
      self.length = length
      self.byte = byte
    }

    /// Every format for one kind of complement each; the others take one.
    var isFirst: Bool { ["f401", "l412"].contains(kind) }

    /// Offset of the byte's complement, where the layout has one.
    var complement: Int? {
      switch kind.prefix(2) {
      case "f0", "f3": byte + 1
      case "f4", "f7", "l1": byte + 2
      case "c0", "g4", "l4", "wb": byte + 4
      default: nil
      }
    }

    /// Sets the byte, and with it what the layout has beside it: a complement
    /// or a second half.
    func setProtection(_ value: UInt8, in bytes: inout [UInt8]) {
      bytes[byte] = value
      if kind.hasPrefix("h7") { bytes[byte + 4] = value }
      if let complement { bytes[complement] = ~value }
    }
  }

  static let places = [
    Place("f042", 0x1FFF_F800, 16, 0), Place("f303", 0x1FFF_F800, 16, 0),
    Place("f401", 0x1FFF_C000, 16, 1), Place("f429", 0x1FFF_C000, 16, 1),
    Place("f722", 0x1FFF_0000, 32, 1), Place("f767", 0x1FFF_0000, 32, 1),
    Place("l152", 0x1FF8_0000, 32, 0), Place("l412", 0x1FFF_7800, 40, 0),
    Place("l476", 0x1FFF_7800, 40, 0), Place("l496", 0x1FFF_7800, 40, 0),
    Place("l552", 0x4002_2040, 48, 0), Place("g431", 0x1FFF_7800, 40, 0),
    Place("g474", 0x1FFF_7800, 48, 0), Place("wb55", 0x1FFF_8000, 40, 0),
    Place("c071", 0x1FFF_7800, 40, 0), Place("u073", 0x4002_2020, 16, 0),
    Place("u585", 0x4002_2040, 48, 0), Place("h723", 0x5200_201C, 88, 1),
    Place("h7a3", 0x5200_201C, 128, 1),
  ]

  /// With the right complements or without, with other bytes or alone, in
  /// every format and by every verb: no chip is locked.
  @Test(arguments: places)
  func noPathLocksAChip(place: Place) throws {
    let bench = try TestBenchFile(place.kind)
    var bytes = try #require(
      try bench.memory(place.length, at: place.window))
    place.setProtection(0xCC, in: &bytes)
    var paths = try paths(
      of: bytes, to: place, in: bench.folder, forced: true,
      all: place.isFirst)
    paths.append(["option-bytes", "set", "--yes", "--force", "RDP=0xCC"])
    try checkNothingIsWritten(paths, place, bench)
  }

  /// Every way in which bytes can reach a chip's option bytes: each verb, raw
  /// and in every format.
  ///
  /// - Parameters:
  ///   - forced: whether `--force` is given where there is such an option.
  ///   - all: every format by every verb, not just one.
  private func paths(
    of bytes: [UInt8], to place: Place, in folder: Folder, forced: Bool,
    all: Bool
  ) throws -> [[String]] {
    let address = "0x" + String(place.window, radix: 16)
    let single = "0x" + String(place.window + UInt32(place.byte), radix: 16)
    let image = try FirmwareImage(bytes, at: place.window)
    let raw = try folder.file("o.bin", bytes)
    let hex = image.intelHex()
    let files = [
      try folder.file("o.hex", hex),
      try folder.file("o.srec", image.sRecord()),
      try folder.file("o.uf2", image.uf2(family: nil)),
      try folder.file("o.hex.gz", gzip(hex)),
      try folder.file("o.zip", zip(hex, named: "o.hex")),
      try folder.file(
        "o.dfu",
        FirmwareFile.dfuse(
          [FirmwareTarget(alternate: 1, name: nil, image: image)],
          suffix: DFUSuffix(vendor: 0x0483, product: 0xDF11))),
    ]
    let map = try folder.file("map.csv", Array("path=1-1,o.hex\n".utf8))
    let force = forced ? ["--force"] : []
    var paths = [
      ["option-bytes", "restore", "--yes"] + force + [raw],
      ["-a", "1", "-s", "\(address):will-reset", "-D", raw],
      ["-a", "1", "-s", "\(address):unprotect", "-D", raw],
      ["-a", "1", "-s", "\(address):relaunch", "-D", raw],
      ["flash", "--relaunch"] + force + ["--address", address, raw],
      ["flash", "--map", map], ["flash", "--all"] + force + [files[0]],
      ["station", "--count", "1", files[0]],
      ["station", "--count", "1", "--address", address, raw],
    ]
    if forced {
      paths += [
        ["-a", "1", "-s", "\(address):force:unprotect", "-D", raw],
        // The one byte alone, in the middle of the window.
        [
          "-a", "1", "-s", "\(single):will-reset", "-D",
          try folder.file("one.bin", [bytes[place.byte], 0x33, 0xFF, 0xFF]),
        ],
      ]
    }
    for file in all ? files : [files[files.count - 1]] {
      paths.append(["flash"] + force + [file])
      paths.append(["-a", "1", "-D", file])
      paths.append(["option-bytes", "restore", "--yes"] + force + [file])
      if all { paths.append(["station", "--count", "1", file]) }
    }
    return paths
  }

  private func checkNothingIsWritten(
    _ paths: [[String]], _ place: Place, _ bench: TestBenchFile
  ) throws {
    func stored() throws -> [UInt8]? {
      try bench.memory(place.length, at: place.window)
    }
    let before = try #require(try stored())
    for arguments in paths {
      let run = try Program.run(arguments, bench: bench)
      // A station itself has not failed when a board has.
      let failed =
        arguments[0] == "station"
        ? (run.text + run.errors).contains("FAIL") : run.status != 0
      #expect(failed, "\(arguments) \(run.text)")
      #expect(try stored() == before, "\(arguments) \(run.errors)")
      #expect(try bench.board { $0.protectionLevel } == 0, "\(arguments)")
    }
  }

  /// Protection that would go up is refused on every path, too, unless it is
  /// forced.
  @Test(arguments: places)
  func noPathRaisesProtectionUnforced(place: Place) throws {
    let bench = try TestBenchFile(place.kind)
    var bytes = try #require(
      try bench.memory(place.length, at: place.window))
    place.setProtection(0xBB, in: &bytes)
    var paths = try paths(
      of: bytes, to: place, in: bench.folder, forced: false,
      all: place.isFirst)
    paths.append(["option-bytes", "set", "--yes", "RDP=0xBB"])
    try checkNothingIsWritten(paths, place, bench)
  }

  /// So is a byte that is not the complement of its partner.
  @Test(arguments: places.filter { $0.complement != nil })
  func noPathWritesAWrongComplementUnforced(place: Place) throws {
    let bench = try TestBenchFile(place.kind)
    var bytes = try #require(
      try bench.memory(place.length, at: place.window))
    bytes[try #require(place.complement)] ^= 0x01
    try checkNothingIsWritten(
      paths(
        of: bytes, to: place, in: bench.folder, forced: false,
        all: place.isFirst), place, bench)
  }

  // MARK: Families

  /// A field of each layout: set, read back, put back.
  @Test(arguments: [
    ("f107", "nRST_STOP=0"), ("f429", "BOR_LEV=2"), ("f767", "nRST_STOP=0"),
    ("l152", "nRST_STOP=0"), ("l476", "nRST_STOP=0"), ("l496", "nRST_STOP=0"),
    ("l552", "nRST_STOP=0"), ("g431", "nRST_STOP=0"), ("h723", "IWDG1_SW=0"),
    ("h7a3", "IWDG1_SW=0"),
  ])
  func aFieldOfEachFamilyIsSetAndPutBack(kind: String, wanted: String) throws {
    let bench = try TestBenchFile(kind)
    var chip: [String] = []
    if kind == "l476" { chip = ["--chip", "L47x"] }
    func show() throws -> [String] {
      try Program.run(["option-bytes", "show"] + chip, bench: bench).lines
    }
    let before = try show()
    let backup = bench.folder.path("options.dfu")
    #expect(
      try Program.run(["option-bytes", "backup", backup], bench: bench).status
        == 0)
    let set = try Program.run(
      ["option-bytes", "set", "--yes", wanted] + chip, bench: bench)
    #expect(set.status == 0, "\(set.errors)")
    #expect(set.text.contains("written and read back"))
    #expect(try show() != before)
    let restored = try Program.run(
      ["option-bytes", "restore", "--yes", backup] + chip, bench: bench)
    #expect(restored.status == 0, "\(restored.errors)")
    #expect(try show() == before)
    #expect(try bench.board { $0.violations }.isEmpty)
  }

  // MARK: Readout protection

  /// Protected, in each way a bootloader shows it: no verb claims success.
  @Test(arguments: [
    ("f042", "error"), ("f303", "ignoresWrites"), ("f429", "errorOnAddressToo"),
    ("f722", "ignoresWrites"), ("l072", "error"), ("l412", "ignoresWrites"),
    ("l496", "errorOnAddressToo"), ("g431", "ignoresWrites"),
    ("h743", "error"), ("u585", "ignoresWrites"),
  ])
  func aProtectedChipIsNeverSaidToBeFlashed(
    kind: String, symptom: String
  ) throws {
    let bench = try TestBenchFile([
      (kind, #""protection": 1, "quirks": {"protection": "\#(symptom)"}"#)
    ])
    let file = try bench.folder.file("fw.bin", program(3000))
    for arguments in [
      ["flash", file], ["flash", "--no-verify", "--full", file],
      ["flash", "--relaunch", file], ["flash", "--all", file],
      ["-a", "0", "-s", "0x08000000:leave", "-D", file],
      ["-a", "0", "-s", "0x08000000:mass-erase:force", "-D", file],
    ] {
      let run = try Program.run(arguments, bench: bench)
      #expect(run.status != 0, "\(arguments)")
      #expect(
        (run.text + run.errors).contains("readout protection"),
        "\(arguments) \(run.errors)")
    }
    let lifted = try Program.run(["unprotect", "--yes"], bench: bench)
    #expect(lifted.status == 0, "\(lifted.errors)")
    #expect(try bench.board { $0.protectionLevel } == 0)
    let run = try Program.run(["flash", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.memory(3000) == program(3000))
  }

  /// STM32WB55, bootloader 13.5: unprotected only after a power cycle.
  @Test func aChipThatStaysProtectedUntilItsPowerIsCutIsSaidSo() throws {
    let bench = try TestBenchFile("wb55")
    try bench.board { $0.setProtection(level: 1) }
    let run = try Program.run(["unprotect", "--yes"], bench: bench)
    #expect(run.status == 74)
    #expect(run.errors.contains("power-cycle"), "\(run.errors)")
    try bench.board {
      $0.powerCycle()
      $0.clock.sleep(for: .seconds(5))
    }
    let file = try bench.folder.file("fw.bin", program(3000))
    let again = try Program.run(["flash", file], bench: bench)
    #expect(again.status == 0, "\(again.errors)")
  }

  // MARK: The chip that was blank

  @Test(arguments: ["l412", "l432", "l496"])
  func relaunchCuresAVirginChip(kind: String) throws {
    let bench = try TestBenchFile(kind)
    try bench.board {
      $0.boot0 = false
      $0.powerCycle()
      $0.clock.sleep(for: .seconds(5))
    }
    #expect(try bench.board { $0.mode } == .dfu)
    let run = try Program.run(
      ["flash", "--relaunch", try bench.folder.file("fw.bin", program(3000))],
      bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    let mode = try bench.board {
      $0.pressReset()
      $0.clock.sleep(for: .seconds(5))
      return $0.mode
    }
    #expect(mode == .application)
  }
}

// MARK: - Packed files

/// A gzip file whose one block is stored as it is.
private func gzip(_ bytes: [UInt8]) -> [UInt8] {
  let length = bytes.count
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + little(length, 2)
    + little(~length, 2) + bytes + little(Int(crc32(bytes)), 4)
    + little(length, 4)
}

/// A zip archive with one member, stored as it is.
private func zip(_ bytes: [UInt8], named name: String) -> [UInt8] {
  let facts =
    [UInt8](repeating: 0, count: 8) + little(Int(crc32(bytes)), 4)
    + little(bytes.count, 4) + little(bytes.count, 4)
    + little(name.utf8.count, 2) + [0, 0]
  let member = [0x50, 0x4B, 3, 4, 20, 0] + facts + Array(name.utf8) + bytes
  let entry =
    [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + facts
    + [UInt8](repeating: 0, count: 14) + Array(name.utf8)
  return member + entry + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
    + little(entry.count, 4) + little(member.count, 4) + [0, 0]
}

private func little(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~UInt32(0)) { sum, byte in
    (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
      sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0)
    }
  }
}
