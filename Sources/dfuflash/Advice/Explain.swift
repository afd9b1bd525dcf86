import DFUCore
import DFUDoctor

/// Turns what the library reports into what a person is told: on which board,
/// and with which next step from the table of ``Hint``s.
enum Explain {
  /// Runs a job; what it fails with becomes a `ToolFailure`.
  ///
  /// - Parameter file: the file it works with, as it was given.
  static func failures<Result>(
    of file: String? = nil, _ body: () throws(JobError) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(JobError) {
      return try body()
    } catch {
      throw job(error, file: file)
    }
  }

  /// What went wrong with a job, what the board holds now, and what to do.
  static func job(_ error: JobError, file: String? = nil) -> ToolFailure {
    var failure = failure(error, file.map(PathText.shown) ?? "the file")
    if let condition = error.optionBytes {
      let (sentence, advice) = optionBytes(condition)
      failure.message += "; " + sentence
      failure.advice = advice
    }
    return failure
  }

  private static func failure(
    _ error: JobError, _ file: String
  ) -> ToolFailure {
    finding(error) ?? unfit(error, file) ?? ruled(error)
      ?? optionByteFailure(error, file) ?? ended(error)
  }

  /// No board could be chosen or opened.
  private static func finding(
    _ error: JobError
  ) -> ToolFailure? {
    let board = error.board
    func told(
      _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
    ) -> ToolFailure {
      ToolFailure(status, error.place + text, advice: advice)
    }
    switch error.cause {
    case .noBoard(let found): return noBoard(found)
    case .search(let error): return search(error)
    case .tooFewBoards(let found, let expected):
      return told(
        .device,
        "\(found) of \(expected) boards are there, so none was touched",
        .runAgain)
    case .usb(let error): return usb(error, board)
    case .cannotOpen(let error): return open(error, board?.label ?? "")
    case .alternate(let error): return alternate(error, board?.label ?? "")
    default: return nil
    }
  }

  /// The file is not for this board.
  private static func unfit(
    _ error: JobError, _ file: String
  ) -> ToolFailure? {
    let board = error.board
    func told(
      _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
    ) -> ToolFailure {
      ToolFailure(status, error.place + text, advice: advice)
    }
    switch error.cause {
    case .otherChip(let named, let shown):
      return told(
        .usage, "it is not \(named), as --chip says, but \(shown.summary)",
        .leaveChipOut)
    case .file(let error): return Explain.file(file, error)
    case .otherDevice(let suffix):
      return ToolFailure(
        .usage,
        "\(file) is for \(ids(suffix.vendor, suffix.product)), but board "
          + "\(board?.label ?? "") is \(board.map(ids) ?? "another")",
        advice: .forceOtherIDs)
    case .otherFamilies(let families, let chip):
      let names = families.compactMap(UF2Family.name(of:))
      return ToolFailure(
        .usage,
        "\(file) is for \(names.joined(separator: ", ")), but board "
          + "\(board?.label ?? "") is \(chip.summary)",
        advice: .otherFamily(names.first ?? ""))
    case .hasAddresses(let format):
      return told(
        .usage,
        "\(file) has addresses (\(format.title)), but this board speaks plain "
          + "DFU, which has none", .rawFile)
    case .needsAddress:
      return told(
        .usage, "\(file) does not say where it belongs on this board",
        .giveAddress)
    case .noProgram(let problems, let address):
      return told(
        .badFile,
        "\(file) is no program that this chip can start at "
          + "0x\(hex(address)): \(problems.sentence)", .noProgram)
    case .notDfuSe:
      return told(
        .usage, "it is not in DfuSe mode, so its memory has no addresses",
        .plainDFU)
    case .noSectors(let alternate):
      return told(.usage, "alternate setting \(alternate) has no sectors")
    case .refused(let refusal):
      return told(
        refusal == .empty ? .badFile : .usage, "\(refusal)", .nothingTouched)
    default: return nil
    }
  }

