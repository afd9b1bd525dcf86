import DFUCore
import Testing

@Suite struct IntelHexFileTests {
  func read(_ text: String) throws(FirmwareError) -> FirmwareFile {
    try FirmwareFile(reading: Array(text.utf8), format: .intelHex)
  }

  func error(_ text: String) -> FirmwareError? {
    do throws(FirmwareError) {
      _ = try read(text)
      return nil
    } catch {
      return error
    }
  }

  @Test func allRecordTypesAreRead() throws {
    let file = try read(
      """
      :020000021000EC
      :0401000001020304F1
      :020000040800F2
      :02FFFE00AABB9C
      :0400000508000131BD
      :00000001FF
      """)
    #expect(file.entryPoint == 0x0800_0131)
    #expect(
      try file.image().segments == [
        .init(address: 0x1_0100, bytes: [1, 2, 3, 4]),
        .init(address: 0x0800_FFFE, bytes: [0xAA, 0xBB]),
      ])
    #expect(
      try read(":0400000312345678E5\n:0100000001FE\n:00000001FF").entryPoint
        == 0x1_79B8)
  }

  @Test func lowerCaseBlanksAndAnyLineEndsAreRead() throws {
    let plain = try read(":01001000AB44\n:00000001FF\n")
    #expect(try plain.image()[0x10] == 0xAB)
    #expect(try read(":01001000ab44\r\n:00000001ff\r\n") == plain)
    #expect(try read(":01001000aB44\r:00000001fF") == plain)
    #expect(try read("\u{FEFF}\n\n \t:01001000AB44 \n:00000001FF\n\n") == plain)
    // Lines are counted alike with every kind of line end.
    for end in ["\n", "\r\n", "\r"] {
      #expect(error("\(end)\(end):01\(end)")?.place == .line(3))
    }
  }

  @Test func aRecordMayCrossALinear64KBoundary() throws {
    let file = try read(
      ":020000040800F2\n:04FFFE0001020304F5\n:00000001FF\n")
    #expect(
      try file.image().segments == [
        .init(address: 0x0800_FFFE, bytes: [1, 2, 3, 4])
      ])
  }

  @Test func aRecordBeyondItsSegmentIsRefused() {
    #expect(
      error(":020000021000EC\n:04FFFE0001020304F5\n:00000001FF\n")?.place
        == .line(2))
  }

  @Test func aRecordBeyondTheAddressSpaceIsRefused() {
    #expect(
      error(":02000004FFFFFC\n:04FFFE0001020304F5\n:00000001FF\n")
        == FirmwareError(
          .addressWraps(address: 0xFFFF_FFFE, count: 4), at: .line(2)))
  }

  @Test func aWrongChecksumNamesItsLineAndBothValues() {
    let found = error(":0100000001FE\n:0100010002FD\n:00000001FF\n")
    #expect(
      found
        == FirmwareError(.checksum(stored: 0xFD, computed: 0xFC), at: .line(2)))
    #expect(
      found?.description
        == "line 2: the checksum is 0xFD but the bytes give 0xFC: "
        + "the file is damaged; build or download it again")
  }

  @Test(
    arguments: [
      // No end, nothing, no colon, odd, no digit, short, long, a type that is
      // not known, an end with a byte, a base of one byte, after the end.
      (":0100000001FE\n", 2), (":", 1), ("0100000001FE\n", 1),
      (":0100000001FE0\n", 1), (":01000000G1FE\n", 1), (":0100000001\n", 1),
      (":0100000001FE00\n", 1), (":00000006FA\n", 1), (":0100000101FD\n", 1),
      (":0100000401FA\n", 1),
      (":0100000001FE\n:00000001FF\n:0100000001FE\n", 3),
      (":0100000001FE\n:00000001FF\nand more", 3),
      (":0100000001FE\n\n\n;\n", 4),
    ] as [(String, Int)])
  func whatBreaksTheRulesIsRefusedWithItsLine(text: String, line: Int) {
    #expect(error(text)?.place == .line(line))
  }

  @Test func aFileOfNothingButItsEndIsEmpty() {
    #expect(error(":00000001FF\n") == FirmwareError(.empty))
  }

  @Test func aLineWithoutEndIsRefusedSoon() {
    let long = ":" + String(repeating: "0", count: 5000)
    #expect(error(long)?.place == .line(1))
    #expect(error(String(repeating: " ", count: 5000)) != nil)
  }

  @Test func overlapsNameBothLines() {
    #expect(
      error(
        """
        :0400000001020304F2
        :0400040005060708DE
        :020000040000FA
        :0100060009F0
        :00000001FF
        """)
        == FirmwareError(
          .overlap(address: 6, earlier: .line(2)), at: .line(4)))
  }

  @Test func recordsInAnyOrderMakeOneSegment() throws {
    let file = try read(
      """
      :0400040005060708DE
      :0400000001020304F2
      :020003000405F2
      :00000001FF
      """)
    #expect(
      try file.image().segments == [
        .init(address: 0, bytes: Array(1...8))
      ])
  }

  @Test func writtenTextIsThatOfTheSpecification() throws {
    var image = try FirmwareImage([1, 2, 3, 4], at: 0x0800_FFFE)
    try image.add([0xAB], at: 0x10)
    #expect(
      String(
        decoding: image.intelHex(entryPoint: 0x0800_0131), as: UTF8.self)
          == """
          :01001000AB44
          :020000040800F2
          :02FFFE000102FE
          :020000040801F1
          :020000000304F7
          :0400000508000131BD
          :00000001FF

          """)
  }
}
