import DFUCore
import Foundation
import Testing

@testable import DFUDoctor
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
    ("camera", "", "note: unrelated-device", "nothing to do"),
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
}
