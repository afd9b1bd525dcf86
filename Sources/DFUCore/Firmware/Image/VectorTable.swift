/// The first two words of a program for a Cortex-M (Armv7-M Architecture
/// Reference Manual, B1.5.3): where its stack and its code begin. The chip
/// loads both at reset, so if they make no sense the program cannot run.
public struct VectorTable: Hashable, Sendable {
  /// Where the table begins.
  public var address: UInt32
  /// Word 0: the stack pointer at reset, the address after the stack's first
  /// word.
  public var initialStackPointer: UInt32
  /// Word 1: the address of the first instruction, with bit 0 set for Thumb.
  public var resetVector: UInt32

  /// Where RAM is in a Cortex-M's address space, up to and including the
  /// address after its end, and ST's core-coupled RAM.
  private static let ram: [ClosedRange<UInt32>] = [
    0x2000_0000...0x4000_0000, 0x1000_0000...0x1002_0000,
  ]

  /// A table from its words.
  public init(
    address: UInt32, initialStackPointer: UInt32, resetVector: UInt32
  ) {
    self.address = address
    self.initialStackPointer = initialStackPointer
    self.resetVector = resetVector
  }

  /// The table at an address of an image; `nil` when the image does not hold
  /// its first two words.
  public init?(in image: FirmwareImage, at address: UInt32) {
    let start = UInt64(address)
    guard let bytes = image.bytes(in: start..<start + 8) else { return nil }
    self.init(
      address: address,
      initialStackPointer: UInt32(littleEndianAt: 0, in: bytes),
      resetVector: UInt32(littleEndianAt: 4, in: bytes))
  }

  /// What makes no sense in a table.
  public enum Problem: Hashable, Sendable {
    /// Both words are 0xFFFFFFFF: erased flash.
    case blank
    /// Word 0 does not point into RAM.
    case stackOutsideRAM
    /// Word 0 is not a multiple of 4.
    case stackUnaligned
    /// Bit 0 of word 1 is clear, which a Cortex-M faults on.
    case resetNotThumb
    /// Word 1 points to where the image has no code.
    case resetOutsideImage
  }

  /// What makes no sense about it as the start of an image, if anything.
  public func problems(in image: FirmwareImage) -> [Problem] {
    if initialStackPointer == .max, resetVector == .max { return [.blank] }
    var problems: [Problem] = []
    if !Self.ram.contains(where: { $0.contains(initialStackPointer) }) {
      problems.append(.stackOutsideRAM)
    }
    if !initialStackPointer.isMultiple(of: 4) {
      problems.append(.stackUnaligned)
    }
    if resetVector & 1 == 0 { problems.append(.resetNotThumb) }
    if !image.contains(resetVector & ~1) {
      problems.append(.resetOutsideImage)
    }
    return problems
  }
}

extension VectorTable.Problem: CustomStringConvertible {
  /// The problem as a sentence without its full stop.
  public var description: String {
    switch self {
    case .blank: "the vector table is blank"
    case .stackOutsideRAM: "the initial stack pointer is not in RAM"
    case .stackUnaligned: "the initial stack pointer is not a multiple of 4"
    case .resetNotThumb: "the reset vector is even, which a Cortex-M cannot run"
    case .resetOutsideImage: "the reset vector points outside the image"
    }
  }
}
