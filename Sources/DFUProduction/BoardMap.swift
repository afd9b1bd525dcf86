public import DFUCore

/// Which board gets which file: a table a person writes.
///
/// ```
/// # match, file, address, options
/// path=1-4.1, left.bin
/// serial=325E35633334, right.bin, 0x08004000
/// uid=00580027 3331500B 20333153, "third, new.hex", , no-leave
/// runtime-serial=270058000B50313353313320, fourth.bin
/// ```
public struct BoardMap: Hashable, Sendable {
  /// What a row names its board by.
  public enum Match: Hashable, Sendable {
    /// The port path.
    case path(String)
    /// The serial number it shows in DFU mode.
    case serial(String)
    /// The unique ID of its chip.
    case uniqueID(UniqueIDChoice)
    /// The serial number its application shows; the board is detached.
    case runtimeSerial(String)
  }

  /// A row.
  public struct Row: Hashable, Sendable {
    /// The line of the file it stands in, the first is 1.
    public var line: Int
    /// Which board.
    public var match: Match
    /// The path of the file, as written.
    public var file: String
    /// Where a file without addresses belongs, as written; empty for the
    /// default.
    public var address: String
    /// More options, as written.
    public var options: [String]

    /// A row from its parts.
    public init(
      line: Int, match: Match, file: String, address: String = "",
      options: [String] = []
    ) {
      self.line = line
      self.match = match
      self.file = file
      self.address = address
      self.options = options
    }
  }

  /// Why a text is no map.
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, the first is 1.
    public var line: Int
    /// What is wrong.
    public var reason: String

    /// A problem of a line.
    public init(line: Int, reason: String) {
      self.line = line
      self.reason = reason
    }

    /// "line 3: there is no file".
    public var description: String { "line \(line): \(reason)" }
  }

  /// The rows in the file's order.
  public var rows: [Row]

  /// The most rows a map may have; no host has more USB devices.
  public static let mostRows = 1024

  /// A map of these rows.
  public init(rows: [Row]) { self.rows = rows }

  /// Reads a map. A first line that reads `match,file…` is a heading.
  public init(parsing text: String) throws(Problem) {
    let table = try TableText(parsing: text)
    rows = []
    for row in table.rows {
      if rows.isEmpty, row.fields.first?.lowercased() == "match" { continue }
      let parsed = try Self.row(row)
      if let twin = rows.first(where: { $0.match == parsed.match }) {
        throw Problem(
          line: row.line,
          reason: "line \(twin.line) names the same board (\(parsed.match))")
      }
      guard rows.count < Self.mostRows else {
        throw Problem(
          line: row.line, reason: "there are more than \(Self.mostRows) rows")
      }
      rows.append(parsed)
    }
    guard !rows.isEmpty else {
      throw Problem(line: 1, reason: "no row names a board")
    }
  }

  private static func row(_ row: TableText.Row) throws(Problem) -> Row {
    let fields = row.fields
    guard fields.count <= 4 else {
      throw Problem(
        line: row.line,
        reason: """
          there are \(fields.count) fields; a row is match,file,address,options \
          (a field with a comma in it needs quotation marks)
          """)
    }
    guard fields.count >= 2, !fields[1].isEmpty else {
      throw Problem(
        line: row.line, reason: "there is no file: a row is match,file")
    }
    return Row(
      line: row.line, match: try match(fields[0], line: row.line),
      file: fields[1], address: fields.count > 2 ? fields[2] : "",
      options: fields.count > 3
        ? fields[3].split(separator: " ").map(String.init) : [])
  }

  private static func match(
    _ text: String, line: Int
  ) throws(Problem) -> Match {
    let halves = text.split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, !halves[1].isEmpty else {
      throw Problem(
        line: line,
        reason: """
          "\(text.escapingControls)" names no board; write path=, serial=, \
          uid= or runtime-serial=
          """)
    }
    let value = String(halves[1])
    switch halves[0] {
    case "path": return .path(value)
    case "serial": return .serial(value)
    case "runtime-serial": return .runtimeSerial(value)
    case "uid":
      do throws(UniqueIDError) {
        return .uniqueID(try UniqueIDChoice(parsing: value))
      } catch {
        throw Problem(line: line, reason: "\(error)")
      }
    default:
      throw Problem(
        line: line,
        reason: """
          "\(String(halves[0]).escapingControls)=" is not known; write path=, \
          serial=, uid= or runtime-serial=
          """)
    }
  }
}

extension BoardMap.Match: CustomStringConvertible {
  /// The text of the row, cleaned for terminals.
  public var description: String {
    switch self {
    case .path(let text): "path=\(text.escapingControls)"
    case .serial(let text): "serial=\(text.escapingControls)"
    case .uniqueID(let choice): "uid=\(choice.text.escapingControls)"
    case .runtimeSerial(let text):
      "runtime-serial=\(text.escapingControls)"
    }
  }
}

