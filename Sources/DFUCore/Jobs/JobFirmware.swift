/// A firmware file as it is meant for a board.
public struct JobFirmware: Hashable, Sendable {
  /// The file.
  public var file: FirmwareFile
  /// Where a file without addresses belongs; `nil` where that must be said.
  public var address: UInt32?
  /// Whether a family of a UF2 file was chosen already.
  public var hasChosenFamily = false
  /// Whether it is taken although its suffix names another device.
  public var takesOtherIDs = false

  /// A file and where it belongs.
  public init(_ file: FirmwareFile, at address: UInt32? = 0x0800_0000) {
    self.file = file
    self.address = address
  }

  /// Refuses a file whose suffix names another device.
  public func check(_ selected: SelectedBoard) throws(JobError) {
    guard !takesOtherIDs, let suffix = file.suffix,
      !selected.board.accepts(suffix)
    else { return }
    throw JobError(.otherDevice(suffix), selected.board)
  }

  /// What a memory is to hold of it.
  public struct Share: Hashable, Sendable {
    /// The memory.
    public var memory: BoardMemory
    /// What it is to hold.
    public var image: FirmwareImage
    /// The sectors it touches; empty for option bytes.
    public var sectors: [Sector] = []
  }

  /// Which memories of a board the file would touch. Nothing is sent.
  ///
  /// - Throws: `JobError` when it does not fit, or is for another board.
  public func shares(
    on selected: SelectedBoard, _ options: BoardOptions = BoardOptions(),
    bus: any USBBus
  ) throws(JobError) -> [Share] {
    let session = try BoardSession(selected, options, JobContext(bus: bus))
    guard session.isDfuSe else {
      _ = try session.plainBytes(of: self)
      return []
    }
    return try session.shares(of: self)
  }
}

extension BoardSession {
  /// The bytes of a file for a device without addresses.
  func plainBytes(of firmware: JobFirmware) throws(JobError) -> [UInt8] {
    guard let bytes = firmware.file.raw else {
      throw fail(.hasAddresses(firmware.file.format))
    }
    try firmware.check(selected)
    return bytes
  }

  /// Each memory's share of a file. All of it fits.
  func shares(
    of firmware: JobFirmware
  ) throws(JobError) -> [JobFirmware.Share] {
    try firmware.check(selected)
    var shares: [JobFirmware.Share] = []
    for target in try targets(of: firmware) {
      shares += try self.shares(of: target)
    }
    for index in shares.indices where !shares[index].memory.holdsOptionBytes {
      do throws(FlashRefusal) {
        shares[index].sectors = try FlashPlan.sectors(
          for: shares[index].image, in: shares[index].memory.map)
      } catch {
        throw fail(.refused(error))
      }
    }
    return shares
  }

  /// The images of a file, whatever memories they are for.
  func images(
    of firmware: JobFirmware
  ) throws(JobError) -> [FirmwareImage] {
    try targets(of: firmware).map(\.image)
  }

  private func targets(
    of firmware: JobFirmware
  ) throws(JobError) -> [FirmwareTarget] {
    var file = firmware.file
    let family = firmware.hasChosenFamily ? nil : try fittingFamily(of: file)
    if file.raw != nil, firmware.address == nil { throw fail(.needsAddress) }
    do throws(FirmwareError) {
      if let family { try file.choose(family: family) }
      if !file.targets.isEmpty { return file.targets }
      return [FirmwareTarget(image: try file.image(at: firmware.address))]
    } catch {
      throw fail(.file(error))
    }
  }

  /// Which of a UF2 file's families is the board's; `nil` when that is not
  /// known or does not matter.
  private func fittingFamily(
    of file: FirmwareFile
  ) throws(JobError) -> UInt32? {
    let offered = file.families.compactMap(\.id)
    let wanted = knowledge.shared.uf2Families
    guard !offered.isEmpty, !wanted.isEmpty else { return nil }
    let fitting = wanted.filter(offered.contains)
    if fitting.count == 1 { return fitting[0] }
    // A family that is not in the table may be the right one.
    let isKnown = offered.allSatisfy { UF2Family.name(of: $0) != nil }
    guard fitting.isEmpty, isKnown else { return nil }
    throw fail(.otherFamilies(offered, chip: knowledge.identification))
  }

  private func shares(
    of target: FirmwareTarget
  ) throws(JobError) -> [JobFirmware.Share] {
    if target.alternate != nil || options.alternate != nil {
      let memory = try memory(
        alternate: options.alternate == nil ? target.alternate : nil)
      return [.init(memory: memory, image: target.image)]
    }
    var shares: [JobFirmware.Share] = []
    for segment in target.image.segments {
      let memory = try memory(holding: segment.address)
      let index = shares.firstIndex { $0.memory == memory } ?? shares.endIndex
      if index == shares.endIndex {
        shares.append(.init(memory: memory, image: FirmwareImage()))
      }
      do throws(FirmwareError) {
        try shares[index].image.add(segment.bytes, at: segment.address)
      } catch {
        throw fail(.file(error))
      }
    }
    return shares.isEmpty
      ? [.init(memory: try memory(), image: target.image)] : shares
  }
}
