import DFUCore
import SystemPackage

/// Reading and writing whole files.
enum Files {
  /// The most that is read from a file or a pipe, bytes. No chip this program
  /// flashes holds more.
  static let largest = 256 * 1024 * 1024

  /// The bytes of a file; `-` is standard input.
  static func read(_ path: String) throws(ToolFailure) -> [UInt8] {
    if path == "-" {
      do {
        return try readAll(.standardInput, from: "standard input", hint: 0)
      } catch let failure as ToolFailure {
        throw failure
      } catch {
        throw ToolFailure(
          .noInput, "could not read standard input (\(error))")
      }
    }
    do {
      let file = try FileDescriptor.open(FilePath(path), .readOnly)
      return try file.closeAfter {
        let size = (try? file.seek(offset: 0, from: .end)) ?? 0
        _ = try? file.seek(offset: 0, from: .start)
        return try readAll(file, from: path, hint: Int(size))
      }
    } catch let failure as ToolFailure {
      throw failure
    } catch {
      throw ToolFailure(
        .noInput, "could not read \(PathText.shown(path)) (\(error))",
        advice: .noFile)
    }
  }

  private static func readAll(
    _ file: FileDescriptor, from name: String, hint: Int
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(hint, largest) + 1)
    let chunk = max(65536, min(hint, largest) + 1)
    while true {
      let piece = try unsafe [UInt8](unsafeUninitializedCapacity: chunk) {
        buffer, count in
        count = try unsafe file.read(
          into: UnsafeMutableRawBufferPointer(buffer))
      }
      if piece.isEmpty { return bytes }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      if bytes.count > largest {
        throw ToolFailure(
          .badFile,
          "\(PathText.shown(name)) is larger than \(largest >> 20) MiB: no firmware is"
        )
      }
      if hint > 0 && bytes.count == hint { return bytes }
    }
  }

}
