import DFUCore
import DFUSimulator
import Foundation
import Synchronization

/// What dfuflash says, against what has become of simulated boards.
///
///     fault-matrix [--every N] [--only NAME] [--write FILE]
///     fault-matrix --random N [--seed S]
///     fault-matrix --soak BOARDS [--seed S]
///
/// Every fault at every transfer of every operation: `--every N` takes each Nth
/// transfer only, `--write` puts the table into a document, between its marks.
/// `--random` runs cases drawn by lot, `--soak` a station with many boards.
@main
struct FaultMatrix {
  static func main() async throws {
    var arguments = Arguments()
    let every = arguments.number("--every") ?? 1
    let only = arguments.value("--only")
    let document = arguments.value("--write")
    let cases = arguments.number("--random")
    let boards = arguments.number("--soak")
    let seed = arguments.value("--seed").flatMap { UInt64($0) }
    guard arguments.rest.isEmpty, every > 0 else { usage() }
    let start = seed ?? UInt64(Date().timeIntervalSince1970 * 1_000)
    if let cases { return await Properties.run(cases, seed: start) }
    if let boards { return try Soak.run(boards: boards, seed: start) }
    try await runMatrix(every: every, only: only, document: document)
  }

  private static func usage() -> Never {
    print(
      """
      usage: fault-matrix [--every N] [--only NAME] [--write FILE]
             fault-matrix --random N [--seed S]
             fault-matrix --soak BOARDS [--seed S]
      """)
    exit(64)
  }

  private static func runMatrix(
    every: Int, only: String?, document: String?
  ) async throws {
    var table = Table()
    for operation in try Operation.all()
    where only.map(operation.name.contains) ?? true {
      do {
        try await table.add(operation, every: every)
      } catch {
        print("\(operation.name) does not even work without trouble: \(error)")
        exit(70)
      }
    }
    print(table.text)
    if let document { try table.write(into: document) }
    print(table.summary)
    for example in table.examples { print(example) }
    exit(table.problems == 0 ? 0 : 1)
  }
}

/// The command line, from which values are taken.
private struct Arguments {
  private(set) var rest = Array(CommandLine.arguments.dropFirst())

  mutating func value(_ name: String) -> String? {
    guard let index = rest.firstIndex(of: name),
      rest.indices.contains(index + 1)
    else { return nil }
    defer { rest.removeSubrange(index...index + 1) }
    return rest[index + 1]
  }

  /// A number that is not negative; anything else is left over.
  mutating func number(_ name: String) -> Int? {
    let before = rest
    guard let text = value(name) else { return nil }
    guard let number = Int(text), number > 0 else {
      rest = before
      return nil
    }
    return number
  }
}

/// What came of all runs, by operation and trouble.
struct Table {
  private struct Cell {
    var runs = 0
    var problems = 0
  }

  private var rows: [(name: String, cells: [Cell])] = []
  private(set) var examples: [String] = []
  private var runs: Int {
    rows.reduce(0) { $0 + $1.cells.reduce(0) { $0 + $1.runs } }
  }
  var problems: Int {
    rows.reduce(0) { $0 + $1.cells.reduce(0) { $0 + $1.problems } }
  }

  /// Runs an operation with each trouble at each place, on all processors.
  mutating func add(_ operation: Operation, every: Int) async throws {
    let counts = try Case.transfers(operation)
    var cells: [Cell] = []
    for trouble in Trouble.all {
      let total = counts[trouble.kind] ?? 0
      let places = Array(stride(from: 1, through: total, by: every))
      let found = await withTaskGroup(of: [(Int, [String])].self) { group in
        let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
        for worker in 0..<workers {
          group.addTask {
            stride(from: worker, to: places.count, by: workers).map { index in
              let run = Case(
                operation: operation, trouble: trouble, place: places[index])
              do {
                return (places[index], try run.problems())
              } catch {
                return (places[index], ["\(error)"])
              }
            }
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      let bad = found.filter { !$0.1.isEmpty }.sorted { $0.0 < $1.0 }
      cells.append(Cell(runs: places.count, problems: bad.count))
      for (place, problems) in bad.prefix(3) {
        examples.append(
          "\(operation.name), \(trouble.name) at \(place) of \(total): "
            + problems.joined(separator: "; "))
      }
    }
    rows.append((operation.name, cells))
  }

  /// Markdown. A cell is the number of runs; what went wrong stands before it.
  var text: String {
    let names = Trouble.all.map(\.name)
    let head =
      ["| operation | " + names.joined(separator: " | ") + " |"]
      + ["|---|" + names.map { _ in "--:|" }.joined()]
    let lines = rows.map { row in
      "| \(row.name) | "
        + row.cells.map {
          $0.problems == 0 ? "\($0.runs)" : "**\($0.problems)** of \($0.runs)"
        }.joined(separator: " | ") + " |"
    }
    return (head + lines).joined(separator: "\n")
  }

  var summary: String {
    "\(runs) runs, \(problems) with a false success, a wrong sentence, half a "
      + "program, a hang, or bytes lost without a word"
  }

  func write(into path: String) throws {
    let marks = ("<!-- matrix -->\n", "\n<!-- end -->")
    let whole = try String(contentsOfFile: path, encoding: .utf8)
    guard let start = whole.range(of: marks.0),
      let end = whole.range(
        of: marks.1, range: start.upperBound..<whole.endIndex)
    else {
      print("\(path) has no marks for the table")
      exit(65)
    }
    try whole.replacingCharacters(
      in: start.upperBound..<end.lowerBound,
      with: text + "\n\n" + summary + "."
    ).write(toFile: path, atomically: true, encoding: .utf8)
  }
}
