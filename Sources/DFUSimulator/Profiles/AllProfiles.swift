extension BoardProfile {
  /// Every kind of board the simulator knows.
  public static let all: [BoardProfile] = [
    f405, f429, f072, l412, l432, g474, g0b1, h743, u585, gd32vf103, plain11,
    freeRunner, simtrace, lpcLink, tdk, maple, oldMaple, dapboot, tinyUSB,
    xmos, zephyr, uBoot, tiva, stLink, camera, appleBluetooth,
  ]

  /// The kind with that name, in any case; also `stm32f405` for `f405`.
  public static func named(_ name: String) -> BoardProfile? {
    let name = name.lowercased()
    return all.first { $0.name == name || $0.title.lowercased() == name }
  }
}
