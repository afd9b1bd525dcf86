import DFUCore
import DFUSimulator
import Synchronization
import SystemPackage

/// What a run cost: control transfers by kind, bytes, time on the bus and time
/// waited.
final class TransferStatistics: Sendable {
  private struct Counts {
    var transfers: [String: Int] = [:]
    var failures = 0
    var sent = 0
    var received = 0
    var onBus = Duration.zero
    var waited = Duration.zero
  }

  private let counts = Mutex(Counts())

  func note(_ transfer: TransferObservation) {
    counts.withLock {
      $0.transfers[transfer.requestName, default: 0] += 1
      if transfer.error != nil { $0.failures += 1 }
      if transfer.setup.isDeviceToHost {
        $0.received += transfer.data.count
      } else {
        $0.sent += transfer.data.count
      }
      $0.onBus += transfer.duration
    }
  }

  func noteWait(_ duration: Duration) {
    counts.withLock { $0.waited += duration }
  }

  /// The figures in a few lines.
  var text: String {
    counts.withLock { counts in
      let total = counts.transfers.values.reduce(0, +)
      let kinds = counts.transfers.sorted {
        ($1.value, $0.key) < ($0.value, $1.key)
      }
      .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      return """
        Transfers: \(total) (\(kinds)), \(counts.failures) failed
        Bytes: \(counts.sent) sent, \(counts.received) received
        Time: \(seconds(counts.onBus)) s in transfers, \
        \(seconds(counts.waited)) s waited
        """
    }
  }
}

/// Control transfers as lines: for a person with `-v -v`, as JSON with
/// `--trace`.
final class TransferTrace: Sendable {
  private let file: Mutex<FileDescriptor?>
  private let path: String
  private let verbosity: Int

  /// - Parameters:
  ///   - path: the file for JSON lines, if any; one that exists is replaced.
  ///   - verbosity: 1 to show the benign oddities on standard error, 2 to
  ///     show each transfer.
  init(_ path: String?, verbosity: Int) throws(ToolFailure) {
    self.verbosity = verbosity
    self.path = path ?? ""
    guard let path else {
      file = Mutex(nil)
      return
    }
    do {
      file = Mutex(
        try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.create, .truncate],
          permissions: FilePermissions(rawValue: 0o666)))
    } catch {
      throw ToolFailure(
        .cannotWrite, "could not create \(PathText.shown(path)) (\(error))",
        advice: .cannotWrite)
    }
  }

  deinit {
    file.withLock { try? $0?.close() }
  }

  func note(_ observation: BusObservation) {
    if case .transfer(let transfer) = observation { show(transfer) }
    file.withLock { open in
      guard let file = open,
        let text = try? JSONText.line(TraceLine(observation))
      else { return }
      do {
        try file.writeAll((text + "\n").utf8)
      } catch let problem {
        // That must not fail the flash, and is said once.
        Console.err(
          """
          warning: could not write to \(PathText.shown(path)) (\(problem)): the \
          trace ends here
          """)
        try? file.close()
        open = nil
      }
    }
  }

  private func show(_ transfer: TransferObservation) {
    if verbosity >= 2 {
      Console.err(transfer.line)
    } else if verbosity == 1, let report = transfer.statusReport,
      report.status != .ok
    {
      Console.err(
        "board \(transfer.path): in \(report.state) with \(report.status.name):"
          + " \(report.status.meaning)")
    }
  }
}

extension TransferObservation {
  /// The transfer for people.
  var line: String {
    var text = "\(path) \(requestName)"
    if requestName == "DNLOAD" || requestName == "UPLOAD" {
      text += " block \(setup.value), \(length) bytes"
      if requestName == "DNLOAD", length <= 5, length > 0 {
        text += " [\(data.map { hex($0, 2) }.joined(separator: " "))]"
      }
    }
    if let error {
      text += " → \(error.code.name)"
    } else if let report = statusReport {
      text += " → \(report.state), \(report.status.name)"
      if report.pollTimeout > 0 { text += ", poll \(report.pollTimeout) ms" }
    } else if requestName == "GETSTATE", let state = data.first {
      text += " → \(DFUState(rawValue: state))"
    } else if setup.isDeviceToHost {
      text += " → \(data.count) bytes"
    }
    return text + "  (\(seconds(duration)) s)"
  }
}
