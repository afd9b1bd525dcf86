/// Why a board cannot be worked with although it is there.
public enum BoardOpenError: Error, Hashable, Sendable {
  /// The board has no DFU functional descriptor, so that its transfer size is
  /// not known, and none was given.
  case transferSizeUnknown
  /// The transfer size, the board's or the given one, cannot be used.
  case transferSizeImpossible(Int, allowed: ClosedRange<Int>)
  /// Speaking with it failed.
  case device(DFUError)
}

extension SelectedBoard {
  /// The most bytes a control transfer carries on Linux; libusb and the
  /// kernel take no more.
  public static let largestTransfer = 4096

  /// The transfer size to work with, bytes.
  ///
  /// - Parameter wanted: the user's choice, before the board's own.
  /// - Throws: `BoardOpenError` when there is none or it cannot be used.
  public func transferSize(
    _ wanted: Int? = nil
  ) throws(BoardOpenError) -> Int {
    guard
      let size = wanted ?? interface.functional.map({ Int($0.transferSize) })
    else { throw .transferSizeUnknown }
    let least = max(8, Int(board.device.descriptor.maxPacketSize0))
    let allowed = least...Self.largestTransfer
    // A board may state more than the system can carry, or less than a packet;
    // dfu-util takes a packet then.
    if wanted == nil, size > 0 {
      return min(max(size, allowed.lowerBound), allowed.upperBound)
    }
    guard allowed.contains(size) else {
      throw .transferSizeImpossible(size, allowed: allowed)
    }
    return size
  }

  /// Opens the board, claims the interface and selects the alternate setting.
  public func connect(
    on bus: any USBBus, alternate: UInt8?, transferSize wanted: Int? = nil
  ) throws(BoardOpenError) -> DFUConnection {
    let size = try transferSize(wanted)
    let transport: any ControlTransport
    do throws(USBError) {
      transport = try bus.open(board.device)
    } catch {
      throw .device(DFUError(.open, .usb(error)))
    }
    do throws(DFUError) {
      let connection = try DFUConnection(
        transport,
        configuration: board.device.configurations.count > 1
          ? interface.configuration : nil,
        interface: interface.number, alternate: alternate,
        transferSize: size)
      // A device without the descriptor may upload: ask.
      connection.canUpload =
        interface.functional?.attributes.contains(.canUpload) ?? true
      return connection
    } catch {
      throw .device(error)
    }
  }
}
