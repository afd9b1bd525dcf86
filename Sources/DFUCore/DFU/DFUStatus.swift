/// What a DFU device says of its last request (`bStatus`; DFU 1.1, 6.1.2).
/// Unknown values survive.
public struct DFUStatus: RawRepresentable, Hashable, Sendable {
  /// The byte on the wire.
  public var rawValue: UInt8

  /// A status by its byte.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `OK`.
  public static let ok = DFUStatus(rawValue: 0)
  /// `errTARGET`: the file is not for this device; newer STM32 ROMs say so
  /// of an address they do not take.
  public static let target = DFUStatus(rawValue: 1)
  /// `errFILE`: the file fails a check of the vendor's.
  public static let file = DFUStatus(rawValue: 2)
  /// `errWRITE`.
  public static let write = DFUStatus(rawValue: 3)
  /// `errERASE`.
  public static let erase = DFUStatus(rawValue: 4)
  /// `errCHECK_ERASED`.
  public static let checkErased = DFUStatus(rawValue: 5)
  /// `errPROG`.
  public static let program = DFUStatus(rawValue: 6)
  /// `errVERIFY`.
  public static let verify = DFUStatus(rawValue: 7)
  /// `errADDRESS`.
  public static let address = DFUStatus(rawValue: 8)
  /// `errNOTDONE`: the last block came too early.
  public static let notDone = DFUStatus(rawValue: 9)
  /// `errFIRMWARE`: the firmware in the device is corrupt.
  public static let firmware = DFUStatus(rawValue: 10)
  /// `errVENDOR`: STM32 ROMs report it for readout protection, ST's device
  /// class for any write or erase that fails.
  public static let vendor = DFUStatus(rawValue: 11)
  /// `errUSBR`: an unexpected USB reset.
  public static let usbReset = DFUStatus(rawValue: 12)
  /// `errPOR`: an unexpected power-on reset.
  public static let powerOnReset = DFUStatus(rawValue: 13)
  /// `errUNKNOWN`.
  public static let unknown = DFUStatus(rawValue: 14)
  /// `errSTALLEDPKT`: a request the device did not expect.
  public static let stalledPacket = DFUStatus(rawValue: 15)

  private static let texts: [(name: String, meaning: String)] = [
    ("OK", "no error"),
    ("errTARGET", "the data is not meant for this device or address"),
    ("errFILE", "the data fails a check the vendor makes"),
    ("errWRITE", "the device cannot write its memory"),
    ("errERASE", "erasing the memory failed"),
    ("errCHECK_ERASED", "the memory is not blank after erasing"),
    ("errPROG", "programming the memory failed"),
    ("errVERIFY", "what was programmed does not read back the same"),
    ("errADDRESS", "the address is outside what the device can program"),
    ("errNOTDONE", "the device expected more data before the end"),
    ("errFIRMWARE", "the firmware in the device is corrupt"),
    ("errVENDOR", "a vendor-specific error"),
    ("errUSBR", "the device saw an unexpected USB reset"),
    ("errPOR", "the device saw an unexpected power-on reset"),
    ("errUNKNOWN", "something went wrong, the device does not know what"),
    ("errSTALLEDPKT", "the device got a request it does not expect here"),
  ]

  /// The specification's name.
  public var name: String {
    Int(rawValue) < Self.texts.count
      ? Self.texts[Int(rawValue)].name : "unknown status \(rawValue)"
  }

  /// What it means, in a few words.
  public var meaning: String {
    Int(rawValue) < Self.texts.count
      ? Self.texts[Int(rawValue)].meaning
      : "a status that the specification does not know"
  }
}

/// The reply to GETSTATUS (DFU 1.1, 6.1.2).
public struct DFUStatusReport: Hashable, Sendable {
  /// `bStatus`.
  public var status: DFUStatus
  /// `bwPollTimeout`, milliseconds, 24 bits: how long the host is to wait
  /// before it asks again.
  public var pollTimeout: UInt32
  /// `bState`: the state after this reply.
  public var state: DFUState

  /// `iString`: which string of the device explains the status; 0 for none.
  public var stringIndex: UInt8
  /// That string, where it was read.
  public var message: DeviceString?

  /// A report from its fields.
  public init(
    status: DFUStatus, pollTimeout: UInt32, state: DFUState,
    stringIndex: UInt8 = 0, message: DeviceString? = nil
  ) {
    self.status = status
    self.pollTimeout = pollTimeout
    self.state = state
    self.stringIndex = stringIndex
    self.message = message
  }

  /// Reads the six bytes; `nil` when they are fewer.
  public init?(parsing bytes: [UInt8]) {
    guard bytes.count >= 6 else { return nil }
    self.init(
      status: DFUStatus(rawValue: bytes[0]),
      pollTimeout: UInt32(bytes[1]) | UInt32(bytes[2]) << 8
        | UInt32(bytes[3]) << 16,
      state: DFUState(rawValue: bytes[4]), stringIndex: bytes[5])
  }

  /// Whether the device reports an error; some do so in dfuERROR alone.
  public var isError: Bool { status != .ok || state == .error }

  /// Whether the device is at work, or has yet to begin.
  package var isBusy: Bool {
    switch state {
    case .downloadSync, .downloadBusy, .manifestSync, .manifest: true
    default: false
    }
  }

  /// ``pollTimeout`` as a duration.
  package var pollDelay: Duration { .milliseconds(Int(pollTimeout)) }

  /// The error for people: "errWRITE: the device cannot write its memory".
  public var explanation: String {
    let text =
      status == .ok
      ? "\(state) without a reason" : "\(status.name): \(status.meaning)"
    guard let message, !message.raw.isEmpty else { return text }
    return "\(text) (\"\(message.printable)\")"
  }
}
