import DFUCore
import Foundation
import Testing

@testable import dfuflash

/// `doctor` as it is run, the udev rules, and the system's facts.
@Suite struct DoctorCommandTests {
  // MARK: Runs

  @Test func aHealthyBenchEndsWithZero() throws {
    let run = try Program.run(["doctor"], bench: try TestBenchFile("f405"))
    #expect(run.status == 0)
    #expect(run.text.hasPrefix("USB: 1 device, 1 board in DFU mode.\n"))
    #expect(
      run.text.hasSuffix("Healthy: nothing stands in the way of flashing.\n"))
    #expect(run.err.isEmpty)
  }

  @Test func findingsEndWithOne() throws {
    let run = try Program.run(["doctor"], bench: try TestBenchFile("stlink"))
    #expect(run.status == 1)
    #expect(run.text.contains("problem: debug-probe, board 1-1\n"))
    #expect(!run.text.contains("\u{1B}"))
    #expect(run.err.isEmpty)
  }

  /// What each finding says on the screen, in scenes of the virtual bench.
  /// What only a real system has is in DiagnosisTests and
  /// Tests/Kernel/guest/doctor.sh.
  @Test(arguments: [
    ("stlink", "", "problem: debug-probe", "the debugger's connector"),
    (
      "f405", #""application": "dfu", "state": {"mode": "application"}"#,
      "warning: detach", "dfuflash -e -p 1-1"
    ),
    (
      "f405", #""deniedOpens": -1"#, "problem: no-permission",
      "doctor --install-udev"
    ),
    (
      "f405", #""busyClaims": -1"#, "problem: busy",
      "seen: another program holds the interface"
    ),
    (
      "f405", #""quirks": {"startsInError": true}"#, "note: in-error",
      "seen: it is in dfuERROR, errFIRMWARE"
    ),
    (
      "l412", #""protection": 1"#, "problem: read-protected",
      "lifting it erases all of the chip's flash"
    ),
    ("gd32vf103", "", "note: layout-wrong", "its layout string is known"),
    (
      "f405", #""alternates": ["@Internal Flash /0x08000000/2*016"]"#,
      "warning: layout-broken", "alternate setting 0 shows"
    ),
    ("f072", "", "hub, board 1-1", "put a USB hub between"),
    ("f303", "", "note: rom-trouble", "crystal"),
    ("h743", "", "note: constant-serial", "-p 1-1"),
    ("g0b1", "", "note: blank-chip", "dfuflash flash -p 1-1 --relaunch FILE"),
    ("camera", "", "note: bystander", "nothing to do"),
    (
      "f405", #""faults": [{"effect": "stall", "nth": 1, "of": "getStatus"}]"#,
      "problem: stalled", "unplug the board"
    ),
    (
      "f405", #""quirks": {"functionalDescriptor": "missing"}"#,
      "warning: transfer-size-unknown", "-t 1024"
    ),
    ("f405", "", "12 Mbit/s", "directly at the computer"),
  ])
  func whatIsSaid(
    _ kind: String, _ more: String, _ head: String, _ text: String
  ) throws {
    let run = try Program.run(
      ["doctor"], bench: try TestBenchFile([(kind, more)]))
    #expect(run.text.contains(head), "\(run.text)")
    #expect(run.text.contains(text), "\(run.text)")
    #expect(run.err.isEmpty)
    let isHealthy =
      !run.text.contains("problem: ")
      && !run.text.contains("warning: ")
    #expect(run.status == (isHealthy ? 0 : 1))
  }

  @Test func severalBoardsAndEqualSerialsAreSaid() throws {
    let run = try Program.run(
      ["doctor"],
      bench: try TestBenchFile([
        ("f405", #""serial": "A""#), ("f405", #""serial": "A""#),
      ]))
    #expect(run.status == 1)
    #expect(run.text.contains("note: several-boards\n"))
    #expect(run.text.contains("seen: 2 boards in DFU mode: 1-1 and 1-2\n"))
    #expect(run.text.contains("warning: equal-serials\n"))
    #expect(run.text.contains("share the serial number A\n"))
  }

  @Test func jsonIsForPrograms() throws {
    let bench = try TestBenchFile([
      ("l412", #""protection": 1"#), ("camera", ""),
    ])
    let run = try Program.run(["doctor", "--json"], bench: bench)
    #expect(run.status == 1)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(run.out))
        as? [String: Any])
    #expect(json["healthy"] as? Bool == false)
    let findings = try #require(json["findings"] as? [[String: Any]])
    #expect(
      findings.map { $0["code"] as? String }
        .starts(with: ["read-protected"]))
    let devices = try #require(json["devices"] as? [[String: Any]])
    #expect(devices.map { $0["mode"] as? String } == ["dfu", "runtime"])
    #expect(devices[0]["readProtected"] as? Bool == true)
  }

  // MARK: udev

  @Test func theRulesFileIsMadeOfTheTable() throws {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent(
        "../../../udev/60-dfuflash.rules")
    #expect(
      try String(contentsOf: file, encoding: .utf8) == UdevRules.text,
      "run: dfuflash doctor --print-udev > udev/60-dfuflash.rules")
  }

  @Test func everyDeviceOfTheTableHasARule() throws {
    let lines = RuleLine.lines(of: UdevRules.text, file: "60-dfuflash.rules")
    for device in KnownDevice.table
    where device.role == .dfu || device.role == .runtime {
      for product in device.products {
        #expect(
          lines.contains {
            $0.vendor == hex(device.vendor, 4, uppercase: false)
              && $0.product != nil
              && ($0.product?.split(separator: "|").contains {
                zip($0, hex(product, 4, uppercase: false)).allSatisfy {
                  $0 == "?" || $0 == $1
                }
              } ?? false)
          })
      }
    }
    #expect(lines.allSatisfy { $0.grantsUserAccess && $0.setsMode })
    #expect(lines.allSatisfy { !$0.isLate })
    // A debug probe is none of our business.
    #expect(!lines.contains { $0.product == "374b" })
  }

  @Test func quirksAndProfilesOfDFUDevicesAreInTheTable() {
    for quirk in DeviceQuirk.table {
      guard case .pollTime = quirk.effect, quirk.deviceVersion == nil,
        quirk.vendor != 0x0763
      else { continue }
      #expect(
        KnownDevice.table.contains {
          $0.vendor == quirk.vendor
            && $0.products.overlaps(quirk.products)
        }, "\(quirk.title)")
    }
  }

  @Test func installingWritesTheFileOnceItIsAllowedTo() throws {
    let folder = try Folder()
    let path = folder.path("60-dfuflash.rules")
    // Nobody to ask: nothing is done.
    let asked = try Program.run([
      "doctor", "--install-udev", "--udev-folder", folder.root,
    ])
    #expect(asked.status == 64)
    #expect(asked.errors.contains("Write \(path)"))
    #expect(asked.errors.contains("--yes"))
    #expect(!FileManager.default.fileExists(atPath: path))
    let run = try Program.run([
      "doctor", "--install-udev", "--yes", "--udev-folder", folder.root,
    ])
    #expect(run.status == 0)
    #expect(try Folder.bytes(path) == Array(UdevRules.text.utf8))
    let again = try Program.run([
      "doctor", "--install-udev", "--udev-folder", folder.root,
    ])
    #expect(again.status == 0)
    #expect(again.text == "\(path) is in place already.\n")
  }

  @Test func withoutRightsThePlanIsPrinted() throws {
    let run = try Program.run([
      "doctor", "--install-udev", "--yes", "--udev-folder", "/nonexistent",
    ])
    #expect(run.status == 73)
    #expect(run.text.hasPrefix("As root this would be done:"))
    #expect(run.text.contains(#"ATTR{idVendor}=="0483""#))
    #expect(run.errors.contains("hint: sudo "))
  }

  @Test func thePlanForUdevNamesItsCommands() {
    let plan = UdevInstaller().plan
    #expect(plan.contains("Write /etc/udev/rules.d/60-dfuflash.rules:"))
    #expect(plan.contains("    udevadm control --reload\n"))
    #expect(plan.contains("    udevadm trigger "))
  }

  // MARK: The system

  @Test func rulesOfOthersAreRead() {
    let lines = RuleLine.lines(
      of: """
        # SUBSYSTEM=="usb", ATTR{idVendor}=="0001", MODE="0666"
        SUBSYSTEM=="usb", ATTRS{idVendor}=="0483", \\
          ATTRS{idProduct}=="DF11", TAG+="uaccess"
        ATTR{idVendor}=="1d50", GROUP="plugdev"
        ATTR{idVendor}=="1d51", SYMLINK+="x"
        ATTR{idVendor}
        """, file: "/a/99-x.rules")
    #expect(
      lines == [
        RuleLine(
          file: "/a/99-x.rules", vendor: "0483", product: "df11",
          grantsUserAccess: true, setsMode: false),
        RuleLine(
          file: "/a/99-x.rules", vendor: "1d50", product: nil,
          grantsUserAccess: false, setsMode: true),
      ])
    #expect(lines.map(\.isLate) == [true, false])
  }

  #if os(Linux)
  @Test func sysfsAndRulesAreFoundUnderTheirRoot() throws {
    let folder = try Folder()
    let files = FileManager.default
    func make(_ path: String) throws {
      try files.createDirectory(
        atPath: folder.path(path), withIntermediateDirectories: true)
    }
    try make("sys/bus/usb/devices/1-2:1.0")
    try make("sys/bus/usb/devices/1-2.1:1.3")
    try make("sys/bus/usb/drivers/cdc_acm")
    try files.createSymbolicLink(
      atPath: folder.path("sys/bus/usb/devices/1-2:1.0/driver"),
      withDestinationPath: "../../../../bus/usb/drivers/cdc_acm")
    try files.createSymbolicLink(
      atPath: folder.path("sys/bus/usb/devices/1-2.1:1.3/driver"),
      withDestinationPath: "../../../../bus/usb/drivers/usbfs")
    try make("dev/bus/usb/001")
    _ = try folder.file("dev/bus/usb/001/007", [])
    try make("etc/udev/rules.d")
    try make("usr/lib/udev/rules.d")
    _ = try folder.file(
      "etc/udev/rules.d/60-dfuflash.rules", Array("# old\n".utf8))
    _ = try folder.file(
      "usr/lib/udev/rules.d/60-dfuflash.rules", Array(UdevRules.text.utf8))
    _ = try folder.file(
      "usr/lib/udev/rules.d/99-st.rules",
      Array(#"ATTR{idVendor}=="0483", TAG+="uaccess""#.utf8))
    let facts = SystemFacts(root: folder.root)
    let device = USBDevice(
      bus: 1, address: 7, ports: [2], speed: .full,
      descriptor: try #require(
        DeviceDescriptor(
          parsing: Array(
            [
              18, 1, 0, 2, 0, 0, 0, 64, 0x83, 4, 0x11, 0xDF, 0, 2, 0, 0, 0, 1,
            ]))), configurations: [])
    #expect(
      facts.drivers(of: device) == [
        BoundDriver(interface: "1-2:1.0", number: 0, name: "cdc_acm")
      ])
    let node = try #require(facts.node(of: device))
    #expect(node.path == "/dev/bus/usb/001/007")
    #expect(node.isAccessible)
    let (lines, own) = facts.rules()
    // The file in /etc hides the one in /usr/lib.
    #expect(
      own == [
        OwnRules(
          path: "/etc/udev/rules.d/60-dfuflash.rules", isCurrent: false)
      ])
    #expect(lines.map(\.file) == ["/usr/lib/udev/rules.d/99-st.rules"])
  }
  #endif

  @Test func aNodeIsShownAsLsShowsIt() {
    let node = DeviceNode(
      path: "/dev/bus/usb/001/002", mode: 0o664, owner: "root",
      group: "plugdev", isAccessible: false)
    #expect(node.text == "crw-rw-r-- root plugdev")
  }
}
