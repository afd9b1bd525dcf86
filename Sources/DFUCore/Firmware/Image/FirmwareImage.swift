/// What a flash is to hold: pieces of memory, each with its address.
///
/// The segments are sorted by address, never touch and never overlap, so two
/// images with the same bytes at the same addresses are equal however they
/// were put together. Gaps stay gaps: an image costs memory by its bytes, not
/// by the span of its addresses.
public struct FirmwareImage: Hashable, Sendable {
  /// An uninterrupted run of bytes.
  public struct Segment: Hashable, Sendable {
    /// The address of the first byte.
    public internal(set) var address: UInt32
    /// The bytes; never empty in an image.
    public internal(set) var bytes: [UInt8]

    /// A run of bytes at an address.
    public init(address: UInt32, bytes: [UInt8]) {
      self.address = address
      self.bytes = bytes
    }

    /// The address after the last byte, 2^32 at most in an image.
    public var end: UInt64 { UInt64(address) + UInt64(bytes.count) }

    /// The addresses that the segment covers.
    public var range: Range<UInt64> { UInt64(address)..<end }
  }

  /// The segments, by ascending address, with at least one byte of gap
  /// between two of them.
  public private(set) var segments: [Segment] = []

  /// How many bytes the image holds; gaps do not count.
  public private(set) var byteCount = 0

  /// An image that holds nothing.
  public init() {}

  /// An image of one segment.
  ///
  /// Throws ``FirmwareError`` when the bytes reach beyond the 32-bit address
  /// space.
  public init(_ bytes: [UInt8], at address: UInt32) throws(FirmwareError) {
    try add(bytes, at: address)
  }

  /// Whether the image holds no byte.
  public var isEmpty: Bool { segments.isEmpty }

  /// From the first byte's address to the address after the last byte, gaps
  /// included; `nil` for an empty image.
  public var span: Range<UInt64>? {
    guard let first = segments.first, let last = segments.last else {
      return nil
    }
    return UInt64(first.address)..<last.end
  }

  /// Adds bytes at an address.
  ///
  /// Bytes that are there already may be added again if they are the same.
  /// Adding at or after the end is amortised constant time for each byte;
  /// elsewhere it may move what lies behind.
  ///
  /// Throws ``FirmwareError`` when a different byte is already there or the
  /// bytes reach beyond the 32-bit address space; the image is then unchanged.
  public mutating func add(
    _ bytes: [UInt8], at address: UInt32
  ) throws(FirmwareError) {
    if bytes.isEmpty { return }
    let start = UInt64(address)
    let end = start + UInt64(bytes.count)
    guard end <= 1 << 32 else {
      throw FirmwareError(
        .addressWraps(address: address, count: bytes.count))
    }
    let last = segments.count - 1
    if last < 0 || segments[last].end < start {
      segments.append(Segment(address: address, bytes: bytes))
      byteCount += bytes.count
    } else if segments[last].end == start {
      segments[last].bytes += bytes
      byteCount += bytes.count
    } else {
      let piece = Segment(address: address, bytes: bytes)
      self = try FirmwareImage(joining: segments + [piece])
    }
  }

  /// Adds all segments of another image.
  ///
  /// Throws ``FirmwareError`` when the two hold different bytes at one
  /// address; the image is then unchanged.
  public mutating func add(_ other: FirmwareImage) throws(FirmwareError) {
    try self = FirmwareImage(joining: segments + other.segments)
  }

  /// An image of pieces in any order that may touch and overlap.
  ///
  /// Throws ``FirmwareError`` when two pieces hold different bytes at one
  /// address.
  init(joining pieces: consuming [Segment]) throws(FirmwareError) {
    pieces.removeAll { $0.bytes.isEmpty }
    pieces.sort { $0.address < $1.address }
    for index in pieces.indices {
      let piece = pieces[index]
      // What has been taken over need not be kept twice.
      pieces[index].bytes = []
      let top = segments.count - 1
      guard top >= 0, segments[top].end >= UInt64(piece.address) else {
        segments.append(piece)
        byteCount += piece.bytes.count
        continue
      }
      let common = piece.range.clamped(to: segments[top].range)
      let offset = Int(piece.address - segments[top].address)
      for step in 0..<common.count
      where segments[top].bytes[offset + step] != piece.bytes[step] {
        throw FirmwareError(
          .overlap(address: piece.address + UInt32(step), earlier: nil))
      }
      segments[top].bytes += piece.bytes[common.count...]
      byteCount += piece.bytes.count - common.count
    }
  }

