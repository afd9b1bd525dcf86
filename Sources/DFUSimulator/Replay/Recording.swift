import DFUCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A session with boards as `--trace FILE` wrote it, or as it stands in a report
/// of `doctor --report`.
public struct Recording: Sendable {
  /// Notes in it, such as where it comes from.
  public private(set) var notes: [String] = []
  /// What was recorded of each board that was spoken with, by port path.
  public private(set) var boards: [String: Board] = [:]

  /// What was recorded of one board.
  public struct Board: Sendable {
    /// What happened in order, but for the descriptors that were asked for, with
    /// its line and the number of transfers up to it.
    var steps: [(seen: BusObservation, line: Int, transfer: Int)] = []
    /// What the board answered to GET_DESCRIPTOR, by its arrivals.
    var descriptors: [[ControlSetup: [TransferObservation]]] = []
    /// How many control transfers there are.
    public internal(set) var transfers = 0
  }

  /// The largest file that is read, bytes.
  static let mostBytes = 64 << 20

  /// Reads a recording; `nil` when the file is something else, a bench for
  /// example, or not there.
  ///
  /// - Throws: ``BenchError`` that names the line and what is wrong with it.
  public init?(file path: String) throws(BenchError) {
    guard let bytes = try Files.read(path, limit: Self.mostBytes) else {
      return nil
    }
    let first = bytes.prefix { $0 != 0x0A }
    let line = try? JSONDecoder().decode(TraceLine.self, from: Data(first))
    guard
      first.starts(with: "# ".utf8) || line?.event != nil || line?.code != nil
    else { return nil }
    try self.init(parsing: bytes, path: path)
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
    let start = fence.map { $0 + 1 } ?? 0
    let end = lines[start...].firstIndex { $0.starts(with: "```".utf8) }
    for number in start..<(end ?? lines.endIndex)
    where lines[number].contains(where: { $0 > 0x20 }) {
      do {
        try add(
          JSONDecoder().decode(TraceLine.self, from: Data(lines[number])),
          number + 1)
      } catch {
        let reason = (error as? BenchFault)?.reason
        throw .invalid(
          path, at: "line \(number + 1)", reason ?? "it is no line of a trace")
      }
    }
    // Of the others nothing is known that a program could be told.
    boards = boards.filter { $0.value.transfers > 0 }
    guard !boards.isEmpty else {
      throw .invalid(path, at: nil, "it has no transfer with a board in it")
    }
  }

  private mutating func add(_ line: TraceLine, _ number: Int) throws {
    if line.event == "note" { return notes.append(line.text ?? "") }
    let seen = try line.seen()
    if case .arrived = seen {
      boards[seen.path, default: Board()].descriptors.append([:])
    }
    guard var board = boards[seen.path] else {
      throw BenchFault(
        "board \(seen.path) is not recorded to be there before this")
    }
    boards[seen.path] = nil
    defer { boards[seen.path] = board }
    if case .transfer(let transfer) = seen {
      board.transfers += 1
      if transfer.setup.isGetDescriptor {
        return board.descriptors[board.descriptors.count - 1][
          transfer.setup, default: []
        ].append(transfer)
      }
    }
    board.steps.append((seen, number, board.transfers))
  }
}

extension ControlSetup {
  /// GET_DESCRIPTOR, which changes nothing and may be asked at any time.
  var isGetDescriptor: Bool { requestType & 0xE0 == 0x80 && request == 6 }
}
