import DFUCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A firmware file, read, and where its parts belong.
struct FirmwareInput: Sendable {
  /// One memory's share.
  struct Part: Sendable {
    /// The alternate setting the file asks for.
    var alternate: UInt8?
    var image: FirmwareImage
  }

  var path: String
  var file: FirmwareFile
  /// The chip family that was asked for.
  private let family: UInt32?

  /// Reads and checks a file: `-` is standard input, `archive.zip:path` a
  /// file in a zip archive.
  ///
  /// - Parameters:
  ///   - format: the format to read it as; otherwise its content tells.
  ///   - family: which chip family to take from a UF2 file.
  ///   - limit: the most bytes, packed as well as unpacked.
  ///   - damagedSuffixIsData: reads a file whose DFU suffix does not match
  ///     as raw.
  init(
    _ path: String, format: FirmwareFormat? = nil, family: UInt32? = nil,
    limit: Int = FirmwareFileReader.defaultLimit,
    damagedSuffixIsData: Bool = false
  ) throws(ToolFailure) {
    self.path = path
    self.family = family
    let (archive, entry) = Self.split(path)
    let source = try Source(archive)
    var reader = FirmwareFileReader(
      format: format, entry: entry, expectedCount: source.size, limit: limit,
      damagedSuffixIsData: damagedSuffixIsData)
    do throws(FirmwareError) {
      while try reader.feed(from: source.read) > 0 {}
    } catch {
      throw Self.failure(path, error)
    }
    try source.check()
    do throws(FirmwareError) {
      file = try reader.finish()
      if let family { try file.choose(family: family) }
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// The parts, each for one memory.
  ///
  /// - Parameters:
  ///   - address: where a file without addresses belongs.
  ///   - work: the board they are for, which must be the right one and
  ///     chooses among the families of a UF2 file.
  func parts(
    at address: UInt32?, for work: BoardWork
  ) throws(ToolFailure) -> [Part] {
    try checkIDs(work)
    var file = file
    if family == nil, let chosen = try chosenFamily(work) {
      do throws(FirmwareError) {
        try file.choose(family: chosen)
      } catch {
        throw Self.failure(path, error)
      }
    }
    return try Self.parts(of: file, at: address, path)
  }

  private static func parts(
    of file: FirmwareFile, at address: UInt32?, _ path: String
  ) throws(ToolFailure) -> [Part] {
    if !file.targets.isEmpty {
      return file.targets.map {
        Part(alternate: $0.alternate, image: $0.image)
      }
    }
    do throws(FirmwareError) {
      return [Part(alternate: nil, image: try file.image(at: address))]
    } catch {
      throw failure(path, error)
    }
  }

  /// Refuses a file whose suffix names another device, unless the person said
  /// that it is right.
  func checkIDs(_ work: BoardWork) throws(ToolFailure) {
    let ids = work.board.device.descriptor
    guard !work.settings.takesOtherIDs, let suffix = file.suffix,
      !work.board.accepts(suffix)
    else { return }
    throw ToolFailure(
      .usage,
      """
      \(Files.shown(path)) is for \(hex(suffix.vendor, 4, uppercase: false)):\
      \(hex(suffix.product, 4, uppercase: false)), but board \(work.board.label) is \
      \(hex(ids.vendor, 4, uppercase: false)):\(hex(ids.product, 4, uppercase: false))
      """,
      advice: .forceOtherIDs)
  }

  /// Which of a UF2 file's families is the board's; `nil` when that is not
  /// known or does not matter.
  private func chosenFamily(
    _ work: BoardWork
  ) throws(ToolFailure) -> UInt32? {
    let offered = file.families.compactMap(\.id)
    let knowledge = work.knowledge
    let wanted = knowledge.shared.uf2Families
    guard !offered.isEmpty, !wanted.isEmpty else { return nil }
    let fitting = wanted.filter(offered.contains)
    if fitting.count == 1 { return fitting[0] }
    // A family nobody knows may be the right one.
    let isKnown = offered.allSatisfy { UF2Family.name(of: $0) != nil }
    guard fitting.isEmpty, isKnown else { return nil }
    let names = offered.compactMap(UF2Family.name(of:))
    throw ToolFailure(
      .usage,
      """
      \(Files.shown(path)) is for \(names.joined(separator: ", ")), but board \
      \(work.board.label) is \(knowledge.identification.summary)
      """,
      advice: .otherFamily(names[0]))
  }

  // MARK: Where it comes from

  /// The archive and the path in it that `archive.zip:path` means; a file
  /// whose own name has the colon goes before.
  private static func split(_ path: String) -> (String, entry: String?) {
    func exists(_ path: some StringProtocol) -> Bool {
      unsafe path == "-" || access(String(path), F_OK) == 0
    }
    if exists(path) { return (path, nil) }
    for colon in path.indices where path[colon] == ":" {
      let entry = path[path.index(after: colon)...]
      if !entry.isEmpty, exists(path[..<colon]) {
        return (String(path[..<colon]), String(entry))
      }
    }
    return (path, nil)
  }

  /// An open file.
  private final class Source {
    let path: String
    let size: Int?
    private let file: FileDescriptor
    private var problem: Errno?

    init(_ path: String) throws(ToolFailure) {
      self.path = path
      if path == "-" {
        file = .standardInput
        size = nil
        return
      }
      do {
        file = try FileDescriptor.open(FilePath(path), .readOnly)
      } catch {
        throw ToolFailure(
          .noInput, "could not read \(Files.shown(path)) (\(error))",
          advice: .noFile)
      }
      size = (try? file.seek(offset: 0, from: .end)).map(Int.init)
      _ = try? file.seek(offset: 0, from: .start)
    }

    deinit {
      if path != "-" { try? file.close() }
    }

    func read(_ output: inout OutputSpan<UInt8>) {
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        do {
          let rest = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          count += try unsafe file.read(into: rest)
        } catch {
          problem = error as? Errno ?? .ioError
        }
      }
    }

    /// Throws when reading ended early.
    func check() throws(ToolFailure) {
      guard let problem else { return }
      throw ToolFailure(
        .noInput,
        """
        could not read \
        \(path == "-" ? "standard input" : Files.shown(path)) (\(problem))
        """)
    }
  }

  /// What is wrong with a file, and what to do.
  static func failure(_ path: String, _ error: FirmwareError) -> ToolFailure {
    let name = path == "-" ? "standard input" : Files.shown(path)
    var failure = ToolFailure(.badFile, "\(name): \(error)")
    failure.advice =
      switch error.kind {
      case .entryNeeded(let entries):
        .archiveEntry(Files.shown("\(path):\(entries.first ?? "path")"))
      case .noFirmware(let entries) where !entries.isEmpty:
        .archiveEntry(Files.shown("\(path):\(entries.first ?? "path")"))
      case .familyNeeded(let families):
        .family(
          families.first { $0 != 0 }.map {
            UF2Family.name(of: $0) ?? "0x\(hex($0))"
          } ?? "0")
      case .addressNeeded: .addressNeeded
      case .tooLarge: .maxSize
      case .plainText: .formatRaw
      case .packed: .unpack
      case .notThisFormat: .leaveFormatOut
      default: .brokenFile
      }
    return failure
  }
}
