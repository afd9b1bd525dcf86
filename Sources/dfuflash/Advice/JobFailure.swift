import DFUCore

/// What a person is told of a job that failed.
extension JobError {
  /// What went wrong, what the board holds now, and what to do.
  ///
  /// - Parameter file: the file the job works with, as it was given.
  func failure(file: String? = nil) -> ToolFailure {
    let name = file.map(PathText.shown) ?? "the file"
    var failure =
      notFound ?? unfit(name) ?? ruled ?? optionByteFailure(name) ?? ended
    if let (sentence, advice) = optionBytes?.told {
      failure.message += "; " + sentence
      failure.advice = advice
    }
    return failure
  }

  private func told(
    _ status: ExitStatus, _ text: String, _ advice: Hint? = nil
  ) -> ToolFailure {
    let place = board.map { "board \($0.label): " } ?? ""
    return ToolFailure(status, place + text, advice: advice)
  }

  private var label: String { board?.label ?? "" }

  // MARK: The causes

  /// No board could be chosen or opened.
  private var notFound: ToolFailure? {
    switch cause {
    case .noBoard(let found): found.failure
    case .search(let error): error.failure
    case .tooFewBoards(let found, let expected):
      told(
        .device,
        "\(found) of \(expected) boards are there, so none was touched",
        .runAgain)
    case .usb(let error): Explain.usb(error, board)
    case .cannotOpen(let error): error.failure(of: label)
    case .alternate(let error): error.failure(of: label)
    default: nil
    }
  }

  /// The file is not for this board.
  private func unfit(_ file: String) -> ToolFailure? {
    switch cause {
    case .otherChip(let named, let shown):
      told(
        .usage, "it is not \(named), as --chip says, but \(shown.summary)",
        "nothing was touched; leave --chip out, or add --force if you are sure")
    case .file(let error): Explain.file(file, error)
    case .otherDevice(let suffix):
      ToolFailure(
        .usage,
        "\(file) is for \(usbIDs(suffix.vendor, suffix.product)), but board "
          + "\(label) is \(board?.device.descriptor.ids ?? "another")",
        advice:
          "nothing was touched; if it is right for it all the same, add --force"
      )
    case .otherFamilies(let families, let chip):
      otherFamilies(file, families.compactMap(UF2Family.name(of:)), chip)
    case .hasAddresses(let format):
      told(
        .usage,
        "\(file) has addresses (\(format.title)), but this board speaks plain "
          + "DFU, which has none", "give it the raw file its maker publishes")
    case .needsAddress:
      told(
        .usage, "\(file) does not say where it belongs on this board",
        "give the address, for example -s 0x08000000")
    case .noProgram(let problems, let address):
      told(
        .badFile,
        "\(file) is no program that this chip can start at "
          + "0x\(hex(address)): \(problems.sentence)",
        "nothing was touched; check that --address is the address it was linked for (dfuflash inspect FILE shows it), add --no-leave if it is data, or --force"
      )
    case .notDfuSe:
      told(
        .usage, "it is not in DfuSe mode, so its memory has no addresses",
        "use -U and -D, which speak plain DFU too")
    case .noSectors(let alternate):
      told(.usage, "alternate setting \(alternate) has no sectors")
    case .refused(let refusal):
      told(
        refusal == .empty ? .badFile : .usage, "\(refusal)", .nothingTouched)
    default: nil
    }
  }

  private func otherFamilies(
    _ file: String, _ names: [String], _ chip: ChipIdentification
  ) -> ToolFailure {
    ToolFailure(
      .usage,
      "\(file) is for \(names.joined(separator: ", ")), but board \(label) is "
        + chip.summary,
      advice:
        "nothing was touched; if it is right all the same, add --family \(names.first ?? "")"
    )
  }

  /// A rule that protects the chip stands against it.
  private var ruled: ToolFailure? {
    switch cause {
    case .neverErased(let kind, let address):
      told(
        .usage, "\(kind.bytes) at 0x\(hex(address)) are never erased",
        .nothingTouched)
    case .notPermitted(let permission, let address, let concern):
      told(
        .usage,
        concern.map { "\($0)" } ?? permission.isNeeded(at: "0x\(hex(address))"),
        permission.advice)
    case .neverWritten(let concern):
      told(
        .usage, "\(concern)",
        "nothing was written; dfuflash option-bytes restore FILE leaves out what cannot be written"
      )
    case .erratum(let operation, let sentences):
      erratum(operation, sentences.joined(separator: "; "))
    case .protectionAlone(let sentence):
      told(
        .usage, sentence,
        "nothing was written; set RDP in a command of its own")
    case .blockedLeave(let address, let sentence):
      told(
        .usage, "leaving to 0x\(hex(address)) is refused: \(sentence)",
        "give the address of the program's vector table")
    case .noVoltageRange(let chip):
      told(
        .usage,
        "this chip's programming does not depend on the supply voltage "
          + "(\(chip.summary))", "leave --vdd out; nothing was touched")
    case .voltageOutOfRange(let millivolts):
      told(
        .usage,
        "programming 32 bits at a time needs a supply of 2.7 V to 3.6 V, not "
          + "\(millivolts) mV", .vddBytewise)
    case .voltageNotTaken:
      told(
        .device,
        "the chip did not take the voltage range; nothing was erased",
        .vddBytewise)
    default: nil
    }
  }