  /// A rule that protects the chip stands against it.
  private static func ruled(
    _ error: JobError
  ) -> ToolFailure? {
    func told(
      _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
    ) -> ToolFailure {
      ToolFailure(status, error.place + text, advice: advice)
    }
    switch error.cause {
    case .neverErased(let kind, let address):
      return told(
        .usage, "\(title(kind)) at 0x\(hex(address)) are never erased",
        .nothingTouched)
    case .notPermitted(let permission, let address, let concern):
      return told(
        .usage, concern.map { "\($0)" } ?? needs(permission, address),
        advice(permission))
    case .neverWritten(let concern):
      return told(.usage, "\(concern)", .restoreLeavesOut)
    case .erratum(let operation, let sentences):
      return erratum(operation, sentences.joined(separator: "; "), told)
    case .protectionAlone(let sentence):
      return told(.usage, sentence, .protectionAlone)
    case .blockedLeave(let address, let sentence):
      return told(
        .usage, "leaving to 0x\(hex(address)) is refused: \(sentence)",
        .vectorTable)
    case .noVoltageRange(let chip):
      return told(
        .usage,
        "this chip's programming does not depend on the supply voltage "
          + "(\(chip.summary))", .vddNotNeeded)
    case .voltageOutOfRange(let millivolts):
      return told(
        .usage,
        "programming 32 bits at a time needs a supply of 2.7 V to 3.6 V, not "
          + "\(millivolts) mV", .vddBytewise)
    case .voltageNotTaken:
      return told(
        .device,
        "the chip did not take the voltage range; nothing was erased",
        .vddBytewise)
    default: return nil
    }
  }

  /// Option bytes that cannot be read, written or trusted.
  private static func optionByteFailure(
    _ error: JobError, _ file: String
  ) -> ToolFailure? {
    func told(
      _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
    ) -> ToolFailure {
      ToolFailure(status, error.place + text, advice: advice)
    }
    switch error.cause {
    case .noOptionBytes(let chip):
      return told(
        .usage, "this bootloader does not show option bytes (\(chip.summary))",
        .optionBytesElsewhere)
    case .unknownOptionBytes(let chip, let layouts):
      return told(
        .usage,
        "it is not certain what its option bytes mean (\(chip.summary)), so "
          + "they are not changed",
        layouts == 0
          ? .chipName : .chipChoice(chip.candidates.map(\.name)))
    case .optionByte(let error):
      return told(.usage, "\(error)", .optionByteNames)
    case .noSuchOptionBytes(let count, let address):
      return told(
        .usage,
        "\(file) has \(count) bytes for 0x\(hex(address)), where this board has "
          + "no such option bytes", .nothingWritten)
    case .noRelaunch:
      return told(
        .usage, "none of the chip's option bytes may be written", .replug)
    case .optionBytesNotLoaded:
      return told(
        .device, "the option bytes were sent, but the chip has not reset",
        .showOptionBytes)
    case .optionBytesHalfWritten(let windows, let count):
      return told(
        .device,
        "\(windows) of \(count) windows of option bytes are written; then the "
          + "board did not come back in DFU mode", .enterDFUAgain)
    case .optionBytesDiffer(let changes):
      return told(
        .device,
        "the chip did not take all option bytes"
          + (changes.isEmpty
            ? "" : ": " + changes.map(\.text).joined(separator: "; ")),
        .showOptionBytes)
    default: return nil
    }
  }

