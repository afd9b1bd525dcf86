import ArgumentParser
import DFUCore

/// What is said of a command line that cannot be understood: one line with
/// what is wrong, and one with the usage of what it is about.
enum UsageFailure {
  /// Verbs that change what a board holds. None of them is offered where a verb
  /// that reads may be meant.
  private static let changing: Set = [
    "flash", "erase", "unprotect", "station", "set", "restore",
  ]

  /// The text for an error of the argument parser.
  ///
  /// - Parameters:
  ///   - arguments: the words after the program's name.
  ///   - root: the program.
  static func text(
    for error: any Error, _ arguments: [String],
    of root: any ParsableCommand.Type
  ) -> String {
    var path: [any ParsableCommand.Type] = [root]
    for word in arguments {
      guard
        let next = path.last?.configuration.subcommands.first(where: {
          $0.configuration.commandName == word
        })
      else { break }
      path.append(next)
    }
    let message = sentence(root.message(for: error))
    var lines = ["dfuflash: \(message)"]
    if let near = misspeltVerb(in: message, path) {
      lines.append("  did you mean \(near)?")
    }
    lines.append(
      "  usage: " + (help(root.fullMessage(for: error)) ?? usage(path)))
    return lines.joined(separator: "\n")
  }

  /// One line, and no period.
  private static func sentence(_ message: String) -> String {
    let line = message.split(separator: "\n").joined(separator: " ")
    return line.hasPrefix("Error: ") ? String(line.dropFirst(7)) : line
  }

  /// What the argument parser says of the option that the error is about.
  private static func help(_ message: String) -> String? {
    message.split(separator: "\n").first { $0.hasPrefix("Help:  ") }
      .map { $0.dropFirst(7).split(separator: " ").joined(separator: " ") }
  }

  private static func usage(_ path: [any ParsableCommand.Type]) -> String {
    let name = path.dropFirst().compactMap { $0.configuration.commandName }
      .joined(separator: " ")
    return name.isEmpty || name == "dfu-util"
      ? "dfuflash [-l | -D file | -U file | -e] [-s address] [-a alt] …; "
        + "dfuflash help dfu-util shows all options"
      : "dfuflash \(name) …; dfuflash help \(name) shows all options"
  }

  /// The verb that was meant by a word that nothing expects.
  private static func misspeltVerb(
    in message: String, _ path: [any ParsableCommand.Type]
  ) -> String? {
    guard message.lowercased().contains("unexpected argument") else {
      return nil
    }
    let parts = message.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count > 2, !parts[1].hasPrefix("-") else { return nil }
    let below = path.last { !$0.configuration.subcommands.isEmpty }
    let near = nearestNames(
      to: String(parts[1]),
      among: below?.configuration.subcommands.compactMap {
        $0.configuration.commandName
      } ?? [])
    return near.first { !changing.contains($0) } ?? near.first
  }
}
