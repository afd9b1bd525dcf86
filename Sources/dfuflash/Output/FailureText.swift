extension ToolFailure {
  /// Tells the person.
  func show() {
    Console.errFolded("dfuflash: \(message)")
    if let hint { Console.errFolded("  hint: \(hint)") }
  }
}
