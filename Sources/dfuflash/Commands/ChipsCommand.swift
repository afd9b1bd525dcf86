import ArgumentParser
import DFUCore

struct ChipsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chips",
    abstract: "List the chips that are known, or what is known of one.",
    discussion: """
      Of one chip: what its bootloader shows, its known faults, and what \
      dfuflash does about each. No board is needed.

      Example: dfuflash chips
               dfuflash chips F407
               dfuflash chips --errata
      """)

  @Argument(help: "A chip, as --chip takes it: F405, STM32G474RE.")
  var name: String?

  @Flag(help: "List the known faults of all bootloaders instead.")
  var errata = false

  @Flag(help: "Print tables in Markdown.")
  var markdown = false

  func run() throws {
    guard let name else {
      let text =
        errata
        ? ChipTables.errata(markdown: markdown)
        : markdown ? ChipTables.paragraph : ChipTables.families
      return Console.out(text)
    }
    Console.out(ChipTables.facts(of: try ChipOption.family(name)))
  }
}
