import DFUCore
import DFUSimulator
import Synchronization
import usbip_bench

/// A device that keeps what it is sent and gives it back; just enough to see
/// what USB/IP carries.
///
/// Vendor requests: 1 writes, 2 reads, 3 stalls, 4 takes until ``release()``
/// and then leaves the bus if ``leave()`` was called.
final class EchoDevice: SimulatedDevice {
  private struct State {
    var kept: [UInt8] = []
    var requests: [UInt8] = []
    var address: UInt8? = 5
    var isHeld = true
    var resets = 0
  }

  let clock: any TimeSource = RealTime()
  let port: UInt8
  private let state = Mutex(State())

  init(port: UInt8 = 1) { self.port = port }

  var presence: USBDevice? {
    guard let address = state.withLock(\.address) else { return nil }
    let dfu = InterfaceDescriptor(
      number: 0, alternate: 0, interfaceClass: 0xFE, subclass: 1, protocol: 2,
      nameString: 4, extra: [])
    var second = dfu
    second.alternate = 1
    return USBDevice(
      bus: 1, address: address, ports: [port], speed: .full,
      descriptor: DeviceDescriptor(
        usbVersion: 0x0200, deviceClass: 0, maxPacketSize0: 64,
        vendor: 0x0483, product: 0xDF11, deviceVersion: 0x2200,
        manufacturerString: 1, productString: 2, serialString: 3),
      configurations: [
        ConfigurationDescriptor(value: 1, interfaces: [dfu, second], extra: [])
      ])
  }

  func descriptor(_ value: UInt16, language: UInt16) -> [UInt8]? { nil }

  func answer(
    _ setup: ControlSetup, _ data: [UInt8], length: UInt16, timeout: Duration,
    arrived: Duration
  ) -> ControlAnswer {
    state.withLock { $0.requests.append(setup.request) }
    switch setup.request {
    case 1:
      state.withLock { $0.kept = data }
      return .data([])
    case 2:
      return .data(Array(state.withLock(\.kept).prefix(Int(length))))
    case 4:
      while state.withLock(\.isHeld) { clock.sleep(for: .milliseconds(1)) }
      return .data([4])
    case 6, 9:
      return .data([])
    default:
      return .stall
    }
  }

  func resetPort() { state.withLock { $0.resets += 1 } }

  /// `bRequest` of each transfer so far.
  var requests: [UInt8] { state.withLock(\.requests) }
  /// How often the port was reset.
  var resets: Int { state.withLock(\.resets) }

  func release() { state.withLock { $0.isHeld = false } }
  func leave() { state.withLock { $0.address = nil } }
  func enumerate(address: UInt8) { state.withLock { $0.address = address } }
}

/// The machine's monotonic clock.
final class RealTime: TimeSource {
  private let start = ContinuousClock.now

  func now() -> Duration { ContinuousClock.now - start }

  func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    let until = now() + duration
    while now() < until { pause(milliseconds: 1) }
  }
}