  /// What went wrong while the board was worked with.
  private static func ended(
    _ error: JobError
  ) -> ToolFailure {
    let board = error.board
    func told(
      _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
    ) -> ToolFailure {
      ToolFailure(status, error.place + text, advice: advice)
    }
    switch error.cause {
    case .device(let cause):
      let (status, text, advice) = device(cause, error)
      return told(status, text, advice)
    case .readProtected(let cause):
      return told(
        .device,
        "\(cause). The chip's readout protection is switched on",
        board.map { .readProtected($0.path) })
    case .notErased(let sectors, let address):
      return told(
        .device,
        "\(FlashError.notErased(sectors, address: address))\(holds(error))",
        .notErased)
    case .unverifiable(let range):
      return told(.device, "\(FlashError.unverifiable(range))", .notVerified)
    case .mismatch(let mismatch):
      let sector = mismatch.sector.map {
        ", in the sector at 0x\(hex($0.address))"
      }
      return told(
        .device,
        "\(FlashError.mismatch(mismatch))\(sector ?? "")\(restarts(error))",
        .mismatch)
    case .output(let text):
      return ToolFailure(.cannotWrite, text, advice: .cannotWrite)
    case .stopped:
      return told(
        .interrupted, "stopped by the user" + holds(error), .runAgain)
    case .notDetached(let limit):
      return told(
        .device,
        "it was asked to detach but has not come back in DFU mode at port "
          + "\(board?.path ?? "") within \(limit.components.seconds) s",
        .enterDFUByHand)
    case .notLeft(let state, let wayOut, let known):
      return notLeft(state, wayOut, known, error)
    case .silent:
      return told(
        .device, "the file was sent, but the device no longer answers",
        .lookWhetherItRuns)
    case .unconfirmed:
      return told(
        .device,
        "the file was sent, but the device left the bus before it confirmed "
          + "that it took the firmware", .lookWhetherItRuns)
    case .notLifted:
      return told(
        .device, "the board did not lift its readout protection", .powerCycle)
    case .noReturn(let limit):
      return told(
        .device,
        "its protection was lifted, but it has not come back in DFU mode at "
          + "port \(board?.path ?? "") within \(limit.components.seconds) s",
        .replug)
    case .stillProtected:
      return told(
        .device, "it is back, but it still does not let itself be read",
        .powerCycle)
    case .noBoard, .search, .tooFewBoards, .usb, .cannotOpen, .alternate,
      .otherChip, .file, .otherDevice, .otherFamilies, .hasAddresses,
      .needsAddress, .noProgram, .notDfuSe, .noSectors, .refused, .neverErased,
      .notPermitted, .neverWritten, .erratum, .protectionAlone,
      .blockedLeave, .noVoltageRange, .voltageOutOfRange,
      .voltageNotTaken, .noOptionBytes, .unknownOptionBytes, .optionByte,
      .noSuchOptionBytes, .noRelaunch, .optionBytesNotLoaded,
      .optionBytesHalfWritten, .optionBytesDiffer:
      return told(.internalFault, "\(error.cause)")
    }
  }

  // MARK: The board

  private static func ids(_ vendor: UInt16, _ product: UInt16) -> String {
    "\(hex(vendor, 4, uppercase: false)):\(hex(product, 4, uppercase: false))"
  }

  private static func ids(_ board: Board) -> String {
    ids(board.device.descriptor.vendor, board.device.descriptor.product)
  }

  static func usb(_ error: USBError, _ board: Board?) -> ToolFailure {
    let place = board.map { "board \($0.label): " } ?? ""
    return ToolFailure(
      .device, place + error.description,
      advice: board == nil && error.code != .access
        ? .usbUnusable : advice(for: error.code, board))
  }

  private static func advice(
    for code: USBError.Code, _ board: Board?
  ) -> Hint? {
    switch code {
    case .access: .noPermission(board?.device.descriptor)
    case .busy:
      .busy(
        holder: board.flatMap {
          SystemFacts().holders(of: $0.device).first?.description
        })
    case .noDevice, .notFound: .gone
    case .pipe: .stalled
    case .timeout, .io, .overflow: .noAnswer
    default: nil
    }
  }

  private static func noBoard(_ found: JobError.NoBoard) -> ToolFailure {
    let notes = found.known.map { "\n  note: \($0)" }.joined()
    guard !found.present.isEmpty else {
      return ToolFailure(
        .device, "no DFU device is connected" + notes,
        advice: nearby(found.nearby))
    }
    // Only what could be meant is offered.
    let choice = found.present.first { board in
      board.interfaces.contains { $0.mode == .dfu }
    }
    return ToolFailure(
      .device,
      """
      no DFU device fits the options. Connected:
      \(candidates(found.present))\(Candidates.warnings(found.present))
      """ + notes,
      advice: choice.map { .otherDevices($0.path) }
        ?? found.unnamed.first.map { .nameIt($0.path) }
        ?? nearby(found.nearby))
  }

