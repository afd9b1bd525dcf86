// The smallest flasher made of DFUCore: swift run flash-one firmware.hex
import DFUCore
import Foundation

// docs:begin
/// Flashes the one DfuSe board on a bus, verifies, and starts the program.
/// Returns the board's path.
func flashOne(
  _ bytes: [UInt8], on bus: any USBBus, progress: (FlashEvent) -> Void
) throws -> String {
  // 1. The file, whatever its format; a raw one goes to the flash's start.
  let image = try FirmwareFile(reading: bytes).image(at: 0x0800_0000)

  // 2. Exactly one board; with none or several this throws, and lists them.
  let selected = try BoardSelector().choose(from: try Board.all(on: bus))

  // 3. What is known of its chip corrects what it says of itself.
  let knowledge = BoardKnowledge(selected)
  let memory = knowledge.corrected(
    try selected.interface.memory(nil, holding: image.segments.first?.address))

  // 4. A session, and the flash: compare, erase, write, read back.
  let session = try DfuSeSession(
    try selected.connect(on: bus, alternate: memory.alternate.number),
    knowledge.behaviour(nil))
  try withoutActuallyEscaping(progress) { progress in
    let flasher = Flasher(
      session, memory.map, options: knowledge.adapt(FlashOptions()),
      report: progress)
    _ = try flasher.flash(image)
  }

  // 5. Leave DFU mode; a board that vanishes has left.
  _ = try session.leave(to: image.segments.first?.address)
  return selected.board.path
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
      if case .finished(let phase) = event { print("\(phase.rawValue) done") }
    }
    print("board \(path) runs the new firmware")
  }
}
