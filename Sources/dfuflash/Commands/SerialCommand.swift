import ArgumentParser
import DFUCore

struct SerialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serial",
    abstract: "Show the serial numbers that a chip's unique ID can become.",
    discussion: """
      A chip folds its 96-bit unique ID into 12 digits, in DFU mode not always \
      in the same way as in its application.

      Example: dfuflash serial 00580027 3331500b 20333153
               dfuflash serial --memory-order 270058000b50313353313320
      """)

  @Argument(
    help: "The unique ID: three words, or 24 hexadecimal digits.")
  var id: [String] = []

  @Flag(help: "The digits are bytes in the order of memory.")
  var memoryOrder = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  /// docs/schema/serial.json.
  private struct Record: Encodable {
    let schema = "dfuflash-serial"
    let version = 1
    /// Three words, word 0 first, 24 digits.
    var uid: String
    var serials: [Serial]
  }

  private struct Serial: Encodable {
    var derivation: String
    var serial: String
    var usedBy: String
  }

  func run() throws {
    let unique: UniqueID
    do {
      unique = try UniqueID(
        parsing: id.joined(separator: " "),
        order: memoryOrder ? .memoryBytes : .wordsFromLowest)
    } catch {
      throw ToolFailure(
        .usage, "\(error)",
        advice: .uniqueID)
    }
    let serials = SerialDerivation.allCases.map {
      Serial(
        derivation: $0.rawValue, serial: $0.serial(of: unique),
        usedBy: $0.usedBy)
    }
    Console.out(
      json
        ? try JSONText.of(Record(uid: unique.digits, serials: serials))
        : serials.map { "\($0.serial)  \($0.usedBy)" }
          .joined(separator: "\n"))
  }
}
