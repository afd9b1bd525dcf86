import DFUCore
import DFUSimulator

/// One operation with one trouble at one transfer, and what is wrong with what
/// came of it.
struct Case: Sendable {
  var operation: Operation
  var trouble: Trouble?
  /// At which transfer, from 1.
  var place: Int

  /// Runs the operation, then once more without the trouble.
  ///
  /// - Returns: what is wrong, in words; empty where nothing is.
  func problems() throws -> [String] {
    let bench = try Bench(operation)
    let run = self.run(on: bench, trouble)
    var problems = judge(run, bench)
    if bench.startsProgram(), let half = half(bench, run) {
      problems.append(half)
    }
    problems += try again(bench, run)
    return problems
  }

  /// How many transfers of a kind the operation has when nothing goes wrong.
  static func transfers(
    _ operation: Operation
  ) throws -> [RequestKind: Int] {
    let bench = try Bench(operation)
    let run = Case(operation: operation, trouble: nil, place: 0)
      .run(on: bench, nil)
    if let error = run.error { throw error }
    return Dictionary(
      uniqueKeysWithValues: RequestKind.allCases.map {
        ($0, bench.board.faults.count(of: $0))
      })
  }

  private func run(on bench: Bench, _ trouble: Trouble?) -> BenchRun {
    var disturbance = Disturbance()
    if let trouble { disturbance.add(trouble, at: place) }
    return bench.run(operation, disturbance)
  }

  // MARK: Judging

  private var isKilled: Bool { trouble?.isKill ?? false }

  /// Whether what was read was changed on the way.
  private var changesData: Bool {
    if case .fault(.flip, _)? = trouble?.cause { true } else { false }
  }

  private func memory(_ bench: Bench) -> [UInt8] {
    bench.board.memory(at: operation.base, count: operation.old.count) ?? []
  }

  /// What was said against what is there.
  private func judge(_ run: BenchRun, _ bench: Bench) -> [String] {
    var problems: [String] = []
    if run.wasCutOff, !isKilled || run.transfers >= Disturbance.mostTransfers {
      problems.append("hang: \(run.transfers) transfers")
    }
    if run.time > Disturbance.longest { problems.append("hang: \(run.time)") }
    // A program that is killed says nothing.
    if isKilled { return problems }
    let memory = memory(bench)
    if let outcome = run.outcome {
      problems += judge(outcome, memory, bench)
    } else if let error = run.error {
      problems += judge(error, memory)
    }
    if let unsaid = unsaid(run.lost, memory) { problems.append(unsaid) }
    return problems
  }

  private func judge(
    _ outcome: Operation.Outcome, _ memory: [UInt8], _ bench: Bench
  ) -> [String] {
    var problems: [String] = []
    if memory != operation.wanted, outcome.isChecked {
      problems.append("false success: the memory is not as wanted")
    }
    if !operation.isDone(bench.board),
      !(operation.endsWhenGone && trouble?.removesBoard == true)
    {
      problems.append("false success: it is not done")
    }
    // A device without addresses cannot be looked at: it says "written".
    if let stored = operation.stored, outcome.isChecked,
      bench.board.stored(alternate: 0) != stored
    {
      problems.append("false success: something else is stored")
    }
    if let read = outcome.read, !changesData, read != operation.wanted {
      problems.append("false success: something else was read")
    }
    return problems
  }

  private func judge(_ error: JobError, _ memory: [UInt8]) -> [String] {
    guard operation.stored == nil else { return [] }
    var problems: [String] = []
    switch error.memory {
    case .untouched where memory != operation.old:
      problems.append("wrong sentence: untouched (\(error))")
    case .complete where memory != operation.wanted,
      .writtenNotVerified
    where memory != operation.wanted && error.cause.isNotAboutTheMemory:
      problems.append("wrong sentence: complete (\(error))")
    default: break
    }
    return problems
  }

  /// Bytes beside the image that are gone and were not named.
  private func unsaid(
    _ lost: [FirmwareImage.Segment], _ memory: [UInt8]
  ) -> String? {
    for offset in operation
      .imageLength..<max(
        operation.imageLength, memory.count)
    where memory[offset] != operation.wanted[offset]
      && !operation.between.contains(memory)
    {
      let address = operation.base + UInt32(offset)
      let isSaid = lost.contains {
        $0.range.contains(UInt64(address))
          && $0.bytes[Int(address - $0.address)] == operation.old[offset]
      }
      if !isSaid {
        return "lost without a word: 0x" + String(address, radix: 16)
      }
    }
    return nil
  }

  /// A program that starts and is neither the old nor the new one.
  private func half(_ bench: Bench, _ run: BenchRun) -> String? {
    guard !operation.halves, !operation.old.isEmpty,
      operation.base == 0x0800_0000
    else { return nil }
    let memory = memory(bench)
    let whole = [operation.old, operation.wanted] + operation.between
    let isWhole = whole.contains {
      $0.prefix(operation.imageLength) == memory.prefix(operation.imageLength)
    }
    return isWhole ? nil : "half: a mixture of programs starts"
  }

  /// The same again, without trouble.
  private func again(_ bench: Bench, _ first: BenchRun) throws -> [String] {
    bench.revive(operation)
    // Option bytes that lost their power half written protect the chip.
    if operation.base != 0x0800_0000, bench.board.protectionLevel > 0 {
      return []
    }
    let run = run(on: bench, nil)
    if let error = run.error { return ["not again: \(error)"] }
    let memory = memory(bench)
    // What is lost is lost: the message has it.
    let count = first.lost.isEmpty ? memory.count : operation.imageLength
    guard
      isKilled && operation.imageLength < memory.count
        || memory.prefix(count) == operation.wanted.prefix(count)
    else { return ["not again: the memory is not as wanted"] }
    return []
  }
}

extension JobError.Cause {
  /// Whether it speaks of something else than the memory's content.
  fileprivate var isNotAboutTheMemory: Bool {
    switch self {
    case .mismatch, .notErased, .unverifiable, .device: false
    default: true
    }
  }
}
