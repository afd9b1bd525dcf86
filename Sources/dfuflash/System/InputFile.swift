import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file, FIFO or terminal that is read to its end; `-` is standard input.
/// Ctrl-C ends the wait for bytes that do not come.
final class InputFile {
  /// How many bytes a regular file has.
  let size: Int?
  private let path: String
  private let file: FileDescriptor
  private var problem: ToolFailure?

  /// Opens a file. Throws when it cannot be read.
  init(_ path: String) throws(ToolFailure) {
    self.path = path
    guard path != "-" else {
      file = .standardInput
      size = nil
      return
    }
    do {
      // Opening a FIFO must not wait for its writer.
      file = try FileDescriptor.open(
        FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
    } catch {
      throw Self.failure(path, error)
    }
    size = (try? Stat(file)).map { Int($0.size) }
  }

  deinit {
    if path != "-" { try? file.close() }
  }

  private static func failure(
    _ path: String, _ reason: any Error
  ) -> ToolFailure {
    ToolFailure(
      .noInput, "could not read \(PathText.input(path)) (\(reason))",
      advice: path == "-" ? nil : .noFile)
  }

  /// Adds the next bytes: none at the end, and none when reading failed, which
  /// ``check()`` tells.
  func read(_ output: inout OutputSpan<UInt8>) {
    while problem == nil {
      do {
        try wait()
        return try unsafe output.withUnsafeMutableBufferPointer {
          buffer, count in
          let rest = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          count += try unsafe file.read(into: rest)
        }
      } catch Errno.resourceTemporarilyUnavailable {
        // Another reader of the same pipe was quicker.
      } catch {
        problem = error as? ToolFailure ?? Self.failure(path, error)
      }
    }
  }

  /// Throws when reading ended early.
  func check() throws(ToolFailure) {
    if let problem { throw problem }
  }

  /// Waits until there is something to read, or the end.
  func wait() throws(ToolFailure) {
    var wanted = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
    var count: Int32
    repeat {
      if Interruption.isWanted {
        throw ToolFailure(
          .interrupted,
          "stopped by the user while reading \(PathText.input(path))",
          advice: .runAgain)
      }
      count = unsafe poll(&wanted, 1, 100)
    } while count == 0 || count < 0 && errno == EINTR
  }
}
