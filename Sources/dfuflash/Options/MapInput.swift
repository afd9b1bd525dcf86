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
    do throws(BoardMap.Problem) {
      map = try BoardMap(
        parsing: String(decoding: try Self.read(path), as: UTF8.self))
    } catch {
      throw Self.failure(path, error)
    }
    var inputs: [String: FirmwareInput] = [:]
    for row in map.rows {
      let file = Self.resolved(row.file, beside: path)
      // A file that several boards get is read, and held, once.
      let input: FirmwareInput
      if let known = inputs[file] {
        input = known
      } else {
        do throws(ToolFailure) {
          input = try firmware.input(file)
        } catch {
          throw ToolFailure(
            error.status,
            "\(PathText.shown(path)), line \(row.line): \(error.message)",
            advice: error.advice)
        }
        inputs[file] = input
      }
      let job = try common(input)
      do throws(BoardMap.Problem) {
        jobs.append(try map.job(for: row, from: job, input.file))
      } catch {
        throw Self.failure(path, error)
      }
    }
  }

  private static func read(
    _ path: String
  ) throws(BoardMap.Problem) -> [UInt8] {
    do throws(ToolFailure) {
      let bytes = try Files.read(path)
      guard bytes.count <= 1 << 20 else {
        throw ToolFailure(.badFile, "a map has at most 1 MiB")
      }
      return bytes
    } catch {
      throw BoardMap.Problem(line: 0, reason: error.message)
    }
  }

  /// A relative path of a map is relative to the map's folder.
  static func resolved(_ file: String, beside map: String) -> String {
    guard !file.hasPrefix("/"), let slash = map.lastIndex(of: "/") else {
      return file
    }
    return String(map[...slash]) + file
  }

  private static func failure(
    _ path: String, _ problem: BoardMap.Problem
  ) -> ToolFailure {
    problem.line == 0
      ? ToolFailure(.noInput, problem.reason, advice: .noFile)
      : ToolFailure(
        .badFile,
        "\(PathText.shown(path)), line \(problem.line): \(problem.reason)",
        advice: .nothingTouched)
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
      case .job(let error): throw Explain.job(error)
      case .mismatches(let mismatches):
        throw Explain.mismatches(PathText.shown(path), mismatches)
      }
    }
  }
}
