import DFUCore
import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a station remembers of a board (docs/schema/station.json), a line of
/// JSON.
struct StationRecord: Encodable, Sendable {
  /// The version of the record.
  static let version = 1

  var version = Self.version
  /// When it ended, UTC, as in ISO 8601.
  var time: String
  var path: String
  var serial: String?
  var uid: String?
  var chip: String?
  /// The firmware file's name.
  var file: String
  /// SHA-256 of what the board was to get.
  var sha256: String
  /// `pass` or `fail`.
  var result: String
  var seconds: Double
  var error: String?

  var isPass: Bool { result == StationPorts.Result.pass.rawValue }

  /// Now, as in `2026-03-01T12:00:00Z`.
  static func now() -> String { Date.now.formatted(.iso8601) }
}

/// A file of records that only grows. A record is on the disk when ``append``
/// returns.
final class StationLog: Sendable {
  private let file: FileDescriptor
  private let path: String

  init(_ path: String) throws(ToolFailure) {
    self.path = path
    do {
      file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .append],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not open \(Files.shown(path)) (\(error))")
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

  func append(_ record: StationRecord) throws(ToolFailure) {
    let line = try JSONText.line(record) + "\n"
    do {
      // One write, so that two stations may share a log.
      try file.writeAll(line.utf8)
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not write \(Files.shown(path)) (\(error))",
        advice: .notOnRecord)
    }
    // A pipe or a terminal cannot be flushed, and need not be.
    guard fsync(file.rawValue) == 0 || errno == EINVAL || errno == EROFS else {
      throw ToolFailure(
        .cannotWrite,
        """
        could not flush \(Files.shown(path)) to the disk \
        (\(Errno(rawValue: errno)))
        """, advice: .notOnRecord)
    }
  }
}
