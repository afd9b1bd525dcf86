import DFUCore
import DFUSimulator
import TestSupport
import Testing

@Suite struct FlasherTests {
  @Test func aBlankF405IsWrittenWithoutErasingAndRunsAfterwards() throws {
    let bench = try TestBench("f405")
    let firmware = program(5000)
    let flasher = try bench.flasher()
    bench.board.clearLog()
    try flasher.flashed(try FirmwareImage(firmware, at: 0x0800_0000))
    #expect(
      bench.board.log.text.split(separator: "\n").filter {
        !$0.hasPrefix("GETSTATUS")
      } == [
        // Compare the three blocks that the image touches: all blank.
        "DNLOAD block=0 [21 00 00 00 08]", "ABORT",
        "UPLOAD block=2 2048 → 2048 bytes",
        "UPLOAD block=3 2048 → 2048 bytes",
        "UPLOAD block=4 2048 → 2048 bytes", "ABORT",
        // Short pieces with an address of their own, then one address for
        // all the rest.
        "DNLOAD block=0 [21 08 00 00 08]", "DNLOAD block=2 2040 bytes",
        "DNLOAD block=0 [21 00 10 00 08]", "DNLOAD block=2 904 bytes",
        "DNLOAD block=0 [21 00 00 00 08]", "DNLOAD block=3 2048 bytes",
        "ABORT",
        // Read back; the address is still right.
        "UPLOAD block=2 2048 → 2048 bytes",
        "UPLOAD block=3 2048 → 2048 bytes",
        "UPLOAD block=4 2048 → 2048 bytes", "ABORT",
        // The first entries of the vector table go last, and are read back.
        "DNLOAD block=2 [00 10 00 20 09 00 00 08]", "ABORT",
        "UPLOAD block=2 2048 → 2048 bytes",
      ])
    #expect(bench.board.memory(at: 0x0800_0000, count: 5000) == firmware)
    #expect(bench.board.violations.isEmpty)
    let answer = try flasher.session.leave(to: 0x0800_0000)
    #expect(answer == .state(.manifest))
  }
}
