internal import DFUCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension SystemSnapshot {
  /// What is wrong, the worst first; of equal findings in the order of devices.
  /// The same snapshot always has the same findings.
  public var findings: [Finding] {
    let diagnosis = Diagnosis(snapshot: self)
    let all =
      diagnosis.presence() + diagnosis.rules()
      + devices.flatMap(diagnosis.device) + diagnosis.identity()
    // A stable sort.
    return Finding.Severity.allCases.flatMap { severity in
      all.filter { $0.severity == severity }
    }
  }
}

/// From what was seen to what is wrong.
private struct Diagnosis {
  let snapshot: SystemSnapshot

  // MARK: What is there

  func presence() -> [Finding] {
    guard snapshot.waiting.isEmpty else { return [] }
    if snapshot.devices.isEmpty, snapshot.system == .linux {
      return [Finding(.problem, .noUSB)]
    }
    let isRunning = snapshot.boards.contains { seen in
      seen.board.map { board in
        board.interfaces.contains { !board.isUnrelated($0) }
      } ?? false
    }
    if isRunning { return [] }
    let roles: [KnownDevice.Role] = [.debugProbe, .application, .serialAdapter]
    for role in roles {
      for device in snapshot.devices.map(\.device) {
        if let kind = KnownDevice.named(device.descriptor), kind.role == role {
          var found = Finding(.problem, .onlyOther(kind, device.descriptor))
          found.path = device.path
          return [found]
        }
      }
    }
    return [Finding(.problem, .noBoard(devices: snapshot.devices.count))]
  }

  // MARK: Rules

  func rules() -> [Finding] {
    guard snapshot.system == .linux else { return [] }
    return snapshot.ownRules.filter { !$0.isCurrent }.map {
      Finding(.note, .otherRules(file: $0.path))
    }
  }

