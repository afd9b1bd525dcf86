import DFUCore
import DFUSimulator
import TestSupport

/// A flash drawn by lot: a board, what its memory held, an image, wishes, and
/// what goes wrong. The same seed always gives the same case.
struct RandomCase: Sendable {
  let seed: UInt64
  let profile: BoardProfile
  let flash: TrueFlash
  /// What the flash is to hold.
  private(set) var image = FirmwareImage()
  /// What the whole flash holds before.
  private(set) var old: [UInt8] = []
  /// How the board's memory was filled, for people.
  private(set) var before = Before.blank
  /// Where an earlier session left the DFU machine.
  private(set) var state: (state: UInt8, status: UInt8)?
  /// What goes wrong, each with where in the run it happens, from 0 to 1.
  private(set) var troubles: [(trouble: Trouble, place: Double)] = []
  private(set) var job = FlashJob(JobFirmware(FirmwareFile(format: .intelHex)))
  /// Whether the image begins with a program that the chip starts.
  private(set) var isProgram = false

  /// What the memory held before.
  enum Before: String, Sendable, CaseIterable {
    case blank
    case noise
    case program
    case same
    case sameAmongNoise
    case oneByteOff
  }

  init(seed: UInt64) throws(FirmwareError) {
    self.seed = seed
    var dice = Dice(seed)
    let flashes = TrueFlash.all
    let choice = Int.random(in: flashes.indices, using: &dice)
    (profile, flash) = flashes[choice]
    try drawImage(&dice)
    drawMemory(&dice)
    drawState(&dice)
    drawJob(&dice)
    drawTroubles(&dice)
  }

  /// The most bytes of an image; more of the same finds nothing more.
  private static let mostBytes = 48 << 10

  /// One to four segments from the start of the flash or from anywhere, with
  /// gaps or without, in one sector or several.
  private mutating func drawImage(_ dice: inout Dice) throws(FirmwareError) {
    let first =
      Bool.random(using: &dice)
      ? 0 : Int.random(in: flash.sectors.indices, using: &dice)
    let last = min(
      first + Int.random(in: 0...3, using: &dice), flash.sectors.count - 1)
    let end = flash.sectors[last].upperBound
    var position = flash.sectors[first].lowerBound
    if dice.chance(1, in: 2) {
      position += dice.size(upTo: flash.sectors[first].count) - 1
    }
    for _ in 0..<Int.random(in: 1...4, using: &dice)
    where position < end && image.byteCount < Self.mostBytes {
      let count = dice.size(upTo: min(end - position, Self.mostBytes))
      try image.add(
        dice.content(count, erased: flash.erasedByte),
        at: flash.start + UInt32(position))
      position += count + dice.size(upTo: 16 << 10)
    }
    try makeProgram(&dice)
  }

  /// Gives the image a vector table where it has to be one.
  private mutating func makeProgram(
    _ dice: inout Dice
  ) throws(FirmwareError) {
    guard let first = image.segments.first, first.address == flash.start,
      first.bytes.count >= 16, dice.chance(3, in: 4)
    else { return }
    isProgram = true
    var changed = FirmwareImage()
    try changed.add(
      program(8) + first.bytes.dropFirst(8), at: first.address)
    for segment in image.segments.dropFirst() {
      try changed.add(segment.bytes, at: segment.address)
    }
    image = changed
  }

  private mutating func drawMemory(_ dice: inout Dice) {
    before = Before.allCases.randomElement(using: &dice) ?? .blank
    switch before {
    case .blank, .same:
      old = [UInt8](repeating: flash.erasedByte, count: flash.size)
    case .noise, .program, .sameAmongNoise, .oneByteOff:
      let start = Int.random(in: 0..<Self.mostBytes, using: &dice)
      old = Array(Self.noise[start..<start + flash.size])
    }
    switch before {
    case .blank, .noise: break
    case .program: old.replaceSubrange(0..<8, with: program(8))
    case .same, .sameAmongNoise:
      image.overlay(onto: &old, at: flash.start)
    case .oneByteOff:
      image.overlay(onto: &old, at: flash.start)
      guard let segment = image.segments.randomElement(using: &dice) else {
        return
      }
      let offset = Int.random(in: segment.bytes.indices, using: &dice)
      old[Int(segment.address - flash.start) + offset] ^= UInt8.random(
        in: 1...255, using: &dice)
    }
  }

  private mutating func drawState(_ dice: inout Dice) {
    // Who was told to manifest leaves, whatever comes.
    let states: [UInt8] = [3, 5, 9, 10]
    guard dice.chance(1, in: 3), let number = states.randomElement(using: &dice)
    else { return }
    state = (
      number, number == 10 ? UInt8.random(in: 1...15, using: &dice) : 0
    )
  }

  private mutating func drawJob(_ dice: inout Dice) {
    job.firmware.file.targets = [FirmwareTarget(image: image)]
    job.takesAnyProgram = !isProgram
    job.ending = isProgram && dice.chance(1, in: 3) ? .start(at: nil) : .stay
    job.flash.rewritesAll = dice.chance(1, in: 6)
    if dice.chance(1, in: 12), flash.mayBeErased {
      job.flash.massErase = .always
    }
    job.flash.keepsVectorTable = dice.chance(1, in: 6)
    job.flash.preservesNeighbours = !dice.chance(1, in: 8)
    switch Int.random(in: 0..<10, using: &dice) {
    case 0: job.flash.verification = .off
    case 1: job.flash.verification = .required
    default: break
    }
  }

