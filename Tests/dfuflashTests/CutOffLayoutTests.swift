import TestSupport
import Testing

/// A layout that goes on with what lies behind it in the bootloader's memory
/// (F429 on BIGTREETECH's Octopus Pro): it is used as far as it is text, and
/// that is said once.
@Suite struct CutOffLayoutTests {
  private static let sentence =
    "its layout is followed by something that is no text"

  private func bench() throws -> TestBenchFile {
    try TestBenchFile([
      (
        "f405",
        """
        "alternates": ["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg챐ƨ⹔"]
        """
      )
    ])
  }

  private func count(_ run: Program.Run) -> Int {
    (run.text + run.errors).ranges(of: Self.sentence).count
  }

  @Test func listWarnsAndShowsTheMemory() throws {
    let text = try Program.run(["list"], bench: bench())
    #expect(count(text) == 1)
    #expect(text.text.contains("    warning: \(Self.sentence)"))
    #expect(text.text.contains("  alt 0    Internal Flash  (1 MiB)\n"))
    let json = try Program.run(["list", "--json"], bench: bench())
    #expect(json.text.contains(#""problem" : "\#(Self.sentence)"#))
    #expect(json.text.contains(#""size" : 1048576"#))
    #expect(count(json) == 1)
  }

  @Test func flashWarnsOnceAndFlashes() throws {
    for more in [[], ["--json"]] {
      let bench = try bench()
      let file = try bench.folder.file("fw.bin", program(40_000))
      let run = try Program.run(["flash", file] + more, bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      #expect(count(run) == 1, "\(run.text)\(run.errors)")
      #expect(
        (run.text + run.errors).contains("warning: alternate setting 0: its"))
      #expect(try bench.memory(40_000) == program(40_000))
    }
    let good = try TestBenchFile("f405")
    let file = try good.folder.file("fw.bin", program(100))
    #expect(count(try Program.run(["flash", file], bench: good)) == 0)
  }

  @Test func doctorNotesIt() throws {
    let run = try Program.run(["doctor"], bench: bench())
    #expect(run.status == 0, "nothing stands in the way of flashing")
    #expect(count(run) == 1)
    #expect(run.text.contains("note: layout-wrong, board 1-1\n"))
    let json = try Program.run(["doctor", "--json"], bench: bench())
    #expect(json.text.contains(#""code" : "layout-wrong""#))
    #expect(count(json) == 1)
  }
}
