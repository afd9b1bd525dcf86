import DFUCore
import DFUSimulator
import Testing

/// The simulated boards and the chip tables were written apart from each
/// other; here they meet.
@Suite struct SimulatedChipsTests {
  static let families: [(String, String)] = [
    ("f405", "F405"), ("f429", "F42x"), ("f072", "F072"), ("l412", "L412"),
    ("l432", "L43x"), ("g474", "G47x"), ("g0b1", "G0B1"), ("h743", "H74x"),
    ("u585", "U575"), ("gd32vf103", "GD32VF103"), ("f042", "F04x"),
    ("f303", "F303"), ("f107", "F105"), ("f401", "F401xE"), ("f411", "F411"),
    ("f446", "F446"), ("f722", "F72x"), ("f745", "F74x"), ("f767", "F76x"),
    ("f767-dual", "F76x"), ("l072", "L07x"), ("l152", "L1xC"),
    ("l476", "L47x"), ("l496", "L496"), ("l552", "L5"), ("g431", "G431"),
    ("c071", "C071"), ("u073", "U073"), ("wb55", "WB55"), ("h563", "H563"),
    ("h723", "H72x"), ("h7a3", "H7A3"), ("at32", "AT32"), ("apm32", "APM32"),
  ]

  private func chip(_ name: String) throws -> (BoardProfile, ChipProfile) {
    let board = try #require(BoardProfile.named(name))
    guard case .dfuSe(let chip) = board.machine else {
      throw NoSuchFamily(name: name)
    }
    return (board, chip)
  }

  private func shown(_ board: BoardProfile) -> ChipEvidence {
    let serial: String? =
      if case .constant(let text) = board.usb.serial { text } else { nil }
    return evidence(
      board.alternates.compactMap(\.name), vendor: board.usb.vendor,
      product: board.usb.product, version: board.usb.deviceVersion,
      productString: board.usb.productName, serial: serial)
  }

  @Test(arguments: families)
  func aSimulatedBoardIsRecognised(profile: String, name: String) throws {
    let (board, _) = try chip(profile)
    let found = ChipIdentification(shown(board))
    #expect(found.candidates.map(\.name).contains(name))
  }

  @Test(arguments: families)
  func bothKnowTheSameOfTheFlash(profile: String, name: String) throws {
    let (_, chip) = try chip(profile)
    let row = try family(name)
    #expect(chip.flash.erasedByte == row.erasedByte)
    #expect(chip.flash.eccWord == row.eccWord)
    #expect(row.writeUnit.isMultiple(of: chip.flash.alignment))
    if let address = chip.uniqueIDAddress {
      #expect(row.uniqueID.first == address)
    }
    // Where the sources disagree (L496) so may the two.
    guard profile != "l496", row.emptyCheck != .unknown else { return }
    #expect(chip.boot.hasEmptyCheck == (row.emptyCheck == .present))
  }

  @Test(arguments: families)
  func itsOptionBytesFromTheFactoryAreUnderstood(
    profile: String, name: String
  ) throws {
    let (_, chip) = try chip(profile)
    guard let layout = try family(name).optionBytes else { return }
    let windows = chip.memories.filter { $0.kind == .optionBytes }.map {
      OptionByteImage.Window(start: $0.start, bytes: $0.initial)
    }
    guard !windows.isEmpty else { return }
    let image = OptionByteImage(windows)
    let decoded = layout.decode(image)
    #expect(decoded.protection == .level0)
    #expect(decoded.mismatches.isEmpty)
    // Writing back what was read is nothing to think about,
    let writes = layout.relaunch(image).map { [$0] } ?? []
    #expect(
      layout.concerns(writing: OptionByteImage(writes), over: image).isEmpty)
    // and locking the chip is.
    if layout.protection != .f1, layout.protection != .productState {
      let locked = try layout.setting(
        [OptionAssignment(name: "RDP", value: "0xCC")], in: image)
      #expect(
        layout.concerns(writing: locked, over: image).severity
          == .needsPermanentLock)
    }
  }
}
