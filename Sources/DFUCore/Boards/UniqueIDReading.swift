extension SelectedBoard {
  /// The addresses of the words of the chip's unique ID where its bootloader
  /// lets it be read; empty for all others.
  public var uniqueIDWords: [UInt32] {
    guard interface.isDfuSe, board.problem == nil else { return [] }
    return board.identification.shared.uniqueID
  }

  /// Reads the chip's unique ID, where its bootloader lets that be done.
  ///
  /// Nothing is written. A bootloader that refuses is brought back to
  /// dfuIDLE; whatever fails, the answer is `nil`.
  public func readUniqueID(on bus: any USBBus) -> UniqueID? {
    let words = uniqueIDWords
    guard !words.isEmpty,
      let alternate = interface.alternates.map(\.number).min(),
      let connection = try? connect(on: bus, alternate: alternate),
      let session = try? DfuSeSession(
        connection, BoardKnowledge(self).behaviour(nil))
    else { return nil }
    do throws(DFUError) {
      let bytes = try session.read(words: words)
      try session.settle()
      guard let id = try? UniqueID(memoryBytes: bytes) else { return nil }
      // Blank or absent memory is no identity.
      let isBlank = bytes.allSatisfy { $0 == 0xFF }
      return isBlank || bytes.allSatisfy { $0 == 0 } ? nil : id
    } catch {
      try? session.recover()
      return nil
    }
  }
}

extension DfuSeSession {
  /// The bytes of words, in one read where they lie in a row.
  fileprivate func read(words: [UInt32]) throws(DFUError) -> [UInt8] {
    if let first = words.first, words == .words(at: first) {
      return try read(12, at: first)
    }
    var bytes: [UInt8] = []
    for word in words { bytes += try read(4, at: word) }
    return bytes
  }
}

extension Board {
  /// Reads the unique IDs of those boards in DFU mode that let them be read.
  ///
  /// - Parameter isWanted: which boards to ask; each is opened for it.
  public static func readUniqueIDs(
    of boards: inout [Board], on bus: any USBBus,
    where isWanted: (Board) -> Bool = { _ in true }
  ) {
    for index in boards.indices where isWanted(boards[index]) {
      guard
        let interface = boards[index].interfaces.first(where: \.isDfuSe)
      else { continue }
      boards[index].uniqueID =
        SelectedBoard(board: boards[index], interface: interface)
        .readUniqueID(on: bus)
    }
  }
}
