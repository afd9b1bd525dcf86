import DFUCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A command of the user's that is run by the shell when a board is done.
struct Hook: Sendable {
  var command: String

  /// The longest a hook may take; then it is ended.
  static let limit = Duration.seconds(60)

  /// Runs the command with more environment variables and waits for it.
  ///
  /// - Returns: what went wrong with it; `nil` when it ended with status 0.
  func run(_ variables: [(name: String, value: String)]) -> String? {
    let added = Set(variables.map(\.name))
    let environment =
      Self.environment.filter { entry in
        !added.contains(String(entry.prefix { $0 != "=" }))
      } + variables.map { "\($0.name)=\($0.value.withoutZeros)" }
    guard let pid = Self.spawn(["/bin/sh", "-c", command], environment) else {
      return "could not be started"
    }
    let clock = SystemClock()
    let end = clock.now() + Self.limit
    var status: Int32 = 0
    while true {
      let ended = unsafe waitpid(pid, &status, WNOHANG)
      if ended == pid { break }
      if ended < 0, errno != EINTR { return "is lost" }
      if clock.now() >= end {
        kill(pid, SIGKILL)
        _ = unsafe waitpid(pid, &status, 0)
        return "took longer than \(Self.limit.components.seconds) s"
      }
      clock.sleep(for: .milliseconds(5))
    }
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    return code == 0 ? nil : "ended with status \(code)"
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
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var pid: pid_t = 0
    let code = unsafe posix_spawn(
      &pid, "/bin/sh", nil, &attributes, argv, envp)
    return code == 0 ? pid : nil
  }
}

extension String {
  /// A device may send anything; an environment variable ends at a zero.
  fileprivate var withoutZeros: String { String(filter { $0 != "\0" }) }
}
