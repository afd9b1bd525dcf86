import DFUCore

/// What to do next: one line, with the command to run where there is one.
///
/// All advice about devices is in this table; ``Explain`` gives it at the end
/// of an error, `doctor` as the next step of a finding, and
/// docs/troubleshooting.md explains each code.
struct Hint: Hashable, Sendable {
  var code: Code
  var text: String

  /// The stable name of an advice.
  enum Code: String, CaseIterable, Sendable {
    case usbUnusable = "usb-unusable"
    case noDevice = "no-device"
    case otherDevices = "other-devices"
    case debugProbe = "debug-probe"
    case serialAdapter = "serial-adapter"
    case applicationRuns = "application-runs"
    case detach
    case unrelatedDevice = "unrelated-device"
    case noPermission = "no-permission"
    case ruleLate = "rule-late"
    case ruleOld = "rule-old"
    case ruleNotApplied = "rule-not-applied"
    case busy
    case driverBound = "driver-bound"
    case gone
    case stalled
    case noAnswer = "no-answer"
    case lowSpeed = "low-speed"
    case hub
    case severalBoards = "several-boards"
    case severalInterfaces = "several-interfaces"
    case equalSerials = "equal-serials"
    case constantSerial = "constant-serial"
    case otherProtocol = "other-protocol"
    case inError = "in-error"
    case transferUnderWay = "transfer-under-way"
    case replug
    case readProtected = "read-protected"
    case blankChip = "blank-chip"
    case layoutBroken = "layout-broken"
    case layoutWrong = "layout-wrong"
    case romTrouble = "rom-trouble"
    case transferSizeUnknown = "transfer-size-unknown"
    case transferSizeWrong = "transfer-size-wrong"
    case smallerTransfers = "smaller-transfers"
    case chooseAlternate = "choose-alternate"
    case wrongAddress = "wrong-address"
    case nothingTouched = "nothing-touched"
    case notErased = "not-erased"
    case mismatch
    case chooseChip = "choose-chip"
    case confirm
    case force
    case fileOption = "file-option"
    case noFile = "no-file"
    case brokenFile = "broken-file"
    case cannotWrite = "cannot-write"
    case outputExists = "output-exists"
    case plainDFU = "plain-dfu"
    case enterDFU = "enter-dfu"
    case boot0Low = "boot0-low"
    case vectorTable = "vector-table"
    case supplyVoltage = "supply-voltage"
    case optionBytes = "option-bytes"
    case runAgain = "run-again"
    case map
    case bench
    case notOnRecord = "not-on-record"
    case uniqueID = "unique-id"
  }

  private init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }
}

// MARK: Finding a board

extension Hint {
  static let usbUnusable = Hint(
    .usbUnusable,
    "see that /dev/bus/usb is there; in a container or a virtual machine, pass it through"
  )
  static let noDevice = Hint(
    .noDevice,
    "set BOOT0 high, reset the board, and connect the USB port of the chip itself (not of the ST-LINK); --wait waits for it"
  )
  /// What to look at on a board that does not show up, in this order.
  static let checklist = [
    "Cable: use one that carries data; many only charge.",
    "Connector: the chip's own USB (D-/D+ pins), not the ST-LINK's or a serial adapter's.",
    "BOOT0: high while the board is reset or plugged in.",
    "nBOOT0, nSWBOOT0: on G0, G4, L4, U5, WB and newer these option bytes can overrule the BOOT0 pin.",
    "Readout protection level 2 never enters the bootloader.",
    "Power: the chip's own supply, and VBUS on PA9 where the bootloader looks at it.",
    "Crystal: F070, F3, G0B0 and U59x need one of the frequencies in AN2606; F105/107 take up to 14 s with one of 8 MHz.",
    "Floating pins: USART_RX, SPI_MOSI or CAN_RX can make the bootloader listen there instead; reset it again.",
    "Then: dfuflash flash FILE --wait, or dfuflash doctor again.",
  ]
  static func otherDevices(_ path: String) -> Hint {
    Hint(.otherDevices, "choose one of them, for example with -p \(path)")
  }
  static let debugProbe = Hint(
    .debugProbe,
    "that is the debugger's connector: plug a cable into the one of the chip's own USB too, and set BOOT0 high"
  )
  static let serialAdapter = Hint(
    .serialAdapter,
    "DFU does not pass through a serial adapter: connect the chip's own USB")
  static let applicationRuns = Hint(
    .applicationRuns, "set BOOT0 high and press reset, so that it enters DFU")
  static func detach(_ path: String) -> Hint {
    Hint(.detach, "to take it to DFU mode: dfuflash -e -p \(path)")
  }
  static func unrelatedDevice(_ path: String) -> Hint {
    Hint(
      .unrelatedDevice,
      "nothing to do: it is taken only when it is named with -p \(path)")
  }
  /// A running device is only detached when it is named.
  static func nameIt(_ path: String) -> Hint {
    Hint(
      .detach,
      "if it is the board you mean, name it, for example with -p \(path)")
  }
  static func severalBoards(_ path: String) -> Hint {
    Hint(
      .severalBoards, "choose one by its port, for example with -p \(path)")
  }
  static func severalInterfaces(_ list: String) -> Hint {
    Hint(.severalInterfaces, "choose the interface with -i \(list)")
  }
  static func equalSerials(_ path: String) -> Hint {
    Hint(
      .equalSerials,
      "choose boards by port (-p \(path)), which stays the same, never by -S")
  }
  static func constantSerial(_ path: String) -> Hint {
    Hint(.constantSerial, "choose the board by its port: -p \(path)")
  }
  static let chooseInterface = Hint(
    .severalInterfaces, "choose the interface with -i, such as -i 0")
  static let uniqueID = Hint(
    .uniqueID, "write it as in: dfuflash serial 00580027 3331500b 20333153")
  static let mapExtra = Hint(
    .map, "add a row for each, or --allow-extra to leave them alone")
  static let mapRows = Hint(
    .map, "`dfuflash list` shows what is there; path= names a port for sure")
  static let enterDFU = Hint(.enterDFU, "put the board into DFU mode")
  static let enterDFUByHand = Hint(
    .enterDFU, "put it into DFU mode by hand, or wait longer with -E 30")
  static let enterDFUAgain = Hint(
    .enterDFU, "put it into DFU mode again and run the same command again")
  static let otherProtocol = Hint(.otherProtocol, "nothing was touched")
}

