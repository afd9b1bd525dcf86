import DFUCore
import DFUSimulator
import Foundation
import Testing

@testable import DFUDoctor
@testable import dfuflash

/// Each thing `doctor` can find, in a snapshot that has it. Scenes come from
/// simulated boards; what only a real system has is put into them.
@Suite struct DiagnosisTests {
  /// What a bench looks like to doctor.
  private func snapshot(
    _ boards: [(kind: String, more: String)]
  ) throws -> SystemSnapshot {
    let file = try TestBenchFile(boards)
    let bench = try Bench.load(file.file)
    return try SystemSnapshot(of: bench.bus, nil)
  }

  private func snapshot(_ kinds: String...) throws -> SystemSnapshot {
    try snapshot(kinds.map { ($0, "") })
  }

  /// The page that explains each code.
  private static let document: String = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../docs/troubleshooting.md")
    return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  }()

  private func finding(
    _ code: String, in snapshot: SystemSnapshot,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Finding {
    let all = snapshot.findings
    #expect(
      Self.document.contains("| `\(code)` |"), "\(code) is not explained",
      sourceLocation: location)
    return try #require(
      all.first { $0.text.code == code },
      "\(code) is not among \(all.map(\.text.code))",
      sourceLocation: location)
  }

  private func codes(_ snapshot: SystemSnapshot) -> [String] {
    snapshot.findings.map(\.text.code)
  }

  // MARK: Nothing to flash

  @Test func aHealthyBoardHasNoFindings() throws {
    let report = DoctorReport(try snapshot("f405"))
    #expect(report.findings.isEmpty)
    #expect(report.isHealthy)
  }

  @Test func noDeviceGivesTheChecklistOfTheBoard() throws {
    let found = try finding("no-device", in: try snapshot())
    #expect(found.severity == .problem)
    #expect(found.text.seen == "no DFU device among 0 USB devices")
    for word in ["BOOT0", "nBOOT0", "nSWBOOT0", "Connector", "Cable"] {
      #expect(
        found.text.checklist.contains { $0.contains(word) },
        "no word of \(word)")
    }
  }

  @Test func aSystemWithoutUSBIsSaidToBeOne() throws {
    var snapshot = try snapshot()
    snapshot.system = .linux
    let found = try finding("usb-unusable", in: snapshot)
    #expect(found.text.why.contains("container"))
    #expect(found.text.next.text.contains("/dev/bus/usb"))
  }

  @Test(
    arguments: KnownDevice.table.filter { $0.role == .debugProbe })
  func aDebugProbeAloneIsTheWrongConnector(_ probe: KnownDevice) throws {
    var snapshot = try snapshot("stlink")
    snapshot.devices[0].device.descriptor.vendor = probe.vendor
    snapshot.devices[0].device.descriptor.product = probe.products.lowerBound
    let found = try finding("debug-probe", in: snapshot)
    #expect(found.path == "1-1")
    #expect(found.text.seen.hasPrefix(probe.title))
    #expect(found.text.next.text.contains("the debugger's connector"))
  }

  @Test func aDebugProbeBesideABoardIsNoFinding() throws {
    #expect(codes(try snapshot("stlink", "f405")) == [])
  }

  @Test func aSerialAdapterAloneCannotFlash() throws {
    var snapshot = try snapshot("stlink")
    snapshot.devices[0].device.descriptor.vendor = 0x1A86
    snapshot.devices[0].device.descriptor.product = 0x7523
    let found = try finding("serial-adapter", in: snapshot)
    #expect(
      found.text.seen == "CH340 serial adapter 1a86:7523, and no DFU device")
  }

  @Test func aProgramWithoutDFUIsToldFromABootloader() throws {
    var snapshot = try snapshot("stlink")
    snapshot.devices[0].device.descriptor.product = 0x5740
    let found = try finding("application-runs", in: snapshot)
    #expect(found.text.next.text.contains("BOOT0 high"))
  }

  @Test func aRunningProgramWithDFUCanBeDetached() throws {
    let snapshot = try snapshot([
      ("f405", #""application": "dfu", "state": {"mode": "application"}"#)
    ])
    let found = try finding("detach", in: snapshot)
    #expect(found.severity == .warning)
    #expect(
      found.text.next.text == "to take it to DFU mode: dfuflash -e -p 1-1")
    #expect(codes(snapshot) == ["detach"])
  }

  @Test(arguments: ["camera", "apple-bluetooth"])
  func anUnrelatedDeviceIsNoBoard(_ kind: String) throws {
    let alone = try snapshot(kind)
    #expect(codes(alone) == ["no-device", "unrelated-device"])
    let beside = try snapshot(kind, "f405")
    #expect(codes(beside) == ["unrelated-device"])
    #expect(DoctorReport(beside).isHealthy)
  }

  @Test func anUnrelatedDeviceThatMayNotBeOpenedIsNoProblem() throws {
    let beside = try snapshot([("camera", #""deniedOpens": -1"#), ("f405", "")])
    #expect(codes(beside) == ["unrelated-device"])
  }

  // MARK: Not let in

  private func denied() throws -> SystemSnapshot {
    var snapshot = try snapshot([("f405", #""deniedOpens": -1"#)])
    snapshot.system = .linux
    snapshot.devices[0].node = DeviceNode(
      path: "/dev/bus/usb/001/002", mode: 0o664, owner: "root", group: "root",
      isAccessible: false)
    return snapshot
  }

  @Test func withoutARuleTheRuleAndTheCommandAreGiven() throws {
    let found = try finding("no-permission", in: try denied())
    #expect(found.severity == .problem)
    #expect(
      found.text.seen == "0483:df11 may not be opened: /dev/bus/usb/001/002 is "
        + "crw-rw-r-- root root, and no udev rule is")
    #expect(
      found.text.why.contains(
        #"ATTR{idVendor}=="0483", ATTR{idProduct}=="df11""#))
    #expect(found.text.next.text.contains("doctor --install-udev"))
  }

  @Test func aNodeThatIsReadOnlyIsFoundBeforeAnythingIsTried() throws {
    var snapshot = try snapshot("f405")
    snapshot.devices[0].node = DeviceNode(
      path: "/dev/bus/usb/001/002", mode: 0o644, owner: "root", group: "root",
      isAccessible: false)
    #expect(codes(snapshot) == ["no-permission"])
  }

  @Test func aRuleThatComesTooLateIsNamed() throws {
    var snapshot = try denied()
    snapshot.rules = [
      RuleLine(
        file: "/etc/udev/rules.d/99-stm32.rules", vendor: "0483",
        product: "df*", grantsUserAccess: true, setsMode: false)
    ]
    let found = try finding("rule-late", in: snapshot)
    #expect(
      found.text.next.text.hasPrefix(
        "sudo mv /etc/udev/rules.d/99-stm32.rules "
          + "/etc/udev/rules.d/60-stm32.rules"))
  }

  @Test func aRuleThatIsThereWantsAReplug() throws {
    var snapshot = try denied()
    snapshot.rules = [
      RuleLine(
        file: "/etc/udev/rules.d/50-x.rules", vendor: "0483",
        product: "df11|a291", grantsUserAccess: true, setsMode: true)
    ]
    let found = try finding("rule-not-applied", in: snapshot)
    #expect(found.text.seen.contains("although /etc/udev/rules.d/50-x.rules"))
    // A rule about another product is none about this one.
    snapshot.rules[0].product = "374?"
    _ = try finding("no-permission", in: snapshot)
    // Our own rules are about whatever is in DFU mode.
    snapshot.ownRules = [
      OwnRules(path: "/x/60-dfuflash.rules", isCurrent: true)
    ]
    _ = try finding("rule-not-applied", in: snapshot)
  }

  @Test func rulesOfAnotherVersionAreNoted() throws {
    var snapshot = try snapshot("f405")
    snapshot.system = .linux
    snapshot.ownRules = [
      OwnRules(path: "/x/60-dfuflash.rules", isCurrent: false)
    ]
    #expect(try finding("rule-old", in: snapshot).severity == .note)
  }

  @Test func aBusyBoardNamesWhoHasIt() throws {
    var snapshot = try snapshot([("f405", #""busyClaims": -1"#)])
    #expect(
      try finding("busy", in: snapshot).text.seen
        == "another program holds the interface")
    snapshot.devices[0].holders = [
      ProcessName(name: "dfu-util", process: "12"),
      ProcessName(name: "x", process: "3"),
    ]
    #expect(
      try finding("busy", in: snapshot).text.seen
        == "another program holds the interface: "
        + "dfu-util (process 12) and x (process 3)")
  }

  @Test func aDriverOnTheInterfaceIsToBeUnbound() throws {
    var snapshot = try snapshot("f405")
    snapshot.system = .linux
    snapshot.devices[0].drivers = [
      BoundDriver(interface: "1-1:1.0", number: 0, name: "cdc_acm")
    ]
    let found = try finding("driver-bound", in: snapshot)
    #expect(
      found.text.next.text
        == "echo -n 1-1:1.0 | sudo tee /sys/bus/usb/drivers/cdc_acm/unbind")
    // usbfs is libusb in another program; drivers elsewhere are no matter.
    snapshot.devices[0].drivers[0].name = "usbfs"
    _ = try finding("busy", in: snapshot)
    snapshot.devices[0].drivers[0].number = 1
    #expect(codes(snapshot) == [])
  }

  @Test(arguments: [
    (USBError.Code.noDevice, "gone"), (.pipe, "stalled"), (.io, "no-answer"),
    (.timeout, "no-answer"),
  ])
  func aBoardThatCannotBeOpenedIsExplained(
    _ code: USBError.Code, _ name: String
  ) throws {
    var snapshot = try snapshot("f405")
    snapshot.devices[0].board?.problem = USBError(code, "open the device")
    snapshot.devices[0].probe = nil
    #expect(try finding(name, in: snapshot).severity == .problem)
  }

  // MARK: How the board is

  @Test func aBoardThatStallsIsNotHealthy() throws {
    let snapshot = try snapshot([
      (
        "f405",
        #""faults": [{"effect": "stall", "nth": 1, "of": "getStatus"}]"#
      )
    ])
    #expect(try finding("stalled", in: snapshot).severity == .problem)
  }

  @Test func dfuErrorIsHarmlessAndStays() throws {
    let file = try TestBenchFile([
      ("f405", #""quirks": {"startsInError": true}"#)
    ])
    for _ in 0..<2 {
      // Looking does not clear it.
      let bench = try Bench.load(file.file)
      let snapshot = try SystemSnapshot(of: bench.bus, nil)
      let found = try finding("in-error", in: snapshot)
      #expect(found.severity == .note)
      #expect(found.text.seen.contains("errFIRMWARE"))
      try bench.save()
    }
  }

  @Test func aTransferThatWasBrokenOffIsSeen() throws {
    var snapshot = try snapshot("f405")
    snapshot.devices[0].probe?.state = .downloadIdle
    let found = try finding("transfer-under-way", in: snapshot)
    #expect(found.severity == .warning)
    #expect(found.text.seen.contains("dfuDNLOAD-IDLE"))
  }

  @Test func readoutProtectionIsAProblem() throws {
    let found = try finding(
      "read-protected", in: try snapshot([("l412", #""protection": 1"#)]))
    #expect(found.severity == .problem)
    #expect(found.text.next.text.contains("-s :unprotect:force"))
    #expect(found.text.next.text.contains("erases all"))
  }

  /// A loader that refuses to have itself read, or has no UPLOAD, is healthy,
  /// and errVENDOR of one that is no ROM is not readout protection.
  @Test(arguments: [
    ("blackmagic-f103", ""), ("libopencm3", ""),
    (
      "blackmagic-f103",
      #""quirks": {"failureStatus": 11, "badAddressStatus": 11}"#
    ),
  ])
  func whatALoaderRefusesIsNoProblem(kind: String, more: String) throws {
    let report = DoctorReport(try snapshot([(kind, more)]))
    #expect(report.isHealthy, "\(codes(report.snapshot))")
    #expect(!codes(report.snapshot).contains("read-protected"))
  }

  @Test func aBlankChipWithAnEmptyCheckWantsRelaunch() throws {
    #expect(
      try finding("blank-chip", in: try snapshot("g0b1")).text.next.text
        .contains("--relaunch"))
    // An F405 looks at its pins only.
    #expect(!codes(try snapshot("f405")).contains("blank-chip"))
  }

  @Test func lowSpeedIsABadLine() throws {
    var snapshot = try snapshot("f405")
    snapshot.devices[0].device.speed = .low
    #expect(try finding("low-speed", in: snapshot).severity == .warning)
  }

  @Test func aHubIsAskedForOnlyWhereThereIsNone() throws {
    var snapshot = try snapshot("f072")
    #expect(try finding("hub", in: snapshot).path == "1-1")
    snapshot.devices[0].device.ports = [1, 4]
    #expect(!codes(snapshot).contains("hub"))
  }

  @Test func theChipsCrystalIsAKnownTrouble() throws {
    let all = try snapshot("f303").findings
    #expect(all.contains { $0.text.seen.contains("crystal") })
    #expect(all.allSatisfy { $0.severity == .note })
  }

  @Test func aLayoutThatIsNoneIsShown() throws {
    let snapshot = try snapshot([
      ("f405", #""alternates": ["@Internal Flash /0x08000000/2*016"]"#)
    ])
    let found = try finding("layout-broken", in: snapshot)
    #expect(found.severity == .warning)
    #expect(found.text.seen.contains("2*016"))
  }

  @Test func aLayoutThatLiesIsCorrected() throws {
    let found = try finding("layout-wrong", in: try snapshot("gd32vf103"))
    #expect(found.severity == .note)
    #expect(found.text.seen.contains("GD32VF103"))
  }

  @Test func aMissingFunctionalDescriptorWantsATransferSize() throws {
    var snapshot = try snapshot("f405")
    snapshot.devices[0].board?.interfaces[0].functional = nil
    #expect(
      try finding("transfer-size-unknown", in: snapshot).text.next.text
        .contains("-t"))
  }

  @Test func anotherProtocolBehindTheInterfaceIsNamed() throws {
    var snapshot = try snapshot("plain11")
    snapshot.devices[0].board?.interfaces[0].mode = .dfu
    snapshot.devices[0].board?.device.descriptor.vendor = 0x03EB
    snapshot.devices[0].board?.device.descriptor.product = 0x2FF4
    #expect(
      try finding("other-protocol", in: snapshot).text.seen.contains(
        "dfu-programmer"))
  }

  // MARK: Several

  @Test func severalBoardsAreANote() throws {
    let found = try finding("several-boards", in: try snapshot("f405", "l412"))
    #expect(found.severity == .note)
    #expect(found.text.seen == "2 boards in DFU mode: 1-1 and 1-2")
  }

  @Test func equalSerialsAreAWarning() throws {
    let found = try finding(
      "equal-serials",
      in: try snapshot([
        ("f405", #""serial": "AB\u0007C""#),
        ("f405", #""serial": "AB\u0007C""#), ("l412", ""),
      ]))
    #expect(found.severity == .warning)
    #expect(found.text.seen.hasPrefix("the boards 1-1 and 1-2 share"))
    #expect(!found.text.seen.unicodeScalars.contains("\u{7}"))
  }

  @Test(arguments: ["h743", "f446", "f107", "at32", "f042"])
  func serialsThatAllChipsShareAreNoted(_ kind: String) throws {
    #expect(
      try finding("constant-serial", in: try snapshot(kind)).text.next.text
        == "choose the board by its port: -p 1-1")
  }

  // MARK: The report

  @Test func theWorstComesFirst() throws {
    let severities = try snapshot([
      ("camera", ""), ("f405", #""serial": "A""#),
      ("f405", #""serial": "A""#), ("l412", #""protection": 1"#),
    ]).findings.map(\.severity)
    let order = Finding.Severity.allCases
    #expect(
      severities
        == order.flatMap { worst in
          severities.filter { $0 == worst }
        })
    #expect(Set(severities).count == 3)
  }

  @Test func nothingIsWiderThanTheTerminal() throws {
    let terminal = Terminal(width: 80, hasColour: false, hasUTF8: true)
    let text = DoctorReport(try snapshot("camera", "h743", "f303")).text(
      terminal)
    for line in text.split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test func theReportOfEveryKindOfBoardIsPlainText() throws {
    for profile in BoardProfile.all {
      let report = DoctorReport(try snapshot(profile.name))
      let text = report.text(
        Terminal(width: nil, hasColour: false, hasUTF8: true))
      #expect(!text.contains("\u{1B}"), "\(profile.name)")
      #expect(text.hasPrefix("USB: 1 device, "))
      for finding in report.findings {
        #expect(!finding.text.seen.isEmpty && !finding.text.why.isEmpty)
        #expect(!finding.text.next.text.contains("\n"))
      }
    }
  }

  @Test func lookingChangesNoBoard() throws {
    let file = try TestBenchFile(
      BoardProfile.all.map { ($0.name, #""application": "dfu""#) })
    let bench = try Bench.load(file.file)
    let before = bench.boards.map {
      $0.board.memory(at: 0x0800_0000, count: 16_384)
    }
    _ = try SystemSnapshot(of: bench.bus, nil)
    let after = bench.boards.map {
      $0.board.memory(at: 0x0800_0000, count: 16_384)
    }
    #expect(before.contains { $0 != nil })
    #expect(before == after)
    // And each is where it was: a second look sees the same.
    let first = try SystemSnapshot(of: bench.bus, nil)
    let second = try SystemSnapshot(of: bench.bus, nil)
    #expect(
      first.devices.map { $0.probe?.state }
        == second.devices.map {
          $0.probe?.state
        })
  }
}
