import ArgumentParser
import DFUCore

/// What the engine can do beyond dfu-util, the same for every command that
/// writes.
struct EngineOptions: ParsableArguments {
  @Flag(
    name: .customLong("no-verify"),
    help: "Do not read back what was written.")
  var noVerify = false

  @Option(
    help: ArgumentHelp(
      "required: what cannot be read back is a failure.", valueName: "how"))
  var verify: VerifyChoice?

  @Flag(help: "Erase and write everything, even what is already right.")
  var full = false

  @Flag(
    name: .customLong("no-preserve"),
    help: "Drop what shares a sector with the image but lies outside it.")
  var noPreserve = false

  @Flag(
    name: .customLong("keep-vectors"),
    help:
      "Leave the vector table's sector alone where it is right; an interrupted update may then start a mixture of two programs."
  )
  var keepVectors = false

  @Flag(help: "Only say what would be done; change nothing.")
  var dryRun = false

  @Flag(help: "Print one line of JSON for each event instead of text.")
  var json = false

  @OptionGroup var risk: RiskOptions

  @Flag(
    name: .customLong("allow-otp"),
    help: "Allow writing memory that can be programmed only once.")
  var allowOTP = false

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

  enum VerifyChoice: String, ExpressibleByArgument, CaseIterable {
    case required
  }

  func validate() throws {
    if noVerify, verify != nil {
      throw ValidationError("--no-verify and --verify exclude each other")
    }
  }

  /// A job as the options have it.
  ///
  /// - Parameter forced: whether risks were accepted elsewhere, as by `:force`.
  func job(
    _ firmware: JobFirmware, _ transfer: TransferOptions,
    forced: Bool = false
  ) throws -> FlashJob {
    var job = FlashJob(firmware)
    job.board = try transfer.board(chip: chip)
    job.board.trustsNamedChip = risk.force
    job.board.polling =
      switch poll {
      case .auto: nil
      case .spec: .specification
      case .fast: .immediate
      }
    job.flash.verification =
      noVerify ? .off : verify == .required ? .required : .whenPossible
    job.flash.rewritesAll = full
    job.flash.preservesNeighbours = !noPreserve
    job.flash.keepsVectorTable = keepVectors
    job.isDryRun = dryRun
    job.takesAnyProgram = risk.force || forced
    job.supply = try vdd.map(Self.millivolts)
    job.permissions = risk.permissions(forced: forced)
    if allowOTP { job.permissions.insert(.oneTimeProgrammable) }
    if vdd != nil { job.permissions.insert(.deviceFeature) }
    return job
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
