/// A board named by the unique ID of its chip.
///
/// Where the bootloader lets the ID be read, that decides. Elsewhere the
/// board's serial number must be one that a chip with this ID can show, which
/// is less: 48 of 96 bits.
public struct UniqueIDChoice: Hashable, Sendable {
  /// The ID as it was written.
  public var text: String
  /// What it can mean. Twenty-four digits in one piece are written as three
  /// words, as one number or as bytes in the order of memory; nobody can tell
  /// which. Three words apart are word 0 first.
  public var readings: [UniqueID]

  /// Reads 24 hexadecimal digits or three words.
  ///
  /// - Throws: ``UniqueIDError`` naming the column.
  public init(parsing text: String) throws(UniqueIDError) {
    self.text = text
    let first = try UniqueID(parsing: text)
    readings = [first]
    guard Self.isOnePiece(text) else { return }
    for order in [UniqueID.DigitOrder.memoryBytes, .wordsFromHighest] {
      if let other = try? UniqueID(parsing: text, order: order),
        !readings.contains(other)
      {
        readings.append(other)
      }
    }
  }

  /// The one ID with these words.
  public init(_ id: UniqueID) {
    text = id.description
    readings = [id]
  }

  private static func isOnePiece(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0.hexDigit != nil || $0 == "x" || $0 == "X"
    }
  }

  /// Whether a board is the one.
  public enum Verdict: Hashable, Sendable {
    /// Its ID was read and is another, or it cannot show its serial number.
    case no
    /// It shows a serial number that this ID can become.
    case bySerial
    /// Its ID was read and is this one.
    case byID
  }

  /// Whether a board is the one, as one of its DFU interfaces shows it.
  public func verdict(_ board: Board, _ interface: DFUInterface) -> Verdict {
    if let id = board.uniqueID { return readings.contains(id) ? .byID : .no }
    guard let serial = board.serial?.raw.uppercased(), !serial.isEmpty,
      board.notUniqueSerial == nil
    else { return .no }
    return serials(of: board, interface).contains(serial) ? .bySerial : .no
  }

  /// The serial numbers that the board would show if it were the one.
  private func serials(of board: Board, _ interface: DFUInterface) -> Set<
    String
  > {
    var serials: Set<String> = []
    let derivations = Self.derivations(board, interface)
    for id in readings {
      for derivation in derivations {
        serials.insert(derivation.serial(of: id))
      }
      guard derivations.count == SerialDerivation.allCases.count else {
        continue
      }
      // Applications often show the whole ID.
      let words = [id.word0, id.word1, id.word2].map { $0.hexDigits() }
      serials.insert(words.joined())
      serials.insert(words.reversed().joined())
      serials.insert(id.memoryBytes.map { $0.hexDigits() }.joined())
    }
    return serials
  }

  /// How the board may have made its serial number: as its bootloader is known
  /// to, or in any way where the bootloader or the application is not known.
  private static func derivations(
    _ board: Board, _ interface: DFUInterface
  ) -> [SerialDerivation] {
    let families =
      interface.isDfuSe ? board.identification.candidates : []
    var derivations: [SerialDerivation] = []
    for family in families {
      switch family.serial {
      case .derived(let derivation):
        if !derivations.contains(derivation) { derivations.append(derivation) }
      case .constant, .unstable: break
      case .unknown, .constantInSome: return SerialDerivation.allCases
      }
    }
    return families.isEmpty ? SerialDerivation.allCases : derivations
  }
}

extension UniqueID {
  /// The 24 digits, word 0 first: what `--uid` takes in one piece.
  public var digits: String {
    [word0, word1, word2].map { $0.hexDigits() }.joined()
  }
}
