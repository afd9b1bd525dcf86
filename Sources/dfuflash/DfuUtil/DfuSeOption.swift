import ArgumentParser
import DFUCore

/// dfu-util's `-s`: an address and modifiers, separated by colons.
struct DfuSeOption: Hashable, Sendable {
  var address: UInt32?
  var length: UInt32?
  var force = false
  var leave = false
  var unprotect = false
  var massErase = false
  var willReset = false
  var relaunch = false

  /// The modifiers and what they do.
  static let modifiers = [
    "force", "leave", "unprotect", "mass-erase", "will-reset", "fast",
    "relaunch",
  ]

  /// Reads `[address][:modifier…][:length]`.
  ///
  /// - Throws: `ValidationError` that names what is wrong.
  init(parsing text: String) throws(ValidationError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == 0 {
        if part.isEmpty { continue }
        guard let number = UInt32(c: part) else {
          throw ValidationError(
            "-s: \"\(part)\" is not an address; write it as in C: 0x08000000")
        }
        address = number
        continue
      }
      switch part {
      case "force": force = true
      case "leave": leave = true
      case "unprotect": unprotect = true
      case "mass-erase": massErase = true
      case "will-reset": willReset = true
      case "relaunch": relaunch = true
      // dfu-util skips a status read with it; here nothing is waited for.
      case "fast": break
      default:
        guard let number = UInt32(c: part) else {
          throw ValidationError(
            """
            -s: "\(part)" is neither a length nor one of the modifiers \
            \(Self.modifiers.joined(separator: ", "))
            """)
        }
        length = number
      }
    }
    if (unprotect || massErase) && !force {
      throw ValidationError(
        """
        -s: \(unprotect ? "unprotect" : "mass-erase") erases everything on the \
        chip: add :force if that is what you want
        """)
    }
  }
}
