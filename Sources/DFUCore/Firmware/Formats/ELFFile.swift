/// ELF (System V ABI, chapters 4 and 5), 32 bits, little-endian: what a
/// linker writes for a microcontroller.
private struct ELFHeader {
  static let length = 52
  static let programHeaderLength = 32
  static let sectionHeaderLength = 40

  /// Machines whose programs no DFU device here runs (ELF's e_machine, as
  /// registered with the gABI).
  private static let otherMachines: [UInt16: String] = [
    3: "x86", 8: "MIPS", 20: "PowerPC", 62: "x86-64", 83: "AVR", 94: "Xtensa",
    105: "MSP430", 183: "64-bit Arm", 185: "AVR32",
  ]

  let entryPoint: UInt32
  let programHeaders: (offset: Int, size: Int, count: Int)
  let sectionHeaders: (offset: Int, size: Int, count: Int)

  init(_ bytes: [UInt8]) throws(FirmwareError) {
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw FirmwareError(.notThisFormat(.elf))
    }
    guard bytes.count >= Self.length else {
      throw FirmwareError(.truncated("its ELF header is incomplete"))
    }
    guard bytes[4] == 1 else {
      throw FirmwareError(
        .unsupported(
          "this is an ELF file of 64 bits, probably a program for a computer; "
            + "take the one that was built for the chip"), at: .offset(4))
    }
    guard bytes[5] == 1 else {
      throw FirmwareError(
        .unsupported(
          "this is a big-endian ELF file; only little-endian ones are read"),
        at: .offset(5))
    }
    switch UInt16(littleEndianAt: 16, in: bytes) {
    case 1:
      throw FirmwareError(
        .unsupported(
          "this is an object file that was not linked; take the linker's "
            + "output"), at: .offset(16))
    case 4:
      throw FirmwareError(
        .unsupported("this is a core dump, not firmware"), at: .offset(16))
    default: break
    }
    let machine = UInt16(littleEndianAt: 18, in: bytes)
    if let name = Self.otherMachines[machine] {
      throw FirmwareError(
        .unsupported("this is an ELF file for \(name), not for Arm or RISC-V"),
        at: .offset(18))
    }
    entryPoint = UInt32(littleEndianAt: 24, in: bytes)
    programHeaders = (
      Int(UInt32(littleEndianAt: 28, in: bytes)),
      Int(UInt16(littleEndianAt: 42, in: bytes)),
      Int(UInt16(littleEndianAt: 44, in: bytes))
    )
    sectionHeaders = (
      Int(UInt32(littleEndianAt: 32, in: bytes)),
      Int(UInt16(littleEndianAt: 46, in: bytes)),
      Int(UInt16(littleEndianAt: 48, in: bytes))
    )
    guard programHeaders.count > 0 else {
      throw FirmwareError(
        .unsupported(
          "this ELF file has no program headers, so nothing in it can be "
            + "loaded; take the linker's output"), at: .offset(44))
    }
    guard programHeaders.size >= Self.programHeaderLength else {
      throw FirmwareError(
        .malformed("its program headers are too short"), at: .offset(42))
    }
    guard
      programHeaders.offset + programHeaders.size * programHeaders.count
        <= bytes.count
    else {
      throw FirmwareError(
        .truncated("its program headers are incomplete"), at: .offset(28))
    }
  }

  /// Where the first section that is loaded begins in a part of the file;
  /// `nil` when the file has no section headers that could tell.
  func firstSection(in range: Range<Int>, of bytes: [UInt8]) -> Int? {
    let (offset, size, count) = sectionHeaders
    guard size >= Self.sectionHeaderLength,
      offset + size * count <= bytes.count
    else { return nil }
    return (0..<count).lazy.compactMap { index -> Int? in
      let header = offset + index * size
      let type = UInt32(littleEndianAt: header + 4, in: bytes)
      let flags = UInt32(littleEndianAt: header + 8, in: bytes)
      let start = Int(UInt32(littleEndianAt: header + 16, in: bytes))
      let length = UInt32(littleEndianAt: header + 20, in: bytes)
      // SHT_NULL and SHT_NOBITS have no bytes; SHF_ALLOC is what is loaded.
      guard type != 0, type != 8, flags & 2 != 0, length > 0 else {
        return nil
      }
      return range.contains(start) ? start : nil
    }.min()
  }
}

/// A part of the file that is loaded.
private struct ELFSegment {
  var range: Range<Int>
  var address: UInt32
  /// Which program header says so.
  var header: Int

  /// The segment of a program header; `nil` for one that loads nothing.
  init?(
    _ index: Int, _ header: ELFHeader, in bytes: [UInt8]
  ) throws(FirmwareError) {
    let start =
      header.programHeaders.offset + index * header.programHeaders.size
    let offset = Int(UInt32(littleEndianAt: start + 4, in: bytes))
    let count = Int(UInt32(littleEndianAt: start + 16, in: bytes))
    // PT_LOAD; without bytes in the file it is memory to be cleared.
    guard UInt32(littleEndianAt: start, in: bytes) == 1, count > 0 else {
      return nil
    }
    guard offset + count <= bytes.count else {
      throw FirmwareError(
        .truncated(
          "the segment needs \(count) bytes from offset \(offset), but the "
            + "file has \(bytes.count)"), at: .programHeader(index))
    }
    address = UInt32(littleEndianAt: start + 12, in: bytes)
    range = offset..<offset + count
    self.header = index
    guard UInt64(address) + UInt64(count) <= 1 << 32 else {
      throw FirmwareError(
        .addressWraps(address: address, count: count),
        at: .programHeader(index))
    }
    // A linker may load the file's own headers with the first segment, below
    // the address that was asked for. They are no firmware.
    if offset < ELFHeader.length,
      let section = header.firstSection(in: range, of: bytes)
    {
      address += UInt32(section - offset)
      range = section..<offset + count
    }
  }
}

extension FirmwareFile {
  init(elf bytes: consuming [UInt8]) throws(FirmwareError) {
    var bytes = bytes
    let header = try ELFHeader(bytes)
    var segments: [ELFSegment] = []
    var total = 0
    for index in 0..<header.programHeaders.count {
      guard let segment = try ELFSegment(index, header, in: bytes) else {
        continue
      }
      total += segment.range.count
      guard total <= bytes.count else {
        // Else a small file could ask for any amount of memory.
        throw FirmwareError(
          .malformed("segments share their bytes in the file"),
          at: .programHeader(index))
      }
      segments.append(segment)
    }
    guard let first = segments.first else { throw FirmwareError(.empty) }
    let image: FirmwareImage
    if segments.count == 1 {
      // The file's memory becomes the image's: no second one is needed.
      bytes.removeLast(bytes.count - first.range.upperBound)
      bytes.removeFirst(first.range.lowerBound)
      image = try FirmwareImage(bytes, at: first.address)
    } else {
      var builder = FirmwareImageBuilder { .programHeader($0) }
      for segment in segments {
        try builder.add(
          bytes[segment.range], at: segment.address, place: segment.header)
      }
      image = try builder.finish()
    }
    self.init(format: .elf)
    targets = [FirmwareTarget(image: image)]
    entryPoint = header.entryPoint == 0 ? nil : header.entryPoint
  }
}
