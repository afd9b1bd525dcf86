import DFUCore
import Testing

@Suite struct UniqueIDTests {
  let id = UniqueID(
    word0: 0x0058_0027, word1: 0x3331_500B, word2: 0x2033_3153)

  @Test(arguments: [
    ("00580027 3331500b 20333153", UniqueID.DigitOrder.wordsFromLowest),
    ("0x580027, 0x3331500B, 0x20333153", .wordsFromLowest),
    ("580027-3331500b-20333153", .wordsFromLowest),
    ("005800273331500b20333153", .wordsFromLowest),
    ("0x005800273331500b20333153", .wordsFromLowest),
    ("203331533331500b00580027", .wordsFromHighest),
    ("20333153 3331500b 580027", .wordsFromHighest),
    ("270058000b50313353313320", .memoryBytes),
    ("27 00 58 00 0b 50 31 33 53 31 33 20", .memoryBytes),
    ("27:00:58:00:0B:50:31:33:53:31:33:20", .memoryBytes),
    (
      "0x27,0x00,0x58,0x00,0x0b,0x50,0x31,0x33,0x53,0x31,0x33,0x20",
      .memoryBytes
    ),
    ("2700-5800-0b50-3133-5331-3320", .memoryBytes),
    ("  27005800\t0b503133 53313320 ", .memoryBytes),
  ])
  func anIdentifierIsReadAsPeopleWriteIt(
    text: String, order: UniqueID.DigitOrder
  ) throws {
    #expect(try UniqueID(parsing: text, order: order) == id)
  }

  @Test(arguments: [
    ("", UniqueID.DigitOrder.wordsFromLowest, UniqueIDError.empty),
    (" ,- ", .memoryBytes, .empty),
    (
      "00580027 3331500g 20333153", .wordsFromLowest,
      .notHexadecimal(column: 17, character: "g")
    ),
    (
      "\u{1B}[31m", .wordsFromLowest,
      .notHexadecimal(column: 1, character: "\u{1B}")
    ),
    (
      "0058002é7 1 2", .wordsFromLowest,
      .notHexadecimal(column: 8, character: "é")
    ),
    (
      "00580027 3331500b", .wordsFromLowest,
      .wrongWordCount(column: 18, found: 2)
    ),
    ("1 2 3 4", .wordsFromLowest, .wrongWordCount(column: 7, found: 4)),
    (
      "005800271 2 3", .wordsFromLowest, .wordTooLong(column: 9, found: 9)
    ),
    (
      "005800273331500b2033315", .wordsFromLowest,
      .tooFewDigits(column: 24, found: 23)
    ),
    (
      "0x005800273331500b203331533", .wordsFromLowest,
      .tooManyDigits(column: 27, found: 25)
    ),
    (
      "27005800 0b503133 533133", .memoryBytes,
      .tooFewDigits(column: 25, found: 22)
    ),
    (
      "27005800 0b503133 53313320 01", .memoryBytes,
      .tooManyDigits(column: 28, found: 26)
    ),
    ("27 0 58", .memoryBytes, .oddDigits(column: 4, found: 1)),
    ("0x", .wordsFromLowest, .tooFewDigits(column: 3, found: 0)),
    ("00x1 2 3", .wordsFromLowest, .notHexadecimal(column: 3, character: "x")),
    ("0x0x1 2 3", .wordsFromLowest, .notHexadecimal(column: 4, character: "x")),
    ("x1 2 3", .wordsFromLowest, .notHexadecimal(column: 1, character: "x")),
    (
      "٣ 1 2", .wordsFromLowest, .notHexadecimal(column: 1, character: "٣")
    ),
  ])
  func textThatIsNoIdentifierIsRefusedWithItsColumn(
    text: String, order: UniqueID.DigitOrder, error: UniqueIDError
  ) {
    #expect(throws: error) { try UniqueID(parsing: text, order: order) }
  }

  @Test func veryLongTextIsRefusedQuickly() {
    let text = String(repeating: "0", count: 200_000)
    #expect(throws: UniqueIDError.tooManyDigits(column: 25, found: 200_000)) {
      try UniqueID(parsing: text)
    }
  }

  @Test func anErrorShowsControlCharactersEscaped() {
    let error = UniqueIDError.notHexadecimal(column: 1, character: "\u{1B}")
    #expect(!error.description.unicodeScalars.contains("\u{1B}"))
    #expect(error.description.contains("column 1"))
  }

  @Test func twelveBytesOfMemoryAndBack() throws {
    let bytes: [UInt8] = [
      0x27, 0x00, 0x58, 0x00, 0x0B, 0x50, 0x31, 0x33, 0x53, 0x31, 0x33, 0x20,
    ]
    #expect(try UniqueID(memoryBytes: bytes) == id)
    #expect(id.memoryBytes == bytes)
    #expect(id.description == "00580027 3331500B 20333153")
  }

  @Test(arguments: [0, 11, 13])
  func otherThanTwelveBytesAreRefused(count: Int) {
    #expect(throws: UniqueIDError.wrongByteCount(count)) {
      try UniqueID(memoryBytes: [UInt8](repeating: 1, count: count))
    }
  }
}

