public import DFUCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A session with boards as `--trace FILE` wrote it (docs/schema/trace.json),
/// or as it stands in a report of `doctor --report`.
public struct Recording: Sendable {
  /// Notes in it, such as where it comes from.
  public private(set) var notes: [String] = []
  /// What was recorded of each board, by port path.
  public private(set) var boards: [String: RecordedBoard] = [:]
  /// When it begins, by its own clock.
  var start = Duration.zero

  /// The largest file that is read, bytes.
  static let mostBytes = 64 << 20

  /// Reads a recording; `nil` when the file is something else, a bench for
  /// example, or not there.
  ///
  /// - Throws: ``BenchError`` that names the line and what is wrong with it.
  public init?(file path: String) throws(BenchError) {
    guard let bytes = try Files.read(path, limit: Self.mostBytes),
      Self.isRecording(bytes)
    else { return nil }
    try self.init(parsing: bytes, path: path)
  }

  /// Whether a file begins as a recording or a report does.
  static func isRecording(_ bytes: [UInt8]) -> Bool {
    let first = bytes.prefix { $0 != 0x0A }
    if first.starts(with: "# ".utf8) { return true }
    let line = try? JSONDecoder().decode(Line.self, from: Data(first))
    return line?.event != nil || line?.request != nil
  }

  /// Reads the content of a file.
  ///
  /// - Parameter path: the file's name, for messages.
  /// - Throws: ``BenchError/invalid(_:at:_:)``.
  public init(parsing bytes: [UInt8], path: String) throws(BenchError) {
    let lines = bytes.split(
      separator: 0x0A, omittingEmptySubsequences: false)
    // In a report the recording stands between fences.
    let fence = lines.firstIndex { $0.starts(with: "```jsonl".utf8) }
    let end = lines[(fence ?? 0)...].dropFirst().firstIndex {
      $0.starts(with: "```".utf8)
    }
    let body = (fence.map { $0 + 1 } ?? 0)..<(end ?? lines.endIndex)
    for number in body where lines[number].contains(where: { $0 > 0x20 }) {
      do {
        let line = try JSONDecoder().decode(
          Line.self, from: Data(lines[number]))
        try add(line, number + 1)
      } catch {
        let reason = (error as? BenchFault)?.reason
        throw .invalid(
          path, at: "line \(number + 1)", reason ?? "it is no line of a trace")
      }
    }
    guard !boards.isEmpty else {
      throw .invalid(path, at: nil, "it has no device in it")
    }
    start = boards.values.compactMap(\.steps.first?.time).min() ?? .zero
  }

  private mutating func add(_ line: Line, _ number: Int) throws(BenchFault) {
    if line.event == "note" { return notes.append(line.text ?? "") }
    guard let path = line.board, PortPath(path) != nil else {
      throw BenchFault("\"board\" is no port path")
    }
    guard let time = try seconds(line.time) else {
      throw BenchFault("\"time\" is missing")
    }
    let event = try line.decoded()
    if boards[path] == nil {
      guard case .arrived = event else {
        throw BenchFault(
          "what board \(path) shows is not recorded before its first transfer")
      }
      guard boards.count < Bench.mostBoards else {
        throw BenchFault("there are more than \(Bench.mostBoards) boards")
      }
    }
    if case .arrived(let device) = event, device.path != path {
      throw BenchFault("the device is not at \(path)")
    }
    boards[path, default: RecordedBoard()].add(event, at: time, line: number)
  }
}

/// What was recorded of one board.
public struct RecordedBoard: Sendable {
  /// One control transfer.
  struct Transfer: Hashable, Sendable {
    var setup: ControlSetup
    /// Bytes sent, or asked for.
    var length: Int
    /// What was sent, or came.
    var data: [UInt8]
    /// What the system answered; `nil` for success.
    var error: USBError.Code?
    /// How long it took.
    var duration: Duration

    /// The request in words.
    var text: String {
      TransferRecord(
        time: .zero, setup: setup, kind: setup.kind(length: length),
        length: length, sent: Array(data.prefix(8)), outcome: .success,
        received: [], receivedCount: 0
      ).requestText
    }
  }

  enum Event: Sendable {
    case arrived(USBDevice)
    case left
    case reset(USBError.Code?)
    case transfer(Transfer)
  }

