import Foundation
import Testing

/// What `make release` makes, when `make unit` names it.
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["DFUFLASH"] != nil))
struct ReleaseTests {
  @Test func theProgramIsSmallAndNeedsOnlyLibcAndLibusb() throws {
    let program = try Data(
      contentsOf: URL(fileURLWithPath: Program.path), options: .alwaysMapped)
    #expect(program.count < 18_000_000)
    #if os(Linux)
    #expect(program.range(of: Data("libusb-1.0.so.0".utf8)) != nil)
    for library in [
      "libFoundation", "libswift", "libstdc++.so", "libgcc_s.so", "libz.so",
    ] {
      // As the dynamic string table has it: between two zeros.
      let name = Data([0]) + Data(library.utf8)
      #expect(program.range(of: name) == nil, "\(library)")
    }
    #endif
  }

  #if os(Linux)
  /// What is loaded is the system's, and cannot be changed later.
  @Test func itLooksForLibrariesInTheSystemAloneAndIsReadOnly() throws {
    let readelf = Process()
    readelf.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    readelf.arguments = ["readelf", "-dlW", Program.path]
    let pipe = Pipe()
    readelf.standardOutput = pipe
    try readelf.run()
    let text = String(
      decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    readelf.waitUntilExit()
    #expect(!text.contains("RUNPATH") && !text.contains("RPATH"), "\(text)")
    #expect(text.contains("GNU_RELRO") && text.contains("BIND_NOW"), "\(text)")
    #expect(text.contains("Flags: NOW PIE"), "\(text)")
  }
  #endif
}
