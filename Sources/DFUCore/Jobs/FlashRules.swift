extension BoardKnowledge {
  /// What a flash must heed besides what the person asked for.
  public func adapt(
    _ options: FlashOptions, to memory: BoardMemory? = nil
  ) -> FlashOptions {
    var options = options
    if rules.waitsDatasheetTimes {
      options.waitsForMaximumFrom = memory.flatMap(secondBank)
    }
    options.alignment = max(options.alignment, shared.writeUnit)
    options.erasedByte = shared.erasedByte ?? 0xFF
    options.alignment = max(options.alignment, rules.writeMultiple)
    if rules.checksBlank { options.checksBlank = true }
    if rules.massEraseIsBroken { options.massErasesBySector = true }
    options.timing = shared.timing
    options.pauseAfterErase = rules.pauseAfterErase
    if rules.transfersNeedRetry { options.attempts = 8 }
    if options.massErase == .never, !rules.massEraseIsBroken, isCertainROM,
      let timing = shared.timing,
      let whole = timing.massErase
    {
      options.massErase = .whenCheaper(timing, .microseconds(whole.typical))
    }
    return options
  }
}
