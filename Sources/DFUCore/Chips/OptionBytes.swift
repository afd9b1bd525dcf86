/// The option bytes of one chip, as read from the windows its bootloader
/// shows.
public struct OptionByteImage: Hashable, Sendable {
  /// The windows, in the bootloader's order.
  public var windows: [Window]

  /// One window's bytes.
  public struct Window: Hashable, Sendable {
    /// Its first address.
    public var start: UInt32
    /// Its bytes.
    public var bytes: [UInt8]

    /// A window.
    public init(start: UInt32, bytes: [UInt8]) {
      self.start = start
      self.bytes = bytes
    }

    /// Its address and length.
    public var window: AddressWindow {
      AddressWindow(start, length: bytes.count)
    }
  }

  /// An image of windows.
  public init(_ windows: [Window]) {
    self.windows = windows
  }

  /// An image of one window.
  public init(start: UInt32, bytes: [UInt8]) {
    self.windows = [Window(start: start, bytes: bytes)]
  }

  /// Puts bytes over those there are; what lies in no window is left out.
  public mutating func lay(_ bytes: [UInt8], at address: UInt32) {
    for index in windows.indices {
      let start = windows[index].start
      let window = windows[index].window
      for (offset, byte) in bytes.enumerated() {
        let place = address &+ UInt32(truncatingIfNeeded: offset)
        guard place >= address, window.contains(place) else { continue }
        windows[index].bytes[Int(place - start)] = byte
      }
    }
  }

  /// The bytes at an address; `nil` when not all of them are in one window.
  public func bytes(at address: UInt32, count: Int) -> [UInt8]? {
    for window in windows where window.window.contains(address) {
      let offset = Int(address - window.start)
      guard count >= 0, window.bytes.count - offset >= count else { continue }
      return Array(window.bytes[offset..<offset + count])
    }
    return nil
  }
}

extension OptionWord.Encoding {
  /// The value bits of a word's bytes (``length`` of them); bits outside
  /// ``mask`` are 0. Of a pair: the current value.
  func value(of bytes: [UInt8]) -> UInt32 {
    little(bytes.prefix(4)) & mask
  }

  /// Of a pair the value that will be programmed, else as ``value(of:)``.
  func programmedValue(of bytes: [UInt8]) -> UInt32 {
    self == .pair ? little(bytes.dropFirst(4).prefix(4)) : value(of: bytes)
  }

  /// The bytes that stand for a value, complements included.
  func bytes(of value: UInt32) -> [UInt8] {
    let word = (value & mask).littleEndianBytes
    var bytes = length > 4 ? word + word : word
    for place in complements { bytes[place.complement] = ~bytes[place.value] }
    return bytes
  }

  /// Offset of the first byte that is not the complement it should be, with
  /// what it should be; `nil` when all are right or there are none.
  func complementMismatch(
    in bytes: [UInt8]
  ) -> (offset: Int, expected: UInt8, found: UInt8)? {
    guard bytes.count >= length else { return nil }
    for place in complements {
      let expected = ~bytes[place.value]
      if bytes[place.complement] != expected {
        return (place.complement, expected, bytes[place.complement])
      }
    }
    return nil
  }

  /// Offsets of each byte that has a complement, and of the complement.
  private var complements: [(value: Int, complement: Int)] {
    switch self {
    case .byteComplement: [(0, 1), (2, 3)]
    case .halfComplement: [(0, 2), (1, 3)]
    case .wordComplement: [(0, 4), (1, 5), (2, 6), (3, 7)]
    case .plain, .pair: []
    }
  }

