import ArgumentParser
import DFUCore

/// What the engine can do beyond dfu-util, the same for every command that
/// writes.
struct EngineOptions: ParsableArguments {
  @Flag(
    name: .customLong("no-verify"),
    help: "Do not read back what was written.")
  var noVerify = false

  @Flag(help: "Erase and write everything, even what is already right.")
  var full = false

  @Flag(
    name: .customLong("no-preserve"),
    help: "Drop what shares a sector with the image but lies outside it.")
  var noPreserve = false

  @Flag(help: "Only say what would be done; change nothing.")
  var dryRun = false

  @Flag(help: "Print one line of JSON for each event instead of text.")
  var json = false

  @Flag(help: "Write option bytes that look wrong or raise protection.")
  var force = false

  @Flag(
    name: .customLong("permanently-lock-this-chip"),
    help: "Allow readout protection level 2: there is no way back.")
  var permanentlyLock = false

  @Option(
    help: ArgumentHelp(
      "Which poll times to believe: auto, spec (the device's), fast (ask at once).",
      valueName: "mode"))
  var poll = PollChoice.auto

  @Option(
    help: ArgumentHelp(
      "The chip, where it cannot be told from what the board shows.",
      valueName: "name"))
  var chip: String?

  @Option(
    help: ArgumentHelp(
      "The supply voltage; from 2.7 V on F2, F4 and F7 chips program 32 bits at a time.",
      valueName: "volts"))
  var vdd: String?

  enum PollChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case spec
    case fast
  }

  /// What a person says of a board's work.
  func settings(
    _ transfer: TransferOptions, _ option: DfuSeOption? = nil
  ) throws -> WorkSettings {
    var settings = WorkSettings(
      transferSize: try transfer.transferSize(),
      alternate: transfer.alternateSelector)
    settings.flash.verification = noVerify ? .off : .whenPossible
    settings.flash.rewritesAll = full
    settings.flash.preservesNeighbours = !noPreserve
    settings.flash.massErase = option?.massErase == true ? .always : .never
    settings.flash.resetsAfterWrite = option?.willReset ?? false
    settings.polling =
      switch poll {
      case .auto: nil
      case .spec: .specification
      case .fast: .immediate
      }
    settings.isDryRun = dryRun
    settings.permissions = OptionBytePermissions(
      force: force || option?.force == true, permanentLock: permanentlyLock)
    settings.chip = try chip.map(ChipOption.family)
    settings.millivolts = try vdd.map(Self.millivolts)
    return settings
  }

  /// Volts with up to three decimals, as millivolts.
  private static func millivolts(
    _ text: String
  ) throws(ValidationError) -> Int {
    guard let volts = Double(text), volts > 0, volts < 100 else {
      throw ValidationError("--vdd takes volts, as in 3.3, not \"\(text)\"")
    }
    return Int((volts * 1000).rounded())
  }
}

/// `--chip`.
enum ChipOption {
  static func family(_ name: String) throws(ToolFailure) -> ChipFamily {
    let shown = "\"\(name.escapingControls)\""
    switch ChipLookup(name) {
    case .family(let family): return family
    case .several(let families):
      throw ToolFailure(
        .usage, "--chip: \(shown) may be several chips",
        advice: .chipChoice(families.map(\.name)))
    case .withoutDFU(let sentence):
      throw ToolFailure(.usage, sentence, advice: .nothingTouched)
    case .unknown(let nearest):
      throw ToolFailure(
        .usage, "--chip: no chip is called \(shown)",
        advice: nearest.isEmpty ? .chipName : .didYouMean(nearest))
    }
  }
}
