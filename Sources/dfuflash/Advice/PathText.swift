import DFUCore

/// Paths for people.
enum PathText {
  /// A path as it may be shown on a terminal.
  static func shown(_ path: String) -> String {
    "\"\(path.escapingControls)\""
  }
}
