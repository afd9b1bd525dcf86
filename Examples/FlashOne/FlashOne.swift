// The smallest flasher made of DFUCore: swift run flash-one firmware.hex
import DFUCore
import Foundation

// docs:begin
/// Flashes the one board on a bus, verifies, and starts the program. Returns
/// the board's path.
func flashOne(
  _ bytes: [UInt8], on bus: any USBBus,
  report: @escaping (JobEvent) -> Void
) throws -> String {
  // 1. The file, whatever its format; a raw one goes to the flash's start.
  let firmware = JobFirmware(try FirmwareFile(reading: bytes))

  // 2. Exactly one board; with none or several this throws, and lists them.
  let context = JobContext(bus: bus, report: report)
  let selected = try BoardFinder(BoardSelector()).one(context)

  // 3. The job: compare, erase, write, read back, start the program. Without
  //    permissions it writes flash and nothing that cannot be undone.
  return try FlashJob(firmware).run(selected, context).board.path
}
// docs:end

@main
struct FlashOne {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      print("usage: flash-one FILE")
      return
    }
    let file = URL(fileURLWithPath: CommandLine.arguments[1])
    let path = try flashOne(
      [UInt8](try Data(contentsOf: file)), on: try LibUSBBus()
    ) { event in
      if case .progress(.finished(let phase)) = event {
        print("\(phase.rawValue) done")
      }
    }
    print("board \(path) runs the new firmware")
  }
}
