import DFUCore

/// What to do next: one line, with the command to run where there is one.
///
/// A hint that one failure alone has stands beside its sentence; those that
/// several have are below. docs/troubleshooting.md explains them.
struct Hint: Hashable, ExpressibleByStringInterpolation {
  var text: String

  init(stringLiteral text: String) { self.text = text }
}

// MARK: Finding a board

extension Hint {
  static let usbUnusable: Hint =
    "see that /dev/bus/usb is there; in a container or a virtual machine, pass it through"
  static let noDevice: Hint =
    "set BOOT0 high, reset the board, and connect the USB port of the chip itself (not of the ST-LINK); --wait waits for it"
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
  static let debugProbe: Hint =
    "that is the debugger's connector: plug a cable into the one of the chip's own USB too, and set BOOT0 high"
  static let serialAdapter: Hint =
    "DFU does not pass through a serial adapter: connect the chip's own USB"
  static let applicationRuns: Hint =
    "set BOOT0 high and press reset, so that it enters DFU"
  static func otherDevices(_ path: String) -> Hint {
    "choose one of them, for example with -p \(path)"
  }
  static func severalBoards(_ path: String) -> Hint {
    "choose one by its port, for example with -p \(path)"
  }
}

// MARK: Opening it, and speaking with it

extension Hint {
  /// How this program is called by root.
  private static var program: String {
    let name = CommandLine.arguments.first ?? "dfuflash"
    return name.contains("/") ? name : "dfuflash"
  }
  static func noPermission(_ device: DeviceDescriptor?) -> Hint {
    "install the udev rule \(device.map { "for \($0.ids) " } ?? "")with: sudo \(program) doctor --install-udev; then plug the board in again"
  }
  static var installRules: Hint { "sudo \(program) doctor --install-udev" }
  static let busy: Hint =
    "another program holds the board; close it and try again"
  static let gone: Hint =
    "the board has left the bus: check the cable and plug it in again"
  static let stalled: Hint =
    "unplug the board and plug it in again; if it happens again, try a hub between, another cable, or a smaller transfer size (-t 1024)"
  static let noAnswer: Hint =
    "unplug the board, plug it in again, and try another cable or port"
  static let replug: Hint =
    "unplug the board, plug it in again in DFU mode, and run again"
  static let powerCycle: Hint =
    "power-cycle it in DFU mode, then run the same command again"
  static func readProtected(_ path: String) -> Hint {
    "lifting it erases all of the chip's flash: dfuflash -p \(path) -s :unprotect:force"
  }
  static let layoutBroken: Hint =
    "nothing was touched; report this string so that it gets a cure"
  static let transferSizeUnknown: Hint =
    "give it with -t, for example -t 1024"
}

// MARK: Flashing it, and leaving it

extension Hint {
  static let nothingTouched: Hint = "nothing was touched"
  static let nothingWritten: Hint = "nothing was written"
  static let runAgain: Hint = "run the same command again"
  static let boot0Low: Hint =
    "set BOOT0 low, then press reset or unplug and plug in again"
  static let lookWhetherItRuns: Hint =
    "unplug it, plug it in again and look whether it runs"
  static let vddBytewise: Hint =
    "leave --vdd out to program bytewise; nothing was touched"
  static let confirm: Hint =
    "add --yes if that is what you want; nothing was written"
  static let chipName: Hint =
    "say which chip it is with --chip, as in --chip F405 or --chip STM32L432KC"
  static func chipChoice(_ names: [String]) -> Hint {
    "say which chip it is with --chip: \(names.joined(separator: ", "))"
  }
  static let showOptionBytes: Hint = "dfuflash option-bytes show"
  static let optionBytesElsewhere: Hint =
    "change them with a debug probe, or from the application"
}

// MARK: Files and benches

extension Hint {
  static let noFile: Hint =
    "check the name; dfuflash inspect FILE shows what is in a file"
  static let cannotWrite: Hint =
    "choose another place, or see that you may write there and it has room"
  static let benchBoards: Hint =
    "dfuflash list shows the bench's boards and memories"
}
