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

  @Test func anotherPackersFileIsNamed() {
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0])
    }
    #expect(error?.description == "this is an xz file; unpack it first")
  }
}
