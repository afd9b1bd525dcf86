import ArgumentParser
import DFUCore

/// What dfu-util's options ask for, as jobs.
struct DfuUtilWishes {
  private let option: DfuSeOption?
  private let uploadLimit: UInt32?
  private let takesOtherIDs: Bool
  private var flashing: FlashJob
  let detaching: DetachJob

  init(
    engine: EngineOptions, transfer: TransferOptions, option: DfuSeOption?,
    detachLimit: Duration, uploadLimit: UInt32?, resets: Bool
  ) throws {
    self.option = option
    self.uploadLimit = uploadLimit
    // dfu-util refuses such a file also when the device is named.
    takesOtherIDs = engine.risk.force || option?.force == true
    detaching = DetachJob(limit: detachLimit)
    flashing = try engine.job(
      JobFirmware(FirmwareFile(raw: []), at: option?.address), transfer,
      forced: option?.force == true)
    flashing.flash.massErase = option?.massErase == true ? .always : .never
    flashing.flash.resetsAfterWrite = option?.willReset ?? false
    // Scripts go on working: it is only told.
    flashing.takesAnyProgram = true
    flashing.detachLimit = detachLimit
    flashing.board.assumesDfuSe = option != nil
    flashing.board.resetsAtEnd = resets
    flashing.ending =
      option?.relaunch == true
      ? .relaunch
      : option?.leave == true ? .start(at: option?.address) : .stay
  }

  /// How to work with the board.
  var board: BoardOptions { flashing.board }

  /// -D
  func download(
    _ input: FirmwareInput, to found: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    var job = flashing
    job.firmware = input.firmware(
      at: option?.address, takesOtherIDs: takesOtherIDs)
    let report = context.report
    try job.run(
      found,
      JobContext(bus: context.bus, shouldStop: context.shouldStop) { event in
        switch event {
        case .detaching: break
        case .flashed(let result):
          if result.isUpToDate || !result.isVerified { report(event) }
          Console.out("File downloaded successfully")
        default: report(event)
        }
      })
  }

  /// -U
  func upload(
    into sink: OutputFile, from found: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    let selected = try inDFUMode(found, context)
    var job = ReadJob()
    job.board = board
    job.address = option?.address
    job.length = option?.length ?? uploadLimit
    job.takesPlainDFU = true
    if option?.leave == true { job.board.resetsAtEnd = false }
    try job.run(selected, context, into: sink.take)
    if option?.leave == true {
      try leave(.start(at: option?.address), selected, context)
    }
  }

  /// -s alone
  func command(
    on found: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    guard let option else { return }
    let selected = try inDFUMode(found, context)
    if option.unprotect {
      var job = UnprotectJob()
      job.board = board
      job.address = option.address
      job.permissions = flashing.permissions
      try job.run(selected, context)
      return
    }
    if option.massErase {
      var job = EraseJob(.all(holding: option.address))
      job.board = board
      job.permissions = flashing.permissions
      try job.run(selected, context)
    }
    if option.relaunch {
      try leave(.relaunch, selected, context)
    } else if option.leave {
      try leave(.start(at: option.address), selected, context)
    } else if !option.massErase, let address = option.address {
      try leave(.setAddress(address), selected, context)
    }
  }

  private func leave(
    _ way: LeaveJob.Way, _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    var job = LeaveJob(way)
    job.board = board
    job.permissions = flashing.permissions
    try job.run(selected, context)
  }

  private func inDFUMode(
    _ found: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> SelectedBoard {
    found.interface.mode == .dfu
      ? found : try detaching.run(found, context)
  }
}
