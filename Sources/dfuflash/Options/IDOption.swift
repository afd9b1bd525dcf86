import ArgumentParser
import DFUCore

/// dfu-util's `-d`: ids of the device at run time and in DFU mode.
struct IDOption: Hashable, Sendable {
  var runtime: BoardSelector.IDPair
  var dfu: BoardSelector.IDPair

  /// Reads `vendor:product[,vendor:product]`, hexadecimal; `*` or nothing for
  /// any, `-` for none. One pair counts for both modes; `,v:p` only for DFU
  /// mode.
  init(parsing text: String) throws(ValidationError) {
    let pairs = text.split(separator: ",", omittingEmptySubsequences: false)
    guard pairs.count <= 2 else {
      throw ValidationError(
        "-d: \"\(text)\" has more than two pairs; write vendor:product")
    }
    let first = try Self.pair(pairs[0], inheriting: nil)
    guard pairs.count == 2 else {
      runtime = first
      dfu = first
      return
    }
    let onlyDFU = pairs[0].isEmpty
    runtime =
      onlyDFU ? .init(vendor: .none, product: .none) : first
    dfu = try Self.pair(pairs[1], inheriting: onlyDFU ? nil : first)
  }

  private static func pair(
    _ text: Substring, inheriting parent: BoardSelector.IDPair?
  ) throws(ValidationError) -> BoardSelector.IDPair {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2 else {
      throw ValidationError("-d: \"\(text)\" is not a pair vendor:product")
    }
    return .init(
      vendor: try id(parts[0], inheriting: parent?.vendor),
      product: parts.count == 2
        ? try id(parts[1], inheriting: parent?.product) : .any)
  }

  private static func id(
    _ text: Substring, inheriting parent: BoardSelector.IDMatch?
  ) throws(ValidationError) -> BoardSelector.IDMatch {
    switch text {
    case "": return parent ?? .any
    case "*": return .any
    case "-": return .none
    default:
      guard let id = USBNumber(argument: String(text)) else {
        throw ValidationError(
          "-d: \"\(text)\" is not a USB id of up to four hexadecimal digits")
      }
      return .exactly(id.value)
    }
  }
}
