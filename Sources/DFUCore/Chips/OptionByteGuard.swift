/// Something to think about before option bytes are written.
public enum OptionByteConcern: Hashable, Sendable {
  /// The byte at the address would mean readout protection level 2: the chip
  /// could never again be read, debugged or flashed. `certain` is false when
  /// the chip is not known and the byte only could be that.
  case permanentLock(address: UInt32, certain: Bool)
  /// Readout protection would go up. `from` is `nil` when it is not known what
  /// it is now.
  case raisesProtection(from: ProtectionLevel?, to: ProtectionLevel)
  /// Readout protection would go down, and the chip erases its flash.
  case lowersProtection(from: ProtectionLevel, to: ProtectionLevel)
  /// H5: the product state would move on.
  case advancesProductState(from: UInt32?, to: UInt32)
  /// A byte is not the complement of its partner.
  case complementMismatch(address: UInt32, expected: UInt8, found: UInt8)
  /// The two halves of a pair ask for different things.
  case unequalPair(address: UInt32)
  /// A byte with reserved bits would change.
  case reservedChanged(address: UInt32, old: UInt8, new: UInt8)
  /// Bytes that must not be changed would change, or may not be written at
  /// all, for this reason.
  case untouchable(address: UInt32, reason: String)
  /// A field would get a value whose consequences are hard to undo.
  case risky(field: String, reason: String)
  /// A write that does not begin where the window begins.
  case notFromBase(address: UInt32, base: UInt32)
  /// It is not known what the bytes mean.
  case unknownLayout(address: UInt32)

  /// What it takes to go on.
  public enum Severity: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Saying it.
    case note
    /// `--force`.
    case needsForce
    /// `--permanently-lock-this-chip`.
    case needsPermanentLock
    /// Nothing allows it.
    case refused

    /// Lighter comes before heavier.
    public static func < (left: Severity, right: Severity) -> Bool {
      left.rawValue < right.rawValue
    }
  }

  /// What it takes to go on.
  public var severity: Severity {
    switch self {
    case .permanentLock: .needsPermanentLock
    case .raisesProtection(_, .level2): .needsPermanentLock
    case .raisesProtection, .complementMismatch, .reservedChanged,
      .unequalPair, .risky, .notFromBase:
      .needsForce
    case .advancesProductState, .untouchable: .refused
    case .lowersProtection, .unknownLayout: .note
    }
  }
}

extension OptionByteConcern: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    func hex(_ value: UInt8) -> String { "0x" + value.hexDigits() }
    switch self {
    case .permanentLock(let address, true):
      return "0xCC at 0x\(address.hexDigits()) is readout protection level 2: "
        + "this chip could never again be debugged, flashed or unlocked"
    case .permanentLock(let address, false):
      return "0xCC at 0x\(address.hexDigits()) can be readout protection level "
        + "2, after which a chip can never again be debugged or flashed"
    case .raisesProtection(let from?, let to):
      return "readout protection would go from \(from) to \(to)"
    case .raisesProtection(nil, let to):
      return "readout protection would become \(to)"
    case .lowersProtection(let from, let to):
      return "readout protection would go from \(from) to \(to): the chip "
        + "erases its flash"
    case .advancesProductState(let from, let to):
      let old = from.map {
        "from 0x\(UInt8(truncatingIfNeeded: $0).hexDigits()) "
      }
      return "the product state would move \(old ?? "")to "
        + "0x\(UInt8(truncatingIfNeeded: to).hexDigits()), which this tool "
        + "does not do"
    case .complementMismatch(let address, let expected, let found):
      return "the byte at 0x\(address.hexDigits()) is \(hex(found)) where the "
        + "complement \(hex(expected)) belongs"
    case .unequalPair(let address):
      return "the current and the programmed value at "
        + "0x\(address.hexDigits()) differ"
    case .reservedChanged(let address, let old, let new):
      return "reserved bits at 0x\(address.hexDigits()) would change: "
        + "\(hex(old)) to \(hex(new))"
    case .untouchable(let address, let reason):
      return "option bytes at 0x\(address.hexDigits()) must not be written: "
        + reason
    case .risky(let field, let reason):
      return "\(field): \(reason)"
    case .notFromBase(let address, let base):
      return "a write of option bytes at 0x\(address.hexDigits()) does not "
        + "begin at their start, 0x\(base.hexDigits())"
    case .unknownLayout(let address):
      return "the meaning of the option bytes at 0x\(address.hexDigits()) is "
        + "not known for this chip"
    }
  }
}

