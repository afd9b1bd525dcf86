import DFUCore

/// Figures for people.
enum UnitText {
  /// Bytes for people, in the largest unit that is whole.
  static func size(_ bytes: Int) -> String {
    if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
    if bytes >= 1 << 10, bytes % (1 << 10) == 0 { return "\(bytes >> 10) KiB" }
    return "\(bytes) B"
  }
}

/// Seconds with three decimals.
func seconds(_ duration: Duration) -> String {
  let (whole, attoseconds) = duration.components
  let milliseconds = String(attoseconds / 1_000_000_000_000_000)
  return "\(whole)."
    + String(repeating: "0", count: max(0, 3 - milliseconds.count))
    + milliseconds
}
