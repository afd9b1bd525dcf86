import DFUCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// From what was seen to what is wrong. Pure: the same scene, the same
/// findings.
struct Diagnosis {
  let scene: DoctorScene

  /// All findings, the worst first; of equal ones in the order of devices.
  static func findings(_ scene: DoctorScene) -> [Finding] {
    let diagnosis = Diagnosis(scene: scene)
    let all =
      diagnosis.presence() + diagnosis.rules()
      + scene.devices.flatMap(diagnosis.device) + diagnosis.identity()
    // A stable sort.
    return [Finding.Severity.problem, .warning, .note].flatMap { severity in
      all.filter { $0.severity == severity }
    }
  }

  // MARK: What is there

  private func presence() -> [Finding] {
    guard scene.waiting.isEmpty else { return [] }
    if scene.devices.isEmpty, scene.system == .linux {
      return [
        Finding(
          severity: .problem, seen: "no USB device at all, not even a hub",
          why: "a container or a virtual machine often sees no USB",
          next: .usbUnusable)
      ]
    }
    let runtime = scene.boards.contains { seen in
      seen.board.map { board in
        board.interfaces.contains { !board.isUnrelated($0) }
      } ?? false
    }
    if runtime { return [] }
    let known = scene.devices.compactMap { seen in
      KnownDevice.named(seen.device.descriptor).map { (seen, $0) }
    }
    if let (probe, kind) = known.first(where: { $0.1.role == .debugProbe }) {
      return [
        Finding(
          severity: .problem, path: probe.device.path,
          seen: "\(kind.title) \(ids(probe)), and no DFU device",
          why: "a debug probe has no DFU; the chip has USB pins of its own",
          next: .debugProbe, checklist: Hint.checklist)
      ]
    }
    if let (board, kind) = known.first(where: { $0.1.role == .application }) {
      return [
        Finding(
          severity: .problem, path: board.device.path,
          seen: "\(kind.title) \(ids(board)), without a DFU interface",
          why: "the board runs its program, not the bootloader",
          next: .applicationRuns, checklist: Hint.checklist)
      ]
    }
    if let (adapter, kind) = known.first(where: {
      $0.1.role == .serialAdapter
    }) {
      return [
        Finding(
          severity: .problem, path: adapter.device.path,
          seen: "\(kind.title) \(ids(adapter)), and no DFU device",
          why: "only the chip's own USB speaks DFU",
          next: .serialAdapter, checklist: Hint.checklist)
      ]
    }
    return [
      Finding(
        severity: .problem,
        seen:
          "no DFU device among \(counted(scene.devices.count, "USB device"))",
        why: "the board is not in its bootloader, or its USB does not work",
        next: .noDevice, checklist: Hint.checklist)
    ]
  }

  private func ids(_ seen: SeenDevice) -> String {
    "\(hex(seen.device.descriptor.vendor, 4, uppercase: false)):"
      + hex(seen.device.descriptor.product, 4, uppercase: false)
  }

  // MARK: Rules

  private func rules() -> [Finding] {
    guard scene.system == .linux else { return [] }
    return scene.ownRules.filter { !$0.isCurrent }.map {
      Finding(
        severity: .note, seen: "\($0.path) is of another version of dfuflash",
        why: "it may not know all devices that this version knows",
        next: .ruleOld)
    }
  }

  /// The rule lines that are about a device.
  private func rules(for seen: SeenDevice) -> [RuleLine] {
    let ids = seen.device.descriptor
    return scene.rules.filter {
      $0.vendor == hex(ids.vendor, 4, uppercase: false)
        && matches($0.product ?? "*", hex(ids.product, 4, uppercase: false))
    }
  }

  /// Alternatives of shell patterns, as udev compares them.
  private func matches(_ pattern: String, _ text: String) -> Bool {
    pattern.split(separator: "|").contains {
      unsafe fnmatch(String($0), text, 0) == 0
    }
  }

