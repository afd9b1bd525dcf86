/// Comparing a file with a board's memory.
public struct VerifyJob: Hashable, Sendable {
  /// What the board should hold.
  public var firmware: JobFirmware
  /// How to work with the board.
  public var board = BoardOptions()

  /// A file for a board.
  public init(_ firmware: JobFirmware) { self.firmware = firmware }

  /// Compares.
  ///
  /// - Throws: `JobError` with ``JobError/Cause/mismatch(_:)`` for the first
  ///   difference.
  public func run(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    let session = try BoardSession(selected, board, context)
    guard session.isDfuSe else { throw session.fail(.notDfuSe) }
    for share in try session.shares(of: firmware) {
      let flasher = try session.flasher(share.memory)
      try session.perform { () throws(FlashError) in
        try flasher.verify(share.image)
      }
    }
    session.finish()
  }
}

/// Reading a board's memory.
public struct ReadJob: Hashable, Sendable {
  /// The first address; `nil` for the memory's first.
  public var address: UInt32?
  /// How many bytes; `nil` for all up to the memory's end.
  public var length: UInt32?
  /// Whether a device without addresses is read as plain DFU has it.
  public var takesPlainDFU = false
  /// How to work with the board.
  public var board = BoardOptions()

  /// The most that is read from a plain DFU device that does not end by
  /// itself, bytes.
  public static let uploadLimit = 64 * 1024 * 1024

  /// All of the first memory.
  public init() {}

  /// Reads, and hands it out piece by piece.
  ///
  /// - Parameter sink: may throw ``FlashError/output(_:)``.
  public func run(
    _ selected: SelectedBoard, _ context: JobContext,
    into sink: (ArraySlice<UInt8>) throws(FlashError) -> Void
  ) throws(JobError) {
    let session = try BoardSession(selected, board, context)
    guard session.isDfuSe || !takesPlainDFU else {
      return try PlainTransfer(session).upload(limit: length, into: sink)
    }
    let memory = try session.memory(holding: address)
    let range = try range(in: memory, session)
    let flasher = try session.flasher(memory)
    try session.perform { () throws(FlashError) in
      try flasher.read(range, into: sink)
    }
    session.finish()
  }

  /// From the address, or the memory's start, as far as asked, or to the end
  /// of what follows without a gap.
  private func range(
    in memory: BoardMemory, _ session: BoardSession
  ) throws(JobError) -> Range<UInt64> {
    guard let first = memory.map.sectors.first else {
      throw session.fail(.noSectors(alternate: memory.alternate.number))
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
}

/// Erasing sectors, or all of a memory. Option bytes, one-time programmable
/// memory and the Device Feature are never erased.
public struct EraseJob: Hashable, Sendable {
  /// What is erased.
  public enum Extent: Hashable, Sendable {
    /// Every sector that these bytes touch.
    case range(UInt32, length: UInt32)
    /// The whole memory that the options mean, or that holds this address.
    case all(holding: UInt32?)
  }

  /// What is erased.
  public var extent: Extent
  /// How to work with the board.
  public var board = BoardOptions()
  /// What may be erased besides flash.
  public var permissions: Permissions = []

  /// An extent.
  public init(_ extent: Extent) { self.extent = extent }

  /// Erases.
  public func run(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) {
    let session = try BoardSession(selected, board, context)
    let memory: BoardMemory
    let range: Range<UInt64>
    switch extent {
    case .range(let address, let length):
      memory = try session.memory(holding: address)
      range = UInt64(address)..<UInt64(address) + UInt64(length)
    case .all(let address):
      memory = try session.memory(holding: address)
      range = UInt64(memory.map.runs.first?.address ?? 0)..<UInt64.max
    }
    try check(memory, session)
    try session.learnBootloader(memory)
    if case .range = extent {
      for operation in session.knowledge.operations(
        erasing: range, in: memory)
      {
        try session.checkErrata(operation)
      }
    }
    try session.checkStop()
    if range.isEmpty { return }
    let flasher = try session.flasher(memory)
    try session.perform { () throws(FlashError) in
      if case .range = extent {
        try flasher.erase(range)
      } else {
        try flasher.massErase()
      }
    }
    session.condition = .complete
    for sentence in session.knowledge.rules.keepPoweredUntilProgrammed {
      context.report(.known(sentence, isWarning: false))
    }
    session.finish()
  }

  private func check(
    _ memory: BoardMemory, _ session: BoardSession
  ) throws(JobError) {
    let address = memory.map.runs.first?.address ?? 0
    guard !session.knowledge.rules.neverErased.contains(memory.kind) else {
      throw session.fail(.neverErased(memory.kind, at: address))
    }
    if let needed = memory.kind.writePermission,
      !permissions.contains(needed)
    {
      throw session.fail(.notPermitted(needed, at: address, nil))
    }
  }
}
