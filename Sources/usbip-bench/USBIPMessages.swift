import DFUCore
import DFUSimulator

// The messages of USB/IP as the Linux kernel's documentation describes them
// (usb/usbip_protocol): all fields big-endian. Pure functions over bytes.

/// The version of the protocol that everyone speaks, 1.1.1.
private let usbipVersion: UInt16 = 0x0111

/// What a client asks before it has a device.
enum USBIPRequest: Hashable {
  /// OP_REQ_DEVLIST: all devices on offer.
  case list
  /// OP_REQ_IMPORT: the device with this bus ID.
  case `import`(busID: String)

  /// The length of every request's head, bytes.
  static let headLength = 8
  /// The length of the bus ID that follows OP_REQ_IMPORT's head, bytes.
  static let busIDLength = 32

  /// The number of bytes that follow this head of a request; `nil` when it is
  /// malformed.
  static func bodyLength(head: [UInt8]) -> Int? {
    guard UInt16(bigEndianAt: 0, in: head) == usbipVersion else { return nil }
    switch UInt16(bigEndianAt: 2, in: head) {
    case 0x8005: return 0
    case 0x8003: return busIDLength
    default: return nil
    }
  }

  /// Reads a request; `body` has the length that
  /// ``bodyLength(head:)`` told.
  init(body: [UInt8]) {
    self =
      body.isEmpty
      ? .list
      : .import(
        busID: String(decoding: body.prefix { $0 != 0 }, as: UTF8.self))
  }
}

/// Answers to ``USBIPRequest``.
enum USBIPReply {
  /// The status of an answer.
  enum Status: UInt32 {
    case ok = 0
    case busy = 2
    case noDevice = 4
  }

  /// OP_REP_DEVLIST.
  static func list(_ devices: [USBDevice]) -> [UInt8] {
    var bytes = head(0x0005, .ok)
    bytes.append(bigEndian: UInt32(devices.count))
    for device in devices {
      bytes += record(device)
      for interface in interfaces(of: device) {
        bytes += [
          interface.interfaceClass, interface.subclass, interface.protocol, 0,
        ]
      }
    }
    return bytes
  }

  /// OP_REP_IMPORT that hands the device over.
  static func imported(_ device: USBDevice) -> [UInt8] {
    head(0x0003, .ok) + record(device)
  }

  /// OP_REP_IMPORT that refuses.
  static func refused(_ status: Status) -> [UInt8] {
    head(0x0003, status)
  }

  private static func head(_ code: UInt16, _ status: Status) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: usbipVersion)
    bytes.append(bigEndian: code)
    bytes.append(bigEndian: status.rawValue)
    return bytes
  }

  /// The 312 bytes that describe a device.
  private static func record(_ device: USBDevice) -> [UInt8] {
    let descriptor = device.descriptor
    var bytes = text("/sys/devices/simulated/\(device.path)", length: 256)
    bytes += text(device.path, length: USBIPRequest.busIDLength)
    bytes.append(bigEndian: UInt32(device.bus))
    bytes.append(bigEndian: UInt32(device.address))
    bytes.append(bigEndian: device.speed.usbipValue)
    bytes.append(bigEndian: descriptor.vendor)
    bytes.append(bigEndian: descriptor.product)
    bytes.append(bigEndian: descriptor.deviceVersion)
    bytes += [descriptor.deviceClass, 0, 0]
    bytes += [
      device.configurations.first?.value ?? 0,
      UInt8(clamping: device.configurations.count),
      UInt8(clamping: interfaces(of: device).count),
    ]
    return bytes
  }

  /// One alternate setting of every interface of the first configuration.
  private static func interfaces(
    of device: USBDevice
  ) -> [InterfaceDescriptor] {
    var seen: Set<UInt8> = []
    return (device.configurations.first?.interfaces ?? []).filter {
      seen.insert($0.number).inserted
    }
  }

  private static func text(_ value: String, length: Int) -> [UInt8] {
    let bytes = Array(value.utf8.prefix(length - 1))
    return bytes + Array(repeating: 0, count: length - bytes.count)
  }
}

extension USBSpeed {
  /// The kernel's number for the speed (`enum usb_device_speed`).
  var usbipValue: UInt32 {
    switch self {
    case .low: 1
    case .high: 3
    case .super: 5
    default: 2
    }
  }
}

/// What the kernel asks of an imported device.
enum USBIPCommand: Hashable {
  /// CMD_SUBMIT: a transfer.
  case submit(USBIPSubmit)
  /// CMD_UNLINK: the transfer `target` is no longer wanted.
  case unlink(sequence: UInt32, target: UInt32)

  /// The length of every command's head, bytes.
  static let headLength = 48

  /// Reads the 48 bytes of a command's head; `nil` when it is malformed.
  init?(head: [UInt8]) {
    let sequence = UInt32(bigEndianAt: 4, in: head)
    switch UInt32(bigEndianAt: 0, in: head) {
    case 1:
      guard let submit = USBIPSubmit(head: head, sequence: sequence) else {
        return nil
      }
      self = .submit(submit)
    case 2:
      self = .unlink(
        sequence: sequence, target: UInt32(bigEndianAt: 20, in: head))
    default:
      return nil
    }
  }
}

