/// Reads a device's memory in whole transfer sizes, whatever is asked for.
///
/// Requests fall on a grid that begins with each stretch of readable sectors:
/// so one address pointer serves a whole stretch, devices that compute with
/// the requested length and those that do not agree, and small sectors cost
/// no request of their own.
final class MemoryReader {
  private let session: DfuSeSession
  private let stretches: [Range<UInt64>]
  private var cached: (start: UInt64, bytes: [UInt8]) = (0, [])

  init(_ session: DfuSeSession, _ memory: MemoryMap) {
    self.session = session
    var stretches: [Range<UInt64>] = []
    for run in memory.runs.sorted(by: { $0.address < $1.address })
    where run.access.contains(.readable) {
      if let last = stretches.last, last.upperBound == UInt64(run.address) {
        stretches[stretches.count - 1] = last.lowerBound..<run.end
      } else {
        stretches.append(UInt64(run.address)..<run.end)
      }
    }
    self.stretches = stretches
  }

  /// Whether every byte of a range can be read.
  func canRead(_ range: Range<UInt64>) -> Bool {
    stretches.contains {
      $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound
    }
  }

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
        let length = min(size, stretch.upperBound - start)
        cached = (start, try fetch(Int(length), at: UInt32(start)))
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
      do throws(DFUError) {
        return try session.read(length, at: address)
      } catch {
        failures += 1
        guard failures < 3, error.mayPass else { throw FlashError(error) }
      }
      do throws(DFUError) {
        try session.recover()
      } catch {
        throw .failed(error)
      }
    }
  }
}
