import DFUCore

/// A flash of one board: all parts are checked and surveyed before the first
/// is written, so that nothing is half done for a reason that could be known.
struct FlashWork {
  let work: BoardWork

  /// What was done.
  struct Outcome {
    var plans: [FlashPlan] = []
    /// The program that was written, for leaving.
    var program: LeaveWork.Program?
    /// Whether the chip's flash was blank and it looks at that at power-on
    /// only.
    var wasVirgin = false
    /// Whether the chip has reset by itself, as it does when its option bytes
    /// are written.
    var hasReset = false

    var isUpToDate: Bool { plans.allSatisfy(\.isUpToDate) }
  }

  /// Flashes all parts of a file.
  ///
  /// - Parameter massErases: erases the whole memory first.
  func run(_ parts: [FirmwareInput.Part]) throws(ToolFailure) -> Outcome {
    var jobs: [(memory: BoardMemory, image: FirmwareImage)] = []
    for part in parts {
      jobs += try shares(of: part)
    }
    for job in jobs where !job.memory.holdsOptionBytes {
      do throws(FlashRefusal) {
        _ = try FlashPlan.sectors(for: job.image, in: job.memory.map)
      } catch {
        throw Explain.flash(.refused(error), work.board)
      }
    }
    for job in jobs {
      try OptionBytesWork(work: work).check(
        job.image, in: job.memory, work.settings.permissions)
    }
    if work.settings.isDryRun {
      for job in jobs { try explain(job) }
      return Outcome()
    }
    try setVoltageRange()
    var outcome = Outcome(wasVirgin: try prepare(jobs))
    for job in jobs where !job.memory.holdsOptionBytes {
      try checkSecondBank(job)
    }
    // Option bytes reset the chip: whatever else there is goes before them.
    let ordered =
      jobs.filter { !$0.memory.holdsOptionBytes }
      + jobs.filter(\.memory.holdsOptionBytes)
    for (memory, image) in ordered {
      let flasher = try work.flasher(memory)
      if memory.holdsOptionBytes || work.settings.flash.resetsAfterWrite {
        try work.perform { () throws(FlashError) in
          try flasher.writeAndReset(image)
        }
        outcome.hasReset = true
        work.close()
        continue
      }
      outcome.plans.append(try flash(image, memory, flasher))
      if outcome.program == nil, let first = image.segments.first {
        outcome.program = LeaveWork.Program(
          alternate: memory.alternate.number, address: first.address,
          stackPointer: UInt32(littleEndianBytes: Array(first.bytes.prefix(4)))
        )
      }
    }
    return outcome
  }

  private func flash(
    _ image: FirmwareImage, _ memory: BoardMemory, _ flasher: Flasher
  ) throws(ToolFailure) -> FlashPlan {
    let failure: FlashError
    do throws(FlashFailure) {
      return try flasher.flash(image).plan
    } catch {
      failure = error.error
    }
    // What was right before is skipped the second time.
    if case .device(let error) = failure, error.isStall,
      work.reduceTransfers()
    {
      work.reporter.note(
        "warning: \(error); going on with smaller transfers")
      let flasher = try work.flasher(memory)
      return try work.perform { () throws(FlashError) in
        do throws(FlashFailure) {
          return try flasher.flash(image).plan
        } catch {
          throw error.error
        }
      }
    }
    return try work.perform { () throws(FlashError) in throw failure }
  }

  /// Looks at the chip before anything is changed: a protected one is refused,
  /// also where nothing would be read later; a virgin one is remembered.
  private func prepare(
    _ jobs: [(memory: BoardMemory, image: FirmwareImage)]
  ) throws(ToolFailure) -> Bool {
    let flash = jobs.first { !$0.memory.holdsOptionBytes }
    guard let flash, !work.settings.flash.resetsAfterWrite else {
      return false
    }
    try work.learnBootloader(flash.memory.alternate.number)
    switch try work.look(at: flash.memory) {
    case .protected(let error):
      throw Explain.flash(.readProtected(error), work.board)
    case .word(let word):
      guard case .present = work.knowledge.shared.emptyCheck else {
        return false
      }
      return word == EmptyCheck.emptyWord
    case .unreadable: return false
    }
  }

