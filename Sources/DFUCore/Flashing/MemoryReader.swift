/// Reads a device's memory in whole transfer sizes, whatever is asked for.
///
/// Requests fall on a grid that begins with each stretch of readable sectors:
/// so one address pointer serves a whole stretch, devices that compute with
/// the requested length and those that do not agree, and small sectors cost
/// no request of their own.
final class MemoryReader {
  private let session: DfuSeSession
  private let attempts: Int
  private var stretches: [Range<UInt64>]
  private var cached: (start: UInt64, bytes: [UInt8]) = (0, [])

  init(
    _ session: DfuSeSession, _ memory: MemoryMap, attempts: Int = 3
  ) {
    self.session = session
    self.attempts = attempts
    stretches =
      session.connection.canUpload
      ? memory.runs.filter { $0.access.contains(.readable) }
        .map { UInt64($0.address)..<$0.end }.joined : []
  }

  /// Whether every byte of a range can be read, as far as is known.
  func canRead(_ range: Range<UInt64>) -> Bool {
    stretches.contains {
      $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound
    }
  }

  /// Takes note that the device refuses to have a range read.
  func exclude(_ range: Range<UInt64>) {
    stretches = stretches.flatMap { stretch in
      guard stretch.overlaps(range) else { return [stretch] }
      return [
        stretch.lowerBound..<max(stretch.lowerBound, range.lowerBound),
        min(stretch.upperBound, range.upperBound)..<stretch.upperBound,
      ].filter { !$0.isEmpty }
    }
  }

  /// Reads again what was read last.
  func forget() { cached = (0, []) }

  /// Calls `body` with the bytes of a range, as far as it can be read, piece by
  /// piece, until it says that it has seen enough (`false`).
  func read(
    _ range: Range<UInt64>,
    _ body: (UInt32, ArraySlice<UInt8>) throws(FlashError) -> Bool
  ) throws(FlashError) {
    guard
      let stretch = stretches.first(where: { $0.contains(range.lowerBound) })
    else { return }
    let size = UInt64(session.connection.transferSize)
    var position = range.lowerBound
    let limit = min(range.upperBound, stretch.upperBound)
    while position < limit {
      let start = position - (position - stretch.lowerBound) % size
      if cached.start != start || cached.bytes.isEmpty {
        let length = Int(min(size, stretch.upperBound - start))
        cached = (start, try fetch(length, at: UInt32(start)))
      }
      let end = min(start + UInt64(cached.bytes.count), limit)
      let slice = cached.bytes[Int(position - start)..<Int(end - start)]
      guard try body(UInt32(position), slice) else { return }
      position = end
    }
  }

  /// A read changes nothing, so that it may be tried again.
  private func fetch(
    _ length: Int, at address: UInt32
  ) throws(FlashError) -> [UInt8] {
    var failures = 0
    while true {
      let failure: DFUError
      do throws(DFUError) {
        return try session.read(length, at: address)
      } catch {
        failure = error
      }
      failures += 1
      do throws(DFUError) {
        try session.recover()
      } catch {
        throw .failed(failure)
      }
      if session.isProtection(failure) { throw .readProtected(failure) }
      guard failures < attempts, failure.mayPass else { throw .failed(failure) }
    }
  }
}

extension [Range<UInt64>] {
  /// The ranges by rising start, with those joined that touch.
  var joined: [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for range in sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, last.upperBound >= range.lowerBound {
        result[result.count - 1] =
          last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}

extension [Sector] {
  /// A range cut at the sectors' borders.
  func parts(of range: Range<UInt64>) -> [Range<UInt64>] {
    map { $0.range.clamped(to: range) }.filter { !$0.isEmpty }
  }
}

extension MemoryMap {
  /// The sectors that hold bytes of a range.
  func sectors(in range: Range<UInt64>) -> [Sector] {
    sectors.filter { $0.range.overlaps(range) }
  }
}

extension FlashError {
  /// Whether the device refuses to have an address read, for good.
  var isReadRefusal: Bool {
    guard case .device(let error) = self, !error.isGone,
      error.operation == .read || error.operation == .setAddress
    else { return false }
    return error.status == .target || error.status == .address
  }
}
