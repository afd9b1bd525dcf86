public import DFUCore

/// A handle on a simulated board, with libusb's error codes.
public final class SimulatedTransport: ControlTransport {
  /// The board behind it.
  public let board: SimulatedBoard
  private let address: UInt8
  private var claimed: Set<UInt8> = []

  init(_ board: SimulatedBoard, address: UInt8) {
    self.board = board
    self.address = address
    board.withCore { $0.handles += 1 }
  }

  deinit {
    let claims = claimed.map { claim(of: $0) }
    board.withCore { core in
      core.claims.subtract(claims)
      core.handles -= 1
    }
  }

  private func claim(of interface: UInt8) -> BoardCore.Claim {
    BoardCore.Claim(address: address, interface: interface)
  }

  /// The board's clock.
  public var clock: any TimeSource { board.clock }

  private func check(_ action: String) throws(USBError) {
    guard board.address == address else {
      throw USBError(.noDevice, action)
    }
  }

  /// Takes the interface; ``USBError/Code/busy`` when another handle has it.
  public func claim(interface: UInt8) throws(USBError) {
    let action = "claim interface \(interface)"
    try check(action)
    let isRefused = board.withCore { $0.faults.refuseClaim() }
    guard !isRefused else { throw USBError(.busy, action) }
    if claimed.contains(interface) { return }
    let exists =
      board.presence?.configurations.first?.interfaces
      .contains { $0.number == interface } ?? false
    guard exists else { throw USBError(.notFound, action) }
    let claim = claim(of: interface)
    let isFree = board.withCore { $0.claims.insert(claim).inserted }
    guard isFree else { throw USBError(.busy, action) }
    claimed.insert(interface)
  }

  /// Gives the interface back.
  public func release(interface: UInt8) throws(USBError) {
    guard claimed.remove(interface) != nil else {
      throw USBError(.notFound, "release interface \(interface)")
    }
    let claim = claim(of: interface)
    board.withCore { _ = $0.claims.remove(claim) }
    try check("release interface \(interface)")
  }

  /// Makes the configuration the active one.
  public func select(configuration: UInt8) throws(USBError) {
    _ = try transfer(
      ControlSetup(
        requestType: 0x00, request: 9, value: UInt16(configuration), index: 0),
      [], length: 0, timeout: .seconds(5),
      action: "select configuration \(configuration)")
  }

  /// Sends SET_INTERFACE.
  public func select(
    alternate: UInt8, of interface: UInt8
  ) throws(USBError) {
    let action = "select alternate setting \(alternate)"
    guard claimed.contains(interface) else {
      throw USBError(.notFound, action)
    }
    _ = try transfer(
      ControlSetup(alternate: alternate, of: interface), [], length: 0,
      timeout: .seconds(5), action: action)
  }

  /// Host to device.
  public func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    _ = try transfer(
      setup, [UInt8](copying: data), length: UInt16(clamping: data.count),
      timeout: timeout,
      action: "send a control request")
  }

  /// Device to host.
  public func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try transfer(
      setup, [], length: length, timeout: timeout,
      action: "receive a control reply")
  }

  private func transfer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16,
    timeout: Duration, action: String
  ) throws(USBError) -> [UInt8] {
    try check(action)
    switch board.answer(setup, data, length: length, timeout: timeout) {
    case .data(let bytes): return bytes
    case .stall: throw USBError(.pipe, action)
    case .timeout: throw USBError(.timeout, action)
    case .transferError: throw USBError(.io, action)
    case .gone: throw USBError(.noDevice, action)
    }
  }

  /// Resets the port.
  public func reset() throws(USBError) {
    let action = "reset the device"
    try check(action)
    board.resetPort()
    guard board.address == address else { throw USBError(.notFound, action) }
  }
}