@Suite struct SerialDerivationTests {
  /// Pairs that people published, with the kind of chip.
  @Test(arguments: [
    // libopencm3, issue 760, and reports beside it.
    ("00580027 3331500b 20333153", SerialDerivation.rom, "208B317A3331"),
    ("002d0030 3334510b 32313533", .rom, "325E35633334"),
    ("003b0041 50335706 20333333", .romWithWord2, "206E33742033"),
    ("00D500F0 12345678 20303748", .rom, "210538381234"),
    ("00D500F0 12345678 20303748", .micropython, "200537381234"),
    // An STM32H745 computes this in an application, not in its ROM.
    ("00200032 3438510E 31373439", .rom, "3157346B3438"),
  ])
  func aPublishedPairOfWordsAndSerial(
    words: String, derivation: SerialDerivation, serial: String
  ) throws {
    #expect(derivation.serial(of: try UniqueID(parsing: words)) == serial)
  }

  @Test(arguments: [
    // STM32G0B1.
    ("2B0007000C50425539393020", "203739645542"),
    // STM32C071, four chips of one report in the ST community.
    ("7A00-2500-0150-3642-4837-3020", "205537C24236"),
    ("7B00-5700-0150-3642-4837-3020", "208737C34236"),
    ("7B00-2700-0150-3642-4837-3020", "205737C34236"),
    ("7B00-8100-0150-3642-4837-3020", "20B137C34236"),
  ])
  func aPublishedPairOfBytesAndSerial(bytes: String, serial: String) throws {
    let id = try UniqueID(parsing: bytes, order: .memoryBytes)
    #expect(SerialDerivation.rom.serial(of: id) == serial)
  }

  /// MicroPython discussion 15948: the application shows 356F34533438, the
  /// bootloader of the same STM32F765 356F345D3438.
  @Test func anF765AddsTenToTheLowestByteOfTheSum() throws {
    let id = UniqueID(
      word0: 0x003E_001C, word1: 0x3438_510B, word2: 0x3531_3437)
    #expect(SerialDerivation.rom.serial(of: id) == "356F34533438")
    #expect(SerialDerivation.romF76x.serial(of: id) == "356F345D3438")
  }

  @Test func micropythonEqualsTheROMOnlyWithoutOddBytesAndCarries() throws {
    let plain = try UniqueID(parsing: "00580027 3331500b 20333153")
    #expect(
      SerialDerivation.micropython.serial(of: plain)
        == SerialDerivation.rom.serial(of: plain))
    let odd = try UniqueID(parsing: "01580027 3331500b 20333153")
    #expect(
      SerialDerivation.micropython.serial(of: odd)
        != SerialDerivation.rom.serial(of: odd))
  }

  @Test(arguments: SerialDerivation.allCases)
  func everySerialHasTwelveUpperCaseDigits(derivation: SerialDerivation) {
    for word: UInt32 in [0, 1, 0xFFFF_FFFF, 0x8000_0000] {
      let id = UniqueID(word0: word, word1: word, word2: word)
      let serial = derivation.serial(of: id)
      #expect(serial.utf8.count == 12)
      #expect(serial.allSatisfy { $0.isHexDigit && !$0.isLowercase })
    }
  }

  @Test(arguments: [
    "200364500000", "200000500000", "100364500000", "STM32FxSTM32", "STM32",
    "FFFFFFFEFFFF", "AT32",
  ])
  func aConstantSerialIsKnownWithItsReason(serial: String) throws {
    let row = try #require(NonUniqueSerial.known(serial))
    #expect(row.reason.contains(serial))
  }

  @Test func aSerialFromAUniqueIdentifierIsNoConstant() {
    #expect(NonUniqueSerial.known("208B317A3331") == nil)
  }

  @Test func theSerialThatChangesIsKnownByItsFamily() throws {
    #expect(
      NonUniqueSerial(unstableSerialOf: try family("L496"))?.serial == nil)
    #expect(NonUniqueSerial(unstableSerialOf: try family("L496")) != nil)
    #expect(NonUniqueSerial(unstableSerialOf: try family("F405")) == nil)
  }
}
