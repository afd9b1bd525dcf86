import DFUCore

/// A breach of the rules by the host that a real chip answers with damage,
/// or would take amiss some other day. Tests assert that there is none.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
  /// What rule was broken.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Bits that were 0 were to become 1.
    case programmedUnerased
    /// A word with an error-correcting code was programmed twice.
    case programmedTwice
    /// An address that the alignment forbids.
    case misalignedAddress
    /// A length that the alignment forbids.
    case misalignedLength
    /// A sector that is write-protected was to be erased or written.
    case writeProtected
    /// More bytes in one transfer than `wTransferSize`.
    case oversizedTransfer
    /// A request that the state does not allow.
    case wrongState
    /// Option bytes written from elsewhere than the window's start.
    case partialOptionWrite
    /// Option bytes whose complement does not match.
    case wrongComplement
  }

  /// What rule was broken.
  public var kind: Kind
  /// Where, as an address; for requests 0.
  public var address: UInt32
  /// When, by the board's clock.
  public var time: Duration

  /// "programmedUnerased at 0x08000000".
  public var description: String {
    "\(kind.rawValue) at 0x\(hex(address, 8))"
  }
}

/// The content of one memory and the physics of changing it.
struct Memory: Sendable {
  let profile: MemoryProfile
  var bytes: [UInt8]
  /// First byte of each sector, and the end of the last.
  let sectorStarts: [Int]
  /// How often each sector was erased.
  var eraseCounts: [Int]
  /// Words with an error-correcting code that were programmed since their
  /// erase; kept apart from the content, because a blank word that was
  /// "programmed" with 0xFF looks like one that was not.
  private var programmed: [Bool] = []
  /// Words whose code does not fit: reading them is a fault.
  private var torn: Set<Int> = []
  /// Bytes that share an error-correcting code; 0 without one.
  let eccWord: Int
  private let erased: UInt8

  init(_ profile: MemoryProfile, eccWord: Int? = nil, erased: UInt8 = 0xFF) {
    self.profile = profile
    var starts = [0]
    for run in profile.sectors {
      for _ in 0..<run.count { starts.append((starts.last ?? 0) + run.size) }
    }
    sectorStarts = starts
    eraseCounts = [Int](repeating: 0, count: starts.count - 1)
    let blank: UInt8 =
      switch profile.kind {
      case .flash: erased
      case .ram, .eeprom: 0
      default: 0xFF
      }
    self.erased = profile.kind == .flash ? erased : 0xFF
    bytes = [UInt8](repeating: blank, count: profile.size)
    self.eccWord = profile.kind == .flash ? eccWord ?? 0 : 0
    if self.eccWord > 0 {
      programmed = [Bool](
        repeating: false,
        count: (bytes.count + self.eccWord - 1) / self.eccWord)
    }
    if !profile.initial.isEmpty { replaceAll(with: profile.initial) }
  }

  /// Puts bytes there as if they had been so for ever.
  mutating func replaceAll(with content: [UInt8]) {
    let count = min(content.count, bytes.count)
    bytes.replaceSubrange(0..<count, with: content.prefix(count))
    noteProgrammedWords(in: 0..<bytes.count)
  }

  /// Puts bytes at an offset without any physics.
  mutating func place(_ content: ArraySlice<UInt8>, at offset: Int) {
    guard offset >= 0, offset + content.count <= bytes.count else { return }
    bytes.replaceSubrange(offset..<offset + content.count, with: content)
    noteProgrammedWords(in: offset..<offset + content.count)
  }

  private mutating func noteProgrammedWords(in range: Range<Int>) {
    guard eccWord > 0, !range.isEmpty else { return }
    let first = range.lowerBound / eccWord
    for word in first...(range.upperBound - 1) / eccWord {
      let start = word * eccWord
      programmed[word] = !isBlank(start..<min(start + eccWord, bytes.count))
    }
  }

  /// Damages the word at an offset; an erase of its sector repairs it.
  mutating func tear(at offset: Int) { torn.insert(offset / max(1, eccWord)) }

  func isTorn(_ range: Range<Int>) -> Bool {
    torn.contains { word in
      let start = word * max(1, eccWord)
      return range.overlaps(start..<start + max(1, eccWord))
    }
  }

