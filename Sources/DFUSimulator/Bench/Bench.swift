import DFUCore
import SystemPackage

/// A virtual bench: simulated boards whose memories and states outlast the
/// process.
///
/// It is a JSON file and, beside it, a folder of the same name with a folder
/// for each board's memories. A memory without a file is as it left the
/// factory. One process at a time may have it open.
///
/// ```json
/// {
///   "format": "dfuflash-bench", "version": 1,
///   "speed": 1,
///   "wire": false,
///   "boards": [
///     {
///       "profile": "l412", "path": "1-2.3",
///       "uniqueID": "270058000B50313353313320",
///       "serial": "208B317A3331",
///       "application": "dfu",
///       "ownPower": true,
///       "protection": 1,
///       "quirks": { "startsInError": true, "leave": "broken" },
///       "faults": [{ "effect": "stall", "nth": 3, "of": "getStatus" }],
///       "deniedOpens": 1, "busyClaims": -1,
///       "events": [{ "event": "unplug", "after": 2.5 }]
///     }
///   ]
/// }
/// ```
///
/// Only `format`, `version`, `boards`, `profile` and `path` must be there.
/// Without `speed`, or with 0, the bench lives in virtual time; `wire: false`
/// lets transfers take no time. Faults and events begin again in each run;
/// quirks are the properties of ``ChipQuirks`` and of ``BoardChoice``, by name. `state`, which the bench writes itself, is where a
/// board was left. A key that is not known is an error.
public final class Bench {
  /// The path of the JSON file.
  public let file: String
  /// The boards as a USB.
  public let bus: SimulatedBus

  private var content: BenchFile
  private var entries: [Entry] = []
  private let addresses: AddressPool
  private let lock: FileLock

  private struct Entry {
    var settings: BoardEntry
    var board: SimulatedBoard
    /// What the files hold, by their names; to write only what changed.
    var saved: [String: [UInt8]]
  }

  /// No bench has more boards: USB addresses end at 127.
  public static let mostBoards = 120
  private static let mostBytes = 4 << 20
  private static let largestMemory = 64 << 20

  private init(
    _ file: String, _ content: BenchFile, _ lock: FileLock,
    speed: Double? = nil
  ) {
    self.file = file
    self.content = content
    self.lock = lock
    let last = content.boards.compactMap(\.state?.address).max() ?? 1
    addresses = AddressPool(after: last)
    if let speed = content.speed ?? speed, speed > 0 {
      bus = SimulatedBus(clock: ScaledClock(speed: speed))
    } else {
      bus = SimulatedBus()
    }
  }

  // MARK: - Opening and saving

  /// Makes a new bench with boards of the given kinds on ports 1-1, 1-2 …,
  /// plugged in and in DFU mode, and saves it.
  ///
  /// - Parameters:
  ///   - profiles: names of ``BoardProfile``s.
  ///   - file: the path of the JSON file.
  ///   - speed: simulated seconds in a real second; `nil` for virtual time,
  ///     in which waiting takes none.
  ///   - replacing: whether a bench of that name may be overwritten.
  /// - Returns: the bench, which stays locked for this process.
  /// - Throws: ``BenchError`` when a board is unknown, a bench is there, or
  ///   the files cannot be written.
  public static func create(
    _ profiles: [String], at file: String, speed: Double? = nil,
    replacing: Bool = false
  ) throws(BenchError) -> Bench {
    if let parent = parentFolder(of: file) { try Files.makeFolder(parent) }
    let lock = try FileLock(file + ".lock")
    if !replacing, try Files.read(file, limit: mostBytes) != nil {
      throw .exists(file)
    }
    var content = BenchFile()
    content.speed = speed
    let bench = Bench(file, content, lock)
    for name in profiles { try bench.add(name) }
    try bench.save()
    return bench
  }

  /// Opens a bench.
  ///
  /// - Parameters:
  ///   - file: the path of the JSON file.
  ///   - patience: how long to wait for another process that has it open.
  ///   - speed: the speed of a bench that has none of its own.
  /// - Returns: the bench, which stays locked for this process.
  /// - Throws: ``BenchError`` that names the file and what is wrong.
  public static func load(
    _ file: String, patience: Duration = .zero, speed: Double? = nil
  ) throws(BenchError) -> Bench {
    guard try Files.read(file, limit: mostBytes) != nil else {
      throw .missing(file)
    }
    let lock = try waitForLock(file + ".lock", patience)
    guard let bytes = try Files.read(file, limit: mostBytes) else {
      throw .missing(file)
    }
    let content = try BenchFile.decode(bytes, path: file)
    guard content.boards.count <= mostBoards else {
      throw .invalid(
        file, at: "boards", "there are more than \(mostBoards) boards")
    }
    if let speed = content.speed, !(speed >= 0 && speed <= 1_000_000) {
      throw .invalid(file, at: "speed", "it is not between 0 and a million")
    }
    let bench = Bench(file, content, lock, speed: speed)
    for (index, settings) in content.boards.enumerated() {
      try bench.restore(settings, at: "boards[\(index)]")
    }
    bench.settle()
    return bench
  }