  /// The index of the first segment that ends at or after an address;
  /// `segments.count` when there is none.
  private func firstSegment(endingAtOrAfter address: UInt64) -> Int {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].end < address {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  // MARK: Looking at it

  /// The byte at an address; `nil` in a gap.
  public subscript(address: UInt32) -> UInt8? {
    let wanted = UInt64(address)
    let index = firstSegment(endingAtOrAfter: wanted + 1)
    guard index < segments.count, segments[index].address <= address else {
      return nil
    }
    return segments[index].bytes[Int(address - segments[index].address)]
  }

  /// Whether the image holds a byte at an address.
  public func contains(_ address: UInt32) -> Bool { self[address] != nil }

  /// Whether the image holds every byte of a range of addresses.
  public func contains(_ range: Range<UInt64>) -> Bool {
    if range.isEmpty { return true }
    let index = firstSegment(endingAtOrAfter: range.lowerBound + 1)
    return index < segments.count
      && UInt64(segments[index].address) <= range.lowerBound
      && segments[index].end >= range.upperBound
  }

  /// Whether the image holds any byte of a range of addresses.
  public func overlaps(_ range: Range<UInt64>) -> Bool {
    if range.isEmpty { return false }
    let index = firstSegment(endingAtOrAfter: range.lowerBound + 1)
    return index < segments.count
      && UInt64(segments[index].address) < range.upperBound
  }

  /// The bytes of a range of addresses; `nil` when it has a gap.
  public func bytes(in range: Range<UInt64>) -> [UInt8]? {
    guard !range.isEmpty else { return [] }
    let pieces = segments(in: range)
    guard pieces.count == 1, pieces[0].range == range else { return nil }
    return pieces[0].bytes
  }

  /// The parts of the image that lie in a range of addresses, cut to it, by
  /// ascending address.
  public func segments(in range: Range<UInt64>) -> [Segment] {
    guard !range.isEmpty else { return [] }
    var result: [Segment] = []
    var index = firstSegment(endingAtOrAfter: range.lowerBound + 1)
    while index < segments.count {
      let segment = segments[index]
      let common = segment.range.clamped(to: range)
      if common.isEmpty { break }
      if common == segment.range {
        result.append(segment)
      } else {
        let offset = Int(common.lowerBound - UInt64(segment.address))
        result.append(
          Segment(
            address: UInt32(truncatingIfNeeded: common.lowerBound),
            bytes: Array(segment.bytes[offset..<offset + common.count])))
      }
      index += 1
    }
    return result
  }

  /// Writes what the image holds over a copy of memory that begins at an
  /// address; bytes in the image's gaps are left as they are.
  public func overlay(onto memory: inout [UInt8], at address: UInt32) {
    let start = UInt64(address)
    for piece in segments(in: start..<start + UInt64(memory.count)) {
      let offset = Int(UInt64(piece.address) - start)
      memory.replaceSubrange(
        offset..<offset + piece.bytes.count, with: piece.bytes)
    }
  }

  /// The image as one run of bytes from its first address to its last, gaps
  /// filled; empty for an empty image.
  ///
  /// Throws ``FirmwareError`` when that would be more than `limit` bytes, so
  /// that two bytes 4 GiB apart do not fill the memory.
  public func flattened(
    fill: UInt8, limit: Int
  ) throws(FirmwareError) -> [UInt8] {
    guard let span else { return [] }
    guard span.count <= limit else {
      throw FirmwareError(.spanTooLarge(bytes: span.count, limit: limit))
    }
    if segments.count == 1 { return segments[0].bytes }
    var result: [UInt8] = []
    result.reserveCapacity(span.count)
    for segment in segments {
      let offset = Int(UInt64(segment.address) - span.lowerBound)
      result.append(
        contentsOf: repeatElement(fill, count: offset - result.count))
      result += segment.bytes
    }
    return result
  }
}
