/// What is wrong with a firmware file, and where.
public struct FirmwareError: Error, Hashable, Sendable {
  /// A place in a firmware file, in the terms of its format.
  public enum Place: Hashable, Sendable {
    /// A line of a text format, counted from 1.
    case line(Int)
    /// A byte offset from the start of the file.
    case offset(Int)
    /// A 512-byte block of a UF2 file, counted from 0.
    case block(Int)
    /// An element of a target of a DfuSe file, both counted from 1.
    case element(Int, target: Int)
    /// A program header of an ELF file, counted from 0.
    case programHeader(Int)
    /// An entry of an archive, by its path in it.
    case entry(String)
  }

  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// The file has no bytes, or says nothing but where it ends.
    case empty
    /// The file is text in none of the known formats.
    case plainText
    /// The file is packed by a program whose format is not read; its name.
    case packed(String)
    /// The file is no firmware; what it is.
    case foreign(String)
    /// The file's name says that it is this, and it is that.
    case notAsNamed(String, found: String)
    /// The file is an archive, and several files in it are firmware; their
    /// paths in it.
    case entryNeeded([String])
    /// The archive has no such file; the paths of those that it has.
    case entryMissing(String, available: [String])
    /// The file is an archive, and nothing in it is firmware; the paths of
    /// what is in it.
    case noFirmware([String])
    /// A path in an archive was given, but the file is no archive.
    case notAnArchive(String)
    /// The file is not what `--format` or its beginning says.
    case notThisFormat(FirmwareFormat)
    /// The file ends in the middle of something: what, in words.
    case truncated(String)
    /// Something breaks the rules of the format: what, in words.
    case malformed(String)
    /// Something that is valid but cannot be flashed: what, in words.
    case unsupported(String)
    /// A record or file whose checksum does not match its bytes.
    case checksum(stored: UInt32, computed: UInt32)
    /// A DFU suffix whose CRC-32 does not match the file.
    case suffixChecksum(stored: UInt32, computed: UInt32)
    /// A file that must end with a DFU suffix and does not.
    case suffixMissing
    /// Two parts of the file want different bytes at one address. `earlier`
    /// is where the file said so first, if that is known.
    case overlap(address: UInt32, earlier: Place?)
    /// Data that would reach beyond address 0xFFFFFFFF.
    case addressWraps(address: UInt32, count: Int)
    /// Something follows the record that ends the file.
    case dataAfterEnd
    /// The record that ends the file is missing.
    case endMissing
    /// The file, unpacked, is larger than allowed; the limit in bytes.
    case tooLarge(limit: Int)
    /// An image with gaps that is too long to be written without addresses.
    case spanTooLarge(bytes: Int, limit: Int)
    /// A file without addresses that needs one.
    case addressNeeded
    /// The file holds firmware for several chip families, none was chosen.
    case familyNeeded([UInt32])
    /// The file holds nothing for the chosen chip family.
    case familyMissing(UInt32, available: [UInt32])
  }

  /// What is wrong.
  public var kind: Kind
  /// Where; `nil` when it concerns the whole file.
  public var place: Place?

  /// An error of a kind, at a place.
  public init(_ kind: Kind, at place: Place? = nil) {
    self.kind = kind
    self.place = place
  }
}

extension FirmwareError.Place: CustomStringConvertible {
  /// The place in words, such as “line 12”.
  public var description: String {
    switch self {
    case .line(let line): "line \(line)"
    case .offset(let offset): "offset \(offset)"
    case .block(let block): "block \(block)"
    case .element(let element, let target):
      "element \(element) of target \(target)"
    case .programHeader(let index): "program header \(index)"
    case .entry(let path): "“\(printable(path))”"
    }
  }
}

extension FirmwareError: CustomStringConvertible {
  /// What is wrong, where, and what can be done about it, as a sentence
  /// without its full stop.
  public var description: String {
    if let place {
      "\(place): \(kind)"
    } else {
      "\(kind)"
    }
  }
}

