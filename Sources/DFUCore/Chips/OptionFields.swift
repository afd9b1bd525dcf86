/// A field with what ``commonFields`` knows of its name.
func bits(
  _ name: String, _ bit: Int, _ width: Int = 1,
  kind: OptionField.Kind? = nil, _ values: [UInt32: String]? = nil,
  role: OptionField.Role? = nil, confidence: Confidence = .confirmed
) -> OptionField {
  let common = commonFields[name]
  return OptionField(
    name: name, bit: bit, width: width, meaning: common?.meaning ?? "",
    values: values ?? common?.values ?? [:], kind: kind ?? .plain,
    role: role ?? common?.role ?? .setting, confidence: confidence)
}

/// Flags of one bit each, by name and bit.
func flags(_ bits: KeyValuePairs<String, Int>) -> [OptionField] {
  bits.map { DFUCore.bits($0.key, $0.value) }
}

/// The brown-out level.
func brownOut(
  _ bit: Int, _ width: Int, _ values: [UInt32: String],
  _ name: String = "BOR_LEV"
) -> OptionField {
  let levels = values.filter { $0.value != "off" }
  let highest = levels.max { $0.value < $1.value }?.key ?? 0
  return bits(name, bit, width, values, role: .supplyLevel(highest: highest))
}

func word(
  _ address: UInt32, _ encoding: OptionWord.Encoding, _ factory: UInt32?,
  _ fields: [OptionField]
) -> OptionWord {
  OptionWord(
    address: address, encoding: encoding,
    factoryValue: factory.map { $0 & encoding.mask },
    fields: fields.sorted { $0.bit < $1.bit })
}

/// First and last page of an area in one word.
func area(
  _ name: String, _ width: Int, _ role: OptionField.Role = .writeProtection,
  _ start: String = "_STRT", _ end: String = "_END"
) -> [OptionField] {
  [
    bits(name + start, 0, width, kind: .areaStart(name), role: role),
    bits(name + end, 16, width, kind: .areaEnd(name), role: role),
  ]
}

/// The two words of a code-protected area, its start and its end. `keeps`
/// adds the bit that says what becomes of it.
func codeArea(
  _ name: String, _ width: Int, at start: UInt32, keeps: Bool = false,
  _ factory: (start: UInt32, end: UInt32)? = nil
) -> [OptionWord] {
  let role = OptionField.Role.codeProtection
  return [
    word(
      start, .wordComplement, factory?.start,
      [bits(name + "_STRT", 0, width, kind: .areaStart(name), role: role)]),
    word(
      start + 8, .wordComplement, factory?.end,
      [bits(name + "_END", 0, width, kind: .areaEnd(name), role: role)]
        + (keeps ? [bits("PCROP_RDP", 31)] : [])),
  ]
}

/// One bit a sector.
func sectors(
  _ name: String, _ bit: Int, _ width: Int, first: Int = 0,
  protectedWhen: UInt32 = 0, role: OptionField.Role = .writeProtection,
  confidence: Confidence = .confirmed
) -> OptionField {
  bits(
    name, bit, width,
    kind: .sectors(first: first, protectedWhen: protectedWhen), role: role,
    confidence: confidence)
}

/// The readout protection byte.
func readoutProtection(
  _ bit: Int, _ values: [UInt32: String] = [0xAA: "level0", 0xCC: "level2"]
) -> OptionField {
  bits("RDP", bit, 8, values, role: .readoutProtection)
}

/// Names of brown-out levels where 0 is the highest (F2, F4, F7).
let borDescending: [UInt32: String] = [
  0: "level3", 1: "level2", 2: "level1", 3: "off",
]
/// Names of brown-out levels (L4, G4, L5, U5, WB, U0).
let borAscending: [UInt32: String] = [
  0: "level0", 1: "level1", 2: "level2", 3: "level3", 4: "level4",
]
/// What the keys of L5, U5 and U0 have in common.
let keysReason = "keys that read as something else than they are"

private let resets: [UInt32: String] = [0: "reset", 1: "no-reset"]
private let hardwareOrSoftware: [UInt32: String] = [
  0: "hardware", 1: "software",
]
private let frozenOrRunning: [UInt32: String] = [0: "frozen", 1: "running"]
private let offOrOn: [UInt32: String] = [0: "off", 1: "on"]
private let onOrOff: [UInt32: String] = [0: "on", 1: "off"]
private let keptOrErased: [UInt32: String] = [0: "erased", 1: "kept"]
private let bitOrPin: [UInt32: String] = [0: "nBOOT0-bit", 1: "BOOT0-pin"]

private struct CommonField {
  var meaning: String
  var values: [UInt32: String] = [:]
  var role = OptionField.Role.setting

  init(
    _ meaning: String, _ values: [UInt32: String] = [:],
    _ role: OptionField.Role = .setting
  ) {
    self.meaning = meaning
    self.values = values
    self.role = role
  }
}

/// What the fields are for, by name: ``fieldMeanings`` with each of its names.
private let commonFields: [String: CommonField] = {
  var fields: [String: CommonField] = [:]
  for (names, field) in fieldMeanings {
    for name in names.split(separator: " ") { fields[String(name)] = field }
  }
  return fields
}()

