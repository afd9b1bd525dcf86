import DFUCore

/// dfu-util's jobs on one board.
struct DfuUtilWork {
  let bus: any USBBus
  let settings: WorkSettings
  let reporter: any ProgressReporter
  let detachDelay: Duration
  let resets: Bool

  // MARK: -D

  func download(
    _ input: FirmwareInput, _ option: DfuSeOption?, to found: SelectedBoard
  ) throws(ToolFailure) {
    let selected = try inDFUMode(found)
    let work = BoardWork(selected, on: bus, settings, reporter)
    guard selected.interface.isDfuSe || option != nil else {
      try PlainWork(work: work).download(input, resets: resets)
      Console.out("File downloaded successfully")
      return
    }
    if input.file.raw != nil, option?.address == nil {
      throw ToolFailure(
        .usage,
        """
        \(Files.shown(input.path)) does not say where it belongs on board \
        \(work.board.label)
        """, advice: .giveAddress)
    }
    let outcome = try FlashWork(work: work)
      .run(try input.parts(at: option?.address, for: work))
    if !outcome.plans.isEmpty && outcome.isUpToDate {
      reporter.note("Already up to date: nothing had to be written.")
    }
    Console.out("File downloaded successfully")
    if let option, option.leave || option.relaunch, !outcome.hasReset,
      var program = outcome.program
    {
      if let address = option.address { program.address = address }
      try LeaveWork(
        work: work, relaunches: option.relaunch, wasVirgin: outcome.wasVirgin
      ).run(program)
    }
    finish(work)
  }

  // MARK: -U

  func upload(
    _ sink: UploadSink, _ option: DfuSeOption?, limit: UInt32?,
    from found: SelectedBoard
  ) throws(ToolFailure) {
    let selected = try inDFUMode(found)
    let work = BoardWork(selected, on: bus, settings, reporter)
    guard selected.interface.isDfuSe || option != nil else {
      try PlainWork(work: work).upload(sink, limit: limit)
      return
    }
    let memory = try work.memory(holding: option?.address)
    let range = try Self.range(
      option?.address, length: option?.length ?? limit, in: memory, work)
    let flasher = try work.flasher(memory)
    try work.perform { () throws(FlashError) in
      try flasher.read(range) { (bytes) throws(FlashError) in
        do throws(ToolFailure) {
          try sink.write(bytes)
        } catch {
          throw .output(error.message)
        }
      }
    }
    try sink.finish()
    if option?.leave == true {
      try LeaveWork(work: work).run(
        .init(alternate: memory.alternate.number, address: option?.address))
    }
    finish(work)
  }

  /// The range to read: from the address, or the memory's start, as far as
  /// asked or to the end of the memory.
  static func range(
    _ address: UInt32?, length: UInt32?, in memory: BoardMemory,
    _ work: BoardWork
  ) throws(ToolFailure) -> Range<UInt64> {
    guard let first = memory.map.sectors.first else {
      throw ToolFailure(
        .usage,
        """
        alternate setting \(memory.alternate.number) of board \
        \(work.board.label) has no sectors
        """)
    }
    let start = UInt64(address ?? first.address)
    if let length { return start..<start + UInt64(length) }
    var end = start
    for sector in memory.map.sectors
    where UInt64(sector.address) <= end && end < sector.end {
      end = sector.end
    }
    return start..<max(end, start + 1)
  }

  // MARK: -s alone

  func command(
    _ option: DfuSeOption, on found: SelectedBoard
  ) throws(ToolFailure) {
    let selected = try inDFUMode(found)
    let work = BoardWork(selected, on: bus, settings, reporter)
    let memory = try work.memory(holding: option.address)
    if option.unprotect {
      try UnprotectWork(work: work).run(memory.alternate.number)
      return
    }
    let flasher = try work.flasher(memory)
    if option.massErase {
      try work.learnBootloader(memory.alternate.number)
      try work.perform { () throws(FlashError) in try flasher.massErase() }
      work.noteAfterErase()
    }
    if option.leave || option.relaunch {
      try LeaveWork(work: work, relaunches: option.relaunch).run(
        .init(
          alternate: memory.alternate.number,
          address: option.address ?? memory.map.sectors.first?.address))
    } else if !option.massErase, let address = option.address {
      let session = try work.session(memory.alternate.number)
      try work.speaking { () throws(DFUError) in
        try session.setAddress(address)
        try session.settle()
      }
    }
    finish(work)
  }

  // MARK: -e

  func detach(_ found: SelectedBoard) throws(ToolFailure) {
    guard found.interface.mode == .runtime else {
      reporter.note("board \(found.board.label) is in DFU mode already")
      return
    }
    try DetachWork(bus: bus, limit: detachDelay).detach(found)
    Console.out("Detached.")
  }

  // MARK: Before and after

  private func inDFUMode(
    _ found: SelectedBoard
  ) throws(ToolFailure) -> SelectedBoard {
    found.interface.mode == .dfu
      ? found
      : try DetachWork(bus: bus, limit: detachDelay).toDFUMode(found)
  }

  /// `-R`: a board that does not take it has nothing to lose by it.
  private func finish(_ work: BoardWork) {
    if resets { work.resetQuietly() }
    work.close()
  }
}
