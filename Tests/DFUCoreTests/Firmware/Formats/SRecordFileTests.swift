import DFUCore
import Testing

@Suite struct SRecordFileTests {
  func read(_ text: String) throws(FirmwareError) -> FirmwareFile {
    try FirmwareFile(reading: Array(text.utf8), format: .sRecord)
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
      S00600004844521B
      S10500100102E7
      S2060100000304F1
      S307080000000506E5
      S5030003F9
      S604000003F8
      S70508000131C0
      """)
    #expect(file.header == "HDR")
    #expect(file.entryPoint == 0x0800_0131)
    #expect(file.warnings == [])
    #expect(
      try file.image().segments == [
        .init(address: 0x10, bytes: [1, 2]),
        .init(address: 0x1_0000, bytes: [3, 4]),
        .init(address: 0x0800_0000, bytes: [5, 6]),
      ])
    #expect(try read("S10500100102E7\nS804010000FA").entryPoint == 0x1_0000)
    #expect(try read("S10500100102E7\nS9030010EC").entryPoint == 0x10)
    #expect(try read("S10500100102E7\nS9030000FC").entryPoint == nil)
  }

  @Test func aMissingEndIsAWarning() throws {
    #expect(try read("S10500100102E7\n").warnings == [.endMissing])
  }

  @Test(
    arguments: [
      // A wrong count, S4, after the end, a wrong checksum, short, long,
      // without address, no record, no digit.
      ("S10500100102E7\nS5030004F8\n", 2), ("S404000000FB", 1),
      ("S10500100102E7\nS9030000FC\nS10500100102E7\n", 3),
      ("S10500100102E8", 1), ("S105001001", 1), ("S10500100102E700", 1),
      ("S102000FEE", 1), ("X", 1), ("S", 1), ("S1", 1), ("S1050010010GE7", 1),
      ("S307FFFFFFFF0102F9", 1),
    ] as [(String, Int)])
  func whatBreaksTheRulesIsRefusedWithItsLine(text: String, line: Int) {
    #expect(error(text)?.place == .line(line))
  }

  @Test func damageIsReportedBeforeAnAddressThatWraps() {
    #expect(
      error("S307FFFFFFFF0102F8")
        == FirmwareError(.checksum(stored: 0xF8, computed: 0xF9), at: .line(1)))
    #expect(
      error("S307FFFFFFFF0102F9")?.kind
        == .addressWraps(address: 0xFFFF_FFFF, count: 2))
  }

  @Test func overlapsNameBothLines() {
    #expect(
      error("S10500100102E7\nS104001107E3\n")
        == FirmwareError(
          .overlap(address: 0x11, earlier: .line(1)), at: .line(2)))
  }

  @Test func theShortestAddressesThatSufficeAreWritten() throws {
    func text(at address: UInt32, entryPoint: UInt32? = nil) throws -> String {
      let image = try FirmwareImage([1, 2], at: address)
      return String(
        decoding: image.sRecord(header: "HDR", entryPoint: entryPoint),
        as: UTF8.self)
    }
    #expect(
      try text(at: 0x10)
        == "S00600004844521B\nS10500100102E7\nS5030001FB\nS9030000FC\n")
    #expect(try text(at: 0xFFFE).contains("S1"))
    #expect(try text(at: 0xFFFF).contains("S2"))
    #expect(try text(at: 0xFF_FFFF).contains("S3"))
    #expect(
      try text(at: 0x10, entryPoint: 0x0800_0131)
        .hasSuffix("S70508000131C0\n"))
  }
}
