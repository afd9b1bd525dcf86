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
