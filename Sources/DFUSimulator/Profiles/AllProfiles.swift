extension BoardProfile {
  /// Every kind of board the simulator knows.
  public static let all: [BoardProfile] = roms + homeMade + plain

  /// The kind with that name, in any case; also `stm32f405` for `f405`.
  public static func named(_ name: String) -> BoardProfile? {
    let name = name.lowercased()
    return all.first { $0.name == name || $0.title.lowercased() == name }
  }
}
