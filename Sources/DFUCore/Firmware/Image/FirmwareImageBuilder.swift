/// Puts an image together from the records of a file, in the file's order.
///
/// A record that continues the one before it costs no more than its bytes,
/// any order of records ends in a sort, and where each record stood is kept
/// in so few bytes that an overlap can name both places.
struct FirmwareImageBuilder {
  /// Records of one length at places of one distance; only the last may be
  /// shorter.
  private struct Run {
    var address: UInt32
    var end: UInt64
    var recordLength: Int
    var place: Int
    var placeStep: Int

    func place(of address: UInt64) -> Int {
      place + Int(address - UInt64(self.address)) / recordLength * placeStep
    }
  }

  private var chunks: [FirmwareImage.Segment] = []
  private var runs: [Run] = []
  private var current = FirmwareImage.Segment(address: 0, bytes: [])
  private var last = (end: UInt64.max, length: 0, place: 0)
  private let placeNamed: (Int) -> FirmwareError.Place

  /// A builder for records whose places are numbers that `placeNamed` turns
  /// into words. `expecting` is a guess at the number of bytes.
  init(
    expecting: Int = 0, placeNamed: @escaping (Int) -> FirmwareError.Place
  ) {
    self.placeNamed = placeNamed
    current.bytes.reserveCapacity(expecting)
  }

  /// Whether no byte was added.
  var isEmpty: Bool { chunks.isEmpty && current.bytes.isEmpty }

  /// Adds the bytes of a record.
  mutating func add(
    _ bytes: ArraySlice<UInt8>, at address: UInt32, place: Int
  ) throws(FirmwareError) {
    if bytes.isEmpty { return }
    try begin(count: bytes.count, at: address, place: place)
    current.bytes += bytes
  }

  /// Adds the bytes of a record.
  mutating func add(
    _ bytes: Span<UInt8>, at address: UInt32, place: Int
  ) throws(FirmwareError) {
    if bytes.isEmpty { return }
    try begin(count: bytes.count, at: address, place: place)
    current.bytes.append(contentsOf: bytes)
  }

  private mutating func begin(
    count: Int, at address: UInt32, place: Int
  ) throws(FirmwareError) {
    let start = UInt64(address)
    let end = start + UInt64(count)
    guard end <= 1 << 32 else {
      throw FirmwareError(
        .addressWraps(address: address, count: count), at: placeNamed(place))
    }
    let index = runs.count - 1
    if start != last.end {
      if !current.bytes.isEmpty {
        chunks.append(current)
        current.bytes = []
      }
      current.address = address
      appendRun(count: count, at: address, place: place)
    } else if index >= 0, last.length == runs[index].recordLength,
      count <= last.length, continues(index, at: place)
    {
      runs[index].end = end
      runs[index].placeStep = place - last.place
    } else {
      appendRun(count: count, at: address, place: place)
    }
    last = (end, count, place)
  }

  private func continues(_ index: Int, at place: Int) -> Bool {
    runs[index].place == last.place
      || runs[index].placeStep == place - last.place
  }

  private mutating func appendRun(count: Int, at address: UInt32, place: Int) {
    runs.append(
      Run(
        address: address, end: UInt64(address) + UInt64(count),
        recordLength: count, place: place, placeStep: 0))
  }

  /// The image of all that was added.
  ///
  /// Throws ``FirmwareError`` when two records want different bytes at one
  /// address.
  mutating func finish() throws(FirmwareError) -> FirmwareImage {
    if !current.bytes.isEmpty {
      chunks.append(current)
      current.bytes = []
    }
    let pieces = chunks
    chunks = []
    do throws(FirmwareError) {
      return try FirmwareImage(joining: pieces)
    } catch {
      guard case .overlap(let address, _) = error.kind else { throw error }
      throw overlap(at: UInt64(address))
    }
  }

  /// The error of an address that got two different bytes. Which two of
  /// perhaps many records disagree needs their bytes, which are gone; the
  /// first and the last that wrote there are named.
  private func overlap(at address: UInt64) -> FirmwareError {
    let places =
      runs
      .filter { UInt64($0.address) <= address && address < $0.end }
      .map { placeNamed($0.place(of: address)) }
    return FirmwareError(
      .overlap(
        address: UInt32(truncatingIfNeeded: address), earlier: places.first),
      at: places.last)
  }
}

extension [UInt8] {
  /// Adds bytes at the end.
  ///
  /// A span can be copied in one go only as a pointer; byte by byte, as a
  /// build for size does it, takes longer than everything else there is to
  /// do for most formats.
  mutating func append(contentsOf bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
