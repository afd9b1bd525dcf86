/// Download and upload as DFU 1.0 and 1.1 have them: one stream of blocks
/// from number 0, with no addresses.
package struct PlainDFU {
  /// What became of a device after its download.
  package enum Manifestation: Hashable, Sendable {
    /// It is back in dfuIDLE and can go on.
    case idle
    /// It reset, or was reset, and starts its new firmware.
    case reset
    /// It no longer answers; whether it left the bus, the bus tells.
    case silent
    /// It no longer answers either, though it says of itself that it goes on
    /// speaking DFU: it has not confirmed that it took the firmware.
    case unconfirmed
  }

  /// The interface that is spoken with.
  package let connection: DFUConnection
  /// A poll time that is used instead of the device's, for devices whose
  /// figure is known to be wrong.
  package let pollOverride: Duration?
  /// Told of every step.
  package let report: (FlashEvent) -> Void
  /// Whether it is manifestation tolerant: says that it goes on speaking DFU
  /// when it has taken its firmware.
  package let isTolerant: Bool

  /// The longest a device may take for manifestation, or for a block without
  /// saying that it is busy, beyond the time it reports.
  package static let patience = Duration.seconds(30)
  /// The longest a device may go on saying that it is busy with a block. Some
  /// erase their whole slot at the first one, which takes 40 s and more.
  package static let longestBusy = Duration.seconds(600)
  /// The longest one request may take: seen are 20 s.
  package static let requestLimit = Duration.seconds(25)
  /// The longest poll time that is believed. The field has room for more than
  /// four hours.
  package static let longestPoll = Duration.seconds(60)

  /// Prepares a transfer; nothing is sent yet.
  ///
  /// - Parameter shouldStop: asked while the device is waited for and between
  ///   blocks whether the user wants to stop.
  package init(
    _ connection: DFUConnection, pollOverride: Duration? = nil,
    isTolerant: Bool = false, shouldStop: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) {
    self.connection = connection
    self.pollOverride = pollOverride
    self.isTolerant = isTolerant
    self.report = report
    connection.requestLimit = Self.requestLimit
    connection.shouldStop = shouldStop
  }

  // MARK: Download

  /// Sends a firmware and has the device take it into use.
  ///
  /// - Throws: `FlashError.refused` for an empty one, before anything was
  ///   sent.
  @discardableResult
  package func download(
    _ firmware: [UInt8]
  ) throws(FlashError) -> Manifestation {
    guard !firmware.isEmpty else { throw .refused(.empty) }
    report(.began(.write, total: firmware.count))
    var block: UInt16 = 0
    do throws(DFUError) {
      try connection.makeIdle()
      let size = connection.transferSize
      for start in stride(from: 0, to: firmware.count, by: size) {
        try checkStop(.write)
        let end = min(start + size, firmware.count)
        try connection.download(
          block: block, firmware.span.extracting(start..<end), during: .write)
        try untilReady()
        block &+= 1
        report(.progress(.write, done: end))
      }
      try checkStop(.write)
      report(.finished(.write))
      return try manifest(block)
    } catch {
      throw .failed(error)
    }
  }

  private func checkStop(_ operation: DFUOperation) throws(DFUError) {
    guard connection.shouldStop() else { return }
    try? connection.abort()
    throw DFUError(operation, .stopped)
  }

  /// GETSTATUS until the device takes the next block. Never once more: some
  /// devices drop out of the download by a surplus one.
  private func untilReady() throws(DFUError) {
    let clock = connection.clock
    let end = clock.now() + Self.longestBusy
    // The limit is for the time since it has last said that it is busy.
    var heard = clock.now()
    var busy: DFUStatusReport?
    while true {
      let status: DFUStatusReport
      do throws(DFUError) {
        status = try connection.getStatus(during: .write)
      } catch {
        // Asked before it was done: its poll time was too short.
        guard error.isDisturbance, let busy else { throw error }
        try connection.wait(.milliseconds(10), during: .write)
        try wait(busy, since: heard, .write)
        continue
      }
      guard !status.isError else { throw DFUError(.write, .status(status)) }
      switch status.state {
      case .downloadIdle: return
      case .downloadSync, .downloadBusy:
        busy = status
        if status.state == .downloadBusy, clock.now() < end {
          heard = clock.now()
        }
        try wait(status, since: heard, .write)
      default: throw DFUError(.write, .unexpectedState(status.state))
      }
    }
  }

  private func manifest(_ block: UInt16) throws(DFUError) -> Manifestation {
    try connection.download(block: block, [UInt8]().span, during: .manifest)
    let start = connection.clock.now()
    var failures = 0
    while true {
      let status: DFUStatusReport
      do throws(DFUError) {
        status = try connection.getStatus(during: .manifest)
      } catch {
        // A device that resets by itself answers no more: that is its
        // success, unless it has promised otherwise.
        guard isTolerant else { return .silent }
        failures += 1
        guard error.isDisturbance, failures < 3 else { return .unconfirmed }
        try connection.wait(.milliseconds(100), during: .manifest)
        continue
      }
      if status.isError { throw DFUError(.manifest, .status(status)) }
      switch status.state {
      case .idle: return .idle
      case .manifestWaitReset:
        try? connection.transport.reset()
        return .reset
      case .manifestSync, .manifest, .downloadBusy, .downloadSync:
        try wait(status, since: start, .manifest)
      default: throw DFUError(.manifest, .unexpectedState(status.state))
      }
    }
  }

  private func wait(
    _ status: DFUStatusReport, since start: Duration,
    _ operation: DFUOperation
  ) throws(DFUError) {
    // What is right for a block need not be for manifestation, and whoever
    // asks too early there cannot ask again.
    let reported =
      pollOverride.map {
        operation == .manifest ? max($0, .milliseconds(100)) : $0
      } ?? min(status.pollDelay, Self.longestPoll)
    let limit = reported + Self.patience
    guard connection.clock.now() - start < limit else {
      throw DFUError(operation, .stillBusy(limit: limit))
    }
    let pause = max(reported, .milliseconds(1))
    // What came of a manifestation must be known before anything else.
    if operation == .manifest { return connection.clock.sleep(for: pause) }
    try connection.wait(pause, during: operation)
  }

  // MARK: Upload

  /// Reads until the device sends a short block, or until `limit` bytes.
  ///
  /// - Parameters:
  ///   - limit: the most to read, bytes. Some devices never end by
  ///     themselves.
  ///   - endsByPrefix: whether what is read begins with TI's prefix, which
  ///     tells how long it is: such devices start over at their end.
  /// - Returns: whether the device ended it.
  @discardableResult
  package func upload(
    limit: Int, endsByPrefix: Bool = false,
    into sink: (ArraySlice<UInt8>) throws(FlashError) -> Void
  ) throws(FlashError) -> Bool {
    report(.began(.read, total: limit))
    var limit = limit
    var hasEnded = false
    let size = connection.transferSize
    var done = 0
    var block: UInt16 = 0
    while done < limit {
      let bytes: [UInt8]
      do throws(DFUError) {
        if block == 0 && done == 0 { try connection.makeIdle() }
        try checkStop(.read)
        bytes = try connection.upload(block: block, length: size)
      } catch {
        throw .failed(error)
      }
      if endsByPrefix, block == 0, bytes.count >= 8, bytes.starts(with: [1, 0])
      {
        let length = Int(UInt32(littleEndianAt: 4, in: bytes))
        hasEnded = length < limit - 8
        if hasEnded { limit = length + 8 }
      }
      try sink(bytes.prefix(limit - done))
      done += min(bytes.count, limit - done)
      report(.progress(.read, done: done))
      if bytes.count < size {
        hasEnded = true
        break
      }
      block &+= 1
      // Not every device notices that nobody asks for more.
      if done >= limit { try? connection.abort() }
    }
    report(.finished(.read))
    return hasEnded
  }
}
