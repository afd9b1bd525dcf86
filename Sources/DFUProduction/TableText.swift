/// Rows of comma-separated values, as spreadsheets write them (RFC 4180).
///
/// Fields may be quoted, with `""` for a quotation mark inside; lines end
/// with LF or CRLF; blanks around a field do not count; empty lines, and lines
/// whose first character is `#`, are left out.
struct TableText {
  /// A row and the line it begins in, the first is 1.
  struct Row: Hashable, Sendable {
    var line: Int
    var fields: [String]
  }

  private(set) var rows: [Row] = []

  private var field = ""
  private var fields: [String] = []
  private var isQuoted = false
  private var wasQuoted = false
  private var line = 1
  private var firstLine = 1

  init(parsing text: String) throws(BoardMap.Problem) {
    var scalars = Array(text.unicodeScalars)[...]
    // A byte-order mark, as spreadsheets put it.
    if scalars.first == "\u{FEFF}" { scalars = scalars.dropFirst() }
    while let scalar = scalars.popFirst() {
      if isQuoted {
        try takeQuoted(scalar, &scalars)
      } else {
        try take(scalar, &scalars)
      }
    }
    if isQuoted {
      throw BoardMap.Problem(
        line: firstLine, reason: "a quotation mark is not closed")
    }
    endRow()
  }

  private mutating func takeQuoted(
    _ scalar: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>
  ) throws(BoardMap.Problem) {
    switch scalar {
    case "\"" where rest.first == "\"":
      rest = rest.dropFirst()
      field.unicodeScalars.append(scalar)
    case "\"": isQuoted = false
    case "\n":
      throw BoardMap.Problem(line: line, reason: "a quoted field ends nowhere")
    default: field.unicodeScalars.append(scalar)
    }
  }

  private mutating func take(
    _ scalar: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>
  ) throws(BoardMap.Problem) {
    switch scalar {
    case "#" where fields.isEmpty && field.isEmpty && !wasQuoted:
      rest = rest.drop { $0 != "\n" }
    case "\"" where field.allSatisfy(\.isWhitespace) && !wasQuoted:
      field = ""
      isQuoted = true
      wasQuoted = true
    case ",": endField()
    case "\n":
      endRow()
      line += 1
      firstLine = line
    case "\r" where rest.first == "\n" || rest.isEmpty: break
    case " ", "\t": if !wasQuoted { field.unicodeScalars.append(scalar) }
    case _ where wasQuoted:
      throw BoardMap.Problem(
        line: line, reason: "there is something after a closed quotation mark")
    default: field.unicodeScalars.append(scalar)
    }
  }

  private mutating func endField() {
    fields.append(wasQuoted ? field : field.trimmed)
    field = ""
    wasQuoted = false
  }

  private mutating func endRow() {
    let isEmpty = fields.isEmpty && !wasQuoted && field.trimmed.isEmpty
    if isEmpty {
      field = ""
      return
    }
    endField()
    rows.append(Row(line: firstLine, fields: fields))
    fields = []
  }
}

extension String {
  /// The text without blanks at its ends.
  fileprivate var trimmed: String {
    let start = drop { $0 == " " || $0 == "\t" }
    return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
