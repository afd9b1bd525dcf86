extension String {
  /// The text with everything escaped that could do something to a terminal
  /// or a line: control and format characters, line and paragraph separators.
  public var escapingControls: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator,
        .surrogate, .privateUse, .unassigned:
        result += "\\u{\(hex(scalar.value, 2))}"
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension String {
  /// The text without the blanks at its ends.
  package var trimmingBlanks: String {
    guard let first = firstIndex(where: { $0 != " " }),
      let last = lastIndex(where: { $0 != " " })
    else { return "" }
    return String(self[first...last])
  }
}
