import DFUCore

/// Lifting readout protection, which erases the chip.
struct UnprotectWork {
  let work: BoardWork

  /// How long a chip may take to erase itself and come back.
  static let limit = Duration.seconds(60)

  /// Lifts the protection and waits for the board to come back at its port.
  @discardableResult
  func run(_ alternate: UInt8) throws(ToolFailure) -> Board? {
    let session = try work.session(alternate)
    try work.speaking { () throws(DFUError) in try session.readUnprotect() }
    let old = work.board
    work.close()
    work.reporter.note(
      "Readout protection is being lifted: the chip erases its flash.")
    do throws(USBError) {
      let back = try BoardWatch(
        work.bus, shouldStop: { Interruption.isWanted }
      ).board(
        at: old.path, mode: .dfu, insteadOf: old.device, within: Self.limit)
      guard let back else {
        work.reporter.note(
          """
          The board has not come back at port \(old.path) yet: if it does not \
          appear in --list, unplug it and plug it in again in DFU mode.
          """)
        return nil
      }
      work.reporter.note("Board \(back.label) is back, unprotected and blank.")
      return back
    } catch {
      throw Explain.usb(error, old)
    }
  }
}