  private func erratum(
    _ operation: ChipOperation, _ sentence: String
  ) -> ToolFailure {
    let staysInDFU =
      "the firmware is in place, but this bootloader cannot leave DFU mode"
    return switch operation {
    case .eraseSecondBank:
      told(
        .device, sentence,
        "nothing was erased; -s 0x08000000:mass-erase:force -D FILE erases everything at once and writes it"
      )
    case .leave: told(.device, "\(staysInDFU): \(sentence)", .boot0Low)
    case .leaveWithTrustZone:
      told(.device, "\(staysInDFU) while TrustZone is on", .boot0Low)
    case .writeCodeProtection:
      told(
        .usage, sentence, "nothing was written; set them with a debug probe")
    case .writeOptionBytes: told(.usage, sentence, .optionBytesElsewhere)
    case .eraseDataFlash, .raiseProtection, .liftProtection:
      told(.usage, sentence, .nothingTouched)
    }
  }

  /// Option bytes that cannot be read, written or trusted.
  private func optionByteFailure(_ file: String) -> ToolFailure? {
    switch cause {
    case .noOptionBytes(let chip):
      told(
        .usage, "this bootloader does not show option bytes (\(chip.summary))",
        .optionBytesElsewhere)
    case .unknownOptionBytes(let chip, let layouts):
      told(
        .usage,
        "it is not certain what its option bytes mean (\(chip.summary)), so "
          + "they are not changed",
        layouts == 0
          ? .chipName : .chipChoice(chip.candidates.map(\.name)))
    case .optionByte(let error):
      told(
        .usage, "\(error)",
        "dfuflash option-bytes show lists the names; nothing was written")
    case .noSuchOptionBytes(let count, let address):
      told(
        .usage,
        "\(file) has \(count) bytes for 0x\(hex(address)), where this board has "
          + "no such option bytes", .nothingWritten)
    case .noRelaunch:
      told(.usage, "none of the chip's option bytes may be written", .replug)
    case .optionBytesNotLoaded:
      told(
        .device, "the option bytes were sent, but the chip has not reset",
        .showOptionBytes)
    case .optionBytesHalfWritten(let windows, let count):
      told(
        .device,
        "\(windows) of \(count) windows of option bytes are written; then the "
          + "board did not come back in DFU mode",
        "put it into DFU mode again and run the same command again")
    case .optionBytesDiffer(let changes):
      told(
        .device,
        "the chip did not take all option bytes"
          + (changes.isEmpty
            ? "" : ": " + changes.map(\.text).joined(separator: "; ")),
        .showOptionBytes)
    default: nil
    }
  }

  /// What went wrong while the board was worked with.
  private var ended: ToolFailure {
    switch cause {
    case .device(let cause): device(cause)
    case .readProtected(let cause):
      told(
        .device,
        "\(cause). The chip's readout protection is switched on",
        board.map { .readProtected($0.path) })
    case .notErased(let sectors, let address):
      told(
        .device,
        "\(FlashError.notErased(sectors, address: address))\(holds)",
        "the sector may be write-protected in the option bytes, or this bootloader cannot erase it: try -s :mass-erase:force"
      )
    case .unverifiable(let range):
      told(
        .device, "\(FlashError.unverifiable(range))",
        "leave --verify=required out to take it all the same")
    case .mismatch(let mismatch): differs(mismatch)
    case .output(let text):
      ToolFailure(.cannotWrite, text, advice: .cannotWrite)
    case .stopped:
      told(.interrupted, "stopped by the user" + holds, .runAgain)
    case .notDetached(let limit):
      told(
        .device, "it was asked to detach but has \(notBack(limit))",
        "put it into DFU mode by hand, or wait longer with -E 30")
    case .notLeft(let state, let wayOut, let known):
      notLeft(state, wayOut, known)
    case .silent:
      told(
        .device, "the file was sent, but the device no longer answers",
        .lookWhetherItRuns)
    case .unconfirmed:
      told(
        .device,
        "the file was sent, but the device left the bus before it confirmed "
          + "that it took the firmware", .lookWhetherItRuns)
    case .notLifted:
      told(
        .device, "the board did not lift its readout protection", .powerCycle)
    case .noReturn(let limit):
      told(
        .device, "its protection was lifted, but it has \(notBack(limit))",
        .replug)
    case .stillProtected:
      told(
        .device, "it is back, but it still does not let itself be read",
        .powerCycle)
    default: told(.internalFault, "\(cause)")
    }
  }

  private func device(_ cause: DFUError) -> ToolFailure {
    let text = "\(cause)" + (memory == .untouched ? "" : holds)
    return switch cause.reason {
    case .usb(let reason):
      told(.device, text, Explain.advice(for: reason.code, board))
    case .status, .stillBusy, .unanswered, .stopped:
      told(.device, text, .replug)
    case .unexpectedState: told(.protocolState, text, .replug)
    case .shortReply:
      told(.device, text, "try a smaller transfer size, such as -t 1024")
    }
  }

