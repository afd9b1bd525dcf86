internal import DFUCore
package import DFUSimulator
import Synchronization

/// Serves simulated devices to real USB hosts over USB/IP.
///
/// A Linux kernel with the `vhci-hcd` driver attaches them with
/// `usbip attach -r HOST -b BUSID`; from then on every program on it meets
/// a true USB device. The bus ID is the device's port path
/// (`USBDevice.path`). Devices live in their own time, which has to be
/// real time here. Only endpoint 0 is served: DFU needs no other.
///
/// A device that leaves the bus or enumerates again is taken from the kernel,
/// as if the cable had been pulled, and offered again as soon as it is back.
package final class USBIPServer: Sendable {
  /// The port of USB/IP.
  static let defaultPort: UInt16 = 3240

  private let listener: Socket
  private let offered: Mutex<[USBIPExport]>
  private let stopped = Atomic(false)

  /// A server on an IPv4 address of this machine, listening already.
  ///
  /// - Parameters:
  ///   - devices: What to serve. Devices that are off the bus are offered
  ///     once they are on it.
  ///   - address: `127.0.0.1` keeps other machines out; USB/IP knows no
  ///     passwords.
  ///   - port: The TCP port, 0 for any free one.
  /// - Throws: ``USBIPError`` when the address or port cannot be had.
  package init(
    devices: [any SimulatedDevice], address: String = "127.0.0.1",
    port: UInt16
  ) throws(USBIPError) {
    listener = try Socket.listening(on: address, port: port)
    offered = Mutex(devices.map { USBIPExport($0) })
  }

  private var exports: [USBIPExport] { offered.withLock { $0 } }

  /// The TCP port it listens on.
  package var port: UInt16 { listener.port }

  /// Serves other devices from now on. A device that takes the place of one
  /// just like it, to the last descriptor and address, does so unseen: its
  /// host stays connected. All others are taken from their hosts.
  ///
  /// - Returns: whether no host sees any difference.
  func serve(instead devices: [any SimulatedDevice]) -> Bool {
    offered.withLock { exports in
      var isUnseen = exports.count == devices.count
      for (index, device) in devices.enumerated() {
        if exports.indices.contains(index) {
          let stays = exports[index].replace(with: device)
          isUnseen = isUnseen && stays
        } else {
          exports.append(USBIPExport(device))
        }
      }
      for export in exports.dropFirst(devices.count) { export.hangUp() }
      exports.removeLast(max(0, exports.count - devices.count))
      return isUnseen
    }
  }

  /// Serves until ``stop()``; blocks.
  package func run() {
    startThread { [self] in
      while !stopped.load(ordering: .relaxed) {
        for export in exports { export.check() }
        pause(milliseconds: 10)
      }
    }
    while !stopped.load(ordering: .relaxed) {
      guard let socket = listener.accept() else { continue }
      startThread { [self] in serve(socket) }
    }
    for export in exports { export.hangUp() }
  }

  /// Makes ``run()`` return within 100 ms; takes all devices from their
  /// kernels.
  package func stop() {
    stopped.store(true, ordering: .relaxed)
  }

  /// Attaches every device to this machine's own kernel, and again whenever
  /// it is back on the bus, each always at the same port; blocks until
  /// `isOver`. Needs the driver `vhci-hcd` and root.
  private func attachToThisKernel(
    isOver: () -> Bool
  ) throws(USBIPError) {
    var controller = try VirtualHostController()
    while !isOver() {
      for (index, export) in exports.enumerated() {
        guard !export.isImported, export.device.address != nil,
          let device = export.device.presence
        else { continue }
        let (ours, kernels) = try Socket.pair()
        guard
          try controller.attach(
            device, for: index, descriptor: kernels.descriptor)
        else { continue }
        // The kernel has its own hold on `kernels` now.
        if export.take(over: ours) != nil {
          startThread { export.serve(ours) }
        }
      }
      pause(milliseconds: 20)
    }
  }

  /// Serves `devices` until `isOver`; blocks.
  ///
  /// - Parameters:
  ///   - devices: What to serve.
  ///   - address: An IPv4 address of this machine.
  ///   - port: The TCP port, 0 for any free one.
  ///   - attaching: Whether to attach them to this machine's own kernel too.
  ///   - isOver: Asked at least ten times a second.
  ///   - ready: Called with the server once it listens.
  /// - Throws: ``USBIPError`` when the address or port cannot be had, or this
  ///   kernel cannot attach.
  package static func serve(
    _ devices: [any SimulatedDevice], address: String = "127.0.0.1",
    port: UInt16, attaching: Bool = false, isOver: () -> Bool,
    ready: (USBIPServer) -> Void = { _ in }
  ) throws(USBIPError) {
    let server = try USBIPServer(
      devices: devices, address: address, port: port)
    startThread { server.run() }
    defer { server.stop() }
    ready(server)
    if attaching {
      try server.attachToThisKernel(isOver: isOver)
    } else {
      while !isOver() { pause(milliseconds: 20) }
    }
  }

  /// One client, from its first request to the end of its import.
  private func serve(_ socket: Socket) {
    // A client without a device must not keep a thread waiting.
    socket.limitReceive(seconds: 5)
    guard let head = socket.receive(USBIPRequest.headLength),
      let length = USBIPRequest.bodyLength(head: head),
      let body = socket.receive(length)
    else { return socket.hangUp() }
    switch USBIPRequest(body: body) {
    case .list:
      socket.send(
        USBIPReply.list(
          exports.filter { !$0.isImported }.compactMap(\.device.presence)))
      socket.hangUp()
    case .import(let busID):
      guard
        let export = exports.first(where: {
          $0.device.presence?.path == busID
        })
      else {
        socket.send(USBIPReply.refused(.noDevice))
        return socket.hangUp()
      }
      guard let device = export.take(over: socket) else {
        socket.send(USBIPReply.refused(.busy))
        return socket.hangUp()
      }
      socket.limitReceive(seconds: nil)
      socket.send(USBIPReply.imported(device))
      export.serve(socket)
    }
  }
}
