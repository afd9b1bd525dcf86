import DFUCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A firmware file that has been read.
struct FirmwareInput: Sendable {
  var path: String
  var file: FirmwareFile
  /// Whether a chip family of it was asked for.
  private var hasChosenFamily: Bool

  /// Reads and checks a file: `-` is standard input, `archive.zip:path` a
  /// file in a zip archive.
  ///
  /// - Parameters:
  ///   - format: the format to read it as; otherwise its content tells.
  ///   - family: which chip family to take from a UF2 file.
  ///   - limit: the most bytes, packed as well as unpacked.
  ///   - suffixMayMiss: reads a file without a DFU suffix that matches as
  ///     raw.
  init(
    _ path: String, format: FirmwareFormat? = nil, family: UInt32? = nil,
    limit: Int = FirmwareFileReader.defaultLimit,
    suffixMayMiss: Bool = false
  ) throws(ToolFailure) {
    self.path = path
    hasChosenFamily = family != nil
    let (archive, entry) = Self.split(path)
    let source = try InputFile(archive)
    var reader = FirmwareFileReader(
      format: format, entry: entry, expectedCount: source.size, limit: limit,
      name: path == "-" ? nil : FilePath(archive).lastComponent?.string,
      suffixMayMiss: suffixMayMiss)
    do throws(FirmwareError) {
      while try reader.feed(from: source.read) > 0 {}
    } catch {
      throw Explain.file(path, error)
    }
    try source.check()
    do throws(FirmwareError) {
      file = try reader.finish()
      if let family { try file.choose(family: family) }
    } catch {
      throw Explain.file(path, error)
    }
  }

  /// The file as it is meant for a board.
  func firmware(
    at address: UInt32?, takesOtherIDs: Bool = false
  ) -> JobFirmware {
    var firmware = JobFirmware(file, at: address)
    firmware.hasChosenFamily = hasChosenFamily
    firmware.takesOtherIDs = takesOtherIDs
    return firmware
  }

  /// The SHA-256 of what goes to the board, 64 hexadecimal digits: of the
  /// bytes of all segments in turn, as `inspect` shows it; of several targets
  /// or families, all in turn.
  func digest() -> String {
    var digest = SHA256()
    let images = file.targets.map(\.image) + file.families.map(\.image)
    if let raw = file.raw, images.isEmpty { digest.update(raw.span) }
    for segment in images.flatMap(\.segments) {
      digest.update(segment.bytes.span)
    }
    return digest.digest.map { hex($0, 2) }.joined().lowercased()
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
}
