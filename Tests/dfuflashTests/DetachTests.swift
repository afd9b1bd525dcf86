import DFUSimulator
import Foundation
import TestSupport
import Testing

/// From run-time to DFU mode: devices that detach by themselves, devices that
/// want to be reset, and devices that do not come back.
@Suite struct DetachTests {
  private func transfers(
    _ kind: String, _ more: [String]
  ) throws -> (run: Program.Run, requests: [String], bench: TestBenchFile) {
    let bench = try TestBenchFile(kind)
    let file = try bench.folder.file("fw.bin", program(1000))
    let trace = bench.folder.path("trace.jsonl")
    let run = try Program.run(
      ["--trace", trace, "-D", file] + more, bench: bench)
    let requests = try String(decoding: Folder.bytes(trace), as: UTF8.self)
      .split(separator: "\n").compactMap { line -> String? in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        guard let fields = object as? [String: Any],
          let name = fields["request"] as? String, name != "GET_DESCRIPTOR"
        else { return nil }
        return name == "DETACH" ? "DETACH \(fields["value"] ?? "?")" : name
      }
    return (run, requests, bench)
  }

  /// wValue is the longest the device says it waits for the reset, and never
  /// more than a second.
  @Test(arguments: [
    // wDetachTimeOut: 1000, 65280, 5000, 255, 250 ms. Only the first detaches
    // by itself.
    ("plain11", ["-a", "0"], "DETACH 1000"),
    ("freerunner", ["-a", "kernel"], "DETACH 1000"),
    ("tdk", [], "DETACH 1000"), ("dapboot", [], "DETACH 255"),
    ("xmos", ["-d", "20b1:0002,20b1:0003"], "DETACH 250"),
  ])
  func aDeviceIsDetachedOnceAndFoundAgain(
    _ kind: String, _ more: [String], _ detach: String
  ) throws {
    let (run, requests, bench) = try transfers(kind, more)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("File downloaded successfully"))
    #expect(requests.count { $0.hasPrefix("DETACH") } == 1)
    #expect(requests.prefix(2) == ["GETSTATUS", detach][...], "\(requests)")
    let slot: UInt8 = kind == "freerunner" ? 3 : 0
    #expect(
      try bench.board { $0.stored(alternate: Int(slot)) } == program(1000))
  }

  @Test func aDeviceInDFUModeIsNotDetached() throws {
    let (run, requests, _) = try transfers("tinyusb", ["-a", "0"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(!requests.contains { $0.hasPrefix("DETACH") })
  }

  @Test(arguments: [("plain11", "7"), ("freerunner", "3")])
  func aDeviceThatNeverComesBackIsNamedWithItsPort(
    _ kind: String, _ seconds: String
  ) throws {
    // The cable is pulled while it is on its way.
    let bench = try TestBenchFile([
      (kind, #""events": [{"event": "unplug", "after": 0.1}]"#)
    ])
    let file = try bench.folder.file("fw.bin", program(1000))
    let run = try Program.run(
      ["-a", "0", "-E", seconds, "-D", file], bench: bench)
    #expect(run.status == 74)
    #expect(
      run.errors.contains(
        "was asked to detach but has not come back in DFU mode at port 1-1 "
          + "within \(seconds) s"), "\(run.errors)")
    #expect(run.errors.contains("hint: put it into DFU mode by hand"))
    #expect(!run.text.contains("successfully"))
  }

  @Test func detachingAloneLeavesItInDFUMode() throws {
    for kind in ["plain11", "freerunner"] {
      let bench = try TestBenchFile(kind)
      let run = try Program.run(["-e"], bench: bench)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try bench.board { $0.mode } == .dfu)
      // Once more: it does not know DETACH in DFU mode, and is as before.
      let again = try Program.run(["-e"], bench: bench)
      #expect(again.status == 0)
      #expect(again.text.contains("is in DFU mode already"))
      #expect(try bench.board { $0.dfuState } == 2)
    }
  }

  /// As dfu-util does, and as the loaders of STM32MP want it.
  @Test(arguments: ["uboot", "dapboot", "mp25"])
  func aLoaderThatLeavesByDETACHIsTold(_ kind: String) throws {
    let bench = try TestBenchFile([(kind, #""state": {"mode": "dfu"}"#)])
    let trace = bench.folder.path("trace.jsonl")
    let before = try bench.board { $0.address }
    let run = try Program.run(["-e", "--trace", trace], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text == "Detached.\n")
    let requests = String(decoding: try Folder.bytes(trace), as: UTF8.self)
    #expect(requests.contains(#""request":"DETACH""#))
    #expect(try bench.board { $0.address } != before)
  }

  @Test func aROMThatStaysInSpiteOfDETACHIsLeftIdle() throws {
    let bench = try TestBenchFile("f405")
    let run = try Program.run(["-e"], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.text.contains("is in DFU mode already"))
    #expect(try bench.board { $0.dfuState } == 2)
  }
}