  /// The rule lines that are about a device.
  private func rules(for seen: DeviceSnapshot) -> [RuleLine] {
    let ids = seen.device.descriptor
    return snapshot.rules.filter {
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

  private func noAccess(_ seen: DeviceSnapshot) -> Finding {
    Finding(
      seen.dfuInterface == nil ? .note : .problem, seen.device.path,
      .noAccess(seen.device.descriptor, seen.node, denial(seen)))
  }

  private func denial(_ seen: DeviceSnapshot) -> Finding.Denial {
    let rules = rules(for: seen)
    if let late = rules.first(where: \.isLate), rules.allSatisfy(\.isLate) {
      return .ruleTooLate(file: late.file)
    }
    // This program's rules are also about interfaces, whatever the ids.
    let own = seen.dfuInterface == nil ? nil : snapshot.ownRules.first?.path
    if let file = rules.first?.file ?? own {
      return .ruleNotApplied(file: file)
    }
    return snapshot.system == .linux ? .noRule : .noUdev
  }

  // MARK: One device

  func device(_ seen: DeviceSnapshot) -> [Finding] {
    guard let board = seen.board else { return [] }
    var found = access(seen, board)
    if found.isEmpty { found += state(seen, board) }
    if seen.device.speed == .low {
      found.append(Finding(.warning, board.path, .lowSpeed))
    }
    guard let interface = seen.dfuInterface else {
      return found + running(seen, board)
    }
    found += layout(seen, board, interface)
    if let knowledge = seen.knowledge { found += errata(seen, knowledge) }
    return found
  }

  private func access(_ seen: DeviceSnapshot, _ board: Board) -> [Finding] {
    let path = board.path
    guard let interface = seen.dfuInterface else {
      return board.problem?.code == .access
        && !board.interfaces.allSatisfy(board.isUnrelated)
        ? [noAccess(seen)] : []
    }
    if board.problem?.code == .access || seen.node?.isAccessible == false {
      return [noAccess(seen)]
    }
    if let other = board.otherProtocol {
      return [
        Finding(.warning, path, .otherProtocol(seen.device.descriptor, other))
      ]
    }
    let drivers = seen.drivers.filter { $0.number == interface.number }
    if let driver = drivers.first {
      // usbfs is libusb in another program.
      return [
        Finding(
          .problem, path,
          driver.name == "usbfs" ? .busy(seen.holders) : .driverBound(driver))
      ]
    }
    switch (seen.probe?.claim ?? board.problem)?.code {
    case nil: return []
    case .access?: return [noAccess(seen)]
    case .busy?: return [Finding(.problem, path, .busy(seen.holders))]
    case .noDevice?, .notFound?: return [Finding(.problem, path, .gone)]
    case .pipe?: return [Finding(.problem, path, .stalls)]
    case let code?: return [Finding(.problem, path, .noAnswer(code))]
    }
  }

  private func state(_ seen: DeviceSnapshot, _ board: Board) -> [Finding] {
    guard let probe = seen.probe else { return [] }
    let path = board.path
    if let problem = probe.problem {
      return [Finding(.problem, path, .failed(problem))]
    }
    var found: [Finding] = []
    if probe.state == .error {
      found.append(Finding(.note, path, .inError(probe.status)))
    } else if let state = probe.state, state != .idle {
      found.append(Finding(.warning, path, .transferUnderWay(state)))
    }
    if probe.isProtected == true {
      found.append(Finding(.problem, path, .chip(.readProtected)))
    }
    if probe.firstWord == EmptyCheck.emptyWord,
      let knowledge = seen.knowledge, knowledge.shared.emptyCheck != .absent,
      !knowledge.identification.candidates.isEmpty
    {
      found.append(Finding(.note, path, .chip(.blankFlash)))
    }
    return found
  }

  private func running(_ seen: DeviceSnapshot, _ board: Board) -> [Finding] {
    guard let interface = board.interfaces.first else { return [] }
    let title =
      board.product?.printable
      ?? KnownDevice.named(seen.device.descriptor)?.title
    let name = seen.device.descriptor.ids + (title.map { " (\($0))" } ?? "")
    if board.isUnrelated(interface) {
      return [Finding(.note, board.path, .unrelatedDevice(name: name))]
    }
    return [
      Finding(
        snapshot.waiting.isEmpty ? .warning : .note, board.path,
        .running(name: name))
    ]
  }

  // MARK: What it shows of itself

  private func layout(
    _ seen: DeviceSnapshot, _ board: Board, _ interface: DFUInterface
  ) -> [Finding] {
    var found: [Finding] = []
    for setting in interface.alternates {
      do throws(MemoryMapError) {
        if try setting.memory()?.isCutOff == true {
          found.append(
            Finding(.note, board.path, .chip(.cutOffLayout(setting))))
        }
      } catch {
        found.append(
          Finding(.warning, board.path, .chip(.brokenLayout(setting, error))))
      }
    }
    if interface.functional == nil, board.problem == nil {
      found.append(
        Finding(.warning, board.path, .chip(.noFunctionalDescriptor)))
    }
    if let knowledge = seen.knowledge,
      let family = knowledge.identification.family,
      knowledge.evidence.isSystemBootloader == true,
      knowledge.rules.trueFlash != nil
    {
      found.append(
        Finding(.note, board.path, .chip(.wrongLayout(chip: family.title))))
    }
    return found
  }

  private func errata(
    _ seen: DeviceSnapshot, _ knowledge: BoardKnowledge
  ) -> [Finding] {
    // Behind a hub the host controller does not retry as quickly.
    let isDirect = seen.device.ports.count == 1
    var sentences: [String] = []
    return knowledge.errata.compactMap { applicable in
      let fact = applicable.erratum
      if sentences.contains(fact.sentence) { return nil }
      sentences.append(fact.sentence)
      let erratum = Finding.Erratum(
        sentence: fact.sentence,
        chip: knowledge.identification.family?.title,
        isCertain: applicable.certainty != .possible)
      if fact.consequences.contains(.pauseBetweenTransfers) {
        guard isDirect else { return nil }
        return Finding(
          erratum.isCertain ? .warning : .note, seen.device.path,
          .chip(.needsHub(erratum)))
      }
      guard fact.occasion == .notFound || fact.occasion == .transferError,
        fact.consequences.contains(.hint)
      else { return nil }
      return Finding(.note, seen.device.path, .chip(.erratum(erratum)))
    }
  }

  // MARK: Several boards

  func identity() -> [Finding] {
    var found: [Finding] = []
    let waiting = snapshot.waiting
    if waiting.count > 1 {
      found.append(Finding(.note, .severalBoards(waiting.map(\.device.path))))
    }
    var bySerial: [String: [String]] = [:]
    for seen in waiting {
      if let serial = seen.board?.serial?.raw, !serial.isEmpty {
        bySerial[serial, default: []].append(seen.device.path)
      }
    }
    for (serial, paths) in bySerial.sorted(by: { $0.key < $1.key })
    where paths.count > 1 {
      found.append(Finding(.warning, .equalSerials(serial, paths)))
    }
    for seen in waiting {
      if let reason = constantSerial(seen) {
        found.append(
          Finding(.note, seen.device.path, .chip(.constantSerial(reason))))
      }
    }
    return found
  }

  private func constantSerial(_ seen: DeviceSnapshot) -> String? {
    guard let serial = seen.board?.serial?.raw else { return nil }
    if let known = NonUniqueSerial.known(serial) { return known.reason }
    guard let family = seen.knowledge?.identification.family,
      seen.knowledge?.evidence.isSystemBootloader == true
    else { return nil }
    return NonUniqueSerial(unstableSerialOf: family)?.reason
  }
}