extension BoardMap.Match {
  /// The DFU interfaces of a board that a row can mean.
  func interfaces(of board: Board) -> [SelectedBoard] {
    guard board.otherProtocol == nil else { return [] }
    var selector = BoardSelector()
    switch self {
    case .path(let path): selector.path = path
    case .serial(let serial): selector.dfuSerial = serial
    case .runtimeSerial(let serial): selector.runtimeSerial = serial
    case .uniqueID(let choice): selector.uniqueID = choice
    }
    return selector.interfaces(of: board).filter { interface in
      switch self {
      case .serial: interface.mode == .dfu
      case .runtimeSerial: interface.mode == .runtime
      case .path, .uniqueID: true
      }
    }.map { SelectedBoard(board: board, interface: $0) }
  }
}

// MARK: - Which board gets which row

extension BoardMap {
  /// A row and its board.
  public struct Assignment: Hashable, Sendable {
    /// The row.
    public var row: Row
    /// The board.
    public var selected: SelectedBoard
  }

  /// Why a map does not fit the boards that are present. Nothing is touched.
  public enum Mismatch: Hashable, Sendable {
    /// The row means none of the boards.
    case noBoard(Row)
    /// The row may mean any of these.
    case several(Row, [SelectedBoard])
    /// The row names a board by a serial number that tells nothing.
    case notUnique(Row, NonUniqueSerial)
    /// These rows mean one and the same board.
    case twice([Row], Board)
    /// The board cannot be opened.
    case closed(Row, Board, USBError)
    /// No row means this board, which waits in DFU mode.
    case extra(Board)
  }

  /// What the rows and the boards come to.
  public struct Plan: Hashable, Sendable {
    /// Each row with its board, in the map's order; to be used only when
    /// there is no mismatch.
    public var assignments: [Assignment] = []
    /// All that is wrong.
    public var mismatches: [Mismatch] = []
  }

  /// Finds the board of every row, and all that stands against it.
  ///
  /// A row must mean exactly one board, a board at most one row. A serial
  /// number that every chip of a kind shows is no name. Where a unique ID was
  /// read it decides.
  ///
  /// - Parameter allowsExtra: whether boards in DFU mode that no row means
  ///   are fine, and left alone; but for those that could be meant after all,
  ///   because they do not show who they are.
  public func plan(for boards: [Board], allowsExtra: Bool = false) -> Plan {
    var plan = Plan()
    var rows: [String: [Row]] = [:]
    for row in self.rows {
      let found = candidates(of: row, among: boards)
      for path in Set(found.map(\.board.path)) {
        rows[path, default: []].append(row)
      }
      if let notUnique = notUnique(row, found) {
        plan.mismatches.append(.notUnique(row, notUnique))
      } else if found.count > 1 {
        plan.mismatches.append(.several(row, found))
      } else if let only = found.first {
        if let problem = only.board.problem {
          plan.mismatches.append(.closed(row, only.board, problem))
        }
        plan.assignments.append(Assignment(row: row, selected: only))
      } else {
        plan.mismatches.append(.noBoard(row))
      }
    }
    for board in boards {
      let claims = rows[board.path] ?? []
      if claims.count > 1 {
        plan.mismatches.append(.twice(claims, board))
      } else if claims.isEmpty, isExtra(board, allowsExtra) {
        plan.mismatches.append(.extra(board))
      }
    }
    return plan
  }

  /// Whether a board that no row means stands against the map. One whose
  /// application runs does only when it does not say who it is.
  private func isExtra(_ board: Board, _ allowsExtra: Bool) -> Bool {
    guard board.otherProtocol == nil else { return false }
    if board.isInDFUMode {
      return !allowsExtra || mayBeMeant(board)
    }
    return board.problem != nil
      && !board.interfaces.allSatisfy(board.isUnrelated)
      && rows.contains { row in
        switch row.match {
        case .path, .serial: false
        case .runtimeSerial, .uniqueID: true
        }
      }
  }

  /// Whether a board that no row seems to mean could be the one that a row
  /// does, and another only looks like it: one that cannot be opened, and one
  /// whose chip's ID neither could be read nor shows in its serial number.
  private func mayBeMeant(_ board: Board) -> Bool {
    let isHidden = board.problem != nil
    let isNameless = board.uniqueID == nil && board.notUniqueSerial != nil
    return rows.contains { row in
      switch row.match {
      case .path: false
      case .serial, .runtimeSerial: isHidden
      case .uniqueID: isHidden || isNameless
      }
    }
  }

  private func candidates(
    of row: Row, among boards: [Board]
  ) -> [SelectedBoard] {
    let all = boards.flatMap { row.match.interfaces(of: $0) }
    guard case .uniqueID(let choice) = row.match else { return all }
    let certain = all.filter {
      choice.verdict($0.board, $0.interface) == .byID
    }
    return certain.isEmpty ? all : certain
  }

  /// The serial number of a row, where it is known to be no name.
  private func notUnique(
    _ row: Row, _ found: [SelectedBoard]
  ) -> NonUniqueSerial? {
    switch row.match {
    case .serial(let serial):
      NonUniqueSerial.known(serial)
        ?? found.lazy.compactMap(\.board.notUniqueSerial).first
    case .path, .uniqueID, .runtimeSerial: nil
    }
  }
}
