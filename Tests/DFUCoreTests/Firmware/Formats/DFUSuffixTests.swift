import DFUCore
import Testing

@Suite struct DFUSuffixTests {
  /// Written by dfu-suffix 0.11 for twelve “X”, product 4321, vendor 1234,
  /// release dead.
  let suffixed =
    [UInt8](repeating: 0x58, count: 12) + [
      0xAD, 0xDE, 0x21, 0x43, 0x34, 0x12, 0x00, 0x01, 0x55, 0x46, 0x44,
      0x10, 0x02, 0x6D, 0x4F, 0x2F,
    ]

  @Test func crcIsThatOfZip() {
    #expect(CRC32(of: Array("123456789".utf8)).checksum == 0xCBF4_3926)
    #expect(CRC32(of: []).checksum == 0)
    // Long enough for the eight-byte steps, and split anywhere the same.
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var parts = CRC32()
    parts.update(bytes.span.extracting(..<333))
    parts.update(bytes.span.extracting(333...))
    #expect(parts.checksum == CRC32(of: bytes).checksum)
    #expect(parts.checksum == 0x114A_D5FF)
  }

  @Test func aSuffixOfAnotherProgramIsRead() throws {
    let file = try FirmwareFile(reading: suffixed)
    #expect(file.format == .dfu)
    #expect(file.raw == [UInt8](repeating: 0x58, count: 12))
    let suffix = try #require(file.suffix)
    #expect(suffix.deviceVersion == 0xDEAD)
    #expect(suffix.product == 0x4321)
    #expect(suffix.vendor == 0x1234)
    #expect(suffix.dfuVersion == 0x0100)
    #expect(suffix.crc == 0x2F4F_6D02)
    #expect(suffix.matches(vendor: 0x1234, product: 0x4321))
    #expect(!suffix.matches(vendor: 0x1234, product: 0x4322))
    #expect(throws: FirmwareError(.addressNeeded)) { try file.image() }
    #expect(try file.image(at: 0x100).span == 0x100..<0x10C)
  }

  @Test func aWrittenSuffixIsByteExact() {
    let suffix = DFUSuffix(
      vendor: 0x1234, product: 0x4321, deviceVersion: 0xDEAD)
    #expect(
      suffix.appended(to: [UInt8](repeating: 0x58, count: 12)) == suffixed)
  }

  @Test func aWildcardMatchesAnyDevice() {
    #expect(DFUSuffix().matches(vendor: 1, product: 2))
    #expect(DFUSuffix(vendor: 1).matches(vendor: 1, product: 2))
    #expect(!DFUSuffix(vendor: 1).matches(vendor: 2, product: 2))
  }

  @Test func aDamagedFileIsRefusedUnlessItIsToBeRaw() throws {
    var damaged = suffixed
    damaged[3] ^= 1
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: damaged)
    }
    guard case .suffixChecksum(0x2F4F_6D02, _) = error?.kind else {
      Issue.record("not about the CRC: \(String(describing: error))")
      return
    }
    #expect(error?.place == .offset(24))
    let raw = try FirmwareFile(reading: damaged, format: .raw)
    #expect(raw.raw == damaged)
    #expect(raw.warnings == [.suffixInRaw])
  }

  @Test func aLongerSuffixIsLeftOutWhole() throws {
    var file: [UInt8] = [1, 2, 3, 0xAA, 0xBB]
    file += [0, 0, 1, 0, 2, 0, 0, 1, 0x55, 0x46, 0x44, 18]
    var crc = CRC32()
    crc.update(file.span)
    file += crc.register.littleEndianBytes
    #expect(try FirmwareFile(reading: file).raw == [1, 2, 3])
  }

  @Test(arguments: [0, 15, 40] as [UInt8])
  func aSuffixLengthThatLiesIsRefused(length: UInt8) {
    var file: [UInt8] = [1, 2, 3]
    file += [0, 0, 1, 0, 2, 0, 0, 1, 0x55, 0x46, 0x44, length]
    var crc = CRC32()
    crc.update(file.span)
    file += crc.register.littleEndianBytes
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: file)
    }
    #expect(error?.place == .offset(14))
  }

  @Test func prefixesAreFoundAndKept() throws {
    let payload: [UInt8] = [9, 8, 7]
    let stellaris: [UInt8] = [1, 0, 6, 0, 3, 0, 0, 0, 9, 8, 7]
    let file = try FirmwareFile(
      reading: DFUSuffix().appended(to: stellaris))
    #expect(file.prefix == .stellaris(address: 0x1800))
    #expect(file.raw == stellaris)
    let lpc: [UInt8] =
      [0x1A, 0x3F, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255] + payload
    #expect(DFUPrefix(startOf: lpc) == .lpc(blocks: 1))
    #expect(DFUPrefix(startOf: payload) == nil)
  }
}
