import DFUCore
import DFUDoctor

/// What a person is told of a finding of the doctor.
struct FindingText {
  /// The finding's stable name, which docs/troubleshooting.md explains.
  var code: String
  /// What was seen.
  var seen: String
  /// Why it matters.
  var why: String
  /// The next step.
  var next: Hint
  /// What to go through, where one step does not do.
  var checklist: [String] = []

  fileprivate init(
    _ code: String, _ seen: String, _ why: String, _ next: Hint
  ) {
    (self.code, self.seen, self.why, self.next) = (code, seen, why, next)
  }
}

extension Finding {
  /// The finding for people.
  var text: FindingText {
    var text = plainText
    switch matter {
    case .noBoard, .onlyOther: text.checklist = Hint.checklist
    default: break
    }
    return text
  }

  private var plainText: FindingText {
    switch matter {
    case .noUSB:
      FindingText(
        "usb-unusable", "no USB device at all, not even a hub",
        "a container or a virtual machine often sees no USB", .usbUnusable)
    case .noBoard(let devices):
      FindingText(
        "no-device", "no DFU device among \(counted(devices, "USB device"))",
        "the board is not in its bootloader, or its USB does not work",
        .noDevice)
    case .onlyOther(let kind, let device):
      kind.text("\(kind.title) \(device.ids)")
    case .otherRules(let file):
      FindingText(
        "rule-old", "\(file) is of another version of dfuflash",
        "it may not know all devices that this version knows", .installRules)
    case .severalBoards(let paths):
      FindingText(
        "several-boards",
        "\(paths.count) boards in DFU mode: \(listed(paths))",
        "without a choice nothing is flashed",
        .severalBoards(paths.first ?? ""))
    case .equalSerials(let serial, let paths):
      FindingText(
        "equal-serials",
        "the boards \(listed(paths)) share the serial number "
          + serial.escapingControls,
        "48 bits folded from 96 can be the same on two chips of a batch",
        "choose boards by port (-p \(paths.first ?? "")), which stays the same, never by -S"
      )
    case .device(let matter): matter.text(path ?? "")
    }
  }
}

extension KnownDevice {
  /// What it means where nothing speaks DFU.
  fileprivate func text(_ name: String) -> FindingText {
    switch role {
    case .debugProbe:
      FindingText(
        "debug-probe", "\(name), and no DFU device",
        "a debug probe has no DFU; the chip has USB pins of its own",
        .debugProbe)
    case .serialAdapter:
      FindingText(
        "serial-adapter", "\(name), and no DFU device",
        "only the chip's own USB speaks DFU", .serialAdapter)
    case .application, .dfu, .runtime:
      FindingText(
        "application-runs", "\(name), without a DFU interface",
        "the board runs its program, not the bootloader", .applicationRuns)
    }
  }
}

extension Finding.DeviceMatter {
  fileprivate func text(_ path: String) -> FindingText {
    switch self {
    case .noAccess(let device, let node, let denial):
      denial.text(
        device,
        "\(device.ids) may not be opened"
          + (node.map { ": \($0.path) is \($0.text)" } ?? ""))
    case .otherProtocol(let device, let name):
      FindingText(
        "other-protocol",
        "\(device.ids) shows a DFU interface but speaks \(name)",
        "dfuflash cannot flash it", .nothingTouched)
    case .busy(let holders):
      FindingText(
        "busy",
        "another program holds the interface"
          + (holders.isEmpty ? "" : ": " + listed(holders.map(\.description))),
        "only one program at a time can speak DFU with a board", .busy)
    case .driverBound(let driver):
      FindingText(
        "driver-bound",
        "the kernel driver \(driver.name) holds \(driver.interface)",
        "two cannot speak with one interface",
        "echo -n \(driver.interface) | sudo tee /sys/bus/usb/drivers/\(driver.name)/unbind"
      )
    case .gone:
      FindingText(
        "gone", "it left the bus while it was looked at",
        "a loose cable, or a bootloader that starts over", .gone)
    case .stalls:
      FindingText(
        "stalled", "it stalls requests it must know",
        "a wrong crystal, a drifting clock or a bad cable does that", .stalled)
    case .noAnswer(let code):
      FindingText(
        "no-answer", "it does not answer (\(code.name))",
        "often the cable, the port or a wrong crystal", .noAnswer)
    case .failed(let error):
      FindingText(
        error.isStall ? "stalled" : "no-answer", "\(error)",
        "a board that does not answer now will not take a firmware",
        error.isStall ? .stalled : .noAnswer)
    case .inError(let report):
      FindingText(
        "in-error",
        "it is in dfuERROR"
          + (report.map { ", \($0.status.name): \($0.status.meaning)" } ?? ""),
        "an earlier transfer ended badly, or it begins that way",
        "nothing to do: flashing clears it; the status is the old one's")
    case .transferUnderWay(let state):
      FindingText(
        "transfer-under-way", "it is in \(state)",
        "a transfer is under way, or was broken off",
        "if no other program is at work: unplug the board and plug it in again")
    case .lowSpeed:
      FindingText(
        "low-speed", "it is on the bus at low speed, 1.5 Mbit/s",
        "DFU devices run at 12 Mbit/s and more; the data lines are bad",
        "try another cable; see that D+ and D- are not exchanged")
    case .unrelatedDevice(let name):
      FindingText(
        "unrelated-device", "\(name) shows a DFU interface",
        "other tools count it as a second board",
        "nothing to do: it is taken only when it is named with -p \(path)")
    case .running(let name):
      FindingText(
        "detach", "\(name) runs its program and can be sent to DFU mode",
        "flash does that by itself when it is the only board",
        "to take it to DFU mode: dfuflash -e -p \(path)")
    case .chip(let matter): matter.text(path)
    }
  }
}

