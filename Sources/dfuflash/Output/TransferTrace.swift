import DFUCore
import DFUSimulator
import Synchronization
import SystemPackage

/// Control transfers as lines: for a person with `-v -v`, as JSON with
/// `--trace`.
final class TransferTrace: Sendable {
  private let file: Mutex<FileDescriptor?>
  private let path: String
  private let verbosity: Int

  /// - Parameters:
  ///   - path: the file for JSON lines, if any.
  ///   - verbosity: 1 to show the benign oddities on standard error, 2 to
  ///     show each transfer.
  /// - Throws: `ToolFailure` when the file exists or cannot be made.
  init(_ path: String?, verbosity: Int) throws(ToolFailure) {
    self.verbosity = verbosity
    self.path = path ?? ""
    file = Mutex(
      try path.map { path throws(ToolFailure) in try OutputPlace.open(path) })
  }

  deinit {
    file.withLock { try? $0?.close() }
  }

  func note(_ observation: BusObservation) {
    if case .transfer(let transfer) = observation { show(transfer) }
    file.withLock { open in
      guard let file = open else { return }
      do {
        try file.writeAll((JSONObject.line(TraceLine(observation)) + "\n").utf8)
      } catch {
        // That must not fail the flash, and is said once.
        Console.err(
          """
          warning: could not write to \(PathText.shown(path)) (\(error)): the \
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
    switch DFURequest(setup) {
    case .download(let block)?:
      text += " block \(block), \(length) bytes"
      if (1...5).contains(length) {
        text += " [\(data.map { hex($0, 2) }.joined(separator: " "))]"
      }
    case .upload(let block)?: text += " block \(block), \(length) bytes"
    default: break
    }
    if let error {
      text += " → \(error.code.name)"
    } else if let report = statusReport {
      text += " → \(report.state), \(report.status.name)"
      if report.pollTimeout > 0 { text += ", poll \(report.pollTimeout) ms" }
    } else if DFURequest(setup) == .getState, let state = data.first {
      text += " → \(DFUState(rawValue: state))"
    } else if setup.isDeviceToHost {
      text += " → \(data.count) bytes"
    }
    return text + "  (\(seconds(duration)) s)"
  }
}
