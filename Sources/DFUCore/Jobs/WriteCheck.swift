extension BoardSession {
  /// Refuses what may not be written without a permission, or at all. Judged
  /// are exactly the bytes that will be sent.
  func check(
    _ shares: [JobFirmware.Share], _ permissions: Permissions
  ) throws(JobError) {
    for share in shares { try check(share, permissions) }
  }

  private func check(
    _ share: JobFirmware.Share, _ permissions: Permissions
  ) throws(JobError) {
    let memory = share.memory
    if memory.kind != .optionBytes, let needed = memory.kind.writePermission {
      guard permissions.contains(needed) else {
        throw fail(
          .notPermitted(
            needed, at: share.image.segments.first?.address ?? 0, nil))
      }
    }
    let reaching = share.image.segments.filter(mayReachOptionBytes)
    if !reaching.isEmpty {
      if memory.holdsOptionBytes { try learnBootloader(memory) }
      // Protected chips do not show them; then all is judged without.
      let current =
        memory.holdsOptionBytes ? try? OptionByteAccess(self).read() : nil
      for segment in reaching {
        try checkOptionBytes(
          segment.bytes, at: segment.address, over: current, permissions)
      }
      if let current {
        var new = current
        for segment in reaching { new.lay(segment.bytes, at: segment.address) }
        // A field that only one of several possible chips has counts, too.
        try checkOptionByteErrata(
          optionByteLayouts.flatMap { $0.changes(from: current, to: new) })
      }
    }
    guard memory.kind == .oneTimeProgrammable else { return }
    for segment in share.image.segments {
      context.report(.programmingOnce(segment.bytes, at: segment.address))
    }
  }

  // MARK: Option bytes

  /// The layouts the chip's option bytes may have: one when the chip is known.
  package var optionByteLayouts: [OptionByteLayout] {
    knowledge.identification.candidates.compactMap(\.optionBytes).uniqued
  }

  /// The windows of option bytes that the board shows.
  private var shownOptionBytes: [AddressWindow] {
    selected.interface.memories.filter(\.holdsOptionBytes).flatMap {
      $0.map.runs.map { AddressWindow($0.address, length: $0.size) }
    }
  }

  private func mayReachOptionBytes(_ segment: FirmwareImage.Segment) -> Bool {
    OptionByteGuard.mayReachOptionBytes(
      AddressWindow(segment.address, length: segment.bytes.count),
      layouts: optionByteLayouts, shown: shownOptionBytes)
  }

  /// Refuses a write that the chip might not survive, from whatever file it
  /// comes and to whatever memory it goes, unless it is allowed.
  func checkOptionBytes(
    _ bytes: [UInt8], at address: UInt32, over current: OptionByteImage?,
    _ permissions: Permissions
  ) throws(JobError) {
    let concerns = OptionByteGuard.concerns(
      writing: bytes, at: address, layouts: optionByteLayouts,
      shown: shownOptionBytes, current: current)
    for concern in concerns {
      if case .raisesProtection = concern {
        try checkErrata(.raiseProtection)
      }
      if concern.severity == .note { context.report(.concern(concern)) }
    }
    // What nothing allows is told first.
    for concern in concerns.sorted(by: { $0.severity > $1.severity }) {
      switch concern.need {
      case .impossible: throw fail(.neverWritten(concern))
      case .permission(let needed) where !permissions.contains(needed):
        throw fail(.notPermitted(needed, at: address, concern))
      case .permission, .nothing: break
      }
    }
    guard permissions.contains(.optionBytes) else {
      throw fail(.notPermitted(.optionBytes, at: address, nil))
    }
    if let reason = knowledge.rules.optionBytesUnreachable {
      throw fail(.erratum(.writeOptionBytes, [reason]))
    }
    try checkErrata(.writeOptionBytes)
  }

  /// Refuses changes of option bytes that the bootloader is known to do wrong,
  /// and says what is known of the others.
  func checkOptionByteErrata(
    _ changes: [OptionChange]
  ) throws(JobError) {
    let rules = knowledge.rules
    let roles = changes.map(\.field.role)
    let codeSentences =
      (rules.refusals[.writeCodeProtection] ?? [])
      + (rules.warnings[.writeCodeProtection] ?? [])
    let touchesCode = roles.contains(.codeProtection)
    if touchesCode, let sentences = rules.refusals[.writeCodeProtection] {
      throw fail(.erratum(.writeCodeProtection, sentences))
    }
    if let sentence = rules.splitsOptionByteWrites,
      roles.contains(.readoutProtection), roles.contains(where: \.isSecure)
    {
      throw fail(.protectionAlone(sentence))
    }
    tellHints(on: .optionBytes, but: touchesCode ? [] : codeSentences)
  }
}
