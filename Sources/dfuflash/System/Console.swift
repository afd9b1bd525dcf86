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

  private static func write(_ text: String, to descriptor: FileDescriptor) {
    // Nobody is left to tell when the stream is closed.
    _ = try? descriptor.writeAll(text.utf8)
  }
}

extension ToolFailure {
  /// Tells the person.
  func show() {
    Console.errFolded("dfuflash: \(message)")
    if let hint { Console.errFolded("  hint: \(hint)") }
  }
}
