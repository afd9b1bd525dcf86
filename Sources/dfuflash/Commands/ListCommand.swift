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

  @Flag(
    help:
      "Read the chips' unique IDs where their bootloaders allow it; this speaks DFU with them."
  )
  var readUids = false

  func run() throws {
    let selector = try selection.selector()
    try workbench.withBus { bus in
      var all = try BoardFinder.present(JobContext(bus: bus))
      // Equal serial numbers: perhaps the chips tell more.
      let present = all
      Board.readUniqueIDs(of: &all, on: bus) {
        readUids || selector.uniqueID != nil
          || !$0.serialTrust(among: present).description.isEmpty
      }
      let boards = all.filter { !selector.interfaces(of: $0).isEmpty }
      if json {
        let list: JSONObject = [
          "schema": "dfuflash-list", "version": 1,
          "boards": boards.map { $0.json(among: all) },
        ]
        Console.out(list.text)
      } else if boards.isEmpty {
        Console.out("No DFU board is connected.")
      } else {
        Console.outFolded(
          boards.map { BoardTable.text($0, among: all) }
            .joined(separator: "\n\n"))
      }
    }
  }
}
