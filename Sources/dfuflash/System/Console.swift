import Synchronization
import SystemPackage

/// Standard output for results, standard error for everything else.
enum Console {
  /// Writes text to standard output.
  static func out(_ text: String, terminator: String = "\n") {
    write(Terminal.output.plain(text + terminator), to: .standardOutput)
  }

  /// Writes text to standard error.
  static func err(_ text: String, terminator: String = "\n") {
    write(Terminal.errors.plain(text + terminator), to: .standardError)
  }

  /// Writes lines for people to standard output, none wider than the terminal.
  static func outFolded(_ text: String, terminator: String = "\n") {
    out(Terminal.output.folded(text), terminator: terminator)
  }

  /// Writes lines for people to standard error, none wider than the terminal.
  static func errFolded(_ text: String, terminator: String = "\n") {
    err(Terminal.errors.folded(text), terminator: terminator)
  }

  /// Writes bytes to standard output. Throws where nobody takes them.
  static func write(_ bytes: ArraySlice<UInt8>) throws(ToolFailure) {
    do {
      try FileDescriptor.standardOutput.writeAll(bytes)
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not write to standard output (\(error))")
    }
  }

  /// The first error of standard output; 0 for none.
  private static let problem = Atomic<Int32>(0)

  private static func write(_ text: String, to descriptor: FileDescriptor) {
    do {
      _ = try descriptor.writeAll(text.utf8)
    } catch {
      // A closed pipe has nobody left who wants the rest, as with `head`.
      guard descriptor == .standardOutput, let error = error as? Errno,
        error != .brokenPipe
      else { return }
      problem.store(error.rawValue, ordering: .relaxed)
    }
  }

  /// Says at the end when standard output did not take everything. The exit
  /// status, which is then no success.
  static func finish(_ status: Int32) -> Int32 {
    let code = problem.load(ordering: .relaxed)
    guard code != 0 else { return status }
    let failure = ToolFailure(
      .cannotWrite,
      "could not write to standard output (\(Errno(rawValue: code)))",
      advice: .cannotWrite)
    failure.show()
    return status == 0 ? failure.status.rawValue : status
  }

  /// Makes sure that messages do not get into files: one that is opened while
  /// a standard stream is closed would be taken for it.
  static func openClosedStreams() {
    for stream in [
      FileDescriptor.standardInput, .standardOutput, .standardError,
    ] where (try? Stat(stream)) == nil {
      // The lowest free descriptor is taken.
      _ = try? FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    }
  }
}

extension ToolFailure {
  /// Tells the person.
  func show() {
    Console.errFolded("dfuflash: \(message)")
    if let hint { Console.errFolded("  hint: \(hint)") }
  }
}
