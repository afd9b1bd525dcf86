import ArgumentParser
import DFUCore

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show the connected DFU boards with their memories.",
    discussion: """
      A board's path stays the same for as long as its cable stays where it \
      is; give it with -p to choose that board.

      Example: dfuflash list
               dfuflash list --json
      """)

  @OptionGroup var workbench: WorkbenchOptions
  @OptionGroup var selection: SelectionOptions

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws {
    let selector = try selection.selector()
    try workbench.withBus { bus in
      let boards = try Self.boards(on: bus).filter {
        !selector.functions(of: $0).isEmpty
      }
      if json {
        Console.out(try JSONText.of(boards.map(BoardRecord.init)))
      } else if boards.isEmpty {
        Console.out("No DFU board is connected.")
      } else {
        Console.out(
          boards.map(BoardTable.text).joined(separator: "\n\n"))
      }
    }
  }

  static func boards(on bus: any USBBus) throws(ToolFailure) -> [Board] {
    do throws(USBError) {
      return try Board.all(on: bus)
    } catch {
      throw Explain.usb(error, nil)
    }
  }
}
