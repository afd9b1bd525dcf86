import DFUCore
import DFUSimulator

/// Judges a case drawn by lot: what was said against what is there.
extension RandomCase {
  /// Runs the case without trouble, with its troubles, and once more.
  ///
  /// - Returns: what is wrong, in words; empty where nothing is.
  func problems() throws -> [String] {
    let operation = self.operation
    let clean = try bench(operation)
    let undisturbed = clean.run(operation, Disturbance())
    let first = judgeClean(undisturbed, clean)
    guard first.isEmpty, undisturbed.error == nil, !troubles.isEmpty else {
      return first
    }
    var disturbance = Disturbance()
    for (trouble, place) in troubles {
      let count = clean.board.faults.count(of: trouble.kind)
      disturbance.add(trouble, at: 1 + Int(place * Double(count)))
    }
    let bench = try self.bench(operation)
    let run = bench.run(operation, disturbance)
    var problems = judge(run, bench)
    if let half = half(bench, operation) { problems.append(half) }
    return problems + again(run, bench, operation)
  }

  private var operation: Operation {
    Operation(
      name: "random", kind: profile.name, base: flash.start, old: old,
      wanted: wanted, imageLength: 0
    ) { [job] board, context throws(JobError) in
      Operation.Outcome(isChecked: try job.run(board, context).isVerified)
    }
  }

  private func bench(_ operation: Operation) throws -> Bench {
    let bench = try Bench(operation.blank)
    // A chip with a program in it may not enter DFU mode by itself.
    bench.board.fill(old, at: flash.start)
    if let state { bench.board.enter(state: state.state, status: state.status) }
    return bench
  }

  private func memory(_ bench: Bench) -> [UInt8] {
    bench.board.memory(at: flash.start, count: flash.size) ?? []
  }

  // MARK: Without trouble

  /// All must be well, unless it was refused before anything was touched.
  private func judgeClean(_ run: BenchRun, _ bench: Bench) -> [String] {
    if let error = run.error {
      if job.flash.verification == .required,
        case .unverifiable = error.cause
      {
        return []
      }
      guard error.memory == .untouched, error.cause.isRefusal else {
        return ["fails without trouble: \(error)"]
      }
      return changedBeside(memory(bench), []).map { ["refused, and \($0)"] }
        ?? []
    }
    var problems = judge(run, bench)
    if !isBlind, !holdsImage(memory(bench)) {
      problems.append("it is not there, without trouble")
    }
    if job.flash.verification != .off, canRead, run.outcome?.isChecked != true {
      problems.append("not verified, without trouble")
    }
    let violations = bench.board.violations.filter {
      !mayBeLeftOver(Int($0.address) - Int(flash.start))
    }
    if !isBlind { problems += violations.prefix(2).map { "violation: \($0)" } }
    return problems
  }

  /// Whether the loader erases something else than it says, which only reading
  /// back shows, and nobody wants that.
  private var isBlind: Bool {
    job.flash.verification == .off
      && (flash.losesNeighbours
        || flash.ignoresMassErase && job.flash.massErase == .always)
  }

  private var canRead: Bool { profile.functional.attributes & 2 != 0 }

  // MARK: With trouble

  private func judge(_ run: BenchRun, _ bench: Bench) -> [String] {
    var problems: [String] = []
    if run.wasCutOff { problems.append("hang: \(run.transfers) transfers") }
    if run.time > Disturbance.longest {
      problems.append("hang: \(run.time)")
    }
    let memory = memory(bench)
    let isThere = holdsImage(memory)
    if run.outcome?.isChecked == true, !isThere {
      problems.append("false success")
    }
    switch run.error?.memory {
    case .untouched? where state?.state != 3 && memory != old:
      problems.append("wrong sentence: untouched")
    case .complete? where !isThere:
      problems.append("wrong sentence: complete")
    default: break
    }
    if let beside = changedBeside(memory, [run]) { problems.append(beside) }
    return problems.map { problem in
      run.error.map { "\(problem) (\($0))" } ?? problem
    }
  }

  private func holdsImage(_ memory: [UInt8]) -> Bool {
    image.segments.allSatisfy { segment in
      let start = Int(segment.address - flash.start)
      return memory[start..<start + segment.bytes.count] == segment.bytes[...]
    }
  }

