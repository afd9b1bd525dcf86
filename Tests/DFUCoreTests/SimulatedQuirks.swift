import DFUSimulator

/// Ways to change what a simulated board does.
enum Host {
  /// Changes a chip's profile; other boards stay as they are.
  static func quirk(
    _ change: @escaping (inout ChipProfile) -> Void
  ) -> (inout BoardProfile) -> Void {
    { profile in
      guard case .dfuSe(var chip) = profile.machine else { return }
      change(&chip)
      profile.machine = .dfuSe(chip)
    }
  }
}
