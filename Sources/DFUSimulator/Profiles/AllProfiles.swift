extension BoardProfile {
  /// Every kind of board the simulator knows.
  public static let all: [BoardProfile] = [
    f405, f429, f072, l412, l432, l432kb, g474, g0b1, h743, u585, gd32vf103,
    plain11,
    f042, f303, f107, f401, f411, f446, f722, f745, f767, f767Dual, l072, l152,
    l476, l496, l552, g431, c071, u073, wb55, h563, h723, h7a3, at32, apm32,
    freeRunner, simtrace, lpcLink, tdk, maple, oldMaple, dapboot, tinyUSB,
    xmos, zephyr, uBoot, tiva, stLink, camera, appleBluetooth,
  ]

  /// The kind with that name, in any case; also `stm32f405` for `f405`.
  public static func named(_ name: String) -> BoardProfile? {
    let name = name.lowercased()
    return all.first { $0.name == name || $0.title.lowercased() == name }
  }
}
