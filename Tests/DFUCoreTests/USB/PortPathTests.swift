import DFUCore
import Testing

@Suite struct PortPathTests {
  @Test(arguments: ["1-1", "1-4.1", "255-255.1.2.3.4.5.6"])
  func aPathIsReadAsItIsShown(text: String) {
    #expect(PortPath(text)?.description == text)
  }

  @Test func itsNumbersAreThoseOfBusAndPorts() {
    #expect(PortPath("2-4.1") == PortPath(bus: 2, ports: [4, 1]))
    #expect(PortPath(bus: 3, ports: []).description == "3-0")
  }

  @Test(arguments: [
    "", "1", "1-", "-1", "1-1.", "1-.1", "1-1..2", "1-0", "0-1", "1-256",
    "1-01", "+1-1", "1-+1", "1-1-1", "1.1-1", "1-a", " 1-1", "1-1 ",
    "1-1.1.1.1.1.1.1.1",
  ])
  func whatIsNoPathIsRefused(text: String) {
    #expect(PortPath(text) == nil)
  }
}
