import DFUCore
import DFUSimulator

/// A bench in a file, opened for the time of one command.
enum SimulatedBench {
  /// Another process may have the bench open; scripts that run side by side
  /// take turns.
  static let patience = Duration.seconds(30)

  /// Opens a bench for `body` and saves what its boards have become, also
  /// when `body` fails.
  static func use<Result>(
    _ path: String, _ body: (Bench) throws -> Result
  ) throws -> Result {
    let bench = try Bench.load(path, patience: patience)
    let result: Result
    do {
      result = try body(bench)
    } catch {
      try bench.save()
      throw error
    }
    try bench.save()
    return result
  }
}
