import DFUCore
import Testing

@Suite struct DescriptorsTests {
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
}
