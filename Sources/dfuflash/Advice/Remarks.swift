import DFUCore

extension JobEvent {
  /// The event in a sentence for a person; `nil` for one that is shown in
  /// another way, or not at all.
  var sentence: String? {
    switch self {
    case .progress(let event): event.sentence
    case .lost: nil
    case .planned(let planned):
      planned.isDryRun ? PlanText.of(planned) : nil
    case .detaching(let board): "Detaching board \(board.label)…"
    case .inDFUModeAlready(let board):
      "board \(board.label) is in DFU mode already"
    case .layoutCutOff(let setting):
      "warning: alternate setting \(setting.number): \(setting.cutOff)"
    case .known(let sentence, isWarning: true): "warning: \(sentence)"
    case .known(let sentence, isWarning: false): "note: \(sentence)"
    case .concern(let concern): "note: \(concern)"
    case .programmingOnce(let bytes, let address):
      """
      note: these bytes can never be changed again: 0x\(hex(address)) \
      \(bytes.prefix(64).map { hex($0, 2) }.joined(separator: " "))\
      \(bytes.count > 64 ? " …" : "")
      """
    case .transfersReduced(let error):
      "warning: \(error); going on with smaller transfers"
    case .voltageRangeSet: "Programming 32 bits at a time."
    case .optionBytesStay(let count, let total, let address):
      """
      note: the last \(count) of \(total) option bytes, from 0x\(hex(address)) \
      on, cannot be written and stay as they are
      """
    case .flashed(let result):
      "Board \(result.board.label): \(result.summary)."
    case .relaunching: "Loading the option bytes again: the chip resets."
    case .left(.offTheBus): "Left DFU mode: the board is off the bus."
    case .left(.afterRelaunch):
      "Left DFU mode: the board is off the bus and stays so after resets."
    case .left(.silent):
      """
      Left DFU mode: the board no longer answers. The bus still shows it, as \
      its pull-up is fixed to D+.
      """
    case .returnsAtNextReset:
      """
      warning: this chip was blank when it was powered, so its next reset \
      returns to DFU mode. Unplug it and plug it in again once, or flash with \
      --relaunch (-s …:relaunch), which makes it look again.
      """
    case .oddProgram(let problems, let address):
      """
      warning: what is written at 0x\(hex(address)) is no program that this \
      chip can start: \(problems.sentence)
      """
    case .liftingProtection:
      "Readout protection is being lifted: the chip erases its flash."
    case .protectionLifted(let board):
      "Board \(board.label) is back, unprotected and blank."
    case .wasReset: "The device was reset."
    case .uploadCutOff(let bytes):
      """
      warning: the device did not end the upload by itself; it was ended at \
      \(bytes >> 20) MiB. Say with -Z how much there is
      """
    case .waitingForAlternate(let selector, let board):
      "Board \(board.label) has no alternate setting \(selector.text) yet; "
        + "waiting for it."
    case .waiting(let found, let expected):
      "\(found) of \(expected) boards are there."
    }
  }
}

extension [VectorTable.Problem] {
  /// All of it in one sentence without its full stop.
  var sentence: String { map(\.description).joined(separator: "; ") }
}

extension AlternateSetting {
  /// What a person is told of a name that goes on after its layout.
  var cutOff: String {
    """
    its layout is followed by something that is no text, which was left out: \
    "\(name?.printable ?? "")"
    """
  }
}

extension FlashEvent {
  /// The event in a sentence, where it is one that a person should know.
  fileprivate var sentence: String? {
    switch self {
    case .neighboursLost(let sector):
      """
      warning: the sector at 0x\(hex(sector.address)) cannot be read, so what \
      it holds beside the image is lost
      """
    case .unverifiable(let range):
      """
      warning: 0x\(hex(range.lowerBound))–0x\(hex(range.upperBound - 1)) \
      cannot be read back and was not verified
      """
    case .retried(let error): "warning: \(error); tried again"
    case .layoutIsWrong(let sector):
      """
      warning: the sector at 0x\(hex(sector.address)) was not to be touched and \
      has changed, so the board describes its sectors wrongly; everything is \
      erased and written
      """
    case .massEraseIncomplete(let sectors):
      """
      warning: the board reports that all is erased, but \(sectors.count) \
      sector\(sectors.count == 1 ? " is" : "s are") not blank and \
      \(sectors.count == 1 ? "is" : "are") erased one by one
      """
    case .began, .progress, .finished, .planned: nil
    }
  }
}

extension FlashResult {
  /// What was done, without the board.
  var summary: String {
    if isDryRun { return "nothing was changed" }
    if isPlain { return "written" }
    if plans.isEmpty {
      switch optionBytes {
      case .checked, .asWanted: return "option bytes written and read back"
      case .protected:
        return "option bytes written; they can no longer be read back"
      case .unchecked, nil: return "written; the chip resets"
      }
    }
    if isUpToDate { return "already up to date, nothing written" }
    let erased = plans.reduce(0) { $0 + $1.erases.count }
    let sectors =
      plans.contains(where: \.massErases)
      ? "the whole memory" : "\(erased) sector\(erased == 1 ? "" : "s")"
    return """
      \(plans.reduce(0) { $0 + $1.writtenBytes }) bytes written\
      \(isVerified ? " and verified" : ", not verified"), \
      \(sectors) erased, \(plans.reduce(0) { $0 + $1.kept.count }) kept
      """
  }
}
