import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Sessions with loaders that are not ST's ROM, from their transcripts.
@Suite struct SessionTests {
  private func connection(
    _ loader: FakeLoader
  ) throws(DFUError) -> DFUConnection {
    try DFUConnection(
      loader, interface: 0, alternate: nil, transferSize: FakeLoader.size)
  }

  private func session(
    _ loader: FakeLoader, _ behaviour: DfuSeBehaviour = DfuSeBehaviour()
  ) throws(DFUError) -> DfuSeSession {
    try DfuSeSession(try connection(loader), behaviour)
  }

  private func flasher(
    _ loader: FakeLoader, _ behaviour: DfuSeBehaviour = DfuSeBehaviour(),
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> Flasher {
    let map = try MemoryMap(
      parsing: "@Internal Flash  /0x08000000/64*001Kg")
    return Flasher(
      try session(loader, behaviour), map, shouldStop: shouldStop)
  }

  private func flash(
    _ loader: FakeLoader, _ behaviour: DfuSeBehaviour = DfuSeBehaviour()
  ) throws {
    let image = program(8 * 1024)
    let flasher = try flasher(loader, behaviour)
    try flasher.flash(try FirmwareImage(image, at: FakeLoader.base))
    #expect(Array(loader.flash.prefix(image.count)) == image)
    #expect(!loader.isSpoilt)
  }

  /// A loader whose flash is full of another program.
  private func used(_ habits: FakeLoader.Habits = .init()) -> FakeLoader {
    let loader = FakeLoader(habits)
    loader.flash = program(loader.flash.count, seed: 5)
    return loader
  }

  /// The waits between the first answer to each piece of work and the next
  /// question.
  private func waits(_ loader: FakeLoader, after work: String) -> [Duration] {
    loader.log.indices.dropLast(2).compactMap { index in
      guard loader.log[index].name == work,
        loader.log[index + 2].name == "GETSTATUS"
      else { return nil }
      return loader.log[index + 2].start - loader.log[index + 1].end
    }
  }

  // MARK: When it is asked

  @Test(arguments: [
    FakeLoader.Early.busy, .stall, .noHandshake, .held,
  ])
  func noBoardIsAskedEarlierThanItsEvidenceAllows(
    early: FakeLoader.Early
  ) throws {
    let loader = used()
    loader.habits.early = early
    let flasher = try flasher(loader)
    try flasher.flash(
      try FirmwareImage(program(48 * 1024), at: FakeLoader.base))
    for work in ["ADDRESS", "ERASE", "WRITE"] {
      let waits = waits(loader, after: work)
      #expect(waits.count >= 40)
      var good = Duration.milliseconds(25)
      for (index, wait) in waits.enumerated() {
        if index <= Polling.severalTimes { #expect(wait >= good) }
        #expect(
          wait >= good / 2 - .microseconds(1) || good < .microseconds(500))
        good = min(good, wait)
      }
    }
  }

  @Test func aBoardThatNeedsGapsIsNeverAskedEarlyAndGetsThem() throws {
    let loader = used()
    var behaviour = DfuSeBehaviour()
    behaviour.needsGaps = true
    try flash(loader, behaviour)
    for work in ["ADDRESS", "ERASE", "WRITE"] {
      #expect(
        waits(loader, after: work).allSatisfy { $0 >= .milliseconds(25) })
    }
    for (last, next) in zip(loader.log, loader.log.dropFirst()) {
      #expect(next.start - last.end >= DfuSeBehaviour.gap)
    }
  }

  @Test(arguments: [
    FakeLoader.Early.stall, .noHandshake, .busy, .held,
  ])
  func whateverMeetsAnEarlyQuestionMeansNotYet(
    early: FakeLoader.Early
  ) throws {
    let loader = used()
    loader.habits.early = early
    try flash(loader, DfuSeBehaviour(polling: .immediate))
    #expect(loader.count("ERASE") == 8)
    // The vector table goes last, in a block of its own.
    #expect(loader.count("WRITE") == 9)
  }

  @Test func aLoaderThatWorksInsideTheFirstQuestionGetsTheWorksTime() throws {
    let loader = used()
    loader.habits.worksInStatus = true
    loader.habits.massEraseTime = .milliseconds(8_300)
    let flasher = try flasher(loader)
    try flasher.massErase()
    #expect(loader.count("MASS ERASE") == 1)
    #expect(loader.flash.allSatisfy { $0 == 0xFF })
    #expect(loader.clock.now() < .milliseconds(8_600))
  }

  @Test func aQuestionThatTimedOutIsAskedAgainBeforeAnythingIsRepeated()
    throws
  {
    let loader = used()
    loader.habits.worksInStatus = true
    loader.habits.early = .held
    loader.habits.eraseTime = .seconds(7)
    var behaviour = DfuSeBehaviour()
    behaviour.eraseLimit = .seconds(6)
    let session = try session(loader, behaviour)
    try session.eraseSector(at: FakeLoader.base, size: FakeLoader.size)
    #expect(loader.count("ERASE") == 1)
    #expect(loader.names.suffix(2) == ["GETSTATUS", "GETSTATUS"])
  }

