import ArgumentParser
import Testing

@testable import dfuflash

/// The verbs as they are typed.
enum Verbs {
  /// All of them, with those below others: "option-bytes show".
  static let all: [String] = DFUFlash.configuration.subcommands.flatMap {
    verb -> [String] in
    let name = verb.configuration.commandName ?? ""
    return [name]
      + verb.configuration.subcommands.map {
        "\(name) \($0.configuration.commandName ?? "")"
      }
  }
}

/// Typing errors are answered with what was meant.
@Suite struct NearestTests {
  /// Each verb without its last letter, and with its last two exchanged.
  @Test(arguments: Verbs.all)
  func aMisspeltVerbIsOffered(verb: String) throws {
    var words = verb.split(separator: " ").map(String.init)
    let name = words.removeLast()
    var exchanged = Array(name)
    exchanged.swapAt(exchanged.count - 1, exchanged.count - 2)
    for wrong in [String(name.dropLast()), String(exchanged)] {
      let run = try Program.run(words + [wrong])
      #expect(run.status == 64, "\(wrong)")
      #expect(run.out.isEmpty)
      #expect(
        run.errors.contains("did you mean \(name)?"),
        "\(wrong): \(run.errors)")
    }
  }

  /// An option of every verb, with two letters exchanged.
  @Test(arguments: Verbs.all)
  func aMisspeltOptionIsOffered(verb: String) throws {
    let words = verb.split(separator: " ").map(String.init)
    guard let type = Self.command(words), type.configuration.subcommands.isEmpty
    else { return }
    let help = DFUFlash.helpMessage(for: type, columns: 1000)
    let names = help.split { !($0.isLetter || $0 == "-") }.map(String.init)
    let option = try #require(
      names.filter {
        $0.hasPrefix("--") && $0.count > 5 && $0 != "--version"
          && $0 != "--help"
      }.max { $0.count < $1.count }, "\(verb)")
    var letters = Array(option)
    letters.swapAt(3, 4)
    let wrong = String(letters)
    // What else the verb needs is there.
    let rest: [String] =
      switch verb {
      case "flash", "verify", "read", "inspect", "station",
        "option-bytes backup", "option-bytes restore":
        ["x"]
      case "convert": ["x", "y"]
      case "option-bytes set": ["x=1"]
      case "erase": ["--all"]
      default: []
      }
    let run = try Program.run(words + rest + [wrong])
    #expect(run.status == 64, "\(verb) \(wrong)")
    #expect(
      run.errors.contains("usage: ") && run.errors.contains(option),
      "\(verb) \(wrong): \(run.errors)")
  }

  private static func command(
    _ words: [String]
  ) -> (any ParsableCommand.Type)? {
    var found: (any ParsableCommand.Type)? = DFUFlash.self
    for word in words {
      found = found?.configuration.subcommands.first {
        $0.configuration.commandName == word
      }
    }
    return found
  }
}
