import ArgumentParser
import DFUCore

/// What happens to a board besides writing the file: the same for one board,
/// for several and at a station.
struct JobOptions: ParsableArguments {
  @Option(help: "Where a file without addresses belongs.")
  var address: Address?

  @Flag(help: "Stay in DFU mode afterwards.")
  var noLeave = false

  @Flag(
    help:
      "Have the chip load its option bytes again instead of jumping: for chips that were blank."
  )
  var relaunch = false

  @Flag(
    help: "Lift readout protection first; it erases all of the chip's flash.")
  var unprotect = false

  /// The job for a file. A file made for other ids is taken by those who name
  /// a device, or force.
  func job(
    _ input: FirmwareInput, _ engine: EngineOptions,
    _ transfer: TransferOptions, _ selection: SelectionOptions
  ) throws -> FlashJob {
    var job = try engine.job(
      input.firmware(
        at: address?.value ?? usualAddress,
        takesOtherIDs: engine.risk.force || selection.device != nil), transfer)
    job.ending = noLeave ? .stay : relaunch ? .relaunch : .start(at: nil)
    job.unprotects = unprotect
    return job
  }
}
