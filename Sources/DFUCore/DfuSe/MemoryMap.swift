/// What may be done with a sector (the type letter of the memory-layout
/// string; UM0424, 4.3.2).
public struct MemoryAccess: OptionSet, Hashable, Sendable {
  /// The low three bits of the type letter.
  public var rawValue: UInt8

  /// Access by the low three bits of the type letter, `a` = 1 to `g` = 7.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// UPLOAD is allowed.
  public static let readable = MemoryAccess(rawValue: 1)
  /// The erase command is allowed.
  public static let erasable = MemoryAccess(rawValue: 2)
  /// DNLOAD is allowed.
  public static let writable = MemoryAccess(rawValue: 4)
}

extension MemoryAccess: CustomStringConvertible {
  /// "readable erasable writable".
  public var description: String {
    var words: [String] = []
    if contains(.readable) { words.append("readable") }
    if contains(.erasable) { words.append("erasable") }
    if contains(.writable) { words.append("writable") }
    return words.joined(separator: " ")
  }
}

/// One sector (or page) of a memory: the smallest piece that can be erased.
public struct Sector: Hashable, Sendable {
  /// The address of its first byte.
  public var address: UInt32
  /// Its size, bytes.
  public var size: Int
  /// What may be done with it.
  public var access: MemoryAccess

  /// A sector from its parts. `address + size` is at most 2³².
  public init(address: UInt32, size: Int, access: MemoryAccess) {
    self.address = address
    self.size = size
    self.access = access
  }

  /// The address after its last byte, up to 2³².
  public var end: UInt64 { UInt64(address) + UInt64(size) }

  /// Whether a byte at an address belongs to it.
  public func contains(_ address: UInt32) -> Bool {
    address >= self.address && UInt64(address) < end
  }
}

/// Equal sectors in a row.
public struct SectorRun: Hashable, Sendable {
  /// The address of the first.
  public var address: UInt32
  /// How many there are.
  public var count: Int
  /// The size of each, bytes.
  public var sectorSize: Int
  /// What may be done with each.
  public var access: MemoryAccess

  /// A run from its parts. Its end is at most 2³².
  public init(
    address: UInt32, count: Int, sectorSize: Int, access: MemoryAccess
  ) {
    self.address = address
    self.count = count
    self.sectorSize = sectorSize
    self.access = access
  }

  /// The size of all of them, bytes.
  public var size: Int { count * sectorSize }

  /// The address after the last byte, up to 2³².
  public var end: UInt64 { UInt64(address) + UInt64(size) }

  /// The sector at `index`, which must be less than ``count``.
  func sector(_ index: Int) -> Sector {
    Sector(
      address: address &+ UInt32(truncatingIfNeeded: index * sectorSize),
      size: sectorSize, access: access)
  }
}

/// One memory of a DfuSe device, as the name of its alternate setting
/// describes it (UM0424, 4.3.2), such as
/// `@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg`.
public struct MemoryMap: Hashable, Sendable {
  /// The memory's name, without the blanks around it.
  public var name: String
  /// The runs of equal sectors, in the order of the string. They may overlap
  /// where a device says so; ``overlap(in:)`` tells.
  public var runs: [SectorRun]
  /// How many blanks stand between the name and the address.
  public var padding = 0
  /// Whether something stood after the layout that is no text, and was left
  /// out: some ROMs' strings go on with whatever lies behind them in memory.
  public var isCutOff = false

  /// A memory from its parts.
  public init(name: String, runs: [SectorRun]) {
    self.name = name
    self.runs = runs
  }

  /// The size of all its sectors, bytes.
  public var size: Int { runs.reduce(0) { $0 + $1.size } }

  /// All sectors by rising address.
  public var sectors: [Sector] {
    runs.sorted { $0.address < $1.address }
      .flatMap { run in (0..<run.count).map(run.sector) }
  }

  /// The sector that holds `address`.
  public func sector(at address: UInt32) -> Sector? {
    for run in runs where run.address <= address {
      if UInt64(address) < run.end {
        return run.sector(Int(address - run.address) / run.sectorSize)
      }
    }
    return nil
  }