/// A transfer that the kernel asks for.
struct USBIPSubmit: Hashable {
  /// Its number, which the answer repeats.
  var sequence: UInt32
  /// The endpoint's number; only 0 has a control transfer.
  var endpoint: UInt32
  /// Whether the device sends.
  var isDeviceToHost: Bool
  /// The room for what the device sends, or the bytes that follow this head.
  var length: UInt16
  /// The setup packet.
  var setup: ControlSetup

  /// The bytes that follow the head.
  var dataLength: Int { isDeviceToHost ? 0 : Int(length) }

  fileprivate init?(head: [UInt8], sequence: UInt32) {
    let direction = UInt32(bigEndianAt: 12, in: head)
    let packets = UInt32(bigEndianAt: 32, in: head)
    // No transfer on endpoint 0 is longer than wLength can say, and only an
    // isochronous one has packets.
    guard direction <= 1, packets == 0 || packets == .max,
      let length = UInt16(exactly: UInt32(bigEndianAt: 24, in: head))
    else { return nil }
    isDeviceToHost = direction == 1
    self.sequence = sequence
    endpoint = UInt32(bigEndianAt: 16, in: head)
    self.length = length
    setup = ControlSetup(
      requestType: head[40], request: head[41],
      value: UInt16(littleEndianAt: 42, in: head),
      index: UInt16(littleEndianAt: 44, in: head))
    guard endpoint == 0 else { return }
    // The kernel sends a request without data as one from the host, also
    // where the request's own direction bit says otherwise.
    let asked = UInt16(littleEndianAt: 46, in: head)
    guard isDeviceToHost ? setup.isDeviceToHost : asked == length,
      isDeviceToHost || length == 0 || !setup.isDeviceToHost
    else { return nil }
    self.length = min(length, asked)
  }
}

/// Answers to ``USBIPCommand``.
enum USBIPResult {
  /// Values of the status field: negated error numbers of Linux, the same
  /// on every system.
  enum Status: Int32 {
    case ok = 0
    /// `-EPIPE`: the endpoint stalled.
    case stall = -32
    /// `-EPROTO`: no handshake, or a broken packet.
    case transferError = -71
    /// `-ECONNRESET`: the transfer was taken back.
    case unlinked = -104
    /// `-ESHUTDOWN`: the device left during the transfer. Without this answer
    /// Linux would wait for the transfer's own time limit.
    case gone = -108
  }

  /// RET_SUBMIT with what the device did; `nil` for a transfer that it never
  /// answers: a host that waits longer than the limit waits for ever.
  static func submit(
    _ command: USBIPSubmit, _ result: ControlAnswer
  ) -> [UInt8]? {
    switch result {
    case .data(let data):
      guard command.isDeviceToHost else {
        return answer(3, command.sequence, .ok, length: command.length)
      }
      let sent = data.prefix(Int(command.length))
      return answer(
        3, command.sequence, .ok, length: UInt16(clamping: sent.count)) + sent
    case .stall: return answer(3, command.sequence, .stall)
    case .transferError: return answer(3, command.sequence, .transferError)
    case .gone: return gone(command.sequence)
    case .timeout: return nil
    }
  }

  /// RET_SUBMIT of a transfer to a device that has gone.
  static func gone(_ sequence: UInt32) -> [UInt8] {
    answer(3, sequence, .gone)
  }

  /// RET_UNLINK.
  static func unlink(_ sequence: UInt32, _ status: Status) -> [UInt8] {
    answer(4, sequence, status)
  }

  /// The 48 bytes of an answer's head; `length` is the number of bytes moved
  /// in either direction.
  private static func answer(
    _ code: UInt32, _ sequence: UInt32, _ status: Status, length: UInt16 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: code)
    bytes.append(bigEndian: sequence)
    // Device ID, direction and endpoint are 0 in answers.
    bytes += Array(repeating: 0, count: 12)
    bytes.append(bigEndian: UInt32(bitPattern: status.rawValue))
    bytes.append(bigEndian: UInt32(length))
    return bytes
      + Array(repeating: 0, count: USBIPCommand.headLength - bytes.count)
  }
}

extension UInt16 {
  /// The two bytes at `offset`, which must be there.
  init(bigEndianAt offset: Int, in bytes: [UInt8]) {
    self = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}

extension UInt32 {
  /// The four bytes at `offset`, which must be there.
  init(bigEndianAt offset: Int, in bytes: [UInt8]) {
    self =
      UInt32(UInt16(bigEndianAt: offset, in: bytes)) << 16
      | UInt32(UInt16(bigEndianAt: offset + 2, in: bytes))
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: UInt16) {
    self += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
  }

  mutating func append(bigEndian value: UInt32) {
    append(bigEndian: UInt16(value >> 16))
    append(bigEndian: UInt16(truncatingIfNeeded: value))
  }
}
