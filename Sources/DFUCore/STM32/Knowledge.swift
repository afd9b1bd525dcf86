/// How far a fact about a chip can be trusted.
public enum Confidence: String, Hashable, Sendable, CaseIterable, Comparable {
  /// Nobody saw it; it may be so.
  case unconfirmed
  /// It follows from documents or from what was seen, but is stated nowhere.
  case inferred
  /// A public document states it, or it was seen on devices.
  case confirmed

  /// Less trusted comes before more trusted.
  public static func < (left: Confidence, right: Confidence) -> Bool {
    left.rank < right.rank
  }

  private var rank: Int {
    switch self {
    case .unconfirmed: 0
    case .inferred: 1
    case .confirmed: 2
    }
  }
}

/// Where a fact about a chip comes from.
public struct Source: Hashable, Sendable {
  /// The public document, header or report.
  public var document: String
  /// How far it carries.
  public var confidence: Confidence

  /// A source.
  public init(_ document: String, _ confidence: Confidence = .confirmed) {
    self.document = document
    self.confidence = confidence
  }
}

/// A stretch of a chip's address space.
public struct AddressWindow: Hashable, Sendable {
  /// Its first address.
  public var start: UInt32
  /// Its length in bytes.
  public var length: Int

  /// A window of a length in bytes.
  public init(_ start: UInt32, length: Int) {
    self.start = start
    self.length = length
  }

  /// A window from its first to its last address, both included; of length 0
  /// when they are in the wrong order.
  public init(_ first: UInt32, through last: UInt32) {
    self.start = first
    self.length = last < first ? 0 : Int(last - first) + 1
  }

  /// The address after the last byte; 2^32 for a window at the very end.
  public var end: UInt64 { UInt64(start) + UInt64(max(0, length)) }

  /// Whether an address lies in it.
  public func contains(_ address: UInt32) -> Bool {
    address >= start && UInt64(address) < end
  }

  /// Whether it shares at least one byte with another.
  public func overlaps(_ other: AddressWindow) -> Bool {
    UInt64(start) < other.end && UInt64(other.start) < end
      && length > 0 && other.length > 0
  }
}

extension AddressWindow: CustomStringConvertible {
  /// First and last address in hexadecimal.
  public var description: String {
    let last = UInt32(truncatingIfNeeded: end &- 1)
    return "0x\(start.hexDigits())-0x\(last.hexDigits())"
  }
}

/// The name nearest to what a person typed, for "did you mean".
///
/// - Returns: up to `limit` names, nearest first, that begin like the text or
///   differ from it in at most a third of their characters (letter case, `_`
///   and `-` apart). Empty for very long text.
public func nearestNames(
  to text: String, among names: [String], limit: Int = 3
) -> [String] {
  func folded(_ name: String) -> [Character] {
    name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
  }
  guard text.utf8.count <= 64 else { return [] }
  let wanted = folded(text)
  guard !wanted.isEmpty else { return [] }
  var ranked: [(distance: Int, name: String)] = []
  for name in names {
    let candidate = folded(name)
    let distance = editDistance(wanted, candidate)
    let begins =
      wanted.count >= 2
      && (candidate.starts(with: wanted) || wanted.starts(with: candidate))
    if begins || distance * 3 <= max(wanted.count, candidate.count) * 2 {
      ranked.append((begins ? min(distance, 1) : distance, name))
    }
  }
  return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
    .prefix(limit).map(\.name)
}

/// Optimal string alignment distance, doubled; two neighbours swapped count
/// half of any other slip, as that is the commonest one.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = (0...b.count).map { $0 * 2 }
  for i in 0..<a.count {
    var row = [(i + 1) * 2]
    for j in 0..<b.count {
      var best = min(last[j + 1], row[j]) + 2
      best = min(best, last[j] + (a[i] == b[j] ? 0 : 2))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        best = min(best, beforeLast[j - 1] + 1)
      }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
