/// Compares a memory with an image, sector by sector, reading no more than
/// decides.
struct Survey {
  let image: FirmwareImage
  let reader: MemoryReader
  let options: FlashOptions

  /// What must be done with one sector that the image touches.
  func look(at sector: Sector) throws(FlashError) -> SectorFinding {
    let range = UInt64(sector.address)..<sector.end
    let pieces = image.segments(in: range)
    let isCovered = pieces.count == 1 && pieces[0].range == range
    let isReadable = reader.canRead(range)
    if isReadable && !options.rewritesAll {
      if let finding = try compare(sector, pieces) { return finding }
    }
    guard sector.access.contains(.erasable) else {
      return .fill(pieces)
    }
    var content = [UInt8](
      repeating: options.erasedByte, count: sector.size)
    var preserved = 0
    if isReadable && !isCovered && options.preservesNeighbours {
      for gap in gaps(in: range, between: pieces) {
        try reader.read(gap) { address, bytes in
          let offset = Int(address - sector.address)
          content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
          preserved += bytes.reduce(0) {
            $0 + ($1 == options.erasedByte ? 0 : 1)
          }
          return true
        }
      }
    }
    for piece in pieces {
      let offset = Int(piece.address - sector.address)
      content.replaceSubrange(
        offset..<offset + piece.bytes.count, with: piece.bytes)
    }
    return .erase(content: content, preserved: preserved)
  }

  /// `nil` when the sector must be erased.
  private func compare(
    _ sector: Sector, _ pieces: [FirmwareImage.Segment]
  ) throws(FlashError) -> SectorFinding? {
    let needsErase = sector.access.contains(.erasable)
    var fills: [FirmwareImage.Segment] = []
    var mustErase = false
    for piece in pieces {
      try reader.read(aligned(piece.range, in: sector)) { address, found in
        var wanted = Array(found)
        overlay(piece, onto: &wanted, at: address)
        guard let span = differing(wanted, found, at: address) else {
          return true
        }
        if !needsErase {
          append(
            Array(wanted[span]), at: address &+ UInt32(span.lowerBound),
            to: &fills)
          return true
        }
        // All of a blank stretch is written, also what stays blank in it, so
        // that long runs stay whole.
        if found.isBlank(options.erasedByte) {
          append(wanted, at: address, to: &fills)
          return true
        }
        // Words with error-correcting code take one programming, and blanks
        // between data may have had theirs; such chips program 8 bytes and
        // more at a time.
        guard options.alignment <= 4,
          found[span.shifted(by: found.startIndex)]
            .isBlank(options.erasedByte)
        else {
          mustErase = true
          return false
        }
        append(
          Array(wanted[span]), at: address &+ UInt32(span.lowerBound),
          to: &fills)
        return true
      }
      if mustErase { return nil }
    }
    return fills.isEmpty ? .same : .fill(fills)
  }

  /// A range widened to whole programming units within its sector.
  private func aligned(
    _ range: Range<UInt64>, in sector: Sector
  ) -> Range<UInt64> {
    let unit = UInt64(options.alignment)
    let start = range.lowerBound - range.lowerBound % unit
    let end = range.upperBound + (unit - range.upperBound % unit) % unit
    return max(start, UInt64(sector.address))..<min(end, sector.end)
  }

  /// The offsets from the first to the last unit that differ; `nil` when
  /// none does.
  private func differing(
    _ wanted: [UInt8], _ found: ArraySlice<UInt8>, at address: UInt32
  ) -> Range<Int>? {
    if wanted[...] == found { return nil }
    let start = found.startIndex
    guard
      let first = wanted.indices.first(where: {
        wanted[$0] != found[start + $0]
      }),
      let last = wanted.indices.last(where: {
        wanted[$0] != found[start + $0]
      })
    else { return nil }
    let unit = options.alignment
    let phase = Int(address % UInt32(unit))
    let lower = max(0, (first + phase) / unit * unit - phase)
    let upper = min(
      wanted.count, ((last + phase) / unit + 1) * unit - phase)
    return lower..<upper
  }

  private func overlay(
    _ piece: FirmwareImage.Segment, onto bytes: inout [UInt8],
    at address: UInt32
  ) {
    let start = UInt64(address)
    let common = piece.range.clamped(to: start..<start + UInt64(bytes.count))
    guard !common.isEmpty else { return }
    let source = Int(common.lowerBound - UInt64(piece.address))
    let target = Int(common.lowerBound - start)
    bytes.replaceSubrange(
      target..<target + common.count,
      with: piece.bytes[source..<source + common.count])
  }

  private func append(
    _ bytes: [UInt8], at address: UInt32,
    to pieces: inout [FirmwareImage.Segment]
  ) {
    if let last = pieces.indices.last, pieces[last].end == UInt64(address) {
      pieces[last].bytes += bytes
    } else {
      pieces.append(FirmwareImage.Segment(address: address, bytes: bytes))
    }
  }

  private func gaps(
    in range: Range<UInt64>, between pieces: [FirmwareImage.Segment]
  ) -> [Range<UInt64>] {
    var gaps: [Range<UInt64>] = []
    var position = range.lowerBound
    for piece in pieces {
      if position < piece.range.lowerBound {
        gaps.append(position..<piece.range.lowerBound)
      }
      position = piece.end
    }
    if position < range.upperBound { gaps.append(position..<range.upperBound) }
    return gaps
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Range<Int> {
    lowerBound + distance..<upperBound + distance
  }
}