// MARK: Opening it

extension Hint {
  /// How this program is called by root.
  private static var program: String {
    let name = CommandLine.arguments.first ?? "dfuflash"
    return name.contains("/") ? name : "dfuflash"
  }
  static func noPermission(_ device: DeviceDescriptor?) -> Hint {
    let ids = device.map {
      "for \(hex($0.vendor, 4, uppercase: false)):\(hex($0.product, 4, uppercase: false)) "
    }
    return Hint(
      .noPermission,
      "install the udev rule \(ids ?? "")with: sudo \(program) doctor --install-udev; then plug the board in again"
    )
  }
  static func ruleLate(_ file: String, _ better: String) -> Hint {
    Hint(
      .ruleLate,
      "sudo mv \(file) \(better) && sudo udevadm control --reload, then plug the board in again"
    )
  }
  static var ruleOld: Hint {
    Hint(.ruleOld, "sudo \(program) doctor --install-udev")
  }
  static let ruleNotApplied = Hint(
    .ruleNotApplied,
    "plug the board in again; over ssh or in a service: sudo usermod -aG plugdev $USER, then log out and in again"
  )
  static let rulesNotLoaded = Hint(
    .ruleNotApplied, "plug the board in again, or restart the computer")
  static let busy = Hint(
    .busy, "another program holds the board; close it and try again")
  /// - Parameter holder: the program, where the system tells.
  static func busy(holder: String?) -> Hint {
    guard let holder else { return busy }
    return Hint(
      .busy, "\(holder) holds the board; wait until it ends, or close it")
  }
  static func driverBound(_ driver: String, _ interface: String) -> Hint {
    Hint(
      .driverBound,
      "echo -n \(interface) | sudo tee /sys/bus/usb/drivers/\(driver)/unbind")
  }
  static let gone = Hint(
    .gone,
    "the board has left the bus: check the cable and plug it in again")
}

// MARK: Speaking with it

