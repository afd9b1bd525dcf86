/// Why an image is not flashed: found before the board was touched.
public enum FlashRefusal: Error, Hashable, Sendable {
  /// There is nothing in the image.
  case empty
  /// A byte of the image lies where the memory has no sector.
  case outside(address: UInt32, image: Range<UInt64>, memory: MemoryMap)
  /// A byte of the image lies in a sector that cannot be written.
  case notWritable(Sector, memory: MemoryMap)
  /// A range to be read lies in a sector that cannot be read.
  case notReadable(Sector, memory: MemoryMap)
  /// The device lets nothing be read: it has no UPLOAD.
  case noUpload
  /// A sector to be erased cannot be erased.
  case notErasable(Sector, memory: MemoryMap)
  /// The board says of two sectors that both hold the same byte.
  case overlapping(Sector, Sector, memory: MemoryMap)
  /// What must be written at once is larger than one transfer, bytes.
  case notAtOnce(Int, transferSize: Int)
  /// A range to be read or erased reaches beyond the memory.
  case beyond(address: UInt32, memory: MemoryMap)
}

extension FlashRefusal: CustomStringConvertible {
  /// What does not fit where, and what would.
  public var description: String {
    switch self {
    case .empty:
      "the file holds no firmware: there is nothing to write"
    case .outside(let address, let image, let memory):
      """
      the image does not fit: 0x\(hex(address)) lies outside \
      "\(memory.name.escapingControls)", which is \(memory.extent) \
      (\(memory.size) bytes). This part of the image is \
      0x\(hex(image.lowerBound))–0x\(hex(image.upperBound - 1)) \
      (\(image.count) bytes)
      """
    case .notWritable(let sector, let memory):
      """
      the sector at 0x\(hex(sector.address)) (\(sector.size) bytes) of \
      "\(memory.name.escapingControls)" cannot be written. \
      Writable there: \(memory.extent(with: .writable))
      """
    case .noUpload: "this device does not let its memory be read (no UPLOAD)"
    case .notReadable(let sector, let memory):
      """
      the sector at 0x\(hex(sector.address)) (\(sector.size) bytes) of \
      "\(memory.name.escapingControls)" cannot be read. \
      Readable there: \(memory.extent(with: .readable))
      """
    case .notErasable(let sector, let memory):
      """
      the sector at 0x\(hex(sector.address)) (\(sector.size) bytes) of \
      "\(memory.name.escapingControls)" cannot be erased. \
      Erasable there: \(memory.extent(with: .erasable))
      """
    case .overlapping(let first, let second, let memory):
      """
      "\(memory.name.escapingControls)" cannot be trusted there: the sectors \
      0x\(hex(first.address))–0x\(hex(first.end - 1)) and \
      0x\(hex(second.address))–0x\(hex(second.end - 1)) overlap
      """
    case .notAtOnce(let size, let transferSize):
      """
      \(size) bytes must be written here at once, but one transfer carries \
      \(transferSize) at most
      """
    case .beyond(let address, let memory):
      """
      0x\(hex(address)) lies outside "\(memory.name.escapingControls)", \
      which is \(memory.extent)
      """
    }
  }
}

extension MemoryMap {
  /// The extent of the sectors that allow `access`, for people.
  func extent(with access: MemoryAccess) -> String {
    let map = MemoryMap(
      name: name, runs: runs.filter { $0.access.isSuperset(of: access) })
    return map.runs.isEmpty ? "nothing" : map.extent
  }
}
