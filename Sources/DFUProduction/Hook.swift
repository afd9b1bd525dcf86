internal import DFUCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A command of the user's that is run by the shell when a board is done.
public struct Hook: Sendable {
  /// The command line.
  public var command: String
  /// The longest it may take.
  public var limit = Self.longest

  /// The longest a hook may take; then it is ended, and what it has started.
  public static let longest = Duration.seconds(60)
  /// The longest it may take once the user wants to stop.
  public static let lastLimit = Duration.seconds(5)

  /// What went wrong with it.
  public enum Failure: Hashable, Sendable {
    /// It could not be started.
    case notStarted
    /// It is no longer there to be waited for.
    case lost
    /// It took longer than this, and was ended.
    case tookTooLong(Duration)
    /// It ended with this status, 128 and more for a signal.
    case status(Int32)
  }

  /// A command.
  public init(command: String, limit: Duration = longest) {
    self.command = command
    self.limit = limit
  }

  /// Runs the command with more environment variables and waits for it.
  ///
  /// - Parameter shouldStop: whether it has little time left.
  /// - Returns: what went wrong with it; `nil` when it ended with status 0.
  public func run(
    _ variables: [(name: String, value: String)],
    shouldStop: () -> Bool = { false }
  ) -> Failure? {
    let added = Set(variables.map(\.name))
    let environment =
      Self.environment.filter { entry in
        !added.contains(String(entry.prefix { $0 != "=" }))
      } + variables.map { "\($0.name)=\($0.value.withoutZeros)" }
    guard let pid = Self.spawn(["/bin/sh", "-c", command], environment) else {
      return .notStarted
    }
    let clock = SystemClock()
    var end = clock.now() + limit
    var isHurried = false
    var status: Int32 = 0
    while true {
      let ended = unsafe waitpid(pid, &status, WNOHANG)
      if ended == pid { break }
      if ended < 0, errno != EINTR { return .lost }
      if shouldStop(), !isHurried {
        isHurried = true
        end = min(end, clock.now() + Self.lastLimit)
      }
      if clock.now() >= end {
        // The shell and all that it runs.
        kill(-pid, SIGKILL)
        _ = unsafe waitpid(pid, &status, 0)
        return .tookTooLong(isHurried ? min(limit, Self.lastLimit) : limit)
      }
      clock.sleep(for: .milliseconds(5))
    }
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    return code == 0 ? nil : .status(code)
  }

  private static var environment: [String] {
    var entries: [String] = []
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      unsafe entries.append(String(cString: text))
      unsafe entry += 1
    }
    return entries
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String]
  ) -> pid_t? {
    let argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    let envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe argv.indices { unsafe free(argv[index]) }
      for index in unsafe envp.indices { unsafe free(envp[index]) }
    }
    // This program ignores SIGPIPE; the user's commands should not.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    // A group of its own, so that all of it can be ended.
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    // Such a group would be stopped when it reads the terminal.
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(
      &actions, 0, "/dev/null", O_RDONLY, 0)
    var pid: pid_t = 0
    let code = unsafe posix_spawn(
      &pid, "/bin/sh", &actions, &attributes, argv, envp)
    return code == 0 ? pid : nil
  }
}

extension String {
  /// A device may send anything; an environment variable ends at a zero.
  fileprivate var withoutZeros: String { String(filter { $0 != "\0" }) }
}
