/// Download and upload as DFU 1.0 and 1.1 have them: one stream of blocks
/// from number 0, with no addresses.
public struct PlainDFU {
  /// What became of a device after its download.
  public enum Manifestation: Hashable, Sendable {
    /// It is back in dfuIDLE and can go on.
    case idle
    /// It reset, or was reset, and starts its new firmware.
    case reset
    /// It no longer answers; whether it left the bus, the bus tells.
    case silent
  }

  /// The interface that is spoken with.
  public let connection: DFUConnection
  /// A poll time that is used instead of the device's, for devices whose
  /// figure is known to be wrong.
  public let pollOverride: Duration?
  /// Told of every step.
  public let report: (FlashEvent) -> Void
  /// Asked between transfers whether the user wants to stop.
  public let shouldStop: () -> Bool

  /// The longest a device may be busy with one block, or with manifestation,
  /// beyond what it says itself.
  public static let patience = Duration.seconds(30)
  /// The longest poll time that is believed. The field has room for more than
  /// four hours.
  public static let longestPoll = Duration.seconds(60)

  /// Prepares a transfer; nothing is sent yet.
  public init(
    _ connection: DFUConnection, pollOverride: Duration? = nil,
    shouldStop: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) {
    self.connection = connection
    self.pollOverride = pollOverride
    self.shouldStop = shouldStop
    self.report = report
  }

  // MARK: Download

  /// Sends a firmware and has the device take it into use.
  ///
  /// - Throws: `FlashError.refused` for an empty one, before anything was
  ///   sent.
  @discardableResult
  public func download(
    _ firmware: [UInt8]
  ) throws(FlashError) -> Manifestation {
    guard !firmware.isEmpty else { throw .refused(.empty) }
    report(.began(.write, total: firmware.count))
    var block: UInt16 = 0
    do throws(DFUError) {
      try connection.makeIdle()
      let size = connection.transferSize
      for start in stride(from: 0, to: firmware.count, by: size) {
        if shouldStop() { break }
        let end = min(start + size, firmware.count)
        try connection.download(
          block: block, firmware.span.extracting(start..<end), during: .write)
        try untilReady()
        block &+= 1
        report(.progress(.write, done: end))
      }
    } catch {
      throw .device(error)
    }
    if shouldStop() {
      try? connection.abort()
      throw .cancelled
    }
    report(.finished(.write))
    do throws(DFUError) {
      return try manifest(block)
    } catch {
      throw .device(error)
    }
  }

  /// GETSTATUS until the device takes the next block. Never once more: some
  /// devices drop out of the download by a surplus one.
  private func untilReady() throws(DFUError) {
    let start = connection.clock.now()
    var busy: DFUStatusReport?
    while true {
      let status: DFUStatusReport
      do throws(DFUError) {
        status = try connection.getStatus(during: .write)
      } catch {
        // Asked before it was done: its poll time was too short.
        guard error.isStall, let busy else { throw error }
        connection.clock.sleep(for: .milliseconds(10))
        try wait(busy, since: start, .write)
        continue
      }
      guard status.status == .ok, status.state != .error else {
        throw DFUError(.write, .status(status))
      }
      switch status.state {
      case .downloadIdle: return
      case .downloadSync, .downloadBusy:
        busy = status
        try wait(status, since: start, .write)
      default: throw DFUError(.write, .unexpectedState(status.state))
      }
    }
  }

  private func manifest(_ block: UInt16) throws(DFUError) -> Manifestation {
    try connection.download(block: block, [UInt8]().span, during: .manifest)
    let start = connection.clock.now()
    while true {
      // A device that resets by itself answers no more: that is its success.
      guard let status = try? connection.getStatus(during: .manifest) else {
        return .silent
      }
      guard status.status == .ok, status.state != .error else {
        throw DFUError(.manifest, .status(status))
      }
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
    let known = pollOverride.map {
      operation == .manifest ? max($0, .milliseconds(100)) : $0
    }
    let reported =
      known
      ?? min(.milliseconds(Int(status.pollTimeout)), Self.longestPoll)
    let limit = reported + Self.patience
    guard connection.clock.now() - start < limit else {
      throw DFUError(operation, .stillBusy(limit: limit))
    }
    connection.clock.sleep(for: max(reported, .milliseconds(1)))
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
  public func upload(
    limit: Int, endsByPrefix: Bool = false,
    into sink: (ArraySlice<UInt8>) throws(FlashError) -> Void
  ) throws(FlashError) -> Bool {
    report(.began(.read, total: limit))
    var limit = limit
    var hasEnded = false
    let size = connection.transferSize
    var done = 0
    var block: UInt16 = 0
    do throws(DFUError) {
      try connection.makeIdle()
    } catch {
      throw .device(error)
    }
    while done < limit {
      if shouldStop() {
        try? connection.abort()
        throw .cancelled
      }
      let bytes: [UInt8]
      do throws(DFUError) {
        bytes = try connection.upload(block: block, length: size)
      } catch {
        throw .device(error)
      }
      if endsByPrefix, block == 0, bytes.count >= 8, bytes[0] == 1,
        bytes[1] == 0
      {
        let length = Int(UInt32(littleEndianAt: 4, in: bytes))
        if length < limit - 8 {
          limit = length + 8
          hasEnded = true
        }
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
