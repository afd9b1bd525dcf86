/// Carries out work on one memory of a DfuSe board: flash, verify, read, erase.
///
/// Every method either does the whole of what it says or throws and says why.
package struct Flasher {
  /// The session with the board, on the right alternate setting.
  package let session: DfuSeSession
  /// The memory of that alternate setting.
  package let memory: MemoryMap
  /// What to do and what to leave alone.
  package var options: FlashOptions
  /// Told of every step.
  package let report: (FlashEvent) -> Void
  /// Asked between transfers whether the user wants to stop.
  package let shouldStop: () -> Bool

  /// Prepares work on one memory; nothing is sent yet.
  package init(
    _ session: DfuSeSession, _ memory: MemoryMap,
    options: FlashOptions = FlashOptions(),
    shouldStop: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) {
    self.session = session
    self.memory = memory
    self.options = options
    self.shouldStop = shouldStop
    session.connection.shouldStop = shouldStop
    self.report = report
  }

  /// A reader of this memory as it is now.
  func reader() -> MemoryReader {
    MemoryReader(session, memory, attempts: options.attempts)
  }

  // MARK: Plan

  /// Finds out what must change, without changing anything.
  ///
  /// Nothing is read that is erased anyway: with a mass erase nothing at all,
  /// with `rewritesAll` only what lies beside the image in a sector.
  ///
  /// - Throws: `FlashError.refused` before anything was sent, when the image
  ///   does not fit.
  package func plan(for image: FirmwareImage) throws(FlashError) -> FlashPlan {
    let sectors: [Sector]
    do throws(FlashRefusal) {
      sectors = try FlashPlan.sectors(for: image, in: memory)
      if options.massErase == .always,
        let sector = sectors.first(where: { !$0.access.contains(.erasable) })
      {
        throw .notErasable(sector, memory: memory)
      }
    } catch {
      throw .refused(error)
    }
    var options = options
    if options.massErase == .always {
      options.preservesNeighbours = false
      options.rewritesAll = true
    }
    let comparison = Comparison(
      image: image, reader: reader(), options: options)
    var findings = try compare(sectors, comparison)
    try eraseVectorTableToo(&findings, comparison)
    for (sector, finding) in findings where finding.erases {
      if options.preservesNeighbours,
        !comparison.reader.canRead(sector.range), !image.contains(sector.range)
      {
        report(.neighboursLost(sector))
      }
    }
    let isBetter = try isMassEraseBetter(findings, comparison.reader)
    return FlashPlan(
      findings, image: image,
      transferSize: session.connection.transferSize,
      massErases: options.massErase == .always || isBetter,
      options: options)
  }

  private func compare(
    _ sectors: [Sector], _ comparison: Comparison
  ) throws(FlashError) -> [(sector: Sector, finding: SectorFinding)] {
    let isReading = !comparison.options.rewritesAll
    if isReading {
      report(.began(.compare, total: sectors.reduce(0) { $0 + $1.size }))
    }
    var findings: [(sector: Sector, finding: SectorFinding)] = []
    var done = 0
    for sector in sectors {
      try checkStop()
      findings.append((sector, try comparison.look(at: sector)))
      done += sector.size
      if isReading { report(.progress(.compare, done: done)) }
    }
    if isReading { report(.finished(.compare)) }
    return findings
  }

  /// When another sector of the program is erased, the vector table's is too:
  /// otherwise an interrupted update starts as a mixture of two programs.
  private func eraseVectorTableToo(
    _ findings: inout [(sector: Sector, finding: SectorFinding)],
    _ comparison: Comparison
  ) throws(FlashError) {
    let address =
      options.vectorTable ?? comparison.image.segments.first?.address
    guard !options.keepsVectorTable, let address,
      comparison.image.contains(address),
      findings.contains(where: \.finding.erases),
      let index = findings.firstIndex(where: { $0.sector.contains(address) }),
      !findings[index].finding.erases
    else { return }
    findings[index].finding = try comparison.erasing(findings[index].sector)
  }

  /// Whether erasing the whole memory loses nothing and is quicker: every
  /// sector that would not be erased anyway is blank, and finding that out
  /// costs less than it saves.
  private func isMassEraseBetter(
    _ findings: [(sector: Sector, finding: SectorFinding)],
    _ reader: MemoryReader
  ) throws(FlashError) -> Bool {
    guard case .whenCheaper(let timing, let whole) = options.massErase else {
      return false
    }
    let erased = findings.filter(\.finding.erases).map(\.sector)
    let single = erased.reduce(Duration.zero) {
      $0
        + (timing.eraseTime(sectorSize: $1.size).map {
          .microseconds($0.typical)
        } ?? .zero)
    }
    let others = memory.sectors.filter { !erased.contains($0) }
    let toRead = others.reduce(0) { $0 + $1.size }
    // About 1 µs a byte over full speed.
    guard single > whole + .microseconds(toRead) else { return false }
    for sector in others {
      guard reader.canRead(sector.range),
        try firstNotBlank(in: sector, reader) == nil
      else { return false }
    }
    return true
  }

  // MARK: Flash

  /// What a flash did.
  package struct Outcome {
    /// The plan that was carried out.
    package var plan: FlashPlan
    /// What could not be read back.
    package var unverified: [Range<UInt64>]
  }

  /// Makes a plan and carries it out.
  ///
  /// Where bytes that were not touched turn out to have changed, the board
  /// describes its sectors wrongly: then everything is erased and written.
  @discardableResult
  package func flash(
    _ image: FirmwareImage
  ) throws(FlashFailure) -> Outcome {
    let plan = try planned(image)
    do throws(FlashFailure) {
      return Outcome(plan: plan, unverified: try carryOut(plan))
    } catch {
      guard case .mismatch(let mismatch) = error.error,
        let sector = mismatch.sector,
        !plan.changes(mismatch.address, in: sector)
      else { throw error }
      report(.layoutIsWrong(sector))
      return try flashAll(image, after: plan)
    }
  }

  private func planned(
    _ image: FirmwareImage
  ) throws(FlashFailure) -> FlashPlan {
    do throws(FlashError) {
      let plan = try plan(for: image)
      report(.planned(plan))
      return plan
    } catch {
      throw FlashFailure(error)
    }
  }

  /// Erases and writes everything, with what the first plan preserved.
  private func flashAll(
    _ image: FirmwareImage, after first: FlashPlan
  ) throws(FlashFailure) -> Outcome {
    var flasher = self
    flasher.options.rewritesAll = true
    do throws(FlashFailure) {
      var whole = image
      do throws(FirmwareError) {
        for piece in first.preserved {
          try whole.add(piece.bytes, at: piece.address)
        }
      } catch {
        throw FlashFailure(.refused(.empty))
      }
      let plan = try flasher.planned(whole)
      return Outcome(plan: plan, unverified: try flasher.carryOut(plan))
    } catch {
      var failure = error
      failure.lost += first.preserved
      if failure.afterReset == .asBefore { failure.afterReset = .noProgram }
      throw failure
    }
  }

  /// Carries out a plan made for this memory as it is now.
  ///
  /// - Returns: what could not be read back.
  package func carryOut(
    _ plan: FlashPlan
  ) throws(FlashFailure) -> [Range<UInt64>] {
    let run = FlashRun(plan)
    do throws(FlashError) {
      try erase(plan, run)
      guard options.verification != .off else {
        try write(plan.allRuns, of: plan.writtenBytes, run)
        return []
      }
      try write(plan.runs, of: plan.writtenBytes, run)
      return try verify(plan.checks, then: plan.vectorTable, run)
    } catch {
      if case .mismatch(let mismatch) = error { run.isWrong(mismatch) }
      throw FlashFailure(
        error, afterReset: run.afterReset, lost: run.lost)
    }
  }

  // MARK: Write

  private func write(
    _ runs: [FlashPlan.Run], of total: Int, _ progress: FlashRun
  ) throws(FlashError) {
    guard total > 0 else { return }
    report(.began(.write, total: total))
    for run in runs { try write(run, progress) }
    // The vector table is written later, and is too little to see.
    report(.progress(.write, done: total))
    report(.finished(.write))
  }

  private func write(
    _ run: FlashPlan.Run, _ progress: FlashRun, isReporting: Bool = true
  ) throws(FlashError) {
    for block in run.blocks {
      try checkStop()
      progress.beginWriting()
      try write(block, of: run)
      progress.finish(writing: run, block)
      if isReporting {
        report(.progress(.write, done: progress.writtenBytes))
      }
    }
  }

  /// Writes a block. One that failed is looked at before it is sent again:
  /// programming twice corrupts flash with error-correcting code.
  private func write(
    _ block: Range<Int>, of run: FlashPlan.Run
  ) throws(FlashError) {
    var failures = 0
    while true {
      let failure: DFUError
      do throws(DFUError) {
        // One pointer for the whole run.
        return try session.write(
          run.piece.bytes.span.extracting(block), at: run.address(of: block),
          base: run.piece.address)
      } catch {
        failure = error
      }
      failures += 1
      guard failures < options.attempts, failure.mayPass,
        !session.isProtection(failure)
      else { throw refused(failure) }
      report(.retried(failure))
      if try isWritten(block, of: run, after: failure) { return }
    }
  }

  /// Whether a block that failed is in place all the same.
  ///
  /// - Throws: the failure when the block can neither be read nor sent again.
  private func isWritten(
    _ block: Range<Int>, of run: FlashPlan.Run, after failure: DFUError
  ) throws(FlashError) -> Bool {
    do throws(DFUError) {
      try session.recover()
      let found = try session.read(block.count, at: run.address(of: block))
      if found[...] == run.piece.bytes[block] { return true }
      guard found[...].isBlank(options.erasedByte) else { throw failure }
      return false
    } catch {
      throw .failed(failure)
    }
  }

  // MARK: Verify, read

  /// Reads pieces back and compares; then writes the vector table and reads
  /// that back.
  ///
  /// - Returns: what could not be read.
  private func verify(
    _ pieces: [FirmwareImage.Segment], then last: FlashPlan.Run?,
    _ progress: FlashRun
  ) throws(FlashError) -> [Range<UInt64>] {
    let lastPieces = last.map { $0.blocks.map($0.segment) } ?? []
    let total = (pieces + lastPieces).reduce(0) { $0 + $1.bytes.count }
    guard total > 0 else { return [] }
    report(.began(.verify, total: total))
    var done = 0
    var unverified = try readBack(pieces, &done)
    if let last {
      try write(last, progress, isReporting: false)
      unverified += try readBack(lastPieces, &done)
    }
    let ranges = unverified.joined
    for range in ranges { report(.unverifiable(range)) }
    if let first = ranges.first, options.verification == .required {
      throw .unverifiable(first)
    }
    report(.finished(.verify))
    return ranges
  }

  /// - Returns: what could not be read.
  private func readBack(
    _ pieces: [FirmwareImage.Segment], _ done: inout Int
  ) throws(FlashError) -> [Range<UInt64>] {
    let reader = reader()
    var unverified: [Range<UInt64>] = []
    for piece in pieces {
      for part in memory.sectors.parts(of: piece.range) {
        guard reader.canRead(part) else {
          unverified.append(part)
          continue
        }
        do throws(FlashError) {
          try verify(part, of: piece, reader) { count in
            done += count
            report(.progress(.verify, done: done))
          }
        } catch {
          guard error.isReadRefusal else { throw error }
          unverified.append(part)
        }
      }
    }
    return unverified
  }

  private func verify(
    _ range: Range<UInt64>, of piece: FirmwareImage.Segment,
    _ reader: MemoryReader, _ advance: (Int) -> Void
  ) throws(FlashError) {
    try reader.read(range) { (address, found) throws(FlashError) in
      try checkStop()
      let offset = Int(address - piece.address)
      let wanted = piece.bytes[offset..<offset + found.count]
      if wanted != found { throw mismatch(wanted, found, at: address) }
      advance(found.count)
      return true
    }
  }

  private func mismatch(
    _ wanted: ArraySlice<UInt8>, _ found: ArraySlice<UInt8>,
    at address: UInt32
  ) -> FlashError {
    let differing = zip(wanted, found).enumerated().filter {
      $0.element.0 != $0.element.1
    }
    guard let first = differing.first else {
      return .mismatch(
        FlashMismatch(address: address, expected: 0, found: 0, count: 0))
    }
    let place = address &+ UInt32(truncatingIfNeeded: first.offset)
    return .mismatch(
      FlashMismatch(
        address: place, expected: first.element.0, found: first.element.1,
        count: differing.count, sector: memory.sector(at: place)))
  }

  /// Compares an image with the memory and changes nothing.
  package func verify(_ image: FirmwareImage) throws(FlashError) {
    do throws(FlashRefusal) {
      guard !image.isEmpty else { throw .empty }
      for segment in image.segments {
        try checkReadable(segment.range)
      }
    } catch {
      throw .refused(error)
    }
    var flasher = self
    flasher.options.verification = .required
    _ = try flasher.verify(
      image.segments, then: nil,
      FlashRun(FlashPlan(transferSize: session.connection.transferSize)))
  }

  /// Reads a range and hands it out piece by piece.
  package func read(
    _ range: Range<UInt64>,
    into sink: (ArraySlice<UInt8>) throws(FlashError) -> Void
  ) throws(FlashError) {
    do throws(FlashRefusal) {
      try checkReadable(range)
    } catch {
      throw .refused(error)
    }
    report(.began(.read, total: range.count))
    var done = 0
    try reader().read(range) { (_, bytes) throws(FlashError) in
      try checkStop()
      try sink(bytes)
      done += bytes.count
      report(.progress(.read, done: done))
      return true
    }
    report(.finished(.read))
  }

  private func checkReadable(
    _ range: Range<UInt64>
  ) throws(FlashRefusal) {
    if let hole = memory.firstHole(in: range) {
      throw .beyond(address: hole, memory: memory)
    }
    guard session.connection.canUpload else { throw .noUpload }
    for sector in memory.sectors(in: range)
    where !sector.access.contains(.readable) {
      throw .notReadable(sector, memory: memory)
    }
  }

  /// Writes option bytes, or anything else after which the chip resets.
  ///
  /// - Throws: `FlashError.refused` when the bytes do not fit the memory.
  package func writeAndReset(_ image: FirmwareImage) throws(FlashError) {
    do throws(FlashRefusal) {
      _ = try FlashPlan.sectors(for: image, in: memory)
      let limit = session.connection.transferSize
      for segment in image.segments where segment.bytes.count > limit {
        throw .notAtOnce(segment.bytes.count, transferSize: limit)
      }
    } catch {
      throw .refused(error)
    }
    report(.began(.write, total: image.byteCount))
    for segment in image.segments {
      do throws(DFUError) {
        try session.writeAndReset(segment.bytes, at: segment.address)
      } catch {
        throw .failed(error)
      }
    }
    report(.finished(.write))
  }

  // MARK: Stopping and failing

  func checkStop() throws(FlashError) {
    guard shouldStop() else { return }
    // Whatever the board answers now, the user's wish is what is reported.
    try? session.settle()
    throw .cancelled
  }

  /// A failure of the device, called readout protection where it is that.
  func refused(_ failure: DFUError) -> FlashError {
    session.isProtection(failure) ? .readProtected(failure) : .failed(failure)
  }
}
