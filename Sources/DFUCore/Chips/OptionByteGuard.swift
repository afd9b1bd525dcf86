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
  /// H5: the product state would become another than Open.
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

  /// What it takes to go on: nothing, or a permission that names it.
  public enum Severity: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Saying it.
    case note
    /// The permission to write option bytes that are risky.
    case needsForce
    /// The permission to lock the chip for good.
    case needsPermanentLock
    /// The permission to change an H5's product state.
    case needsProductState
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
      .unequalPair, .risky, .notFromBase, .unknownLayout:
      .needsForce
    case .advancesProductState: .needsProductState
    case .untouchable: .refused
    case .lowersProtection: .note
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
        + "0x\(UInt8(truncatingIfNeeded: to).hexDigits()), which may be for good"
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
    new.windows.map(writable).flatMap {
      concerns(writing: $0.bytes, at: $0.start, over: old)
    }
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
    for word in words where word.window.overlaps(write) {
      // What may not be written at all is refused below, whatever it says.
      let isExcluded = untouchable.contains {
        $0.excluded && $0.window.overlaps(word.window)
      }
      if !isExcluded { found += concerns(word, image, over: old) }
    }
    found += bootConcerns(image, over: old)
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
      for field in word.fields where field.role == .readoutProtection {
        let place = word.address &+ UInt32(field.bit / 8)
        let places = word.encoding == .pair ? [place, place &+ 4] : [place]
        let now = old?.bytes(at: place, count: 1)?.first.map(UInt32.init)
        let concerns = places.compactMap { place in
          image.bytes(at: place, count: 1)?.first.flatMap {
            concern(protectionByte: UInt32($0), at: place, now: now)
          }
        }
        // The heaviest; of two, the one of the programmed value.
        if let heaviest = concerns.reversed().max(by: {
          $0.severity < $1.severity
        }) {
          found.append(heaviest)
        }
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

  /// A word of which the image covers at least one byte; the others stay as
  /// they are.
  private func concerns(
    _ word: OptionWord, _ image: OptionByteImage, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    let encoding = word.encoding
    let current = old?.bytes(at: word.address, count: encoding.length)
    var bytes =
      current ?? encoding.bytes(of: word.factoryValue ?? word.idleValue)
    var covered: [Bool] = []
    for offset in 0..<encoding.length {
      let place = word.address &+ UInt32(offset)
      let byte = image.bytes(at: place, count: 1)?.first
      covered.append(byte != nil)
      if let byte { bytes[offset] = byte }
    }
    // Writing back what was read changes nothing, however odd it is.
    if current == bytes { return [] }
    var found: [OptionByteConcern] = []
    if !covered.contains(false),
      let wrong = encoding.complementMismatch(in: bytes)
    {
      found.append(
        .complementMismatch(
          address: word.address &+ UInt32(wrong.offset),
          expected: wrong.expected, found: wrong.found))
    }
    let shown = encoding.value(of: bytes)
    let programs = encoding != .pair || covered.dropFirst(4).contains(true)
    let wanted = programs ? encoding.programmedValue(of: bytes) : shown
    if encoding == .pair,
      (wanted ^ encoding.value(of: bytes)) & word.knownMask
        != 0
    {
      found.append(.unequalPair(address: word.address))
    }
    let before = current.map { encoding.value(of: $0) }
    for field in word.fields
    where encoding.touches(field, covered) {
      let place = word.address &+ UInt32(field.bit / 8)
      let old = before.map { field.value(in: $0) }
      if let concern = field.concern(
        from: old, to: field.value(in: wanted), place)
      {
        found.append(concern)
      }
    }
    return found + reservedConcerns(word, wanted, current)
  }

  private func reservedConcerns(
    _ word: OptionWord, _ wanted: UInt32, _ current: [UInt8]?
  ) -> [OptionByteConcern] {
    guard let current else { return [] }
    let before = word.encoding.programmedValue(of: current)
    let reserved = word.encoding.mask & ~word.knownMask
    let half: UInt32 = word.encoding == .pair ? 4 : 0
    let old = (before & reserved).littleEndianBytes
    let new = (wanted & reserved).littleEndianBytes
    return (0..<4).filter { old[$0] != new[$0] }.map {
      .reservedChanged(
        address: word.address &+ half &+ UInt32($0), old: old[$0], new: new[$0])
    }
  }

  /// A setting after which the BOOT0 pin no longer leads to the bootloader.
  private func bootConcerns(
    _ image: OptionByteImage, over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    var new = old ?? image
    for window in image.windows { new.lay(window.bytes, at: window.start) }
    let after = decode(new, programmed: true).values
    let before = old.map { decode($0).values }
    guard Self.leadsToBootloader(after) == false,
      before.flatMap(Self.leadsToBootloader) != false
    else { return [] }
    let changed = after.filter { entry in
      entry.field.role.selectsBoot
        && before?.contains(entry) != true
    }
    return changed.prefix(1).map {
      .risky(
        field: $0.field.name,
        reason: "with this setting the BOOT0 pin no longer leads to DFU mode")
    }
  }

  /// Whether BOOT0 high, or the bit in its place, leads to the bootloader;
  /// `nil` where no field says so.
  private static func leadsToBootloader(
    _ values: [OptionFieldValue]
  ) -> Bool? {
    var usesPin = true
    var bit: UInt32?
    var target: Bool?
    let choices = values.filter { $0.field.role.selectsBoot }
    guard !choices.isEmpty else { return nil }
    for entry in choices {
      if case .bootPin(let used) = entry.field.role {
        usesPin = entry.value == used
      } else if case .bootTarget(let bootloader) = entry.field.role {
        target = entry.value == bootloader
      } else {
        bit = entry.value
      }
    }
    return (target ?? true) && (usesPin || bit == 0)
  }

  private func untouchableConcerns(
    _ write: AddressWindow, _ image: OptionByteImage,
    over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    untouchable.compactMap { stretch in
      guard stretch.window.overlaps(write) else { return nil }
      let start = max(stretch.window.start, write.start)
      let count = Int(min(stretch.window.end, write.end) - UInt64(start))
      // What was read may be written back unchanged.
      let now = old?.bytes(at: start, count: count)
      let stays = now != nil && now == image.bytes(at: start, count: count)
      return stays && !stretch.excluded
        ? nil : .untouchable(address: start, reason: stretch.reason)
    }
  }

  /// Bytes of the windows that belong to no known word must stay as they are.
  private func strayConcerns(
    _ write: AddressWindow, _ image: OptionByteImage,
    over old: OptionByteImage?
  ) -> [OptionByteConcern] {
    guard let old else { return [] }
    let known = words.map(\.window) + untouchable.map(\.window)
    return windows.filter { $0.overlaps(write) }.flatMap {
      window -> [OptionByteConcern] in
      let first = UInt64(max(window.start, write.start))
      return (first..<min(window.end, write.end)).compactMap { place in
        let address = UInt32(truncatingIfNeeded: place)
        guard !known.contains(where: { $0.contains(address) }),
          let before = old.bytes(at: address, count: 1)?.first,
          let after = image.bytes(at: address, count: 1)?.first,
          before != after
        else { return nil }
        return .reservedChanged(address: address, old: before, new: after)
      }
    }
  }
}