  /// The first byte of `range` that lies in no sector; `nil` when all lie
  /// in one.
  public func firstHole(in range: Range<UInt64>) -> UInt32? {
    var position = range.lowerBound
    while position < range.upperBound {
      let address = UInt32(truncatingIfNeeded: position)
      guard
        let run = runs.first(where: {
          $0.address <= address && position < $0.end
        })
      else { return address }
      position = run.end
    }
    return nil
  }

  /// Two sectors of which both hold bytes of `range` and the same byte, so
  /// that nobody can say what erasing one of them does.
  public func overlap(in range: Range<UInt64>) -> (Sector, Sector)? {
    var last: Sector?
    for sector in sectors
    where UInt64(sector.address) < range.upperBound
      && range.lowerBound < sector.end
    {
      if let last, UInt64(sector.address) < last.end { return (last, sector) }
      if sector.end > last?.end ?? 0 { last = sector }
    }
    return nil
  }

  /// The memory's extent for people: `0x08000000–0x080FFFFF`, one part for
  /// each stretch without a hole.
  public var extent: String {
    var parts: [(UInt32, UInt64)] = []
    for run in runs.sorted(by: { $0.address < $1.address }) {
      if let last = parts.last, last.1 == UInt64(run.address) {
        parts[parts.count - 1].1 = run.end
      } else {
        parts.append((run.address, run.end))
      }
    }
    return parts.map { "0x\(hex($0.0))–0x\(hex($0.1 - 1))" }
      .joined(separator: ", ")
  }
}

/// A memory-layout string that cannot be trusted.
public struct MemoryMapError: Error, Hashable, Sendable {
  /// The string, as the device sent it.
  public var text: String
  /// Where in it the trouble is: characters from the start, from 0.
  public var column: Int
  /// What is wrong there.
  public var problem: String

  /// An error from its parts.
  public init(text: String, column: Int, problem: String) {
    self.text = text
    self.column = column
    self.problem = problem
  }
}

extension MemoryMapError: CustomStringConvertible {
  /// The problem, the string and a mark below the place.
  public var description: String {
    """
    the board describes its memory in a way that cannot be trusted: \
    \(problem), at character \(column + 1) of "\(text)"
    """
  }
}

extension MemoryMap {
  /// Reads a memory-layout string.
  ///
  /// The grammar is `@name/address/count*size[multiplier]type{,…}` with any
  /// number of `/address/list` groups; blanks are allowed wherever devices
  /// have been seen to put them. A missing multiplier means bytes, a count of
  /// 0 no sectors. A count with a fraction is one piece that is not erased, as
  /// nobody can say where its sectors end. What follows the first character
  /// after the name that is not printable ASCII is left out, ``isCutOff``.
  ///
  /// - Throws: `MemoryMapError` for anything that leaves open which sectors
  ///   there are: no list, no type letter, sizes beyond 32 bits.
  public init(parsing text: String) throws(MemoryMapError) {
    var parser = LayoutParser(text)
    self = try parser.memory()
  }
}

/// A cursor over the string's bytes. All characters that mean something are
/// ASCII.
private struct LayoutParser {
  private let text: String
  private let bytes: [UInt8]
  private var position = 0

  private let isCutOff: Bool

  init(_ text: String) {
    self.text = text
    let all = Array(text.utf8)
    let list = all.firstIndex(of: UInt8(ascii: "/")) ?? all.endIndex
    let end = all[list...].firstIndex { !(0x20...0x7E).contains($0) }
    bytes = Array(all.prefix(end ?? all.endIndex))
    isCutOff = end != nil
  }

  private func failure(
    _ problem: String, at column: Int? = nil
  ) -> MemoryMapError {
    // What stands before the place may be no ASCII: a name.
    let before = String(
      decoding: bytes.prefix(column ?? position), as: UTF8.self)
    return MemoryMapError(
      text: text, column: before.unicodeScalars.count, problem: problem)
  }

