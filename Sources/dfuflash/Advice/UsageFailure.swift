import ArgumentParser

/// What is said of a command line that cannot be understood: one line with
/// what is wrong, and the help of the one option it is about.
enum UsageFailure {
  /// The text for an error of the argument parser.
  ///
  /// - Parameter arguments: the words after the program's name.
  static func text(for error: any Error, _ arguments: [String]) -> String {
    let path = commands(of: arguments)
    let command = path.last ?? DfuUtilCommand.self
    let help = OptionHelp(DFUFlash.helpMessage(for: command, columns: 1000))
    let message = sentence(DFUFlash.message(for: error))
    var lines = ["dfuflash: \(message)"]
    if let word = unknownWord(in: message) {
      if let near = nearest(to: word, in: help, below: command) {
        if !message.contains("Did you mean") {
          lines.append("  did you mean \(near)?")
        }
        lines += help.lines(of: near)
      } else {
        lines.append(general(path))
      }
    } else if let option = options(in: message).first(where: help.has) {
      lines += help.lines(of: option)
    } else {
      lines.append(general(path))
    }
    return lines.joined(separator: "\n")
  }

  /// The verb of a command line and the verb below it; nothing where there
  /// are dfu-util's options alone.
  private static func commands(
    of arguments: [String]
  ) -> [any ParsableCommand.Type] {
    var found: [any ParsableCommand.Type] = []
    var offered = DFUFlash.configuration.subcommands
    for word in arguments {
      guard
        let next = offered.first(where: {
          $0.configuration.commandName == word
        })
      else { break }
      found.append(next)
      offered = next.configuration.subcommands
    }
    return found
  }

  private static func general(
    _ commands: [any ParsableCommand.Type]
  ) -> String {
    let name = commands.compactMap { $0.configuration.commandName }
      .joined(separator: " ")
    return "  usage: "
      + (name.isEmpty || name == "dfu-util"
        ? "dfuflash [-l | -D file | -U file | -e] [-s address] [-a alt] …; "
          + "dfuflash help dfu-util shows all options"
        : "dfuflash \(name) …; dfuflash help \(name) shows all options")
  }

  /// One line, and no period.
  private static func sentence(_ message: String) -> String {
    let line = message.split(separator: "\n").joined(separator: " ")
    return line.hasPrefix("Error: ") ? String(line.dropFirst(7)) : line
  }

  /// What is called unknown or unexpected.
  private static func unknownWord(in message: String) -> String? {
    guard
      message.hasPrefix("Unknown option")
        || message.hasPrefix("Unexpected argument")
        || message.contains("unexpected argument"),
      let start = message.firstIndex(of: "'")
    else { return nil }
    let rest = message[message.index(after: start)...]
    return String(rest.prefix { $0 != "'" })
  }

  /// The options that a message names, in its order.
  private static func options(in message: String) -> [String] {
    message.split {
      !($0.isLetter || $0.isNumber || $0 == "-")
    }.map(String.init).filter { $0.hasPrefix("-") && $0.count > 1 }
  }

  /// The option, or verb, that differs least; `nil` when none is near.
  private static func nearest(
    to word: String, in help: OptionHelp,
    below command: any ParsableCommand.Type
  ) -> String? {
    let below = command.configuration.subcommands
    let verbs = (below.isEmpty ? DFUFlash.configuration.subcommands : below)
      .compactMap { $0.configuration.commandName }
    let candidates = word.hasPrefix("-") ? help.names : verbs
    let allowed = max(1, word.count / 3)
    return candidates.filter { $0.count > 2 }
      .map { (name: $0, distance: distance(word, $0)) }
      .filter { $0.distance <= allowed }
      .min { $0.distance < $1.distance }?.name
  }

  /// How many letters must be put in, left out, replaced, or exchanged with
  /// the next one (Damerau's distance).
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var before: [Int] = []
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var next = [i + 1]
      for (j, other) in b.enumerated() {
        var least = min(
          row[j] + (letter == other ? 0 : 1), row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, letter == b[j - 1], a[i - 1] == other {
          least = min(least, before[j - 1] + 1)
        }
        next.append(least)
      }
      before = row
      row = next
    }
    return row[b.count]
  }
}

/// The entries of a help text, by the names of their options.
struct OptionHelp {
  private var entries: [(names: [String], text: String)] = []

  /// Reads the text as the argument parser makes it: an entry begins with two
  /// blanks and a dash; what is indented further belongs to it.
  init(_ help: String) {
    for line in help.split(separator: "\n", omittingEmptySubsequences: true) {
      let isDeep = line.hasPrefix("   ")
      let text = line.drop { $0 == " " }
      if line.hasPrefix("  "), !isDeep, text.hasPrefix("-") {
        // The names end where the explanation begins, two blanks further.
        var head = Substring(text)
        if let gap = text.firstRange(of: "  ") {
          head = text[..<gap.lowerBound]
        }
        let names = head.split { $0 == "," || $0 == " " || $0 == "/" }
          .map(String.init).filter { $0.hasPrefix("-") }
        entries.append((names, squeezed(text)))
      } else if isDeep, !entries.isEmpty {
        entries[entries.count - 1].text += "  " + squeezed(text)
      }
    }
  }

  /// All options.
  var names: [String] { entries.flatMap(\.names) }

  /// Whether there is such an option.
  func has(_ name: String) -> Bool { names.contains(name) }

  /// The usage of an option.
  func lines(of name: String) -> [String] {
    entries.filter { $0.names.contains(name) }.prefix(1)
      .map { "  usage: \($0.text)" }
  }

  private func squeezed(_ text: Substring) -> String {
    text.split(separator: " ").joined(separator: " ")
  }
}