  private func permission(_ seen: SeenDevice) -> Finding {
    let severity: Finding.Severity = seen.dfuInterface == nil ? .note : .problem
    let node = seen.node.map { "\($0.path) is \($0.text)" }
    let name = "\(ids(seen)) may not be opened"
    let what = node.map { "\(name): \($0)" } ?? name
    let about = rules(for: seen)
    if let late = about.first(where: \.isLate),
      !about.contains(where: { !$0.isLate })
    {
      let name = late.file.split(separator: "/").last.map(String.init) ?? ""
      let better = "\(UdevRules.folder)/60-\(name.drop { !$0.isLetter })"
      return Finding(
        severity: severity, path: seen.device.path,
        seen: "\(what), although \(late.file) is about it",
        why: "the tag uaccess counts only in files that sort before 73",
        next: .ruleLate(late.file, better))
    }
    // This program's rules are also about interfaces, whatever the ids.
    let own = seen.dfuInterface == nil ? nil : scene.ownRules.first?.path
    if let rule = about.first?.file ?? own {
      return Finding(
        severity: severity, path: seen.device.path,
        seen: "\(what), although \(rule) is about it",
        why: "rules count when a device is plugged in, for who sits here",
        next: .ruleNotApplied)
    }
    return Finding(
      severity: severity, path: seen.device.path,
      seen: what + (scene.system == .linux ? ", and no udev rule is" : ""),
      why: "the system keeps users from devices it has no rule for; the rule: "
        + UdevRules.rule(seen.device.descriptor),
      next: .noPermission(seen.device.descriptor))
  }

  // MARK: One device

  private func device(_ seen: SeenDevice) -> [Finding] {
    guard let board = seen.board else { return [] }
    var found = access(seen, board)
    if found.isEmpty { found += state(seen, board) }
    found += speed(seen, board)
    found += runtime(seen, board)
    guard let interface = seen.dfuInterface else { return found }
    found += layout(seen, board, interface)
    if let knowledge = seen.knowledge { found += troubles(seen, knowledge) }
    return found
  }

  private func access(_ seen: SeenDevice, _ board: Board) -> [Finding] {
    if seen.dfuInterface == nil,
      board.interfaces.allSatisfy({ board.isUnrelated($0) })
    {
      return []
    }
    if board.problem?.code == .access
      || seen.node?.isAccessible == false && seen.dfuInterface != nil
    {
      return [permission(seen)]
    }
    let path = board.path
    guard seen.dfuInterface != nil else { return [] }
    if let other = board.otherProtocol {
      return [
        Finding(
          severity: .warning, path: path,
          seen: "\(ids(seen)) shows a DFU interface but speaks \(other)",
          why: "dfuflash cannot flash it", next: .otherProtocol)
      ]
    }
    let number = seen.dfuInterface?.number
    if let driver = seen.drivers.first(where: { $0.number == number }) {
      if driver.name == "usbfs" { return [busy(seen, path)] }
      if scene.system == .windows {
        return windows(driver, path)
      }
      return [
        Finding(
          severity: .problem, path: path,
          seen: "the kernel driver \(driver.name) holds \(driver.interface)",
          why: "two cannot speak with one interface",
          next: .driverBound(driver.name, driver.interface))
      ]
    }
    let trouble = seen.look?.claim ?? board.problem
    switch trouble?.code {
    case nil: return []
    case .access?: return [permission(seen)]
    case .busy?: return [busy(seen, path)]
    case .notSupported? where scene.system == .windows,
      .notFound? where scene.system == .windows:
      return windows(nil, path)
    case .noDevice?, .notFound?:
      return [
        Finding(
          severity: .problem, path: path,
          seen: "it left the bus while it was looked at",
          why: "a loose cable, or a bootloader that starts over",
          next: .gone)
      ]
    case .pipe?:
      return [
        Finding(
          severity: .problem, path: path,
          seen: "it stalls requests it must know",
          why: "a wrong crystal, a drifting clock or a bad cable does that",
          next: .stalled)
      ]
    case let code?:
      return [
        Finding(
          severity: .problem, path: path,
          seen: "it does not answer"
            + " (\(code.name))",
          why: "a cable, a port or a crystal that does not do",
          next: .noAnswer)
      ]
    }
  }