extension FirmwareError.Kind: CustomStringConvertible {
  /// What is wrong and what can be done about it.
  public var description: String {
    switch self {
    case .empty:
      return "there is no firmware in this file: it is empty"
    case .plainText:
      return "this is a text file, but neither Intel HEX nor S-record; "
        + "if it is to be flashed as it is, say that its format is raw"
    case .packed(let format):
      return "this is \(format); unpack it first"
    case .foreign(let what):
      return "this is \(what), no firmware"
    case .notAsNamed(let name, let found):
      return "its name says that it is \(name), but it is \(found): it may be "
        + "cut off or damaged; build or download it again, or, if it is to be "
        + "flashed as it is, say that its format is raw"
    case .entryNeeded(let paths):
      return "several files in the archive are firmware; choose one: "
        + quoted(paths)
    case .entryMissing(let path, let available):
      return "there is no \(quoted([path])) in the archive; it has: "
        + quoted(available)
    case .noFirmware(let paths):
      return paths.isEmpty
        ? "there is no firmware in this archive: it is empty"
        : "no file in the archive can be told to be firmware; it has: "
          + quoted(paths)
    case .notAnArchive(let path):
      return "\(quoted([path])) cannot be in it: this is no zip archive"
    case .notThisFormat(let format):
      return "this is not \(format.title)"
    case .truncated(let what):
      return "the file is cut off: \(what); build or download it again"
    case .malformed(let what):
      return "\(what); the file is damaged or was written by a faulty program"
    case .unsupported(let what):
      return what
    case .checksum(let stored, let computed):
      return "the checksum is 0x\(hex(stored, 2)) but the bytes give "
        + "0x\(hex(computed, 2)): the file is damaged; build or download it again"
    case .suffixChecksum(let stored, let computed):
      return "the CRC in the DFU suffix is 0x\(hex(stored)) but the file gives "
        + "0x\(hex(computed)): the file is damaged; build or download it again"
    case .suffixMissing:
      return "the file does not end with a DFU suffix: it is cut off or "
        + "something was added; build or download it again"
    case .overlap(let address, let earlier):
      let before = earlier.map { " by \($0)" } ?? ""
      return "a different byte for address 0x\(hex(address)) was already given"
        + "\(before); two parts of the build overlap"
    case .addressWraps(let address, let count):
      return "\(count) bytes at 0x\(hex(address)) reach beyond 0xFFFFFFFF"
    case .dataAfterEnd:
      return "there is more after the record that ends the file; "
        + "were two files joined?"
    case .endMissing:
      return "the record that ends the file is missing: the file is cut off; "
        + "build or download it again"
    case .tooLarge(let limit):
      return "the file is larger than \(limit) bytes when unpacked; "
        + "raise the limit if that is right"
    case .spanTooLarge(let bytes, let limit):
      return "without addresses the image would be \(bytes) bytes long, more "
        + "than \(limit), because of its gaps; choose a format with addresses"
    case .addressNeeded:
      return "the file does not say where it belongs; give an address"
    case .familyNeeded(let families):
      return "the file holds firmware for several chip families "
        + "(\(list(families))); choose one"
    case .familyMissing(let family, let available):
      return "the file holds nothing for the chip family "
        + "\(list([family])); it has \(list(available))"
    }
  }

  private func quoted(_ paths: [String]) -> String {
    let rest = paths.count - 12
    return paths.prefix(12).map { "“\(printable($0))”" }
      .joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  private func list(_ families: [UInt32]) -> String {
    let shown = families.prefix(8).map {
      UF2Family(rawValue: $0).name ?? "0x" + hex($0)
    }
    let rest = families.count - shown.count
    return shown.joined(separator: ", ")
      + (rest > 0 ? " and \(rest) more" : "")
  }
}

/// Text from a file, without what could steer a terminal.
private func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map {
        $0.properties.generalCategory == .control
          || $0.properties.generalCategory == .format ? "?" : $0
      }))
}
