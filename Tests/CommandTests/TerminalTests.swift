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
