/// Where a device is plugged in: `bus-port.port…`, such as `1-4.1`, the text
/// that Linux and dfu-util use.
public struct PortPath: Hashable, Sendable {
  /// The number of the bus.
  public var bus: UInt8
  /// The port on the root hub and on each hub below it; empty for a root hub.
  public var ports: [UInt8]

  /// A path by its numbers.
  public init(bus: UInt8, ports: [UInt8]) {
    self.bus = bus
    self.ports = ports
  }

  /// The path of a device; `nil` for any other text.
  ///
  /// Only plain numbers from 1 to 255 count, and at most seven ports: two
  /// spellings of one port must not be two boards.
  public init?(_ text: some StringProtocol) {
    func number(_ digits: some StringProtocol) -> UInt8? {
      UInt8(digits).flatMap { $0 > 0 && String($0) == digits ? $0 : nil }
    }
    let halves = text.split(
      separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, let bus = number(halves[0]) else { return nil }
    let parts = halves[1].split(
      separator: ".", omittingEmptySubsequences: false)
    let ports = parts.compactMap { number($0) }
    guard ports.count == parts.count, ports.count <= 7 else { return nil }
    self.init(bus: bus, ports: ports)
  }
}

extension PortPath: CustomStringConvertible {
  /// `1-4.1`; `1-0` for a root hub.
  public var description: String {
    "\(bus)-\(ports.isEmpty ? "0" : ports.map(String.init).joined(separator: "."))"
  }
}