  private func little(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// A field with its value.
public struct OptionFieldValue: Hashable, Sendable {
  /// The field.
  public var field: OptionField
  /// The address of its word.
  public var address: UInt32
  /// Its value.
  public var value: UInt32

  /// The value for a person.
  public var text: String { field.text(of: value) }
}

/// What option bytes say.
public struct DecodedOptionBytes: Hashable, Sendable {
  /// Every field whose word is in the windows, by address and bit.
  public var values: [OptionFieldValue]
  /// Bytes that are not the complements they should be.
  public var mismatches: [ComplementMismatch]
  /// The readout protection; `nil` when its word is not in the windows.
  public var protection: ProtectionLevel?
  /// Sectors and pages that cannot be written, or not read either.
  public var protectedAreas: [ProtectedArea]

  /// A byte that is not the complement it should be.
  public struct ComplementMismatch: Hashable, Sendable {
    /// Where it is.
    public var address: UInt32
    /// What it should be.
    public var expected: UInt8
    /// What it is.
    public var found: UInt8
  }

  /// Sectors or pages that a field protects.
  public struct ProtectedArea: Hashable, Sendable {
    /// The field or area: `nWRP`, `WRP1A`, `PCROP1`.
    public var name: String
    /// The sectors, groups of sectors, pages or other units, as ST counts
    /// them.
    public var units: [ClosedRange<Int>]

    /// The units for a person: `0 to 3, 7`.
    public var unitsText: String {
      units.map {
        $0.count == 1
          ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
      }.joined(separator: ", ")
    }
  }

  /// The value of a field; letter case does not matter.
  public subscript(name: String) -> UInt32? {
    let wanted = name.lowercased()
    return values.first { $0.field.name.lowercased() == wanted }?.value
  }
}

/// Why option bytes cannot be read or changed as asked.
public enum OptionByteError: Error, Hashable, Sendable {
  /// The text is not of the form `NAME=VALUE`.
  case notAnAssignment(String)
  /// The layout has no such field; names that look like it, nearest first.
  case unknownField(String, layout: String, nearest: [String])
  /// The same field twice.
  case assignedTwice(String)
  /// The value is neither a number nor one of the field's names.
  case notAValue(field: String, text: String, names: [String])
  /// The value is larger than the field.
  case valueTooLarge(field: String, text: String, maximum: UInt32)
  /// A bare 0, 1 or 2 for the readout protection: a level, or the byte?
  case ambiguousProtection(field: String, text: String)
  /// The field is only shown.
  case readOnly(field: String, reason: String)
  /// The device shows no window with the field's word in it.
  case notReachable(field: String, address: UInt32)
}

extension OptionByteError: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    switch self {
    case .notAnAssignment(let text):
      return "\"\(escaped(text))\" is not of the form NAME=VALUE"
    case .unknownField(let name, let layout, let nearest):
      let hint =
        nearest.isEmpty
        ? "" : "; did you mean " + nearest.joined(separator: " or ") + "?"
      return "\(layout) has no option \"\(escaped(name))\"\(hint)"
    case .assignedTwice(let name):
      return "\(escaped(name)) is given twice"
    case .notAValue(let field, let text, let names):
      let expected =
        names.isEmpty
        ? "a number" : "a number or " + names.joined(separator: ", ")
      return "\(field): \"\(escaped(text))\" is not \(expected)"
    case .valueTooLarge(let field, let text, let maximum):
      return "\(field): \(escaped(text)) is larger than 0x"
        + String(maximum, radix: 16, uppercase: true)
    case .ambiguousProtection(let field, let text):
      return "\(field)=\(escaped(text)) could be a level or a byte: write "
        + "level0, level1 or the byte with two hexadecimal digits (0xAA)"
    case .readOnly(let field, let reason):
      return "\(field) cannot be set: \(reason)"
    case .notReachable(let field, let address):
      return "\(field) lies at 0x\(address.hexDigits()), outside the option "
        + "bytes this device shows"
    }
  }

  private func escaped(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40)
      .map { $0.escaped(asASCII: false) }.joined()
    return text.unicodeScalars.count > 40 ? shown + "..." : shown
  }
}

/// What `set NAME=VALUE` asks for.
public struct OptionAssignment: Hashable, Sendable {
  /// The field's name as given.
  public var name: String
  /// The value as given.
  public var value: String

  /// An assignment.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `NAME=VALUE`; blanks around both are dropped.
  ///
  /// - Throws: ``OptionByteError/notAnAssignment(_:)``.
  public init(parsing text: String) throws(OptionByteError) {
    let parts = text.split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false
    ).map { String($0).trimmingBlanks }
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
      text.utf8.count <= 256
    else { throw .notAnAssignment(text) }
    self.init(name: parts[0], value: parts[1])
  }
}

