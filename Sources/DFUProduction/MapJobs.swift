public import DFUCore

/// Why a map is not carried out. Nothing was touched.
public enum MapError: Error, Hashable, Sendable {
  /// The map and the boards that are there do not agree.
  case mismatches([BoardMap.Mismatch])
  /// A board cannot get what its row says, or the bus cannot be used.
  case job(JobError)
}

extension BoardMap {
  /// What a row says of its board's job, over what holds for all rows.
  public func job(
    for row: Row, from common: FlashJob, _ file: FirmwareFile
  ) throws(Problem) -> FlashJob {
    func problem(_ reason: String) -> Problem {
      Problem(line: row.line, reason: reason)
    }
    var job = common
    job.firmware.file = file
    if !row.address.isEmpty {
      guard let address = UInt32(c: row.address) else {
        throw problem("\"\(row.address.escapingControls)\" is no address")
      }
      job.firmware.address = address
    }
    for option in row.options {
      switch option {
      case "no-leave": job.ending = .stay
      case "relaunch": job.ending = .relaunch
      case "unprotect": job.unprotects = true
      case "no-verify": job.flash.verification = .off
      case "full": job.flash.rewritesAll = true
      case _ where option.hasPrefix("chip="):
        let name = String(option.dropFirst(5))
        guard case .family(let family) = ChipLookup(name) else {
          throw problem("no one chip is called \"\(name.escapingControls)\"")
        }
        job.board.chip = family
      case _ where option.hasPrefix("alt="):
        let text = option.dropFirst(4)
        job.board.alternate =
          UInt8(text).map { .number($0) } ?? .name(String(text))
      default:
        throw problem(
          """
          "\(option.escapingControls)" is no option; there are no-leave, \
          relaunch, unprotect, no-verify, full, chip=NAME, alt=NUMBER
          """)
      }
    }
    return job
  }

  /// Finds every row's board, or says all that is wrong.
  ///
  /// - Parameters:
  ///   - jobs: those of the rows, in their order.
  ///   - waiting: how long to wait until each row has its board; `nil` looks
  ///     once.
  public func tasks(
    _ jobs: [FlashJob], allowsExtra: Bool, waiting: Duration?,
    _ context: JobContext
  ) throws(MapError) -> [Batch.Task] {
    let plan = try settled(allowsExtra, waiting, context)
    guard plan.mismatches.isEmpty else { throw .mismatches(plan.mismatches) }
    var tasks: [Batch.Task] = []
    for (row, job) in zip(rows, jobs) {
      guard let found = plan.assignments.first(where: { $0.row == row })
      else { continue }
      do throws(JobError) {
        try job.firmware.check(found.selected)
      } catch {
        throw .job(error)
      }
      tasks.append(Batch.Task(found.selected, job, file: row.file))
    }
    return tasks
  }

  /// The plan for the boards once each row has one, or time is over.
  private func settled(
    _ allowsExtra: Bool, _ waiting: Duration?, _ context: JobContext
  ) throws(MapError) -> Plan {
    let clock = context.bus.clock
    let end = clock.now() + (waiting ?? .zero)
    let readsIDs = rows.contains {
      if case .uniqueID = $0.match { true } else { false }
    }
    var told = -1
    do throws(JobError) {
      while true {
        var boards = try BoardFinder.present(context)
        if readsIDs { Board.readUniqueIDs(of: &boards, on: context.bus) }
        let plan = self.plan(for: boards, allowsExtra: allowsExtra)
        let missing = plan.mismatches.count {
          if case .noBoard = $0 { true } else { false }
        }
        if missing == 0 || clock.now() >= end { return plan }
        let found = rows.count - missing
        if told != found {
          told = found
          context.report(.waiting(found: found, of: rows.count))
        }
        try BoardFinder.pause(context)
      }
    } catch {
      throw .job(error)
    }
  }
}
