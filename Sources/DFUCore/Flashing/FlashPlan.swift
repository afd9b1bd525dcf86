/// What was found out about one sector that the image touches.
public enum SectorFinding: Hashable, Sendable {
  /// Its bytes are already those of the image.
  case same
  /// It need not be erased: the image differs only in these pieces, which are
  /// blank, or the memory needs no erasing.
  case fill([FirmwareImage.Segment])
  /// It must be erased and then hold this, from its first byte on. `preserved` counts the bytes outside the image that are written
  /// back.
  case erase(content: [UInt8], preserved: Int)
}

/// Everything a flash will do, named before the first command that changes
/// anything: which sectors are erased, which blocks are written, in which
/// order. A pure value: from the image, the memory's sectors and what they
/// hold.
public struct FlashPlan: Hashable, Sendable {
  /// A stretch of bytes and the blocks of it that are sent. They share one
  /// address pointer.
  public struct Run: Hashable, Sendable {
    /// The bytes, and the address of the first; the pointer is set there.
    public var piece: FirmwareImage.Segment
    /// Which of the bytes each DNLOAD carries, as offsets: short ones first,
    /// because each needs a pointer of its own, then whole ones at multiples
    /// of the transfer size by rising address, and the beginning of the
    /// vector table last.
    public var blocks: [Range<Int>]

    /// The address of a block.
    public func address(of block: Range<Int>) -> UInt32 {
      piece.address &+ UInt32(truncatingIfNeeded: block.lowerBound)
    }
  }

  /// Sectors the image touches that already hold it.
  public var kept: [Sector] = []
  /// Sectors to erase one by one, in this order. Empty with ``massErases``.
  public var erases: [Sector] = []
  /// Whether the whole memory is erased at once.
  public var massErases = false
  /// What is written.
  public var runs: [Run] = []
  /// What is read back and compared afterwards.
  public var checks: [FirmwareImage.Segment] = []
  /// Bytes outside the image that are erased and written back.
  public var preservedBytes = 0
  /// The transfer size the blocks were cut for, bytes.
  public var transferSize: Int

  /// Bytes that will be sent.
  public var writtenBytes: Int {
    runs.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.count } }
  }

  /// Bytes of the sectors erased one by one.
  public var erasedBytes: Int { erases.reduce(0) { $0 + $1.size } }

  /// Whether nothing has to be done.
  public var isUpToDate: Bool {
    erases.isEmpty && !massErases && runs.isEmpty
  }
}

extension FlashPlan {
  /// The sectors that an image touches, by rising address.
  ///
  /// - Throws: `FlashRefusal` when the image is empty, or a byte of it lies
  ///   in no sector, in one that cannot be written, or in two.
  public static func sectors(
    for image: FirmwareImage, in memory: MemoryMap
  ) throws(FlashRefusal) -> [Sector] {
    guard !image.isEmpty else { throw .empty }
    for segment in image.segments {
      if let hole = memory.firstHole(in: segment.range) {
        throw .outside(address: hole, image: segment.range, memory: memory)
      }
      if let (first, second) = memory.overlap(in: segment.range) {
        throw .overlapping(first, second, memory: memory)
      }
    }
    let touched = memory.sectors.filter {
      image.overlaps(UInt64($0.address)..<$0.end)
    }
    for sector in touched where !sector.access.contains(.writable) {
      throw .notWritable(sector, memory: memory)
    }
    return touched
  }

  /// The plan for sectors and what was found in each, in the same order.
  public init(
    _ findings: [(sector: Sector, finding: SectorFinding)],
    image: FirmwareImage, transferSize: Int, massErases: Bool,
    options: FlashOptions
  ) {
    self.transferSize = transferSize
    self.massErases = massErases
    var filled: [FirmwareImage.Segment] = []
    var erased: [FirmwareImage.Segment] = []
    for (sector, finding) in findings {
      switch finding {
      case .same:
        kept.append(sector)
      case .fill(let pieces):
        for piece in pieces {
          Self.append(piece.bytes, at: piece.address, to: &filled)
        }
      case .erase(let content, let preserved):
        if !massErases { erases.append(sector) }
        preservedBytes += preserved
        Self.append(content, at: sector.address, to: &erased)
      }
    }
    for piece in filled {
      runs += Self.runs(for: piece, transferSize, erased: nil)
    }
    for piece in erased {
      runs += Self.runs(
        for: piece, transferSize, erased: options.erasedByte)
    }
    checks = filled + erased
    let vectorTable = options.vectorTable ?? image.segments.first?.address
    if let vectorTable { putLast(vectorTable, unit: options.alignment) }
  }

  /// The vector table's sector is erased first and its first entries are
  /// written last: whatever happens in between, also in the middle of a
  /// block, the chip does not start half a program.
  private mutating func putLast(_ vectorTable: UInt32, unit: Int) {
    if let index = erases.firstIndex(where: {
      $0.address <= vectorTable && UInt64(vectorTable) < $0.end
    }) {
      erases.insert(erases.remove(at: index), at: 0)
    }
    for index in runs.indices {
      let run = runs[index]
      guard run.piece.range.contains(UInt64(vectorTable)) else { continue }
      let offset = Int(vectorTable - run.piece.address)
      guard let place = run.blocks.firstIndex(where: { $0.contains(offset) })
      else { return }
      let block = runs[index].blocks.remove(at: place)
      // As little as the chip can program that holds stack pointer and reset
      // vector: what is cut off in it does not start.
      let size = max(16, unit)
      let phase = Int(vectorTable % UInt32(size))
      let start = max(block.lowerBound, offset - phase)
      let end = min(block.upperBound, start + size)
      // Short blocks first: each needs an address pointer of its own.
      let rests = [block.lowerBound..<start, end..<block.upperBound]
      runs[index].blocks.insert(
        contentsOf: rests.filter { !$0.isEmpty }, at: 0)
      runs[index].blocks.append(start..<end)
      runs.append(runs.remove(at: index))
      return
    }
  }

  /// Joins pieces that touch, so that blocks may cross sectors.
  private static func append(
    _ content: [UInt8], at address: UInt32,
    to pieces: inout [FirmwareImage.Segment]
  ) {
    if let last = pieces.indices.last, pieces[last].end == UInt64(address) {
      pieces[last].bytes += content
    } else {
      pieces.append(FirmwareImage.Segment(address: address, bytes: content))
    }
  }

  /// Cuts a piece into blocks. In erased memory those that read as it does are
  /// left out.
  private static func runs(
    for piece: FirmwareImage.Segment, _ transferSize: Int, erased: UInt8?
  ) -> [Run] {
    var blocks = stride(from: 0, to: piece.bytes.count, by: transferSize)
      .map { $0..<min($0 + transferSize, piece.bytes.count) }
      .filter { erased == nil || !piece.bytes[$0].isBlank(erased) }
    if let last = blocks.last, last.count < transferSize {
      blocks.insert(blocks.removeLast(), at: 0)
    }
    return blocks.isEmpty ? [] : [Run(piece: piece, blocks: blocks)]
  }
}

extension ArraySlice<UInt8> {
  /// Whether all bytes read as erased memory does.
  func isBlank(_ erased: UInt8?) -> Bool {
    allSatisfy { $0 == erased }
  }
}
