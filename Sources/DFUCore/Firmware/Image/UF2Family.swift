/// A chip family as UF2 files name it (microsoft/uf2,
/// `utils/uf2families.json`). Unknown IDs survive.
public struct UF2Family: RawRepresentable, Hashable, Sendable {
  /// The family ID.
  public var rawValue: UInt32

  /// A family by its ID.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The family of a name, in any case; `nil` for an unknown one.
  public init?(named name: String) {
    let wanted = name.uppercased()
    guard let known = Self.known.first(where: { $0.name == wanted }) else {
      return nil
    }
    self = known.family
  }

  /// The name, such as “STM32F4”; `nil` for an unknown family.
  public var name: String? {
    Self.known.first { $0.family == self }?.name
  }

  /// The name of a family ID; `nil` for an unknown one.
  public static func name(of id: UInt32) -> String? {
    UF2Family(rawValue: id).name
  }

  static let stm32F0 = UF2Family(rawValue: 0x6478_24B6)
  static let stm32F1 = UF2Family(rawValue: 0x5EE2_1072)
  static let stm32F2 = UF2Family(rawValue: 0x5D1A_0A2E)
  static let stm32F3 = UF2Family(rawValue: 0x6B84_6188)
  static let stm32F4 = UF2Family(rawValue: 0x5775_5A57)
  static let stm32F407 = UF2Family(rawValue: 0x6D09_22FA)
  static let stm32F7 = UF2Family(rawValue: 0x53B8_0F00)
  static let stm32G0 = UF2Family(rawValue: 0x300F_5633)
  static let stm32G4 = UF2Family(rawValue: 0x4C71_240A)
  static let stm32H5 = UF2Family(rawValue: 0x4E8F_1C5D)
  static let stm32H7 = UF2Family(rawValue: 0x6DB6_6082)
  static let stm32L0 = UF2Family(rawValue: 0x202E_3A91)
  static let stm32L1 = UF2Family(rawValue: 0x1E1F_432D)
  static let stm32L4 = UF2Family(rawValue: 0x00FF_6919)
  static let stm32L5 = UF2Family(rawValue: 0x0424_0BDF)
  static let stm32WB = UF2Family(rawValue: 0x70D1_6653)
  static let stm32WL = UF2Family(rawValue: 0x2146_0FF0)

  /// All that have a name.
  public static let known: [(family: UF2Family, name: String)] = [
    (.stm32F0, "STM32F0"), (.stm32F1, "STM32F1"), (.stm32F2, "STM32F2"),
    (.stm32F3, "STM32F3"), (.stm32F4, "STM32F4"), (.stm32F407, "STM32F407"),
    (.stm32F7, "STM32F7"), (.stm32G0, "STM32G0"), (.stm32G4, "STM32G4"),
    (.stm32H5, "STM32H5"), (.stm32H7, "STM32H7"), (.stm32L0, "STM32L0"),
    (.stm32L1, "STM32L1"), (.stm32L4, "STM32L4"), (.stm32L5, "STM32L5"),
    (.stm32WB, "STM32WB"), (.stm32WL, "STM32WL"),
  ]
}
