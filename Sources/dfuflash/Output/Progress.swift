import DFUCore
import SystemPackage

/// Shows what goes on with a board.
protocol JobReporter: AnyObject {
  func report(_ event: JobEvent)
  /// A line about something worth knowing.
  func note(_ text: String)
}

extension JobReporter {
  /// What a job is given to work with.
  func context(_ bus: any USBBus) -> JobContext {
    JobContext(
      bus: bus, shouldStop: { Interruption.isWanted }, report: report)
  }

  /// Shows an event that is no progress.
  func remark(_ event: JobEvent) {
    if case .lost(let segments, let board) = event {
      note(LostBytes.saved(segments, board))
    } else if let text = event.sentence {
      note(text)
    }
  }
}

/// A bar per phase, redrawn in place, in the shape that dfu-util made known.
final class BarReporter: JobReporter {
  private let write: (String) -> Void
  private let isFamiliar: Bool
  private var totals: [FlashPhase: Int] = [:]
  private var shownPercent = -1
  private var shownAt = ContinuousClock.now
  private var isOpen = false
  private var hasErased = false

  private static let shortestStep = Duration.milliseconds(50)

  /// - Parameter isFamiliar: whether to write dfu-util's lines to the letter,
  ///   for front ends that read them.
  init(isFamiliar: Bool = false, _ write: @escaping (String) -> Void) {
    self.write = write
    self.isFamiliar = isFamiliar
  }

  func report(_ event: JobEvent) {
    switch event {
    case .progress(.began(let phase, let total)):
      // They wait for it, also when there was nothing to erase.
      if isFamiliar, phase == .write, !hasErased {
        write("\(title(.erase)) done.\n")
      }
      totals[phase] = total
      shownPercent = -1
      draw(phase, 0)
    case .progress(.progress(let phase, let done)): draw(phase, done)
    case .progress(.finished(let phase)):
      draw(phase, totals[phase] ?? 0)
      write("\n\(title(phase)) done.\n")
      if phase == .erase { hasErased = true }
      isOpen = false
    default: remark(event)
    }
  }

  func note(_ text: String) {
    if isOpen { write("\n") }
    isOpen = false
    write(text + "\n")
  }

  private func title(_ phase: FlashPhase) -> String {
    isFamiliar && phase == .erase ? "Erase   " : phase.title
  }

  private func draw(_ phase: FlashPhase, _ done: Int) {
    let total = max(1, totals[phase] ?? 1)
    let percent = min(100, done * 100 / total)
    guard percent != shownPercent else { return }
    // Nobody reads faster, and each redrawing keeps the board waiting.
    let now = ContinuousClock.now
    guard
      percent == 100 || shownPercent < 0
        || now - shownAt >= Self.shortestStep
    else { return }
    shownAt = now
    shownPercent = percent
    let filled = percent / 4
    let bar =
      String(repeating: "=", count: filled)
      + String(repeating: " ", count: 25 - filled)
    write(
      "\r\(title(phase))\t[\(bar)] \(padded(percent, 3))% "
        + "\(padded(done, 12)) bytes")
    isOpen = true
  }
}

/// A line when a phase is done; for logs.
final class LineReporter: JobReporter {
  private let write: (String) -> Void

  init(_ write: @escaping (String) -> Void) { self.write = write }

  func report(_ event: JobEvent) {
    if case .progress(.finished(let phase)) = event {
      write("\(phase.title) done.\n")
    } else {
      remark(event)
    }
  }

  func note(_ text: String) { write(text + "\n") }
}

extension FlashPhase {
  /// The word before the bar and before "done."; scripts look for those of
  /// erase, download and upload.
  var title: String {
    switch self {
    case .compare: "Compare"
    case .erase: "Erase"
    case .write: "Download"
    case .verify: "Verify"
    case .read: "Upload"
    }
  }
}

/// A number with blanks before it up to a width.
func padded(_ number: Int, _ width: Int) -> String {
  let text = String(number)
  return String(repeating: " ", count: max(0, width - text.count)) + text
}
