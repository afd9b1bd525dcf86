import DFUCore

/// A flash of one board: all parts are checked and surveyed before the first
/// is written, so that nothing is half done for a reason that could be known.
struct FlashWork {
  let work: BoardWork

  /// What was done.
  struct Outcome {
    var plans: [FlashPlan] = []
    /// The memory and address of the program, for leaving.
    var program: (alternate: UInt8, address: UInt32)?

    var isUpToDate: Bool { plans.allSatisfy(\.isUpToDate) }
  }

  /// Flashes all parts of a file.
  ///
  /// - Parameter massErases: erases the whole memory first.
  func run(_ parts: [FirmwareInput.Part]) throws(ToolFailure) -> Outcome {
    var jobs: [(memory: BoardMemory, image: FirmwareImage)] = []
    for part in parts {
      jobs += try shares(of: part)
    }
    for job in jobs where !job.memory.holdsOptionBytes {
      do throws(FlashRefusal) {
        _ = try FlashPlan.sectors(for: job.image, in: job.memory.map)
      } catch {
        throw Explain.flash(.refused(error), work.board)
      }
    }
    var outcome = Outcome()
    // Option bytes reset the chip: whatever else there is goes before them.
    let ordered =
      jobs.filter { !$0.memory.holdsOptionBytes }
      + jobs.filter(\.memory.holdsOptionBytes)
    for (memory, image) in ordered {
      let flasher = try work.flasher(memory)
      if memory.holdsOptionBytes || work.settings.flash.resetsAfterWrite {
        try work.perform { () throws(FlashError) in
          try flasher.writeAndReset(image)
        }
        continue
      }
      let plan = try work.perform { () throws(FlashError) in
        try flasher.flash(image)
      }
      outcome.plans.append(plan)
      if outcome.program == nil, let first = image.segments.first {
        outcome.program = (memory.alternate.number, first.address)
      }
    }
    return outcome
  }

  /// A part's share of each memory it touches.
  private func shares(
    of part: FirmwareInput.Part
  ) throws(ToolFailure) -> [(memory: BoardMemory, image: FirmwareImage)] {
    if let alternate = part.alternate, work.settings.alternate == nil {
      return [(try work.memory(alternate: alternate), part.image)]
    }
    if work.settings.alternate != nil {
      return [(try work.memory(holding: nil), part.image)]
    }
    var jobs: [(memory: BoardMemory, image: FirmwareImage)] = []
    for segment in part.image.segments {
      let memory = try work.memory(holding: segment.address)
      let index =
        jobs.firstIndex { $0.memory == memory } ?? jobs.endIndex
      if index == jobs.endIndex { jobs.append((memory, FirmwareImage())) }
      do throws(FirmwareError) {
        try jobs[index].image.add(segment.bytes, at: segment.address)
      } catch {
        throw ToolFailure(.badFile, "\(error)")
      }
    }
    return jobs.isEmpty
      ? [(try work.memory(holding: nil), part.image)] : jobs
  }
}
