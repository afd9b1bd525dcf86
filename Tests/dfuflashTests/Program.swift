import DFUSimulator
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The program as it was built, run as a person or a script runs it.
enum Program {
  /// How a run ended, and what it said.
  struct Run {
    var status: Int32
    var out: [UInt8]
    var err: [UInt8]
    /// Real time, seconds.
    var seconds: Double

    var text: String { String(decoding: out, as: UTF8.self) }
    var errors: String { String(decoding: err, as: UTF8.self) }
    var lines: [String] {
      text.split(separator: "\n").map(String.init)
    }
  }

  /// The program that the environment variable DFUFLASH names (`make unit` names
  /// the release build: a debug build takes half a second to look at its own
  /// options), otherwise the one beside the program that runs the tests.
  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["DFUFLASH"] {
      return named
    }
    let own =
      (try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: own).deletingLastPathComponent()
      .appendingPathComponent("dfuflash").path
  }()

  /// Runs the program with arguments and waits for its end.
  ///
  /// - Parameters:
  ///   - bench: the bench it sees; without one, one that does not exist, so
  ///     that no test ever speaks to a real board.
  ///   - name: by which name it is called.
  ///   - current: the current folder; without one, that of the tests.
  ///   - input: a file for its standard input.
  ///   - more: environment variables.
  ///   - script: commands for sh that run it, as `"$@"`.
  ///   - whileRunning: called with its process id once it runs.
  static func run(
    _ arguments: [String], bench: TestBenchFile? = nil,
    name: String = "dfuflash", in current: String? = nil,
    input: String = "/dev/null",
    environment more: [String: String] = [:], by script: String? = nil,
    whileRunning: (pid_t) -> Void = { _ in }
  ) throws -> Run {
    let folder = try Folder()
    let out = folder.path("out")
    let err = folder.path("err")
    var environment = ProcessInfo.processInfo.environment
    environment["DFUFLASH"] = nil
    environment["DFUFLASH_BENCH"] = bench?.file ?? folder.path("none.json")
    environment.merge(more) { $1 }
    let start = ContinuousClock.now
    // There is no way to spawn into a folder that both systems know.
    let shell = script ?? current.map { _ in #"cd "$0" && exec "$@""# }
    let words = shell.map { ["sh", "-c", $0, current ?? "sh", path] } ?? [name]
    let pid = try spawn(
      shell == nil ? path : "/bin/sh", words + arguments,
      environment.map { "\($0)=\($1)" }, input: input, out: out, err: err)
    whileRunning(pid)
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    let elapsed = ContinuousClock.now - start
    return Run(
      // The exit status, or the signal as a shell shows it.
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F,
      out: try Folder.bytes(out), err: try Folder.bytes(err),
      seconds: Double(elapsed.components.seconds)
        + Double(elapsed.components.attoseconds) * 1e-18)
  }

  private static func spawn(
    _ path: String, _ arguments: [String], _ environment: [String],
    input: String,
    out: String, err: String
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let create = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, out, create, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, err, create, 0o600)
    let argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    let envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe argv.indices { unsafe free(argv[index]) }
      for index in unsafe envp.indices { unsafe free(envp[index]) }
    }
    // The threads that run tests block signals, and what runs the tests may
    // ignore some; the program must not.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var usual = sigset_t()
    unsafe sigemptyset(&usual)
    unsafe sigaddset(&usual, SIGHUP)
    unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var pid: pid_t = 0
    let code = unsafe posix_spawn(
      &pid, path, &actions, &attributes, argv, envp)
    guard code == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL)
    }
    return pid
  }
}

/// A folder that goes away with its last owner.
final class Folder: Sendable {
  let root: String

  init() throws {
    root =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuflash-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { root + "/" + name }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Puts a file there; its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }
}

/// A bench in a file, for one test.
struct TestBenchFile: Sendable {
  let folder: Folder
  var file: String { folder.path("bench.json") }

  /// A bench of boards, each a kind and more of its entry in the file, as
  /// JSON.
  init(
    _ boards: [(kind: String, more: String)], speed: Double? = nil
  ) throws {
    folder = try Folder()
    let entries = boards.enumerated().map { index, board in
      """
      {"profile": "\(board.kind)", "path": "1-\(index + 1)"\
      \(board.more.isEmpty ? "" : ", " + board.more)}
      """
    }
    _ = try folder.file(
      "bench.json",
      Array(
        """
        {"format": "dfuflash-bench", "version": 1\
        \(speed.map { ", \"speed\": \($0)" } ?? ""), "boards": [\
        \(entries.joined(separator: ", "))]}
        """.utf8))
  }

  init(_ kinds: String..., speed: Double? = nil) throws {
    try self.init(kinds.map { ($0, "") }, speed: speed)
  }

  /// Looks at a board, or changes it, between two runs.
  @discardableResult
  func board<Result>(
    _ path: String = "1-1", _ body: (SimulatedBoard) throws -> Result
  ) throws -> Result {
    let bench = try Bench.load(file, patience: .seconds(5))
    let result = try body(try bench.board(at: path))
    try bench.save()
    return result
  }

  func memory(
    _ count: Int, at address: UInt32 = 0x0800_0000, of path: String = "1-1"
  ) throws -> [UInt8]? {
    try board(path) { $0.memory(at: address, count: count) }
  }
}
