import DFUCore
import DFUSimulator

/// A device that answers by a script, for what no simulated board does.
final class FakeTransport: ControlTransport {
  typealias Answer = (ControlSetup, [UInt8], Int) throws(USBError) -> [UInt8]

  let clock: any TimeSource = VirtualClock()
  /// Everything that was asked, in order: `CLAIM 0`, `OUT 1 value=2 5 bytes`.
  private(set) var log: [String] = []
  private let answer: Answer

  init(_ answer: @escaping Answer) { self.answer = answer }

  /// A device that answers each GETSTATUS with the next of these, the last
  /// for ever, and acknowledges everything else.
  convenience init(statuses: [[UInt8]]) {
    var left = statuses
    self.init { (setup, _, _) throws(USBError) in
      guard setup.request == 3, setup.requestType == 0xA1 else { return [] }
      return left.count > 1 ? left.removeFirst() : left.first ?? []
    }
  }

  func claim(interface: UInt8) throws(USBError) {
    log.append("CLAIM \(interface)")
  }

  func release(interface: UInt8) throws(USBError) {
    log.append("RELEASE \(interface)")
  }

  func select(configuration: UInt8) throws(USBError) {
    log.append("CONFIGURATION \(configuration)")
  }

  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    log.append("ALTERNATE \(alternate) OF \(interface)")
  }

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    log.append("OUT \(setup.request) \(setup.value) \(data.count) bytes")
    var bytes: [UInt8] = []
    for index in data.indices { bytes.append(data[index]) }
    _ = try answer(setup, bytes, bytes.count)
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    log.append("IN \(setup.request) \(setup.value) \(length)")
    return try answer(setup, [], Int(length))
  }

  func reset() throws(USBError) { log.append("RESET") }

  /// The log with names instead of numbers.
  var story: [String] {
    log.map { line in
      switch line.split(separator: " ").prefix(2) {
      case ["OUT", "0"]: "DETACH"
      case ["OUT", "1"]: "DNLOAD"
      case ["IN", "2"]: "UPLOAD"
      case ["IN", "3"]: "GETSTATUS"
      case ["OUT", "4"]: "CLRSTATUS"
      case ["IN", "5"]: "GETSTATE"
      case ["OUT", "6"]: "ABORT"
      default: line
      }
    }
  }
}
