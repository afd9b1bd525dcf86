import DFUCore
import DFUSimulator
import Testing

@Suite struct FunctionalDescriptorTests {
  private static let dfuSe: [UInt8] = [
    9, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01,
  ]
  private static let parsed = FunctionalDescriptor(
    attributes: [.canDownload, .canUpload, .willDetach], detachTimeout: 255,
    transferSize: 2048, version: 0x011A)

  @Test func nineBytesAreReadFieldByField() {
    #expect(FunctionalDescriptor(searching: Self.dfuSe) == Self.parsed)
  }

  @Test func theSevenBytesOfDFU10HaveNoVersion() throws {
    let found = try #require(
      FunctionalDescriptor(searching: [7, 0x21, 7, 0x88, 0x13, 0xFF, 0x03]))
    #expect(found.version == 0x0100)
    #expect(found.transferSize == 1023)
    #expect(found.detachTimeout == 5000)
    #expect(found.attributes.contains(.manifestationTolerant))
    #expect(!found.attributes.contains(.willDetach))
  }

  @Test func otherDescriptorsBeforeItArePassedOver() {
    let extra: [UInt8] = [5, 0x24, 0, 0x10, 1] + [2, 0x41] + Self.dfuSe
    #expect(FunctionalDescriptor(searching: extra) == Self.parsed)
  }

  @Test func theFirstOfSeveralCounts() {
    let second: [UInt8] = [9, 0x21, 1, 0, 0, 64, 0, 0x10, 1]
    #expect(
      FunctionalDescriptor(searching: Self.dfuSe + second) == Self.parsed)
  }

  @Test func oneThatIsCutOffIsNone() {
    for count in 0..<Self.dfuSe.count {
      #expect(
        FunctionalDescriptor(searching: Array(Self.dfuSe.prefix(count))) == nil)
    }
  }

  @Test(arguments: [UInt8(0), 1])
  func aLengthThatCannotBeEndsTheSearch(length: UInt8) {
    #expect(
      FunctionalDescriptor(searching: [length, 0x24] + Self.dfuSe) == nil)
  }

  @Test func oneTooShortToMeanAnythingIsPassedOver() {
    #expect(
      FunctionalDescriptor(searching: [6, 0x21, 1, 2, 3, 4] + Self.dfuSe)
        == Self.parsed)
  }

  // MARK: Where it stands in a board

  @Test(arguments: FunctionalProfile.Place.allCases)
  func itIsFoundWhereverItStands(_ place: FunctionalProfile.Place) throws {
    let bench = try TestBench("f405") { $0.functional.place = place }
    let interface = try bench.selected().interface
    #expect(interface.alternates.count == 4)
    // ST's newest ROMs never answer a request for it, so that none is sent.
    let isHidden = place == .missing || place == .onRequestOnly
    #expect(interface.functional == (isHidden ? nil : Self.parsed))
    #expect(interface.isDfuSe == !isHidden)
    #expect(
      !bench.board.log.records.contains {
        $0.kind == .getDescriptor && $0.setup.value == 0x2100
      })
  }

  @Test func withoutOneTheTransferSizeMustBeGiven() throws {
    let bench = try TestBench("f405") { $0.functional.place = .missing }
    let selected = try bench.selected()
    #expect(throws: BoardOpenError.transferSizeUnknown) {
      try selected.transferSize()
    }
    #expect(try selected.transferSize(1024) == 1024)
  }

  @Test func aTransferSizeBeyondTheSystemsIsLowered() throws {
    let bench = try TestBench("f405") { $0.functional.transferSize = 8192 }
    #expect(try bench.selected().transferSize() == 4096)
  }

  @Test func aTransferSizeBelowAPacketIsRaisedToOne() throws {
    let bench = try TestBench("f405") { $0.functional.transferSize = 16 }
    #expect(try bench.selected().transferSize() == 64)
  }

  @Test(arguments: [0, 63, 4097, 65536])
  func anImpossibleTransferSizeIsRefused(_ size: Int) throws {
    let selected = try TestBench("f405").selected()
    #expect(
      throws: BoardOpenError.transferSizeImpossible(size, allowed: 64...4096)
    ) {
      try selected.transferSize(size)
    }
  }

  @Test func aBoardThatStatesATransferSizeOfZeroIsRefused() throws {
    let bench = try TestBench("f405") { $0.functional.transferSize = 0 }
    #expect(
      throws: BoardOpenError.transferSizeImpossible(0, allowed: 64...4096)
    ) {
      try bench.selected().transferSize()
    }
  }
}
