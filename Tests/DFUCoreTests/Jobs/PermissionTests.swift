import DFUCore
import DFUSimulator
import Testing

/// What no job does without the permission that names it.
@Suite struct PermissionTests {
  private func flash(
    _ bench: TestBench, _ image: FirmwareImage, alternate: UInt8? = nil,
    _ permissions: Permissions = []
  ) throws -> JobError? {
    var file = FirmwareFile(format: .dfuse)
    file.targets = [FirmwareTarget(alternate: alternate, image: image)]
    var job = FlashJob(JobFirmware(file))
    job.permissions = permissions
    return try bench.run { board, context throws(JobError) in
      try job.run(board, context)
    }.error
  }

  /// STM32L412's option bytes with another readout protection.
  private func optionBytes(rdp: UInt8) throws -> FirmwareImage {
    try FirmwareImage(
      [rdp, 0xF8, 0xEF, 0xFF, ~rdp, 0x07, 0x10, 0x00], at: 0x1FFF_7800)
  }

  @Test(arguments: [nil, 0, 1] as [UInt8?])
  func aFileThatLocksTheChipIsRefused(alternate: UInt8?) throws {
    let all = Set(Permission.allCases).subtracting([.permanentLock])
    for permissions in [[], [.optionBytes], all] {
      let bench = try TestBench("l412")
      let before = bench.memory(8, at: 0x1FFF_7800)
      let error = try flash(
        bench, try optionBytes(rdp: 0xCC), alternate: alternate, permissions)
      #expect(error?.memory == .untouched, "\(error as Any)")
      #expect(bench.board.protectionLevel == 0)
      #expect(bench.memory(8, at: 0x1FFF_7800) == before)
    }
  }

  @Test func raisingProtectionNeedsItsPermission() throws {
    for (permissions, level) in [
      ([.optionBytes, .riskyOptionBytes], 0),
      ([.optionBytes, .riskyOptionBytes, .raiseProtection], 1),
    ] as [(Permissions, Int)] {
      let bench = try TestBench("l412")
      let error = try flash(bench, try optionBytes(rdp: 0xBB), permissions)
      #expect((error == nil) == (level == 1), "\(error as Any)")
      #expect(bench.board.protectionLevel == level)
    }
  }

  @Test func optionBytesThatAreRightNeedAPermissionToo() throws {
    let bench = try TestBench("l412")
    var bytes = try #require(bench.memory(8, at: 0x1FFF_7800))
    bytes[3] &= 0x7F
    bytes[7] = ~bytes[3]
    let image = try FirmwareImage(bytes, at: 0x1FFF_7800)
    let error = try flash(bench, image)
    guard case .notPermitted(.optionBytes, at: 0x1FFF_7800, nil)? = error?.cause
    else {
      Issue.record("\(error as Any)")
      return
    }
  }

  @Test func onceOnlyMemoryIsWrittenOnlyWhenThatIsAllowed() throws {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    for isAllowed in [false, true] {
      let bench = try TestBench("l412")
      let image = try FirmwareImage(bytes, at: 0x1FFF_7000)
      let error = try flash(
        bench, image, isAllowed ? [.oneTimeProgrammable] : [])
      #expect((error == nil) == isAllowed, "\(error as Any)")
      #expect(
        bench.memory(8, at: 0x1FFF_7000)
          == (isAllowed ? bytes : [UInt8](repeating: 0xFF, count: 8)))
    }
  }

  /// Whatever the letters of the layout say.
  @Test(arguments: ["l412", "f405", "f722", "u073"])
  func optionBytesAndOnceOnlyMemoryAreNeverErased(kind: String) throws {
    let bench = try TestBench(
      kind,
      change: { profile in
        for index in profile.alternates.indices {
          guard let name = profile.alternates[index].name,
            let slash = name.lastIndex(of: "/")
          else { continue }
          let sectors = name[slash...].map { $0 == "e" ? "g" : $0 }
          profile.alternates[index].name = name[..<slash] + String(sectors)
        }
      })
    let memories = try bench.selected().interface.memories.filter {
      [.optionBytes, .oneTimeProgrammable, .deviceFeature].contains($0.kind)
    }
    #expect(!memories.isEmpty)
    for memory in memories {
      let address = try #require(memory.map.runs.first?.address)
      for extent in [
        EraseJob.Extent.range(address, length: 1), .all(holding: address),
      ] {
        var job = EraseJob(extent)
        job.permissions = Set(Permission.allCases)
        bench.board.clearLog()
        let (_, error) = try bench.run { board, context throws(JobError) in
          try job.run(board, context)
        }
        guard case .neverErased? = error?.cause else {
          Issue.record("\(kind) \(memory.map.name): \(error as Any)")
          continue
        }
        #expect(!bench.story.contains { $0.contains("erase") })
      }
    }
  }

  @Test func liftingProtectionNeedsItsPermission() throws {
    let bench = try TestBench("l412")
    bench.board.setProtection(level: 1)
    let (_, error) = try bench.run { board, context throws(JobError) in
      try UnprotectJob().run(board, context)
    }
    guard case .notPermitted(.liftProtection, _, _)? = error?.cause else {
      Issue.record("\(error as Any)")
      return
    }
    #expect(bench.board.protectionLevel == 1)
  }
}
