import ArgumentParser
import DFUCore

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Make a firmware file of another format.",
    discussion: """
      The formats are raw (.bin), dfuse and dfu (.dfu), hex, srec and uf2. \
      The input may also be elf, and may be packed (.gz, .zip). A .dfu file is \
      made as DfuSe where the input has addresses or one is given, else as \
      plain DFU: bytes and a suffix.

      Example: dfuflash convert fw.elf fw.bin
               dfuflash convert fw.dfu fw.hex
               dfuflash convert --address 0x08000000 fw.bin fw.dfu
               dfuflash convert --vid 1209 --pid 2444 fw.bin suffixed.dfu
      """)

  @Argument(
    help:
      "The file to read; - is standard input, archive.zip:path a file in an archive."
  )
  var input: String

  @Argument(help: "The new file; - is standard output.", completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp(
      "The new file's format, where its name does not tell.",
      valueName: "format"))
  var to: FileFormat?

  @Option(help: "Where a file without addresses belongs.")
  var address: Address?

  @Option(
    help: ArgumentHelp(
      "Fill gaps with this byte (0xFF where there must be no gaps).",
      valueName: "byte"))
  var fill: CNumber<UInt8>?

  @Option(
    help: ArgumentHelp(
      "USB vendor number for a .dfu file, hexadecimal.", valueName: "id"))
  var vid: USBNumber?

  @Option(
    help: ArgumentHelp(
      "USB product number for a .dfu file, hexadecimal.", valueName: "id"))
  var pid: USBNumber?

  @Option(
    name: .customLong("device-version"),
    help: ArgumentHelp(
      "Device version (bcdDevice) for a .dfu file, hexadecimal.",
      valueName: "version"))
  var deviceVersion: USBNumber?

  @Option(
    help: ArgumentHelp(
      "Of a .dfu file with several targets take this alternate setting's; else write this one.",
      valueName: "number"))
  var alt: UInt8?

  @Option(help: "The name of the target in a .dfu file.")
  var name: String?

  @OptionGroup(title: "Input") var firmware: FirmwareOptions

  @Flag(help: "Replace the new file if it exists.")
  var force = false

  func run() throws {
    var reading = firmware
    // In a file with one family it is the family to write.
    reading.family = nil
    let source = try reading.input(input)
    let format = try outputFormat(for: source.file)
    guard format != .elf else {
      throw ToolFailure(
        .usage, "ELF files are read, but not made",
        advice: Self.formatAdvice)
    }
    if address != nil, source.file.format.hasAddresses {
      throw ToolFailure(
        .usage,
        """
        \(PathText.shown(input)) says itself where it belongs \
        (\(source.file.format.title))
        """, advice: "leave --address out")
    }
    var conversion = FirmwareConversion(
      to: format,
      limit: firmware.maxSize?.value ?? FirmwareFileReader.defaultLimit)
    conversion.address = address?.value
    conversion.fill = fill?.value
    conversion.vendor = vid?.value
    conversion.product = pid?.value
    conversion.deviceVersion = deviceVersion?.value
    conversion.alternate = alt
    conversion.name = name
    conversion.family = firmware.family?.id
    let bytes: [UInt8]
    do throws(FirmwareError) {
      bytes = try conversion.bytes(of: source.file)
    } catch {
      throw Self.failure(input, error)
    }
    let sink = try OutputFile(output, replaces: force)
    try sink.write(bytes[...])
    try sink.finish()
    if output != "-" {
      Console.out(
        "Wrote \(PathText.shown(output)): \(format.title), \(bytes.count) bytes."
      )
    }
  }

  private static let formatAdvice: Hint =
    "add --to with one of \(FirmwareFormat.allCases.filter { $0 != .elf }.map(\.rawValue).joined(separator: ", "))"

  /// What cannot be converted although the file is right is a matter of the
  /// options.
  private static func failure(
    _ path: String, _ error: FirmwareError
  ) -> ToolFailure {
    var failure = Explain.file(path, error)
    switch error.kind {
    case .addressNeeded, .addressWraps, .familyNeeded, .familyMissing,
      .spanTooLarge, .unsupported:
      failure.status = .usage
    default: break
    }
    if case .spanTooLarge = error.kind {
      failure.advice =
        "write hex, srec or dfuse, or raise the limit with --max-size"
    }
    return failure
  }

  private func outputFormat(
    for file: FirmwareFile
  ) throws(ToolFailure) -> FirmwareFormat {
    if let to { return to.value }
    let ending = output.split(separator: "/").last?.split(separator: ".")
      .dropFirst().last
    guard let format = ending.flatMap({ FileFormat(argument: String($0)) })
    else {
      throw ToolFailure(
        .usage,
        "the name of \(PathText.shown(output)) does not tell its format",
        advice: Self.formatAdvice)
    }
    let hasAddresses = file.format.hasAddresses || address != nil
    return format.value == .dfu && hasAddresses ? .dfuse : format.value
  }
}
