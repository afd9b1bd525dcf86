import DFUCore

/// What the chips' files say, for people.
enum ChipTables {
  /// A line for each family.
  static var families: String {
    let width = ChipFamily.all.map(\.name.count).max() ?? 0
    return ChipFamily.all.map { "\($0.name.padded(width))  \($0.title)" }
      .joined(separator: "\n")
  }

  /// All parts, for the README.
  static var paragraph: String {
    Terminal.page.paragraph(
      "", ChipFamily.all.map(\.title).joined(separator: "; ") + ".")
  }

  /// One row for each fault, with all families that have it.
  static func errata(markdown: Bool) -> String {
    var found: [(erratum: BootloaderErratum, families: [String])] = []
    for family in ChipFamily.all {
      for erratum in family.errata {
        let index = found.firstIndex {
          $0.erratum.sentence == erratum.sentence
            && $0.erratum.consequences == erratum.consequences
        }
        if let index {
          if !found[index].families.contains(family.name) {
            found[index].families.append(family.name)
          }
        } else {
          found.append((erratum, [family.name]))
        }
      }
    }
    let rows = found.map { erratum, families in
      [
        families.joined(separator: ", "), erratum.sentence,
        erratum.consequences.map(\.action).joined(separator: "; "),
      ]
    }
    guard markdown else {
      return rows.map { $0.joined(separator: "  ") }.joined(separator: "\n")
    }
    let heading = [["chip", "fault", "dfuflash"], ["---", "---", "---"]]
    return (heading + rows).map { "| \($0.joined(separator: " | ")) |" }
      .joined(separator: "\n")
  }

  static func facts(of family: ChipFamily) -> String {
    var lines = ["\(family.name): \(family.title)"]
    let shapes = family.fingerprint.flash.flatMap(\.totals).map {
      "\($0 >> 10) KiB"
    }
    if !shapes.isEmpty {
      lines.append("  flash            \(shapes.joined(separator: ", "))")
    }
    if let layout = family.optionBytes {
      let windows = layout.windows.map { "\($0)" }.joined(separator: ", ")
      lines.append("  option bytes     \(windows) (\(layout.source.document))")
    }
    switch family.serial {
    case .constant(let texts):
      lines.append(
        "  serial number    every one shows "
          + texts.joined(separator: " or "))
    case .unstable:
      lines.append("  serial number    changes at each power-up")
    case .derived, .constantInSome, .unknown: break
    }
    if let time = family.reconnectTime {
      lines.append("  appears within   \(time) ms of a reset")
    }
    if let source = family.answersAreHeldBack {
      lines.append("  asked at once    \(source.document)")
    }
    lines += family.notes.map { "  note: \($0)" }
    for erratum in family.errata {
      lines.append("  fault: \(erratum.sentence)")
      lines += erratum.conditions.map { "    when \($0.text)" }
      lines += erratum.consequences.map { "    dfuflash: \($0.action)" }
      lines.append("    (\(erratum.source.document))")
    }
    return lines.joined(separator: "\n")
  }
}

extension BootloaderErratum.Condition {
  /// When a chip has the fault.
  fileprivate var text: String {
    switch self {
    case .bootloader(let versions):
      "the bootloader's version byte is "
        + versions.map { "0x\(hex($0, 2))" }.joined(separator: ", ")
        + ", or cannot be read"
    case .byte(let address, let value):
      "the byte at 0x\(hex(address)) is 0x\(hex(value, 2))"
    case .flash: "the board shows that division of its flash"
    case .sectorsOtherThan(let size):
      "the board shows other sectors than \(size >> 10) KiB"
    case .flashLargerThan(let bytes):
      "the board has more than \(bytes >> 10) KiB of flash"
    }
  }
}

extension BootloaderErratum.Consequence {
  /// What dfuflash does about a fault.
  fileprivate var action: String {
    switch self {
    case .refuse(let operation):
      "refuses \(operation.text) when the fault is certain, else warns"
    case .warnBefore(let operation): "warns before \(operation.text)"
    case .powerCycleAfter(let operation):
      "asks for a power cycle after \(operation.text)"
    case .pauseAfterErase(let time):
      "waits \(time.components.attoseconds / 1_000_000_000_000_000) ms after "
        + "each erase"
    case .waitDatasheetTimes: "waits the data sheet's time for each erase"
    case .massEraseIsBroken: "erases sector by sector"
    case .checkBlankAfterErase: "reads back what it erased"
    case .padWrites(let unit): "pads writes to a multiple of \(unit) bytes"
    case .limitTransfersAfterError(let bytes):
      "goes on with \(bytes) bytes a transfer after a stall"
    case .retryTransfers:
      "repeats failed transfers, where that does no harm, up to seven times"
    case .pauseBetweenTransfers: "pauses between transfers"
    case .clearStatusTwice: "sends CLRSTATUS twice"
    case .overrideFlash: "uses the true sectors"
    case .flashFromSerial: "takes the size from the serial number"
    case .blockLeave: "refuses to leave there"
    case .stackPointerBelowEnd, .rejectStackPointer: "warns of such a program"
    case .splitOptionByteWrites: "refuses both in one write"
    case .optionBytesUnreachable: "does not write option bytes"
    case .keepPoweredUntilProgrammed:
      "does not reset before it has programmed; says so after an erase"
    case .hint: "says so"
    }
  }
}

extension ChipOperation {
  /// What is done, for a sentence.
  fileprivate var text: String {
    switch self {
    case .eraseSecondBank: "an erase in the second bank"
    case .eraseDataFlash: "an erase of the data flash"
    case .raiseProtection: "raising readout protection"
    case .liftProtection: "lifting readout protection"
    case .writeOptionBytes: "writing option bytes"
    case .writeCodeProtection: "writing code protection (PCROP)"
    case .leave: "leaving"
    case .leaveWithTrustZone: "leaving with TrustZone on"
    }
  }
}
