import ArgumentParser
import DFUCore
import SystemPackage

/// Asking before something that cannot be undone.
struct ConsentOptions: ParsableArguments {
  @Flag(help: "Do it without asking.")
  var yes = false

  @OptionGroup var risk: RiskOptions

  /// Asks on a terminal; without one only `--yes` will do.
  func obtain(_ question: String) throws(ToolFailure) {
    if yes { return }
    try Self.ask(question)
  }

  /// Asks whether to do something.
  static func ask(_ question: String) throws(ToolFailure) {
    guard Terminal.isTerminal(.standardInput) else {
      throw ToolFailure(
        .usage, "\(question): there is nobody to ask",
        advice: .confirm)
    }
    Console.err("\(question)? [y/N] ", terminator: "")
    try InputFile("-").wait()
    let answer = readLine()?.lowercased() ?? ""
    guard answer == "y" || answer == "yes" else {
      throw ToolFailure(.usage, "not confirmed", advice: .nothingWritten)
    }
  }
}

/// What is done only by those who say that they mean it.
struct RiskOptions: ParsableArguments {
  @Flag(
    help:
      "Write option bytes that look wrong or raise protection, and images that cannot be started."
  )
  var force = false

  @Flag(
    name: .customLong("permanently-lock-this-chip"),
    help: "Allow readout protection level 2: there is no way back.")
  var permanentlyLock = false

  /// - Parameter forced: whether risks were accepted elsewhere.
  func permissions(forced: Bool = false) -> Permissions {
    var permissions = Permissions.usual
    if force || forced {
      permissions.formUnion([.riskyOptionBytes, .raiseProtection])
    }
    if permanentlyLock { permissions.insert(.permanentLock) }
    return permissions
  }
}

extension Permissions {
  /// What a command that writes may do without being asked for each: what
  /// dfu-util does, but for what a chip may not survive.
  static let usual: Permissions = [
    .optionBytes, .liftProtection, .eraseDataMemory,
  ]
}
