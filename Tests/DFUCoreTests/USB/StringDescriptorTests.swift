import DFUCore
import DFUSimulator
import Testing

@Suite struct StringDescriptorTests {
  /// A string descriptor of UTF-16 units, with a right length or another.
  private func descriptor(
    _ units: [UInt16], length: UInt8? = nil
  ) -> [UInt8] {
    [length ?? UInt8(2 + units.count * 2), 3]
      + units.flatMap(\.littleEndianBytes)
  }

  private func text(_ units: [UInt16], length: UInt8? = nil) -> String? {
    DeviceString(parsing: descriptor(units, length: length))?.raw
  }

  @Test func theLengthByteIsNotBelieved() {
    let units = Array("@Internal Flash".utf16)
    for length in [UInt8(0), 2, 7, 31, 33, 255] {
      #expect(text(units, length: length) == "@Internal Flash")
    }
  }

  @Test func anOddByteAtTheEndIsLeftOut() {
    let bytes = descriptor(Array("AB".utf16)) + [0x43]
    #expect(DeviceString(parsing: bytes)?.raw == "AB")
  }

  @Test func aZeroCharacterEndsTheText() {
    #expect(text([0x41, 0, 0x42]) == "A")
    #expect(text([0]) == "")
    #expect(text([]) == "")
  }

  @Test func brokenSurrogatesBecomeReplacementCharacters() {
    #expect(text([0x41, 0xD800, 0x42]) == "A\u{FFFD}B")
    #expect(text([0xDC00]) == "\u{FFFD}")
    #expect(text([0xD83D, 0xDE00]) == "\u{1F600}")
    #expect(text([0x41, 0xD83D]) == "A\u{FFFD}")
  }

  @Test func whatIsNoStringDescriptorIsNoString() {
    #expect(DeviceString(parsing: []) == nil)
    #expect(DeviceString(parsing: [4]) == nil)
    #expect(DeviceString(parsing: [4, 2, 0x41, 0]) == nil)
  }

  @Test func nothingReachesATerminalThatCouldDoSomethingThere() {
    let hostile =
      "\u{1B}]0;owned\u{7}\r\n\u{8}\u{7F}\u{9B}31m\u{202E}\u{2028}\u{E000}\u{FEFF}"
    let shown = DeviceString(hostile).printable
    #expect(
      shown == #"\u{1B}]0;owned\u{07}\u{0D}\u{0A}\u{08}\u{7F}\u{9B}31m"#
        + #"\u{202E}\u{2028}\u{E000}\u{FEFF}"#)
    #expect(DeviceString("Größe 4 µs 😀").printable == "Größe 4 µs 😀")
    #expect(DeviceString("").printable == "")
  }

  // MARK: StringReader

  @Test func stringsAreAskedForInTheFirstLanguageOfTheDevice() throws {
    var asked: [ControlSetup] = []
    let device = FakeTransport { (setup, _, _) throws(USBError) in
      asked.append(setup)
      return setup.value == 0x0300
        ? [6, 3, 0x07, 0x04, 0x09, 0x04] : [4, 3, 0x41, 0]
    }
    #expect(StringReader(device).string(2)?.raw == "A")
    #expect(asked.map(\.value) == [0x0300, 0x0302])
    #expect(asked.map(\.index) == [0, 0x0407])
    #expect(asked.allSatisfy { $0.requestType == 0x80 && $0.request == 6 })
  }

  @Test func aDeviceWithoutLanguagesIsAskedForUSEnglish() throws {
    var language: UInt16?
    let device = FakeTransport { (setup, _, _) throws(USBError) in
      if setup.value == 0x0300 { throw USBError(.pipe, "ask") }
      language = setup.index
      return [4, 3, 0x41, 0]
    }
    #expect(StringReader(device).string(1)?.raw == "A")
    #expect(language == 0x0409)
  }

  /// As a device does that another program has just told something.
  @Test func aStallIsAskedAboutOnceMore() throws {
    var stalls = 0
    let device = FakeTransport { (setup, _, _) throws(USBError) in
      if setup.value == 0x0302, stalls == 0 {
        stalls += 1
        throw USBError(.pipe, "ask")
      }
      return [4, 3, 0x41, 0]
    }
    #expect(StringReader(device).string(2)?.raw == "A")
    #expect(stalls == 1)
  }

  @Test func aMemoryWhoseNameCannotBeReadIsNotSaidToBeMissing() throws {
    var interface = try TestBench("f405").selected().interface
    interface.alternates[0].name = nil
    let error = #expect(throws: AlternateError.self) {
      try interface.memory(nil, holding: 0x0800_0000)
    }
    #expect(error == .noLayout(interface.alternates[0]))
  }

  @Test func aStringThatIsNotAnsweredIsUnknownAndIndexZeroIsNeverAsked() {
    let device = FakeTransport { (setup, _, _) throws(USBError) in
      throw USBError(.pipe, "ask")
    }
    let reader = StringReader(device)
    let before = device.log.count
    #expect(reader.string(0) == nil)
    #expect(device.log.count == before)
    #expect(reader.string(9) == nil)
  }

  @Test func theF429WithItsWrongLengthByteTellsItsWholeMemory() throws {
    let board = try TestBench("f429").selected()
    let name = board.interface.alternates.first?.name?.raw
    #expect(
      name
        == "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg,"
        + "04*016Kg,01*064Kg,07*128Kg")
    #expect(try board.interface.alternates.first?.memory()?.size == 2 << 20)
  }
}
