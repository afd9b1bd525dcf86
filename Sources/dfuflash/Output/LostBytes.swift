import DFUCore

/// Bytes that a flash erased with its own and did not get to write back.
enum LostBytes {
  /// Saves them in a file of the current folder, and says where.
  static func saved(_ segments: [FirmwareImage.Segment], _ board: Board)
    -> String
  {
    let count = segments.reduce(0) { $0 + $1.bytes.count }
    let places = segments.map {
      "0x\(hex($0.address))–0x\(hex($0.end - 1))"
    }.joined(separator: ", ")
    let what =
      "warning: board \(board.label): \(count) bytes beside the image (\(places)) "
      + "were erased and not written back"
    let number = hex(UInt32.random(in: 0...UInt32.max))
    let path = "dfuflash-lost-\(board.path)-\(number).hex"
    do {
      var image = FirmwareImage()
      for segment in segments {
        try image.add(segment.bytes, at: segment.address)
      }
      let file = try OutputFile(path)
      try file.write(image.intelHex()[...])
      try file.finish()
      return what + "; they are saved in \(path): flash it after the firmware"
    } catch {
      return what + ", and could not be saved"
    }
  }
}
