import DFUCore

/// A step of a phase, as it is shown.
struct ProgressStep {
  enum Kind: String {
    case began
    case progress
    case finished
  }

  var kind: Kind
  var phase: FlashPhase
  /// Bytes, as the total.
  var done: Int
  var total: Int

  var percent: Int { min(100, done * 100 / max(1, total)) }

  /// `[=====     ]  50%`.
  ///
  /// - Parameter width: of what is between the brackets.
  func bar(_ width: Int) -> String {
    let filled = String(repeating: "=", count: percent * width / 100)
    return "[\(filled.padded(width))] \("\(percent)".leftPadded(3))%"
  }
}

/// Shows what goes on with a board.
class JobReporter {
  private var totals: [FlashPhase: Int] = [:]

  /// Takes an event, and shows it as a step of a phase or as a line.
  func report(_ event: JobEvent) {
    func show(_ kind: ProgressStep.Kind, _ phase: FlashPhase, _ done: Int?) {
      let total = totals[phase] ?? 0
      self.show(
        ProgressStep(
          kind: kind, phase: phase, done: done ?? total, total: total))
    }
    switch event {
    case .progress(.began(let phase, let total)):
      totals[phase] = total
      show(.began, phase, 0)
    case .progress(.progress(let phase, let done)):
      show(.progress, phase, done)
    case .progress(.finished(let phase)): show(.finished, phase, nil)
    case .lost(let segments, let board):
      note(LostBytes.saved(segments, board))
    default: if let text = event.sentence { note(text) }
    }
  }

  /// Shows a step of a phase.
  func show(_ step: ProgressStep) {}

  /// Shows a line about something worth knowing.
  func note(_ text: String) {}

  /// What a job is given to work with.
  func context(_ bus: any USBBus) -> JobContext {
    JobContext(
      bus: bus, shouldStop: { Interruption.isWanted }, report: report)
  }
}

/// A bar per phase, redrawn in place, in the shape that dfu-util made known.
final class BarReporter: JobReporter {
  private let write: (String) -> Void
  private let isFamiliar: Bool
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

  override func show(_ step: ProgressStep) {
    if step.kind == .began {
      // They wait for it, also when there was nothing to erase.
      if isFamiliar, step.phase == .write, !hasErased {
        write("\(title(.erase)) done.\n")
      }
      shownPercent = -1
    }
    draw(step)
    if step.kind == .finished {
      write("\n\(title(step.phase)) done.\n")
      if step.phase == .erase { hasErased = true }
      isOpen = false
    }
  }

  override func note(_ text: String) {
    if isOpen { write("\n") }
    isOpen = false
    write(text + "\n")
  }

  private func title(_ phase: FlashPhase) -> String {
    isFamiliar && phase == .erase ? "Erase   " : phase.title
  }

  private func draw(_ step: ProgressStep) {
    let percent = step.percent
    guard percent != shownPercent else { return }
    // Nobody reads faster, and each redrawing keeps the board waiting.
    let now = ContinuousClock.now
    guard
      percent == 100 || shownPercent < 0
        || now - shownAt >= Self.shortestStep
    else { return }
    shownAt = now
    shownPercent = percent
    write(
      "\r\(title(step.phase))\t\(step.bar(25)) "
        + "\("\(step.done)".leftPadded(12)) bytes")
    isOpen = true
  }
}

/// A line when a phase is done; for logs.
final class LineReporter: JobReporter {
  private let write: (String) -> Void

  /// - Parameter write: takes a line, without what ends it.
  init(_ write: @escaping (String) -> Void) { self.write = write }

  override func show(_ step: ProgressStep) {
    if step.kind == .finished { note("\(step.phase.title) done.") }
  }

  override func note(_ text: String) { write(text) }
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
