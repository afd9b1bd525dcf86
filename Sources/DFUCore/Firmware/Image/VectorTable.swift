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
    /// The image has fewer than its eight bytes.
    case incomplete
    /// Its address is not a multiple of 4.
    case unaligned
    /// Both words are 0xFFFFFFFF: erased flash.
    case blank
    /// Word 0 does not point into RAM.
    case stackOutsideRAM
    /// Word 0 points to where this chip has no RAM, though others have: the
    /// program is for another chip.
    case stackOutsideChip
    /// Word 0 is not a multiple of 4.
    case stackUnaligned
    /// Bit 0 of word 1 is clear, which a Cortex-M faults on.
    case resetNotThumb
    /// Word 1 points to where the image has no code.
    case resetOutsideImage
  }

  /// Where the internal flash is.
  private static let flash: UInt32 = 0x0800_0000

  /// Where else chips show the same flash: at the address that they boot from,
  /// at 0x00200000 for an F7's instruction bus (RM0385), at 0x0C000000 for
  /// TrustZone's secure side (RM0438). Programs are linked for these, too.
  private static let aliases: [UInt32] = [0, 0x0020_0000, 0x0C00_0000]

  /// What keeps an image from being started at an address, if anything.
  ///
  /// - Parameter image: all that is written, so that the code may lie in
  ///   another memory than the table.
  public static func problems(
    ofProgramAt address: UInt32, in image: FirmwareImage
  ) -> [Problem] {
    if !address.isMultiple(of: 4) { return [.unaligned] }
    guard let table = VectorTable(in: image, at: address) else {
      return [.incomplete]
    }
    return table.problems(in: image)
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
    if !isInside(image) { problems.append(.resetOutsideImage) }
    return problems
  }

  /// Whether the code that runs first is in an image, which the linker may
  /// have seen at another address.
  private func isInside(_ image: FirmwareImage) -> Bool {
    let code = resetVector & ~1
    return image.contains(code)
      || Self.aliases.contains { alias in
        code >= alias && code - alias <= UInt32.max - Self.flash
          && image.contains(code - alias + Self.flash)
      }
  }
}

extension VectorTable.Problem: CustomStringConvertible {
  /// The problem as a sentence without its full stop.
  public var description: String {
    switch self {
    case .incomplete: "there are fewer bytes than the eight of a vector table"
    case .unaligned: "the address is not a multiple of 4"
    case .blank: "the vector table is blank"
    case .stackOutsideRAM: "the initial stack pointer is not in RAM"
    case .stackOutsideChip:
      "the initial stack pointer is in RAM that only other chips have"
    case .stackUnaligned: "the initial stack pointer is not a multiple of 4"
    case .resetNotThumb: "the reset vector is even, which a Cortex-M cannot run"
    case .resetOutsideImage: "the reset vector points outside the image"
    }
  }
}
