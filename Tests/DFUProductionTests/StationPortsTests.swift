import DFUCore
import DFUProduction
import DFUSimulator
import TestSupport
import Testing

/// Which board has its turn at a station.
@Suite struct StationPortsTests {
  private let device: USBDevice

  init() throws {
    let bench = ManyBoards([("u585", ChipID(board: 1), nil)])
    device = try #require(try bench.bus.devices().first)
  }

  private func at(_ address: UInt8, port: UInt8 = 1) -> USBDevice {
    var device = device
    device.address = address
    device.ports = [port]
    return device
  }

  @Test func aBoardHasOneTurnUntilItIsUnplugged() {
    var ports = StationPorts()
    let news = ports.update([at(2)], at: .zero) { _ in true }
    #expect(news.waiting == [at(2)])
    ports.begin("1-1")
    ports.end("1-1", .pass, serial: "A", at: .seconds(1))
    for second in 1...9 {
      let news = ports.update([at(2)], at: .seconds(second)) { _ in true }
      #expect(news == StationPorts.News())
    }
    _ = ports.update([], at: .seconds(10)) { _ in true }
    let again = ports.update([at(3)], at: .seconds(13)) { _ in true }
    #expect(again.waiting == [at(3)])
  }

  @Test func aBoardThatComesStraightBackWasNotUnplugged() {
    var ports = passed()
    _ = ports.update([], at: .milliseconds(1_100)) { _ in true }
    let news = ports.update([at(3)], at: .milliseconds(1_500)) { _ in true }
    #expect(news.waiting.isEmpty)
    #expect(news.returned == [at(3)])
    do {
      let isNew = ports.exchanged(at(3), serial: "A")
      #expect(!isNew)
    }
    do {
      let isNew = ports.exchanged(at(3), serial: nil)
      #expect(!isNew)
    }
    let later = ports.update([at(3)], at: .seconds(9)) { _ in true }
    #expect(later == StationPorts.News())
  }

  @Test func aBoardExchangedInAMomentIsNoticedByItsSerialNumber() {
    var ports = passed()
    _ = ports.update([], at: .milliseconds(1_100)) { _ in true }
    _ = ports.update([at(3)], at: .milliseconds(1_500)) { _ in true }
    do {
      let isNew = ports.exchanged(at(3), serial: "B")
      #expect(isNew)
    }
    let news = ports.update([at(3)], at: .milliseconds(1_600)) { _ in true }
    #expect(news.waiting == [at(3)])
  }

  @Test func theApplicationOfABoardThatPassedIsNoNewBoard() {
    var ports = passed()
    // Its application is no board to flash; then it resets into DFU mode.
    _ = ports.update([at(3)], at: .milliseconds(1_300)) { $0.address != 3 }
    _ = ports.update([at(3)], at: .seconds(60)) { $0.address != 3 }
    _ = ports.update([], at: .milliseconds(60_100)) { $0.address != 3 }
    let news = ports.update([at(4)], at: .seconds(61)) { $0.address != 3 }
    #expect(news.waiting.isEmpty)
    #expect(news.returned == [at(4)])
  }

  @Test func aBoardThatFailedIsTriedAgainSooner() {
    var ports = StationPorts()
    _ = ports.update([at(2)], at: .zero) { _ in true }
    ports.begin("1-1")
    ports.end("1-1", .fail, serial: "A", at: .seconds(1))
    _ = ports.update([], at: .milliseconds(1_100)) { _ in true }
    let news = ports.update([at(3)], at: .milliseconds(1_700)) { _ in true }
    #expect(news.waiting == [at(3)])
  }

  @Test func aLongLookAwayIsNoUnplugging() {
    var ports = passed()
    let news = ports.update([at(2)], at: .seconds(100)) { _ in true }
    #expect(news == StationPorts.News())
  }

  @Test func otherPortsAreLeftAlone() {
    var ports = StationPorts(only: ["1-2"])
    let news = ports.update([at(2), at(3, port: 2)], at: .zero) { _ in true }
    #expect(news.waiting == [at(3, port: 2)])
  }

  private func passed() -> StationPorts {
    var ports = StationPorts()
    _ = ports.update([at(2)], at: .zero) { _ in true }
    ports.begin("1-1")
    ports.end("1-1", .pass, serial: "A", at: .seconds(1))
    return ports
  }
}
