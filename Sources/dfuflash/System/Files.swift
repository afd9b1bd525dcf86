import DFUCore
import SystemPackage

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
    let name = PathText.input(path)
    do {
      let file =
        path == "-"
        ? FileDescriptor.standardInput
        : try FileDescriptor.open(FilePath(path), .readOnly)
      defer { if path != "-" { try? file.close() } }
      var bytes: [UInt8] = []
      while bytes.count <= largest {
        let piece = try unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) {
          buffer, count in
          count = try unsafe file.read(
            into: UnsafeMutableRawBufferPointer(buffer))
        }
        if piece.isEmpty { return bytes }
        bytes += piece
      }
    } catch {
      throw ToolFailure(
        .noInput, "could not read \(name) (\(error))",
        advice: path == "-" ? nil : .noFile)
    }
    throw ToolFailure(
      .badFile,
      "\(name) is larger than \(largest >> 20) MiB: no firmware is")
  }

  /// Whether this user may write to a file or into a folder.
  static func mayWrite(_ path: String) -> Bool {
    unsafe access(path, W_OK) == 0
  }

  /// Makes a file readable for all, whatever the mask.
  static func letAllRead(_ path: String) { _ = unsafe chmod(path, 0o644) }
}

/// A file that appears under its name only when it is complete: until then it
/// is a temporary one beside it, which goes away when the work fails. `-` is
/// standard output.
final class OutputFile {
  private let path: String
  private let temporary: String
  private let replaces: Bool
  private let exists: ToolFailure
  /// `nil` for standard output, and when it is complete.
  private var file: FileDescriptor?

  /// Begins a file.
  ///
  /// - Parameter replaces: whether one that exists is replaced; `nil` where
  ///   the user has no option for that.
  /// - Throws: `ToolFailure` when it exists and may not be replaced, or the
  ///   folder cannot be written to.
  init(_ path: String, replaces: Bool? = nil) throws(ToolFailure) {
    self.path = path
    self.replaces = replaces ?? false
    temporary = "\(path).part-\(getpid())"
    exists = ToolFailure(
      .cannotWrite, "\(PathText.shown(path)) exists already",
      advice: replaces == nil
        ? "choose another name or remove it first: rm \(path)"
        : "choose another name, or add --force to replace it")
    guard path != "-" else { return }
    if !self.replaces, unsafe access(path, F_OK) == 0 {
      throw exists
    }
    do {
      file = try FileDescriptor.open(
        FilePath(temporary), .writeOnly,
        options: [.create, .exclusiveCreate],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw failure("create", error)
    }
  }

  deinit {
    if let file {
      try? file.close()
      _ = unsafe unlink(temporary)
    }
  }

  private func failure(_ what: String, _ reason: any Error) -> ToolFailure {
    ToolFailure(
      .cannotWrite, "could not \(what) \(PathText.shown(path)) (\(reason))",
      advice: .cannotWrite)
  }

  /// Adds bytes at the end.
  func write(_ bytes: ArraySlice<UInt8>) throws(ToolFailure) {
    guard let file else { return try Console.write(bytes) }
    do {
      try file.writeAll(bytes)
    } catch {
      throw failure("write", error)
    }
  }

  /// Takes what a job reads.
  func take(_ bytes: ArraySlice<UInt8>) throws(FlashError) {
    do throws(ToolFailure) {
      try write(bytes)
    } catch {
      throw .output(error.message)
    }
  }

  /// Puts the file under its name.
  func finish() throws(ToolFailure) {
    guard let file else { return }
    do {
      try file.close()
    } catch {
      throw failure("write", error)
    }
    self.file = nil
    // link refuses an existing name, rename replaces it.
    let code =
      unsafe replaces ? rename(temporary, path) : link(temporary, path)
    let reason = Errno(rawValue: errno)
    if !replaces || code != 0 { _ = unsafe unlink(temporary) }
    if code != 0 {
      throw reason == .fileExists ? exists : failure("create", reason)
    }
  }
}
