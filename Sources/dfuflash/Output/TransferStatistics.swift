import DFUCore
import Synchronization

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
