import TestSupport
import Testing

@testable import dfuflash

/// Colours, width and characters follow who reads.
@Suite struct TerminalTests {
  private func terminal(
    _ isTerminal: Bool = true, columns: Int? = nil,
    variables: [String: String] = [:]
  ) -> Terminal {
    let all = ["TERM": "xterm"].merging(variables) { $1 }
    return Terminal(
      isTerminal: isTerminal, columns: columns,
      environment: { all[$0] })
  }

  @Test func coloursAreForTerminalsThatWantThem() {
    #expect(terminal().hasColour)
    #expect(!terminal(false).hasColour)
    #expect(!terminal(variables: ["NO_COLOR": "1"]).hasColour)
    // Set but empty says nothing, by the convention.
    #expect(terminal(variables: ["NO_COLOR": ""]).hasColour)
    #expect(!terminal(variables: ["TERM": "dumb"]).hasColour)
    #expect(terminal().styled("x", .red) == "\u{1B}[1;31mx\u{1B}[0m")
    #expect(terminal(false).styled("x", .red) == "x")
  }

  @Test func theWidthIsTheTerminals() {
    #expect(terminal(columns: 72).width == 72)
    #expect(terminal().width == 80)
    #expect(terminal(columns: 300).width == 100)
    #expect(terminal(columns: 3).width == 40)
    #expect(terminal(false).width == nil)
    #expect(terminal(false, variables: ["COLUMNS": "60"]).width == 60)
  }

  @Test(arguments: [
    ("C", false), ("POSIX", false), ("en_US.ISO-8859-1", false),
    ("C.UTF-8", true), ("de_DE.utf8", true),
  ])
  func theLocaleDecidesAboutCharacters(_ name: String, _ isUTF8: Bool) {
    #expect(terminal(variables: ["LANG": name]).hasUTF8 == isUTF8)
    #expect(
      terminal(variables: ["LANG": "C.UTF-8", "LC_ALL": name]).hasUTF8 == isUTF8
    )
    #expect(terminal().hasUTF8)
  }

  @Test func ownTypographyFallsBackAndNothingElse() {
    let plain = terminal(variables: ["LC_ALL": "C"])
    #expect(plain.plain("4 × 16 KiB, 1–2 …") == "4 x 16 KiB, 1-2 ...")
    #expect(plain.plain("Gerät") == "Gerät")
    #expect(terminal().plain("4 × 16") == "4 × 16")
  }

  @Test func paragraphsAreBrokenAtBlanks() {
    let narrow = Terminal(width: 40, hasColour: false, hasUTF8: true)
    #expect(
      narrow.paragraph(
        "  seen: ", "one two three four five six seven eight nine ten")
          == """
            seen: one two three four five six
                  seven eight nine ten
          """)
    let long = String(repeating: "x", count: 60)
    #expect(narrow.paragraph("> ", "a \(long) b") == "> a\n  \(long)\n  b")
    let pipe = Terminal(width: nil, hasColour: false, hasUTF8: true)
    #expect(pipe.paragraph("> ", "a \(long) b") == "> a \(long) b")
  }

  @Test func wideLinesAreFoldedUnderTheirSecondColumn() {
    let narrow = Terminal(width: 40, hasColour: false, hasUTF8: true)
    #expect(
      narrow.folded("short\n  chip     one two three four five six seven")
        == """
        short
          chip     one two three four five six
                   seven
        """)
    // A command stays in one piece, so that it can be copied.
    #expect(
      narrow.folded("  hint: with: sudo dfuflash doctor --yes; then plug it in")
        == """
          hint: with:
            sudo dfuflash doctor --yes; then
            plug it in
        """)
    let pipe = Terminal(width: nil, hasColour: false, hasUTF8: true)
    let long = String(repeating: "long ", count: 40)
    #expect(pipe.folded(long) == long)
  }

  /// What a person sees of a board at 80 columns: no line is wider.
  @Test(arguments: [
    "f405", "f072", "f303", "l412", "g0b1", "g474", "h743", "u585", "camera",
    "stlink", "gd32vf103",
  ])
  func nothingIsWiderThanEightyColumns(kind: String) throws {
    let bench = try TestBenchFile(kind)
    let file = try bench.folder.file("fw.bin", program(5000))
    for arguments in [
      ["list"], ["doctor"], ["flash", "--no-leave", file], ["flash", file],
      ["flash", "/nowhere/fw.bin"], ["option-bytes", "show"],
      ["unprotect"], ["fl"],
    ] {
      let run = try Program.run(
        arguments, bench: bench, environment: ["COLUMNS": "80"])
      for line in (run.text + run.errors).split(separator: "\n") {
        // A path cannot be broken.
        #expect(
          line.count <= 80 || line.contains(bench.folder.root),
          "\(arguments): \(line)")
      }
    }
  }

  @Test func theStationFitsEightyColumns() throws {
    let bench = try TestBenchFile("f405")
    let file = try bench.folder.file("fw.bin", program(5000))
    let run = try Program.run(
      ["station", "--count", "1", file], bench: bench,
      environment: ["COLUMNS": "80"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("PASS"))
    for line in run.lines { #expect(line.count <= 80, "\(line)") }
  }

  @Test(arguments: Verbs.all)
  func helpFitsEightyColumnsAndHasAnExample(verb: String) throws {
    let run = try Program.run(
      verb.split(separator: " ").map(String.init) + ["--help"],
      environment: ["COLUMNS": "80"])
    #expect(run.status == 0)
    #expect(run.text.contains("Example: dfuflash "), "\(verb)")
    for line in run.lines {
      #expect(line.count <= 80, "\(verb): \(line)")
    }
  }

  @Test func pipesHaveNeitherColoursNorForeignCharacters() throws {
    let bench = try TestBenchFile("f405", "l412", "stlink")
    let file = try bench.folder.file("fw.bin", program(5000))
    for arguments in [
      ["list"], ["doctor"], ["flash", file], ["flash", "-p", "1-1", file],
      ["flash", "--dry-run", "-p", "1-2", file], ["option-bytes", "--help"],
      ["flahs"], ["inspect", file], ["read", "--address", "0x1", "x"],
      ["station", "-p", "1-2", "--count", "1", file],
    ] {
      let run = try Program.run(
        arguments, bench: bench,
        environment: ["LC_ALL": "C", "TERM": "xterm-256color"])
      let all = run.out + run.err
      #expect(!all.isEmpty, "\(arguments)")
      #expect(
        all.allSatisfy { $0 < 0x80 && $0 != 0x1B },
        "\(arguments): \(run.text)\(run.errors)")
    }
  }

  @Test func listIsASCIIInAnASCIILocale() throws {
    let bench = try TestBenchFile("f405")
    let run = try Program.run(
      ["list"], bench: bench, environment: ["LC_ALL": "C"])
    #expect(run.out.allSatisfy { $0 < 0x80 })
    #expect(run.text.contains("4 x   16 KiB"))
  }

  @Test func jsonIsASCIIInAnASCIILocaleAndSaysTheSame() throws {
    let bench = try TestBenchFile([("f405", #""serial": "Gerät–1""#)])
    let plain = try Program.run(
      ["list", "--json"], bench: bench, environment: ["LC_ALL": "C"])
    #expect(plain.text.contains(#""Ger\u00e4t\u20131""#))
    let rich = try Program.run(
      ["list", "--json"], bench: bench, environment: ["LC_ALL": "C.UTF-8"])
    #expect(rich.text.contains(#""Gerät–1""#))
  }
}