extension OptionByteLayout {
  /// What there is to think about before an image is written over what the
  /// chip has now.
  public func concerns(
    writing new: OptionByteImage, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    var found: [OptionByteConcern] = []
    for window in new.windows {
      let length = min(
        writableLength(of: window.window), window.bytes.count)
      found += concerns(
        writing: Array(window.bytes.prefix(max(0, length))), at: window.start,
        over: old)
    }
    return found
  }

  /// What there is to think about before bytes from anywhere are written at an
  /// address, over what the chip has now (`nil`: not known).
  public func concerns(
    writing bytes: [UInt8], at address: UInt32, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    let write = AddressWindow(address, length: bytes.count)
    let image = OptionByteImage(start: address, bytes: bytes)
    var found: [OptionByteConcern] = []
    if let window = windows.first(where: { $0.overlaps(write) }),
      window.start != address
    {
      found.append(.notFromBase(address: address, base: window.start))
    }
    found += protectionConcerns(image, over: old)
    for word in words {
      found += concerns(word, image, over: old)
    }
    found += untouchableConcerns(write, image, over: old)
    found += strayConcerns(write, image, over: old)
    return found
  }

  /// Looks at each protection byte by itself, so that a write that covers
  /// only part of its word is seen too.
  private func protectionConcerns(
    _ image: OptionByteImage, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    var found: [OptionByteConcern] = []
    for word in words {
      for field in word.fields where field.kind == .readoutProtection {
        let place = word.address &+ UInt32(field.bit / 8)
        let places = word.encoding == .pair ? [place, place &+ 4] : [place]
        let now = old?.bytes(at: place, count: 1)?.first.map(UInt32.init)
        var heaviest: OptionByteConcern?
        for place in places {
          guard let byte = image.bytes(at: place, count: 1)?.first else {
            continue
          }
          let concern = self.concern(
            protectionByte: UInt32(byte), at: place, now: now)
          if let concern, concern.severity >= heaviest?.severity ?? .note {
            heaviest = concern
          }
        }
        if let heaviest { found.append(heaviest) }
      }
    }
    return found
  }

  private func concern(
    protectionByte byte: UInt32, at address: UInt32, now: UInt32?
  ) -> OptionByteConcern? {
    if protection == .productState {
      return byte == 0xED || byte == now
        ? nil : .advancesProductState(from: now, to: byte)
    }
    let level = protection.level(byte)
    if level == .level2 {
      return .permanentLock(address: address, certain: true)
    }
    let before = now.map { protection.level($0) }
    if level == before { return nil }
    if let before, level < before {
      return .lowersProtection(from: before, to: level)
    }
    return level == .level0 ? nil : .raisesProtection(from: before, to: level)
  }

