/// Something `doctor` found: what was seen, why it matters, the next step.
struct Finding: Hashable, Sendable {
  /// How bad it is.
  enum Severity: String, Hashable, Sendable, Comparable {
    /// Flashing will not work.
    case problem
    /// It may not work, or hit the wrong board.
    case warning
    /// Good to know; counts as healthy.
    case note

    private var rank: Int {
      switch self {
      case .problem: 0
      case .warning: 1
      case .note: 2
      }
    }

    static func < (left: Severity, right: Severity) -> Bool {
      left.rank < right.rank
    }
  }

  var severity: Severity
  /// The port path of the device it is about; `nil` for the system.
  var path: String?
  /// What was seen.
  var seen: String
  /// Why it matters.
  var why: String
  /// The next step; its code is the finding's name.
  var next: Hint
  /// What to go through, where one step does not do.
  var checklist: [String] = []

  /// The stable name.
  var code: String { next.code.rawValue }
}
