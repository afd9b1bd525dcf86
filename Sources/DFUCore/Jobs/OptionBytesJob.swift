/// Looking at a chip's option bytes, and changing them by their names or from
/// a file.
public struct OptionBytesJob: Hashable, Sendable {
  /// What the option bytes are to be.
  public enum Wish: Hashable, Sendable {
    /// As they are.
    case unchanged
    /// As they are but for these fields.
    case set([OptionAssignment])
    /// As in a file: a backup, or the raw bytes of a window.
    case restore(JobFirmware)
  }

  /// What the option bytes are to be.
  public var wish: Wish
  /// How to work with the board.
  public var board = BoardOptions()
  /// What may be written.
  public var permissions: Permissions = []

  /// A wish.
  public init(_ wish: Wish) { self.wish = wish }

  /// Reads the option bytes and finds out what the wish would change. Nothing
  /// is written.
  ///
  /// - Throws: `JobError` also for what may not be written.
  public func prepare(
    _ selected: SelectedBoard, _ context: JobContext
  ) throws(JobError) -> PreparedOptionBytes {
    let session = try BoardSession(selected, board, context)
    guard session.isDfuSe else { throw session.fail(.notDfuSe) }
    let access = try OptionByteAccess(session)
    var prepared = PreparedOptionBytes(
      access: access, image: try access.read(), layout: access.commonLayout)
    switch wish {
    case .unchanged: return prepared
    case .set(let assignments):
      let layout = try Self.layout(access)
      do throws(OptionByteError) {
        prepared.wanted = try layout.setting(assignments, in: prepared.image)
      } catch {
        throw session.fail(.optionByte(error))
      }
    case .restore(let firmware):
      prepared.wanted = try restored(firmware, prepared)
    }
    try prepared.check(permissions)
    return prepared
  }

  private static func layout(
    _ access: OptionByteAccess
  ) throws(JobError) -> OptionByteLayout {
    if let layout = access.commonLayout { return layout }
    throw access.session.fail(
      .unknownOptionBytes(
        access.session.knowledge.identification,
        layouts: access.session.optionByteLayouts.count))
  }

  private func restored(
    _ firmware: JobFirmware, _ prepared: PreparedOptionBytes
  ) throws(JobError) -> OptionByteImage {
    let session = prepared.access.session
    var firmware = firmware
    firmware.address = prepared.image.windows.first?.start
    try firmware.check(session.selected)
    var new = prepared.image
    for image in try session.images(of: firmware) {
      for segment in image.segments {
        guard
          let index = new.windows.firstIndex(where: {
            $0.start == segment.address
              && $0.bytes.count >= segment.bytes.count
          })
        else {
          throw session.fail(
            .noSuchOptionBytes(
              count: segment.bytes.count, at: segment.address))
        }
        new.windows[index].bytes.replaceSubrange(
          0..<segment.bytes.count, with: segment.bytes)
      }
    }
    return new
  }
}

/// The option bytes of a board as they are, and what would be changed.
public struct PreparedOptionBytes {
  let access: OptionByteAccess
  /// What the chip has now.
  public let image: OptionByteImage
  /// What they mean; `nil` when that is not certain.
  public let layout: OptionByteLayout?
  /// What they are to be; bytes that cannot be written are left out.
  fileprivate(set) var wanted: OptionByteImage?
  private var writes: [OptionByteImage.Window] = []
  /// The fields that would change.
  public private(set) var changes: [OptionChange] = []

  fileprivate init(
    access: OptionByteAccess, image: OptionByteImage,
    layout: OptionByteLayout?
  ) {
    self.access = access
    self.image = image
    self.layout = layout
  }

  /// The board.
  public var board: Board { access.session.board }
  /// Which chip it may be.
  public var identification: ChipIdentification {
    access.session.knowledge.identification
  }
  /// Whether there is nothing to write.
  public var isUnchanged: Bool { writes.isEmpty }

  /// Finds out what to write, and judges just that.
  fileprivate mutating func check(
    _ permissions: Permissions
  ) throws(JobError) {
    let session = access.session
    guard let layout else {
      throw session.fail(
        .unknownOptionBytes(
          identification, layouts: session.optionByteLayouts.count))
    }
    guard let wanted else { return }
    let new = writable(wanted, layout)
    self.wanted = new
    writes = layout.writes(of: new, over: image)
    guard !writes.isEmpty else { return }
    try session.learnBootloader(access.memory)
    for window in writes {
      try session.checkOptionBytes(
        window.bytes, at: window.start, over: image, permissions)
    }
    changes = layout.changes(from: image, to: new)
    try session.checkOptionByteErrata(changes)
  }

  /// What can be written of an image; tells which bytes stay as they are
  /// although others are wanted there.
  private func writable(
    _ new: OptionByteImage, _ layout: OptionByteLayout
  ) -> OptionByteImage {
    var result = new
    for window in new.windows {
      let total = window.bytes.count
      let length = layout.writable(window).bytes.count
      let rest = total - length
      let first = window.start &+ UInt32(length)
      guard rest > 0, let stays = image.bytes(at: first, count: rest),
        stays != new.bytes(at: first, count: rest)
      else { continue }
      result.lay(stays, at: first)
      access.session.context.report(
        .optionBytesStay(count: rest, total: total, from: first))
    }
    return result
  }

  /// Writes what was judged, waits for the chip, reads back and compares.
  public func carryOut() throws(JobError) -> OptionByteOutcome {
    guard let wanted, !writes.isEmpty else { return .asWanted }
    try access.session.checkStop()
    return try access.write(writes, from: image, to: wanted)
  }

  /// A DfuSe file of the option bytes as they are, for
  /// ``OptionBytesJob/Wish/restore(_:)``.
  public func backup() throws(JobError) -> [UInt8] {
    let ids = board.device.descriptor
    do throws(FirmwareError) {
      var content = FirmwareImage()
      for window in image.windows {
        try content.add(window.bytes, at: window.start)
      }
      return try FirmwareFile.dfuse(
        [
          FirmwareTarget(
            alternate: access.memory.alternate.number, name: "Option Bytes",
            image: content)
        ],
        suffix: DFUSuffix(
          vendor: ids.vendor, product: ids.product,
          deviceVersion: ids.deviceVersion))
    } catch {
      throw access.session.fail(.file(error))
    }
  }
}
