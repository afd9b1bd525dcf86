import DFUCore

/// The udev rules that let a user open DFU devices on Linux, made of
/// ``KnownDevice/table``.
enum UdevRules {
  /// What the file is called, wherever it is. The tag `uaccess` counts only
  /// in files that come before 73-seat-late.rules.
  static let name = "60-dfuflash.rules"
  /// Where an administrator's rules are.
  static let folder = "/etc/udev/rules.d"
  /// Where rules may be; earlier folders hide files of the same name in
  /// later ones.
  static let folders = [
    "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d", "/lib/udev/rules.d",
  ]

  /// The whole file.
  static var text: String {
    var lines = [
      "# Lets users open USB DFU devices, for dfuflash and every other DFU tool.",
      "# Made from the table in Sources/DFUCore/Boards/KnownDevice.swift.",
      "#",
      "# uaccess: whoever sits at this computer. plugdev: its members, also over",
      "# ssh and in services. Install: dfuflash doctor --install-udev",
      "",
      #"ACTION=="remove", GOTO="dfuflash_end""#,
      #"SUBSYSTEM!="usb", GOTO="dfuflash_end""#,
      #"ENV{DEVTYPE}!="usb_device", GOTO="dfuflash_end""#,
      "",
      "# Whatever waits in DFU mode, by its interface, with any ids.",
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
  static func rule(_ ids: DeviceDescriptor) -> String {
    """
    SUBSYSTEM=="usb", ATTR{idVendor}=="\(hex(ids.vendor, 4, uppercase: false))", \
    ATTR{idProduct}=="\(hex(ids.product, 4, uppercase: false))", \(access)
    """
  }
}
