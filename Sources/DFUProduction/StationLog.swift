public import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a log cannot be written.
public struct StationLogError: Error, Hashable, Sendable {
  /// What failed.
  public enum Step: Hashable, Sendable {
    /// Opening the file.
    case open
    /// Writing to it; the last result is not on record.
    case write
    /// Having it on the disk; the last result may not be on record.
    case flush
  }

  /// What failed.
  public var step: Step
  /// The log's path.
  public var path: String
  /// The system's reason.
  public var reason: Errno
}

/// A file of lines that only grows. A line is on the disk when ``append(_:)``
/// returns.
public final class StationLog: Sendable {
  private let file: FileDescriptor
  private let path: String

  /// Opens a log, or begins one.
  public init(_ path: String) throws(StationLogError) {
    self.path = path
    do {
      // Hooks must not inherit it.
      file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .append, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw StationLogError(
        step: .open, path: path, reason: error as? Errno ?? .ioError)
    }
    if Self.endsTorn(path) {
      _ = try? file.writeAll("\n".utf8)
    }
  }

  /// Whether a file ends within a line, as it does when the power went or the
  /// disk was full. Such a line must not spoil the next one.
  private static func endsTorn(_ path: String) -> Bool {
    // A pipe has no end, and reading from it would wait.
    guard
      let file = try? FileDescriptor.open(
        FilePath(path), .readOnly, options: .nonBlocking)
    else { return false }
    defer { try? file.close() }
    guard let end = try? file.seek(offset: 0, from: .end), end > 0,
      (try? file.seek(offset: -1, from: .end)) != nil
    else { return false }
    let last = try? unsafe [UInt8](unsafeUninitializedCapacity: 1) {
      buffer, count in
      count = try unsafe file.read(
        into: UnsafeMutableRawBufferPointer(buffer))
    }
    return last == nil ? false : last != [0x0A]
  }

  deinit { try? file.close() }

  /// Adds a line. It is on the disk when this returns.
  public func append(_ line: String) throws(StationLogError) {
    do {
      // One write, so that two stations may share a log.
      try file.writeAll((line + "\n").utf8)
    } catch {
      throw StationLogError(
        step: .write, path: path, reason: error as? Errno ?? .ioError)
    }
    // A pipe or a terminal cannot be flushed, and need not be.
    guard fsync(file.rawValue) == 0 || errno == EINVAL || errno == EROFS else {
      throw StationLogError(
        step: .flush, path: path, reason: Errno(rawValue: errno))
    }
  }
}
