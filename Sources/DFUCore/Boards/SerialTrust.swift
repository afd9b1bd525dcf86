/// How far a serial number tells one board from another.
public enum SerialTrust: Hashable, Sendable {
  /// There is none, or it could not be read.
  case unknown
  /// As far as is known no other board shows it.
  case single
  /// Every chip of the kind shows it, or it changes by itself.
  case notUnique(NonUniqueSerial)
  /// These other boards, by their port paths, are present and show it too.
  case shared(with: [String])

  /// Whether a board may be chosen by it.
  public var isTrusted: Bool { self == .single }
}

extension SerialTrust: CustomStringConvertible {
  /// What is wrong with the serial number, as half a sentence; empty where
  /// nothing is.
  public var description: String {
    switch self {
    case .unknown, .single: ""
    case .notUnique(let row): row.reason
    case .shared(let paths):
      """
      \(paths.count == 1 ? "board" : "boards") \
      \(paths.joined(separator: ", ")) \
      \(paths.count == 1 ? "shows" : "show") the same serial number
      """
    }
  }
}

extension Board {
  /// Finds out which chip it may be, once its strings are known.
  mutating func identify() {
    guard let interface = interfaces.first(where: \.isDfuSe) else { return }
    identification = ChipIdentification(
      SelectedBoard(board: self, interface: interface).evidence)
  }

  /// Why the serial number says nothing of this single board, from what is
  /// known of its kind; `nil` where it may well be its own.
  public var notUniqueSerial: NonUniqueSerial? {
    guard let serial, !serial.raw.isEmpty else { return nil }
    // An application's serial number is made by the application.
    guard isInDFUMode else { return nil }
    if let row = NonUniqueSerial.known(serial.raw) { return row }
    guard let family = identification.family else { return nil }
    return NonUniqueSerial(unstableSerialOf: family)
  }

  /// How far this board's serial number tells it from the others present.
  public func serialTrust(among boards: [Board]) -> SerialTrust {
    guard let serial, !serial.raw.isEmpty else { return .unknown }
    if let row = notUniqueSerial { return .notUnique(row) }
    let others = boards.filter {
      $0.path != path && $0.serial?.raw == serial.raw
    }
    return others.isEmpty ? .single : .shared(with: others.map(\.path))
  }
}
