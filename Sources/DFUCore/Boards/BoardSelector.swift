/// Which boards are meant: every condition that is given must hold.
public struct BoardSelector: Hashable, Sendable {
  /// A condition on an id.
  public enum IDMatch: Hashable, Sendable {
    /// Any id.
    case any
    /// No device at all.
    case none
    /// Just this one.
    case exactly(UInt16)

    func matches(_ id: UInt16) -> Bool {
      switch self {
      case .any: true
      case .none: false
      case .exactly(let wanted): wanted == id
      }
    }
  }

  /// A vendor and a product id.
  public struct IDPair: Hashable, Sendable {
    /// `idVendor`.
    public var vendor: IDMatch
    /// `idProduct`.
    public var product: IDMatch

    /// A pair of conditions.
    public init(vendor: IDMatch, product: IDMatch) {
      self.vendor = vendor
      self.product = product
    }

    func matches(_ device: USBDevice) -> Bool {
      vendor.matches(device.descriptor.vendor)
        && product.matches(device.descriptor.product)
    }
  }

  /// The ids of devices whose application runs; `nil` for any.
  public var runtimeIDs: IDPair?
  /// The ids of devices in DFU mode; `nil` for any.
  public var dfuIDs: IDPair?
  /// The port path, `bus-port.port`.
  public var path: String?
  /// The serial-number string of a device whose application runs.
  public var runtimeSerial: String?
  /// The serial-number string of a device in DFU mode.
  public var dfuSerial: String?
  /// The unique ID of the chip. Read the IDs of the boards that let it be
  /// done before choosing by it (``Board/readUniqueIDs(of:on:where:)``).
  public var uniqueID: UniqueIDChoice?
  /// The device's address on its bus.
  public var address: UInt8?
  /// `bConfigurationValue`.
  public var configuration: UInt8?
  /// `bInterfaceNumber`.
  public var interface: UInt8?
  /// The ids that a firmware file asks for: they choose where several boards
  /// fit.
  public var preferredIDs: IDPair?

  /// Any board.
  public init() {}

  /// The DFU interfaces of a board that are meant; empty for none.
  public func interfaces(of board: Board) -> [DFUInterface] {
    guard isPossible(board.device) else { return [] }
    return board.interfaces.filter { candidate in
      let ids = candidate.mode == .dfu ? dfuIDs : runtimeIDs
      let serial = candidate.mode == .dfu ? dfuSerial : runtimeSerial
      return (ids?.matches(board.device) ?? true)
        && (serial == nil || serial == board.serial?.raw)
        && (configuration == nil || configuration == candidate.configuration)
        && (interface == nil || interface == candidate.number)
        && uniqueID?.verdict(board, candidate) != .no
    }
  }

  /// Whether a device can be the one that is meant, as far as is known
  /// without opening it.
  public func isPossible(_ device: USBDevice) -> Bool {
    (path == nil || path == device.path)
      && (address == nil || address == device.address)
  }
}

extension Board {
  /// Whether a file with this suffix is for the board: its ids are the board's,
  /// or left open, or they are ST's and the board has the bootloader of a maker
  /// of compatible chips (AT32 and others), whose files carry ST's ids.
  public func accepts(_ suffix: DFUSuffix) -> Bool {
    let ids = device.descriptor
    if suffix.matches(vendor: ids.vendor, product: ids.product) { return true }
    let own = USBIdentifier(ids.vendor, ids.product)
    return USBIdentifier(suffix.vendor, suffix.product) == .st
      && ChipFamily.all.contains { $0.fingerprint.identifier == own }
  }
}

/// A board and the one of its DFU interfaces that is meant.
public struct SelectedBoard: Hashable, Sendable {
  /// The board.
  public var board: Board
  /// The DFU interface.
  public var interface: DFUInterface

  /// A choice.
  public init(board: Board, interface: DFUInterface) {
    self.board = board
    self.interface = interface
  }
}

/// Why no single board could be chosen. Nothing was touched.
public enum BoardSearchError: Error, Hashable, Sendable {
  /// No board fits. `present` are those that are there but do not.
  case none(present: [Board])
  /// More than one fits.
  case several([SelectedBoard])
  /// The one that fits cannot be opened.
  case closed(Board, USBError)
  /// The one that fits speaks another protocol behind its DFU interface.
  case otherProtocol(Board, String)
  /// One fits by a serial number that tells nothing, and others are there
  /// whose serial number is not known.
  case notUniqueSerial(NonUniqueSerial, [SelectedBoard])
}

