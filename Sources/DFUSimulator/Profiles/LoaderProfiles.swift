// Boot loaders that speak DfuSe and are not a ROM. Many of them show ST's ids
// and strings. What they do was observed by compiling their published sources
// against a simulated chip.

private let f405Sectors = "04*016Kg,01*064Kg,07*128Kg"

/// ST's DFU class with the flash interface of CubeF4's examples.
private let stClass = ChipSpec(
  name: "st-class", title: "Loader on ST's DFU class",
  usb: .newerROM(.folded),
  layouts: ["@Internal Flash   /0x08000000/" + f405Sectors],
  more: [ram(0x2000_0000, 112)], flash: .f405Wide,
  poll: PollProfile(setAddress: 0, erase: 50, massErase: 50, write: 50),
  early: .nak,
  quirks: ChipQuirks(
    work: .inStatusStage, leave: .mute, unprotect: .ignored,
    failureStatus: 11, crashesOutsideMemories: true, unknownCommandHangs: true,
    blockOneGivesState15: true, ignoresMassErase: true))

private let loaders: [ChipSpec] = [
  stClass,
  // The example for the 446E-EVAL.
  stClass.renamed(
    "st-class-erases-to-end", "Loader on ST's DFU class that erases to the end"
  ) {
    $0.quirks.work = .beforeBusy
    $0.quirks.erasesToEnd = true
    $0.quirks.leave = .normal
  },
  // MicroPython, with a second memory in the same layout.
  ChipSpec(
    name: "mboot", title: "MicroPython mboot on an F405",
    usb: .newerROM(.folded, product: "Pyboard DFU"),
    layouts: [
      "@Internal Flash  /0x08000000/\(f405Sectors)/0x80000000/64*004Kg"
    ], more: [ram(0x2000_0000, 112)], flash: .f405Wide,
    poll: PollProfile(setAddress: 0, erase: 0, massErase: 0, write: 0),
    early: .nak,
    quirks: ChipQuirks(
      work: .beforeAnswer, clearStatus: .ignored, unprotect: .ignored,
      uploadsByRequestedLength: true, failureStatus: 0,
      errorMessage: "Can't overwrite mboot", readOnlyBelow: 0x0800_4000),
    transferSize: 2_048),
  // Older firmware on an F103RC: the layout's pages are half the true ones.
  ChipSpec(
    name: "blackmagic-f103", title: "Black Magic Probe on an F103RC",
    usb: .other(
      0x1D50, 0x6017, "Black Magic Debug", "Black Magic Probe (Upgrade)",
      .folded, version: 0x0100),
    layouts: ["@Internal Flash   /0x08000000/8*001Ka,120*001Kg"],
    more: [ram(0x2000_0000, 48)], sectors: [SectorGroup(64, 2 * kib)],
    flash: .f0, poll: .f0,
    quirks: ChipQuirks(
      unprotect: .ignored, lowestAddress: 0x0800_2000, ignoresMassErase: true),
    transferSize: 1_024),
  // The usbdfu example; it has no UPLOAD.
  ChipSpec(
    name: "libopencm3", title: "libopencm3 usbdfu",
    usb: .newerROM(.constant("Demo"), product: "DFU Demo"),
    layouts: ["@Internal Flash   /0x08000000/8*001Ka,56*001Kg"],
    more: [ram(0x2000_0000, 20)], flash: .f0, poll: .f0, early: .nak,
    quirks: ChipQuirks(unprotect: .ignored)),
  // What works with dfu-util, which sets the address before every block.
  ChipSpec(
    name: "uncounted", title: "Loader that ignores block numbers",
    layouts: ["@Internal Flash   /0x08000000/128*001Kg"],
    more: [ram(0x2000_0000, 20)], flash: .f0, poll: .f0,
    quirks: ChipQuirks(unprotect: .ignored, blockNumbers: .ignored)),
]

extension BoardProfile {
  /// Home-made DfuSe loaders.
  static let homeMade: [BoardProfile] = loaders.map(\.profile).map { profile in
    var profile = profile
    if profile.name == "libopencm3" { profile.functional.attributes = 0x09 }
    return profile
  }
}
