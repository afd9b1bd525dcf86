import DFUCore
import DFUDoctor

private struct FindingText {
  var seen: String
  var why: String
  var next: Hint

  init(_ seen: String, _ why: String, _ next: Hint) {
    (self.seen, self.why, self.next) = (seen, why, next)
  }
}

/// What a person is told of a finding of the doctor.
extension Finding {
  /// The stable name.
  var code: String { next.code.rawValue }
  /// What was seen.
  var seen: String { text.seen }
  /// Why it matters.
  var why: String { text.why }
  /// The next step; its code is the finding's name.
  var next: Hint { text.next }

  /// What to go through, where one step does not do.
  var checklist: [String] {
    switch matter {
    case .noBoard, .onlyOther: Hint.checklist
    default: []
    }
  }

  private var text: FindingText {
    switch matter {
    case .noUSB:
      FindingText(
        "no USB device at all, not even a hub",
        "a container or a virtual machine often sees no USB", .usbUnusable)
    case .noBoard(let devices):
      FindingText(
        "no DFU device among \(counted(devices, "USB device"))",
        "the board is not in its bootloader, or its USB does not work",
        .noDevice)
    case .onlyOther(let kind, let device):
      kind.text("\(kind.title) \(device.ids)")
    case .otherRules(let file):
      FindingText(
        "\(file) is of another version of dfuflash",
        "it may not know all devices that this version knows", .ruleOld)
    case .severalBoards(let paths):
      FindingText(
        "\(paths.count) boards in DFU mode: \(listed(paths))",
        "without a choice nothing is flashed",
        .severalBoards(paths.first ?? ""))
    case .equalSerials(let serial, let paths):
      FindingText(
        "the boards \(listed(paths)) share the serial number "
          + serial.escapingControls,
        "48 bits folded from 96 can be the same on two chips of a batch",
        .equalSerials(paths.first ?? ""))
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
        "\(name), and no DFU device",
        "a debug probe has no DFU; the chip has USB pins of its own",
        .debugProbe)
    case .serialAdapter:
      FindingText(
        "\(name), and no DFU device", "only the chip's own USB speaks DFU",
        .serialAdapter)
    case .application, .dfu, .runtime:
      FindingText(
        "\(name), without a DFU interface",
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
        "\(device.ids) shows a DFU interface but speaks \(name)",
        "dfuflash cannot flash it", .otherProtocol)
    case .busy(let holders):
      FindingText(
        "another program holds the interface"
          + (holders.isEmpty ? "" : ": " + listed(holders.map(\.description))),
        "only one program at a time can speak DFU with a board", .busy)
    case .driverBound(let driver):
      FindingText(
        "the kernel driver \(driver.name) holds \(driver.interface)",
        "two cannot speak with one interface",
        .driverBound(driver.name, driver.interface))
    case .gone:
      FindingText(
        "it left the bus while it was looked at",
        "a loose cable, or a bootloader that starts over", .gone)
    case .stalls:
      FindingText(
        "it stalls requests it must know",
        "a wrong crystal, a drifting clock or a bad cable does that", .stalled)
    case .noAnswer(let code):
      FindingText(
        "it does not answer (\(code.name))",
        "often the cable, the port or a wrong crystal", .noAnswer)
    case .failed(let error):
      FindingText(
        "\(error)", "a board that does not answer now will not take a firmware",
        error.isStall ? .stalled : .noAnswer)
    case .inError(let report):
      FindingText(
        "it is in dfuERROR"
          + (report.map { ", \($0.status.name): \($0.status.meaning)" } ?? ""),
        "an earlier transfer ended badly, or it begins that way", .inError)
    case .transferUnderWay(let state):
      FindingText(
        "it is in \(state)", "a transfer is under way, or was broken off",
        .transferUnderWay)
    case .lowSpeed:
      FindingText(
        "it is on the bus at low speed, 1.5 Mbit/s",
        "DFU devices run at 12 Mbit/s and more; the data lines are bad",
        .lowSpeed)
    case .unrelatedDevice(let name):
      FindingText(
        "\(name) shows a DFU interface",
        "other tools count it as a second board", .unrelatedDevice(path))
    case .running(let name):
      FindingText(
        "\(name) runs its program and can be sent to DFU mode",
        "flash does that by itself when it is the only board", .detach(path))
    case .chip(let matter): matter.text(path)
    }
  }
}

extension Finding.ChipMatter {
  fileprivate func text(_ path: String) -> FindingText {
    switch self {
    case .readProtected:
      FindingText(
        "its flash cannot be read: readout protection is on",
        "a protected chip takes no firmware before it is erased",
        .readProtected(path))
    case .blankFlash:
      FindingText(
        "its flash is blank",
        "this chip then stays in DFU after resets until it is power-cycled,"
          + " even when it has been flashed", .blankChip(path))
    case .brokenLayout(let setting, let error):
      FindingText(
        "alternate setting \(setting.number) shows"
          + " \"\(setting.name?.printable ?? "")\": \(error.problem)",
        "no address is safe without a layout that can be trusted",
        .layoutBroken)
    case .cutOffLayout(let setting):
      FindingText(
        "alternate setting \(setting.number): \(setting.cutOff)",
        "this bootloader sends whatever lies behind the string in its memory",
        .layoutWrong)
    case .noFunctionalDescriptor:
      FindingText(
        "it has no DFU functional descriptor",
        "its transfer size is not known", .transferSizeUnknown)
    case .wrongLayout(let chip):
      FindingText(
        "its layout string is known to be wrong on \(chip)",
        "with the sectors it shows, the wrong ones would be erased",
        .layoutWrong)
    case .needsHub(let erratum):
      FindingText("no hub between: \(erratum.sentence)", erratum.concern, .hub)
    case .erratum(let erratum):
      FindingText(
        erratum.sentence, erratum.concern,
        .romTrouble(
          "remember it when the board is not found or a transfer fails"))
    case .constantSerial(let reason):
      FindingText(
        reason, "the serial number does not tell this board from others",
        .constantSerial(path))
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
      let name = file.split(separator: "/").last.map(String.init) ?? ""
      return FindingText(
        "\(seen), although \(file) is about it",
        "the tag uaccess counts only in files that sort before 73",
        .ruleLate(
          file, "\(UdevRules.folder)/60-\(name.drop { !$0.isLetter })"))
    case .ruleNotApplied(let file):
      return FindingText(
        "\(seen), although \(file) is about it",
        "rules count when a device is plugged in, for the user who sits here",
        .ruleNotApplied)
    case .noRule, .noUdev:
      return FindingText(
        seen + (self == .noRule ? ", and no udev rule is" : ""),
        "the system keeps users from devices it has no rule for; the rule: "
          + UdevRules.rule(device), .noPermission(device))
    }
  }
}

/// "a", "a and b", "a, b and c".
func listed(_ items: [String]) -> String {
  guard let last = items.last, items.count > 1 else { return items.first ?? "" }
  return items.dropLast().joined(separator: ", ") + " and " + last
}

/// "1 board", "2 boards".
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}
