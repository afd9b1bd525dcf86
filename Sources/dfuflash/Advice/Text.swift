import DFUCore

/// Paths for people.
enum PathText {
  /// A path as it may be shown on a terminal.
  static func shown(_ path: String) -> String {
    "\"\(path.escapingControls)\""
  }

  /// A path where `-` is standard input.
  static func input(_ path: String) -> String {
    path == "-" ? "standard input" : shown(path)
  }
}

/// Bytes in the largest unit that is whole.
func size(_ bytes: Int) -> String {
  if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
  if bytes >= 1 << 10, bytes % (1 << 10) == 0 { return "\(bytes >> 10) KiB" }
  return "\(bytes) B"
}

/// Seconds with three decimals.
func seconds(_ duration: Duration) -> String {
  let (whole, attoseconds) = duration.components
  let milliseconds = String(attoseconds / 1_000_000_000_000_000)
  return "\(whole)." + milliseconds.leftPadded(3, "0")
}

/// "a", "a and b", "a, b and c".
func listed(_ items: [String]) -> String {
  guard let last = items.last, items.count > 1 else { return items.first ?? "" }
  return items.dropLast().joined(separator: ", ") + " and " + last
}

/// "1 board", "2 boards".
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

extension String {
  /// The text with blanks after it up to a width.
  func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// The text with blanks in front of it up to a width.
  func leftPadded(_ width: Int, _ blank: Character = " ") -> String {
    String(repeating: blank, count: max(0, width - count)) + self
  }
}