  private func concerns(
    _ word: OptionWord, _ image: OptionByteImage, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    let length = word.encoding.length
    guard let bytes = image.bytes(at: word.address, count: length) else {
      return []
    }
    let current = old?.bytes(at: word.address, count: length)
    // Writing back what was read changes nothing, however odd it is.
    if current == bytes { return [] }
    var found: [OptionByteConcern] = []
    if let wrong = word.encoding.complementMismatch(in: bytes) {
      found.append(
        .complementMismatch(
          address: word.address &+ UInt32(wrong.offset),
          expected: wrong.expected, found: wrong.found))
    }
    let wanted = word.encoding.programmedValue(of: bytes)
    if word.encoding == .pair {
      let shown = word.encoding.value(of: bytes)
      if (wanted ^ shown) & word.knownMask != 0 {
        found.append(.unequalPair(address: word.address))
      }
    }
    for field in word.fields {
      guard case .risky(let value, let reason) = field.kind,
        field.value(in: wanted) == value
      else { continue }
      let before = current.map { field.value(in: word.encoding.value(of: $0)) }
      if before != value {
        found.append(.risky(field: field.name, reason: reason))
      }
    }
    for field in word.fields {
      guard case .readOnly(let reason) = field.kind, let current,
        field.value(in: wanted)
          != field.value(in: word.encoding.value(of: current))
      else { continue }
      let place = word.address &+ UInt32(field.bit / 8)
      found.append(
        .untouchable(address: place, reason: "\(field.name): \(reason)"))
    }
    found += codeProtectionConcerns(word, wanted, current)
    if let current {
      let before = word.encoding.programmedValue(of: current)
      let reserved = word.encoding.mask & ~word.knownMask
      let half: UInt32 = word.encoding == .pair ? 4 : 0
      for byte: UInt32 in 0..<4 {
        let old = UInt8(truncatingIfNeeded: (before & reserved) >> (byte * 8))
        let new = UInt8(truncatingIfNeeded: (wanted & reserved) >> (byte * 8))
        if old != new {
          let place = word.address &+ half &+ byte
          found.append(.reservedChanged(address: place, old: old, new: new))
        }
      }
    }
    return found
  }

  /// Proprietary code protection that would begin or grow can be taken back
  /// only by erasing the chip.
  private func codeProtectionConcerns(
    _ word: OptionWord, _ wanted: UInt32, _ current: [UInt8]?
  ) -> [OptionByteConcern] {
    word.fields.compactMap { field in
      let name: String
      switch field.kind {
      case .areaStart(let area), .areaEnd(let area): name = area
      case .sectors where field.name == "PCROP": name = field.name
      default: return nil
      }
      guard name.hasPrefix("PCROP"), let current,
        field.value(in: wanted)
          != field.value(in: word.encoding.value(of: current))
      else { return nil }
      return .risky(
        field: field.name,
        reason: "code protection goes away only when readout protection is "
          + "lowered from level 1, which erases the flash")
    }
  }

  private func untouchableConcerns(
    _ write: AddressWindow, _ image: OptionByteImage,
    over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    untouchable.compactMap { stretch in
      guard stretch.window.overlaps(write) else { return nil }
      let concern = OptionByteConcern.untouchable(
        address: max(stretch.window.start, write.start), reason: stretch.reason)
      if stretch.excluded { return concern }
      // What was read may be written back unchanged.
      let start = max(stretch.window.start, write.start)
      let end = min(stretch.window.end, write.end)
      let count = Int(end - UInt64(start))
      guard let now = old?.bytes(at: start, count: count),
        now == image.bytes(at: start, count: count)
      else { return concern }
      return nil
    }
  }

  /// Bytes of the windows that belong to no known word must stay as they are.
  private func strayConcerns(
    _ write: AddressWindow, _ image: OptionByteImage,
    over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    guard let old else { return [] }
    var found: [OptionByteConcern] = []
    for window in windows where window.overlaps(write) {
      let first = max(window.start, write.start)
      let end = min(window.end, write.end)
      guard end > UInt64(first) else { continue }
      for offset in 0..<Int(end - UInt64(first)) {
        let address = first &+ UInt32(offset)
        guard !words.contains(where: { $0.window.contains(address) }),
          !untouchable.contains(where: { $0.window.contains(address) }),
          let before = old.bytes(at: address, count: 1)?.first,
          let after = image.bytes(at: address, count: 1)?.first,
          before != after
        else { continue }
        found.append(
          .reservedChanged(address: address, old: before, new: after))
      }
    }
    return found
  }
}

/// Stands before every write that could reach option bytes, whatever file or
/// memory it comes from.
public enum OptionByteGuard {
  /// Every window in which some known chip has its option bytes.
  public static let knownWindows: [AddressWindow] = {
    var windows: [AddressWindow] = []
    for window in OptionByteLayout.all.flatMap(\.windows) + [artery]
    where !windows.contains(window) {
      windows.append(window)
    }
    return windows
  }()

  /// Artery's AT32F4 shows 512 or 4096 bytes where ST's F4 has 16.
  private static let artery = AddressWindow(0x1FFF_C000, length: 4096)

