import DFUCore
import Foundation
import Testing

@testable import DFUDoctor

/// The udev rules, and what the system tells.
@Suite struct SystemFactsTests {
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
    try folder.file("dev/bus/usb/001/007", [])
    try make("etc/udev/rules.d")
    try make("usr/lib/udev/rules.d")
    try folder.file(
      "etc/udev/rules.d/60-dfuflash.rules", Array("# old\n".utf8))
    try folder.file(
      "usr/lib/udev/rules.d/60-dfuflash.rules", Array(UdevRules.text.utf8))
    try folder.file(
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

/// A folder for the time of a test.
private final class Folder {
  let root: String

  init() throws {
    root =
      NSTemporaryDirectory() + "dfudoctor-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { "\(root)/\(name)" }

  func file(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }
}
