public import DFUCore

/// The udev rules that let a user open DFU devices on Linux, made of
/// `KnownDevice.table`.
public enum UdevRules {
  /// What the file is called, wherever it is. The tag `uaccess` counts only
  /// in files that come before 73-seat-late.rules.
  public static let name = "60-dfuflash.rules"
  /// Where an administrator's rules are.
  public static let folder = "/etc/udev/rules.d"
  /// Where rules may be; earlier folders hide files of the same name in
  /// later ones.
  static let folders = [
    "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d", "/lib/udev/rules.d",
  ]

  /// The whole file.
  public static var text: String {
    var lines = [
      "# Lets users open USB DFU devices, for dfuflash and every other DFU tool.",
      "# Made from the table in Sources/DFUCore/Boards/KnownDevice.swift.",
      "#",
      "# uaccess: the user at this computer. plugdev: its members, also over",
      "# ssh and in services. Install: dfuflash doctor --install-udev",
      "",
      #"ACTION=="remove", GOTO="dfuflash_end""#,
      #"SUBSYSTEM!="usb", GOTO="dfuflash_end""#,
      #"ENV{DEVTYPE}!="usb_device", GOTO="dfuflash_end""#,
      "",
      "# All that wait in DFU mode, by their interface, with any IDs.",
      #"ENV{ID_USB_INTERFACES}=="*:fe0102:*", "# + access,
      "",
    ]
    for device in KnownDevice.table
    where device.role == .dfu || device.role == .runtime {
      lines.append("# \(device.title)")
      lines.append("\(condition(device)), \(access)")
    }
    return (lines + ["", #"LABEL="dfuflash_end""#]).joined(separator: "\n")
      + "\n"
  }

  /// The group is for those whom `uaccess` does not know; a system without
  /// that group leaves it out.
  private static let access =
    #"MODE="0660", GROUP="plugdev", TAG+="uaccess""#

  private static func condition(_ device: KnownDevice) -> String {
    let first = hex(device.products.lowerBound, 4, uppercase: false)
    let last = hex(device.products.upperBound, 4, uppercase: false)
    let products =
      if device.products.count == 1 {
        first
      } else if first.hasSuffix("00"), last.hasSuffix("ff"),
        first.prefix(2) == last.prefix(2)
      {
        String(first.prefix(2)) + "??"
      } else {
        device.products.map { hex($0, 4, uppercase: false) }.joined(
          separator: "|")
      }
    return """
      ATTR{idVendor}=="\(hex(device.vendor, 4, uppercase: false))", \
      ATTR{idProduct}=="\(products)"
      """
  }

  /// The rule for one device alone, as a hint shows it.
  public static func rule(_ ids: DeviceDescriptor) -> String {
    """
    SUBSYSTEM=="usb", ATTR{idVendor}=="\(hex(ids.vendor, 4, uppercase: false))", \
    ATTR{idProduct}=="\(hex(ids.product, 4, uppercase: false))", \(access)
    """
  }
}

/// This program's rules as they are installed.
struct OwnRules: Hashable, Sendable {
  var path: String
  var isCurrent: Bool
}

/// A line of udev rules that gives access to USB devices by their IDs.
struct RuleLine: Hashable, Sendable {
  /// The path of the rules file.
  var file: String
  /// What `idVendor` is compared with.
  var vendor: String
  /// What `idProduct` is compared with, a shell pattern; `nil` for any.
  var product: String?
  /// Whether it has the tag `uaccess`.
  var grantsUserAccess: Bool
  /// Whether it sets a mode or a group.
  var setsMode: Bool

  /// Whether it is read too late for its tag: 73-seat-late.rules acts on it.
  var isLate: Bool {
    let name = file.split(separator: "/").last ?? ""
    return grantsUserAccess && !setsMode && name >= "73"
  }
}

extension RuleLine {
  /// The lines of a rules file that give access by ids. A line continued with
  /// a backslash is one.
  static func lines(of content: String, file: String) -> [RuleLine] {
    var joined = ""
    var result: [RuleLine] = []
    for line in content.split(separator: "\n") {
      let text = line.drop { $0 == " " || $0 == "\t" }
      if joined.isEmpty, text.hasPrefix("#") { continue }
      if text.hasSuffix("\\") {
        joined += text.dropLast()
        continue
      }
      joined += text
      defer { joined = "" }
      guard let vendor = value(of: "{idVendor}==", in: joined) else { continue }
      let access = joined.contains("uaccess")
      let mode = joined.contains("MODE") || joined.contains("GROUP=")
      guard access || mode else { continue }
      result.append(
        RuleLine(
          file: file, vendor: vendor.lowercased(),
          product: value(of: "{idProduct}==", in: joined)?.lowercased(),
          grantsUserAccess: access, setsMode: mode))
    }
    return result
  }

  private static func value(of key: String, in line: String) -> String? {
    guard let start = line.firstRange(of: key)?.upperBound else { return nil }
    let rest = line[start...].drop { $0 == " " }
    guard rest.first == "\"" else { return nil }
    return String(rest.dropFirst().prefix { $0 != "\"" })
  }
}
