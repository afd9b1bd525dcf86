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

  func run() throws {
    let unique: UniqueID
    do {
      unique = try UniqueID(
        parsing: id.joined(separator: " "),
        order: memoryOrder ? .memoryBytes : .wordsFromLowest)
    } catch {
      throw ToolFailure(
        .usage, "\(error)",
        advice: "write it as in: dfuflash serial 00580027 3331500b 20333153")
    }
    let all = SerialDerivation.allCases
    // docs/schema/serial.json.
    let record: JSONObject = [
      "schema": "dfuflash-serial", "version": 1, "uid": unique.digits,
      "serials": all.map { derivation -> JSONObject in
        [
          "derivation": derivation.rawValue,
          "serial": derivation.serial(of: unique), "usedBy": derivation.usedBy,
        ]
      },
    ]
    Console.out(
      json
        ? record.text
        : all.map { "\($0.serial(of: unique))  \($0.usedBy)" }
          .joined(separator: "\n"))
  }
}