private let fieldMeanings: KeyValuePairs<String, CommonField> = [
  "RDP": .init("readout protection"),
  "PRODUCT_STATE": .init(
    "life cycle of the product",
    [
      0xED: "open", 0x17: "provisioning", 0x2E: "iROT-provisioned",
      0xC6: "TZ-closed",
      0x72: "closed", 0x5C: "locked", 0x9A: "regression", 0xA3: "NS-regression",
    ], .readoutProtection),
  "BOR_LEV": .init("brown-out reset level"),
  "BOR_EN": .init("configurable brown-out reset", offOrOn),
  "BORR_LEV": .init("brown-out level, rising supply"),
  "BORF_LEV": .init("brown-out level, falling supply"),
  "BORH_EN": .init("brown-out high level", offOrOn),
  "WDG_SW IWDG_SW IWDG1_SW": .init("independent watchdog", hardwareOrSoftware),
  "WWDG_SW": .init("window watchdog", hardwareOrSoftware),
  "IWDG_STOP FZ_IWDG_STOP": .init(
    "independent watchdog in Stop", frozenOrRunning),
  "IWDG_STDBY FZ_IWDG_SDBY": .init(
    "independent watchdog in Standby", frozenOrRunning),
  "nRST_STOP NRST_STOP": .init("on entering Stop", resets),
  "nRST_STDBY NRST_STBY NRST_STDBY": .init("on entering Standby", resets),
  "nRST_SHDW": .init("on entering Shutdown", resets),
  "nBOOT0": .init(
    "BOOT0 as an option bit, inverted: 1 boots the main flash", [:], .bootBit),
  "nBOOT1": .init(
    "with BOOT0 on: 1 boots the bootloader, 0 RAM",
    [0: "RAM", 1: "bootloader"],
    .bootTarget(bootloader: 1)),
  "BOOT1": .init(
    "with BOOT0 on: where to boot from", [:], .bootTarget(bootloader: 1)),
  "BOOT_SEL nSWBOOT0": .init(
    "where BOOT0 comes from", bitOrPin, .bootPin(used: 1)),
  "nBOOT_SEL": .init(
    "where BOOT0 comes from", [0: "BOOT0-pin", 1: "nBOOT0-bit"],
    .bootPin(used: 0)),
  "BFB2": .init("boot from bank 2"),
  "DUALBANK": .init("two banks (on smaller parts)", offOrOn, .banks),
  "DUAL_BANK DBANK": .init("two banks", offOrOn, .banks),
  "DB1M": .init("two banks on parts of 1 MB", offOrOn, .banks),
  "DB256K": .init("two banks on parts of 256 KB", offOrOn, .banks),
  "nDBANK": .init("two banks", onOrOff, .banks),
  "nDBOOT": .init("boot from either bank", onOrOff),
  "SWAP_BANK": .init("banks swapped", offOrOn),
  "nSWAP_BANK": .init("banks swapped", onOrOff),
  "VDDA_MONITOR": .init("supervision of VDDA", offOrOn),
  "RAM_PARITY SRAM_PE": .init("RAM parity check", onOrOff),
  "SRAM2_PE": .init("SRAM2 parity check", onOrOff),
  "SRAM2_ECC": .init("SRAM2 error correction", onOrOff),
  "SRAM3_ECC": .init("SRAM3 error correction", onOrOff),
  "BKPRAM_ECC": .init("backup RAM error correction", onOrOff),
  "SRAM_RST": .init("RAM at reset", keptOrErased),
  "SRAM2_RST": .init("SRAM2 at reset", keptOrErased),
  "SRAM1_3_RST": .init("SRAM1 and SRAM3 at reset", keptOrErased),
  "CCMSRAM_RST": .init("CCM RAM at reset", keptOrErased),
  "NRST_MODE": .init(
    "what the NRST pin does",
    [1: "reset-input", 2: "GPIO", 3: "reset-input-output"],
    .resetPin(reserved: 0)),
  "IRHEN": .init("internal reset holder", offOrOn),
  "SPRMOD": .init(
    "what nWRP means: write protection, or PCROP",
    [0: "write-protection", 1: "PCROP"],
    .codeProtectionMode),
  "WPRMOD": .init(
    "what WRP means: write protection, or PCROP",
    [0: "write-protection", 1: "PCROP"],
    .codeProtectionMode),
  "PCROP_RDP": .init(
    "PCROP area when readout protection is lowered", [0: "kept", 1: "erased"]),
  "BOOT_LOCK": .init("always boot the main flash", offOrOn, .bootLock(on: 1)),
  "TZEN": .init("TrustZone", offOrOn, .trustZone(on: 1)),
  "SECURITY": .init("security features", offOrOn, .security),
  "DMEP1": .init("PCROP area when protection is lowered", [:], .codeProtection),
  "DMES1": .init("secure area when protection is lowered", [:], .secureArea),
  "IO_HSLV VDDMMC_HSLV IO_VDD_HSLV IO_VDDIO2_HSLV": .init(
    "high-speed pins at low voltage", offOrOn, .fastPins),
  "SEC_SIZE SEC_SIZE1": .init("secured pages of bank 1", [:], .secureArea),
  "SEC_SIZE2": .init("secured pages of bank 2", [:], .secureArea),
  "BOOT_ADD0": .init("boot address with BOOT0 low"),
  "BOOT_ADD1 NSBOOTADD1": .init("boot address with BOOT0 high"),
  "DATA0 DATA1": .init("a byte for the application"),
]