extension OptionField {
  /// The value a text stands for: one of the field's names, a number
  /// (decimal, `0x`, `0b`), for an address field also an address that is a
  /// multiple of the field's unit and too large to be the field's value.
  ///
  /// - Throws: ``OptionByteError``.
  public func value(
    parsing text: String, protection: ProtectionScheme
  ) throws(OptionByteError) -> UInt32 {
    let wanted = text.lowercased()
    let named = values.sorted { $0.key < $1.key }
    if let match = named.first(where: { $0.value.lowercased() == wanted }) {
      return match.key
    }
    var names = named.map(\.value)
    if role == .readoutProtection, protection != .productState {
      for level in ProtectionLevel.allCases {
        let name = level.description.filter { $0 != " " }
        guard let value = protection.value(level) else { continue }
        if name == wanted { return value }
        if !names.contains(name) { names.append(name) }
      }
      if ["0", "1", "2", "0.5"].contains(wanted) {
        throw .ambiguousProtection(field: name, text: text)
      }
    }
    let radix = wanted.hasPrefix("0x") ? 16 : wanted.hasPrefix("0b") ? 2 : 10
    let digits = radix == 10 ? wanted[...] : wanted.dropFirst(2)
    guard !digits.isEmpty,
      digits.unicodeScalars.allSatisfy({ Int($0.hexDigit ?? 16) < radix })
    else { throw .notAValue(field: name, text: text, names: names) }
    guard let number = UInt64(digits, radix: radix) else {
      throw .valueTooLarge(field: name, text: text, maximum: maximum)
    }
    if number <= UInt64(maximum) { return UInt32(number) }
    if case .address(let shift) = kind, (0..<32).contains(shift) {
      let value = number >> UInt64(shift)
      if value << UInt64(shift) == number, value <= UInt64(maximum) {
        return UInt32(value)
      }
    }
    throw .valueTooLarge(field: name, text: text, maximum: maximum)
  }
}

/// A field that differs between two images.
public struct OptionChange: Hashable, Sendable {
  /// The field.
  public var field: OptionField
  /// The address of its word.
  public var address: UInt32
  /// Its value before.
  public var old: UInt32
  /// Its value after.
  public var new: UInt32

  /// `nBOOT0: 1 -> 0`, for a person.
  public var text: String {
    "\(field.name): \(field.text(of: old)) -> \(field.text(of: new))"
  }
}

extension OptionByteLayout {
  /// What option bytes say. Words outside the image's windows are left out.
  ///
  /// With `programmed`, of pairs (H5, H7) the value that will be programmed is
  /// read instead of the current one: what an image that is about to be
  /// written asks for.
  public func decode(
    _ image: OptionByteImage, programmed: Bool = false
  ) -> DecodedOptionBytes {
    var values: [OptionFieldValue] = []
    var mismatches: [DecodedOptionBytes.ComplementMismatch] = []
    for word in words {
      guard
        let bytes = image.bytes(at: word.address, count: word.encoding.length)
      else { continue }
      let value =
        programmed
        ? word.encoding.programmedValue(of: bytes)
        : word.encoding.value(of: bytes)
      values += word.fields.map {
        OptionFieldValue(
          field: $0, address: word.address, value: $0.value(in: value))
      }
      if let wrong = word.encoding.complementMismatch(in: bytes) {
        mismatches.append(
          .init(
            address: word.address &+ UInt32(wrong.offset),
            expected: wrong.expected, found: wrong.found))
      }
    }
    let level = values.first { $0.field.role == .readoutProtection }
      .map { protection.level($0.value) }
    return DecodedOptionBytes(
      values: values, mismatches: mismatches, protection: level,
      protectedAreas: Self.areas(values))
  }

  private static func areas(
    _ values: [OptionFieldValue]
  ) -> [DecodedOptionBytes.ProtectedArea] {
    var found: [DecodedOptionBytes.ProtectedArea] = []
    // PCROP mode turns the meaning of the sector bits around; then they are
    // left to the raw value.
    let mode = values.contains {
      $0.field.role == .codeProtectionMode && $0.value == 1
    }
    for entry in values {
      switch entry.field.kind {
      case .sectors(let first, let protectedWhen):
        guard !mode else { continue }
        var units: [ClosedRange<Int>] = []
        for bit in 0..<entry.field.width
        where entry.value >> UInt32(bit) & 1 == protectedWhen {
          if let last = units.last, last.upperBound == first + bit - 1 {
            units[units.count - 1] = last.lowerBound...(first + bit)
          } else {
            units.append((first + bit)...(first + bit))
          }
        }
        if !units.isEmpty {
          found.append(.init(name: entry.field.name, units: units))
        }
      case .areaStart(let name):
        let end = values.first { $0.field.kind == .areaEnd(name) }
        if let end, entry.value <= end.value {
          found.append(
            .init(name: name, units: [Int(entry.value)...Int(end.value)]))
        }
      default: continue
      }
    }
    return found
  }