extension BoardSelector {
  /// The one board that is meant.
  ///
  /// A board in DFU mode goes before those whose application runs: a webcam
  /// with a DFU interface is no reason to refuse the one board that waits.
  /// Applications known to be in the way count only when they are named by
  /// ids, path, serial number or address.
  ///
  /// - Throws: `BoardSearchError` for no board and for several.
  public func choose(
    from boards: [Board]
  ) throws(BoardSearchError) -> SelectedBoard {
    let candidates = decided(candidates(among: boards))
    guard let first = candidates.first else { throw .none(present: boards) }
    guard candidates.count == 1 else { throw .several(candidates) }
    if let name = first.board.otherProtocol {
      throw .otherProtocol(first.board, name)
    }
    if let problem = first.board.problem { throw .closed(first.board, problem) }
    try checkSerial(of: first, among: boards)
    return first
  }

  /// Every board that is meant, for work on several: those in DFU mode, and
  /// those whose application runs when one is named.
  ///
  /// - Throws: `BoardSearchError` when there is none, or when one has several
  ///   DFU interfaces that fit.
  public func chooseAll(
    from boards: [Board]
  ) throws(BoardSearchError) -> [SelectedBoard] {
    let fitting = all(among: boards).filter {
      $0.board.otherProtocol == nil
        && (namesRuntime || $0.interface.mode == .dfu)
    }
    guard !fitting.isEmpty else { throw .none(present: boards) }
    for choice in fitting {
      let same = fitting.filter { $0.board.path == choice.board.path }
      if same.count > 1 { throw .several(same) }
    }
    return fitting
  }

  private func all(among boards: [Board]) -> [SelectedBoard] {
    boards.flatMap { board in
      interfaces(of: board).map { SelectedBoard(board: board, interface: $0) }
    }.filter { namesRuntime || !$0.board.isUnrelated($0.interface) }
  }

  private func candidates(among boards: [Board]) -> [SelectedBoard] {
    let all = all(among: boards)
    let waiting = all.filter { $0.interface.mode == .dfu }
    let candidates = waiting.isEmpty ? all : waiting
    guard candidates.count > 1, let preferredIDs else { return candidates }
    let preferred = candidates.filter { preferredIDs.matches($0.board.device) }
    return preferred.isEmpty ? candidates : preferred
  }

  /// An ID that was read decides over serial numbers that fit.
  private func decided(_ candidates: [SelectedBoard]) -> [SelectedBoard] {
    guard let uniqueID else { return candidates }
    let certain = candidates.filter {
      uniqueID.verdict($0.board, $0.interface) == .byID
    }
    return certain.isEmpty ? candidates : certain
  }

  /// Refuses a board chosen by nothing but a serial number that every board
  /// of its kind shows, when another may be meant as well.
  private func checkSerial(
    of choice: SelectedBoard, among boards: [Board]
  ) throws(BoardSearchError) {
    guard let row = choice.board.notUniqueSerial, path == nil, address == nil,
      uniqueID == nil,
      (choice.interface.mode == .dfu ? dfuSerial : runtimeSerial) != nil
    else { return }
    var others = self
    others.dfuSerial = nil
    others.runtimeSerial = nil
    let hidden = others.candidates(among: boards).filter {
      $0.board.path != choice.board.path && $0.board.serial == nil
    }
    guard hidden.isEmpty else {
      throw .notUniqueSerial(row, [choice] + hidden)
    }
  }

  /// Prefers the devices that a firmware file says it is for.
  public mutating func prefer(_ suffix: DFUSuffix) {
    func match(_ id: UInt16) -> IDMatch { id == 0xFFFF ? .any : .exactly(id) }
    preferredIDs = IDPair(
      vendor: match(suffix.vendor), product: match(suffix.product))
  }

  /// Whether a device whose application runs is named, not only allowed.
  private var namesRuntime: Bool {
    if path != nil || address != nil || runtimeSerial != nil
      || uniqueID != nil
    {
      return true
    }
    if case .exactly = runtimeIDs?.vendor { return true }
    return false
  }
}
