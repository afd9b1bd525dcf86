import DFUDoctor
import DFUProduction

/// Puts this program's udev rules in place.
struct UdevInstaller {
  /// Where the file goes.
  var folder = UdevRules.folder
  /// Whether this is where udev reads it, so that it is told.
  var isLive: Bool { folder == UdevRules.folder }

  var path: String { "\(folder)/\(UdevRules.name)" }

  /// What makes udev read the rules and apply them to what is plugged in.
  static let commands = [
    "udevadm control --reload",
    "udevadm trigger --action=change --subsystem-match=usb"
      + " --attr-match='idVendor=*'",
  ]

  /// What ``run()`` does, to the letter.
  var plan: String {
    let commands = isLive ? Self.commands : []
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
  var isAllowed: Bool { Files.mayWrite(folder) }

  /// Writes the file and tells udev.
  func run() throws(ToolFailure) {
    guard case .file(let target, _) = try OutputPlace(path) else {
      throw ToolFailure(
        .cannotWrite, "\(path) is no file: these rules are masked",
        advice: "remove it first: rm \(path)")
    }
    let file = try OutputFile(path, replaces: true)
    try file.write(Array(UdevRules.text.utf8)[...])
    try file.finish()
    Files.letAllRead(target)
    guard isLive else { return }
    for command in Self.commands {
      if let problem = Hook(command: command).run([]) {
        throw ToolFailure(
          .cannotWrite, "\(path) is written, but \(command) \(problem)",
          advice: "plug the board in again, or restart the computer")
      }
    }
  }
}
