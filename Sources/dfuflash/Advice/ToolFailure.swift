/// How the program ends. The numbers are those of dfu-util, which are those of
/// BSD's `sysexits.h`.
enum ExitStatus: Int32, CaseIterable {
  /// Done.
  case success = 0
  /// `doctor` found problems or warnings; a board of `station` failed.
  case findings = 1
  /// `EX_USAGE`: wrong options, or an image that does not fit the board.
  case usage = 64
  /// `EX_DATAERR`: the file is not what it should be.
  case badFile = 65
  /// `EX_NOINPUT`: the file cannot be read.
  case noInput = 66
  /// `EX_SOFTWARE`: a fault of this program.
  case internalFault = 70
  /// `EX_CANTCREAT`: the output exists or cannot be written.
  case cannotWrite = 73
  /// `EX_IOERR`: USB trouble, no board, several boards, verification failed.
  case device = 74
  /// `EX_PROTOCOL`: the board is in a state it should not be in.
  case protocolState = 76
  /// Stopped with Ctrl-C, by SIGTERM, or by the end of the session (SIGHUP).
  case interrupted = 130
}

/// An end that is not a success: what happened, and what to do about it.
struct ToolFailure: Error {
  var status: ExitStatus
  /// What happened, on which board, where: a sentence without a full stop.
  var message: String
  /// The next step; `nil` where the message says all.
  var advice: Hint?
  /// The next step as text.
  var hint: String? { advice?.text }

  init(_ status: ExitStatus, _ message: String, advice: Hint? = nil) {
    self.status = status
    self.message = message
    self.advice = advice
  }
}