  private static func nearby(_ devices: [KnownDevice]) -> Hint {
    let roles = devices.map(\.role)
    if roles.contains(.debugProbe) { return .debugProbe }
    if roles.contains(.application) { return .applicationRuns }
    return roles.contains(.serialAdapter) ? .serialAdapter : .noDevice
  }

  private static func search(_ error: BoardSearchError) -> ToolFailure {
    switch error {
    case .none(let present):
      return noBoard(.init(present: present))
    case .several(let selected):
      let boards = selected.map(\.board)
      let path = boards.first?.path ?? ""
      let isOneBoard = Set(boards.map(\.path)).count == 1
      let interfaces = selected.map { String($0.interface.number) }
        .joined(separator: " or ")
      return ToolFailure(
        .device,
        """
        more than one DFU \(isOneBoard ? "interface" : "device") fits, so none \
        was touched:
        \(candidates(boards))
        """ + (isOneBoard ? "" : Candidates.warnings(boards)),
        advice: isOneBoard
          ? .severalInterfaces(interfaces) : .severalBoards(path))
    case .closed(let board, let problem):
      return usb(problem, board)
    case .notUniqueSerial(let row, let selected):
      let boards = selected.map(\.board)
      return ToolFailure(
        .device,
        """
        the serial number names no single board (\(row.reason)), so none was \
        touched:
        \(candidates(boards))
        """, advice: .severalBoards(boards.first?.path ?? ""))
    case .otherProtocol(let board, let name):
      return ToolFailure(
        .device,
        """
        board \(board.label) (\(ids(board))) shows a DFU interface but speaks \
        \(name)
        """, advice: .otherProtocol)
    }
  }

  static func candidates(_ boards: [Board]) -> String {
    boards.map { "  " + Candidates.line($0) }.joined(separator: "\n")
  }

  private static func open(
    _ error: BoardOpenError, _ board: String
  ) -> ToolFailure {
    switch error {
    case .transferSizeUnknown:
      ToolFailure(
        .device,
        """
        board \(board) has no DFU functional descriptor, so its transfer size \
        is not known
        """, advice: .transferSizeUnknown)
    case .transferSizeImpossible(let size, let allowed):
      ToolFailure(
        .usage,
        "a transfer size of \(size) bytes cannot be used with board \(board)",
        advice: .transferSizeWrong(allowed))
    case .device(let error):
      ToolFailure(.device, "board \(board): \(error)", advice: .replug)
    }
  }

  private static func alternate(
    _ error: AlternateError, _ board: String
  ) -> ToolFailure {
    switch error {
    case .noSuch(let selector, let present):
      return ToolFailure(
        .device, "board \(board) has no alternate setting \(selector.text)",
        advice: .noSuchAlternate(settings(present)))
    case .noLayout(let setting) where setting.name == nil:
      return ToolFailure(
        .device,
        """
        the name of alternate setting \(setting.number) of board \(board), \
        which describes its memory, could not be read: the board has none, or \
        is busy with what another program told it to do
        """)
    case .noLayout(let setting):
      return ToolFailure(
        .device,
        """
        alternate setting \(setting.number) of board \(board) does not \
        describe a memory, so no address means anything there: \
        "\(setting.name?.printable ?? "")"
        """, advice: .otherAlternate)
    case .broken(let setting, let error):
      return ToolFailure(
        .usage,
        """
        board \(board), alternate setting \(setting.number): \
        \(MemoryMapError(
          text: error.text.escapingControls, column: error.column,
          problem: error.problem))
        """, advice: .layoutBroken)
    case .noMemory(let address, let present):
      let memories = present.map {
        "alternate setting \($0.alternate.number) "
          + "\"\($0.map.name.escapingControls)\" \($0.map.extent)"
      }.joined(separator: "; ")
      return ToolFailure(
        .usage,
        """
        0x\(hex(address)) lies in no memory of board \(board), which has: \
        \(memories)
        """, advice: .wrongAddress)
    case .ambiguous(let present):
      return ToolFailure(
        .device, "board \(board) has several alternate settings",
        advice: .chooseAlternate(settings(present)))
    }
  }

