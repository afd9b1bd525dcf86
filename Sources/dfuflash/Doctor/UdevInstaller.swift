import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Puts this program's udev rules in place.
struct UdevInstaller {
  /// Where the file goes.
  var folder = UdevRules.folder
  /// Whether this is where udev reads it, so that it is told.
  var isLive: Bool { folder == UdevRules.folder }

  var path: String { "\(folder)/\(UdevRules.name)" }

  /// What makes udev read the rules and apply them to what is plugged in.
  static let commands = [
    ["udevadm", "control", "--reload"],
    [
      "udevadm", "trigger", "--action=change", "--subsystem-match=usb",
      "--attr-match=idVendor=*",
    ],
  ]

  /// What ``run()`` does, to the letter.
  var plan: String {
    let commands =
      isLive ? Self.commands.map { $0.joined(separator: " ") } : []
    return """
      Write \(path):

      \(UdevRules.text.split(separator: "\n", omittingEmptySubsequences: false)
        .dropLast().map { "    " + $0 }.joined(separator: "\n"))
      \(commands.isEmpty ? "" : "\nThen run:\n\n")\
      \(commands.map { "    " + $0 + "\n" }.joined())
      """
  }

  /// Whether there is nothing to do.
  var isInstalled: Bool {
    (try? Files.read(path)).map {
      String(decoding: $0, as: UTF8.self) == UdevRules.text
    } ?? false
  }

  /// Whether this user may write there.
  var isAllowed: Bool { unsafe access(folder, W_OK) == 0 }

  /// Writes the file and tells udev.
  func run() throws(ToolFailure) {
    let file = try OutputFile(path, replaces: true)
    try file.write(Array(UdevRules.text.utf8)[...])
    try file.finish()
    // Readable for all, whatever the mask.
    _ = unsafe chmod(path, 0o644)
    guard isLive else { return }
    for command in Self.commands {
      guard try Self.call(command) == 0 else {
        throw ToolFailure(
          .cannotWrite,
          "\(path) is written, but \(command.joined(separator: " ")) failed",
          advice: .rulesNotLoaded)
      }
    }
  }

  /// Runs a program of the system and waits for it; its exit status.
  private static func call(_ words: [String]) throws(ToolFailure) -> Int32 {
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe arguments.indices { unsafe free(arguments[index]) }
    }
    var pid: pid_t = 0
    let code = unsafe posix_spawnp(
      &pid, words[0], nil, nil, arguments, environ)
    guard code == 0 else {
      throw ToolFailure(
        .cannotWrite, "could not run \(words[0]) (\(Errno(rawValue: code)))",
        advice: .rulesNotLoaded)
    }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128
  }
}
