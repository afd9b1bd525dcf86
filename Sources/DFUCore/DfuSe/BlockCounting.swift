extension DfuSeSession {
  /// Looks whether UPLOAD counts, once: whether the block that was just read
  /// with its own address also comes by its number after the one before it.
  /// Reading harms nothing.
  func proveReading(_ bytes: [UInt8], at address: UInt32) {
    let size = connection.transferSize
    guard bytes.count == size else { return }
    guard let last = lastRead, Int(address) == Int(last.address) + size,
      last.bytes != bytes
    else {
      lastRead = (address, bytes)
      return
    }
    lastRead = nil
    do throws(DFUError) {
      try setAddress(last.address)
      let counted = try upload(
        block: Self.firstBlock + 1, length: size, .read, at: address)
      if counted == bytes { behaviour.counting = .provenForReading }
    } catch {
      // The next request says what is wrong, if anything still is.
      try? recover()
    }
  }
}
