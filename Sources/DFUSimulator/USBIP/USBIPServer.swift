internal import DFUCore
internal import Synchronization

/// Serves simulated devices to real USB hosts over USB/IP.
///
/// A Linux kernel with the `vhci-hcd` driver attaches them with
/// `usbip attach -r HOST -b BUSID`; from then on every program on it meets
/// a true USB device. The bus ID is the device's port path
/// (``USBDevice/path``). Devices live in their own time, which has to be
/// real time here. Only endpoint 0 is served: DFU needs no other.
///
/// A device that leaves the bus or enumerates anew is taken from the kernel,
/// as if the cable had been pulled, and offered again as soon as it is back.
public final class USBIPServer: Sendable {
  /// The port of USB/IP.
  public static let defaultPort: UInt16 = 3240

  /// The longest that a device may take for one transfer. A host's own
  /// limit is usually much shorter, but USB/IP does not tell it.
  private static let transferLimit: Duration = .seconds(30)
  /// How many connections there may be at once.
  private static let connectionLimit = 256

  private let listener: Socket
  private let offered: Mutex<[USBIPExport]>
  private let connections = Mutex(0)
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
  public convenience init(
    devices: [any SimulatedDevice], address: String = "127.0.0.1",
    port: UInt16 = USBIPServer.defaultPort
  ) throws(USBIPError) {
    try self.init(
      exports: devices.map { USBIPExport($0) }, address: address, port: port)
  }

  private init(
    exports: [USBIPExport], address: String, port: UInt16
  ) throws(USBIPError) {
    do {
      listener = try Socket(listening: address, port: port)
    } catch {
      throw USBIPError(reason: "\(error)")
    }
    offered = Mutex(exports)
  }

  private var exports: [USBIPExport] { offered.withLock { $0 } }

  /// The TCP port it listens on.
  public var port: UInt16 { listener.port }

  /// Serves other devices from now on. A device that takes the place of one
  /// just like it, to the last descriptor and address, does so unseen: its
  /// host stays connected. All others are taken from their hosts.
  ///
  /// - Returns: whether no host sees any difference.
  @discardableResult
  public func serve(instead devices: [any SimulatedDevice]) -> Bool {
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
  public func run() {
    startThread { [self] in
      while !stopped.load(ordering: .relaxed) {
        for export in exports { export.check() }
        pause(milliseconds: 10)
      }
    }
    while !stopped.load(ordering: .relaxed) {
      guard let socket = listener.accept() else { continue }
      let admitted = connections.withLock { count in
        guard count < Self.connectionLimit else { return false }
        count += 1
        return true
      }
      guard admitted else { continue }
      startThread { [self] in
        serve(socket)
        connections.withLock { $0 -= 1 }
      }
    }
    for export in exports { export.hangUp() }
  }

  /// Makes ``run()`` return within 100 ms; takes all devices from their
  /// kernels.
  public func stop() {
    stopped.store(true, ordering: .relaxed)
  }

  /// Attaches every device to this machine's own kernel, and again whenever
  /// it is back on the bus, each always at the same port; blocks until
  /// `isOver`. Needs the driver `vhci-hcd` and root. Linux only.
  ///
  /// - Throws: ``USBIPError`` when there is no such driver or no permission.
  public func attachToThisKernel(
    isOver: () -> Bool
  ) throws(USBIPError) {
    var controller = try VirtualHostController()
    while !isOver() {
      for (index, export) in exports.enumerated() {
        guard !export.isImported, export.device.address != nil,
          let device = export.device.presence
        else {
          continue
        }
        let (ours, kernels) = try USBIPError.wrap { () throws(SocketError) in
          try Socket.pair()
        }
        guard
          try controller.attach(
            device, for: index, descriptor: kernels.descriptor)
        else { continue }
        // The kernel has its own hold on `kernels` now.
        if export.take(over: ours) != nil {
          startThread { export.serve(ours, limit: Self.transferLimit) }
        }
      }
      pause(milliseconds: 20)
    }
  }

  /// Serves `devices` until `isOver`; blocks. What `dfuflash simulate --usbip`
  /// does.
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
  public static func serve(
    _ devices: [any SimulatedDevice], address: String = "127.0.0.1",
    port: UInt16 = USBIPServer.defaultPort, attaching: Bool = false,
    isOver: () -> Bool, ready: (USBIPServer) -> Void = { _ in }
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
    // Whoever has no device yet must not keep a thread waiting.
    socket.limitReceive(seconds: 5)
    guard let head = socket.receive(USBIPRequest.headLength),
      let length = try? USBIPRequest.bodyLength(head: head),
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
      export.serve(socket, limit: Self.transferLimit)
    }
  }
}

