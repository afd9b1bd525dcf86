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
  var path: PortArgument?

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
  var devnum: CNumber<UInt8>?

  @Option(
    name: [
      .customShort("c", allowingJoined: true), .customLong("configuration"),
      .customLong("cfg"),
    ], parsing: .unconditional,
    help: ArgumentHelp("The configuration; 0 is any.", valueName: "number"))
  var configuration: CNumber<UInt8>?

  @Option(
    name: [
      .customShort("i", allowingJoined: true), .customLong("interface"),
      .customLong("intf"),
    ], parsing: .unconditional,
    help: ArgumentHelp("The interface.", valueName: "number"))
  var interface: CNumber<UInt8>?

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
    selector.path = path?.value
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
    selector.address = devnum?.value
    selector.configuration = configuration?.value
    if selector.configuration == 0 { selector.configuration = nil }
    selector.interface = interface?.value
    return selector
  }

  /// Whether any of them is given.
  var isGiven: Bool {
    [device, path?.value, serial, uid].contains { $0 != nil }
      || [devnum, configuration, interface].contains { $0 != nil }
  }

  /// The ids of a product, which an installer of its updates states once.
  private static var productDevice: String? {
    Environment["DFUFLASH_DEVICE"].flatMap { $0.isEmpty ? nil : $0 }
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
  var transferSize: CNumber<UInt32>?

  /// The alternate setting that is meant.
  var alternateSelector: AlternateSelector? {
    alternate.map { text in
      CNumber<UInt8>(argument: text).map { .number($0.value) } ?? .name(text)
    }
  }

  /// How to work with a board.
  func board(chip: String? = nil) throws -> BoardOptions {
    var options = BoardOptions()
    // dfu-util's 0: the device's own.
    options.transferSize = transferSize.flatMap {
      $0.value == 0 ? nil : Int($0.value)
    }
    options.alternate = alternateSelector
    options.chip = try chip.map(ChipOption.family)
    return options
  }
}
