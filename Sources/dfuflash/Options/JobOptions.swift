import ArgumentParser

/// What happens to a board besides writing the file: the same for one board,
/// for several and at a station.
struct JobOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where a file without addresses belongs.", valueName: "address"))
  var address: Address?

  @Flag(help: "Stay in DFU mode afterwards.")
  var noLeave = false

  @Flag(
    help:
      "Have the chip load its option bytes anew instead of jumping: for chips that were blank."
  )
  var relaunch = false

  @Flag(
    help: "Lift readout protection first; it erases all of the chip's flash.")
  var unprotect = false

  /// Whoever names a device, or forces, takes a file made for other ids.
  func settings(
    _ engine: EngineOptions, _ transfer: TransferOptions,
    _ selection: SelectionOptions
  ) throws -> WorkSettings {
    var settings = try engine.settings(transfer)
    settings.takesOtherIDs = engine.force || selection.device != nil
    return settings
  }

  func make(_ input: FirmwareInput, _ settings: WorkSettings) -> FlashJob {
    FlashJob(
      input: input, address: address?.value ?? 0x0800_0000,
      settings: settings, leaves: !noLeave, relaunches: relaunch,
      unprotects: unprotect)
  }
}