/// Why devices cannot be served or attached.
public struct USBIPError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong, as a sentence without a full stop.
  public var reason: String

  /// An error with its reason.
  public init(reason: String) { self.reason = reason }

  /// The reason.
  public var description: String { reason }

  fileprivate static func wrap<Result>(
    _ body: () throws(SocketError) -> Result
  ) throws(USBIPError) -> Result {
    do {
      return try body()
    } catch {
      throw USBIPError(reason: "\(error)")
    }
  }
}

/// A device on offer and the client that has it, if one has.
private final class USBIPExport: Sendable {
  /// The client's connection and what happens on it.
  private struct Import {
    var socket: Socket
    /// The device's address when it was handed over.
    var address: UInt8
    /// The sequence number of the transfer that the device is at.
    var executing: UInt32?
    /// Whether that transfer was taken back meanwhile.
    var isAbandoned = false
    /// How often ``check()`` found the device gone in the midst of a
    /// transfer.
    var goneChecks = 0
    /// Whether the host has configured the device.
    var isConfigured = false
    /// Whether the device is gone, and what still comes is turned down.
    var isEnding = false
  }

  private let held: Mutex<any SimulatedDevice>
  private let current = Mutex<Import?>(nil)

  init(_ device: any SimulatedDevice) { held = Mutex(device) }

  var device: any SimulatedDevice { held.withLock { $0 } }

  /// Has another device from now on. A host keeps it if it looks the same;
  /// returns whether there is such a host.
  func replace(with device: any SimulatedDevice) -> Bool {
    let isSame = held.withLock { old in
      let isSame = old.presence == device.presence && old.hasTexts(of: device)
      old = device
      return isSame
    }
    if !isSame { hangUp() }
    return isSame && device.presence != nil && isImported
  }

  var isImported: Bool { current.withLock { $0 != nil } }

  /// Hands the device to the client behind `socket`; `nil` when another has
  /// it or it is off the bus.
  func take(over socket: Socket) -> USBDevice? {
    current.withLock { current in
      guard current == nil, let device = device.presence else { return nil }
      current = Import(socket: socket, address: device.address)
      return device
    }
  }

  func hangUp() {
    current.withLock { $0?.socket.hangUp() }
  }

  /// Ends the import when the device has left the bus.
  ///
  /// A transfer in progress is given 200 ms (20 checks) to end by itself:
  /// the device's last answer should reach the host before the disconnect.
  func check() {
    current.withLock { current in
      guard let now = current, !now.isEnding, device.address != now.address
      else { return }
      if now.executing == nil || now.goneChecks >= 20 {
        if let executing = now.executing, !now.isAbandoned {
          current?.isAbandoned = true
          now.socket.send(USBIPResult.gone(sequence: executing))
        }
        now.socket.hangUp()
      } else {
        current?.goneChecks += 1
      }
    }
  }

  /// Answers the kernel's commands until it or the device goes.
  func serve(_ socket: Socket, limit: Duration) {
    let queue = WorkQueue<QueuedTransfer>()
    startThread { [self] in
      while let next = queue.next(taken: { begin($0.submit, socket) }) {
        let answer = answer(next, limit: limit)
        guard finish(next.submit, answer, socket) else { break }
      }
      turnDown(queue, socket)
      socket.hangUp()
    }
    receiveCommands(socket, queue)
    socket.hangUp()
    queue.close()
    // The device may be at a transfer of this import for long; that must
    // not keep the next host from it.
    current.withLock { $0 = nil }
  }

  /// Answers what the host asks a device that has gone, until it asks no more:
  /// Linux waits 5 s for each transfer that is still open when the connection
  /// ends.
  private func turnDown(
    _ queue: WorkQueue<QueuedTransfer>, _ socket: Socket
  ) {
    var silent = 0
    for _ in 0..<20 where silent < 2 {
      let rest = queue.removeAll()
      silent = rest.isEmpty ? silent + 1 : 0
      for transfer in rest {
        socket.send(USBIPResult.gone(sequence: transfer.submit.sequence))
      }
      pause(milliseconds: 10)
    }
    queue.close()
  }

