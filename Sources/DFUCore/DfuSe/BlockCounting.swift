/// What came of a trial whether a device counts `wBlockNum` when it writes.
package enum CountingProof: Hashable, Sendable {
  /// It does; the block is written, and numbers are used from now on.
  case counts
  /// There was no trial and nothing was written.
  case untried
  /// It does not. What the block and the one before it hold now is not known:
  /// their sectors must be erased.
  case spoilt
}

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

  /// Writes a block by its number instead of its address and reads back
  /// whether it came to the right place, so that from then on one address
  /// serves many blocks.
  ///
  /// It is tried only where UPLOAD was seen to count: a loader that ignores
  /// block numbers would program the block before this one a second time.
  ///
  /// - Parameters:
  ///   - data: one whole block; the memory must be blank there.
  ///   - address: right behind a block that is written already and differs.
  /// - Throws: `DFUError` when a request fails; then, too, both blocks must be
  ///   read before anything is written again.
  package func proveCounting(
    writing data: [UInt8], at address: UInt32
  ) throws(DFUError) -> CountingProof {
    let size = connection.transferSize
    guard behaviour.counting == .provenForReading, data.count == size,
      let before = UInt32(exactly: Int(address) - size)
    else { return .untried }
    let first = try read(size, at: before)
    if first == data { return .untried }
    try setAddress(before)
    try carryOut(
      writing(at: address), block: Self.firstBlock + 1, data.span)
    // With the address set for each: nothing is assumed here.
    pointer = nil
    let second = try read(size, at: address)
    pointer = nil
    guard second == data, try read(size, at: before) == first else {
      return .spoilt
    }
    behaviour.counting = .proven
    return .counts
  }
}