  private func differs(_ mismatch: FlashMismatch) -> ToolFailure {
    let sector = mismatch.sector.map {
      ", in the sector at 0x\(hex($0.address))"
    }
    return told(
      .device,
      "\(FlashError.mismatch(mismatch))\(sector ?? "")\(restarts)",
      "the sector may be write-protected in the option bytes; otherwise run the same command again"
    )
  }

  private func notBack(_ limit: Duration) -> String {
    "not come back in DFU mode at port \(board?.path ?? "") within "
      + "\(limit.components.seconds) s"
  }

  // MARK: What became of the board

  /// What state the memory is in when a job ends.
  private var holds: String {
    switch memory {
    case .untouched: "; nothing was changed"
    case .incomplete:
      "; the flash is incomplete, run the same command again to finish it"
        + restarts
    case .writtenNotVerified:
      "; everything was written, but not all of it verified"
    case .complete: "; everything was written"
    case .unknown: ""
    }
  }

  /// What the board does at its next reset.
  private var restarts: String {
    switch afterReset {
    case .asBefore, .unknown: ""
    case .noProgram: "; until then it starts no program"
    case .mixture:
      "; until then it starts a mixture of the old and the new program"
    case .newProgram: "; it starts the new program"
    }
  }

  private func notLeft(
    _ state: PortState, _ wayOut: WayOut, _ known: [String]
  ) -> ToolFailure {
    let why = known.isEmpty ? "" : ": " + known.joined(separator: "; ")
    let unknown = "; whether the board has left DFU mode is not known"
    let text =
      switch state {
      case .stillThere:
        ", but the board did not leave DFU mode within 2 s" + why
      case .backInDFUMode:
        " and the board left, but it is back in DFU mode" + why
      case .anotherBoard(let other):
        "\(unknown): another board is at port \(other.path) now"
      case .unknown(let cause): "\(unknown): \(cause)"
      case .gone, .running: ", and the board has left DFU mode"
      }
    return told(.device, "the firmware is in place" + text, wayOut.advice)
  }
}

extension WayOut {
  fileprivate var advice: Hint {
    switch self {
    case .boot0: .boot0Low
    case .boot0IsHigh: "BOOT0 is high: set it low, then press reset"
    // The pin has no say: an option bit decides.
    case .optionBit(let name, let value, entersBootloader: true):
      "\(name) = \(value): nBOOT0 = 0 starts the bootloader whatever BOOT0 is: dfuflash option-bytes set nBOOT0=1"
    case .optionBit(let name, let value, entersBootloader: false):
      "\(name) = \(value) and nBOOT0 do not ask for the bootloader: see that the program begins where the flash begins"
    case .unknown: "dfuflash list shows what is on the bus"
    }
  }
}

extension OptionByteCondition {
  /// What the option bytes are after a write that failed, and the next step.
  fileprivate var told: (String, Hint) {
    func level(_ level: ProtectionLevel?) -> String {
      level.map { " (readout protection \($0))" } ?? ""
    }
    return switch self {
    case .notBack:
      (
        "it has not come back in DFU mode, so what its option bytes are now is "
          + "not known",
        "put it into DFU mode, then: dfuflash option-bytes show"
      )
    case .unreadable:
      ("what its option bytes are now could not be read", .showOptionBytes)
    case .protected:
      (
        "it is back, with readout protection at level 1",
        "dfuflash unprotect --yes lifts that and erases the flash"
      )
    case .asBefore(let now):
      (
        "it is back, and its option bytes are as they were\(level(now))",
        .runAgain
      )
    case .asWanted(let now):
      (
        "it is back, and its option bytes are as wanted\(level(now))",
        "nothing is left to do"
      )
    case .other(let now):
      (
        "it is back, and its option bytes are neither as they were nor as "
          + "wanted\(level(now))",
        "dfuflash option-bytes show, then run the same command again"
      )
    }
  }
}

extension Permission {
  /// Why the bytes at a place need it.
  fileprivate func isNeeded(at place: String) -> String {
    switch self {
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

  /// How to give it.
  fileprivate var advice: Hint {
    switch self {
    case .optionBytes, .eraseDataMemory, .productState: .nothingWritten
    case .riskyOptionBytes, .raiseProtection:
      "nothing was written; add --force if you are sure"
    case .liftProtection: .confirm
    case .permanentLock:
      "nothing was written; if you really want to lose this chip to debuggers and bootloaders for ever: --permanently-lock-this-chip"
    case .oneTimeProgrammable:
      "nothing was written; if you are sure, add --allow-otp: what is written there can never be changed"
    case .deviceFeature: "nothing was written; --vdd sets what it is for"
    }
  }
}

extension MemoryKind {
  /// Its bytes in a sentence.
  fileprivate var bytes: String {
    switch self {
    case .optionBytes: "the option bytes"
    case .oneTimeProgrammable: "the one-time programmable bytes"
    case .deviceFeature: "the Device Feature bytes"
    case .engineeringBytes: "the factory's bytes"
    case .internalFlash, .externalFlash, .dataMemory, .other: "the bytes"
    }
  }
}
