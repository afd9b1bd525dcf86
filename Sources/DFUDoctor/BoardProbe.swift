public import DFUCore

/// What a board in DFU mode answered. Asking changes nothing: neither its
/// memories nor, where it waits in an error or in the middle of a transfer,
/// its state.
public struct ProbeResult: Sendable {
  /// Why it could not be asked.
  var problem: DFUError?
  /// Why its interface could not be had.
  var claim: USBError?
  /// Its state.
  public var state: DFUState?
  /// Its status, where asking for it changes nothing.
  var status: DFUStatusReport?
  /// Whether the flash is read-protected; `nil` where that is not known.
  public var isProtected: Bool?
  /// The first word of its flash.
  var firstWord: UInt32?
  /// Bytes of its bootloader's memory, by address.
  var bytes: [UInt32: UInt8] = [:]
  /// What it answered to GET COMMANDS (AN3156).
  public var commands: [UInt8]?

  /// Why it could not be asked, or not all; `nil` when it could.
  public var failure: String? {
    problem.map { "\($0)" } ?? claim.map { "\($0)" }
      ?? (isProtected == true ? "the flash cannot be read" : nil)
  }

  /// - Parameter isThorough: whether a board in dfuERROR is brought to dfuIDLE
  ///   and asked too, and each for its commands.
  init(
    asking board: Board, _ interface: DFUInterface, on bus: any USBBus,
    isThorough: Bool = false
  ) {
    let selected = SelectedBoard(board: board, interface: interface)
    // The size matters for the first word and the version's byte only.
    let size = (try? selected.transferSize()) ?? 64
    let connection: DFUConnection
    do throws(BoardOpenError) {
      connection = try selected.connect(
        on: bus, alternate: nil, transferSize: size)
    } catch {
      if case .device(let error) = error {
        if case .usb(let cause) = error.reason {
          claim = cause
        } else {
          problem = error
        }
      }
      return
    }
    do throws(DFUError) {
      // GETSTATE changes nothing in any state; GETSTATUS begins what was sent
      // last.
      let state = try connection.getState()
      self.state = state
      guard state == .idle || state == .error else { return }
      let status = try connection.getStatus()
      self.status = status
      if interface.isDfuSe,
        isThorough || state == .idle && status.status == .ok
      {
        try read(selected, connection, isThorough)
      }
    } catch {
      problem = error
    }
  }

  /// Reads the first word of the flash, and the bootloader's version where it
  /// decides about an erratum.
  private mutating func read(
    _ selected: SelectedBoard, _ connection: DFUConnection,
    _ isThorough: Bool
  ) throws(DFUError) {
    guard
      let flash = selected.interface.memories.first(where: {
        $0.kind == .internalFlash
      }), let sector = flash.map.sectors.first,
      sector.access.contains(.readable), connection.canUpload
    else { return }
    let knowledge = BoardKnowledge(selected)
    try connection.select(alternate: flash.alternate.number)
    let session = try DfuSeSession(connection, knowledge.behaviour(nil))
    let length = min(sector.size, 16)
    do throws(DFUError) {
      let bytes = try session.read(length, at: sector.address)
      firstWord = bytes.count < 4 ? nil : UInt32(littleEndianAt: 0, in: bytes)
      isProtected = false
    } catch {
      // A loader may refuse to have itself read; only a ROM means protection.
      guard error.status != nil else { throw error }
      if session.isProtection(error) { isProtected = true }
      try session.recover()
    }
    for address in knowledge.undecidedVersions where isProtected == false {
      if let byte = try? session.read(1, at: address).first {
        bytes[address] = byte
      } else {
        try session.recover()
      }
    }
    guard isThorough else { return try session.settle() }
    commands = try session.commands()
    try session.recover()
  }
}
