import DFUCore
import Testing

@Suite struct ELFFileTests {
  /// An ELF file of program headers and, if given, sections, written by hand
  /// from the tables of the System V ABI.
  static func file(
    segments: [(type: UInt32, offset: UInt32, address: UInt32, size: UInt32)],
    sections: [(type: UInt32, flags: UInt32, offset: UInt32, size: UInt32)] =
      [],
    content: [UInt8]
  ) -> [UInt8] {
    let sectionStart = 52 + segments.count * 32 + content.count
    var file: [UInt8] =
      [0x7F, 0x45, 0x4C, 0x46, 1, 1, 1] + [UInt8](repeating: 0, count: 9)
    file += [2, 0, 40, 0, 1, 0, 0, 0]
    file += UInt32(0x0800_0131).littleEndianBytes + [52, 0, 0, 0]
    file += UInt32(sectionStart).littleEndianBytes + [0, 0, 0, 5]
    file += [52, 0, 32, 0, UInt8(segments.count), 0, 40, 0]
    file += [UInt8(sections.count), 0, 0, 0]
    for segment in segments {
      for value in [
        segment.type, segment.offset, 0x2000_0000, segment.address,
        segment.size, segment.size + 16, 5, 4,
      ] {
        file += value.littleEndianBytes
      }
    }
    file += content
    for section in sections {
      for value in [
        0, section.type, section.flags, 0, section.offset, section.size, 0, 0,
        4, 0,
      ] {
        file += value.littleEndianBytes
      }
    }
    return file
  }

  /// An ELF file of an image, each segment of which is loaded.
  static func file(of image: FirmwareImage) -> [UInt8] {
    var offset = UInt32(52 + image.segments.count * 32)
    return file(
      segments: image.segments.map { segment in
        defer { offset += UInt32(segment.bytes.count) }
        return (1, offset, segment.address, UInt32(segment.bytes.count))
      }, content: image.segments.flatMap(\.bytes))
  }

  static func error(_ bytes: [UInt8]) -> FirmwareError? {
    do throws(FirmwareError) {
      _ = try FirmwareFile(reading: bytes, format: .elf)
      return nil
    } catch {
      return error
    }
  }

  @Test func loadedSegmentsAreAtTheirPhysicalAddresses() throws {
    // The second segment is memory to be cleared, the third a note.
    let file = try FirmwareFile(
      reading: Self.file(
        segments: [
          (1, 180, 0x0800_0000, 4), (1, 184, 0x2000_0000, 0),
          (4, 180, 0x0900_0000, 2), (1, 184, 0x0800_4000, 2),
        ], content: [1, 2, 3, 4, 5, 6]))
    #expect(file.format == .elf)
    #expect(file.entryPoint == 0x0800_0131)
    #expect(
      try file.image().segments == [
        .init(address: 0x0800_0000, bytes: [1, 2, 3, 4]),
        .init(address: 0x0800_4000, bytes: [5, 6]),
      ])
  }

  @Test func headersThatAreLoadedWithTheFirstSegmentAreLeftOut() throws {
    let content: [UInt8] = [9, 9, 9, 9, 1, 2, 3, 4]
    let file = Self.file(
      segments: [(1, 0, 0x0800_0000 - 88, 92)],
      sections: [(0, 0, 0, 0), (8, 2, 60, 4), (1, 0, 84, 4), (1, 2, 88, 4)],
      content: content)
    #expect(
      try FirmwareFile(reading: file).image().segments == [
        .init(address: 0x0800_0000, bytes: [1, 2, 3, 4])
      ])
  }

  @Test func whatIsNoFirmwareIsRefused() {
    let good = Self.file(
      segments: [(1, 84, 0x100, 4)], content: [1, 2, 3, 4])
    #expect(Self.error(good) == nil)
    // 64 bits, big-endian, an object file, a core dump, no program headers,
    // short ones.
    for (offset, value) in [
      (4, 2), (5, 2), (16, 1), (16, 4), (44, 0), (42, 31),
    ]
      as [(Int, UInt8)]
    {
      var file = good
      file[offset] = value
      #expect(Self.error(file)?.place == .offset(offset))
    }
    #expect(
      Self.error([1, 2, 3])?.kind == .notThisFormat(.elf))
  }

  @Test func everyCutIsRefused() {
    let file = Self.file(
      segments: [(1, 84, 0x100, 4)], content: [1, 2, 3, 4])
    for length in 0..<file.count {
      #expect(Self.error(Array(file[..<length])) != nil)
    }
  }

  @Test func segmentsThatShareBytesAreRefused() {
    // Else 65535 headers could make 4 TB of a file of 64 MiB.
    let file = Self.file(
      segments: (0..<40).map { (1, 0, UInt32($0) << 16, 1000) },
      content: [UInt8](repeating: 0, count: 1000))
    #expect(Self.error(file)?.place == .programHeader(2))
  }

  @Test func overlapsAndWrapsNameTheirProgramHeaders() {
    #expect(
      Self.error(
        Self.file(
          segments: [(1, 116, 0x100, 4), (1, 117, 0x103, 1)],
          content: [1, 2, 3, 4]))
        == FirmwareError(
          .overlap(address: 0x103, earlier: .programHeader(0)),
          at: .programHeader(1)))
    #expect(
      Self.error(
        Self.file(
          segments: [(1, 84, 0xFFFF_FFFE, 4)], content: [1, 2, 3, 4]))
        == FirmwareError(
          .addressWraps(address: 0xFFFF_FFFE, count: 4),
          at: .programHeader(0)))
  }

  @Test func anELFFileWithNothingToLoadIsEmpty() {
    #expect(
      Self.error(Self.file(segments: [(1, 84, 0, 0)], content: [1]))
        == FirmwareError(.empty))
  }
}