  /// Whether a write may reach option bytes: it touches a window the device
  /// shows, a window of one of the layouts, or, of an unknown chip, a window
  /// of any.
  public static func mayReachOptionBytes(
    _ write: AddressWindow, layouts: [OptionByteLayout],
    shown: [AddressWindow]
  ) -> Bool {
    let windows = layouts.isEmpty ? knownWindows : layouts.flatMap(\.windows)
    return (windows + shown).contains { $0.overlaps(write) }
  }

  /// What there is to think about before bytes are written at an address;
  /// nothing for a write that reaches no option bytes.
  ///
  /// `layouts` are those the chip may have: one when it is known, several when
  /// several families fit (each is asked), none when it is unknown. Then any
  /// byte that would be 0xCC where some family with option bytes at that
  /// address has its readout protection counts as a lock; at addresses no
  /// family is known to use, 0xCC in one of the first eight bytes of a window
  /// the device shows. `shown` are the windows of the option-byte memory the
  /// device shows, `current` is what the chip has now, if it was read.
  public static func concerns(
    writing bytes: [UInt8], at address: UInt32, layouts: [OptionByteLayout],
    shown: [AddressWindow] = [], current: OptionByteImage? = nil
  ) -> [OptionByteConcern] {
    let write = AddressWindow(address, length: bytes.count)
    guard mayReachOptionBytes(write, layouts: layouts, shown: shown) else {
      return []
    }
    var found: [OptionByteConcern] = []
    if layouts.isEmpty {
      found.append(.unknownLayout(address: address))
      found += possibleLocks(bytes, at: address, shown: shown)
      found += baseConcerns(write, shown)
    } else {
      for layout in layouts {
        for concern in layout.concerns(
          writing: bytes, at: address, over: current)
        where !found.contains(concern) {
          found.append(concern)
        }
      }
      // A window that no layout of the chip has.
      if !layouts.contains(where: { layout in
        layout.windows.contains { $0.overlaps(write) }
      }) {
        found.append(.unknownLayout(address: address))
        found += possibleLocks(bytes, at: address, shown: shown)
      }
    }
    return found
  }

  /// Addresses at which some chip has its readout protection byte. Chips
  /// without level 2 are left out.
  private static let lockBytes: Set<UInt32> = {
    var addresses: Set<UInt32> = [artery.start]
    for layout in OptionByteLayout.all where layout.protection != .f1 {
      for word in layout.words {
        for field in word.fields where field.kind == .readoutProtection {
          let place = word.address &+ UInt32(field.bit / 8)
          addresses.insert(place)
          if word.encoding == .pair { addresses.insert(place &+ 4) }
        }
      }
    }
    return addresses
  }()

  private static func possibleLocks(
    _ bytes: [UInt8], at address: UInt32, shown: [AddressWindow]
  ) -> [OptionByteConcern] {
    let image = OptionByteImage(start: address, bytes: bytes)
    var suspects = lockBytes
    for window in shown
    where !knownWindows.contains(where: { $0.start == window.start }) {
      for offset: UInt32 in 0..<8 { suspects.insert(window.start &+ offset) }
    }
    return suspects.sorted().compactMap { place in
      image.bytes(at: place, count: 1) == [0xCC]
        || isH5Lock(place, image)
        ? .permanentLock(address: place, certain: false) : nil
    }
  }

  /// Of H5 the value that locks is 0x5C.
  private static func isH5Lock(
    _ address: UInt32, _ image: OptionByteImage
  ) -> Bool {
    (address == 0x4002_2051 || address == 0x4002_2055)
      && image.bytes(at: address, count: 1) == [0x5C]
  }

  private static func baseConcerns(
    _ write: AddressWindow, _ shown: [AddressWindow]
  ) -> [OptionByteConcern] {
    guard let window = shown.first(where: { $0.overlaps(write) }),
      window.start != write.start
    else { return [] }
    return [.notFromBase(address: write.start, base: window.start)]
  }
}

extension Collection where Element == OptionByteConcern {
  /// The heaviest; `nil` when there is nothing to think about.
  public var severity: OptionByteConcern.Severity? {
    self.map(\.severity).max()
  }
}
