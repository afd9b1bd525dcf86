import DFUCore
import DFUSimulator
import Testing

@testable import dfuflash

/// Each thing `doctor` can find, in a scene that has it. Scenes come from
/// simulated boards; what only a real system has is put into them.
@Suite struct DiagnosisTests {
  /// What a bench looks like to doctor.
  private func scene(
    _ boards: [(kind: String, more: String)]
  ) throws -> DoctorScene {
    let file = try TestBenchFile(boards)
    let bench = try Bench.load(file.file)
    return try SceneCollector(bus: bench.bus, system: nil).scene()
  }

  private func scene(_ kinds: String...) throws -> DoctorScene {
    try scene(kinds.map { ($0, "") })
  }

  private func finding(
    _ code: Hint.Code, in scene: DoctorScene,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Finding {
    let all = Diagnosis.findings(scene)
    return try #require(
      all.first { $0.next.code == code },
      "\(code.rawValue) is not among \(all.map(\.code))",
      sourceLocation: location)
  }

  private func codes(_ scene: DoctorScene) -> [String] {
    Diagnosis.findings(scene).map(\.code)
  }

  // MARK: Nothing to flash

  @Test func aHealthyBoardHasNoFindings() throws {
    let report = DoctorReport(try scene("f405"))
    #expect(report.findings.isEmpty)
    #expect(report.isHealthy)
  }

