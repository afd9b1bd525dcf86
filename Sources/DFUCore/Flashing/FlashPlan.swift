/// What was found out about one sector that the image touches.
public enum SectorFinding: Hashable, Sendable {
  /// Its bytes are already those of the image.
  case same
  /// It need not be erased: the image differs only in these pieces, which are
  /// blank, or the memory needs no erasing.
  case fill([FirmwareImage.Segment])
  /// It must be erased and then hold `content`, from its first byte on. The
  /// pieces in `preserved` lie outside the image and are written back.
  case erase(content: [UInt8], preserved: [FirmwareImage.Segment])

  /// Whether the sector is erased.
  var erases: Bool { if case .erase = self { true } else { false } }
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
    /// of the transfer size by rising address.
    public var blocks: [Range<Int>]

    /// The address of a block.
    public func address(of block: Range<Int>) -> UInt32 {
      piece.address &+ UInt32(truncatingIfNeeded: block.lowerBound)
    }

    /// The bytes of a block with their address.
    public func segment(of block: Range<Int>) -> FirmwareImage.Segment {
      FirmwareImage.Segment(
        address: address(of: block), bytes: Array(piece.bytes[block]))
    }

    /// The addresses of a block.
    func range(of block: Range<Int>) -> Range<UInt64> {
      let start = UInt64(address(of: block))
      return start..<start + UInt64(block.count)
    }
  }

  /// Sectors the image touches that already hold it.
  public var kept: [Sector] = []
  /// Sectors to erase one by one, in this order: the vector table's first.
  /// Empty with ``massErases``.
  public var erases: [Sector] = []
  /// Whether the whole memory is erased at once.
  public var massErases = false
  /// What is written before anything is read back: first what lies beside the
  /// image and was erased with it, then the image.
  public var runs: [Run] = []
  /// The beginning of the vector table. It is written when everything else has
  /// been read back and found right; until then the chip finds no program.
  /// `nil` when the one that is there stays.
  public var vectorTable: Run?
  /// What is read back before ``vectorTable`` is written: the whole image, also
  /// in the sectors that are kept, and the bytes beside it.
  public var checks: [FirmwareImage.Segment] = []
  /// Bytes beside the image that are erased with it and written back.
  public var preserved: [FirmwareImage.Segment] = []
  /// The transfer size the blocks were cut for, bytes.
  public var transferSize: Int

  /// How many bytes lie beside the image and are written back.
  public var preservedBytes: Int {
    preserved.reduce(0) { $0 + $1.bytes.count }
  }

  /// The runs, with that of the vector table at the end.
  public var allRuns: [Run] {
    vectorTable.map { runs + [$0] } ?? runs
  }

  /// Bytes that will be sent.
  public var writtenBytes: Int {
    allRuns.reduce(0) { $0 + $1.blocks.reduce(0) { $0 + $1.count } }
  }

  /// Bytes of the sectors erased one by one.
  public var erasedBytes: Int { erases.reduce(0) { $0 + $1.size } }

  /// Whether a byte of a sector is erased or written.
  func changes(_ address: UInt32, in sector: Sector) -> Bool {
    massErases || erases.contains(sector)
      || allRuns.contains { run in
        run.blocks.contains { run.range(of: $0).contains(UInt64(address)) }
      }
  }

  /// Whether nothing has to be done.
  public var isUpToDate: Bool {
    erases.isEmpty && !massErases && allRuns.isEmpty
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
          filled.append(joining: piece.bytes, at: piece.address)
        }
      case .erase(let content, let preserved):
        if !massErases { erases.append(sector) }
        self.preserved += preserved
        erased.append(joining: content, at: sector.address)
      }
    }
    for piece in filled { add(piece, erased: nil) }
    for piece in erased { add(piece, erased: options.erasedByte) }
    guard !runs.isEmpty || !erases.isEmpty || massErases else { return }
    if let address = options.vectorTable ?? image.segments.first?.address {
      holdBack(address, unit: options.alignment)
    }
    writePreservedFirst()
    let last = vectorTable.flatMap { run in
      run.blocks.first.map { run.range(of: $0) }
    }
    checks = (preserved + image.segments).flatMap { $0.without(last) }
  }

  /// Cuts a piece into blocks. In erased memory those that read as it does are
  /// left out.
  private mutating func add(_ piece: FirmwareImage.Segment, erased: UInt8?) {
    var blocks = stride(from: 0, to: piece.bytes.count, by: transferSize)
      .map { $0..<min($0 + transferSize, piece.bytes.count) }
      .filter { erased == nil || !piece.bytes[$0].isBlank(erased) }
    if let last = blocks.last, last.count < transferSize {
      blocks.insert(blocks.removeLast(), at: 0)
    }
    if !blocks.isEmpty { runs.append(Run(piece: piece, blocks: blocks)) }
  }

  /// The vector table's sector is erased first and its first entries are
  /// written last: whatever happens in between, also in the middle of a
  /// block, the chip does not start half a program.
  private mutating func holdBack(_ address: UInt32, unit: Int) {
    if let index = erases.firstIndex(where: { $0.contains(address) }) {
      erases.insert(erases.remove(at: index), at: 0)
    }
    for index in runs.indices {
      let run = runs[index]
      guard run.piece.range.contains(UInt64(address)) else { continue }
      let offset = Int(address - run.piece.address)
      guard let place = run.blocks.firstIndex(where: { $0.contains(offset) })
      else { return }
      let block = runs[index].blocks.remove(at: place)
      // As little as the chip can program that holds stack pointer and reset
      // vector: what is cut off in it does not start, nor does anything else
      // lack when the reset vector is there.
      let size = max(8, unit)
      let phase = Int(address % UInt32(size))
      let start = max(block.lowerBound, offset - phase)
      let end = min(block.upperBound, start + size)
      // Short blocks first: each needs an address pointer of its own.
      let rests = [block.lowerBound..<start, end..<block.upperBound]
      runs[index].blocks.insert(
        contentsOf: rests.filter { !$0.isEmpty }, at: 0)
      vectorTable = Run(piece: run.piece, blocks: [start..<end])
      if runs[index].blocks.isEmpty { runs.remove(at: index) }
      return
    }
  }

  /// Bytes that nobody has but this program are written before all others.
  private mutating func writePreservedFirst() {
    guard !preserved.isEmpty else { return }
    let ranges = preserved.map(\.range)
    var first: [Run] = []
    var rest: [Run] = []
    for run in runs {
      let isBeside = { (block: Range<Int>) in
        ranges.contains { $0.overlaps(run.range(of: block)) }
      }
      for (blocks, isFirst) in [
        (run.blocks.filter(isBeside), true),
        (run.blocks.filter { !isBeside($0) }, false),
      ] where !blocks.isEmpty {
        let part = Run(piece: run.piece, blocks: blocks)
        if isFirst { first.append(part) } else { rest.append(part) }
      }
    }
    runs = first + rest
  }
}

extension [FirmwareImage.Segment] {
  /// Adds bytes; those that touch the last piece become part of it, so that
  /// blocks may cross sectors.
  mutating func append(joining bytes: [UInt8], at address: UInt32) {
    if let last = indices.last, self[last].end == UInt64(address) {
      self[last].bytes += bytes
    } else {
      append(FirmwareImage.Segment(address: address, bytes: bytes))
    }
  }
}

extension FirmwareImage.Segment {
  /// What is left of it outside a range.
  func without(_ range: Range<UInt64>?) -> [FirmwareImage.Segment] {
    guard let range, range.overlaps(self.range) else { return [self] }
    let parts = [
      self.range.lowerBound..<max(range.lowerBound, self.range.lowerBound),
      min(range.upperBound, self.range.upperBound)..<self.range.upperBound,
    ]
    return parts.filter { !$0.isEmpty }.map { part in
      let offset = Int(part.lowerBound - self.range.lowerBound)
      return FirmwareImage.Segment(
        address: UInt32(truncatingIfNeeded: part.lowerBound),
        bytes: Array(bytes[offset..<offset + part.count]))
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether all bytes read as erased memory does.
  func isBlank(_ erased: UInt8?) -> Bool {
    allSatisfy { $0 == erased }
  }
}