  /// Refuses, before anything is erased, what would erase sectors of a second
  /// bank one by one where the bootloader erases others instead. What is there
  /// already needs no erasing.
  private func checkSecondBank(
    _ job: (memory: BoardMemory, image: FirmwareImage)
  ) throws(ToolFailure) {
    guard work.mustSpareSecondBank else { return }
    let flasher = try work.flasher(job.memory, isQuiet: true)
    let plan = try work.perform { () throws(FlashError) in
      try flasher.plan(for: job.image)
    }
    try work.checkSecondBank(
      erasing: plan.erases.map(\.end).max() ?? 0, in: job.memory)
  }

  /// Says what would be done, and does nothing.
  private func explain(
    _ job: (memory: BoardMemory, image: FirmwareImage)
  ) throws(ToolFailure) {
    let flasher = try work.flasher(job.memory)
    let plan = try work.perform { () throws(FlashError) in
      try flasher.plan(for: job.image)
    }
    let session = try work.session(job.memory.alternate.number)
    try work.speaking { () throws(DFUError) in try session.settle() }
    let expected = work.knowledge.shared.timing.map {
      plan.typicalTime($0, verifies: work.settings.flash.verification != .off)
    }
    if work.reporter is JSONReporter {
      work.reporter.report(.planned(plan))
    } else {
      Console.out(
        PlanText.of(plan, job.memory, work.board, expected: expected))
    }
  }

  /// `--vdd`: has F2, F4 and F7 chips program 32 bits at a time.
  private func setVoltageRange() throws(ToolFailure) {
    guard let millivolts = work.settings.millivolts else { return }
    let feature = work.selected.interface.memories.first {
      $0.map.sector(at: VoltageRange.address) != nil
    }
    guard let feature, work.knowledge.shared.hasVoltageRange else {
      throw ToolFailure(
        .usage,
        """
        board \(work.board.label): this chip's programming does not depend on \
        the supply voltage (\(work.knowledge.identification.summary))
        """, advice: .vddNotNeeded)
    }
    guard let range = VoltageRange(programming32BitsAt: millivolts) else {
      throw ToolFailure(
        .usage,
        """
        programming 32 bits at a time needs a supply of 2.7 V to 3.6 V, not \
        \(millivolts) mV
        """, advice: .vddBytewise)
    }
    let session = try work.session(feature.alternate.number)
    let isSet = try work.speaking { () throws(DFUError) in
      try range.set(session)
    }
    guard isSet else {
      throw ToolFailure(
        .device,
        """
        board \(work.board.label): the chip did not take the voltage range; \
        nothing was erased
        """, advice: .vddBytewise)
    }
    work.reporter.note("Programming 32 bits at a time.")
  }

  /// A part's share of each memory it touches.
  func shares(
    of part: FirmwareInput.Part
  ) throws(ToolFailure) -> [(memory: BoardMemory, image: FirmwareImage)] {
    if let alternate = part.alternate, work.settings.alternate == nil {
      return [(try work.memory(alternate: alternate), part.image)]
    }
    if work.settings.alternate != nil {
      return [(try work.memory(holding: nil), part.image)]
    }
    var jobs: [(memory: BoardMemory, image: FirmwareImage)] = []
    for segment in part.image.segments {
      let memory = try work.memory(holding: segment.address)
      let index =
        jobs.firstIndex { $0.memory == memory } ?? jobs.endIndex
      if index == jobs.endIndex { jobs.append((memory, FirmwareImage())) }
      do throws(FirmwareError) {
        try jobs[index].image.add(segment.bytes, at: segment.address)
      } catch {
        throw ToolFailure(.badFile, "\(error)")
      }
    }
    return jobs.isEmpty
      ? [(try work.memory(holding: nil), part.image)] : jobs
  }
}
