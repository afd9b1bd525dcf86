import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the reader of the output can show: how wide, whether colours, and
/// which characters.
struct Terminal: Sendable {
  /// Whether somebody sits before it.
  var isTerminal: Bool
  /// Columns; `nil` where lines are not to be broken.
  var width: Int?
  var hasColour: Bool
  /// Whether the locale's characters are those of UTF-8.
  var hasUTF8: Bool

  /// What standard output is.
  static let output = Terminal(.standardOutput)
  /// A page of text, whatever the terminal.
  static let page = Terminal(width: 80, hasColour: false, hasUTF8: true)
  /// What standard error is.
  static let errors = Terminal(.standardError)

  /// A reader that is no terminal.
  init(width: Int?, hasColour: Bool, hasUTF8: Bool) {
    isTerminal = false
    self.width = width
    self.hasColour = hasColour
    self.hasUTF8 = hasUTF8
  }

  private init(_ stream: FileDescriptor) {
    self.init(
      isTerminal: Self.isTerminal(stream),
      columns: Self.size(of: stream)?.columns,
      environment: { Environment[$0] })
  }

  /// Whether somebody sits before the stream.
  static func isTerminal(_ stream: FileDescriptor) -> Bool {
    isatty(stream.rawValue) == 1
  }

  /// How large a terminal is; `nil` for anything else.
  static func size(of stream: FileDescriptor) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard isTerminal(stream),
      unsafe ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0,
      size.ws_col > 0
    else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// - Parameters:
  ///   - columns: what the terminal itself says.
  ///   - environment: the variables COLUMNS, NO_COLOR, TERM, LC_ALL, LC_CTYPE
  ///     and LANG count.
  init(
    isTerminal: Bool, columns: Int?, environment: (String) -> String?
  ) {
    self.isTerminal = isTerminal
    let stated = environment("COLUMNS").flatMap { Int($0) }
    let width = stated ?? columns ?? (isTerminal ? 80 : nil)
    self.width = width.map { min(max($0, 40), 100) }
    // https://no-color.org: set and not empty.
    hasColour =
      isTerminal && (environment("NO_COLOR") ?? "").isEmpty
      && environment("TERM") != "dumb" && environment("TERM") != nil
    // The first that is set and not empty counts; none says nothing, and
    // today's terminals speak UTF-8.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy
      .compactMap(environment).first { !$0.isEmpty }
    let name = locale?.lowercased()
    hasUTF8 =
      name.map { $0.contains("utf-8") || $0.contains("utf8") } ?? true
  }

  // MARK: Text

  /// A colour or weight.
  enum Style: String {
    case bold = "1"
    case red = "1;31"
    case yellow = "1;33"
    case cyan = "36"
    case passed = "1;97;42"
    case failed = "1;97;41"
  }

  /// The text in a style, where there are colours.
  func styled(_ text: String, _ style: Style) -> String {
    hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// The text without this program's own typographic characters, where the
  /// locale has none. What boards and files say stays as it is.
  func plain(_ text: String) -> String {
    guard !hasUTF8, text.utf8.contains(where: { $0 >= 0x80 }) else {
      return text
    }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "×": result += "x"
      case "–", "—": result += "-"
      case "…": result += "..."
      case "’", "‘": result += "'"
      case "“", "”": result += "\""
      case "→": result += "->"
      case "µ": result += "u"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A paragraph broken at blanks to the width, with a first head and blanks
  /// of its length in front of further lines.
  func paragraph(_ head: String, _ text: String) -> String {
    guard let width, width > head.count + 20 else { return head + text }
    return broken(head, text, indent: head.count, width)
  }

  /// Lines for people, each that is too wide broken at blanks. What follows
  /// begins under the line's second column, or two blanks further in.
  func folded(_ text: String) -> String {
    guard let width else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line -> String in
        guard line.count > width else { return String(line) }
        let margin = line.prefix { $0 == " " }
        let rest = line[margin.endIndex...]
        var head = String(margin)
        var indent = margin.count + 2
        if let gap = rest.firstRange(of: "  ") {
          let body = rest[gap.lowerBound...].drop { $0 == " " }
          let column = line.count - body.count
          if column <= 16 {
            head = String(line.prefix(column))
            indent = column
          }
        }
        return broken(
          head, String(line.dropFirst(head.count)), indent: indent, width)
      }.joined(separator: "\n")
  }

  private func broken(
    _ head: String, _ text: String, indent: Int, _ width: Int
  ) -> String {
    let margin = String(repeating: " ", count: indent)
    var result = head
    var column = head.count
    var isFirst = true
    for piece in pieces(of: text, within: width - indent) {
      if !isFirst, column + 1 + piece.count > width {
        result += "\n" + margin
        column = indent
      } else if !isFirst {
        result += " "
        column += 1
      }
      result += piece
      column += piece.count
      isFirst = false
    }
    return result
  }

  /// Words, and commands that can be copied as one piece where a line has room
  /// for them.
  private func pieces(of text: String, within room: Int) -> [String] {
    var result: [String] = []
    var command: [String] = []
    func take() {
      let whole = command.joined(separator: " ")
      result += whole.count <= room ? [whole] : command
      command = []
    }
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      let begins = word == "sudo" || word == "dfuflash"
      if command.isEmpty, !begins {
        result.append(String(word))
        continue
      }
      command.append(String(word))
      if word.hasSuffix(";") || word.hasSuffix(",") { take() }
    }
    if !command.isEmpty { take() }
    return result
  }
}
