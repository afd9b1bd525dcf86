import DFUCore
import Testing

@Suite struct DfuSeFileTests {
  /// Two targets, one of them with two elements, written by hand from the
  /// tables of UM0391.
  static func example(countSuffix: Bool = false) -> [UInt8] {
    var body: [UInt8] = []
    body += target(
      alternate: 0, name: "Internal Flash",
      elements: [(0x0800_4000, [5, 6]), (0x0800_0000, [1, 2, 3, 4])])
    body += target(
      alternate: 3, name: nil, elements: [(0x0900_0000, [7])])
    return wrapped(body, targets: 2, countSuffix: countSuffix)
  }

  static func target(
    alternate: UInt8, name: String?, elements: [(UInt32, [UInt8])]
  ) -> [UInt8] {
    var content: [UInt8] = []
    for (address, bytes) in elements {
      content += address.littleEndianBytes
      content += UInt32(bytes.count).littleEndianBytes + bytes
    }
    var text = Array((name ?? "").utf8)
    text += [UInt8](repeating: 0, count: 255 - text.count)
    return Array("Target".utf8) + [alternate]
      + UInt32(name == nil ? 0 : 1).littleEndianBytes + text
      + UInt32(content.count).littleEndianBytes
      + UInt32(elements.count).littleEndianBytes + content
  }

  static func wrapped(
    _ body: [UInt8], targets: UInt8, countSuffix: Bool = false
  ) -> [UInt8] {
    let size = UInt32(11 + body.count + (countSuffix ? 16 : 0))
    return DFUSuffix(vendor: 0x0483, product: 0xDF11, dfuVersion: 0x011A)
      .appended(
        to: Array("DfuSe".utf8) + [1] + size.littleEndianBytes + [targets]
          + body)
  }

  static func resealed(_ file: [UInt8]) -> [UInt8] {
    DFUSuffix(vendor: 0x0483, product: 0xDF11, dfuVersion: 0x011A)
      .appended(to: Array(file.dropLast(16)))
  }

  @Test(arguments: [false, true])
  func targetsAndElementsAreRead(countSuffix: Bool) throws {
    let file = try FirmwareFile(
      reading: Self.example(countSuffix: countSuffix))
    #expect(file.format == .dfuse)
    #expect(file.warnings == [])
    #expect(file.suffix?.vendor == 0x0483)
    #expect(file.suffix?.dfuVersion == 0x011A)
    try #require(file.targets.count == 2)
    #expect(file.targets[0].alternate == 0)
    #expect(file.targets[0].name == "Internal Flash")
    #expect(
      file.targets[0].image.segments == [
        .init(address: 0x0800_0000, bytes: [1, 2, 3, 4]),
        .init(address: 0x0800_4000, bytes: [5, 6]),
      ])
    #expect(file.targets[1].alternate == 3)
    #expect(file.targets[1].name == nil)
    #expect(throws: FirmwareError.self) { try file.image() }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let targets = try FirmwareFile(reading: Self.example()).targets
    let written = try FirmwareFile.dfuse(targets)
    #expect(written.count == Self.example().count)
    let read = try FirmwareFile(reading: written)
    #expect(read.targets == targets)
    #expect(read.warnings == [])
    #expect(read.suffix?.product == 0xDF11)
  }

  @Test func aWrongImageSizeIsAWarning() throws {
    var file = Self.example()
    file[6] ^= 0x40
    let read = try FirmwareFile(reading: Self.resealed(file))
    let actual = file.count - 16
    #expect(
      read.warnings == [
        .imageSize(stated: actual ^ 0x40, actual: actual)
      ])
  }

  @Test func bytesAfterTheLastTargetAreAWarning() throws {
    let file = Self.example()
    let longer = Self.resealed(file.dropLast(16) + [UInt8](1...34))
    let read = try FirmwareFile(reading: longer)
    #expect(read.warnings.count == 2)
    #expect(
      read.warnings.last == .ignored(bytes: 18, offset: file.count - 16))
  }

  @Test func everyCutIsRefused() {
    let file = Self.example()
    for length in 1..<file.count {
      #expect(throws: FirmwareError.self) {
        try FirmwareFile(reading: Array(file[..<length]), format: .dfuse)
      }
    }
  }

  @Test func everyFlippedByteIsRefused() {
    let file = Self.example()
    for index in file.indices {
      var damaged = file
      damaged[index] ^= 0x10
      #expect(throws: FirmwareError.self) {
        try FirmwareFile(reading: damaged, format: .dfuse)
      }
    }
  }

  @Test func lengthsThatLieAreRefused() {
    let file = Self.example()
    // The number of targets, the first target's size and elements, and its
    // first element's size.
    for (offset, change) in [
      (10, 1), (10, 0xFF), (277, 1), (277, 0x80), (278, 1), (280, 0x80),
      (281, 1), (281, 3), (284, 0xFF), (289, 1), (292, 0x80),
    ] as [(Int, UInt8)] {
      var lying = file
      lying[offset] ^= change
      #expect(throws: FirmwareError.self) {
        try FirmwareFile(reading: Self.resealed(lying))
      }
    }
  }

  @Test func overlappingElementsNameBothPlaces() {
    let file = Self.wrapped(
      Self.target(
        alternate: 0, name: nil,
        elements: [(0x100, [1, 2]), (0x200, [1]), (0x101, [3])]),
      targets: 1)
    let error = #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: file)
    }
    #expect(
      error
        == FirmwareError(
          .overlap(address: 0x101, earlier: .element(1, target: 1)),
          at: .element(3, target: 1)))
  }

  @Test func targetsOfOneAlternateSettingMustAgree() throws {
    func file(_ byte: UInt8, alternate: UInt8) -> [UInt8] {
      Self.wrapped(
        Self.target(alternate: 0, name: "a", elements: [(0x100, [1, 2])])
          + Self.target(
            alternate: alternate, name: "b", elements: [(0x101, [byte])]),
        targets: 2)
    }
    #expect(
      try FirmwareFile(reading: file(2, alternate: 0)).targets.count == 2)
    #expect(
      try FirmwareFile(reading: file(3, alternate: 1)).targets.count == 2)
    #expect(throws: FirmwareError.self) {
      try FirmwareFile(reading: file(3, alternate: 0))
    }
  }

  @Test func aNameOfHostileBytesIsKeptForWhoShowsIt() throws {
    let file = Self.wrapped(
      Self.target(alternate: 0, name: "\u{1B}]0;x", elements: [(0, [1])]),
      targets: 1)
    #expect(
      try FirmwareFile(reading: file).targets[0].name == "\u{1B}]0;x")
  }
}