  /// The first byte beside the image that has changed without a word.
  private func changedBeside(_ memory: [UInt8], _ runs: [BenchRun]) -> String? {
    guard memory != old, !flash.losesNeighbours else { return nil }
    for offset in memory.indices
    where memory[offset] != old[offset]
      && !image.contains(flash.start + UInt32(offset))
      && !mayChange(offset, to: memory[offset], runs)
    {
      return "changed without a word: 0x"
        + String(flash.start + UInt32(offset), radix: 16)
    }
    return nil
  }

  /// Whether somebody wished or was told that this byte changes.
  private func mayChange(
    _ offset: Int, to byte: UInt8, _ runs: [BenchRun]
  ) -> Bool {
    let address = flash.start + UInt32(offset)
    if mayBeLeftOver(offset) { return true }
    if job.flash.massErase == .always { return byte == flash.erasedByte }
    if !job.flash.preservesNeighbours, sharesSector(offset) { return true }
    if isUnseen(runs), sharesSector(offset) { return true }
    if mayBeTorn(offset) { return true }
    return runs.contains { run in
      run.unreadable.contains { $0.contains(address) }
        || run.lost.contains {
          $0.range.contains(UInt64(address))
            && $0.bytes[Int(address - $0.address)] == old[offset]
        }
    }
  }

  /// Whether a block was acknowledged and not programmed, and nothing was read
  /// back after that: because nobody wants it, or because of another trouble.
  private func isUnseen(_ runs: [BenchRun]) -> Bool {
    guard troubles.contains(where: \.trouble.dropsData) else { return false }
    return job.flash.verification == .off
      || troubles.count > 1 && runs.first?.error?.cause.isMismatch == false
  }

  /// Whether a blank byte shares a programming unit with the image: it is
  /// written with it, and means nothing when the power fails just then.
  private func mayBeTorn(_ offset: Int) -> Bool {
    let address = UInt64(flash.start) + UInt64(offset)
    return old[offset] == flash.erasedByte
      && troubles.contains(where: \.trouble.removesBoard)
      && image.overlaps((address & ~31)..<(address & ~31) + 32)
  }

  /// Whether a byte belongs to the block that an earlier session has sent, and
  /// that a device in dfuDNLOAD-SYNC programs at the first GETSTATUS.
  private func mayBeLeftOver(_ offset: Int) -> Bool {
    state?.state == 3 && offset < 64
  }

  /// Whether a byte lies in a sector that the image touches.
  private func sharesSector(_ offset: Int) -> Bool {
    guard let sector = flash.sectors.first(where: { $0.contains(offset) })
    else { return false }
    let start = UInt64(flash.start)
    return image.overlaps(
      start + UInt64(sector.lowerBound)..<start + UInt64(sector.upperBound))
  }

  /// A program that starts and is neither the old nor the new one.
  private func half(_ bench: Bench, _ operation: Operation) -> String? {
    guard isProgram, state?.state != 3, !job.flash.keepsVectorTable,
      job.flash.verification != .off, bench.startsProgram()
    else { return nil }
    let memory = memory(bench)
    let isOld = image.segments.allSatisfy { segment in
      let start = Int(segment.address - flash.start)
      let range = start..<start + segment.bytes.count
      return memory[range] == old[range]
    }
    return isOld || holdsImage(memory)
      ? nil : "half: a mixture of programs starts"
  }

  /// The same again, without trouble.
  private func again(
    _ first: BenchRun, _ bench: Bench, _ operation: Operation
  ) -> [String] {
    // What was begun ends before the power goes.
    bench.sleep(.seconds(60))
    bench.revive(operation)
    guard bench.board.mode == .dfu else { return [] }
    let run = bench.run(operation, Disturbance())
    if let error = run.error { return ["not again: \(error)"] }
    let memory = memory(bench)
    var problems: [String] = []
    if !isBlind, !holdsImage(memory) {
      problems.append("not again: it is not there")
    }
    if let beside = changedBeside(memory, [first, run]) {
      problems.append("again: \(beside)")
    }
    return problems
  }
}

extension Operation {
  /// The same on a board that is blank at first.
  fileprivate var blank: Operation {
    var operation = self
    operation.old = []
    return operation
  }
}

extension JobError.Cause {
  fileprivate var isMismatch: Bool {
    if case .mismatch = self { true } else { false }
  }

  /// Whether something known stands against the flash.
  fileprivate var isRefusal: Bool {
    switch self {
    case .refused, .erratum, .notPermitted, .noProgram, .alternate: true
    default: false
    }
  }
}
