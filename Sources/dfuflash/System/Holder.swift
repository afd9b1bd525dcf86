import DFUCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Which other program has a USB device open, where the system tells.
enum Holder {
  /// The first process found, as `dfu-util (process 1234)`; `nil` where none
  /// is seen, such as one of another user.
  static func of(_ device: USBDevice) -> String? {
    #if os(Linux)
    let node =
      "/dev/bus/usb/\(three(device.bus))/\(three(device.address))"
    for name in entries("/proc") {
      guard let process = Int32(name), process != getpid() else { continue }
      let folder = "/proc/\(name)/fd"
      for file in entries(folder) where link("\(folder)/\(file)") == node {
        let command = firstLine("/proc/\(name)/comm") ?? "a program"
        return "\(command.escapingControls) (process \(process))"
      }
    }
    #endif
    return nil
  }

  #if os(Linux)
  private static func three(_ number: UInt8) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 3 - text.count)) + text
  }

  private static func entries(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func link(_ path: String) -> String? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 256) {
      buffer, count in
      unsafe buffer.withMemoryRebound(to: CChar.self) { text in
        guard let start = text.baseAddress else { return }
        count = max(0, unsafe readlink(path, start, text.count))
      }
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private static func firstLine(_ path: String) -> String? {
    guard let bytes = try? Files.read(path) else { return nil }
    return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
  }
  #endif
}
