/// Download and upload with a device that speaks plain DFU (1.0, 1.1).
struct PlainTransfer {
  let session: BoardSession

  /// How long a device that no longer answers may take to leave the bus, and to
  /// come back.
  private static let departureLimit = Duration.seconds(5)

  init(_ session: BoardSession) { self.session = session }

  func download(_ bytes: [UInt8]) throws(JobError) {
    let transfer = try transfer()
    let result = try session.perform { () throws(FlashError) in
      try transfer.download(bytes)
    }
    let context = session.context
    switch result {
    case .idle where session.options.resetsAtEnd:
      // A device that does not take it has nothing to lose by it.
      try? transfer.connection.detach(timeout: 1000)
      try? transfer.connection.transport.reset()
    case .idle: break
    case .reset: context.report(.wasReset(session.board))
    case .silent, .unconfirmed:
      let state = context.portState(
        of: session.board, leavingWithin: Self.departureLimit,
        returningWithin: result == .silent ? .zero : Self.departureLimit)
      switch state {
      case .stillThere: throw session.fail(.silent)
      case .unknown(let error): throw session.fail(.usb(error))
      case .running: break
      // The next loader of a chip such as STM32MP15, whose ROM is gone before
      // it has confirmed anything: what was sent runs.
      case .backInDFUMode(let next)
      where next.board.showsOtherSettings(than: session.board):
        break
      case .anotherBoard(let next)
      where next.showsOtherSettings(than: session.board):
        break
      case .gone, .backInDFUMode, .anotherBoard:
        // One that promised to answer has not taken it until it runs it.
        if result == .unconfirmed { throw session.fail(.unconfirmed) }
      }
    }
  }

  func upload(
    limit: UInt32?,
    into sink: (ArraySlice<UInt8>) throws(FlashError) -> Void
  ) throws(JobError) {
    let transfer = try transfer()
    let hasEnded = try session.perform { () throws(FlashError) in
      try transfer.upload(
        limit: limit.map(Int.init) ?? ReadJob.uploadLimit,
        endsByPrefix: session.board.quirks.map(\.effect)
          .contains(.uploadsPrefix), into: sink)
    }
    if !hasEnded, limit == nil {
      session.context.report(.uploadCutOff(bytes: ReadJob.uploadLimit))
    }
  }

  private func transfer() throws(JobError) -> PlainDFU {
    let setting: AlternateSetting
    do throws(AlternateError) {
      setting = try session.selected.interface.alternate(
        session.options.alternate)
    } catch {
      throw session.fail(.alternate(error))
    }
    return PlainDFU(
      try session.connect(setting.number),
      pollOverride: session.board.pollTime,
      isTolerant: session.selected.interface.functional?.attributes
        .contains(.manifestationTolerant) ?? false,
      shouldStop: session.context.shouldStop,
      report: { [session] event in
        session.note(event)
        session.context.report(.progress(event))
      })
  }
}
