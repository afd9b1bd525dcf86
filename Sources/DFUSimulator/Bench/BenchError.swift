/// Why a bench cannot be used.
public enum BenchError: Error, Hashable, Sendable {
  /// There is no such bench.
  case missing(String)
  /// There is one already.
  case exists(String)
  /// Another process uses the bench; the lock's path.
  case locked(String)
  /// The system refused something: path, what was to be done, its reason.
  case file(String, doing: String, reason: String)
  /// The content is wrong: path, where in it, what is wrong.
  case invalid(String, at: String?, String)
  /// No such kind of board.
  case unknownProfile(String)
  /// The bench has no board there.
  case noBoard(String, bench: String)
  /// A port path that cannot be, or is taken.
  case badPath(String, String)
}

extension BenchError: CustomStringConvertible {
  /// A sentence for people.
  public var description: String {
    switch self {
    case .missing(let path):
      "there is no bench \(path)"
    case .exists(let path):
      "the bench \(path) exists already"
    case .locked(let path):
      "another process is using this bench (it holds \(path))"
    case .file(let path, let action, let reason):
      "could not \(action) \(path): \(reason)"
    case .invalid(let path, let place, let reason):
      "\(path) is not a bench that can be used: "
        + (place.map { "\($0): " } ?? "") + reason
    case .unknownProfile(let name):
      "no kind of board is called \(name.debugDescription); there are "
        + BoardProfile.all.map(\.name).joined(separator: ", ")
    case .noBoard(let path, let bench):
      "the bench \(bench) has no board at \(path)"
    case .badPath(let path, let reason):
      "\(path.debugDescription) cannot be a port path: \(reason)"
    }
  }
}
