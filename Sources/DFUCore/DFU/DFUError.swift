/// What was being done on a DFU device when something failed.
public enum DFUOperation: Hashable, Sendable {
  /// Opening the device and taking its interface.
  case open
  /// Selecting the alternate setting.
  case selectAlternate
  /// GETSTATUS.
  case getStatus
  /// Bringing the device to dfuIDLE with CLRSTATUS and ABORT.
  case makeIdle
  /// DETACH.
  case detach
  /// DfuSe: setting the address pointer.
  case setAddress
  /// DfuSe: erasing one sector.
  case eraseSector
  /// DfuSe: erasing the whole memory.
  case massErase
  /// DfuSe: lifting readout protection.
  case readUnprotect
  /// DfuSe: asking which commands there are.
  case getCommands
  /// Writing a block.
  case write
  /// Reading a block.
  case read
  /// The zero-length DNLOAD that ends a download, and leaving DFU mode.
  case leave
  /// Manifestation after a plain download.
  case manifest
  /// A vendor's special command.
  case special(UInt8)
}

extension DFUOperation: CustomStringConvertible {
  /// The operation as the object of "while": "erasing the sector".
  public var description: String {
    switch self {
    case .open: "opening the device"
    case .selectAlternate: "selecting the alternate setting"
    case .getStatus: "asking for the status"
    case .makeIdle: "bringing the device to dfuIDLE"
    case .detach: "detaching"
    case .setAddress: "setting the address"
    case .eraseSector: "erasing the sector"
    case .massErase: "erasing the whole memory"
    case .readUnprotect: "lifting readout protection"
    case .getCommands: "asking for the commands"
    case .write: "writing"
    case .read: "reading"
    case .leave: "leaving DFU mode"
    case .manifest: "manifesting"
    case .special(let code):
      "sending the special command 0x\(hex(code, 2))"
    }
  }
}

/// A failure while speaking DFU with one device.
public struct DFUError: Error, Hashable, Sendable {
  /// Why it failed.
  public enum Reason: Hashable, Sendable {
    /// The USB system failed.
    case usb(USBError)
    /// The device reports an error in reply to GETSTATUS.
    case status(DFUStatusReport)
    /// The device is in a state in which it should not be.
    case unexpectedState(DFUState)
    /// The device sent fewer bytes than the request promises.
    case shortReply(received: Int, expected: Int)
    /// The device was still busy when the time limit was over.
    case stillBusy(limit: Duration)
    /// The device was told to do something and then did not answer: whether it
    /// is done, or will be, is not known.
    case unanswered(USBError)
    /// The user wanted to stop.
    case stopped
  }

  /// What was being done.
  public var operation: DFUOperation
  /// The address in the device's memory, where the operation has one.
  public var address: UInt32?
  /// Why it failed.
  public var reason: Reason

  /// An error from its parts.
  public init(
    _ operation: DFUOperation, at address: UInt32? = nil, _ reason: Reason
  ) {
    self.operation = operation
    self.address = address
    self.reason = reason
  }

  private var code: USBError.Code? {
    guard case .usb(let error) = reason else { return nil }
    return error.code
  }

  /// Whether the device is no longer there.
  public var isGone: Bool { code == .noDevice || code == .notFound }

  /// Whether the device stalled the request.
  @inline(never)
  // Not inlined, and `status` neither: the optimizer of Swift 6.3.1 crashes
  // (CopyPropagation) on catch clauses that ask for them.
  public var isStall: Bool { code == .pipe }

  /// Whether the device did not answer in time.
  package var isTimeout: Bool { code == .timeout }

  /// Whether the transfer failed in a way that a device at work may cause, or a
  /// disturbance on the wire; not one of a device that has gone.
  package var isDisturbance: Bool {
    guard let code else { return false }
    return [.pipe, .io, .timeout, .overflow, .other].contains(code)
  }

  /// Whether the same may be done again, with hope: not where the device has
  /// gone or reports an error on purpose, and not an erase that may still be
  /// under way.
  package var mayPass: Bool {
    switch reason {
    case .usb: isDisturbance
    case .status(let report):
      report.status == .stalledPacket || report.status == .unknown
    case .shortReply, .unanswered:
      ![.eraseSector, .massErase, .readUnprotect].contains(operation)
    case .unexpectedState(let state): state == .idle
    case .stillBusy, .stopped: false
    }
  }

  /// The status the device reported, if that is what failed.
  @inline(never)
  public var status: DFUStatus? {
    guard case .status(let report) = reason else { return nil }
    return report.status
  }
}

extension DFUError: CustomStringConvertible {
  /// "erasing the sector at 0x08004000: the device reports errERASE (…)".
  public var description: String {
    let place = address.map { " at 0x\(hex($0))" } ?? ""
    let why =
      switch reason {
      case .usb(let error) where error.code == .noDevice:
        "the board has left the bus (\(error.code.name))"
      case .usb(let error) where error.code == .pipe:
        "the board refused the request (\(error.code.name), a stall)"
      case .usb(let error) where error.code == .timeout:
        "the board did not answer in time (\(error.code.name))"
      case .usb(let error): error.description
      case .status(let report):
        "the board reports \(report.explanation)"
      case .unexpectedState(let state):
        "the board is in state \(state), where it should not be"
      case .shortReply(let received, let expected):
        "the board sent \(received) of \(expected) bytes"
      case .stillBusy(let limit):
        "the board was still busy after \(limit.wholeMilliseconds) ms"
      case .unanswered(let error):
        "the board does not say whether it is done (\(error.code.name))"
      case .stopped: "stopped by the user"
      }
    return "\(operation)\(place): \(why)"
  }
}
