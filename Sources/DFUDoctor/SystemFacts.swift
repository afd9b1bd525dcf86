public import DFUCore
internal import SystemPackage

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What the operating system knows of USB devices that libusb does not tell.
/// On Linux from sysfs, /dev and /proc; elsewhere nothing.
public struct SystemFacts {
  /// In front of every path; a folder that stands for `/` in tests.
  var root = ""

  /// The facts of this computer.
  public init() {}

  init(root: String) { self.root = root }

  /// The operating system's name, release and version, and the processor.
  public static var host: String {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "unknown" }
    func text(_ field: some Any) -> String {
      unsafe withUnsafeBytes(of: field) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
          .escapingControls
      }
    }
    return [names.sysname, names.release, names.version, names.machine]
      .map { text($0) }.joined(separator: " ")
  }

  var system: SystemSnapshot.System {
    #if os(Linux)
    .linux
    #else
    .macOS
    #endif
  }

  /// The node of a device.
  func node(of device: USBDevice) -> DeviceNode? {
    #if os(Linux)
    let path = nodePath(device)
    var status = stat()
    guard unsafe stat(root + path, &status) == 0 else { return nil }
    return DeviceNode(
      path: path, mode: UInt16(status.st_mode & 0o777),
      owner: Self.userName(status.st_uid),
      group: Self.groupName(status.st_gid),
      isAccessible: unsafe access(root + path, R_OK | W_OK) == 0)
    #else
    return nil
    #endif
  }

  private func nodePath(_ device: USBDevice) -> String {
    func padded(_ number: UInt8) -> String {
      let text = String(number)
      return String(repeating: "0", count: 3 - text.utf8.count) + text
    }
    return "/dev/bus/usb/\(padded(device.bus))/\(padded(device.address))"
  }

  private static func userName(_ id: uid_t) -> String {
    guard let entry = unsafe getpwuid(id) else { return "\(id)" }
    return unsafe String(cString: entry.pointee.pw_name)
  }

  private static func groupName(_ id: gid_t) -> String {
    guard let entry = unsafe getgrgid(id) else { return "\(id)" }
    return unsafe String(cString: entry.pointee.gr_name)
  }

  /// The kernel drivers of a device's interfaces.
  func drivers(of device: USBDevice) -> [BoundDriver] {
    paths("/sys/bus/usb/devices/\(device.path):*/driver").compactMap { path in
      let parts = path.split(separator: "/")
      guard let target = link(path), parts.count > 1,
        let name = target.split(separator: "/").last,
        let number = parts[parts.count - 2].split(separator: ".").last
          .flatMap({ UInt8($0) })
      else { return nil }
      return BoundDriver(
        interface: String(parts[parts.count - 2]), number: number,
        name: String(name))
    }
  }

  /// Which other programs have a device open. A user who is not root does not
  /// see those of other users.
  public func holders(of device: USBDevice) -> [ProcessName] {
    let node = nodePath(device)
    var found: [ProcessName] = []
    for path in paths("/proc/[0-9]*/fd/*") where link(path) == node {
      let parts = path.dropFirst(root.utf8.count).split(separator: "/")
      guard parts.count > 1, parts[1] != "\(getpid())" else { continue }
      let process = String(parts[1])
      let name = text("/proc/\(process)/comm")?.split(separator: "\n").first
      let holder = ProcessName(
        name: String(name ?? "?").escapingControls, process: process)
      if !found.contains(holder) { found.append(holder) }
    }
    return found
  }

  /// The rules of udev that name devices with DFU, and this program's own.
  func rules() -> ([RuleLine], [OwnRules]) {
    let vendors = Set(
      KnownDevice.table.filter { $0.role == .dfu || $0.role == .runtime }
        .map { hex($0.vendor, 4, uppercase: false) })
    var lines: [RuleLine] = []
    var own: [OwnRules] = []
    var names: Set<String> = []
    for folder in UdevRules.folders {
      for path in paths("\(folder)/*.rules") {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        // A file hides those of its name in later folders.
        guard names.insert(name).inserted else { continue }
        let shown = String(path.dropFirst(root.count))
        guard let content = text(shown) else { continue }
        if name == UdevRules.name {
          own.append(
            OwnRules(path: shown, isCurrent: content == UdevRules.text))
        }
        lines += RuleLine.lines(of: content, file: shown).filter {
          vendors.contains($0.vendor)
        }
      }
    }
    return (lines, own)
  }

  // MARK: The file system

  private func paths(_ pattern: String) -> [String] {
    var result = unsafe glob_t()
    defer { unsafe globfree(&result) }
    guard unsafe glob(root + pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(unsafe result.gl_pathc)).compactMap { index in
      unsafe result.gl_pathv[index].map { unsafe String(cString: $0) }
    }
  }

  private func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(
      decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) },
      as: UTF8.self)
  }

  private func text(_ path: String) -> String? {
    guard
      let file = try? FileDescriptor.open(
        FilePath(root + path), .readOnly, options: .nonBlocking)
    else { return nil }
    defer { try? file.close() }
    // No rules file is as large as this.
    let bytes = try? unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) {
      buffer, count in
      count = try unsafe file.read(
        into: UnsafeMutableRawBufferPointer(buffer))
    }
    return bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}
