import Foundation
import Testing

/// Wrong usage of each option of dfu-util's command line: exit 64, one line
/// that says what is wrong, and one of usage.
@Suite struct OptionValueTests {
  /// An option used wrongly.
  struct Mistake: CustomTestStringConvertible {
    /// The words of the command line.
    var words: [String]
    /// What the sentence names.
    var names: String
    /// The names of the option, as the help shows them.
    var usage: String

    var testDescription: String { words.joined(separator: " ") }
  }

  private static let usages = [
    "-d": "-d, --device <", "-p": "-p, --path <", "-S": "-S, --serial <",
    "--uid": "--uid <", "-n": "-n, --devnum <",
    "-c": "-c, --configuration, --cfg <", "-i": "-i, --interface, --intf <",
    "-a": "-a, --alt, --altsetting <", "-t": "-t, --transfer-size <",
    "--bench": "--bench <", "--trace": "--trace <", "--poll": "--poll <",
    "--verify": "--verify <",
    "--chip": "--chip <", "--vdd": "--vdd <", "--format": "--format <",
    "--family": "--family <", "--max-size": "--max-size <",
    "-E": "-E, --detach-delay <", "-U": "-U, --upload <",
    "-Z": "-Z, --upload-size <", "-D": "-D, --download <",
    "-s": "-s, --dfuse-address <", "--wait-seconds": "--wait-seconds <",
  ]

  static let wrongValues: [Mistake] = [
    ("-d", ["xyz", "1:2:3", "12345:1", "0483:df11,1:2,3:4"]),
    ("-p", ["", "nonsense", "1", "1-", "1-2.", "1-x", "1.2-3", "1-300"]),
    ("--uid", ["zz", "0123"]),
    ("-n", ["x", "256", "-1", "1x", ""]), ("-c", ["x", "256", "-1"]),
    ("-i", ["x", "300", "-1"]), ("-t", ["x", "-1", "10k"]),
    ("-E", ["x", "-1", "1.5", ""]), ("-Z", ["x", "-1", "5000000000"]),
    (
      "-s",
      [
        "x", "09", "-1", "0x100000000", "0x08000000:foo", "0x08000000:lea",
        ":mass-erase", "0x08000000:unprotect",
      ]
    ),
    ("--poll", ["never"]), ("--verify", ["maybe"]),
    ("--vdd", ["x", "-3", "1000"]),
    ("--format", ["word"]), ("--family", ["STM99"]),
    ("--max-size", ["x", "0", "-1"]), ("--wait-seconds", ["x"]),
  ].flatMap { option, values in
    values.map { value in
      Mistake(
        words: [option, value], names: option, usage: usages[option] ?? "?")
    }
  }

  static let missingValues = usages.sorted { $0.key < $1.key }.map {
    Mistake(words: [$0.key], names: $0.key, usage: $0.value)
  }

  static let valuesOfFlags: [Mistake] = [
    ("-w=3", "-w", "-w, --wait"), ("-lw=3", "-w", "-w, --wait"),
    ("--list=x", "--list", "-l, --list"),
    ("-l=x", "-l", "-l, --list"), ("--reset=1", "--reset", "-R, --reset"),
    ("-R=1", "-R", "-R, --reset"), ("--detach=1", "--detach", "-e, --detach"),
    ("-e=1", "-e", "-e, --detach"), ("-v=1", "-v", "-v, --verbose"),
    ("--verbose=1", "--verbose", "-v, --verbose"),
    ("-V=1", "-V", "-V, --print-version"), ("-h=1", "-h", "-h, --help"),
    ("--full=1", "--full", "--full"), ("--json=1", "--json", "--json"),
    ("--dry-run=1", "--dry-run", "--dry-run"),
    ("--no-verify=1", "--no-verify", "--no-verify"),
    ("--stats=1", "--stats", "--stats"), ("--force=1", "--force", "--force"),
  ].map { Mistake(words: [$0.0], names: $0.1, usage: $0.2) }

  private func check(_ words: [String], _ mistake: Mistake) throws {
    // No bench either: nothing is looked at before all is understood.
    let run = try Program.run(words)
    #expect(run.status == 64, "\(run.errors)")
    #expect(run.out.isEmpty)
    let lines = run.errors.split(separator: "\n")
    try #require(lines.count == 2, "\(run.errors)")
    #expect(lines[0].hasPrefix("dfuflash: "))
    #expect(lines[0].contains(mistake.names), "\(lines[0])")
    #expect(lines[1].hasPrefix("  usage: "), "\(lines[1])")
  }

  @Test(arguments: wrongValues)
  func aValueThatIsNone(_ mistake: Mistake) throws {
    // Before -l, which would do without most of them.
    try check(mistake.words + ["-l"], mistake)
  }

  @Test(arguments: missingValues)
  func aValueThatIsMissing(_ mistake: Mistake) throws {
    try check(["-l"] + mistake.words, mistake)
  }

  @Test(arguments: valuesOfFlags)
  func aValueForAFlag(_ mistake: Mistake) throws {
    try check(mistake.words, mistake)
  }

  /// No option is left out above.
  @Test func everyOptionIsTested() throws {
    let help = try Program.run(["help", "dfu-util"]).text
    let tested = Set(
      (Self.wrongValues + Self.missingValues + Self.valuesOfFlags)
        .flatMap { $0.usage.split { $0 == "," || $0 == " " || $0 == "<" } })
    let options = help.split(separator: "\n").filter {
      $0.hasPrefix("  -")
    }.compactMap { line in
      line.split { $0 == " " || $0 == "," }.first
    }
    #expect(options.count > 30)
    let rest = Set(options).subtracting(tested)
    // Flags beyond dfu-util's that take no value in any form are all read by
    // the same code.
    #expect(
      rest.isSubset(of: [
        "--no-preserve", "--permanently-lock-this-chip", "--version",
        "--allow-otp", "--keep-vectors",
      ]), "\(rest)")
  }
}
