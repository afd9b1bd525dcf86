import DFUCore
import Testing

@Suite struct FirmwareImageTests {
  @Test func adjacentPiecesBecomeOneSegmentInAnyOrder() throws {
    var image = FirmwareImage()
    try image.add([3, 4], at: 0x102)
    try image.add([1, 2], at: 0x100)
    try image.add([7], at: 0x106)
    try image.add([5, 6], at: 0x104)
    #expect(image.segments == [.init(address: 0x100, bytes: Array(1...7))])
    #expect(image.byteCount == 7)
    #expect(image.span == 0x100..<0x107)
  }

  @Test func gapsStayGaps() throws {
    var image = FirmwareImage()
    try image.add([0xFF], at: 0xFFFF_FFFF)
    try image.add([0], at: 0)
    #expect(image.segments.map(\.address) == [0, 0xFFFF_FFFF])
    #expect(image.segments.map(\.end) == [1, 1 << 32])
    #expect(image.byteCount == 2)
  }

  @Test func equalBytesMayOverlap() throws {
    var image = try FirmwareImage(Array(0..<16), at: 0x100)
    try image.add([4, 5, 6], at: 0x104)
    try image.add([14, 15, 16, 17], at: 0x10E)
    #expect(image.segments == [.init(address: 0x100, bytes: Array(0..<18))])
    #expect(image.byteCount == 18)
  }

  @Test func differentBytesAtOneAddressAreRefused() throws {
    var image = try FirmwareImage(Array(0..<16), at: 0x100)
    let before = image
    #expect(
      throws: FirmwareError(.overlap(address: 0x10F, earlier: nil))
    ) { try image.add([14, 99], at: 0x10E) }
    #expect(image == before)
  }

  @Test func bytesBeyondTheAddressSpaceAreRefused() {
    #expect(
      throws: FirmwareError(
        .addressWraps(address: 0xFFFF_FFFF, count: 2))
    ) { try FirmwareImage([1, 2], at: 0xFFFF_FFFF) }
  }

  @Test func aPieceThatBridgesSegmentsJoinsThem() throws {
    var image = FirmwareImage()
    try image.add([1, 2, 3, 4], at: 0x10)
    try image.add([7, 8, 9, 10], at: 0x16)
    try image.add([20], at: 0x30)
    try image.add([3, 4, 5, 6, 7, 8], at: 0x12)
    #expect(
      image.segments == [
        .init(address: 0x10, bytes: Array(1...10)),
        .init(address: 0x30, bytes: [20]),
      ])
    #expect(image.byteCount == 11)
  }

  @Test func lookingIsByAddress() throws {
    var image = FirmwareImage()
    try image.add([1, 2, 3, 4], at: 0x10)
    try image.add([9, 8], at: 0x20)
    #expect(image[0x13] == 4)
    #expect(image[0x14] == nil)
    #expect(image.contains(0x20))
    #expect(!image.contains(0x0F))
    #expect(image.contains(0x11..<0x14))
    #expect(!image.contains(0x11..<0x15))
    #expect(image.overlaps(0x14..<0x21))
    #expect(!image.overlaps(0x14..<0x20))
    #expect(image.bytes(in: 0x11..<0x13) == [2, 3])
    #expect(image.bytes(in: 0x13..<0x15) == nil)
    #expect(
      image.segments(in: 0x13..<0x21) == [
        .init(address: 0x13, bytes: [4]), .init(address: 0x20, bytes: [9]),
      ])
    var memory = [UInt8](repeating: 0xEE, count: 4)
    image.overlay(onto: &memory, at: 0x12)
    #expect(memory == [3, 4, 0xEE, 0xEE])
    image.overlay(onto: &memory, at: 0xFFFF_FFFE)
    #expect(memory == [3, 4, 0xEE, 0xEE])
  }

  @Test func flatteningFillsGapsUpToALimit() throws {
    var image = FirmwareImage()
    try image.add([1], at: 0)
    try image.add([2], at: 3)
    #expect(
      try image.flattened(fill: 0xFF, limit: 4) == [1, 0xFF, 0xFF, 2])
    #expect(throws: FirmwareError(.spanTooLarge(bytes: 4, limit: 3))) {
      try image.flattened(fill: 0xFF, limit: 3)
    }
  }

  @Test(arguments: [0..<100, 100..<200] as [Range<UInt64>])
  func anyOrderOfPiecesGivesTheSameImageAsAMap(seeds: Range<UInt64>) throws {
    for seed in seeds { try checkAgainstMap(seed: seed) }
  }

  private func checkAgainstMap(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var map: [UInt32: UInt8] = [:]
    var image = FirmwareImage()
    var other = FirmwareImage()
    for round in 0..<40 {
      let address = UInt32.random(in: 0..<120, using: &random)
      let bytes = (0..<Int.random(in: 0..<20, using: &random)).map {
        _ in UInt8.random(in: 0...1, using: &random)
      }
      let agrees = bytes.enumerated().allSatisfy {
        map[address + UInt32($0.offset)].map { [byte = $0.element] in
          $0 == byte
        } ?? true
      }
      if agrees {
        try image.add(bytes, at: address)
        if round % 2 == 0 { try other.add(FirmwareImage(bytes, at: address)) }
        for (offset, byte) in bytes.enumerated() {
          map[address + UInt32(offset)] = byte
        }
      } else {
        #expect(throws: FirmwareError.self) {
          try image.add(bytes, at: address)
        }
        #expect(throws: FirmwareError.self) {
          try image.add(FirmwareImage(bytes, at: address))
        }
      }
    }
    #expect(image.byteCount == map.count)
    for address in 0..<160 as Range<UInt32> {
      #expect(image[address] == map[address])
    }
    #expect(image.segments.allSatisfy { !$0.bytes.isEmpty })
    for (left, right) in zip(image.segments, image.segments.dropFirst()) {
      #expect(left.end < UInt64(right.address))
    }
    try other.add(image)
    #expect(other == image)
  }

  @Test(.timeLimit(.minutes(1)))
  func sixteenMegabytesInSmallRecordsAreQuick() throws {
    var image = FirmwareImage()
    let record = [UInt8](repeating: 0x5A, count: 16)
    for index in 0..<1 << 20 as Range<UInt32> {
      try image.add(record, at: 0x0800_0000 + index * 16)
    }
    #expect(image.segments.count == 1)
    #expect(image.byteCount == 16 << 20)
  }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