  private var next: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipBlanks() {
    while next == UInt8(ascii: " ") { position += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    guard let byte = next, byte == character.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func memory() throws(MemoryMapError) -> MemoryMap {
    guard take("@") else { throw failure("it does not begin with \"@\"") }
    let start = position
    while next != nil, next != UInt8(ascii: "/") { position += 1 }
    guard next != nil else {
      throw failure("there is no \"/\" and address after the name")
    }
    let name = String(decoding: bytes[start..<position], as: UTF8.self)
    var runs: [SectorRun] = []
    while take("/") {
      try group(into: &runs)
      skipBlanks()
    }
    if next != nil {
      throw failure("nothing is expected here but \"/\" or \",\"")
    }
    var map = MemoryMap(name: name.trimmingBlanks, runs: runs)
    map.padding = name.reversed().prefix { $0 == " " }.count
    map.isCutOff = isCutOff
    return map
  }

  private mutating func group(
    into runs: inout [SectorRun]
  ) throws(MemoryMapError) {
    skipBlanks()
    let column = position
    guard take("0"), take("x") || take("X") else {
      position = column
      throw failure("an address such as 0x08000000 is expected")
    }
    var end = UInt64(try number(radix: 16, digits: 8, "an address"))
    skipBlanks()
    guard take("/") else {
      throw failure("there is no \"/\" and list of sectors after the address")
    }
    repeat {
      let column = position
      let (count, size, access) = try item()
      guard count > 0 else { continue }
      let (total, overflow) = size.multipliedReportingOverflow(by: count)
      guard !overflow, end + UInt64(total) <= 1 << 32 else {
        throw failure("the sectors go beyond 32 bits of address", at: column)
      }
      let run = SectorRun(
        address: UInt32(truncatingIfNeeded: end), count: count,
        sectorSize: size, access: access)
      runs.append(run)
      end = run.end
    } while take(",")
  }

  private mutating func item() throws(MemoryMapError) -> (
    count: Int, size: Int, access: MemoryAccess
  ) {
    skipBlanks()
    let column = position
    let count = Int(try number(radix: 10, digits: 4, "a number of sectors"))
    let fraction = try fraction()
    skipBlanks()
    guard take("*") else { throw failure("\"*\" is expected") }
    skipBlanks()
    let size = try sectorSize()
    skipBlanks()
    // "01*1024.e" was seen on an STM32U0.
    _ = take(".")
    let access = try access()
    guard let fraction else { return (count, size, access) }
    // At most 9999999 times 2^32: this fits.
    let total = (count * fraction.unit + fraction.digits) * size
    guard total > 0, total.isMultiple(of: fraction.unit) else {
      throw failure("a part of a sector that is no number of bytes", at: column)
    }
    return (1, total / fraction.unit, access.subtracting(.erasable))
  }

  /// What stands behind the point of a count such as 1.5.
  private mutating func fraction() throws(MemoryMapError) -> (
    digits: Int, unit: Int
  )? {
    guard take(".") else { return nil }
    let start = position
    let digits = Int(try number(radix: 10, digits: 3, "a part of a sector"))
    let unit = (start..<position).reduce(1) { unit, _ in unit * 10 }
    return (digits, unit)
  }

  private mutating func sectorSize() throws(MemoryMapError) -> Int {
    let column = position
    var size = Int(try number(radix: 10, digits: 9, "a sector size"))
    guard size > 0 else { throw failure("a sector of no bytes", at: column) }
    skipBlanks()
    if take("K") {
      size *= 1024
    } else if take("M") {
      size *= 1024 * 1024
    } else {
      _ = take("B")
    }
    guard size <= 1 << 32 else {
      throw failure("a sector larger than 32 bits of address", at: column)
    }
    return size
  }

  private mutating func access() throws(MemoryMapError) -> MemoryAccess {
    guard let letter = next, (0x61...0x67).contains(letter) else {
      throw failure("a type letter from a to g is expected")
    }
    position += 1
    return MemoryAccess(rawValue: letter & 7)
  }

  private mutating func number(
    radix: Int, digits limit: Int, _ what: String
  ) throws(MemoryMapError) -> UInt32 {
    let start = position
    var value: UInt32 = 0
    while let byte = next,
      let digit = Character(UnicodeScalar(byte)).hexDigitValue,
      digit < radix
    {
      guard position - start < limit else {
        throw failure("\(what) with too many digits", at: start)
      }
      // At most 8 hexadecimal or 9 decimal digits: this fits.
      value = value &* UInt32(radix) &+ UInt32(digit)
      position += 1
    }
    guard position > start else { throw failure("\(what) is expected") }
    return value
  }
}
