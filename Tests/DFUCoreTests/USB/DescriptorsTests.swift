import DFUCore
import Testing

@Suite struct DescriptorsTests {
  private static let device: [UInt8] = [
    18, 1, 0x00, 0x02, 0xFE, 2, 3, 64, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 1,
    2, 3, 1,
  ]

  @Test func aDeviceDescriptorIsReadFieldByField() throws {
    let parsed = try #require(DeviceDescriptor(parsing: Self.device))
    #expect(
      parsed
        == DeviceDescriptor(
          usbVersion: 0x0200, deviceClass: 0xFE, maxPacketSize0: 64,
          vendor: 0x0483, product: 0xDF11, deviceVersion: 0x2200,
          manufacturerString: 1, productString: 2, serialString: 3))
  }

  @Test func aDeviceDescriptorThatIsShortOrSomethingElseIsNone() {
    for count in 0..<18 {
      #expect(
        DeviceDescriptor(parsing: Array(Self.device.prefix(count))) == nil)
    }
    var other = Self.device
    other[1] = 2
    #expect(DeviceDescriptor(parsing: other) == nil)
    other = Self.device
    other[0] = 17
    #expect(DeviceDescriptor(parsing: other) == nil)
    #expect(DeviceDescriptor(parsing: Self.device + [1, 2, 3]) != nil)
  }

  @Test func aConfigurationThatIsCutOffEndsWhereItIsCut() throws {
    var bytes: [UInt8] = [9, 2, 36, 0, 1, 1, 0, 0xC0, 50]
    bytes += [9, 4, 0, 0, 0, 0xFE, 1, 2, 4]
    bytes += [9, 4, 0, 1, 0, 0xFE, 1, 2, 5]
    bytes += [9, 0x21, 0x0B, 255]
    let parsed = try #require(ConfigurationDescriptor(parsing: bytes))
    #expect(parsed.value == 1)
    #expect(parsed.interfaces.map(\.alternate) == [0, 1])
    #expect(parsed.interfaces.allSatisfy { $0.isDFU && $0.extra.isEmpty })
  }

  private static let configuration: [UInt8] =
    [9, 2, 63, 0, 2, 3, 0, 0xC0, 50]
    + [8, 11, 0, 2, 0xFE, 1, 0, 0]
    + [9, 4, 0, 0, 1, 0xFF, 0, 0, 0] + [7, 5, 0x81, 2, 64, 0, 0]
    + [9, 4, 1, 0, 0, 0xFE, 1, 1, 6] + [9, 0x21, 0x0D, 232, 3, 0, 16, 16, 1]

  @Test func whatStandsBetweenInterfacesBelongsToTheOneBefore() throws {
    let parsed = try #require(
      ConfigurationDescriptor(parsing: Self.configuration))
    #expect(parsed.value == 3)
    #expect(parsed.extra == [8, 11, 0, 2, 0xFE, 1, 0, 0])
    #expect(
      parsed.interfaces == [
        InterfaceDescriptor(
          number: 0, alternate: 0, interfaceClass: 0xFF, subclass: 0,
          protocol: 0, nameString: 0, extra: [7, 5, 0x81, 2, 64, 0, 0]),
        InterfaceDescriptor(
          number: 1, alternate: 0, interfaceClass: 0xFE, subclass: 1,
          protocol: 1, nameString: 6,
          extra: [9, 0x21, 0x0D, 232, 3, 0, 16, 16, 1]),
      ])
    #expect(parsed.interfaces.map(\.isDFU) == [false, true])
  }

  @Test func aConfigurationCutOffAnywhereYieldsAsMuchAsIsWhole() throws {
    let whole = try #require(
      ConfigurationDescriptor(parsing: Self.configuration))
    for count in 0..<Self.configuration.count {
      let parsed = ConfigurationDescriptor(
        parsing: Array(Self.configuration.prefix(count)))
      #expect((parsed == nil) == (count < 9))
      guard let parsed else { continue }
      #expect(
        zip(parsed.interfaces, whole.interfaces).allSatisfy {
          $0.number == $1.number && $1.extra.starts(with: $0.extra)
        })
    }
  }

  @Test(arguments: [UInt8(0), 1])
  func aDescriptorThatSaysItIsNoLongerThanItsHeaderEndsTheSearch(
    length: UInt8
  ) throws {
    // Going on by such a length would never end.
    let bytes =
      Self.configuration.prefix(17) + [length, 4]
      + Self.configuration.dropFirst(17)
    let parsed = try #require(ConfigurationDescriptor(parsing: Array(bytes)))
    #expect(parsed.interfaces.isEmpty)
    #expect(parsed.extra == [8, 11, 0, 2, 0xFE, 1, 0, 0])
  }

  @Test func randomDescriptorsNeverTrap() {
    var random = Xorshift(seed: 3)
    for _ in 0..<20_000 {
      var bytes = random.bytes(Int(random.next() % 80))
      if bytes.count > 9 { bytes.replaceSubrange(0..<2, with: [9, 2]) }
      // Small numbers make chains that hold together for a while.
      for index in bytes.indices where random.next() % 2 == 0 {
        bytes[index] %= 12
      }
      _ = ConfigurationDescriptor(parsing: bytes)
      _ = DeviceDescriptor(parsing: bytes)
      _ = FunctionalDescriptor(searching: bytes)
      _ = DeviceString(parsing: bytes)
      _ = DFUStatusReport(parsing: bytes)
    }
  }
}
