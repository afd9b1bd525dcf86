import DFUCore
import DFUSimulator
import Testing
import usbip_bench

/// A server on a free port for the time of a test.
private final class RunningServer {
  let server: USBIPServer

  init(_ devices: [any SimulatedDevice]) throws {
    server = try USBIPServer(devices: devices, port: 0)
    let server = server
    startThread { server.run() }
  }

  deinit { server.stop() }

  func connect() throws -> Socket {
    let socket = try Socket.connected(to: "127.0.0.1", port: server.port)
    socket.limitReceive(seconds: 5)
    return socket
  }

  /// Sends OP_REQ_IMPORT; the status of the answer, and the rest of it.
  func `import`(
    _ busID: String, on socket: Socket
  ) -> (status: UInt8, record: [UInt8])? {
    let name = Array(busID.utf8)
    socket.send(
      [0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0] + name
        + Array(repeating: 0, count: 32 - name.count))
    guard let head = socket.receive(8),
      head.prefix(7) == [0x01, 0x11, 0x00, 0x03, 0, 0, 0]
    else { return nil }
    guard head[7] == 0 else { return (head[7], []) }
    return socket.receive(312).map { (0, $0) }
  }

  func imported(_ busID: String = "1-1") throws -> Socket {
    let socket = try connect()
    try #require(self.import(busID, on: socket)?.status == 0)
    return socket
  }
}

/// CMD_SUBMIT as the kernel's vhci-hcd sends it.
private func submit(
  _ sequence: UInt8, isDeviceToHost: Bool, endpoint: UInt8 = 0,
  room: [UInt8], setup: [UInt8], data: [UInt8] = []
) -> [UInt8] {
  [0, 0, 0, 1, 0, 0, 0, sequence, 0, 1, 0, 5]
    + [0, 0, 0, isDeviceToHost ? 1 : 0, 0, 0, 0, endpoint]
    + [0, 0, 0, 0] + room + Array(repeating: 0, count: 12) + setup + data
}

private func write(_ sequence: UInt8, _ data: [UInt8]) -> [UInt8] {
  submit(
    sequence, isDeviceToHost: false, room: [0, 0, 0, UInt8(data.count)],
    setup: [0x41, 1, 0, 0, 0, 0, UInt8(data.count), 0], data: data)
}

private func read(
  _ sequence: UInt8, request: UInt8 = 2, length: UInt8 = 8
) -> [UInt8] {
  submit(
    sequence, isDeviceToHost: true, room: [0, 0, 0, length],
    setup: [0xC1, request, 0, 0, 0, 0, length, 0])
}

private func unlink(_ sequence: UInt8, target: UInt8) -> [UInt8] {
  [0, 0, 0, 2, 0, 0, 0, sequence, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]
    + [0, 0, 0, target] + Array(repeating: 0, count: 24)
}

/// An answer's 48 bytes: code, sequence, status, and the length that RET_SUBMIT
/// has.
private func reply(
  _ code: UInt8, _ sequence: UInt8, status: Int32 = 0, length: UInt8 = 0
) -> [UInt8] {
  let bits = UInt32(bitPattern: status)
  let status = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
  return [0, 0, 0, code, 0, 0, 0, sequence]
    + Array(repeating: 0, count: 12) + status + [0, 0, 0, length]
    + Array(repeating: 0, count: 20)
}

/// A developer's machine may have the driver.
private var hasNoVHCI: Bool {
  firstPage(of: "/sys/devices/platform/vhci_hcd.0/status") == nil
}

/// Waits until `condition` holds, two seconds at most.
private func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<400 {
    if condition() { return true }
    pause(milliseconds: 5)
  }
  return condition()
}

