import DFUCore
import DFUSimulator
import Synchronization

/// A device on offer and the client that has it, if one has.
final class USBIPExport: Sendable {
  /// The longest that a device may take for one transfer. A host's own
  /// limit is usually much shorter, but USB/IP does not tell it.
  private static let transferLimit: Duration = .seconds(30)

  /// The client's connection and what happens on it.
  private struct Import {
    var socket: Socket
    /// The device's address when it was handed over.
    var address: UInt8
    /// The sequence number of the transfer that the device is at.
    var executing: UInt32?
    /// Whether that transfer was taken back meanwhile.
    var isAbandoned = false
    /// How often ``check()`` found the device gone during a transfer.
    var goneChecks = 0
    /// Whether the host has configured the device.
    var isConfigured = false
    /// Whether the device is gone, and what still comes is turned down.
    var isEnding = false
  }

  /// A transfer that waits for its turn, and what the host sends with it.
  private typealias Transfer = (submit: USBIPSubmit, data: [UInt8])

  private let held: Mutex<any SimulatedDevice>
  private let current = Mutex<Import?>(nil)

  init(_ device: any SimulatedDevice) { held = Mutex(device) }

  var device: any SimulatedDevice { held.withLock { $0 } }

  var isImported: Bool { current.withLock { $0 != nil } }

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
          now.socket.send(USBIPResult.gone(executing))
        }
        now.socket.hangUp()
      } else {
        current?.goneChecks += 1
      }
    }
  }

  /// Answers the kernel's commands until it or the device goes.
  func serve(_ socket: Socket) {
    guard let queue = try? WorkQueue<Transfer>() else { return end(socket) }
    startThread { [self] in
      while let next = queue.next(taken: { begin($0.submit, socket) }) {
        let answer = answer(next)
        guard finish(next.submit, answer, socket) else { break }
      }
      turnDown(queue, socket)
      socket.hangUp()
    }
    receiveCommands(socket, queue)
    queue.close()
    // The device may be at a transfer of this import for long; that must
    // not keep the next host from it.
    end(socket)
  }

  private func end(_ socket: Socket) {
    socket.hangUp()
    current.withLock { $0 = nil }
  }

  /// Answers what the host asks a device that has gone, until it asks no more:
  /// Linux waits 5 s for each transfer that is still open when the connection
  /// ends.
  private func turnDown(_ queue: WorkQueue<Transfer>, _ socket: Socket) {
    var silent = 0
    for _ in 0..<20 where silent < 2 {
      let rest = queue.removeAll()
      silent = rest.isEmpty ? silent + 1 : 0
      for transfer in rest {
        socket.send(USBIPResult.gone(transfer.submit.sequence))
      }
      pause(milliseconds: 10)
    }
    queue.close()
  }

  /// Queues transfers and takes them back, until the connection ends.
  private func receiveCommands(
    _ socket: Socket, _ queue: WorkQueue<Transfer>
  ) {
    while let head = socket.receive(USBIPCommand.headLength),
      let command = USBIPCommand(head: head)
    {
      switch command {
      case .submit(let submit):
        // Several programs may ask at once; a longer queue is somebody's
        // attempt on our memory.
        guard let data = socket.receive(submit.dataLength),
          queue.append((submit, data), limit: 256)
        else { return }
      case .unlink(let sequence, let target):
        let isQueued = queue.remove { $0.submit.sequence == target }
        current.withLock { current in
          let isExecuting = current?.executing == target
          if isExecuting { current?.isAbandoned = true }
          socket.send(
            USBIPResult.unlink(
              sequence, isQueued || isExecuting ? .unlinked : .ok))
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

  private func answer(_ transfer: Transfer) -> ControlAnswer {
    let submit = transfer.submit
    guard submit.endpoint == 0 else { return .stall }
    noteReset(submit.setup, length: submit.length)
    return device.answer(
      submit.setup, transfer.data, length: submit.length,
      timeout: Self.transferLimit)
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
        if let message = USBIPResult.submit(submit, answer) {
          now.socket.send(message)
        }
        if answer == .gone {
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