extension Hint {
  static let stalled = Hint(
    .stalled,
    "unplug the board and plug it in again; if it happens again, try a hub between, another cable, or a smaller transfer size (-t 1024)"
  )
  static let noAnswer = Hint(
    .noAnswer,
    "unplug the board, plug it in again, and try another cable or port")
  static let lowSpeed = Hint(
    .lowSpeed, "try another cable; see that D+ and D- are not exchanged")
  static let hub = Hint(.hub, "put a USB hub between computer and board")
  static let inError = Hint(
    .inError, "nothing to do: flashing clears it; the status is the old one's")
  static let transferUnderWay = Hint(
    .transferUnderWay,
    "if no other program is at work: unplug the board and plug it in again")
  static let replug = Hint(
    .replug,
    "unplug the board, plug it in again in DFU mode, and run again")
  static let powerCycle = Hint(
    .replug, "power-cycle it in DFU mode, then run the same command again")
  static func readProtected(_ path: String) -> Hint {
    Hint(
      .readProtected,
      "lifting it erases all of the chip's flash: dfuflash -p \(path) -s :unprotect:force"
    )
  }
  static func blankChip(_ path: String) -> Hint {
    Hint(
      .blankChip,
      "flash it with --relaunch: dfuflash flash -p \(path) --relaunch FILE")
  }
  static let layoutBroken = Hint(
    .layoutBroken,
    "nothing was touched; report this string so that it gets a cure")
  static let layoutWrong = Hint(
    .layoutWrong, "nothing to do: the right sectors are used instead")
  static func romTrouble(_ advice: String) -> Hint { Hint(.romTrouble, advice) }
  static let transferSizeUnknown = Hint(
    .transferSizeUnknown, "give it with -t, for example -t 1024")
  static func transferSizeWrong(_ allowed: ClosedRange<Int>) -> Hint {
    Hint(
      .transferSizeWrong,
      "choose one from \(allowed.lowerBound) to \(allowed.upperBound) bytes with -t"
    )
  }
  static let smallerTransfers = Hint(
    .smallerTransfers, "try a smaller transfer size, such as -t 1024")
}

// MARK: Flashing it

extension Hint {
  static func noSuchAlternate(_ list: String) -> Hint {
    Hint(.chooseAlternate, "it has: \(list)")
  }
  static func chooseAlternate(_ list: String) -> Hint {
    Hint(.chooseAlternate, "choose one with -a: \(list)")
  }
  static let wrongAddress = Hint(
    .wrongAddress,
    "check the address; internal flash starts at 0x08000000 as a rule")
  static let otherAlternate = Hint(
    .chooseAlternate, "choose another one with -a; dfuflash list shows them")
  static let giveAddress = Hint(
    .wrongAddress, "give the address, for example -s 0x08000000")
  static let nothingTouched = Hint(.nothingTouched, "nothing was touched")
  static let notErased = Hint(
    .notErased,
    "the sector may be write-protected in the option bytes, or this bootloader cannot erase it: try -s :mass-erase:force"
  )
  static let notVerified = Hint(
    .mismatch, "leave --verify=required out to take it all the same")
  static let mismatch = Hint(
    .mismatch,
    "the sector may be write-protected in the option bytes; otherwise run the same command again"
  )
}

// MARK: Leaving it, and what is done only when it is wanted

extension Hint {
  static let boot0Low = Hint(
    .boot0Low, "set BOOT0 low, then press reset or unplug and plug in again")
  /// The pin has no say: an option bit decides.
  static func boot0IsIgnored(
    _ choice: String, entersBootloader: Bool
  ) -> Hint {
    Hint(
      .boot0Low,
      entersBootloader
        ? "\(choice): nBOOT0 = 0 starts the bootloader whatever BOOT0 is: dfuflash option-bytes set nBOOT0=1"
        : "\(choice) and nBOOT0 do not ask for the bootloader: see that the program begins where the flash begins"
    )
  }
  static let lookAtTheBus = Hint(
    .replug, "dfuflash list shows what is on the bus")
  static let boot0IsHigh = Hint(
    .boot0Low, "BOOT0 is high: set it low, then press reset")
  static let vectorTable = Hint(
    .vectorTable, "give the address of the program's vector table")
  static let lookWhetherItRuns = Hint(
    .replug, "unplug it, plug it in again and look whether it runs")
  static let runAgain = Hint(.runAgain, "run the same command again")
  static let massErase = Hint(
    .notErased,
    "nothing was erased; -s 0x08000000:mass-erase:force -D FILE erases everything at once and writes it"
  )
  static let plainDFU = Hint(
    .plainDFU, "use -U and -D, which speak plain DFU too")
  static let rawFile = Hint(
    .plainDFU, "give it the raw file its maker publishes")
  static let vddNotNeeded = Hint(
    .supplyVoltage, "leave --vdd out; nothing was touched")
  static let vddBytewise = Hint(
    .supplyVoltage, "leave --vdd out to program bytewise; nothing was touched")
  static let confirm = Hint(
    .confirm, "add --yes if that is what you want; nothing was written")
  static let restoreLeavesOut = Hint(
    .nothingTouched,
    "nothing was written; dfuflash option-bytes restore FILE leaves out what cannot be written"
  )
  static let nothingWritten = Hint(.nothingTouched, "nothing was written")
  static let leaveChipOut = Hint(
    .chooseChip,
    "nothing was touched; leave --chip out, or add --force if you are sure")
  static let chipName = Hint(
    .chooseChip,
    "say which chip it is with --chip, as in --chip F405 or --chip STM32L432KC")
  static func chipChoice(_ names: [String]) -> Hint {
    Hint(
      .chooseChip,
      "say which chip it is with --chip: " + names.joined(separator: ", "))
  }
  static func didYouMean(_ names: [String]) -> Hint {
    Hint(.chooseChip, "did you mean \(names.joined(separator: " or "))?")
  }
}

