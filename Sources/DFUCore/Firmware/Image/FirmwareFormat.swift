/// The format of a firmware file. The raw value is what `--format` takes.
public enum FirmwareFormat: String, Hashable, Sendable, CaseIterable {
  /// Bytes and nothing else.
  case raw
  /// ST's DfuSe container (UM0391): targets, addresses and a DFU suffix.
  case dfuse
  /// Bytes with a DFU suffix (DFU 1.1, appendix B).
  case dfu
  /// Intel HEX.
  case intelHex = "hex"
  /// Motorola S-record.
  case sRecord = "srec"
  /// ELF, 32 bits, little-endian.
  case elf
  /// Microsoft's UF2.
  case uf2

  /// The format with its article, for sentences: “an ELF file”.
  public var title: String {
    switch self {
    case .raw: "a raw file"
    case .dfuse: "a DfuSe file"
    case .dfu: "a file with a DFU suffix"
    case .intelHex: "an Intel HEX file"
    case .sRecord: "an S-record file"
    case .elf: "an ELF file"
    case .uf2: "a UF2 file"
    }
  }

  /// Whether files of this format say where their bytes belong.
  public var hasAddresses: Bool { self != .raw && self != .dfu }
}
