/// Compares a memory with an image, sector by sector, reading no more than
/// decides.
struct Comparison {
  let image: FirmwareImage
  let reader: MemoryReader
  let options: FlashOptions

  /// What must be done with one sector that the image touches. A sector that
  /// the device refuses to have read is erased and written.
  func look(at sector: Sector) throws(FlashError) -> SectorFinding {
    let pieces = image.segments(in: sector.range)
    if !options.rewritesAll, reader.canRead(sector.range) {
      do throws(FlashError) {
        if let finding = try compare(sector, pieces) { return finding }
      } catch {
        guard error.isReadRefusal else { throw error }
        reader.exclude(sector.range)
      }
    }
    return try erasing(sector)
  }

  /// What a sector must hold after it was erased: the image, and what lies
  /// beside it.
  func erasing(_ sector: Sector) throws(FlashError) -> SectorFinding {
    let pieces = image.segments(in: sector.range)
    guard sector.access.contains(.erasable) else { return .fill(pieces) }
    var content = [UInt8](
      repeating: options.erasedByte, count: sector.size)
    let preserved = try beside(pieces, in: sector)
    for piece in pieces + preserved {
      let offset = Int(piece.address - sector.address)
      content.replaceSubrange(
        offset..<offset + piece.bytes.count, with: piece.bytes)
    }
    return .erase(content: content, preserved: preserved)
  }

  /// What lies beside the image in a sector, as far as it is not blank and can
  /// be read.
  private func beside(
    _ pieces: [FirmwareImage.Segment], in sector: Sector
  ) throws(FlashError) -> [FirmwareImage.Segment] {
    guard options.preservesNeighbours, reader.canRead(sector.range) else {
      return []
    }
    var preserved: [FirmwareImage.Segment] = []
    for gap in gaps(in: sector.range, between: pieces) {
      do throws(FlashError) {
        preserved += try surely(in: gap)
      } catch {
        guard error.isReadRefusal else { throw error }
        reader.exclude(sector.range)
        return []
      }
    }
    return preserved
  }

  /// What is not blank in a gap, when two readings agree: nobody else has these
  /// bytes, and there is nothing to compare them with later.
  private func surely(
    in gap: Range<UInt64>
  ) throws(FlashError) -> [FirmwareImage.Segment] {
    var last = try content(of: gap)
    for _ in 0..<options.attempts where !last.isEmpty {
      reader.forget()
      let next = try content(of: gap)
      if next == last { return last }
      last = next
    }
    guard let first = last.first else { return [] }
    throw .device(
      DFUError(
        .read, at: first.address, .usb(USBError(.io, "read the same twice"))))
  }

  private func content(
    of gap: Range<UInt64>
  ) throws(FlashError) -> [FirmwareImage.Segment] {
    var found: [FirmwareImage.Segment] = []
    try reader.read(gap) { address, bytes in
      found.append(joining: Array(bytes), at: address)
      return true
    }
    return found.compactMap { $0.trimmed(of: options.erasedByte) }
  }

  /// `nil` when the sector must be erased.
  private func compare(
    _ sector: Sector, _ pieces: [FirmwareImage.Segment]
  ) throws(FlashError) -> SectorFinding? {
    let needsErase = sector.access.contains(.erasable)
    var fills: [FirmwareImage.Segment] = []
    var mustErase = false
    // Pieces may share a unit, which takes one programming.
    for range in pieces.map({ aligned($0.range, in: sector) }).joined {
      try reader.read(range) { address, found in
        var wanted = Array(found)
        image.overlay(onto: &wanted, at: address)
        guard let span = differing(wanted, found, at: address) else {
          return true
        }
        if !needsErase {
          fills.append(
            joining: Array(wanted[span]),
            at: address &+ UInt32(span.lowerBound))
          return true
        }
        // All of a blank stretch is written, also what stays blank in it, so
        // that long runs stay whole.
        if found.isBlank(options.erasedByte) {
          fills.append(joining: wanted, at: address)
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
        fills.append(
          joining: Array(wanted[span]),
          at: address &+ UInt32(span.lowerBound))
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

extension Sector {
  /// Its addresses.
  var range: Range<UInt64> { UInt64(address)..<end }
}

extension FirmwareImage.Segment {
  /// The part from its first to its last byte that is not blank; `nil` when
  /// all are.
  fileprivate func trimmed(of blank: UInt8) -> FirmwareImage.Segment? {
    guard let first = bytes.firstIndex(where: { $0 != blank }),
      let last = bytes.lastIndex(where: { $0 != blank })
    else { return nil }
    return FirmwareImage.Segment(
      address: address &+ UInt32(first), bytes: Array(bytes[first...last]))
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Range<Int> {
    lowerBound + distance..<upperBound + distance
  }
}