// MARK: Option bytes

extension Hint {
  static let showOptionBytes = Hint(
    .optionBytes, "dfuflash option-bytes show")
  static let showOptionBytesInDFU = Hint(
    .optionBytes, "put it into DFU mode, then: dfuflash option-bytes show")
  static let showOptionBytesAndRunAgain = Hint(
    .optionBytes, "dfuflash option-bytes show, then run the same command again")
  static let optionByteNames = Hint(
    .optionBytes,
    "dfuflash option-bytes show lists the names; nothing was written")
  static let optionBytesElsewhere = Hint(
    .optionBytes, "change them with a debug probe, or from the application")
  static let codeProtectionElsewhere = Hint(
    .optionBytes, "nothing was written; set them with a debug probe")
  static let protectionAlone = Hint(
    .optionBytes, "nothing was written; set RDP in a command of its own")
  static let nothingLeft = Hint(.optionBytes, "nothing is left to do")
  static let liftProtection = Hint(
    .readProtected, "dfuflash unprotect --yes lifts that and erases the flash")
  static let forceOptionBytes = Hint(
    .force, "nothing was written; add --force if you are sure")
  static let allowOTP = Hint(
    .force,
    "nothing was written; if you are sure, add --allow-otp: what is written there can never be changed"
  )
  static let giveVDD = Hint(
    .supplyVoltage, "nothing was written; --vdd sets what it is for")
  static let permanentLock = Hint(
    .force,
    "nothing was written; if you really want to lose this chip to debuggers and bootloaders for ever: --permanently-lock-this-chip"
  )
}

// MARK: Files and benches

extension Hint {
  static let noFile = Hint(
    .noFile, "check the name; dfuflash inspect FILE shows what is in a file")
  static let brokenFile = Hint(
    .brokenFile,
    "build the file again, or download it again; dfuflash inspect FILE looks at it"
  )
  static let cannotWrite = Hint(
    .cannotWrite,
    "choose another place, or see that you may write there and it has room")
  static func outputExists(_ path: String) -> Hint {
    Hint(
      .outputExists, "choose another name or remove it first: rm \(path)")
  }
  static let outputExistsOrForce = Hint(
    .outputExists, "choose another name, or add --force to replace it")
  static func archiveEntry(_ path: String) -> Hint {
    Hint(.fileOption, "give it as \(path)")
  }
  static let unpack = Hint(.fileOption, "unpack it, and give what is inside")
  static let leaveFormatOut = Hint(
    .fileOption, "leave --format out: the content tells")
  static func family(_ name: String) -> Hint {
    Hint(.fileOption, "add --family \(name)")
  }
  static let addressNeeded = Hint(
    .fileOption, "add --address 0x08000000")
  static let addressNotNeeded = Hint(.fileOption, "leave --address out")
  static let maxSize = Hint(
    .fileOption, "add --max-size 256M, or what it needs")
  static let formatRaw = Hint(
    .fileOption, "add --format raw to take it as it is")
  static let spanTooLarge = Hint(
    .fileOption, "write hex, srec or dfuse, or raise the limit with --max-size")
  static func outputFormat(_ names: [String]) -> Hint {
    Hint(.fileOption, "add --to with one of \(names.joined(separator: ", "))")
  }
  static let forceOtherIDs = Hint(
    .force,
    "nothing was touched; if it is right for it all the same, add --force")
  static let noProgram = Hint(
    .vectorTable,
    "nothing was touched; see that --address is where it was linked for (dfuflash inspect FILE shows it), add --no-leave if it is data, or --force"
  )
  static func otherFamily(_ name: String) -> Hint {
    Hint(
      .force,
      "nothing was touched; if it is right all the same, add --family \(name)")
  }
  static func makeBench(_ path: String) -> Hint {
    Hint(.bench, "make one: dfuflash simulate f405 --bench \(path)")
  }
  static let benchExists = Hint(
    .bench, "add --force to start it over, or --add to add a board")
  static let benchLocked = Hint(.bench, "try again when it ends")
  static let benchBroken = Hint(
    .bench, "repair the file, or start it over with --force")
  static let benchKinds = Hint(
    .bench, "dfuflash simulate --list-kinds shows the kinds of board")
  static let benchBoards = Hint(
    .bench, "dfuflash list shows the bench's boards and memories")
  static let notOnRecord = Hint(
    .notOnRecord, "the last board's result is not on record")
}