  private static func waitForLock(
    _ path: String, _ patience: Duration
  ) throws(BenchError) -> FileLock {
    let clock = SystemClock()
    while true {
      do {
        return try FileLock(path)
      } catch .locked where clock.now() < patience {
        clock.sleep(for: .milliseconds(10))
      }
    }
  }

  /// Writes what changed: memories first, then the JSON file, each replaced
  /// in one step. Boards on their way somewhere arrive there first.
  public func save() throws(BenchError) {
    for index in entries.indices {
      entries[index].board.settle()
      try saveMemories(index)
      entries[index].settings.state = entries[index].board.stateEntry
      if entries[index].settings.protection != nil {
        entries[index].settings.protection =
          entries[index].board.protectionLevel
      }
    }
    content.boards = entries.map(\.settings)
    try Files.replace(file, with: content.encode(path: file))
  }

  private func saveMemories(_ index: Int) throws(BenchError) {
    let folder = folder(of: entries[index].settings.path)
    var hasFolder = false
    for (name, bytes) in entries[index].board.lastingMemories {
      guard entries[index].saved[name] != bytes else { continue }
      if !hasFolder { try Files.makeFolder(folder) }
      hasFolder = true
      try Files.replace(folder + "/" + name, with: bytes)
      entries[index].saved[name] = bytes
    }
  }

  private func folder(of path: String) -> String {
    let base = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
    return base + ".boards/" + path
  }

  private static func parentFolder(of file: String) -> String? {
    let parent = FilePath(file).removingLastComponent()
    return parent.isEmpty ? nil : parent.string
  }

  private func removeFiles(of entry: Entry) {
    for (name, _) in entry.board.lastingMemories {
      Files.remove(folder(of: entry.settings.path) + "/" + name)
    }
  }

  // MARK: - Boards

  /// The boards with their port paths, in the order of the file.
  public var boards: [(path: String, board: SimulatedBoard)] {
    entries.map { ($0.settings.path, $0.board) }
  }

  /// The board at a port path such as `1-2`.
  public func board(at path: String) throws(BenchError) -> SimulatedBoard {
    guard let entry = entries.first(where: { $0.settings.path == path })
    else { throw .noBoard(path, bench: file) }
    return entry.board
  }

  /// Adds a virgin board and plugs it in.
  ///
  /// - Parameters:
  ///   - profile: the name of a ``BoardProfile``.
  ///   - path: where; by default the next free port of bus 1.
  ///   - uniqueID: of its chip; by default one that no other board has.
  ///   - serial: a serial number that does not follow from the unique ID.
  ///   - application: what shows on the bus when its program runs; by
  ///     default what the kind of board has.
  /// - Returns: the board, on the bus.
  /// - Throws: ``BenchError`` when the kind is unknown or the port taken.
  @discardableResult
  public func add(
    _ profile: String, path: String? = nil, uniqueID: ChipID? = nil,
    serial: String? = nil, application: ApplicationChoice? = nil
  ) throws(BenchError) -> SimulatedBoard {
    guard entries.count < Self.mostBoards else {
      throw .badPath(
        path ?? "", "the bench has \(Self.mostBoards) boards already")
    }
    let path = path ?? freePath
    let number = entries.count + 1
    let id = uniqueID ?? ChipID(board: number)
    let settings = BoardEntry(
      profile: profile, path: path, uniqueID: id.text, serial: serial,
      application: application)
    try restore(settings, at: nil, isVirgin: true)
    guard let entry = entries.last else { throw .unknownProfile(profile) }
    // Files of a board that was there before are none of this one's.
    removeFiles(of: entry)
    settle()
    return entry.board
  }

  /// Takes a board out of the bench, with its memories.
  public func remove(at path: String) throws(BenchError) {
    guard let index = entries.firstIndex(where: { $0.settings.path == path })
    else { throw .noBoard(path, bench: file) }
    let entry = entries.remove(at: index)
    entry.board.unplug()
    removeFiles(of: entry)
  }

