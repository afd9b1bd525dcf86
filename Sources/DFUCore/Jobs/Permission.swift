/// Something that a job does to a chip only where it was allowed by name.
///
/// No job writes option bytes, one-time programmable memory, the Device
/// Feature or a product state, moves readout protection, or erases memory that
/// is not flash without the permission for it. The check is made on exactly
/// the bytes that would be sent, before the board is changed.
public enum Permission: String, Hashable, Sendable, CaseIterable {
  /// Writing option bytes that look right and change no protection.
  case optionBytes
  /// Writing option bytes that look wrong, or whose consequences are hard to
  /// undo: complements that do not match, reserved bits, code protection.
  case riskyOptionBytes
  /// Raising readout protection, but not to the level that is for ever.
  case raiseProtection
  /// Lifting readout protection; the chip erases its flash.
  case liftProtection
  /// Readout protection level 2: there is no way back.
  case permanentLock
  /// Moving the product state of an STM32H5 on.
  case productState
  /// Programming memory that can be programmed only once.
  case oneTimeProgrammable
  /// Writing the Device Feature memory of F2, F4 and F7 chips.
  case deviceFeature
  /// Erasing data memory, the EEPROM of L0 and L1 chips.
  case eraseDataMemory
}

/// What a job may do besides reading, and writing flash. Empty unless said
/// otherwise.
public typealias Permissions = Set<Permission>

extension OptionByteConcern {
  /// What allows a write that raises this concern.
  enum Need: Hashable {
    /// Nothing but ``Permission/optionBytes``.
    case nothing
    /// This permission.
    case permission(Permission)
    /// Nothing allows it.
    case impossible
  }

  /// What allows a write that raises this concern.
  var need: Need {
    switch self {
    case .permanentLock, .raisesProtection(_, .level2):
      .permission(.permanentLock)
    case .raisesProtection: .permission(.raiseProtection)
    case .lowersProtection: .permission(.liftProtection)
    case .advancesProductState: .permission(.productState)
    case .complementMismatch, .reservedChanged, .unequalPair, .risky,
      .notFromBase:
      .permission(.riskyOptionBytes)
    case .unknownLayout:
      severity == .note ? .nothing : .permission(.riskyOptionBytes)
    case .untouchable: .impossible
    }
  }
}

extension MemoryKind {
  /// What allows writing to memory of this kind at all.
  var writePermission: Permission? {
    switch self {
    case .internalFlash, .externalFlash, .other: nil
    case .optionBytes: .optionBytes
    case .oneTimeProgrammable, .engineeringBytes: .oneTimeProgrammable
    case .deviceFeature: .deviceFeature
    case .dataMemory: .eraseDataMemory
    }
  }
}
