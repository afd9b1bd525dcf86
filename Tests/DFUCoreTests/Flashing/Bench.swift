import DFUCore
import DFUSimulator
import Testing

/// A simulated board on a bus, and the ways of the tool to it.
struct TestBench {
  let board: SimulatedBoard
  let bus: SimulatedBus

  /// A board of a kind in DFU mode, on a bus of its own.
  init(
    _ name: String, change: (inout BoardProfile) -> Void = { _ in }
  ) throws {
    var profile = try #require(BoardProfile.named(name))
    change(&profile)
    board = SimulatedBoard(profile)
    board.boot0 = true
    board.plug()
    bus = SimulatedBus([board])
    // Some chips take long, an F107 13.7 s.
    let arrival = profile.enumerationTime + .seconds(1)
    board.clock.sleep(for: arrival)
    bus.clock.sleep(for: arrival)
  }

  func selected() throws -> SelectedBoard {
    try BoardSelector().choose(from: try Board.all(on: bus))
  }

  func session(
    alternate: UInt8 = 0, polling: Polling.Mode? = nil
  ) throws -> DfuSeSession {
    let selected = try selected()
    return try DfuSeSession(
      try selected.connect(on: bus, alternate: alternate),
      BoardKnowledge(selected).behaviour(polling))
  }

  /// A flasher on the memory that holds the program, with all that is known
  /// of the chip, as the tool makes it.
  func flasher(
    _ options: FlashOptions = FlashOptions(),
    polling: Polling.Mode? = nil, shouldStop: @escaping () -> Bool = { false },
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) throws -> Flasher {
    let selected = try selected()
    let knowledge = BoardKnowledge(selected)
    let memory = knowledge.corrected(
      try selected.interface.memory(nil, holding: 0x0800_0000))
    return Flasher(
      try session(alternate: memory.alternate.number, polling: polling),
      memory.map, options: knowledge.adapt(options), shouldStop: shouldStop,
      report: report)
  }

  /// Flashes bytes at the start of the flash, unless told otherwise; the log
  /// begins with the flash itself.
  @discardableResult
  func flash(
    _ bytes: [UInt8], at address: UInt32 = 0x0800_0000,
    _ options: FlashOptions = FlashOptions(),
    polling: Polling.Mode? = nil,
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) throws -> FlashPlan {
    try flash(
      try FirmwareImage(bytes, at: address), options, polling: polling,
      report: report)
  }

  /// Flashes an image.
  @discardableResult
  func flash(
    _ image: FirmwareImage, _ options: FlashOptions = FlashOptions(),
    polling: Polling.Mode? = nil,
    report: @escaping (FlashEvent) -> Void = { _ in }
  ) throws -> FlashPlan {
    let flasher = try flasher(options, polling: polling, report: report)
    board.clearLog()
    return try flasher.flashed(image)
  }

  /// What was said since the log began, in the terms of DfuSe, GETSTATUS left
  /// out and repetitions counted.
  var story: [String] {
    var lines: [(text: String, count: Int)] = []
    for record in board.log.records {
      let address = record.sent.dropFirst().prefix(4).reversed()
        .reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      var line: String
      switch (record.kind, record.sent.first) {
      case (.command, 0x21): line = "set \(address.hexadecimal)"
      case (.command, 0x41) where record.length == 5:
        line = "erase \(address.hexadecimal)"
      case (.command, 0x41): line = "mass erase"
      case (.data, _): line = "write \(record.length)"
      case (.zeroLength, _): line = "leave"
      case (.upload, _): line = "read \(record.length)"
      case (.abort, _): line = "abort"
      case (.clearStatus, _): line = "clear"
      case (.getStatus, _), (.getDescriptor, _), (.setInterface, _): continue
      default: line = record.description
      }
      if case .data = record.answer {} else { line += " → \(record.answer)" }
      if lines.last?.text == line {
        lines[lines.count - 1].count += 1
      } else {
        lines.append((line, 1))
      }
    }
    return lines.map { $0.count == 1 ? $0.text : "\($0.text) × \($0.count)" }
  }

  /// Control transfers of the log that do not serve reading: without UPLOAD,
  /// and without the ABORT and the address before one.
  var transfersBesideReads: Int {
    let records = board.log.records.filter {
      $0.kind != .getDescriptor && $0.kind != .setInterface
    }
    var count = 0
    // Since the last transfer that certainly serves writing.
    var undecided = 0
    for record in records {
      switch record.kind {
      case .upload: undecided = 0
      case .abort: undecided += 1
      case .command where record.sent.first == 0x21:
        count += undecided
        undecided = 1
      case .getStatus where undecided > 0: undecided += 1
      default:
        count += undecided + 1
        undecided = 0
      }
    }
    return count + undecided
  }
}

extension UInt32 {
  var hexadecimal: String { "0x" + hex(self) }
}

extension Flasher {
  /// Flashes, and throws what went wrong without what it leaves behind.
  @discardableResult
  func flashed(_ image: FirmwareImage) throws -> FlashPlan {
    do throws(FlashFailure) {
      return try flash(image).plan
    } catch {
      throw error.error
    }
  }
}