  func contains(_ address: UInt64, count: Int) -> Bool {
    address >= UInt64(profile.start)
      && address + UInt64(count) <= UInt64(profile.start) + UInt64(bytes.count)
  }

  func offset(of address: UInt64) -> Int { Int(address) - Int(profile.start) }

  func isBlank(_ range: Range<Int>) -> Bool {
    for index in range where bytes[index] != erased { return false }
    return true
  }

  /// The sector that holds an offset.
  func sector(at offset: Int) -> Int {
    var low = 0
    var high = sectorStarts.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if sectorStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  func range(ofSector index: Int) -> Range<Int> {
    sectorStarts[index]..<sectorStarts[index + 1]
  }

  mutating func erase(sector: Int) {
    let range = range(ofSector: sector)
    bytes.replaceSubrange(
      range, with: [UInt8](repeating: erased, count: range.count))
    eraseCounts[sector] += 1
    torn = torn.filter { !range.contains($0 * max(1, eccWord)) }
    guard eccWord > 0 else { return }
    let words = range.lowerBound / eccWord..<range.upperBound / eccWord
    programmed.replaceSubrange(
      words, with: [Bool](repeating: false, count: words.count))
  }

  /// What an erase leaves that lost its power: some bits are 1 already.
  mutating func eraseHalfway(sector: Int) {
    for index in range(ofSector: sector) {
      let bits = UInt8(truncatingIfNeeded: index &* 0x6D) | 0x24
      bytes[index] = erased == 0 ? bytes[index] & ~bits : bytes[index] | bits
    }
    noteProgrammedWords(in: range(ofSector: sector))
  }

  /// Programs bytes as NOR flash does: bits only become 0.
  ///
  /// Returns the rules that were broken, with offsets, and whether the
  /// controller accepted everything.
  mutating func program(
    _ data: ArraySlice<UInt8>, at offset: Int, refusing: Bool
  ) -> (broken: [(Violation.Kind, Int)], isAccepted: Bool) {
    let range = offset..<offset + data.count
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
      return ([], false)
    }
    let words =
      eccWord == 0
      ? 0..<0 : offset / eccWord..<(range.upperBound + eccWord - 1) / eccWord
    if isBlank(range), !programmed[words].contains(true) {
      bytes.replaceSubrange(range, with: data)
      programmed.replaceSubrange(
        words, with: [Bool](repeating: true, count: words.count))
      return ([], true)
    }
    if eccWord > 0 {
      return programWords(data, range, words, refusing: refusing)
    }
    return (programBits(data, range).map { [$0] } ?? [], true)
  }

  // Programming only leads away from the erased state.
  private func programmed(_ byte: UInt8, over old: UInt8) -> UInt8 {
    erased == 0 ? old | byte : old & byte
  }

  private mutating func programBits(
    _ data: ArraySlice<UInt8>, _ range: Range<Int>
  ) -> (Violation.Kind, Int)? {
    var broken: (Violation.Kind, Int)?
    for (index, byte) in zip(range, data) {
      bytes[index] = programmed(byte, over: bytes[index])
      if bytes[index] != byte, broken == nil {
        broken = (.programmedUnerased, index)
      }
    }
    return broken
  }

  private mutating func programWords(
    _ data: ArraySlice<UInt8>, _ range: Range<Int>, _ words: Range<Int>,
    refusing: Bool
  ) -> ([(Violation.Kind, Int)], Bool) {
    var broken: [(Violation.Kind, Int)] = []
    for word in words {
      let whole = word * eccWord..<min((word + 1) * eccWord, bytes.count)
      let part = whole.clamped(to: range)
      if programmed[word] {
        if broken.isEmpty { broken.append((.programmedTwice, part.lowerBound)) }
        // The controller compares with blank; what was programmed with 0xFF
        // passes it, though the code beside it may not.
        if refusing, !isBlank(whole) { return (broken, false) }
      }
      for index in part {
        bytes[index] = programmed(
          data[data.startIndex + index - range.lowerBound],
          over: bytes[index])
      }
      programmed[word] = true
    }
    return (broken, true)
  }
}
