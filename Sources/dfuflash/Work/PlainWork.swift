import DFUCore

/// Plain DFU (1.0, 1.1) with one board.
struct PlainWork {
  let work: BoardWork

  /// The most that is read from a device that does not end by itself, bytes.
  static let uploadLimit = 64 * 1024 * 1024

  /// - Parameter resets: whether to have the device leave DFU mode afterwards.
  func download(
    _ input: FirmwareInput, resets: Bool = false
  ) throws(ToolFailure) {
    guard let firmware = input.file.raw else {
      throw ToolFailure(
        .usage,
        """
        \(Files.shown(input.path)) has addresses \
        (\(input.file.format.title)), but board \(work.board.label) speaks \
        plain DFU, which has none
        """, advice: .rawFile)
    }
    try input.checkIDs(work)
    let transfer = try transfer()
    let result = try work.perform { () throws(FlashError) in
      try transfer.download(firmware)
    }
    switch result {
    case .idle where resets:
      // A device that does not take it has nothing to lose by it.
      try? transfer.connection.detach(timeout: 1000)
      try? transfer.connection.transport.reset()
    case .idle: break
    case .reset: work.reporter.note("The device was reset.")
    case .silent, .unconfirmed:
      if try work.departure(within: .seconds(5)) == .stayed {
        throw ToolFailure(
          .device,
          """
          board \(work.board.label): the file was sent, but the device no \
          longer answers
          """, advice: .lookWhetherItRuns)
      }
      if result == .unconfirmed {
        work.reporter.note(
          """
          warning: the device left the bus before it confirmed that it took \
          the firmware
          """)
      }
    }
  }

  func upload(_ sink: UploadSink, limit: UInt32?) throws(ToolFailure) {
    let transfer = try transfer()
    let hasEnded = try work.perform { () throws(FlashError) in
      try transfer.upload(
        limit: limit.map(Int.init) ?? Self.uploadLimit,
        endsByPrefix: work.board.quirks.map(\.effect)
          .contains(.uploadsPrefix)
      ) { (bytes) throws(FlashError) in
        do throws(ToolFailure) {
          try sink.write(bytes)
        } catch {
          throw .output(error.message)
        }
      }
    }
    try sink.finish()
    if !hasEnded, limit == nil {
      work.reporter.note(
        """
        warning: the device did not end the upload by itself; it was ended \
        at \(Self.uploadLimit >> 20) MiB. Say with -Z how much there is
        """)
    }
  }

  private func transfer() throws(ToolFailure) -> PlainDFU {
    let setting: AlternateSetting
    do throws(AlternateError) {
      setting = try work.selected.interface.alternate(work.settings.alternate)
    } catch {
      throw Explain.alternate(error, work.board)
    }
    do throws(BoardOpenError) {
      let connection = try work.selected.connect(
        on: work.bus, alternate: setting.number,
        transferSize: work.settings.transferSize)
      return PlainDFU(
        connection, pollOverride: work.board.pollTime,
        isTolerant: work.selected.interface.functional?.attributes
          .contains(.manifestationTolerant) == true,
        shouldStop: { Interruption.isWanted },
        report: work.reporter.report)
    } catch {
      throw Explain.open(error, work.board)
    }
  }
}