extension Finding.ChipMatter {
  fileprivate func text(_ path: String) -> FindingText {
    switch self {
    case .readProtected:
      FindingText(
        "read-protected", "its flash cannot be read: readout protection is on",
        "a protected chip takes no firmware before it is erased",
        .readProtected(path))
    case .blankFlash:
      FindingText(
        "blank-chip", "its flash is blank",
        "this chip then stays in DFU after resets until it is power-cycled,"
          + " even when it has been flashed",
        "flash it with --relaunch: dfuflash flash -p \(path) --relaunch FILE")
    case .brokenLayout(let setting, let error):
      FindingText(
        "layout-broken",
        "alternate setting \(setting.number) shows"
          + " \"\(setting.name?.printable ?? "")\": \(error.problem)",
        "no address is safe without a layout that can be trusted",
        .layoutBroken)
    case .cutOffLayout(let setting):
      FindingText(
        "layout-wrong",
        "alternate setting \(setting.number): \(setting.cutOff)",
        "this bootloader sends whatever lies behind the string in its memory",
        "nothing to do: the sectors in front of it are used")
    case .noFunctionalDescriptor:
      FindingText(
        "transfer-size-unknown", "it has no DFU functional descriptor",
        "its transfer size is not known", .transferSizeUnknown)
    case .wrongLayout(let chip):
      FindingText(
        "layout-wrong", "its layout string is known to be wrong on \(chip)",
        "with the sectors it shows, the wrong ones would be erased",
        "nothing to do: the right sectors are used instead")
    case .needsHub(let erratum):
      FindingText(
        "hub", "no hub between: \(erratum.sentence)", erratum.concern,
        "put a USB hub between computer and board")
    case .erratum(let erratum):
      FindingText(
        "rom-trouble", erratum.sentence, erratum.concern,
        "remember it when the board is not found or a transfer fails")
    case .constantSerial(let reason):
      FindingText(
        "constant-serial", reason,
        "the serial number does not tell this board from others",
        "choose the board by its port: -p \(path)")
    }
  }
}

extension Finding.Erratum {
  fileprivate var concern: String {
    (isCertain ? "concerns " : "may concern ") + (chip ?? "this bootloader")
  }
}

extension Finding.Denial {
  fileprivate func text(
    _ device: DeviceDescriptor, _ seen: String
  ) -> FindingText {
    switch self {
    case .ruleTooLate(let file):
      let name = file.split(separator: "/").last ?? ""
      let better = "\(UdevRules.folder)/60-\(name.drop { !$0.isLetter })"
      return FindingText(
        "rule-late", "\(seen), although \(file) is about it",
        "the tag uaccess counts only in files that sort before 73",
        "sudo mv \(file) \(better) && sudo udevadm control --reload, then plug the board in again"
      )
    case .ruleNotApplied(let file):
      return FindingText(
        "rule-not-applied", "\(seen), although \(file) is about it",
        "rules count when a device is plugged in, for the user who sits here",
        "plug the board in again; over ssh or in a service: sudo usermod -aG plugdev $USER, then log out and in again"
      )
    case .noRule, .noUdev:
      return FindingText(
        "no-permission",
        seen + (self == .noRule ? ", and no udev rule is" : ""),
        "the system keeps users from devices it has no rule for; the rule: "
          + UdevRules.rule(device), .noPermission(device))
    }
  }
}
