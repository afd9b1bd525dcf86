extension BoardSession {
  /// Refuses an image that cannot run where a program has to be: where one
  /// will be started, and at the start of internal flash, where the chip looks
  /// for one at each reset. Nothing is sent.
  func checkProgram(of job: FlashJob) throws(JobError) {
    let candidates = knowledge.identification.candidates
    guard candidates.allSatisfy(\.startsWithStackPointer) else { return }
    let shares = try shares(of: job.firmware)
      .filter { !$0.memory.holdsOptionBytes }
    var image = FirmwareImage()
    for segment in shares.flatMap(\.image.segments) {
      do throws(FirmwareError) {
        try image.add(segment.bytes, at: segment.address)
      } catch {
        throw fail(.file(error))
      }
    }
    for address in programs(of: job, shares, image) {
      var problems = VectorTable.problems(ofProgramAt: address, in: image)
      if problems.isEmpty, isForAnotherChip(image, at: address) {
        problems = [.stackOutsideChip]
      }
      guard !problems.isEmpty else { continue }
      guard job.takesAnyProgram else {
        throw fail(.noProgram(problems, at: address))
      }
      context.report(.oddProgram(problems, at: address))
    }
  }

  /// The program that a board starts when all of this is written: what is
  /// written of it first, data memory apart.
  func program(of shares: [JobFirmware.Share]) -> Leaving.Program? {
    if let share = shares.first(where: { $0.memory.kind.holdsPrograms }) {
      return Leaving.Program(share)
    }
    guard !shares.isEmpty else { return nil }
    return selected.interface.memories.first { $0.kind == .internalFlash }
      .map { Leaving.Program(memory: $0, address: $0.map.runs.first?.address) }
  }

  /// Where an image has to begin a program.
  private func programs(
    of job: FlashJob, _ shares: [JobFirmware.Share], _ image: FirmwareImage
  ) -> [UInt32] {
    var addresses: Set<UInt32> = []
    for share in shares where share.memory.kind == .internalFlash {
      if let start = share.memory.map.runs.first?.address {
        addresses.insert(start)
      }
    }
    if case .start(let address) = job.ending,
      let start = address ?? program(of: shares)?.address
    {
      addresses.insert(start)
    }
    return addresses.filter(image.contains).sorted()
  }

  private func isForAnotherChip(
    _ image: FirmwareImage, at address: UInt32
  ) -> Bool {
    let candidates = knowledge.identification.candidates
    guard !candidates.isEmpty,
      let table = VectorTable(in: image, at: address)
    else { return false }
    return candidates.allSatisfy {
      $0.isPlausibleStackPointer(table.initialStackPointer) == false
    }
  }
}

extension MemoryKind {
  /// Whether a program may be started in memory of this kind.
  fileprivate var holdsPrograms: Bool {
    switch self {
    case .internalFlash, .externalFlash, .other: true
    case .optionBytes, .oneTimeProgrammable, .engineeringBytes, .deviceFeature,
      .dataMemory:
      false
    }
  }
}
