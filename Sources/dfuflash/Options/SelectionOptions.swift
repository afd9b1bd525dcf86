import ArgumentParser
import DFUCore

/// Which board is meant; the same for every command.
struct SelectionOptions: ParsableArguments {
  @Option(
    name: [.customShort("d", allowingJoined: true), .customLong("device")],
    parsing: .unconditional,
    help: ArgumentHelp(
      "USB ids, hexadecimal; the second pair counts in DFU mode (also: the environment variable DFUFLASH_DEVICE).",
      valueName: "vendor:product[,vendor:product]"))
  var device: String?

  @Option(
    name: [.customShort("p", allowingJoined: true), .customLong("path")],
    parsing: .unconditional,
    help: ArgumentHelp(
      "The port the board is plugged into, as --list shows it.",
      valueName: "bus-port.port"))
  var path: String?

  @Option(
    name: [.customShort("S", allowingJoined: true), .customLong("serial")],
    parsing: .unconditional,
    help: ArgumentHelp(
      "The serial number; the second one counts in DFU mode.",
      valueName: "serial[,serial]"))
  var serial: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The unique ID of the chip, 24 hexadecimal digits or three words in quotation marks.",
      valueName: "id"))
  var uid: String?

  @Option(
    name: [.customShort("n", allowingJoined: true), .customLong("devnum")],
    parsing: .unconditional,
    help: ArgumentHelp("The device's address on its bus.", valueName: "number"))
  var devnum: String?

  @Option(
    name: [
      .customShort("c", allowingJoined: true), .customLong("configuration"),
      .customLong("cfg"),
    ], parsing: .unconditional,
    help: ArgumentHelp("The configuration; 0 is any.", valueName: "number"))
  var configuration: String?

  @Option(
    name: [
      .customShort("i", allowingJoined: true), .customLong("interface"),
      .customLong("intf"),
    ], parsing: .unconditional,
    help: ArgumentHelp("The interface.", valueName: "number"))
  var interface: String?

  /// The board that the options describe.
  ///
  /// - Parameter emptySerialIsAny: whether `-S ""` means any board, as it does
  ///   to dfu-util. Elsewhere it is taken for a script's variable that was
  ///   never set.
  func selector(
    emptySerialIsAny: Bool = false
  ) throws(ValidationError) -> BoardSelector {
    var selector = BoardSelector()
    if let device = device ?? Self.productDevice {
      let ids = try IDOption(parsing: device)
      selector.runtimeIDs = ids.runtime
      selector.dfuIDs = ids.dfu
    }
    selector.path = try path.map(Self.portPath)
    if let serial {
      guard emptySerialIsAny || !serial.isEmpty else {
        throw ValidationError(
          "-S takes a serial number, and there is nothing after it")
      }
      let parts = serial.split(
        separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
      selector.runtimeSerial = parts[0].isEmpty ? nil : String(parts[0])
      let second = parts.count == 2 ? parts[1] : parts[0]
      selector.dfuSerial = second.isEmpty ? nil : String(second)
    }
    if let uid {
      do throws(UniqueIDError) {
        selector.uniqueID = try UniqueIDChoice(parsing: uid)
      } catch {
        throw ValidationError("--uid: \(error)")
      }
    }
    selector.address = try Self.byte(devnum, "-n")
    selector.configuration = try Self.byte(configuration, "-c")
    if selector.configuration == 0 { selector.configuration = nil }
    selector.interface = try Self.byte(interface, "-i")
    return selector
  }

  /// The ids of a product, which an installer of its updates states once.
  private static var productDevice: String? {
    Environment["DFUFLASH_DEVICE"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A port path as it can be: `bus-port.port…`.
  private static func portPath(
    _ text: String
  ) throws(ValidationError) -> String {
    guard PortPath(text) != nil else {
      throw ValidationError(
        "-p takes a port such as 1-4.1, not \"\(text.escapingControls)\"")
    }
    return text
  }

  static func byte(
    _ text: String?, _ option: String
  ) throws(ValidationError) -> UInt8? {
    guard let text else { return nil }
    guard let value = UInt32(c: text), let byte = UInt8(exactly: value) else {
      throw ValidationError(
        "\(option) takes a number from 0 to 255, not \"\(text)\"")
    }
    return byte
  }
}

/// Which alternate setting is meant, and in which pieces to transfer.
struct TransferOptions: ParsableArguments {
  @Option(
    name: [
      .customShort("a", allowingJoined: true), .customLong("alt"),
      .customLong("altsetting"),
    ], parsing: .unconditional,
    help: ArgumentHelp(
      "The alternate setting, by number or by name.", valueName: "alt"))
  var alternate: String?

  @Option(
    name: [
      .customShort("t", allowingJoined: true), .customLong("transfer-size"),
    ],
    parsing: .unconditional,
    help: ArgumentHelp(
      "Bytes per transfer, where the board's own figure is wrong or missing.",
      valueName: "bytes"))
  var transferSizeText: String?

  /// The alternate setting that is meant.
  var alternateSelector: AlternateSelector? {
    guard let alternate else { return nil }
    if let number = UInt32(c: alternate), let byte = UInt8(exactly: number) {
      return .number(byte)
    }
    return .name(alternate)
  }

  /// How to work with a board.
  func board(chip: String? = nil) throws -> BoardOptions {
    var options = BoardOptions()
    options.transferSize = try transferSize()
    options.alternate = alternateSelector
    options.chip = try chip.map(ChipOption.family)
    return options
  }

  /// The transfer size, bytes.
  func transferSize() throws(ValidationError) -> Int? {
    guard let transferSizeText else { return nil }
    guard let value = UInt32(c: transferSizeText) else {
      throw ValidationError(
        "-t takes a number of bytes, not \"\(transferSizeText)\"")
    }
    // dfu-util's 0: the device's own.
    return value == 0 ? nil : Int(value)
  }
}
