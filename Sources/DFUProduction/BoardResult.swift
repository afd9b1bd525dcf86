public import DFUCore

/// What became of one of many boards.
public struct BoardResult: Sendable {
  /// How it ended.
  public enum End: String, Hashable, Sendable {
    /// Flashed, verified, and left as it should be.
    case pass
    /// Anything else.
    case fail
    /// The user stopped it.
    case stopped
  }

  /// The board as it was flashed; where it failed, and at a station, as it was
  /// chosen.
  public var board: Board
  /// The file's name.
  public var file: String
  /// What was done; `nil` for a failure.
  public var flash: FlashResult?
  /// Why it did not pass.
  public var error: JobError?
  /// How long it took.
  public var duration = Duration.zero

  /// How it ended.
  public var end: End {
    switch error?.cause {
    case nil: .pass
    case .stopped?: .stopped
    default: .fail
    }
  }
}

/// Shows work on several boards. Called from the threads of all of them.
public protocol BoardsDisplay: AnyObject, Sendable {
  /// What is told of one board, on the thread that works on it.
  func reporter(for board: Board) -> (JobEvent) -> Void
  /// One board is done, and on record where there is one.
  func finished(_ result: BoardResult)
}
