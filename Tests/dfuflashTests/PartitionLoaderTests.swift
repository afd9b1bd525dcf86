import DFUSimulator
import TestSupport
import Testing

/// STM32MP1, MP2 and N6: loaders that follow each other at one port. The public
/// transcripts themselves are in Tests/Recordings.
@Suite struct PartitionLoaderTests {
  @Test(arguments: [
    ("mp15", "STM32MP15"), ("mp25", "STM32MP25"), ("n6", "STM32N6"),
  ])
  func theyAreNamed(_ kind: String, _ name: String) throws {
    let bench = try TestBenchFile(kind)
    let list = try Program.run(["list"], bench: bench)
    #expect(list.text.contains("  chip     \(name)\n"), "\(list.text)")
    let json = try Program.run(["list", "--json"], bench: bench)
    #expect(json.text.contains(#""chip" : "\#(name)""#), "\(json.text)")
    let doctor = try Program.run(["doctor"], bench: bench)
    #expect(doctor.text.contains("  \(name), serial "), "\(doctor.text)")
  }

  /// Each step is one command, told apart by the name before the slash.
  @Test func eachStageIsOneCommand() throws {
    let bench = try TestBenchFile("mp25")
    let names = ["FSBL", "@Partition2", "@Partition3 /0x03/1*16Me"]
    for (index, name) in names.enumerated() {
      let file = try bench.folder.file(
        "stage\(index)", program(2000, seed: UInt64(index + 1)))
      let run = try Program.run(
        ["-w", "-a", name, "-D", file, "-R"], bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.text.contains("File downloaded successfully"))
    }
    try bench.board { board in
      #expect(board.mode == .application)
      for (index, slot) in [0, 2, 4].enumerated() {
        #expect(
          board.stored(alternate: slot)
            == program(2000, seed: UInt64(index + 1)))
      }
    }
  }

  /// STM32MP15's ROM is gone before it has confirmed anything, although it says
  /// that it goes on speaking DFU; the loader it was given comes.
  @Test func aROMThatIsReplacedByWhatItWasGivenHasTakenIt() throws {
    let bench = try TestBenchFile([
      ("mp15", #""quirks": {"plain": ["detachLeaves", "resetsItself"]}"#)
    ])
    let file = try bench.folder.file("spl", program(2000))
    let run = try Program.run(["-w", "-a", "FSBL", "-D", file], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    let list = try Program.run(["list"], bench: bench)
    #expect(list.text.contains("Partition3"), "\(list.text)")
  }

  @Test func anAlternateThatNeverComesIsNamedWithThoseThereAre() throws {
    let bench = try TestBenchFile("n6")
    let file = try bench.folder.file("fip", program(2000))
    let run = try Program.run(
      ["--wait=2", "-a", "FIP", "-D", file], bench: bench)
    #expect(run.status == 74, "\(run.errors)")
    #expect(
      run.text.ranges(of: #"has no alternate setting "FIP" yet; waiting"#).count
        == 1, "\(run.text)")
    #expect(run.errors.contains("FIP"), "\(run.errors)")
    #expect(run.errors.contains("FSBL"), "\(run.errors)")
  }
}