  /// What happened, in order, but for the descriptors that were asked for.
  struct Step: Sendable {
    var event: Event
    var time: Duration
    /// The line of the recording, from 1.
    var line: Int
    /// How many transfers of the board there are up to here.
    var transfer: Int
  }

  private(set) var steps: [Step] = []
  /// What the board answered to GET_DESCRIPTOR, by its arrivals.
  private(set) var descriptors: [[ControlSetup: [Transfer]]] = []
  /// How many control transfers there are.
  public private(set) var transfers = 0
  /// The time of the last thing that was recorded.
  public private(set) var end = Duration.zero

  /// Every device the board was, one for each arrival.
  public var devices: [USBDevice] {
    steps.compactMap {
      if case .arrived(let device) = $0.event { device } else { nil }
    }
  }

  fileprivate mutating func add(_ event: Event, at time: Duration, line: Int) {
    end = max(end, time)
    if case .arrived = event { descriptors.append([:]) }
    if case .transfer(let transfer) = event {
      transfers += 1
      if transfer.setup.isGetDescriptor, !descriptors.isEmpty {
        descriptors[descriptors.count - 1][transfer.setup, default: []]
          .append(transfer)
        return
      }
    }
    steps.append(
      Step(event: event, time: time, line: line, transfer: transfers))
  }
}

extension ControlSetup {
  /// GET_DESCRIPTOR, which changes nothing and may be asked at any time.
  var isGetDescriptor: Bool { requestType & 0xE0 == 0x80 && request == 6 }
}

/// One line of a trace.
private struct Line: Decodable {
  var time: Double?
  var board: String?
  var event: String?
  var text: String?
  var address: UInt8?
  var speed: Int32?
  var device: String?
  var configurations: [String]?
  var request: String?
  var requestType: UInt8?
  var code: UInt8?
  var value: UInt16?
  var index: UInt16?
  var length: UInt16?
  var data: String?
  var seconds: Double?
  var error: String?

  func decoded() throws(BenchFault) -> RecordedBoard.Event {
    switch event {
    case nil: return .transfer(try transfer())
    case "device"?: return .arrived(try arrival())
    case "left"?: return .left
    case "reset"?: return .reset(try failure())
    case let other?:
      throw BenchFault("no event is called \(other.debugDescription)")
    }
  }

  private func transfer() throws(BenchFault) -> RecordedBoard.Transfer {
    guard let requestType, let code, let value, let index, let length,
      let bytes = try Self.bytes(data),
      let duration = try DFUSimulator.seconds(seconds)
    else { throw BenchFault("it is not all of a transfer") }
    let setup = ControlSetup(
      requestType: requestType, request: code, value: value, index: index)
    guard
      setup.isDeviceToHost
        ? bytes.count <= Int(length) : bytes.count == Int(length)
    else { throw BenchFault("\"data\" does not have \"length\" bytes") }
    return RecordedBoard.Transfer(
      setup: setup, length: Int(length), data: bytes, error: try failure(),
      duration: duration)
  }

  private func arrival() throws(BenchFault) -> USBDevice {
    guard let path = board.flatMap({ PortPath($0) }), let address,
      let raw = try Self.bytes(device),
      let descriptor = DeviceDescriptor(parsing: raw)
    else { throw BenchFault("it is not all of a device") }
    var all: [ConfigurationDescriptor] = []
    for text in configurations ?? [] {
      guard let raw = try Self.bytes(text),
        let configuration = ConfigurationDescriptor(parsing: raw)
      else { throw BenchFault("a configuration descriptor is wrong") }
      all.append(configuration)
    }
    return USBDevice(
      bus: path.bus, address: address, ports: path.ports,
      speed: USBSpeed(rawValue: speed ?? 0), descriptor: descriptor,
      configurations: all)
  }

  private func failure() throws(BenchFault) -> USBError.Code? {
    guard let error else { return nil }
    guard let code = USBError.Code(name: error) else {
      throw BenchFault("no error is called \(error.debugDescription)")
    }
    return code
  }

  private static func bytes(_ text: String?) throws(BenchFault) -> [UInt8]? {
    guard let text else { return nil }
    let digits = text.unicodeScalars.map(\.hexDigit)
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard index + 1 < digits.count, let high = digits[index],
        let low = digits[index + 1]
      else { throw BenchFault("it has bytes that are not hexadecimal") }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
