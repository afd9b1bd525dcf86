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
  public private(set) var descriptors: [[UInt8]] = []
  /// The answer to GET COMMANDS (AN3156); `nil` where it was not asked or did
  /// not answer.
  public private(set) var commands: [UInt8]?
  /// Why the session, or a part of it, failed.
  public private(set) var problem: BoardOpenError?
  /// Everything that was said.
  public private(set) var trace: [BusObservation] = []

  /// Looks at a board. One in DFU mode is asked for its state; where it waits in
  /// dfuIDLE or dfuERROR, it is brought to dfuIDLE, and with DfuSe its first
  /// 16 bytes and its commands are read.
  ///
  /// - Throws: `USBError` when the board cannot be opened.
  public init(
    of selected: SelectedBoard, on bus: any USBBus
  ) throws(USBError) {
    let device = selected.board.device
    let log = Log(path: device.path)
    let observed = ObservedBus(bus, observe: log.add)
    let above = device.ports.dropLast()
    hub = try observed.devices().first {
      !device.ports.isEmpty && $0.bus == device.bus && $0.ports == Array(above)
    }
    self.selected = selected
    knowledge = BoardKnowledge(selected)
    // As every command begins, so that the trace can be replayed by any.
    self.selected.board = Board(looking: device, on: observed)
    if let problem = self.selected.board.problem { throw problem }
    readDescriptors(try observed.open(device))
    if selected.interface.mode == .dfu {
      do throws(BoardOpenError) {
        try converse(on: observed)
      } catch {
        problem = error
      }
    }
    trace = log.all
  }

  private mutating func readDescriptors(_ transport: any ControlTransport) {
    func get(_ value: UInt16, _ length: UInt16) -> [UInt8]? {
      try? transport.receive(
        ControlSetup(requestType: 0x80, request: 6, value: value, index: 0),
        length: length, timeout: .seconds(1))
    }
    descriptors += get(0x0100, 18).map { [$0] } ?? []
    for index in selected.board.device.configurations.indices.prefix(8) {
      let value = 0x0200 | UInt16(index)
      guard let head = get(value, 9), head.count >= 4,
        let whole = get(value, UInt16(littleEndianAt: 2, in: head))
      else { continue }
      descriptors.append(whole)
    }
  }

  private mutating func converse(
    on bus: any USBBus
  ) throws(BoardOpenError) {
    let memory =
      selected.interface.memories.first { $0.kind == .internalFlash }
      ?? selected.interface.memories.first
    let connection = try selected.connect(
      on: bus, alternate: memory?.alternate.number)
    do throws(DFUError) {
      // GETSTATE changes nothing in any state.
      let state = try connection.getState()
      guard state == .idle || state == .error else { return }
      guard selected.interface.isDfuSe, let sector = memory?.map.sectors.first
      else {
        _ = try connection.getStatus()
        return
      }
      let session = try DfuSeSession(connection, knowledge.behaviour(nil))
      do throws(DFUError) {
        _ = try session.read(min(16, sector.size), at: sector.address)
      } catch {
        problem = .device(error)
        try session.recover()
      }
      commands = try session.commands()
      try session.settle()
    } catch {
      throw .device(error)
    }
  }
}

extension BoardReport {
  /// The same report with X in place of the board's serial number, from which
  /// an STM32's unique ID can be guessed, unless every chip of the kind shows
  /// it.
  public var withoutIDs: BoardReport {
    guard let serial = selected.board.serial?.raw,
      NonUniqueSerial.known(serial) == nil
    else { return self }
    let index = selected.board.device.descriptor.serialString
    var report = self
    report.selected.board.serial = DeviceString(
      String(repeating: "X", count: serial.count))
    report.trace = trace.map { seen in
      guard case .transfer(var transfer) = seen else { return seen }
      if transfer.setup.requestType == 0x80, transfer.setup.request == 6,
        transfer.setup.value == 0x0300 | UInt16(index)
      {
        for index in transfer.data.indices.dropFirst(2)
        where transfer.data[index] != 0 {
          transfer.data[index] = UInt8(ascii: "X")
        }
      }
      return .transfer(transfer)
    }
    return report
  }
}

/// What was seen of one board, from any thread.
private final class Log: Sendable {
  private let path: String
  private let seen = Mutex<[BusObservation]>([])

  init(path: String) { self.path = path }

  var all: [BusObservation] { seen.withLock { $0 } }

  @Sendable func add(_ observation: BusObservation) {
    let board =
      switch observation {
      case .transfer(let transfer): transfer.path
      case .arrived(let device, _): device.path
      case .left(let path, _), .reset(let path, _, _): path
      }
    if board == path { seen.withLock { $0.append(observation) } }
  }
}