  /// Option bytes with some fields changed, everything else as it was: reserved
  /// bits, words that are not known, other fields. Complements are computed,
  /// pairs written alike.
  ///
  /// Changing a field is not yet allowing it: see ``concerns(writing:over:)``.
  ///
  /// - Throws: ``OptionByteError``; the image is complete or not made at all.
  public func setting(
    _ assignments: [OptionAssignment], in image: OptionByteImage
  ) throws(OptionByteError) -> OptionByteImage {
    var result = image
    var seen: Set<String> = []
    for assignment in assignments {
      let wanted = assignment.name.lowercased()
      guard
        let (word, field) = words.lazy.flatMap({ word in
          word.fields.map { (word, $0) }
        }).first(where: { $0.1.name.lowercased() == wanted })
      else {
        throw .unknownField(
          assignment.name, layout: name,
          nearest: nearestNames(to: assignment.name, among: fields.map(\.name))
        )
      }
      guard seen.insert(field.name).inserted else {
        throw .assignedTwice(field.name)
      }
      if case .readOnly(let reason) = field.kind {
        throw .readOnly(field: field.name, reason: reason)
      }
      let value = try field.value(
        parsing: assignment.value, protection: protection)
      if let stretch = untouchable.first(where: {
        $0.window.overlaps(word.window)
      }) {
        throw .readOnly(field: field.name, reason: stretch.reason)
      }
      guard
        let bytes = result.bytes(at: word.address, count: word.encoding.length)
      else { throw .notReachable(field: field.name, address: word.address) }
      result.lay(
        word.encoding.setting(field, to: value, in: bytes), at: word.address)
    }
    return result
  }

  /// The fields that differ, by address and bit: what is now against what an
  /// image that is about to be written asks for (`to` is read with the
  /// programmed half of pairs), or against what was read back
  /// (`programmed: false`).
  public func changes(
    from old: OptionByteImage, to new: OptionByteImage, programmed: Bool = true
  ) -> [OptionChange] {
    let before = decode(old).values
    let after = decode(new, programmed: programmed).values
    return before.compactMap { entry in
      guard
        let now = after.first(where: {
          $0.field == entry.field && $0.address == entry.address
        }), now.value != entry.value
      else { return nil }
      return OptionChange(
        field: entry.field, address: entry.address, old: entry.value,
        new: now.value)
    }
  }

  /// What to send to write an image: for each window that differs, its bytes
  /// from the base on, cut before the stretches that may not be written. The
  /// chip resets after each, so they are sent one by one.
  public func writes(
    of new: OptionByteImage, over old: OptionByteImage
  ) -> [OptionByteImage.Window] {
    new.windows.map(writable).filter {
      !$0.bytes.isEmpty
        && old.bytes(at: $0.start, count: $0.bytes.count) != $0.bytes
    }
  }

  /// What to send to make the chip load its option bytes again: the first
  /// window exactly as it was read, cut before the stretches that may not be
  /// written.
  public func relaunch(
    _ image: OptionByteImage
  ) -> OptionByteImage.Window? {
    image.windows.first.map(writable).flatMap { $0.bytes.isEmpty ? nil : $0 }
  }

  /// The part of a window that may be written: up to the first stretch that
  /// is ``Untouchable/excluded``.
  func writable(_ window: OptionByteImage.Window) -> OptionByteImage.Window {
    var window = window
    let excluded = untouchable.filter {
      $0.excluded && $0.window.overlaps(window.window)
    }
    if let end = excluded.map(\.window.start).min() {
      window.bytes = Array(
        window.bytes.prefix(end > window.start ? Int(end - window.start) : 0))
    }
    return window
  }
}

extension OptionWord.Encoding {
  /// A word's bytes with another value in one field. Bytes that hold neither
  /// the field nor its complement stay as they are; of a pair each half
  /// keeps its own other bits.
  func setting(
    _ field: OptionField, to value: UInt32, in bytes: [UInt8]
  ) -> [UInt8] {
    let shown = self.bytes(of: field.setting(value, in: self.value(of: bytes)))
    guard self == .pair else { return shown }
    let programmed = field.setting(value, in: programmedValue(of: bytes))
    return shown.prefix(4) + programmed.littleEndianBytes
  }
}
