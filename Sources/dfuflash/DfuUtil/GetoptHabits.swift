import ArgumentParser
import DFUCore

/// What people and scripts are used to from getopt_long and the argument
/// parser does not know: unambiguous beginnings of long options, and clusters
/// of short ones that end in one with a value.
enum GetoptHabits {
  /// dfu-util's long options and whether each takes a value.
  static let long: [(name: String, takesValue: Bool)] = [
    ("help", false), ("version", false), ("verbose", false), ("list", false),
    ("detach", false), ("detach-delay", true), ("device", true),
    ("path", true), ("configuration", true), ("cfg", true),
    ("interface", true), ("intf", true), ("altsetting", true), ("alt", true),
    ("serial", true), ("transfer-size", true), ("upload", true),
    ("upload-size", true), ("download", true), ("reset", false),
    ("dfuse-address", true), ("devnum", true), ("wait", false),
  ]

  private static let synonyms = [
    "altsetting": "alt", "cfg": "configuration", "intf": "interface",
  ]
  /// Options beyond dfu-util's that begin like some of its.
  private static let ours: Set<String> = ["chip", "format", "full", "dry-run"]

  private static let flags = Set("hVvleRw")

  /// The arguments with those habits written out. Arguments that begin with a
  /// verb are left as they are.
  ///
  /// - Throws: `ValidationError` for a beginning that fits several options.
  static func expanded(
    _ arguments: [String]
  ) throws(ValidationError) -> [String] {
    guard let first = arguments.first, first.hasPrefix("-") else {
      return withWaitLimits(arguments)
    }
    let arguments = withWaitLimits(arguments)
    var result: [String] = []
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        result += arguments[(index - 1)...]
        break
      }
      var takesNext = false
      if argument.hasPrefix("--") {
        let parts = argument.dropFirst(2).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = try complete(String(parts[0]))
        takesNext =
          parts.count == 1
          && long.contains { $0.name == name && $0.takesValue }
        result.append(
          "--\(name)" + (parts.count == 2 ? "=\(parts[1])" : ""))
      } else if argument.hasPrefix("-"), argument.count > 1 {
        let pieces = try split(cluster: argument.dropFirst())
        result += pieces
        if let last = pieces.last, last.count == 2, let letter = last.last {
          takesNext = !flags.contains(letter)
        }
      } else {
        result.append(argument)
      }
      // A value is never an option, whatever it looks like.
      if takesNext, index < arguments.count {
        result.append(arguments[index])
        index += 1
      }
    }
    return result
  }

  /// `--wait=5` as `--wait-seconds=5`: the argument parser has no options
  /// whose value may be left out.
  private static func withWaitLimits(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].map { argument in
      argument.hasPrefix("--wait=")
        ? "--wait-seconds=" + argument.dropFirst("--wait=".count) : argument
    } + arguments[end...]
  }

  /// The option that a beginning stands for, where there is just one.
  private static func complete(
    _ beginning: String
  ) throws(ValidationError) -> String {
    if ours.contains(beginning) { return beginning }
    let isWhole = long.contains { $0.name == beginning }
    let fitting = long.map(\.name).filter {
      !beginning.isEmpty && $0.hasPrefix(beginning)
    }
    // Two names of one option are no ambiguity.
    let meanings = Set(fitting.map { synonyms[$0] ?? $0 })
    if meanings.count > 1, !isWhole {
      throw ValidationError(
        """
        --\(beginning.escapingControls) may stand for \
        \(fitting.map { "--\($0)" }.joined(separator: ", "))
        """)
    }
    let name = isWhole ? beginning : fitting.first ?? beginning
    return name == "version" ? "print-version" : name
  }

  /// `-lva0` as `-l -v -a0`.
  ///
  /// - Throws: `ValidationError` for a flag with a value.
  private static func split(
    cluster: Substring
  ) throws(ValidationError) -> [String] {
    var pieces: [String] = []
    var rest = cluster
    while let letter = rest.first {
      if letter == "=", let flag = pieces.last {
        throw ValidationError(
          """
          \(flag) does not take any value, but \
          "\(rest.dropFirst().description.escapingControls)" was given
          """)
      }
      if flags.contains(letter) {
        pieces.append("-\(letter)")
        rest = rest.dropFirst()
      } else {
        pieces.append("-\(rest)")
        break
      }
    }
    return pieces
  }
}
