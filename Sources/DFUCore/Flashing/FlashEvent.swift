/// A stage of the work on a board's memory.
public enum FlashPhase: String, Hashable, Sendable {
  /// Reading what is there, to find out what must change.
  case compare
  /// Erasing.
  case erase
  /// Writing.
  case write
  /// Reading back and comparing.
  case verify
  /// Reading memory out.
  case read
}

/// What a flash tells while it goes on.
public enum FlashEvent: Hashable, Sendable {
  /// A phase begins; `total` bytes lie before it.
  case began(FlashPhase, total: Int)
  /// So many bytes of the phase are done.
  case progress(FlashPhase, done: Int)
  /// A phase is complete.
  case finished(FlashPhase)
  /// The plan is made; what changes anything begins after it.
  case planned(FlashPlan)
  /// The neighbours of the image in this sector cannot be read and are lost
  /// when it is erased.
  case neighboursLost(Sector)
  /// This much cannot be read back and was not compared.
  case unverifiable(Range<UInt64>)
  /// A transfer failed and is tried again.
  case retried(DFUError)
  /// A sector that was not to be touched has changed: what the board says of
  /// its sectors is not true. Everything is erased and written.
  case layoutIsWrong(Sector)
  /// The board reported a mass erase as done, but these sectors are not blank;
  /// they are erased one by one.
  case massEraseIncomplete([Sector])
}
