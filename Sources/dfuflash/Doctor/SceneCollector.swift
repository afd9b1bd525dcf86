import DFUCore

/// Gathers what `doctor` judges, from the bus and from the system.
struct SceneCollector {
  let bus: any USBBus
  /// What the system tells; `nil` on a simulated bench.
  let system: SystemFacts?

  func scene() throws(USBError) -> DoctorScene {
    var scene = DoctorScene(system: system?.system ?? .bench)
    let devices = try bus.devices().sorted {
      ([$0.bus] + $0.ports).lexicographicallyPrecedes([$1.bus] + $1.ports)
    }
    for device in devices {
      scene.devices.append(seen(device))
    }
    if let system {
      scene.isRoot = system.isRoot
      (scene.rules, scene.ownRules) = system.rules()
    }
    return scene
  }

  private func seen(_ device: USBDevice) -> SeenDevice {
    var seen = SeenDevice(device: device)
    seen.node = system?.node(of: device)
    let board = Board(looking: device, on: bus)
    guard !board.interfaces.isEmpty else { return seen }
    seen.board = board
    seen.drivers = system?.drivers(of: device) ?? []
    guard let interface = seen.dfuInterface, board.problem == nil,
      board.otherProtocol == nil,
      // Claiming would take the interface away from its driver.
      !seen.drivers.contains(where: { $0.number == interface.number })
    else {
      seen.holders = system?.holders(of: seen.node) ?? []
      return seen
    }
    let look = BoardProbe(bus: bus).look(at: board, interface)
    seen.look = look
    if look.claim?.code == .busy {
      seen.holders = system?.holders(of: seen.node) ?? []
    }
    return seen
  }
}