  @Test(arguments: [true, false])
  func anEraseThatMayStillRunIsNotSentAgain(isMass: Bool) throws {
    let loader = used()
    loader.habits.early = .noHandshake
    loader.habits.eraseTime = .seconds(3_600)
    loader.habits.massEraseTime = .seconds(3_600)
    let flasher = try flasher(loader)
    let error = try #require(throws: FlashError.self) {
      if isMass {
        try flasher.massErase()
      } else {
        try flasher.erase(0x0800_0000..<0x0800_1000)
      }
    }
    guard case .device(let cause) = error,
      case .unanswered = cause.reason
    else {
      Issue.record("\(error)")
      return
    }
    #expect(loader.count(isMass ? "MASS ERASE" : "ERASE") == 1)
    #expect(loader.clock.now() < .seconds(140))
    #expect(loader.log.count < 400)
  }

  @Test func aMassEraseMayTakeHalfAsLongAgainAsItReports() throws {
    let loader = used()
    loader.habits.reported = 200_000
    loader.habits.massEraseTime = .seconds(290)
    try session(loader).massErase()
    #expect(loader.count("MASS ERASE") == 1)
  }

  // MARK: Transfers that are cut off, and states that were left behind

  @Test(arguments: [USBError.Code.timeout, .io])
  func whatCameOfACutDownloadIsNotProgrammed(code: USBError.Code) throws {
    let loader = used()
    loader.failures["WRITE"] = [2: (code, bytes: 300)]
    try flash(loader)
    let cut = try #require(
      loader.names.indices.filter { loader.names[$0] == "WRITE" }
        .dropFirst(2).first)
    #expect(loader.names[(cut + 1)...].prefix(2) == ["GETSTATE", "ABORT"])
    #expect(loader.count("WRITE") == 10)
  }

  @Test(arguments: [UInt8(2), 3, 4, 5, 9, 10, 15])
  func fromEveryStateThatItWasLeftInAFlashSucceeds(state: UInt8) throws {
    for stalls in [true, false] {
      let loader = used()
      loader.habits.clearStatusStalls = stalls
      loader.state = state
      try flash(loader)
      #expect(loader.names.first == "GETSTATUS")
      if [2, 3, 5, 9].contains(state) {
        #expect(loader.count("CLRSTATUS") == 0)
      }
    }
  }

  @Test func aStopIsHeardWhileAnotherProgramsWorkIsWaitedFor() throws {
    let loader = used()
    loader.state = 4
    let connection = try connection(loader)
    var asked = 0
    connection.shouldStop = {
      asked += 1
      return asked > 3
    }
    let error = try #require(throws: DFUError.self) {
      try connection.makeIdle()
    }
    #expect(error.reason == .stopped)
    #expect(loader.clock.now() < .seconds(1))
  }

  @Test func aStopDoesNotInterruptAnErase() throws {
    let loader = used()
    loader.habits.eraseTime = .seconds(3)
    var erased = false
    let flasher = try flasher(loader, shouldStop: { erased })
    let error = try #require(throws: FlashError.self) {
      try flasher.session.setAddress(FakeLoader.base)
      erased = true
      try flasher.session.eraseSector(
        at: FakeLoader.base, size: FakeLoader.size)
      #expect(loader.state == 5)
      try flasher.erase(0x0800_0400..<0x0800_0800)
    }
    #expect(error == .cancelled)
    #expect(loader.count("ERASE") == 1)
  }

  // MARK: Block numbers

  @Test(arguments: [true, false], [true, false])
  func aLoaderThatIgnoresBlockNumbersIsFlashedRight(
    uploads: Bool, downloads: Bool
  ) throws {
    let loader = used()
    loader.habits.countsUploads = uploads
    loader.habits.countsDownloads = downloads
    try flash(loader)
    // An address for each block.
    #expect(loader.count("ADDRESS") >= loader.count("WRITE"))
  }

  @Test(arguments: [true, false])
  func readingProvesWhetherUploadCounts(counts: Bool) throws {
    let loader = used()
    loader.habits.countsUploads = counts
    let session = try session(loader)
    for block in 0..<6 {
      let start = block * FakeLoader.size
      #expect(
        try session.read(
          FakeLoader.size, at: FakeLoader.base + UInt32(start))
          == Array(loader.flash[start..<start + FakeLoader.size]))
    }
    #expect(
      session.behaviour.counting == (counts ? .provenForReading : .unproven))
    #expect(loader.count("ADDRESS") == (counts ? 3 : 9))
  }

  @Test func equalBlocksProveNothing() throws {
    let loader = FakeLoader()
    let session = try session(loader)
    for block in 0..<4 {
      _ = try session.read(
        FakeLoader.size,
        at: FakeLoader.base + UInt32(block * FakeLoader.size))
    }
    #expect(session.behaviour.counting == .unproven)
  }

  // MARK: What it says

  @Test func theMessageOfALoaderIsShownAndEscaped() throws {
    let loader = FakeLoader()
    loader.habits.errorReport = (0, "Can't overwrite\u{1B}[2J mboot")
    let session = try session(loader)
    let error = try #require(throws: DFUError.self) {
      try session.setAddress(0x2000_0000)
    }
    #expect(
      error.description
        == "setting the address at 0x20000000: the board reports dfuERROR "
        + "without a reason (\"Can't overwrite\\u{1B}[2J mboot\")")
    loader.habits.errorReport = (3, nil)
    let plain = try #require(throws: DFUError.self) {
      try session.recover()
      try session.setAddress(0x2000_0000)
    }
    #expect(plain.description.hasSuffix("cannot write its memory"))
    #expect(loader.count("DESCRIPTOR") == 2)
  }
}
