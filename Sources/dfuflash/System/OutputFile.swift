import DFUCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a path that is to be written names. Folders, block devices and sockets
/// are refused.
enum OutputPlace {
  /// A regular file, or none yet, behind all symbolic links.
  case file(String, exists: Bool)
  /// A FIFO or a character device: what is written is gone at once.
  case stream

  init(_ path: String) throws(ToolFailure) {
    do {
      switch try Stat(FilePath(path)).type {
      case .regular: self = .file(Self.target(of: path), exists: true)
      case .fifo, .characterSpecial: self = .stream
      case .directory:
        throw Self.failure("create", path, "it is a folder")
      default:
        throw Self.failure("create", path, "it is a block device or a socket")
      }
    } catch Errno.noSuchFileOrDirectory {
      self = .file(Self.target(of: path), exists: false)
    } catch {
      throw error as? ToolFailure ?? Self.failure("create", path, error)
    }
  }

  /// Where symbolic links lead; nothing need be there.
  private static func target(of path: String) -> String {
    var path = FilePath(path)
    // As many as Linux follows.
    for _ in 0..<40 {
      var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      guard unsafe readlink(path.string, &link, link.count - 1) > 0 else {
        break
      }
      path = path.removingLastComponent()
        .pushing(FilePath(platformString: link))
    }
    return path.string
  }

  /// Why a path cannot be written.
  static func failure(
    _ what: String, _ path: String, _ reason: Any
  ) -> ToolFailure {
    ToolFailure(
      .cannotWrite, "could not \(what) \(PathText.shown(path)) (\(reason))",
      advice: .cannotWrite)
  }

  /// Something that must not be replaced has the name.
  ///
  /// - Parameter hasForce: whether the user has an option to replace it.
  static func exists(_ path: String, hasForce: Bool = false) -> ToolFailure {
    ToolFailure(
      .cannotWrite, "\(PathText.shown(path)) exists already",
      advice: hasForce
        ? "choose another name, or add --force to replace it"
        : "choose another name or remove it first: rm \(path.escapingControls)")
  }

  /// Opens a new file or a stream for lines that appear as they are written. A
  /// file is not replaced, but standard output and standard error are written
  /// to by whatever path, and whatever they are.
  static func open(_ path: String) throws(ToolFailure) -> FileDescriptor {
    if let file = standardStream(path) { return file }
    switch try OutputPlace(path) {
    case .stream: return try openStream(path)
    case .file(_, exists: true): throw exists(path)
    case .file(let target, exists: false):
      do {
        return try create(target)
      } catch {
        throw error == .fileExists
          ? exists(path) : failure("create", path, error)
      }
    }
  }

  private static func standardStream(_ path: String) -> FileDescriptor? {
    guard let found = try? Stat(FilePath(path)) else { return nil }
    let own = [FileDescriptor.standardError, .standardOutput].first {
      (try? Stat($0)).map {
        $0.deviceID == found.deviceID && $0.inode == found.inode
      } ?? false
    }
    guard let own else { return nil }
    let copy = fcntl(own.rawValue, F_DUPFD_CLOEXEC, 3)
    return copy < 0 ? nil : FileDescriptor(rawValue: copy)
  }

  /// Makes a new file.
  static func create(_ path: String) throws(Errno) -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        FilePath(path), .writeOnly,
        options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o666))
    } catch {
      throw error as? Errno ?? .ioError
    }
  }

  /// Opens a character device, or a FIFO as soon as somebody reads it.
  static func openStream(_ path: String) throws(ToolFailure) -> FileDescriptor {
    do {
      let isFIFO = try Stat(FilePath(path)).type == .fifo
      while !Interruption.isWanted {
        do {
          let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.nonBlocking, .closeOnExec])
          _ = fcntl(file.rawValue, F_SETFL, 0)
          return file
        } catch Errno.noSuchAddressOrDevice where isFIFO {
          usleep(100_000)
        }
      }
    } catch {
      throw failure("open", path, error)
    }
    throw ToolFailure(
      .interrupted, "stopped by the user: nobody reads \(PathText.shown(path))",
      advice: .runAgain)
  }
}

/// A file that appears under its name only when it is complete: until then it
/// is a temporary one beside it, which goes away when the work fails. A FIFO
/// or a character device takes the bytes as they come. `-` is standard output.
final class OutputFile {
  private let path: String
  private let replaces: Bool?
  private var target = ""
  private var temporary: String?
  /// `nil` for standard output, and when it is complete.
  private var file: FileDescriptor?

  /// Begins a file.
  ///
  /// - Parameter replaces: whether a regular file that exists is replaced;
  ///   `nil` where the user has no option for that.
  /// - Throws: `ToolFailure` when it exists and may not be replaced, or the
  ///   folder cannot be written to.
  init(_ path: String, replaces: Bool? = nil) throws(ToolFailure) {
    self.path = path
    self.replaces = replaces
    guard path != "-" else { return }
    switch try OutputPlace(path) {
    case .stream: file = try OutputPlace.openStream(path)
    case .file(_, exists: true) where replaces != true: throw exists
    case .file(let target, _):
      self.target = target
      file = try createTemporary()
    }
  }

  deinit {
    try? file?.close()
    removeTemporary()
  }

  private var exists: ToolFailure {
    OutputPlace.exists(path, hasForce: replaces != nil)
  }

  private func createTemporary() throws(ToolFailure) -> FileDescriptor {
    var reason = Errno.fileExists
    // What others left behind, perhaps under the same process id, stays.
    for _ in 0..<100 where reason == .fileExists {
      let name = "\(target).part-\(hex(UInt32.random(in: 0...UInt32.max)))"
      do throws(Errno) {
        let file = try OutputPlace.create(name)
        temporary = name
        return file
      } catch {
        reason = error
      }
    }
    throw OutputPlace.failure("create", path, reason)
  }

  private func removeTemporary() {
    if let temporary { _ = unsafe unlink(temporary) }
    temporary = nil
  }

  /// Adds bytes at the end.
  func write(_ bytes: ArraySlice<UInt8>) throws(ToolFailure) {
    guard let file else { return try Console.write(bytes) }
    do {
      try file.writeAll(bytes)
    } catch {
      throw OutputPlace.failure("write", path, error)
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
    self.file = nil
    defer { removeTemporary() }
    do {
      try file.close()
    } catch {
      throw OutputPlace.failure("write", path, error)
    }
    guard let temporary else { return }
    do throws(Errno) {
      // link refuses an existing name, rename replaces it.
      if replaces == true {
        try Self.check(unsafe rename(temporary, target))
      } else {
        try publish(temporary)
      }
    } catch {
      throw error == .fileExists
        ? exists : OutputPlace.failure("create", path, error)
    }
  }

  /// Gives a file the target's name if that is free. Where the file system has
  /// no hard links, an empty file keeps the name for a moment.
  private func publish(_ temporary: String) throws(Errno) {
    let hasNoLinks: [Errno] = [
      .notPermitted, .notSupported, .notSupportedOnSocket, .noFunction,
    ]
    do throws(Errno) {
      return try Self.check(unsafe link(temporary, target))
    } catch  where hasNoLinks.contains(error) {
      let empty = try OutputPlace.create(target)
      try? empty.close()
      do throws(Errno) {
        try Self.check(unsafe rename(temporary, target))
      } catch {
        _ = unsafe unlink(target)
        throw error
      }
    }
  }

  private static func check(_ result: Int32) throws(Errno) {
    if result != 0 { throw Errno(rawValue: errno) }
  }
}