  private mutating func drawTroubles(_ dice: inout Dice) {
    let all = Trouble.all.filter { !$0.isKill }
    for _ in 0..<Int.random(in: 0...2, using: &dice) {
      guard let trouble = all.randomElement(using: &dice) else { return }
      troubles.append((trouble, Double.random(in: 0..<1, using: &dice)))
    }
  }

  /// What the whole flash holds when all is well.
  var wanted: [UInt8] {
    var bytes = old
    if job.flash.massErase == .always {
      bytes = [UInt8](repeating: flash.erasedByte, count: flash.size)
    }
    image.overlay(onto: &bytes, at: flash.start)
    return bytes
  }

  /// More than the largest flash, and room to begin somewhere in it.
  private static let noise: [UInt8] = {
    var dice = Dice(77)
    let most = TrueFlash.all.map(\.flash.size).max() ?? 0
    return (0..<(most + mostBytes) / 8).flatMap { _ in
      let word = dice.next()
      return (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
  }()
}

/// The flash of a kind of board as it is, whatever its layout says.
struct TrueFlash: Sendable {
  var start: UInt32
  var size: Int
  /// Those that may be written, as offsets.
  var sectors: [Range<Int>]
  var erasedByte: UInt8
  /// Whether a loader lets all of it be erased.
  var mayBeErased: Bool
  /// Whether an erase takes more than the layout says, which shows only when it
  /// is done.
  var losesNeighbours: Bool
  /// Whether a mass erase is reported as done and does nothing.
  var ignoresMassErase: Bool

  init?(_ profile: BoardProfile) {
    guard case .dfuSe(let chip) = profile.machine,
      let memory = chip.memories.first,
      let layout = profile.alternates.first?.name
    else { return nil }
    start = memory.start
    size = memory.size
    erasedByte = chip.flash.erasedByte
    let map = try? MemoryMap(parsing: layout)
    let least = max(
      chip.quirks.readOnlyBelow ?? 0, chip.quirks.lowestAddress ?? 0)
    mayBeErased = chip.quirks.readOnlyBelow == nil
    losesNeighbours =
      chip.quirks.erasesToEnd || profile.name == "blackmagic-f103"
    ignoresMassErase =
      chip.quirks.ignoresMassErase || chip.quirks.massEraseWithoutEffect
    sectors = []
    var offset = 0
    for group in memory.sectors {
      for _ in 0..<group.count {
        let address = memory.start + UInt32(offset)
        let access = map?.sector(at: address)?.access
        if address >= least, address < chip.quirks.firstWrongErase,
          access?.contains(.writable) ?? true
        {
          sectors.append(offset..<offset + group.size)
        }
        offset += group.size
      }
    }
  }

  /// Every kind of board with addresses.
  static let all: [(profile: BoardProfile, flash: TrueFlash)] =
    BoardProfile.all.compactMap { profile in
      TrueFlash(profile).map { (profile, $0) }
    }
}

extension ChipQuirks {
  /// From here on other sectors are erased than are named. Of this the user is
  /// warned.
  fileprivate var firstWrongErase: UInt32 { eraseHitsFourthAfterFrom ?? .max }
}

extension Dice {
  fileprivate mutating func chance(_ part: Int, in whole: Int) -> Bool {
    Int.random(in: 0..<whole, using: &self) < part
  }

  /// From 1 to `most`, small ones as likely as large ones.
  fileprivate mutating func size(upTo most: Int) -> Int {
    let bits = Int.random(
      in: 0...max(0, Int.bitWidth - most.leadingZeroBitCount - 1),
      using: &self)
    return Int.random(in: 1...min(most, 2 << bits), using: &self)
  }

  /// Bytes with stretches that look erased.
  fileprivate mutating func content(_ count: Int, erased: UInt8) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let length = size(upTo: min(4_096, count - bytes.count))
      if chance(1, in: 6) {
        bytes += repeatElement(
          chance(1, in: 3) ? ~erased : erased, count: length)
      } else {
        var word: UInt64 = 0
        for index in 0..<length {
          if index % 8 == 0 { word = next() }
          bytes.append(UInt8(truncatingIfNeeded: word >> (index % 8 * 8)))
        }
      }
    }
    return bytes
  }
}

extension RandomCase: CustomStringConvertible {
  /// The case, and the command that runs it again.
  var description: String {
    let pieces = image.segments.map {
      "0x\(String($0.address, radix: 16))+\($0.bytes.count)"
    }.joined(separator: " ")
    var parts = [
      "--random 1 --seed \(seed): \(profile.name)",
      "image \(pieces)\(isProgram ? " (program)" : "")",
      "before: \(before.rawValue)",
    ]
    if let state { parts.append("state \(state.state)/\(state.status)") }
    parts += wishes
    for (trouble, place) in troubles {
      parts.append("\(trouble.name) at \(Int(place * 1_000))/1000")
    }
    return parts.joined(separator: ", ")
  }

  private var wishes: [String] {
    var wishes: [String] = []
    if case .start = job.ending { wishes.append("starts") }
    if job.flash.rewritesAll { wishes.append("full") }
    if job.flash.massErase == .always { wishes.append("mass erase") }
    if job.flash.keepsVectorTable { wishes.append("keeps vectors") }
    if !job.flash.preservesNeighbours { wishes.append("no neighbours") }
    switch job.flash.verification {
    case .off: wishes.append("no verify")
    case .required: wishes.append("must verify")
    case .whenPossible: break
    }
    return wishes
  }
}
