import Foundation
import TestSupport
import Testing

/// What is told of single transfers: `-v`, `-v -v` and `--trace`.
@Suite struct TransferTraceTests {
  private struct Line: Decodable {
    var time: Double
    var board: String
    var request: String
    var requestType: UInt8
    var code: UInt8
    var value: UInt16
    var index: UInt16
    var length: Int
    var data: String
    var seconds: Double
    var status: String?
    var state: String?
    var pollTimeout: UInt32?
    var error: String?
  }

  private func lines(_ path: String) throws -> [Line] {
    try String(decoding: Folder.bytes(path), as: UTF8.self)
      .split(separator: "\n").filter { !$0.contains(#""event":"#) }
      .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  private func download(
    _ bench: TestBenchFile, _ more: [String]
  ) throws -> Program.Run {
    let file = try bench.folder.file("fw.bin", program(3000))
    return try Program.run(
      ["-a", "0", "-s", "0x08000000", "-D", file] + more, bench: bench)
  }

  @Test func withoutVAnOldStatusIsClearedInSilence() throws {
    let inError = #""state": {"mode": "dfu", "dfuState": 10, "dfuStatus": 10}"#
    let quiet = try download(TestBenchFile([("f405", inError)]), [])
    #expect(quiet.status == 0)
    #expect(quiet.errors.isEmpty)
    let loud = try download(TestBenchFile([("f405", inError)]), ["-v"])
    #expect(loud.status == 0)
    #expect(
      loud.errors.contains(
        "board 1-1: in dfuERROR with errFIRMWARE: the firmware in the device "
          + "is corrupt"), "\(loud.errors)")
    #expect(!loud.errors.contains("DNLOAD"))
  }

  @Test func twoVShowEachTransferWithItsStatusDecoded() throws {
    let bench = try TestBenchFile("f405")
    let run = try download(bench, ["-v", "-v"])
    #expect(run.status == 0)
    let shown = run.errors.split(separator: "\n").map {
      // Without how long it took.
      String($0.split(separator: "  (").first ?? "")
    }
    #expect(shown.contains("1-1 DNLOAD block 0, 5 bytes [21 00 00 00 08]"))
    #expect(shown.contains("1-1 DNLOAD block 2, 2040 bytes"))
    #expect(shown.contains("1-1 GETSTATUS → dfuDNLOAD-IDLE, OK"))
    #expect(
      shown.contains { $0.hasPrefix("1-1 GETSTATUS → dfuDNBUSY, OK, poll ") })
    #expect(shown.contains { $0.hasPrefix("1-1 UPLOAD block 2, ") })
    #expect(!run.text.contains("GETSTATUS"))
  }

  @Test func twoVShowATransferThatFailed() throws {
    let bench = try TestBenchFile([
      ("f405", #""faults": [{"effect": "stall", "nth": 1, "of": "data"}]"#)
    ])
    // It is tried again.
    let run = try download(bench, ["-vv"])
    #expect(run.status == 0)
    #expect(
      run.errors.contains("1-1 DNLOAD block 2, 2040 bytes → LIBUSB_ERROR_PIPE"),
      "\(run.errors)")
  }

  @Test func threeVAreTakenOnABenchToo() throws {
    // libusb, which says more then, is not asked there.
    let run = try download(TestBenchFile("f405"), ["-v", "-v", "-v"])
    #expect(run.status == 0)
    #expect(run.errors.contains("GETSTATUS"))
  }

  @Test func theTraceHasEveryControlTransfer() throws {
    let bench = try TestBenchFile("f405")
    let path = bench.folder.path("trace.jsonl")
    let run = try download(bench, ["--trace", path, "-v", "-v", "--stats"])
    #expect(run.status == 0)
    let traced = try lines(path)
    // As many as are shown and counted.
    #expect(
      traced.count
        == run.errors.split(separator: "\n").count { $0.hasPrefix("1-1 ") })
    #expect(run.errors.contains("Transfers: \(traced.count) ("))
    #expect(traced.allSatisfy { $0.board == "1-1" && $0.error == nil })
    #expect(traced.map(\.time) == traced.map(\.time).sorted())
    let address = try #require(
      traced.first { $0.request == "DNLOAD" && $0.data == "2100000008" })
    #expect(address.requestType == 0x21)
    #expect(address.code == 1)
    #expect(address.value == 0)
    #expect(address.length == 5)
    let status = try #require(traced.first { $0.state == "dfuDNBUSY" })
    #expect(status.request == "GETSTATUS")
    #expect(status.requestType == 0xA1)
    #expect(status.status == "OK")
    #expect((status.pollTimeout ?? 0) > 0)
    #expect(status.data.count == 12)
    // The firmware itself is in it.
    let written = traced.filter { $0.request == "DNLOAD" && $0.value >= 2 }
    #expect(written.map { $0.data.count / 2 }.reduce(0, +) == 3000)
  }

  @Test func theTraceNamesTheErrorOfATransfer() throws {
    let bench = try TestBenchFile([
      ("f405", #""faults": [{"effect": "stall", "nth": 1, "of": "data"}]"#)
    ])
    let path = bench.folder.path("trace.jsonl")
    #expect(try download(bench, ["--trace", path]).status == 0)
    let failed = try lines(path).filter { $0.error != nil }
    #expect(failed.map(\.error) == ["LIBUSB_ERROR_PIPE"])
    #expect(failed.map(\.request) == ["DNLOAD"])
  }

  @Test func theTraceBeginsWithTheDeviceAndItsDescriptors() throws {
    let bench = try TestBenchFile("f405")
    let path = bench.folder.path("trace.jsonl")
    #expect(try download(bench, ["--trace", path, "-R"]).status == 0)
    let all = try String(decoding: Folder.bytes(path), as: UTF8.self)
      .split(separator: "\n")
    let first = try #require(all.first)
    #expect(first.contains(#""event":"device""#))
    #expect(first.contains(#""device":"12010001000000408304"#), "\(first)")
    #expect(first.contains("09210BFF0000081A01"), "the functional descriptor")
    #expect(all.contains { $0.contains(#""request":"SET_INTERFACE""#) })
    #expect(all.contains { $0.contains(#""event":"reset""#) })
  }

  @Test func anOlderTraceIsKept() throws {
    let bench = try TestBenchFile("f405")
    let path = try bench.folder.file("trace.jsonl", [1, 2, 3])
    let run = try download(bench, ["--trace", path])
    #expect(run.status == 73)
    #expect(
      run.errors == """
        dfuflash: "\(path)" exists already
          hint: choose another name or remove it first: rm \(path)

        """)
    #expect(try Folder.bytes(path) == [1, 2, 3])
    #expect(try bench.memory(8) == Array(repeating: 0xFF, count: 8))
  }

  #if os(Linux)
  @Test(arguments: ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"])
  func aTraceIsAddedToStandardErrorWhateverThatIs(_ path: String) throws {
    // Here it is a file that exists, of which nothing is lost.
    let run = try Program.run(
      ["-l", "--trace", path], bench: TestBenchFile("f405"),
      by: #"echo first >&2; "$@""#)
    #expect(run.status == 0)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.first == "first")
    #expect(lines.count > 1 && lines.dropFirst().allSatisfy { $0.first == "{" })
  }
  #endif

  @Test(arguments: ["/nowhere/trace.jsonl", "/tmp"])
  func aTraceThatCannotBeMadeIsAnErrorBeforeAnythingIsDone(
    _ path: String
  ) throws {
    let bench = try TestBenchFile("f405")
    let run = try download(bench, ["--trace", path])
    #expect(run.status == 73)
    #expect(run.errors.contains("could not create \"\(path)\""))
    #expect(try bench.memory(8) == Array(repeating: 0xFF, count: 8))
  }

  #if os(Linux)
  @Test func aTraceThatEndsEarlyIsSaidOnceAndHarmsNothing() throws {
    let bench = try TestBenchFile("f405")
    let run = try download(bench, ["--trace", "/dev/full"])
    #expect(run.status == 0)
    #expect(try bench.memory(3000) == program(3000))
    #expect(
      run.errors.split(separator: "\n").count {
        $0.contains("the trace ends here")
      } == 1, "\(run.errors)")
  }
  #endif
}
