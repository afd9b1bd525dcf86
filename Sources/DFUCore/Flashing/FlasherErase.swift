// Erasing, and looking at what was erased.
extension Flasher {
  /// Erases what a plan says.
  func erase(_ plan: FlashPlan, _ run: FlashRun) throws(FlashError) {
    if plan.massErases {
      try checkStop()
      run.begin(erasing: memory.sectors)
      try massErase(looks: options.massErase == .always)
      run.finishErase()
    }
    try erase(plan.erases) { sector, isDone in
      if isDone { run.finishErase() } else { run.begin(erasing: [sector]) }
    }
  }

  /// Erases every sector that a range touches, and looks at them.
  package func erase(_ range: Range<UInt64>) throws(FlashError) {
    guard !range.isEmpty else { return }
    if let hole = memory.firstHole(in: range) {
      throw .refused(.beyond(address: hole, memory: memory))
    }
    if let (first, second) = memory.overlap(in: range) {
      throw .refused(.overlapping(first, second, memory: memory))
    }
    let sectors = memory.sectors(in: range)
    if let sector = sectors.first(where: { !$0.access.contains(.erasable) }) {
      throw .refused(.notErasable(sector, memory: memory))
    }
    try erase(sectors)
    try checkErased(sectors)
  }

  /// Erases the whole memory at once, or sector by sector where the chip
  /// cannot, and looks at it.
  package func massErase() throws(FlashError) {
    try massErase(looks: true)
  }

  private func massErase(looks: Bool) throws(FlashError) {
    let sectors = memory.sectors.filter { $0.access.contains(.erasable) }
    if options.massErasesBySector {
      try erase(sectors)
      if looks { try checkErased(sectors) }
      return
    }
    try checkStop()
    report(.began(.erase, total: memory.size))
    try repeating { () throws(DFUError) in try session.massErase() }
    report(.finished(.erase))
    guard looks, options.verification != .off else { return }
    // Some devices ignore the command, others erase only one of the memories
    // in their layout, and report success.
    let rest = try notBlank(sectors)
    guard !rest.isEmpty else { return }
    report(.massEraseIncomplete(rest.map(\.sector)))
    try erase(rest.map(\.sector))
    try checkErased(rest.map(\.sector))
  }

  /// - Parameter note: told before each sector is erased, and after.
  private func erase(
    _ sectors: [Sector], note: (Sector, _ isDone: Bool) -> Void = { _, _ in }
  ) throws(FlashError) {
    guard !sectors.isEmpty else { return }
    report(.began(.erase, total: sectors.reduce(0) { $0 + $1.size }))
    var done = 0
    for sector in sectors {
      try checkStop()
      note(sector, false)
      try erase(sector)
      note(sector, true)
      done += sector.size
      report(.progress(.erase, done: done))
    }
    report(.finished(.erase))
  }

  private func erase(_ sector: Sector) throws(FlashError) {
    let clock = session.connection.clock
    for attempt in 1...2 {
      let start = clock.now()
      let isCertain = try repeating { () throws(DFUError) in
        try session.eraseSector(at: sector.address, size: sector.size)
      }
      let isQuick = wait(after: sector, lasting: clock.now() - start)
      guard !isCertain || isQuick || options.checksBlank else { return }
      guard let address = try notBlank([sector]).first?.address else { return }
      if attempt == 2 { throw .notErased([sector], address: address) }
    }
  }

  /// Waits as long as the chip needs after an erase, whatever it reported.
  ///
  /// - Returns: whether the erase was reported as done so soon that it must be
  ///   looked at.
  private func wait(after sector: Sector, lasting: Duration) -> Bool {
    let time = options.timing?.eraseTime(sectorSize: sector.size)
    let typical = Duration.microseconds(time?.typical ?? 0)
    let isQuick = lasting < typical / 4
    var least = isQuick ? typical : .zero
    if let time, let from = options.waitsForMaximumFrom, sector.end > from {
      least = .microseconds(time.maximum)
    }
    session.connection.clock.sleep(
      for: max(options.pauseAfterErase, least - lasting))
    return isQuick
  }

  /// Looks at sectors that were erased, as far as they can be read.
  private func checkErased(_ sectors: [Sector]) throws(FlashError) {
    guard options.verification != .off else { return }
    let rest = try notBlank(sectors)
    guard let first = rest.first else { return }
    throw .notErased(rest.map(\.sector), address: first.address)
  }

  /// The sectors that are not blank, each with the first byte that is not. What
  /// cannot be read is reported.
  private func notBlank(
    _ sectors: [Sector]
  ) throws(FlashError) -> [(sector: Sector, address: UInt32)] {
    let reader = reader()
    var found: [(sector: Sector, address: UInt32)] = []
    var unreadable: [Range<UInt64>] = []
    for sector in sectors {
      do throws(FlashError) {
        guard reader.canRead(sector.range) else {
          unreadable.append(sector.range)
          continue
        }
        if let address = try firstNotBlank(in: sector, reader) {
          found.append((sector, address))
        }
      } catch {
        guard error.isReadRefusal else { throw error }
        unreadable.append(sector.range)
      }
    }
    let ranges = unreadable.joined
    for range in ranges { report(.unverifiable(range)) }
    if let first = ranges.first, options.verification == .required {
      throw .unverifiable(first)
    }
    return found
  }

  /// The first byte of a sector that is not blank; `nil` when all are.
  func firstNotBlank(
    in sector: Sector, _ reader: MemoryReader
  ) throws(FlashError) -> UInt32? {
    var found: UInt32?
    try reader.read(sector.range) { (address, bytes) throws(FlashError) in
      try checkStop()
      guard
        let index = bytes.firstIndex(where: { $0 != options.erasedByte })
      else { return true }
      found = address &+ UInt32(truncatingIfNeeded: index - bytes.startIndex)
      return false
    }
    return found
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
      guard failures < options.attempts, failure.mayPass,
        !session.isProtection(failure)
      else {
        throw refused(failure)
      }
      report(.retried(failure))
      do throws(DFUError) {
        try session.recover()
      } catch {
        throw .failed(failure)
      }
    }
  }
}
