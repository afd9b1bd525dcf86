public import DFUCore
internal import Synchronization

/// What a maintainer needs to know of one board: what it shows of itself, and
/// how it answers in a short session that changes none of its memories.
public struct BoardReport: Sendable {
  /// The board and its DFU interface.
  public private(set) var selected: SelectedBoard
  /// What is known of its chip.
  public let knowledge: BoardKnowledge
  /// The hub it is plugged into, where the system shows it.
  public let hub: USBDevice?
  /// Its device and configuration descriptors as it sends them.
  public let descriptors: [[UInt8]]
  /// What it answered; `nil` while its application runs.
  public let probe: ProbeResult?
  /// Everything that was said.
  public private(set) var trace: [BusObservation]

  /// Looks at a board. One in dfuIDLE or dfuERROR is brought to dfuIDLE, and
  /// with DfuSe the first 16 bytes of its flash and its commands are read.
  ///
  /// - Throws: `USBError` when the board cannot be opened.
  public init(
    of selected: SelectedBoard, on bus: any USBBus
  ) throws(USBError) {
    let device = selected.board.device
    let log = Log()
    let observed = ObservedBus(bus) { seen in
      if seen.path == device.path { log.all.withLock { $0.append(seen) } }
    }
    hub = try observed.devices().first {
      $0.bus == device.bus && device.ports.starts(with: $0.ports)
        && $0.ports.count == device.ports.count - 1
    }
    self.selected = selected
    knowledge = BoardKnowledge(selected)
    // As every command begins, so that any can be replayed.
    self.selected.board = Board(looking: device, on: observed)
    descriptors = Self.descriptors(of: device, try observed.open(device))
    probe =
      selected.interface.mode == .runtime
      ? nil
      : ProbeResult(
        asking: selected.board, selected.interface, on: observed,
        isThorough: true)
    trace = log.all.withLock { $0 }
  }

  private static func descriptors(
    of device: USBDevice, _ transport: any ControlTransport
  ) -> [[UInt8]] {
    func get(_ value: UInt16, _ length: UInt16) -> [UInt8]? {
      try? transport.receive(
        ControlSetup(requestType: 0x80, request: 6, value: value, index: 0),
        length: length, timeout: .seconds(1))
    }
    let all = device.configurations.indices.prefix(8).map { index in
      let value = 0x0200 | UInt16(index)
      let head = get(value, 9) ?? []
      return head.count < 4
        ? head : get(value, UInt16(littleEndianAt: 2, in: head))
    }
    return ([get(0x0100, 18)] + all).compactMap(\.self)
  }

  /// The same report with X in place of the board's serial number, from which
  /// an STM32's unique ID can be guessed, unless every chip of the kind shows
  /// it.
  public var withoutIDs: BoardReport {
    guard let serial = selected.board.serial?.raw,
      NonUniqueSerial.known(serial) == nil
    else { return self }
    let asked = 0x0300 | UInt16(selected.board.device.descriptor.serialString)
    var report = self
    report.selected.board.serial = DeviceString(
      String(repeating: "X", count: serial.count))
    report.trace = trace.map { seen in
      guard case .transfer(var transfer) = seen,
        transfer.setup.requestType == 0x80, transfer.setup.value == asked
      else { return seen }
      // UTF-16, or 8-bit characters.
      transfer.data = transfer.data.enumerated().map { index, byte in
        index < 2 || byte == 0 ? byte : UInt8(ascii: "X")
      }
      return .transfer(transfer)
    }
    return report
  }
}

private final class Log: Sendable {
  let all = Mutex<[BusObservation]>([])
}
