/// Carries out work on one memory of a DfuSe board: flash, read, erase.
///
/// Every method either does the whole of what it says or throws and says why.
package struct Flasher {
  /// The session with the board, on the right alternate setting.
  package let session: DfuSeSession
  /// The memory of that alternate setting.
  package let memory: MemoryMap
  /// What to do and what to leave alone.
  package let options: FlashOptions
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
    self.report = report
    session.connection.shouldStop = shouldStop
  }

  // MARK: Flash

  /// Finds out what must change, without changing anything.
  ///
  /// - Throws: `FlashError.refused` before anything was sent, when the image
  ///   does not fit.
  package func plan(for image: FirmwareImage) throws(FlashError) -> FlashPlan {
    let sectors: [Sector]
    do throws(FlashRefusal) {
      sectors = try FlashPlan.sectors(for: image, in: memory)
    } catch {
      throw .refused(error)
    }
    let massErases = options.massErase == .always
    if massErases {
      // Nothing of the memory survives, so that nothing needs to be known.
      if let sector = sectors.first(where: { !$0.access.contains(.erasable) }) {
        throw .refused(.notErasable(sector, memory: memory))
      }
    }
    var surveyed = options
    if massErases {
      surveyed.preservesNeighbours = false
      surveyed.rewritesAll = true
    }
    let reader = MemoryReader(session, memory)
    let survey = Survey(image: image, reader: reader, options: surveyed)
    var findings: [(sector: Sector, finding: SectorFinding)] = []
    let total = sectors.reduce(0) { $0 + $1.size }
    var done = 0
    if !surveyed.rewritesAll { report(.began(.survey, total: total)) }
    for sector in sectors {
      try checkStop()
      let finding = try survey.look(at: sector)
      let range = UInt64(sector.address)..<sector.end
      if case .erase = finding, options.preservesNeighbours, !massErases,
        !reader.canRead(range), !image.contains(range)
      {
        report(.neighboursLost(sector))
      }
      findings.append((sector, finding))
      done += sector.size
      if !surveyed.rewritesAll { report(.progress(.survey, done: done)) }
    }
    if !surveyed.rewritesAll { report(.finished(.survey)) }
    let erasesAll =
      massErases ? true : try isMassEraseBetter(findings, reader)
    return FlashPlan(
      findings, image: image,
      transferSize: session.connection.transferSize, massErases: erasesAll,
      options: options)
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
    let erased = findings.filter {
      if case .erase = $0.finding { true } else { false }
    }.map(\.sector)
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
      guard try firstNotBlank(in: sector, reader) == nil else { return false }
    }
    return true
  }

  /// The first byte of a sector that is not blank; `nil` when all are. A
  /// sector that cannot be read does not count as blank.
  private func firstNotBlank(
    in sector: Sector, _ reader: MemoryReader
  ) throws(FlashError) -> UInt32? {
    let range = UInt64(sector.address)..<sector.end
    guard reader.canRead(range) else { return sector.address }
    var found: UInt32?
    try reader.read(range) { (address, bytes) throws(FlashError) in
      try checkStop()
      guard
        let index = bytes.firstIndex(where: { $0 != options.erasedByte })
      else {
        return true
      }
      found = address &+ UInt32(truncatingIfNeeded: index - bytes.startIndex)
      return false
    }
    return found
  }

  /// Makes a plan and carries it out.
  ///
  /// - Returns: the plan that was carried out.
  @discardableResult
  package func flash(_ image: FirmwareImage) throws(FlashError) -> FlashPlan {
    let plan = try plan(for: image)
    report(.planned(plan))
    try carryOut(plan)
    return plan
  }

  /// Carries out a plan made for this memory as it is now.
  package func carryOut(_ plan: FlashPlan) throws(FlashError) {
    try erase(plan)
    try write(plan)
    if options.verifies { try verify(plan.checks) }
  }

  private func erase(_ plan: FlashPlan) throws(FlashError) {
    if plan.massErases { try massErase() }
    try erase(plan.erases)
  }

  private func erase(_ sectors: [Sector]) throws(FlashError) {
    guard !sectors.isEmpty else { return }
    report(.began(.erase, total: sectors.reduce(0) { $0 + $1.size }))
    var done = 0
    for sector in sectors {
      try checkStop()
      try erase(sector)
      done += sector.size
      report(.progress(.erase, done: done))
    }
    report(.finished(.erase))
  }

  private func erase(_ sector: Sector) throws(FlashError) {
    for attempt in 1...2 {
      let isCertain = try repeating { () throws(DFUError) in
        try session.eraseSector(at: sector.address, size: sector.size)
      }
      if isCertain && !options.checksBlank { return }
      let reader = MemoryReader(session, memory)
      guard let address = try firstNotBlank(in: sector, reader) else { return }
      if attempt == 2 { throw .notErased(sector, address: address) }
    }
  }

  private func write(_ plan: FlashPlan) throws(FlashError) {
    guard !plan.runs.isEmpty else { return }
    report(.began(.write, total: plan.writtenBytes))
    var done = 0
    for run in plan.runs {
      for block in run.blocks {
        try checkStop()
        try write(block, of: run)
        done += block.count
        report(.progress(.write, done: done))
      }
    }
    report(.finished(.write))
  }

  /// Sends a block. One that fails is read before it is sent again, and sent
  /// again only where it reads back blank: programming twice corrupts flash
  /// with ECC.
  private func write(
    _ block: Range<Int>, of run: FlashPlan.Run
  ) throws(FlashError) {
    let address = run.address(of: block)
    for attempt in 1...3 {
      let failure: DFUError
      do throws(DFUError) {
        // One pointer for the whole run, also for the block that goes last.
        return try session.write(
          run.piece.bytes.span.extracting(block), at: address,
          base: run.piece.address)
      } catch {
        failure = error
      }
      guard failure.mayPass else { throw FlashError(failure) }
      let found: [UInt8]
      do throws(DFUError) {
        try session.recover()
        found = try session.read(block.count, at: address)
      } catch {
        throw error.reason == .stopped ? .cancelled : .device(failure)
      }
      let isWritten = found[...] == run.piece.bytes[block]
      guard
        isWritten || attempt < 3 && found[...].isBlank(options.erasedByte)
      else { throw .device(failure) }
      report(.retried(failure))
      if isWritten { return }
    }
  }

  /// Reads pieces back and compares.
  private func verify(
    _ pieces: [FirmwareImage.Segment]
  ) throws(FlashError) {
    guard !pieces.isEmpty else { return }
    let reader = MemoryReader(session, memory)
    report(
      .began(.verify, total: pieces.reduce(0) { $0 + $1.bytes.count }))
    var done = 0
    for piece in pieces {
      guard reader.canRead(piece.range) else {
        report(.unverifiable(piece.range))
        continue
      }
      try reader.read(piece.range) { (address, found) throws(FlashError) in
        try checkStop()
        let offset = Int(address - piece.address)
        let wanted = piece.bytes[offset..<offset + found.count]
        if wanted != found {
          throw mismatch(wanted, found, at: address)
        }
        done += found.count
        report(.progress(.verify, done: done))
        return true
      }
    }
    report(.finished(.verify))
  }

  private func mismatch(
    _ wanted: ArraySlice<UInt8>, _ found: ArraySlice<UInt8>,
    at address: UInt32
  ) -> FlashError {
    var first: (Int, UInt8, UInt8)?
    var count = 0
    for (offset, (expected, actual)) in zip(wanted, found).enumerated()
    where expected != actual {
      if first == nil { first = (offset, expected, actual) }
      count += 1
    }
    let (offset, expected, actual) = first ?? (0, 0, 0)
    let place = address &+ UInt32(truncatingIfNeeded: offset)
    return .mismatch(
      FlashMismatch(
        address: place, expected: expected, found: actual, count: count,
        sector: memory.sector(at: place)))
  }

  // MARK: Verify, read, erase

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
    try verify(image.segments)
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
    let reader = MemoryReader(session, memory)
    report(.began(.read, total: range.count))
    var done = 0
    try reader.read(range) { (_, bytes) throws(FlashError) in
      try checkStop()
      try sink(bytes)
      done += bytes.count
      report(.progress(.read, done: done))
      return true
    }
    report(.finished(.read))
  }

  /// Erases every sector that a range touches.
  package func erase(_ range: Range<UInt64>) throws(FlashError) {
    if let hole = memory.firstHole(in: range) {
      throw .refused(.beyond(address: hole, memory: memory))
    }
    if let (first, second) = memory.overlap(in: range) {
      throw .refused(.overlapping(first, second, memory: memory))
    }
    let sectors = memory.sectors.filter {
      UInt64($0.address) < range.upperBound && range.lowerBound < $0.end
    }
    if let sector = sectors.first(where: { !$0.access.contains(.erasable) }) {
      throw .refused(.notErasable(sector, memory: memory))
    }
    try erase(sectors)
  }

  /// Erases the whole memory at once, or sector by sector where the chip
  /// cannot.
  package func massErase() throws(FlashError) {
    if options.massErasesBySector {
      return try erase(
        memory.sectors.filter { $0.access.contains(.erasable) })
    }
    report(.began(.erase, total: memory.size))
    try repeating { () throws(DFUError) in try session.massErase() }
    if options.checksBlank {
      let reader = MemoryReader(session, memory)
      for sector in memory.sectors {
        if let address = try firstNotBlank(in: sector, reader) {
          throw .notErased(sector, address: address)
        }
      }
    }
    report(.finished(.erase))
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

  private func checkReadable(
    _ range: Range<UInt64>
  ) throws(FlashRefusal) {
    if let hole = memory.firstHole(in: range) {
      throw .beyond(address: hole, memory: memory)
    }
    for sector in memory.sectors
    where UInt64(sector.address) < range.upperBound
      && range.lowerBound < sector.end && !sector.access.contains(.readable)
    {
      throw .notReadable(sector, memory: memory)
    }
  }

  // MARK: Stopping and trying again

  private func checkStop() throws(FlashError) {
    guard shouldStop() else { return }
    // Whatever the board answers now, the user's wish is what is reported.
    try? session.settle()
    throw .cancelled
  }

  /// An erase may be repeated, unless the first one may still be under way
  /// (``DFUError/mayPass``).
  @discardableResult
  private func repeating<Result>(
    _ body: () throws(DFUError) -> Result
  ) throws(FlashError) -> Result {
    var failures = 0
    while true {
      let failure: DFUError
      do throws(DFUError) {
        return try body()
      } catch {
        failure = error
      }
      failures += 1
      guard failures < 3, failure.mayPass else { throw FlashError(failure) }
      report(.retried(failure))
      do throws(DFUError) {
        try session.recover()
      } catch {
        throw error.reason == .stopped ? .cancelled : .device(failure)
      }
    }
  }
}
