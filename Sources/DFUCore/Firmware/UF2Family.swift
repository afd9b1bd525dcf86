/// What a UF2 file holds for one chip family.
public struct UF2Family: Hashable, Sendable {
  /// The family ID; `nil` for blocks that name none.
  public var id: UInt32?
  /// The bytes and their addresses.
  public var image: FirmwareImage

  /// A family's part of a file.
  public init(id: UInt32?, image: FirmwareImage) {
    self.id = id
    self.image = image
  }

  /// The family's name, such as “STM32F4”, if it is known.
  public var name: String? { id.flatMap(Self.name(of:)) }

  /// The name of a family ID, if it is known.
  public static func name(of id: UInt32) -> String? {
    known.first { $0.id == id }?.name
  }

  /// The family ID of a name, in any case, if it is known.
  public static func id(named name: String) -> UInt32? {
    let wanted = name.uppercased()
    return known.first { $0.name == wanted }?.id
  }

  /// The families of ST's chips (microsoft/uf2, `utils/uf2families.json`).
  public static let known: [(id: UInt32, name: String)] = [
    (0x6478_24B6, "STM32F0"), (0x5EE2_1072, "STM32F1"),
    (0x5D1A_0A2E, "STM32F2"), (0x6B84_6188, "STM32F3"),
    (0x5775_5A57, "STM32F4"), (0x6D09_22FA, "STM32F407"),
    (0x53B8_0F00, "STM32F7"), (0x300F_5633, "STM32G0"),
    (0x4C71_240A, "STM32G4"), (0x4E8F_1C5D, "STM32H5"),
    (0x6DB6_6082, "STM32H7"), (0x202E_3A91, "STM32L0"),
    (0x1E1F_432D, "STM32L1"), (0x00FF_6919, "STM32L4"),
    (0x0424_0BDF, "STM32L5"), (0x70D1_6653, "STM32WB"),
    (0x2146_0FF0, "STM32WL"),
  ]
}