  private func busy(_ seen: SeenDevice, _ path: String) -> Finding {
    let who = seen.holders.isEmpty ? "" : ": " + listed(seen.holders)
    return Finding(
      severity: .problem, path: path,
      seen: "another program holds the interface\(who)",
      why: "only one program at a time can speak DFU with a board",
      next: .busy)
  }

  private func windows(_ driver: BoundDriver?, _ path: String) -> [Finding] {
    if let driver, ["WinUSB", "libusbK", "libusb0"].contains(driver.name) {
      return []
    }
    return [
      Finding(
        severity: .problem, path: path,
        seen: driver.map { "it has the driver \($0.name)" }
          ?? "it has no driver that libusb can use",
        why: "libusb speaks through WinUSB; ST's old STTub30 keeps it out",
        next: .windowsDriver)
    ]
  }

  private func state(_ seen: SeenDevice, _ board: Board) -> [Finding] {
    guard let look = seen.look else { return [] }
    let path = board.path
    if let problem = look.problem {
      var next = Hint.noAnswer
      if case .usb(let error) = problem.reason, error.code == .pipe {
        next = .stalled
      }
      return [
        Finding(
          severity: .problem, path: path, seen: "\(problem)",
          why: "a board that does not answer now will not take a firmware",
          next: next)
      ]
    }
    var found: [Finding] = []
    if look.state == .error {
      let meaning = look.status.map {
        ", \($0.status.name): \($0.status.meaning)"
      }
      found.append(
        Finding(
          severity: .note, path: path,
          seen: "it is in dfuERROR"
            + (meaning ?? ""),
          why: "an earlier transfer ended badly, or it begins that way",
          next: .inError))
    } else if let state = look.state, state != .idle {
      found.append(
        Finding(
          severity: .warning, path: path, seen: "it is in \(state)",
          why: "a transfer is under way, or was broken off",
          next: .transferUnderWay))
    }
    if look.protection == .on {
      found.append(
        Finding(
          severity: .problem, path: path,
          seen: "its flash cannot be read: readout protection is on",
          why: "a protected chip takes no firmware before it is erased",
          next: .readProtected(path)))
    }
    if look.firstWord == EmptyCheck.emptyWord,
      let knowledge = seen.knowledge, knowledge.shared.emptyCheck != .absent,
      !knowledge.identification.candidates.isEmpty
    {
      found.append(
        Finding(
          severity: .note, path: path, seen: "its flash is blank",
          why: "this chip then stays in DFU after resets until it is powered"
            + " anew, also when it has been flashed",
          next: .blankChip(path)))
    }
    return found
  }

  private func speed(_ seen: SeenDevice, _ board: Board) -> [Finding] {
    guard seen.device.speed == .low else { return [] }
    return [
      Finding(
        severity: .warning, path: board.path,
        seen: "it is on the bus at low speed, 1.5 Mbit/s",
        why: "DFU devices run at 12 Mbit/s and more; the data lines are bad",
        next: .lowSpeed)
    ]
  }

  private func runtime(_ seen: SeenDevice, _ board: Board) -> [Finding] {
    guard seen.dfuInterface == nil,
      let interface = board.interfaces.first
    else { return [] }
    if board.isUnrelated(interface) {
      return [
        Finding(
          severity: .note, path: board.path,
          seen: "\(title(seen)) shows a DFU interface",
          why: "other tools count it as a second board",
          next: .unrelatedDevice(board.path))
      ]
    }
    return [
      Finding(
        severity: scene.waiting.isEmpty ? .warning : .note, path: board.path,
        seen: "\(title(seen)) runs its program and can be sent to DFU mode",
        why: "flash does that by itself when it is the only board",
        next: .detach(board.path))
    ]
  }

  private func title(_ seen: SeenDevice) -> String {
    let name =
      seen.board?.product?.printable
      ?? KnownDevice.named(seen.device.descriptor)?.title
    return ids(seen) + (name.map { " (\($0))" } ?? "")
  }

  // MARK: What it shows of itself

