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
