import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that appears under its name only when it is complete: until then it
/// is a temporary one beside it, which goes away when the work fails.
struct OutputFile: ~Copyable {
  private let path: String
  private let temporary: String
  private let file: FileDescriptor
  private let replaces: Bool
  private var isFinished = false

  /// Begins a file. `-` is not handled here.
  ///
  /// - Throws: `ToolFailure` when it exists and may not be replaced, or the
  ///   folder cannot be written to.
  init(_ path: String, replaces: Bool) throws(ToolFailure) {
    self.path = path
    self.replaces = replaces
    temporary = "\(path).part-\(getpid())"
    if !replaces, unsafe access(path, F_OK) == 0 {
      throw Self.exists(path)
    }
    do {
      file = try FileDescriptor.open(
        FilePath(temporary), .writeOnly,
        options: [.create, .exclusiveCreate],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not create \(PathText.shown(path)) (\(error))",
        advice: .cannotWrite)
    }
  }

  private static func exists(_ path: String) -> ToolFailure {
    ToolFailure(
      .cannotWrite, "\(PathText.shown(path)) exists already",
      advice: .outputExists(path))
  }

  deinit {
    if !isFinished {
      try? file.close()
      _ = unsafe unlink(temporary)
    }
  }

  /// Adds bytes at the end.
  func write(_ bytes: ArraySlice<UInt8>) throws(ToolFailure) {
    do {
      try file.writeAll(bytes)
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not write \(PathText.shown(path)) (\(error))",
        advice: .cannotWrite)
    }
  }

  /// Puts the file under its name.
  consuming func finish() throws(ToolFailure) {
    do {
      try file.close()
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not write \(PathText.shown(path)) (\(error))",
        advice: .cannotWrite)
    }
    isFinished = true
    // link refuses an existing name, rename replaces it.
    let code =
      unsafe replaces ? rename(temporary, path) : link(temporary, path)
    let reason = errno
    if !replaces || code != 0 { _ = unsafe unlink(temporary) }
    if code != 0 {
      throw reason == EEXIST
        ? Self.exists(path)
        : ToolFailure(
          .cannotWrite,
          "could not create \(PathText.shown(path)) (\(Errno(rawValue: reason)))",
          advice: .cannotWrite)
    }
  }
}