/// Stands before every write that could reach option bytes, whatever file or
/// memory it comes from.
public enum OptionByteGuard {
  /// Every window in which some known chip has its option bytes.
  public static let knownWindows =
    (OptionByteLayout.all.flatMap(\.windows) + [artery]).uniqued

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
    var found = layouts.flatMap {
      $0.concerns(writing: bytes, at: address, over: current)
    }.uniqued
    // An unknown chip, or a window that no layout of the chip has.
    if !layouts.flatMap(\.windows).contains(where: { $0.overlaps(write) }) {
      found.append(.unknownLayout(address: address))
      found += possibleLocks(bytes, at: address, shown: shown)
      found += productStateConcerns(bytes, at: address, shown, current)
    }
    if layouts.isEmpty,
      let window = shown.first(where: { $0.overlaps(write) }),
      window.start != address
    {
      found.append(.notFromBase(address: address, base: window.start))
    }
    return found
  }

  /// Addresses at which some chip has its readout protection byte. Chips
  /// without level 2 are left out.
  private static let lockBytes: Set<UInt32> = {
    var addresses: Set<UInt32> = [artery.start]
    for layout in OptionByteLayout.all where layout.protection != .f1 {
      for word in layout.words {
        for field in word.fields where field.role == .readoutProtection {
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
        ? .permanentLock(address: place, certain: false) : nil
    }
  }

  /// Where H5 and its relatives have their product state: the current one and
  /// the one that will be programmed.
  private static let productStates: [UInt32] = [0x4002_2051, 0x4002_2055]

  /// An unknown chip with a window where H5's begins may have a product state,
  /// too.
  private static func productStateConcerns(
    _ bytes: [UInt8], at address: UInt32, _ shown: [AddressWindow],
    _ current: OptionByteImage?
  ) -> [OptionByteConcern] {
    let write = AddressWindow(address, length: bytes.count)
    let isElsewhere = shown.contains {
      $0.overlaps(write) && $0.start != 0x4002_2050
    }
    guard !isElsewhere else { return [] }
    let image = OptionByteImage(start: address, bytes: bytes)
    let now = current?.bytes(at: 0x4002_2051, count: 1)?.first
    let states = productStates.compactMap {
      image.bytes(at: $0, count: 1)?.first
    }
    return states.first { $0 != 0xED && $0 != now }.map {
      [.advancesProductState(from: now.map(UInt32.init), to: UInt32($0))]
    } ?? []
  }
}

extension OptionWord.Encoding {
  /// Whether a write that covers these bytes of a word touches a field.
  fileprivate func touches(_ field: OptionField, _ covered: [Bool]) -> Bool {
    covered.indices.contains { offset in
      covered[offset] && field.mask >> UInt32(offset % 4 * 8) & 0xFF != 0
    }
  }
}

extension OptionWord {
  /// The value in which no area is protected.
  fileprivate var idleValue: UInt32 {
    fields.reduce(0) { $1.setting($1.idleValue, in: $0) }
  }
}

extension OptionField.Role {
  /// Whether it has a part in what BOOT0 leads to.
  fileprivate var selectsBoot: Bool {
    switch self {
    case .bootPin, .bootBit, .bootTarget: true
    case .setting, .readoutProtection, .writeProtection, .codeProtection,
      .codeProtectionMode, .secureArea, .areaUnlock, .trustZone, .bootLock,
      .security, .banks, .supplyLevel, .fastPins, .resetPin:
      false
    }
  }
}

extension OptionField {
  /// The value with which it protects nothing.
  fileprivate var idleValue: UInt32 {
    switch kind {
    case .areaStart: maximum
    case .sectors(_, let protectedWhen): protectedWhen == 0 ? maximum : 0
    case .plain, .address, .areaEnd, .readOnly: 0
    }
  }

  /// What there is to think about before the field gets a value; `old` is
  /// `nil` where it is not known what it has now.
  fileprivate func concern(
    from old: UInt32?, to new: UInt32, _ place: UInt32
  ) -> OptionByteConcern? {
    guard new != old else { return nil }
    if case .readOnly(let reason) = kind {
      return old == nil
        ? nil : .untouchable(address: place, reason: "\(name): \(reason)")
    }
    // Not known what it was: what protects nothing cannot be missed.
    let changes = old != nil || new != idleValue
    guard let reason = reason(new, changes: changes) else { return nil }
    return .risky(field: name, reason: reason)
  }

  /// Why a new value is hard to take back, or can make the chip unusable.
  private func reason(_ new: UInt32, changes: Bool) -> String? {
    switch role {
    case .setting, .readoutProtection, .writeProtection, .bootPin, .bootBit,
      .bootTarget:
      nil
    case .codeProtection:
      changes ? Self.removedByRegression : nil
    case .codeProtectionMode:
      new == 1 ? Self.removedByRegression : nil
    case .secureArea:
      changes
        ? "secured flash can no longer be read, written or erased from "
          + "outside; it opens again only by lowering readout protection, "
          + "which erases the flash" : nil
    case .areaUnlock:
      new == 0
        ? "the area can then be unprotected only by lowering readout "
          + "protection, which erases the flash" : nil
    case .trustZone(let on):
      new == on
        ? "TrustZone can be turned off again only by lowering readout "
          + "protection, which erases the flash" : nil
    case .bootLock(let on):
      new == on
        ? "with the boot lock on, the bootloader can no longer be started, and "
          + "together with readout protection there may be no way back" : nil
    case .security:
      new == 1
        ? "a chip with its security on opens again only by erasing it" : nil
    case .banks:
      changes
        ? "the flash is divided into other banks and sectors: what is in it no "
          + "longer fits" : nil
    case .supplyLevel(let highest):
      new == highest
        ? "at the highest level the chip stays in reset where its supply is "
          + "only a little low, and DFU with it" : nil
    case .fastPins:
      new == 1
        ? "at a supply above 2.7 V this can damage the chip" : nil
    case .resetPin(let reserved):
      new == reserved ? "this mode of the reset pin is reserved" : nil
    }
  }

  private static let removedByRegression =
    "code protection goes away only when readout protection is lowered from "
    + "level 1, which erases the flash"
}

extension Collection where Element == OptionByteConcern {
  /// The heaviest; `nil` when there is nothing to think about.
  public var severity: OptionByteConcern.Severity? {
    self.map(\.severity).max()
  }
}