@Suite("USB/IP server", .timeLimit(.minutes(1)))
struct USBIPServerTests {
  @Test("The list shows each device that is on the bus, with its interfaces")
  func list() throws {
    let away = EchoDevice(port: 2)
    away.leave()
    let running = try RunningServer([EchoDevice(port: 1), away])
    let socket = try running.connect()
    socket.send([0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0])
    #expect(
      socket.receive(12) == [0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 1])
    let record = try #require(socket.receive(312))
    #expect(
      Array(record[256..<288])
        == Array("1-1".utf8) + Array(repeating: 0, count: 29))
    #expect(
      Array(record[288...]) == [
        0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 2,
        0x04, 0x83, 0xDF, 0x11, 0x22, 0x00, 0, 0, 0, 1, 1, 1,
      ])
    // Two alternate settings are one interface.
    #expect(socket.receive(4) == [0xFE, 1, 2, 0])
    #expect(socket.receive(1) == nil)
  }

  @Test("Control transfers reach the device, and its answers the host")
  func transfers() throws {
    let running = try RunningServer([EchoDevice()])
    let socket = try running.imported()
    socket.send(write(1, [10, 20, 30]))
    #expect(socket.receive(48) == reply(3, 1, length: 3))
    socket.send(read(2))
    #expect(socket.receive(51) == reply(3, 2, length: 3) + [10, 20, 30])
    socket.send(read(3, length: 2))
    #expect(socket.receive(50) == reply(3, 3, length: 2) + [10, 20])
  }

  @Test("A stall and an endpoint that is not there are -EPIPE")
  func stall() throws {
    let running = try RunningServer([EchoDevice()])
    let socket = try running.imported()
    socket.send(read(1, request: 3))
    #expect(socket.receive(48) == reply(3, 1, status: -32))
    socket.send(
      submit(
        2, isDeviceToHost: true, endpoint: 1, room: [0, 0, 0, 64],
        setup: Array(repeating: 0, count: 8)))
    #expect(socket.receive(48) == reply(3, 2, status: -32))
  }

  @Test("A transfer taken back is not answered; the next ones are")
  func unlinkExecuting() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    socket.send(read(1, request: 4))
    #expect(eventually { device.requests == [4] })
    socket.send(read(2))
    socket.send(unlink(3, target: 1) + unlink(4, target: 2))
    #expect(socket.receive(48) == reply(4, 3, status: -104))
    #expect(socket.receive(48) == reply(4, 4, status: -104))
    device.release()
    socket.send(write(5, []))
    #expect(socket.receive(48) == reply(3, 5))
    #expect(device.requests == [4, 1])
    // Too late to take back what is answered already.
    socket.send(unlink(6, target: 5))
    #expect(socket.receive(48) == reply(4, 6))
  }

  @Test("A device that leaves is taken from its host, and offered anew")
  func leaves() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    device.leave()
    #expect(socket.receive(1) == nil)
    #expect(running.import("1-1", on: try running.connect())?.status == 4)
    device.enumerate(address: 6)
    #expect(
      eventually {
        (try? running.connect()).flatMap {
          running.import("1-1", on: $0)
        }?.record.dropFirst(295).first == 6
      })
  }

  @Test("A device that enumerates anew is taken from its host")
  func enumeratesAnew() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    device.enumerate(address: 6)
    #expect(socket.receive(1) == nil)
  }

  @Test("The last answer arrives even when the device leaves meanwhile")
  func lastAnswer() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    socket.send(read(1, request: 4))
    #expect(eventually { device.requests == [4] })
    device.leave()
    pause(milliseconds: 50)
    device.release()
    #expect(socket.receive(49) == reply(3, 1, length: 1) + [4])
    #expect(socket.receive(1) == nil)
  }

  @Test("A transfer that the device leaves in the midst of ends, -ESHUTDOWN")
  func leavesInTransfer() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    socket.send(read(1, request: 4))
    #expect(eventually { device.requests == [4] })
    device.leave()
    #expect(socket.receive(48) == reply(3, 1, status: -108))
    #expect(socket.receive(1) == nil)
    device.release()
  }

  @Test("A second host is refused while the first has the device")
  func busy() throws {
    let running = try RunningServer([EchoDevice()])
    let first = try running.imported()
    let second = try running.connect()
    #expect(running.import("1-1", on: second)?.status == 2)
    first.hangUp()
    #expect(
      eventually {
        (try? running.connect()).flatMap {
          running.import("1-1", on: $0)
        }?.status == 0
      })
  }

  @Test("A host that goes in the midst of a transfer does not keep the device")
  func hostGoes() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let first = try running.imported()
    first.send(read(1, request: 4))
    #expect(eventually { device.requests == [4] })
    first.hangUp()
    var second: Socket?
    #expect(
      eventually {
        // Refused as long as the server has not heard of the end.
        second = try? running.connect()
        return second.flatMap { running.import("1-1", on: $0) }?.status == 0
      })
    device.release()
    second?.send(write(7, [1]))
    #expect(second?.receive(48) == reply(3, 7, length: 1))
  }

  @Test("The enumeration of a configured device is a reset of its port")
  func portReset() throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    let enumerate = submit(
      1, isDeviceToHost: true, room: [0, 0, 0, 64],
      setup: [0x80, 6, 0, 1, 0, 0, 64, 0])
    let configure = submit(
      2, isDeviceToHost: false, room: [0, 0, 0, 0],
      setup: [0x00, 9, 1, 0, 0, 0, 0, 0])
    socket.send(enumerate + configure)
    #expect(socket.receive(96) == reply(3, 1) + reply(3, 2))
    #expect(device.resets == 0)
    socket.send(enumerate)
    #expect(socket.receive(48) == reply(3, 1))
    #expect(device.resets == 1)
  }

  @Test(
    "A malformed command ends the connection and frees the device",
    arguments: [
      ("unknown command", [0, 0, 0, 9] + Array(repeating: 0, count: 44)),
      (
        "4 GiB",
        submit(
          1, isDeviceToHost: false, room: [255, 255, 255, 255],
          setup: [0x41, 1, 0, 0, 0, 0, 255, 255])
      ),
      (
        "less data than wLength",
        submit(
          1, isDeviceToHost: false, room: [0, 0, 0, 1],
          setup: [0x41, 1, 0, 0, 0, 0, 9, 0], data: [1])
      ),
      (
        "against the setup's direction",
        submit(
          1, isDeviceToHost: true, room: [0, 0, 0, 1],
          setup: [0x41, 1, 0, 0, 0, 0, 1, 0])
      ),
      (
        "direction",
        [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 5, 0, 0, 0, 7]
          + Array(repeating: 0, count: 32)
      ),
      (
        "isochronous",
        [0, 0, 0, 1] + Array(repeating: 0, count: 31) + [1]
          + Array(repeating: 0, count: 12)
      ),
    ] as [(String, [UInt8])])
  func malformed(_ name: String, _ bytes: [UInt8]) throws {
    let device = EchoDevice()
    let running = try RunningServer([device])
    let socket = try running.imported()
    socket.send(bytes)
    #expect(socket.receive(1) == nil)
    #expect(device.requests.isEmpty)
    #expect(
      eventually {
        (try? running.connect()).flatMap {
          running.import("1-1", on: $0)
        }?.status == 0
      })
  }

  @Test(
    "What is not USB/IP 1.1.1 is hung up on",
    arguments: [
      [0x01, 0x06, 0x80, 0x05, 0, 0, 0, 0],
      [0x01, 0x11, 0x80, 0x07, 0, 0, 0, 0],
      Array("GET / HT".utf8),
    ] as [[UInt8]])
  func wrongRequest(_ bytes: [UInt8]) throws {
    let running = try RunningServer([EchoDevice()])
    let socket = try running.connect()
    socket.send(bytes)
    #expect(socket.receive(1) == nil)
  }

  @Test("It serves until told that it is over")
  func serve() throws {
    var port: UInt16 = 0
    var asked = 0
    try USBIPServer.serve(
      [EchoDevice()], port: 0,
      isOver: {
        asked += 1
        return asked == 3
      }, ready: { port = $0.port })
    #expect(asked == 3)
    #expect(port != 0)
  }

  @Test("A kernel without vhci-hcd is said so", .enabled(if: hasNoVHCI))
  func noDriver() throws {
    let error = #expect(throws: USBIPError.self) {
      try USBIPServer.serve(
        [EchoDevice()], port: 0, attaching: true, isOver: { false })
    }
    #expect(error?.reason.contains("modprobe vhci-hcd") == true)
  }

  @Test("A port that is taken is said so")
  func portTaken() throws {
    let running = try RunningServer([])
    let port = running.server.port
    let error = #expect(throws: USBIPError.self) {
      try USBIPServer(devices: [], port: port)
    }
    #expect(
      error?.reason.hasPrefix(
        "could not listen on 127.0.0.1 port \(port): ") == true)
  }

  @Test("An address that is none is said so")
  func addressWrong() throws {
    let error = #expect(throws: USBIPError.self) {
      try USBIPServer(devices: [], address: "localhost", port: 0)
    }
    #expect(error?.reason.contains("no IPv4 address") == true)
  }
}
