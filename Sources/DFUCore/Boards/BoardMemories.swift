/// One memory of a board: an alternate setting whose name describes it.
public struct BoardMemory: Hashable, Sendable {
  /// The alternate setting.
  public var alternate: AlternateSetting
  /// The memory.
  public var map: MemoryMap

  /// What kind of memory it is, by its name or its addresses.
  public var kind: MemoryKind { map.kind }

  /// Whether writing here changes the chip's option bytes, after which it
  /// resets.
  public var holdsOptionBytes: Bool { kind == .optionBytes }
}

/// Which alternate setting is meant: by number or by name.
public enum AlternateSelector: Hashable, Sendable {
  /// `bAlternateSetting`.
  case number(UInt8)
  /// The whole interface string, or a memory's name before the first slash,
  /// with its @ or without.
  case name(String)

  /// Whether it is this alternate setting.
  public func matches(_ setting: AlternateSetting) -> Bool {
    switch self {
    case .number(let number): return setting.number == number
    case .name(let name):
      guard let text = setting.name?.raw else { return false }
      if text == name { return true }
      guard text.hasPrefix("@") else { return false }
      let bare = String(text.prefix { $0 != "/" }.dropFirst()).trimmingBlanks
      return bare == name || "@" + bare == name
    }
  }
}

/// Why no alternate setting of a board could be chosen. Nothing was touched.
public enum AlternateError: Error, Hashable, Sendable {
  /// The board has no such alternate setting.
  case noSuch(AlternateSelector, present: [AlternateSetting])
  /// The name is no memory layout, so no address means anything there.
  case noLayout(AlternateSetting)
  /// The layout cannot be trusted.
  case broken(AlternateSetting, MemoryMapError)
  /// No memory of the board has this address.
  case noMemory(address: UInt32, present: [BoardMemory])
  /// Without an address or a choice there are several possibilities.
  case ambiguous(present: [AlternateSetting])
}

extension DFUInterface {
  /// The memories whose layout can be trusted.
  public var memories: [BoardMemory] {
    alternates.compactMap { setting in
      guard let map = try? setting.memory() else { return nil }
      return BoardMemory(alternate: setting, map: map)
    }
  }

  /// The alternate setting that `selector` means; without one the only one.
  public func alternate(
    _ selector: AlternateSelector?
  ) throws(AlternateError) -> AlternateSetting {
    guard let selector else {
      guard let first = alternates.first, alternates.count == 1 else {
        throw .ambiguous(present: alternates)
      }
      return first
    }
    guard let setting = alternates.first(where: selector.matches) else {
      throw .noSuch(selector, present: alternates)
    }
    return setting
  }

  /// The memory that `selector` means, or else the one that holds `address`,
  /// or else the first. Where several alternate settings describe the same
  /// memory, as on STM32G0B1, the lowest counts.
  public func memory(
    _ selector: AlternateSelector?, holding address: UInt32?
  ) throws(AlternateError) -> BoardMemory {
    if let selector {
      let setting = try alternate(selector)
      let map: MemoryMap?
      do throws(MemoryMapError) {
        map = try setting.memory()
      } catch {
        throw .broken(setting, error)
      }
      guard let map else { throw .noLayout(setting) }
      return BoardMemory(alternate: setting, map: map)
    }
    let all = memories.sorted { $0.alternate.number < $1.alternate.number }
    guard let first = all.first else {
      for setting in alternates {
        do throws(MemoryMapError) {
          _ = try setting.memory()
        } catch {
          throw .broken(setting, error)
        }
      }
      guard let setting = alternates.first else {
        throw .ambiguous(present: [])
      }
      throw .noLayout(setting)
    }
    guard let address else { return first }
    guard
      let holder = all.first(where: { $0.map.sector(at: address) != nil })
    else {
      // It may be the memory whose name could not be read.
      if let unread = alternates.first(where: { $0.name == nil }) {
        throw .noLayout(unread)
      }
      throw .noMemory(address: address, present: all)
    }
    return holder
  }
}
