import DFUCore
import DFUProduction

/// A map that has been read, with all its files.
struct MapInput {
  private let path: String
  private let map: BoardMap
  private var jobs: [FlashJob] = []

  /// Reads the map and every file it names.
  ///
  /// - Parameter common: what the command line says for all rows.
  init(
    _ path: String, _ firmware: FirmwareOptions,
    _ common: (FirmwareInput) throws -> FlashJob
  ) throws {
    self.path = path
    let bytes = try Files.read(path)
    guard bytes.count <= 1 << 20 else {
      throw ToolFailure(.noInput, "a map has at most 1 MiB", advice: .noFile)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    map = try Self.explained(path) { () throws(BoardMap.Problem) in
      try BoardMap(parsing: text)
    }
    var inputs: [String: FirmwareInput] = [:]
    for row in map.rows {
      let file = Self.resolved(row.file, beside: path)
      // A file that several boards get is read, and held, once.
      let input =
        try inputs[file] ?? Self.input(file, firmware, path, line: row.line)
      inputs[file] = input
      let job = try common(input)
      jobs.append(
        try Self.explained(path) { () throws(BoardMap.Problem) in
          try map.job(for: row, from: job, input.file)
        })
    }
  }

  private static func input(
    _ file: String, _ firmware: FirmwareOptions, _ map: String, line: Int
  ) throws(ToolFailure) -> FirmwareInput {
    do throws(ToolFailure) {
      return try firmware.input(file)
    } catch {
      throw ToolFailure(
        error.status,
        "\(PathText.shown(map)), line \(line): \(error.message)",
        advice: error.advice)
    }
  }

  private static func explained<Result>(
    _ path: String, _ body: () throws(BoardMap.Problem) -> Result
  ) throws(ToolFailure) -> Result {
    do throws(BoardMap.Problem) {
      return try body()
    } catch {
      throw ToolFailure(
        .badFile, "\(PathText.shown(path)), \(error)",
        advice: .nothingTouched)
    }
  }

  /// A relative path of a map is relative to the map's folder.
  static func resolved(_ file: String, beside map: String) -> String {
    guard !file.hasPrefix("/"), let slash = map.lastIndex(of: "/") else {
      return file
    }
    return String(map[...slash]) + file
  }

  /// Every row's board with its job, or all that is wrong.
  func tasks(
    allowsExtra: Bool, waiting: Duration?, _ context: JobContext
  ) throws(ToolFailure) -> [Batch.Task] {
    do throws(MapError) {
      return try map.tasks(
        jobs, allowsExtra: allowsExtra, waiting: waiting, context)
    } catch {
      switch error {
      case .job(let error): throw error.failure()
      case .mismatches(let mismatches):
        throw Explain.mismatches(PathText.shown(path), mismatches)
      }
    }
  }
}