  private func layout(
    _ seen: SeenDevice, _ board: Board, _ interface: DFUInterface
  ) -> [Finding] {
    var found: [Finding] = []
    for setting in interface.alternates {
      do throws(MemoryMapError) {
        _ = try setting.memory()
      } catch {
        found.append(
          Finding(
            severity: .warning, path: board.path,
            seen: "alternate setting \(setting.number) shows"
              + " \"\(setting.name?.printable ?? "")\": \(error.problem)",
            why: "without a layout that can be trusted no address is",
            next: .layoutBroken))
      }
    }
    if interface.functional == nil, board.problem == nil {
      found.append(
        Finding(
          severity: .warning, path: board.path,
          seen: "it has no DFU functional descriptor",
          why: "its transfer size is not known", next: .transferSizeUnknown))
    }
    if let knowledge = seen.knowledge,
      let family = knowledge.identification.family,
      knowledge.evidence.isSystemBootloader == true,
      knowledge.rules.trueFlash != nil
    {
      found.append(
        Finding(
          severity: .note, path: board.path,
          seen: "its layout string is known to be wrong on \(family.title)",
          why: "with the sectors it shows, the wrong ones would be erased",
          next: .layoutWrong))
    }
    return found
  }

  private func troubles(
    _ seen: SeenDevice, _ knowledge: BoardKnowledge
  ) -> [Finding] {
    // A hub between the two makes the pauses that the chip needs.
    let isDirect = seen.device.ports.count == 1
    var sentences: [String] = []
    return knowledge.errata.compactMap { applicable in
      let limit = applicable.erratum
      if sentences.contains(limit.sentence) { return nil }
      sentences.append(limit.sentence)
      let possible = applicable.certainty == .possible
      let chip = knowledge.identification.family?.title ?? "this bootloader"
      let why = "\(possible ? "may concern" : "concerns") \(chip)"
      if limit.consequences.contains(.pauseBetweenTransfers) {
        guard isDirect else { return nil }
        return Finding(
          severity: possible ? .note : .warning, path: seen.device.path,
          seen: "no hub between: \(limit.sentence)", why: why, next: .hub)
      }
      guard limit.occasion == .notFound || limit.occasion == .transferError,
        limit.consequences.contains(.hint)
      else { return nil }
      return Finding(
        severity: .note, path: seen.device.path, seen: limit.sentence,
        why: why,
        next: .romTrouble(
          "remember it when the board is not found or a transfer fails"))
    }
  }

  // MARK: Several boards

  private func identity() -> [Finding] {
    var found: [Finding] = []
    let waiting = scene.waiting
    if waiting.count > 1 {
      found.append(
        Finding(
          severity: .note,
          seen: "\(waiting.count) boards in DFU mode: "
            + listed(waiting.map(\.device.path)),
          why: "without a choice nothing is flashed",
          next: .severalBoards(waiting[0].device.path)))
    }
    var bySerial: [String: [String]] = [:]
    for seen in waiting {
      if let serial = seen.board?.serial?.raw, !serial.isEmpty {
        bySerial[serial, default: []].append(seen.device.path)
      }
    }
    for (serial, paths) in bySerial.sorted(by: { $0.key < $1.key })
    where paths.count > 1 {
      found.append(
        Finding(
          severity: .warning,
          seen: "the boards \(listed(paths)) share the serial number "
            + serial.escapingControls,
          why: "48 bits folded from 96 can be the same on two chips of a batch",
          next: .equalSerials(paths[0])))
    }
    for seen in waiting {
      if let constant = constantSerial(seen) {
        found.append(
          Finding(
            severity: .note, path: seen.device.path, seen: constant,
            why: "the serial number tells nothing of the single board",
            next: .constantSerial(seen.device.path)))
      }
    }
    return found
  }

  private func constantSerial(_ seen: SeenDevice) -> String? {
    guard let serial = seen.board?.serial?.raw else { return nil }
    if let known = NonUniqueSerial.known(serial) { return known.reason }
    guard let family = seen.knowledge?.identification.family,
      seen.knowledge?.evidence.isSystemBootloader == true
    else { return nil }
    return NonUniqueSerial(unstableSerialOf: family)?.reason
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
