import DFUCore

/// Asks a board in DFU mode how it is, without changing anything: neither its
/// memories nor, where it waits in an error or in the middle of a transfer,
/// its state.
struct BoardProbe {
  let bus: any USBBus

  func look(at board: Board, _ interface: DFUInterface) -> BoardLook {
    var look = BoardLook()
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
          look.claim = cause
        } else {
          look.problem = error
        }
      }
      return look
    }
    do throws(DFUError) {
      // GETSTATE changes nothing in any state; GETSTATUS begins what was sent
      // last.
      let state = try connection.getState()
      look.state = state
      guard state == .idle || state == .error else { return look }
      let status = try connection.getStatus()
      look.status = status
      guard state == .idle, status.status == .ok, interface.isDfuSe else {
        return look
      }
      try read(selected, connection, &look)
    } catch {
      look.problem = error
    }
    return look
  }

  /// Reads the first word of the flash, and the bootloader's version where it
  /// decides about a known trouble.
  private func read(
    _ selected: SelectedBoard, _ connection: DFUConnection,
    _ look: inout BoardLook
  ) throws(DFUError) {
    let memories = selected.interface.memories
    guard
      let flash = memories.first(where: {
        $0.kind == .internalFlash
      }), let sector = flash.map.sectors.first,
      sector.access.contains(.readable)
    else { return }
    let knowledge = BoardKnowledge(selected)
    try connection.select(alternate: flash.alternate.number)
    let session = try DfuSeSession(connection, knowledge.behaviour(nil))
    let length = min(sector.size, connection.transferSize)
    do throws(DFUError) {
      let bytes = try session.read(length, at: sector.address)
      look.firstWord = UInt32(littleEndianBytes: Array(bytes.prefix(4)))
      look.protection = .off
    } catch {
      guard error.status == .vendor else { throw error }
      look.protection = .on
      try session.recover()
      return
    }
    for address in knowledge.undecidedVersions {
      if let byte = try? session.read(1, at: address).first {
        look.bytes[address] = byte
      } else {
        try session.recover()
      }
    }
    try session.settle()
  }
}
