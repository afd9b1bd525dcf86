import Foundation

/// Many cases drawn by lot, on all processors.
enum Properties {
  /// Runs cases with the seeds from `seed` on, and ends the program.
  static func run(_ count: Int, seed: UInt64) async {
    print("\(count) cases from seed \(seed)")
    let start = Date()
    let findings = await withTaskGroup(of: [(UInt64, String)].self) { group in
      let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
      for worker in 0..<workers {
        group.addTask {
          stride(from: worker, to: count, by: workers).compactMap { index in
            let seed = seed &+ UInt64(index)
            return finding(seed).map { (seed, $0) }
          }
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    for (_, text) in findings.sorted(by: { $0.0 < $1.0 }) { print(text) }
    let seconds = Date().timeIntervalSince(start)
    print(
      "\(count) cases, \(findings.count) with anything wrong, "
        + "\(Int(seconds.rounded())) s")
    exit(findings.isEmpty ? 0 : 1)
  }

  /// What is wrong with the case of a seed.
  private static func finding(_ seed: UInt64) -> String? {
    do {
      let test = try RandomCase(seed: seed)
      let problems = try test.problems()
      return problems.isEmpty
        ? nil : "\(test)\n    " + problems.joined(separator: "\n    ")
    } catch {
      return "--random 1 --seed \(seed): \(error)"
    }
  }
}
