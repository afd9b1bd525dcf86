/// Text from a device's string descriptor, which may hold anything.
public struct DeviceString: Hashable, Sendable {
  /// The text as the device sent it; broken surrogates have become U+FFFD.
  /// For comparing. It may hold control characters: print ``printable``.
  public var raw: String

  /// A string by its text.
  public init(_ raw: String) { self.raw = raw }

  /// Reads a string descriptor (USB 2.0, 9.6.7): two bytes of header, then
  /// UTF-16, low byte first.
  ///
  /// `bLength` is not believed: some STM32 ROMs state a wrong one. What
  /// arrived counts, up to a zero character. `nil` when it is no string
  /// descriptor.
  public init?(parsing bytes: [UInt8]) {
    guard bytes.count >= 2, bytes[1] == 3 else { return nil }
    let units = stride(from: 2, to: bytes.count - 1, by: 2)
      .map { UInt16(littleEndianAt: $0, in: bytes) }
      .prefix { $0 != 0 }
    raw = String(decoding: units, as: UTF16.self)
  }

  /// Reads a string descriptor of a serial number, which some devices (GD32)
  /// send as 8-bit characters: such a number has no zero byte and is printable
  /// throughout.
  public init?(serial bytes: [UInt8]) {
    self.init(parsing: bytes)
    let content = bytes.dropFirst(2)
    if !content.isEmpty, content.allSatisfy({ (0x21...0x7E).contains($0) }) {
      raw = String(decoding: content, as: UTF8.self)
    }
  }

  /// The text for people and terminals: control and format characters
  /// (escape sequences, line breaks, direction overrides) stand as `\u{1B}`.
  public var printable: String { raw.escapingControls }
}

/// Reads string descriptors of one opened device.
public struct StringReader {
  private let transport: any ControlTransport
  private let language: UInt16

  private static let limit = Duration.seconds(1)

  /// Asks which language the device's strings are in; devices without an
  /// answer are asked for US English.
  public init(_ transport: any ControlTransport) {
    self.transport = transport
    let languages = try? Self.get(0, 0, from: transport)
    if let languages, languages.count >= 4, languages[1] == 3 {
      language = UInt16(littleEndianAt: 2, in: languages)
    } else {
      language = 0x0409
    }
  }

  /// The string at `index`; `nil` when the index is 0 or the device does not
  /// answer.
  public func string(_ index: UInt8) -> DeviceString? {
    bytes(index).flatMap { DeviceString(parsing: $0) }
  }

  /// The serial number at `index`, see ``DeviceString/init(serial:)``.
  public func serial(_ index: UInt8) -> DeviceString? {
    bytes(index).flatMap { DeviceString(serial: $0) }
  }

  private func bytes(_ index: UInt8) -> [UInt8]? {
    index == 0 ? nil : try? Self.get(index, language, from: transport)
  }

  /// A device that stalls once, as one does that is told something by another
  /// program, is asked again.
  private static func get(
    _ index: UInt8, _ language: UInt16, from transport: any ControlTransport
  ) throws(USBError) -> [UInt8] {
    let setup = ControlSetup(
      requestType: 0x80, request: 6, value: 0x0300 | UInt16(index),
      index: language)
    do throws(USBError) {
      return try transport.receive(setup, length: 255, timeout: limit)
    } catch {
      guard error.code == .pipe || error.code == .io else { throw error }
      return try transport.receive(setup, length: 255, timeout: limit)
    }
  }
}
