import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The few things a bench wants of the file system.
///
/// swift-system has no `mkdir`, `rename` or `flock`; the first two take C
/// strings, hence `unsafe`: the pointers live for the call only.
enum Files {
  /// The whole content of a file of at most `limit` bytes; `nil` when there
  /// is no such file.
  static func read(_ path: String, limit: Int) throws(BenchError) -> [UInt8]? {
    do {
      let file = try FileDescriptor.open(FilePath(path), .readOnly)
      return try file.closeAfter { try content(of: file, limit: limit, path) }
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch let error as BenchError {
      throw error
    } catch {
      throw .file(path, doing: "read", reason: "\(error)")
    }
  }

  private static func content(
    of file: FileDescriptor, limit: Int, _ path: String
  ) throws -> [UInt8] {
    var content: [UInt8] = []
    while true {
      let chunk = try unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) {
        buffer, count in
        count = try unsafe file.read(
          into: UnsafeMutableRawBufferPointer(buffer))
      }
      if chunk.isEmpty { return content }
      content += chunk
      guard content.count <= limit else {
        throw BenchError.invalid(
          path, at: nil, "it is larger than \(limit) bytes")
      }
    }
  }

  /// Puts a file in place of another in one step.
  static func replace(
    _ path: String, with content: [UInt8]
  ) throws(BenchError) {
    let new = path + ".new"
    do {
      let file = try FileDescriptor.open(
        FilePath(new), .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(content) }
    } catch {
      throw .file(path, doing: "write", reason: "\(error)")
    }
    guard unsafe rename(new, path) == 0 else {
      throw .file(path, doing: "write", reason: "\(Errno(rawValue: errno))")
    }
  }

  /// Makes a folder and those above it where they are missing.
  static func makeFolder(_ path: String) throws(BenchError) {
    if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT else {
      throw .file(path, doing: "make", reason: "\(Errno(rawValue: errno))")
    }
    let parent = FilePath(path).removingLastComponent()
    guard !parent.isEmpty, parent.string != path else {
      throw .file(path, doing: "make", reason: "no such folder")
    }
    try makeFolder(parent.string)
    guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw .file(path, doing: "make", reason: "\(Errno(rawValue: errno))")
    }
  }

  /// Takes a file away; it may be missing.
  static func remove(_ path: String) {
    _ = unsafe unlink(path)
  }
}

/// The lock of a bench. It ends with this object, or with the process.
final class FileLock {
  private let file: FileDescriptor

  init(_ path: String) throws(BenchError) {
    do {
      file = try FileDescriptor.open(
        FilePath(path), .readWrite, options: [.create, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw .file(path, doing: "make", reason: "\(error)")
    }
    guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      try? file.close()
      if code == EWOULDBLOCK { throw .locked(path) }
      throw .file(path, doing: "lock", reason: "\(Errno(rawValue: code))")
    }
  }

  deinit { try? file.close() }
}
