/// How long something takes, in microseconds.
public struct FlashTime: Hashable, Sendable {
  /// The datasheet's typical time.
  public var typical: Int
  /// The datasheet's maximum.
  public var maximum: Int
}

/// Datasheet times of a flash memory.
public struct FlashTiming: Hashable, Sendable {
  /// Erasing one sector or page, by its size.
  public var erase: [SectorErase]
  /// Erasing everything (of one bank where there are two), for the largest
  /// part of the family; `nil` where not known: then the sectors' times added
  /// up are an upper limit.
  public var massErase: FlashTime?
  /// Bytes programmed at once.
  public var programUnit: Int
  /// Programming ``programUnit`` bytes.
  public var program: FlashTime

  /// Erasing one sector of a size.
  public struct SectorErase: Hashable, Sendable {
    /// The sector's size in bytes.
    public var size: Int
    /// How long it takes.
    public var time: FlashTime
  }

  /// The time to erase a sector of a size in bytes: of the smallest known
  /// sector that is at least as large, else of the largest.
  public func eraseTime(sectorSize: Int) -> FlashTime? {
    let known = erase.sorted { $0.size < $1.size }
    return (known.first { $0.size >= sectorSize } ?? known.last)?.time
  }

  /// The time to program a number of bytes, microseconds; clamped, never
  /// overflowing.
  public func programTime(bytes: Int) -> FlashTime {
    let unit = max(1, programUnit)
    let units = max(0, bytes) / unit + (bytes % unit > 0 ? 1 : 0)
    func times(_ value: Int) -> Int {
      let (product, overflow) = units.multipliedReportingOverflow(by: value)
      return overflow ? Int.max : product
    }
    return FlashTime(
      typical: times(program.typical), maximum: times(program.maximum))
  }
}

extension FlashTime {
  /// From milliseconds.
  static func ms(_ typical: Int, _ maximum: Int) -> FlashTime {
    FlashTime(typical: typical * 1000, maximum: maximum * 1000)
  }
}
