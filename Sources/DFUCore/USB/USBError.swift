/// A failure of the USB system below DFU: libusb's error code and what was
/// being done.
public struct USBError: Error, Hashable, Sendable {
  /// libusb's error code. Unknown values survive.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The value of libusb's constant (`enum libusb_error`).
    public var rawValue: Int32

    /// A code by libusb's value.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// `LIBUSB_ERROR_IO`: the transfer failed on the wire.
    public static let io = Code(rawValue: -1)
    /// `LIBUSB_ERROR_INVALID_PARAM`.
    public static let invalidParameter = Code(rawValue: -2)
    /// `LIBUSB_ERROR_ACCESS`: the user may not open the device.
    public static let access = Code(rawValue: -3)
    /// `LIBUSB_ERROR_NO_DEVICE`: the device has gone.
    public static let noDevice = Code(rawValue: -4)
    /// `LIBUSB_ERROR_NOT_FOUND`: no such interface or device.
    public static let notFound = Code(rawValue: -5)
    /// `LIBUSB_ERROR_BUSY`: another program holds the interface.
    public static let busy = Code(rawValue: -6)
    /// `LIBUSB_ERROR_TIMEOUT`: the time limit of the transfer is over.
    public static let timeout = Code(rawValue: -7)
    /// `LIBUSB_ERROR_OVERFLOW`: the device sent more than was asked for.
    public static let overflow = Code(rawValue: -8)
    /// `LIBUSB_ERROR_PIPE`: the device stalled the request.
    public static let pipe = Code(rawValue: -9)
    /// `LIBUSB_ERROR_INTERRUPTED`.
    public static let interrupted = Code(rawValue: -10)
    /// `LIBUSB_ERROR_NO_MEM`.
    public static let noMemory = Code(rawValue: -11)
    /// `LIBUSB_ERROR_NOT_SUPPORTED`: the system or its driver cannot.
    public static let notSupported = Code(rawValue: -12)
    /// `LIBUSB_ERROR_OTHER`.
    public static let other = Code(rawValue: -99)

    private static let names: [Int32: String] = [
      -1: "LIBUSB_ERROR_IO", -2: "LIBUSB_ERROR_INVALID_PARAM",
      -3: "LIBUSB_ERROR_ACCESS", -4: "LIBUSB_ERROR_NO_DEVICE",
      -5: "LIBUSB_ERROR_NOT_FOUND", -6: "LIBUSB_ERROR_BUSY",
      -7: "LIBUSB_ERROR_TIMEOUT", -8: "LIBUSB_ERROR_OVERFLOW",
      -9: "LIBUSB_ERROR_PIPE", -10: "LIBUSB_ERROR_INTERRUPTED",
      -11: "LIBUSB_ERROR_NO_MEM", -12: "LIBUSB_ERROR_NOT_SUPPORTED",
      -99: "LIBUSB_ERROR_OTHER",
    ]

    /// The code that libusb calls by this name; `nil` for a name it does not
    /// have.
    public init?(name: String) {
      let number =
        Self.names.first { $0.value == name }?.key
        ?? name.split(separator: " ").last.flatMap { Int32($0) }
      guard let number else { return nil }
      self.init(rawValue: number)
      if self.name != name { return nil }
    }

    /// libusb's name for the code, such as `LIBUSB_ERROR_ACCESS`.
    public var name: String {
      Self.names[rawValue] ?? "libusb error \(rawValue)"
    }
  }

  /// What the system answered.
  public var code: Code
  /// What was being done, as the object of "could not": `open the device`.
  public var action: String

  /// An error from libusb's code and what was being done.
  public init(_ code: Code, _ action: String) {
    self.code = code
    self.action = action
  }
}

extension USBError: CustomStringConvertible {
  /// "could not open the device (LIBUSB_ERROR_ACCESS)".
  public var description: String { "could not \(action) (\(code.name))" }
}