  /// Queues transfers and takes them back, until the connection ends.
  private func receiveCommands(
    _ socket: Socket, _ queue: WorkQueue<QueuedTransfer>
  ) {
    while let head = socket.receive(USBIPCommand.headLength),
      let command = try? USBIPCommand(head: head)
    {
      switch command {
      case .submit(let submit):
        // Programs may hand in some dozens in a row; a longer line is
        // somebody's attempt on our memory.
        guard let data = socket.receive(submit.dataLength),
          queue.append(
            QueuedTransfer(
              submit: submit, data: data, arrived: device.clock.now()),
            limit: 256)
        else { return }
      case .unlink(let sequence, let target):
        let isQueued = queue.remove { $0.submit.sequence == target }
        current.withLock { current in
          let isExecuting = current?.executing == target
          if isExecuting { current?.isAbandoned = true }
          socket.send(
            USBIPResult.unlink(
              sequence: sequence,
              isQueued || isExecuting ? .unlinked : .ok))
        }
      }
    }
  }

  private func begin(_ submit: USBIPSubmit, _ socket: Socket) {
    current.withLock { current in
      guard current?.socket === socket else { return }
      current?.executing = submit.sequence
      current?.isAbandoned = false
    }
  }

  private func answer(
    _ transfer: QueuedTransfer, limit: Duration
  ) -> ControlAnswer {
    let submit = transfer.submit
    guard submit.endpoint == 0 else { return .stall }
    let setup = submit.setup
    noteReset(setup, length: submit.length)
    return device.answer(
      setup, transfer.data, length: submit.length, timeout: limit,
      arrived: transfer.arrived)
  }

  /// USB/IP has no message for a reset of the port. The Linux host shows it
  /// by asking a configured device for its device descriptor with room for
  /// 64 bytes, as it does only while it enumerates; others send the
  /// hub's request SET_FEATURE(PORT_RESET) to the device.
  private func noteReset(_ setup: ControlSetup, length: UInt16) {
    let isReset = current.withLock { current in
      switch (setup.requestType, setup.request, setup.value) {
      case (0x00, 9, _):
        current?.isConfigured = setup.value != 0
        return false
      case (0x80, 6, 0x0100):
        guard length == 64, current?.isConfigured == true else { return false }
        current?.isConfigured = false
        return true
      case (0x23, 3, 4):
        return true
      default:
        return false
      }
    }
    if isReset { device.resetPort() }
  }

  /// Sends the answer, unless nobody waits for it any more; `false` when the
  /// device is gone.
  private func finish(
    _ submit: USBIPSubmit, _ answer: ControlAnswer, _ socket: Socket
  ) -> Bool {
    current.withLock { current in
      guard let now = current, now.socket === socket else { return false }
      current?.executing = nil
      current?.goneChecks = 0
      if !now.isAbandoned {
        switch answer {
        case .data(let data):
          let sent =
            submit.isDeviceToHost ? data.prefix(Int(submit.length)) : []
          now.socket.send(
            USBIPResult.submit(
              submit, .ok,
              length: submit.isDeviceToHost ? sent.count : Int(submit.length),
              data: Array(sent)))
        case .stall:
          now.socket.send(
            USBIPResult.submit(submit, .stall, length: 0, data: []))
        case .transferError:
          now.socket.send(
            USBIPResult.submit(submit, .transferError, length: 0, data: []))
        case .timeout:
          // A host that waits longer than the limit waits for ever, as it
          // would with a device that never answers.
          break
        case .gone:
          now.socket.send(USBIPResult.gone(sequence: submit.sequence))
          current?.isEnding = true
          return false
        }
      }
      // Asked once: if it left between two questions, each would leave the end
      // of the import to the other.
      let isGone = device.address != now.address
      current?.isEnding = isGone
      return !isGone
    }
  }
}

/// A transfer that waits for its turn.
private struct QueuedTransfer {
  var submit: USBIPSubmit
  /// What the host sends.
  var data: [UInt8]
  /// When it came, by the device's clock.
  var arrived: Duration
}

extension SimulatedDevice {
  /// Whether all strings are those of another device that has the same
  /// descriptors.
  fileprivate func hasTexts(of other: any SimulatedDevice) -> Bool {
    guard let presence else { return true }
    let names = presence.configurations.flatMap(\.interfaces).map(\.nameString)
    let usb = presence.descriptor
    return
      ([usb.manufacturerString, usb.productString, usb.serialString] + names)
      .allSatisfy { index in
        let value = 0x0300 | UInt16(index)
        return index == 0
          || descriptor(value, language: 0x0409)
            == other.descriptor(value, language: 0x0409)
      }
  }
}