  @Test func noDeviceGivesTheChecklistOfTheBoard() throws {
    let found = try finding(.noDevice, in: try scene())
    #expect(found.severity == .problem)
    #expect(found.seen == "no DFU device among 0 USB devices")
    for word in ["BOOT0", "nBOOT0", "nSWBOOT0", "Connector", "Cable"] {
      #expect(
        found.checklist.contains { $0.contains(word) }, "no word of \(word)")
    }
  }

  @Test func aSystemWithoutUSBIsSaidToBeOne() throws {
    var scene = try scene()
    scene.system = .linux
    let found = try finding(.usbUnusable, in: scene)
    #expect(found.why.contains("container"))
    #expect(found.next.text.contains("/dev/bus/usb"))
  }

  @Test(
    arguments: KnownDevice.table.filter { $0.role == .debugProbe })
  func aDebugProbeAloneIsTheWrongConnector(_ probe: KnownDevice) throws {
    var scene = try scene("stlink")
    scene.devices[0].device.descriptor.vendor = probe.vendor
    scene.devices[0].device.descriptor.product = probe.products.lowerBound
    let found = try finding(.debugProbe, in: scene)
    #expect(found.path == "1-1")
    #expect(found.seen.hasPrefix(probe.title))
    #expect(found.next.text.contains("the debugger's connector"))
  }

  @Test func aDebugProbeBesideABoardIsNoFinding() throws {
    #expect(codes(try scene("stlink", "f405")) == [])
  }

  @Test func aSerialAdapterAloneCannotFlash() throws {
    var scene = try scene("stlink")
    scene.devices[0].device.descriptor.vendor = 0x1A86
    scene.devices[0].device.descriptor.product = 0x7523
    let found = try finding(.serialAdapter, in: scene)
    #expect(found.seen == "CH340 serial adapter 1a86:7523, and no DFU device")
  }

  @Test func aProgramWithoutDFUIsToldFromABootloader() throws {
    var scene = try scene("stlink")
    scene.devices[0].device.descriptor.product = 0x5740
    let found = try finding(.applicationRuns, in: scene)
    #expect(found.next.text.contains("BOOT0 high"))
  }

  @Test func aRunningProgramWithDFUCanBeDetached() throws {
    let scene = try scene([
      ("f405", #""application": "dfu", "state": {"mode": "application"}"#)
    ])
    let found = try finding(.detach, in: scene)
    #expect(found.severity == .warning)
    #expect(found.next.text == "to take it to DFU mode: dfuflash -e -p 1-1")
    #expect(codes(scene) == ["detach"])
  }

  @Test(arguments: ["camera", "apple-bluetooth"])
  func aBystanderIsNoBoard(_ kind: String) throws {
    let alone = try scene(kind)
    #expect(codes(alone) == ["no-device", "bystander"])
    let beside = try scene(kind, "f405")
    #expect(codes(beside) == ["bystander"])
    #expect(DoctorReport(beside).isHealthy)
  }

  @Test func aBystanderThatMayNotBeOpenedIsNoProblem() throws {
    let beside = try scene([("camera", #""deniedOpens": -1"#), ("f405", "")])
    #expect(codes(beside) == ["bystander"])
  }

  // MARK: Not let in

  private func denied() throws -> DoctorScene {
    var scene = try scene([("f405", #""deniedOpens": -1"#)])
    scene.system = .linux
    scene.devices[0].node = DeviceNode(
      path: "/dev/bus/usb/001/002", mode: 0o664, owner: "root", group: "root",
      isAccessible: false)
    return scene
  }

  @Test func withoutARuleTheRuleAndTheCommandAreGiven() throws {
    let found = try finding(.noPermission, in: try denied())
    #expect(found.severity == .problem)
    #expect(
      found.seen == "0483:df11 may not be opened: /dev/bus/usb/001/002 is "
        + "crw-rw-r-- root root, and no udev rule is")
    #expect(
      found.why.contains(
        #"ATTR{idVendor}=="0483", ATTR{idProduct}=="df11""#))
    #expect(found.next.text.contains("doctor --install-udev"))
  }

  @Test func aNodeThatIsReadOnlyIsFoundBeforeAnythingIsTried() throws {
    var scene = try scene("f405")
    scene.devices[0].node = DeviceNode(
      path: "/dev/bus/usb/001/002", mode: 0o644, owner: "root", group: "root",
      isAccessible: false)
    #expect(codes(scene) == ["no-permission"])
  }

  @Test func aRuleThatComesTooLateIsNamed() throws {
    var scene = try denied()
    scene.rules = [
      RuleLine(
        file: "/etc/udev/rules.d/99-stm32.rules", vendor: "0483",
        product: "df*", grantsUserAccess: true, setsMode: false)
    ]
    let found = try finding(.ruleLate, in: scene)
    #expect(
      found.next.text.hasPrefix(
        "sudo mv /etc/udev/rules.d/99-stm32.rules "
          + "/etc/udev/rules.d/60-stm32.rules"))
  }

  @Test func aRuleThatIsThereWantsAReplug() throws {
    var scene = try denied()
    scene.rules = [
      RuleLine(
        file: "/etc/udev/rules.d/50-x.rules", vendor: "0483",
        product: "df11|a291", grantsUserAccess: true, setsMode: true)
    ]
    let found = try finding(.ruleNotApplied, in: scene)
    #expect(found.seen.contains("although /etc/udev/rules.d/50-x.rules"))
    // A rule about another product is none about this one.
    scene.rules[0].product = "374?"
    _ = try finding(.noPermission, in: scene)
    // Our own rules are about whatever is in DFU mode.
    scene.ownRules = [OwnRules(path: "/x/60-dfuflash.rules", isCurrent: true)]
    _ = try finding(.ruleNotApplied, in: scene)
  }

  @Test func rulesOfAnotherVersionAreNoted() throws {
    var scene = try scene("f405")
    scene.system = .linux
    scene.ownRules = [OwnRules(path: "/x/60-dfuflash.rules", isCurrent: false)]
    #expect(try finding(.ruleOld, in: scene).severity == .note)
  }

  @Test func aBusyBoardNamesWhoHasIt() throws {
    var scene = try scene([("f405", #""busyClaims": -1"#)])
    #expect(
      try finding(.busy, in: scene).seen
        == "another program holds the interface")
    scene.devices[0].holders = ["dfu-util (process 12)", "x (process 3)"]
    #expect(
      try finding(.busy, in: scene).seen
        == "another program holds the interface: "
        + "dfu-util (process 12) and x (process 3)")
  }

  @Test func aDriverOnTheInterfaceIsToBeUnbound() throws {
    var scene = try scene("f405")
    scene.system = .linux
    scene.devices[0].drivers = [
      BoundDriver(interface: "1-1:1.0", number: 0, name: "cdc_acm")
    ]
    let found = try finding(.driverBound, in: scene)
    #expect(
      found.next.text
        == "echo -n 1-1:1.0 | sudo tee /sys/bus/usb/drivers/cdc_acm/unbind")
    // usbfs is libusb in another program; drivers elsewhere are no matter.
    scene.devices[0].drivers[0].name = "usbfs"
    _ = try finding(.busy, in: scene)
    scene.devices[0].drivers[0].number = 1
    #expect(codes(scene) == [])
  }

  @Test(arguments: ["STTub30", "WinUSB"])
  func onWindowsTheDriverDecides(_ driver: String) throws {
    var scene = try scene("f405")
    scene.system = .windows
    scene.devices[0].drivers = [
      BoundDriver(interface: "0", number: 0, name: driver)
    ]
    #expect(codes(scene) == (driver == "WinUSB" ? [] : ["windows-driver"]))
    scene.devices[0].drivers = []
    scene.devices[0].board?.problem = USBError(.notSupported, "open it")
    #expect(codes(scene) == ["windows-driver"])
  }

  @Test(arguments: [
    (USBError.Code.noDevice, Hint.Code.gone), (.pipe, .stalled),
    (.io, .noAnswer), (.timeout, .noAnswer),
  ])
  func aBoardThatCannotBeOpenedIsExplained(
    _ code: USBError.Code, _ hint: Hint.Code
  ) throws {
    var scene = try scene("f405")
    scene.devices[0].board?.problem = USBError(code, "open the device")
    scene.devices[0].look = nil
    #expect(try finding(hint, in: scene).severity == .problem)
  }

  // MARK: How the board is

  @Test func aBoardThatStallsIsNotHealthy() throws {
    let scene = try scene([
      (
        "f405",
        #""faults": [{"effect": "stall", "nth": 1, "of": "getStatus"}]"#
      )
    ])
    #expect(try finding(.stalled, in: scene).severity == .problem)
  }

  @Test func dfuErrorIsHarmlessAndStays() throws {
    let file = try TestBenchFile([
      ("f405", #""quirks": {"startsInError": true}"#)
    ])
    for _ in 0..<2 {
      // Looking does not clear it.
      let bench = try Bench.load(file.file)
      let scene = try SceneCollector(bus: bench.bus, system: nil).scene()
      let found = try finding(.inError, in: scene)
      #expect(found.severity == .note)
      #expect(found.seen.contains("errFIRMWARE"))
      try bench.save()
    }
  }

  @Test func aTransferThatWasBrokenOffIsSeen() throws {
    var scene = try scene("f405")
    scene.devices[0].look?.state = .downloadIdle
    let found = try finding(.transferUnderWay, in: scene)
    #expect(found.severity == .warning)
    #expect(found.seen.contains("dfuDNLOAD-IDLE"))
  }

  @Test func readoutProtectionIsAProblem() throws {
    let found = try finding(
      .readProtected, in: try scene([("l412", #""protection": 1"#)]))
    #expect(found.severity == .problem)
    #expect(found.next.text.contains("-s :unprotect:force"))
    #expect(found.next.text.contains("erases all"))
  }

  @Test func aBlankChipWithAnEmptyCheckWantsRelaunch() throws {
    #expect(
      try finding(.blankChip, in: try scene("g0b1")).next.text
        .contains("--relaunch"))
    // An F405 looks at its pins only.
    #expect(!codes(try scene("f405")).contains("blank-chip"))
  }

  @Test func lowSpeedIsABadLine() throws {
    var scene = try scene("f405")
    scene.devices[0].device.speed = .low
    #expect(try finding(.lowSpeed, in: scene).severity == .warning)
  }

  @Test func aHubIsAskedForOnlyWhereThereIsNone() throws {
    var scene = try scene("f072")
    #expect(try finding(.hub, in: scene).path == "1-1")
    scene.devices[0].device.ports = [1, 4]
    #expect(!codes(scene).contains("hub"))
  }

  @Test func theChipsCrystalIsAKnownTrouble() throws {
    let all = Diagnosis.findings(try scene("f303"))
    #expect(all.contains { $0.seen.contains("crystal") })
    #expect(all.allSatisfy { $0.severity == .note })
  }

  @Test func aLayoutThatIsNoneIsShown() throws {
    let scene = try scene([
      ("f405", #""alternates": ["@Internal Flash /0x08000000/2*016"]"#)
    ])
    let found = try finding(.layoutBroken, in: scene)
    #expect(found.severity == .warning)
    #expect(found.seen.contains("2*016"))
  }

  @Test func aLayoutThatLiesIsCorrected() throws {
    let found = try finding(.layoutWrong, in: try scene("gd32vf103"))
    #expect(found.severity == .note)
    #expect(found.seen.contains("GD32VF103"))
  }

  @Test func aMissingFunctionalDescriptorWantsATransferSize() throws {
    var scene = try scene("f405")
    scene.devices[0].board?.interfaces[0].functional = nil
    #expect(
      try finding(.transferSizeUnknown, in: scene).next.text.contains("-t"))
  }

  @Test func anotherProtocolBehindTheInterfaceIsNamed() throws {
    var scene = try scene("plain11")
    scene.devices[0].board?.interfaces[0].mode = .dfu
    scene.devices[0].board?.device.descriptor.vendor = 0x03EB
    scene.devices[0].board?.device.descriptor.product = 0x2FF4
    #expect(
      try finding(.otherProtocol, in: scene).seen.contains("dfu-programmer"))
  }

  // MARK: Several

  @Test func severalBoardsAreANote() throws {
    let found = try finding(.severalBoards, in: try scene("f405", "l412"))
    #expect(found.severity == .note)
    #expect(found.seen == "2 boards in DFU mode: 1-1 and 1-2")
  }

  @Test func equalSerialsAreAWarning() throws {
    let found = try finding(
      .equalSerials,
      in: try scene([
        ("f405", #""serial": "AB\u0007C""#),
        ("f405", #""serial": "AB\u0007C""#), ("l412", ""),
      ]))
    #expect(found.severity == .warning)
    #expect(found.seen.hasPrefix("the boards 1-1 and 1-2 share"))
    #expect(!found.seen.unicodeScalars.contains("\u{7}"))
  }

  @Test(arguments: ["h743", "f446", "f107", "at32", "f042"])
  func serialsThatAllChipsShareAreNoted(_ kind: String) throws {
    #expect(
      try finding(.constantSerial, in: try scene(kind)).next.text
        == "choose the board by its port: -p 1-1")
  }

  // MARK: The report

  @Test func theWorstComesFirst() throws {
    let severities = Diagnosis.findings(
      try scene([
        ("camera", ""), ("f405", #""serial": "A""#),
        ("f405", #""serial": "A""#), ("l412", #""protection": 1"#),
      ])
    ).map(\.severity)
    #expect(severities == severities.sorted())
    #expect(Set(severities).count == 3)
  }

  @Test func nothingIsWiderThanTheTerminal() throws {
    let terminal = Terminal(width: 80, hasColour: false, hasUTF8: true)
    let text = DoctorReport(try scene("camera", "h743", "f303")).text(terminal)
    for line in text.split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test func theReportOfEveryKindOfBoardIsPlainText() throws {
    for profile in BoardProfile.all {
      let report = DoctorReport(try scene(profile.name))
      let text = report.text(
        Terminal(width: nil, hasColour: false, hasUTF8: true))
      #expect(!text.contains("\u{1B}"), "\(profile.name)")
      #expect(text.hasPrefix("USB: 1 device, "))
      for finding in report.findings {
        #expect(!finding.seen.isEmpty && !finding.why.isEmpty)
        #expect(!finding.next.text.contains("\n"))
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
    _ = try SceneCollector(bus: bench.bus, system: nil).scene()
    let after = bench.boards.map {
      $0.board.memory(at: 0x0800_0000, count: 16_384)
    }
    #expect(before.contains { $0 != nil })
    #expect(before == after)
    // And each is where it was: a second look sees the same.
    let first = try SceneCollector(bus: bench.bus, system: nil).scene()
    let second = try SceneCollector(bus: bench.bus, system: nil).scene()
    #expect(
      first.devices.map { $0.look?.state }
        == second.devices.map {
          $0.look?.state
        })
  }
}
