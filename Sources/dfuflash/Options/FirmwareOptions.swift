import ArgumentParser
import DFUCore

/// How a firmware file is to be read; the same for every command that takes
/// one.
struct FirmwareOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Read the file as raw, dfuse, dfu, hex, srec, elf or uf2, whatever it looks like.",
      valueName: "format"))
  var format: FileFormat?

  @Option(
    help: ArgumentHelp(
      "The chip family to take from a UF2 file: a name such as STM32F4, or its number.",
      valueName: "family"))
  var family: UF2FamilyOption?

  @Option(
    name: .customLong("max-size"),
    help: ArgumentHelp(
      "The most bytes the file may have, packed as well as unpacked (64M); K and M are understood.",
      valueName: "bytes"))
  var maxSize: ByteCount?

  /// Reads a file and tells of what is odd about it.
  ///
  /// - Parameter suffixMayMiss: reads a file without a DFU suffix that
  ///   matches as raw, as dfu-util does.
  func input(
    _ path: String, suffixMayMiss: Bool = false
  ) throws(ToolFailure) -> FirmwareInput {
    let input = try FirmwareInput(
      path, format: format?.value, family: family?.id,
      limit: maxSize?.value ?? FirmwareFileReader.defaultLimit,
      suffixMayMiss: suffixMayMiss)
    for warning in input.file.warnings {
      Console.err(
        "dfuflash: warning: \(PathText.shown(path)): \(warning)")
    }
    return input
  }
}

/// A format by its name, or by what the names of its files end in.
struct FileFormat: ExpressibleByArgument {
  var value: FirmwareFormat

  init?(argument: String) {
    let name = argument.lowercased()
    let others: [String: FirmwareFormat] = [
      "bin": .raw, "img": .raw, "ihex": .intelHex, "ihx": .intelHex,
      "intelhex": .intelHex, "s19": .sRecord, "s28": .sRecord,
      "s37": .sRecord, "mot": .sRecord, "srecord": .sRecord, "axf": .elf,
    ]
    guard
      let format = FirmwareFormat.allCases.first(where: {
        $0.rawValue.lowercased() == name
      }) ?? others[name]
    else { return nil }
    value = format
  }

  static var allValueStrings: [String] {
    FirmwareFormat.allCases.map(\.rawValue)
  }
}

/// A chip family of UF2 files, by its name, its number, or a chip of it.
struct UF2FamilyOption: ExpressibleByArgument {
  var id: UInt32

  init?(argument: String) {
    if let id = UF2Family(named: argument)?.rawValue {
      self.id = id
    } else if case .family(let family) = ChipLookup(argument),
      let id = family.uf2Families.first
    {
      self.id = id
    } else if let number = UInt32(c: argument) ?? UInt32(argument, radix: 16) {
      id = number
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] {
    UF2Family.known.map(\.name)
  }
}

/// A number of bytes, with K or M for 1024 or 1048576 of them.
struct ByteCount: ExpressibleByArgument {
  var value: Int

  init?(argument: String) {
    let factors: [Character: Int] = [
      "K": 1 << 10, "M": 1 << 20, "k": 1 << 10, "m": 1 << 20,
    ]
    let factor = argument.last.flatMap { factors[$0] }
    let digits = factor == nil ? argument[...] : argument.dropLast()
    guard let number = UInt32(c: digits), number > 0 else { return nil }
    value = Int(number) * (factor ?? 1)
  }
}
