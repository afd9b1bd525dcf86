internal import DFUCore
internal import SystemPackage

/// The virtual host controller of this machine's kernel, Linux's `vhci-hcd`,
/// through its files in sysfs.
struct VirtualHostController {
  private static let folder = "/sys/devices/platform/vhci_hcd.0"

  /// The port that each device got at first and keeps.
  private var ports: [Int: Int] = [:]

  /// Throws when the kernel has no such driver.
  init() throws(USBIPError) {
    _ = try Self.freePorts()
  }

  /// Attaches `device`, the `index`-th of the server, whose transfers go
  /// through the socket `descriptor`; `false` while its port is not free.
  mutating func attach(
    _ device: USBDevice, for index: Int, descriptor: Int32
  ) throws(USBIPError) -> Bool {
    let hub = device.speed == .super ? "ss" : "hs"
    let free = try Self.freePorts().filter { $0.hub == hub }.map(\.port)
    let untaken = free.filter { !ports.values.contains($0) }
    guard
      let port = ports[index]
        // The kernel then shows the same port path as the bench, where the
        // board is on bus 1 without a hub.
        ?? untaken.first(where: { device.ports == [UInt8(clamping: $0 + 1)] })
        ?? untaken.first
    else {
      throw USBIPError(reason: "all ports of the kernel's vhci-hcd are taken")
    }
    ports[index] = port
    guard free.contains(port) else { return false }
    let identity = UInt32(device.bus) << 16 | UInt32(device.address)
    let line = "\(port) \(descriptor) \(identity) \(device.speed.usbipValue)"
    do {
      let file = try FileDescriptor.open(
        FilePath(Self.folder + "/attach"), .writeOnly)
      try file.closeAfter { _ = try file.writeAll(line.utf8) }
    } catch let error as Errno where error == .resourceBusy {
      return false
    } catch {
      throw USBIPError(
        reason: "could not attach to the kernel's vhci-hcd: \(error)")
    }
    return true
  }

  /// The ports with nothing attached. The files `status`, `status.1`, … have
  /// a line for each port: hub, port, state (4 is free) and more.
  private static func freePorts() throws(USBIPError) -> [(
    hub: String, port: Int
  )] {
    var ports: [(String, Int)] = []
    var controller = 0
    while let text = firstPage(
      of: folder + (controller == 0 ? "/status" : "/status.\(controller)"))
    {
      for line in text.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count > 3, let port = Int(fields[1]),
          Int(fields[2]) == 4
        else { continue }
        ports.append((String(fields[0]), port))
      }
      controller += 1
    }
    guard controller > 0 else {
      throw USBIPError(
        reason: "this kernel has no vhci-hcd; as root: modprobe vhci-hcd")
    }
    return ports
  }
}

/// The first 4096 bytes of a file as text; `nil` when it cannot be read.
/// Files of sysfs are never longer.
package func firstPage(of path: String) -> String? {
  guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else {
    return nil
  }
  defer { try? file.close() }
  let bytes = try? unsafe [UInt8](unsafeUninitializedCapacity: 4096) {
    buffer, count in
    count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
  }
  return bytes.map { String(decoding: $0, as: UTF8.self) }
}
