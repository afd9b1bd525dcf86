import DFUCore
import Testing

@Suite struct FirmwareFileTests {
  @Test func bytesInNoFormatAreRaw() throws {
    let bytes: [UInt8] = [0x00, 0x00, 0x02, 0x20, 0x01, 0x01, 0x00, 0x08]
    let file = try FirmwareFile(reading: bytes)
    #expect(file.format == .raw)
    #expect(file.raw == bytes)
    #expect(file.targets == [])
    #expect(file.warnings == [])
    #expect(
      try file.image(at: 0x0800_0000).segments
        == [.init(address: 0x0800_0000, bytes: bytes)])
    #expect(throws: FirmwareError.self) { try file.image(at: 0xFFFF_FFFC) }
  }

  @Test func anEmptyFileIsRefusedInEveryFormat() {
    #expect(throws: FirmwareError(.empty)) { try FirmwareFile(reading: []) }
    for format in FirmwareFormat.allCases {
      #expect(throws: FirmwareError(.empty)) {
        try FirmwareFile(reading: [], format: format)
      }
    }
  }

  @Test func textIsRefusedUnlessItIsToBeRaw() throws {
    let page = Array("<!DOCTYPE html>\n<html>Not found</html>".utf8)
    #expect(throws: FirmwareError(.plainText)) {
      try FirmwareFile(reading: page)
    }
    #expect(try FirmwareFile(reading: page, format: .raw).raw == page)
  }

  @Test func formatsAreToldByContent() throws {
    func format(_ bytes: [UInt8]) throws -> FirmwareFormat {
      try FirmwareFormat(of: bytes)
    }
    #expect(try format(Array(":00000001FF\n".utf8)) == .intelHex)
    #expect(try format(Array("\u{FEFF}\r\n :020000".utf8)) == .intelHex)
    #expect(try format(Array("S00600004844521B\n".utf8)) == .sRecord)
    #expect(try format([0x7F, 0x45, 0x4C, 0x46, 1, 1]) == .elf)
    #expect(
      try format([0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E]) == .uf2)
    #expect(try format(Array("DfuSe\u{1}".utf8)) == .dfuse)
    #expect(try format(DFUSuffix().appended(to: [0])) == .dfu)
    #expect(try format([0xFF, 0x46]) == .raw)
  }

  private static let noise: [UInt8] = [0x00, 0x00, 0x02, 0x20, 0x09, 0, 0, 8]

  /// What could be anything is not taken for what its name does not say.
  @Test(arguments: [
    ("fw.hex", Array(":10".utf8), "an Intel HEX file"),
    ("FW.HEX", noise, "an Intel HEX file"), ("a.s19", noise, "an S-record"),
    ("a.srec", Array("S1".utf8), "an S-record"), ("a.elf", noise, "an ELF"),
    ("a.axf", [0x7F, 0x45, 0x4C, 0x47, 1, 1], "an ELF"),
    ("a.uf2", [0x55, 0x46, 0x33, 0x0A], "a UF2"),
    ("a.dfu", noise, "DFU suffix"),
    ("a.zip", noise, "a zip archive"), ("a.gz", noise, "a gzip file"),
    ("a.hex", DFUSuffix().appended(to: noise), "an Intel HEX file"),
  ])
  func aFileThatIsNotWhatItsNameSaysIsRefused(
    name: String, bytes: [UInt8], title: String
  ) throws {
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: bytes, name: name)
    }
    guard case .notAsNamed(let named, let found)? = error?.kind else {
      Issue.record("\(error as Any)")
      return
    }
    #expect(named.contains(title))
    #expect(found.contains("\(bytes.count) bytes of no known format"))
    #expect(
      try FirmwareFile(reading: bytes, format: .raw, name: name).raw == bytes)
  }

  @Test func namesThatFitOrSayNothingAreTaken() throws {
    let hex = Array(":0100000000FF\n:00000001FF\n".utf8)
    let suffixed = DFUSuffix().appended(to: Self.noise)
    for (name, bytes, format) in [
      ("fw.bin", Self.noise, .raw), ("fw", Self.noise, .raw),
      ("fw.v1.2", Self.noise, .raw), ("a.dfu", suffixed, .dfu),
      // Known by its content, whatever it is called.
      ("fw.bin", hex, .intelHex), ("fw.s19", hex, .intelHex),
    ] as [(String, [UInt8], FirmwareFormat)] {
      #expect(try FirmwareFile(reading: bytes, name: name).format == format)
    }
    // As dfu-util has it.
    #expect(
      try FirmwareFile(reading: Self.noise, name: "a.dfu", suffixMayMiss: true)
        .format == .raw)
    #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: Self.noise, name: "a.hex", suffixMayMiss: true)
    }
  }

  /// PowerShell's redirection writes it.
  @Test(arguments: [true, false]) func wideTextIsNoFirmware(isLittle: Bool) {
    let bytes = ([0xFEFF] + ":00000001FF\r\n".utf16).flatMap {
      isLittle
        ? [UInt8($0 & 0xFF), UInt8($0 >> 8)]
        : [UInt8($0 >> 8), UInt8($0 & 0xFF)]
    }
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: bytes)
    }
    #expect(error?.description.contains("UTF-16") == true)
  }

  @Test(arguments: [
    (Array("BZh91AY&SY".utf8), "a bzip2 file"),
    (
      [UInt8](repeating: 0x61, count: 257) + Array("ustar\u{0}00".utf8),
      "a tar archive"
    ),
    ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "a PNG picture"),
    (Array("%PDF-1.7\n".utf8), "a PDF document"),
  ])
  func whatIsNoFirmwareIsNamed(bytes: [UInt8], name: String) {
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: bytes, name: "fw.bin")
    }
    #expect(error?.description.contains("this is \(name)") == true)
  }

  @Test func anotherPackersFileIsNamed() {
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0])
    }
    #expect(error?.description == "this is an xz file; unpack it first")
  }
}