  private var freePath: String {
    let taken = Set(entries.map(\.settings.path))
    return (1...255).lazy.map { "1-\($0)" }.first { !taken.contains($0) }
      ?? "1-1"
  }

  /// Lets all boards arrive where they are going, without waiting.
  public func settle() {
    for entry in entries { entry.board.settle() }
  }

  private func restore(
    _ settings: BoardEntry, at place: String?, isVirgin: Bool = false
  ) throws(BenchError) {
    guard let path = PortPath(settings.path) else {
      throw .badPath(
        settings.path,
        "it should read bus-port, such as 1-2 or 1-2.3, with numbers from 1 to"
          + " 255 and at most seven ports in a row")
    }
    guard !entries.contains(where: { $0.settings.path == settings.path })
    else { throw .badPath(settings.path, "another board is there") }
    guard var profile = BoardProfile.named(settings.profile) else {
      throw .unknownProfile(settings.profile)
    }
    if content.wire == false { profile.wire = .free }
    for (index, name) in (settings.alternates ?? []).enumerated() {
      guard index < profile.alternates.count else { break }
      profile.alternates[index].name = name
    }
    var id = ChipID(board: entries.count + 1)
    if let text = settings.uniqueID {
      guard let given = ChipID(text) else {
        throw .invalid(
          file, at: place.map { $0 + ".uniqueID" },
          "\(text.debugDescription) is not 24 hexadecimal digits")
      }
      id = given
    }
    do throws(BenchFault) {
      if let quirks = settings.quirks { try profile.apply(quirks) }
      let faults = try (settings.faults ?? []).map {
        fault throws(BenchFault) in try fault.fault()
      }
      let board = makeBoard(profile, id, settings, path.bus, path.ports)
      let saved = try restoreMemories(of: board, settings, isVirgin)
      board.restore(settings)
      board.faults = FaultPlan(
        faults, deniedOpens: settings.deniedOpens ?? 0,
        busyClaims: settings.busyClaims ?? 0)
      for event in settings.events ?? [] {
        board.schedule(event.event, after: try seconds(event.after) ?? .zero)
      }
      entries.append(Entry(settings: settings, board: board, saved: saved))
      self.bus.add(board)
    } catch {
      throw .invalid(file, at: place, error.reason)
    }
  }

  private func makeBoard(
    _ profile: BoardProfile, _ id: ChipID, _ settings: BoardEntry,
    _ number: UInt8, _ ports: [UInt8]
  ) -> SimulatedBoard {
    let board = SimulatedBoard(
      profile, uniqueID: id, serial: settings.serial, bus: number,
      ports: ports,
      clock: bus.clock.isVirtual ? VirtualClock() : bus.clock,
      addresses: addresses)
    switch settings.application {
    case .none?: board.application = nil
    case .device?: board.application = .stm32(runtimeDFU: false)
    case .dfu?: board.application = .stm32(runtimeDFU: true)
    case nil: break
    }
    return board
  }

  private func restoreMemories(
    of board: SimulatedBoard, _ settings: BoardEntry, _ isVirgin: Bool
  ) throws(BenchFault) -> [String: [UInt8]] {
    var saved: [String: [UInt8]] = [:]
    for (name, virgin) in board.lastingMemories {
      saved[name] = virgin
      if isVirgin { continue }
      let path = folder(of: settings.path) + "/" + name
      let bytes: [UInt8]?
      do {
        bytes = try Files.read(path, limit: Self.largestMemory)
      } catch {
        throw BenchFault("\(error)")
      }
      guard let bytes else { continue }
      guard board.restoreMemory(name, bytes) else {
        throw BenchFault(
          "\(path) has \(bytes.count) bytes, which do not fit this memory")
      }
      saved[name] = bytes
    }
    return saved
  }
}

extension ApplicationProfile {
  /// A program as ST's examples make it: 0483:5740, with the whole unique ID
  /// as serial number.
  public static func stm32(runtimeDFU: Bool) -> ApplicationProfile {
    ApplicationProfile(
      usb: USBIdentity(
        vendor: 0x0483, product: 0x5740, deviceVersion: 0x0200,
        usbVersion: 0x0200, manufacturer: "STMicroelectronics",
        productName: "STM32 application", serial: .full),
      functional: runtimeDFU
        ? FunctionalProfile(
          attributes: 0x0B, detachTimeout: 255, transferSize: 2_048,
          version: 0x011A) : nil,
      interface: runtimeDFU ? 1 : 0, name: runtimeDFU ? "Run-time DFU" : nil)
  }
}
