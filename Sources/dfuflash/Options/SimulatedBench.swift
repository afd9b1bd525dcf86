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
    let bench = try explained { () throws(BenchError) in
      try Bench.load(path, patience: patience)
    }
    let result: Result
    do {
      result = try body(bench)
    } catch {
      try explained { () throws(BenchError) in try bench.save() }
      throw error
    }
    try explained { () throws(BenchError) in try bench.save() }
    return result
  }

  /// Runs `body`; what a bench complains of becomes a `ToolFailure`.
  static func explained<Result>(
    _ body: () throws(BenchError) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(BenchError) {
      return try body()
    } catch {
      switch error {
      case .missing(let path):
        throw ToolFailure(
          .noInput, "\(error)",
          advice: .makeBench(path))
      case .exists:
        throw ToolFailure(
          .cannotWrite, "\(error)",
          advice: .benchExists)
      case .locked:
        throw ToolFailure(.device, "\(error)", advice: .benchLocked)
      case .file:
        throw ToolFailure(.cannotWrite, "\(error)", advice: .cannotWrite)
      case .invalid:
        throw ToolFailure(.badFile, "\(error)", advice: .benchBroken)
      case .unknownProfile:
        throw ToolFailure(.usage, "\(error)", advice: .benchKinds)
      case .noBoard, .badPath:
        throw ToolFailure(.usage, "\(error)", advice: .benchBoards)
      }
    }
  }
}