  private static func settings(_ settings: [AlternateSetting]) -> String {
    settings.map { "-a \($0.number) (\($0.name?.printable ?? "no name"))" }
      .joined(separator: ", ")
  }

  private static func device(
    _ cause: DFUError, _ error: JobError
  ) -> (ExitStatus, String, Hint?) {
    let text =
      "\(cause)" + (error.memory == .untouched ? "" : holds(error))
    switch cause.reason {
    case .usb(let reason):
      return (.device, text, advice(for: reason.code, error.board))
    case .status, .stillBusy, .unanswered, .stopped:
      return (.device, text, .replug)
    case .unexpectedState: return (.protocolState, text, .replug)
    case .shortReply: return (.device, text, .smallerTransfers)
    }
  }

  // MARK: Permissions

  private static func needs(
    _ permission: Permission, _ address: UInt32
  ) -> String {
    let place = "0x\(hex(address))"
    return switch permission {
    case .optionBytes, .riskyOptionBytes, .raiseProtection, .permanentLock,
      .productState:
      "the bytes at \(place) are option bytes"
    case .liftProtection: "lifting readout protection erases the chip"
    case .oneTimeProgrammable:
      "the memory at \(place) can be programmed only once"
    case .deviceFeature: "the bytes at \(place) are the chip's Device Feature"
    case .eraseDataMemory: "the memory at \(place) holds data"
    }
  }

  private static func advice(_ permission: Permission) -> Hint {
    switch permission {
    case .optionBytes, .eraseDataMemory, .productState: .nothingWritten
    case .riskyOptionBytes, .raiseProtection: .forceOptionBytes
    case .liftProtection: .confirm
    case .permanentLock: .permanentLock
    case .oneTimeProgrammable: .allowOTP
    case .deviceFeature: .giveVDD
    }
  }

  private static func title(_ kind: MemoryKind) -> String {
    switch kind {
    case .optionBytes: "the option bytes"
    case .oneTimeProgrammable: "the one-time programmable bytes"
    case .deviceFeature: "the Device Feature bytes"
    case .engineeringBytes: "the factory's bytes"
    case .internalFlash, .externalFlash, .dataMemory, .other: "the bytes"
    }
  }

  private static func erratum(
    _ operation: ChipOperation, _ sentence: String,
    _ told: (ExitStatus, String, Hint?) -> ToolFailure
  ) -> ToolFailure {
    switch operation {
    case .eraseSecondBank: told(.device, sentence, .massErase)
    case .leave:
      told(
        .device,
        "the firmware is in place, but this bootloader cannot leave DFU mode: "
          + sentence, .boot0Low)
    case .leaveWithTrustZone:
      told(
        .device,
        "the firmware is in place, but this bootloader cannot leave DFU mode "
          + "while TrustZone is on", .boot0Low)
    case .writeCodeProtection:
      told(.usage, sentence, .codeProtectionElsewhere)
    case .writeOptionBytes: told(.usage, sentence, .optionBytesElsewhere)
    case .eraseDataFlash, .raiseProtection, .liftProtection:
      told(.usage, sentence, .nothingTouched)
    }
  }

  // MARK: What became of it

  /// What state the memory is in when a job ends.
  private static func holds(_ error: JobError) -> String {
    switch error.memory {
    case .untouched: "; nothing was changed"
    case .incomplete:
      "; the flash is incomplete, run the same command again to finish it"
        + restarts(error)
    case .writtenNotVerified:
      "; everything was written, but not all of it verified"
    case .complete: "; everything was written"
    case .unknown: ""
    }
  }

