#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Whole files.
enum Files {
  /// The most that is read from a file or a pipe, bytes. No chip this program
  /// flashes holds more.
  static let largest = 256 * 1024 * 1024

  /// The bytes of a file; `-` is standard input.
  static func read(_ path: String) throws(ToolFailure) -> [UInt8] {
    let file = try InputFile(path)
    var bytes: [UInt8] = []
    var count: Int
    repeat {
      count = bytes.count
      bytes.append(addingCapacity: 1 << 16, initializingWith: file.read)
      guard bytes.count <= largest else {
        throw ToolFailure(
          .badFile,
          "\(PathText.input(path)) is larger than \(largest >> 20) MiB: no "
            + "firmware is")
      }
    } while bytes.count > count
    try file.check()
    return bytes
  }

  /// Whether this user may write to a file or into a folder.
  static func mayWrite(_ path: String) -> Bool {
    unsafe access(path, W_OK) == 0
  }

  /// Makes a file readable for all, whatever the mask.
  static func letAllRead(_ path: String) { _ = unsafe chmod(path, 0o644) }
}
