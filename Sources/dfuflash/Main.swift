import ArgumentParser

@main
struct DFUFlash: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfuflash",
    abstract: "Flash USB DFU devices from the command line.")
}