  /// What the board does at its next reset.
  private static func restarts(_ error: JobError) -> String {
    switch error.afterReset {
    case .asBefore, .unknown: ""
    case .noProgram: "; until then it starts no program"
    case .mixture:
      "; until then it starts a mixture of the old and the new program"
    case .newProgram: "; it starts the new program"
    }
  }

  private static func notLeft(
    _ state: PortState, _ wayOut: WayOut, _ known: [String],
    _ error: JobError
  ) -> ToolFailure {
    let why = known.isEmpty ? "" : ": " + known.joined(separator: "; ")
    let start = "board \(error.board?.label ?? ""): the firmware is in place"
    func told(_ text: String) -> ToolFailure {
      ToolFailure(.device, start + text, advice: advice(wayOut))
    }
    switch state {
    case .stillThere:
      return told(", but the board did not leave DFU mode within 2 s" + why)
    case .backInDFUMode:
      return told(
        " and the board left, but it is back in DFU mode" + why)
    case .anotherBoard(let other):
      return told(
        "; whether the board has left DFU mode is not known: another board is "
          + "at port \(other.path) now")
    case .unknown(let cause):
      return told(
        "; whether the board has left DFU mode is not known: \(cause)")
    case .gone, .running: return told(", and the board has left DFU mode")
    }
  }

  private static func advice(_ wayOut: WayOut) -> Hint {
    switch wayOut {
    case .boot0: .boot0Low
    case .boot0IsHigh: .boot0IsHigh
    case .optionBit(let name, let value, let entersBootloader):
      .boot0IsIgnored(
        "\(name) = \(value)", entersBootloader: entersBootloader)
    case .unknown: .lookAtTheBus
    }
  }

  private static func optionBytes(
    _ condition: OptionByteCondition
  ) -> (String, Hint) {
    func level(_ level: ProtectionLevel?) -> String {
      level.map { " (readout protection \($0))" } ?? ""
    }
    return switch condition {
    case .notBack:
      (
        "it has not come back in DFU mode, so what its option bytes are now is "
          + "not known", .showOptionBytesInDFU
      )
    case .unreadable:
      (
        "what its option bytes are now could not be read", .showOptionBytes
      )
    case .protected:
      ("it is back, with readout protection at level 1", .liftProtection)
    case .asBefore(let now):
      (
        "it is back, and its option bytes are as they were\(level(now))",
        .runAgain
      )
    case .asWanted(let now):
      (
        "it is back, and its option bytes are as wanted\(level(now))",
        .nothingLeft
      )
    case .other(let now):
      (
        "it is back, and its option bytes are neither as they were nor as "
          + "wanted\(level(now))", .showOptionBytesAndRunAgain
      )
    }
  }

  // MARK: Files

  /// What is wrong with a file, and what to do.
  static func file(_ path: String, _ error: FirmwareError) -> ToolFailure {
    let name =
      path == "-"
      ? "standard input" : path.hasPrefix("\"") ? path : PathText.shown(path)
    func entry(_ entries: [String]) -> Hint {
      .archiveEntry("\(name.dropLast()):\(entries.first ?? "path")\"")
    }
    let advice: Hint =
      switch error.kind {
      case .entryNeeded(let entries): entry(entries)
      case .noFirmware(let entries) where !entries.isEmpty: entry(entries)
      case .familyNeeded(let families):
        .family(
          families.first { $0 != 0 }.map {
            UF2Family.name(of: $0) ?? "0x\(hex($0))"
          } ?? "0")
      case .addressNeeded: .addressNeeded
      case .tooLarge: .maxSize
      case .plainText: .formatRaw
      case .packed: .unpack
      case .notThisFormat: .leaveFormatOut
      default: .brokenFile
      }
    return ToolFailure(.badFile, "\(name): \(error)", advice: advice)
  }
}

extension JobError {
  /// The board in front of a sentence.
  fileprivate var place: String {
    board.map { "board \($0.label): " } ?? ""
  }
}

extension AlternateSelector {
  /// The alternate setting as it was asked for.
  var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .name(let name): "\"\(name.escapingControls)\""
    }
  }
}
