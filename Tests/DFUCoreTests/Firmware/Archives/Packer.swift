@testable import DFUCore

/// Packs files for tests, without zlib: what is tested must not make what it
/// is tested with.
enum Packer {
  /// 512 bytes, `00 00 02 20 01 01 00 08` 64 times.
  static let pattern = [[UInt8]](
    repeating: [0, 0, 2, 0x20, 1, 1, 0, 8], count: 64
  ).flatMap { $0 }

  /// ``pattern`` as Python's zlib packs it.
  static let packedPattern: [UInt8] = [
    0x63, 0x60, 0x60, 0x52, 0x60, 0x64, 0x64, 0xE0, 0x60, 0x18, 0xA5, 0x47,
    0x24, 0x0D, 0x00,
  ]

  /// DEFLATE data that stores bytes as they are.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var start = 0
    repeat {
      let count = min(65535, bytes.count - start)
      result.append(start + count == bytes.count ? 1 : 0)
      result += UInt16(count).littleEndianBytes
      result += (~UInt16(count)).littleEndianBytes
      result += bytes[start..<start + count]
      start += count
    } while start < bytes.count
    return result
  }

  /// A gzip file.
  static func gzip(
    _ bytes: [UInt8], packed: [UInt8]? = nil
  ) -> [UInt8] {
    [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + (packed ?? stored(bytes))
      + CRC32(of: bytes).checksum.littleEndianBytes
      + UInt32(bytes.count).littleEndianBytes
  }

  /// A file for a zip archive.
  struct Entry {
    var path: String
    var bytes: [UInt8]
    var method: UInt16 = 8
    /// The DEFLATE data, where it is not to store the bytes.
    var packed: [UInt8]?
    var flags: UInt16 = 0
    var statedSize: UInt32?
    var statedCRC: UInt32?
    var localPath: String?
  }

  /// A zip archive.
  static func zip(
    _ entries: [Entry], before: [UInt8] = [], comment: String = ""
  ) -> [UInt8] {
    var file = before
    var directory: [UInt8] = []
    for entry in entries {
      let data =
        entry.method == 0
        ? entry.bytes : entry.packed ?? stored(entry.bytes)
      let offset = file.count - before.count
      let common =
        entry.method.littleEndianBytes + [0, 0, 0, 0]
        + (entry.statedCRC ?? CRC32(of: entry.bytes).checksum)
        .littleEndianBytes + UInt32(data.count).littleEndianBytes
        + (entry.statedSize ?? UInt32(entry.bytes.count)).littleEndianBytes
      let local = Array((entry.localPath ?? entry.path).utf8)
      file += [0x50, 0x4B, 3, 4, 20, 0] + entry.flags.littleEndianBytes
      file += common + UInt16(local.count).littleEndianBytes + [0, 0] + local
      file += data
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0]
      directory += entry.flags.littleEndianBytes + common
      directory += UInt16(entry.path.utf8.count).littleEndianBytes
      directory += [UInt8](repeating: 0, count: 12)
      directory += UInt32(offset).littleEndianBytes + entry.path.utf8
    }
    let start = file.count - before.count
    let count = UInt16(entries.count).littleEndianBytes
    return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
      + UInt32(directory.count).littleEndianBytes
      + UInt32(start).littleEndianBytes
      + UInt16(comment.utf8.count).littleEndianBytes + comment.utf8
  }
}
