import ArgumentParser
import DFUCore
import DFUSimulator

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Make and change a bench of simulated boards.",
    discussion: """
      Every command sees the boards of a bench instead of real ones with \
      --bench FILE or the environment variable DFUFLASH_BENCH. Their memories \
      last from one command to the next. Without anything to do, the bench is \
      shown.

      Example: dfuflash simulate f405 l412 --bench my.json
               dfuflash simulate --bench my.json --power-cycle 1-2
               dfuflash simulate --replay trace.jsonl
      """)

  @Argument(
    help: "Kinds of board to make a new bench of; see --list-kinds.",
    completion: .list(BoardProfile.all.map(\.name)))
  var kinds: [String] = []

  @Option(
    help: ArgumentHelp(
      "The bench (also: the environment variable DFUFLASH_BENCH).",
      valueName: "file"))
  var bench: String?

  @Option(
    help: ArgumentHelp(
      "Check and show a trace or a report of a board; --bench takes it in place of a bench.",
      valueName: "file"))
  var replay: String?

  @Flag(help: "List the kinds of board there are.")
  var listKinds = false

  @Flag(help: "Replace a bench that exists.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "For a new bench: simulated seconds in a real one; without it waiting takes no time.",
      valueName: "factor"))
  var speed: Double?

  @Option(help: ArgumentHelp("Add a board of this kind.", valueName: "kind"))
  var add: [String] = []

  @Option(help: ArgumentHelp("Pull a board's cable.", valueName: "path"))
  var unplug: [String] = []

  @Option(help: ArgumentHelp("Plug a board in.", valueName: "path"))
  var plug: [String] = []

  @Option(help: ArgumentHelp("Set a board's BOOT0 low.", valueName: "path"))
  var boot0Low: [String] = []

  @Option(help: ArgumentHelp("Set a board's BOOT0 high.", valueName: "path"))
  var boot0High: [String] = []

  @Option(
    help: ArgumentHelp("Press a board's reset button.", valueName: "path"))
  var pressReset: [String] = []

  @Option(
    help: ArgumentHelp(
      "Take a board's power and give it back.", valueName: "path"))
  var powerCycle: [String] = []

  @Option(
    help: ArgumentHelp(
      "Switch a board's readout protection to level 0, 1 or 2, without erasing.",
      valueName: "path=level"))
  var protect: [String] = []

  @Option(
    help: ArgumentHelp(
      "Fill a board's memory from a file, as a debugger would.",
      valueName: "path:address=file"))
  var load: [String] = []

  @Option(
    help: ArgumentHelp(
      "Print a board's memory as bytes on standard output.",
      valueName: "path:address:length"))
  var dump: String?

  func run() throws {
    if listKinds {
      for profile in BoardProfile.all {
        Console.out("\(profile.name)\t\(profile.title)")
      }
      return
    }
    if let replay {
      guard let found = try Replay(replay) else {
        throw ToolFailure(
          .noInput, "\(PathText.shown(replay)) is no recording",
          advice: .noFile)
      }
      return Console.out(found.text(replay))
    }
    guard let path = bench ?? Environment["DFUFLASH_BENCH"], !path.isEmpty
    else {
      throw ValidationError("give the bench's file with --bench")
    }
    if !kinds.isEmpty {
      _ = try Bench.create(kinds, at: path, speed: speed, replacing: force)
    }
    try SimulatedBench.use(path) { bench in
      if try !change(bench) { show(bench, path) }
    }
  }

  /// Does what was asked for; `false` when that was nothing.
  private func change(_ bench: Bench) throws -> Bool {
    var isBusy = false
    func each(
      _ paths: [String], _ action: (SimulatedBoard) -> Void
    ) throws {
      for path in paths {
        isBusy = true
        action(try bench.board(at: path))
        bench.settle()
      }
    }
    for kind in add {
      isBusy = true
      _ = try bench.add(kind)
    }
    for text in load {
      isBusy = true
      try fill(text, bench)
    }
    try each(unplug) { $0.unplug() }
    try each(boot0Low) { $0.boot0 = false }
    try each(boot0High) { $0.boot0 = true }
    try each(plug) { $0.plug() }
    try each(pressReset) { $0.pressReset() }
    try each(powerCycle) { $0.powerCycle() }
    for text in protect {
      isBusy = true
      let parts = text.split(separator: "=")
      guard parts.count == 2, let level = Int(parts[1]),
        (0...2).contains(level)
      else { throw ValidationError("--protect takes path=level, as in 1-1=1") }
      try bench.board(at: String(parts[0])).setProtection(level: level)
    }
    if let dump {
      isBusy = true
      try print(dump, bench)
    }
    return isBusy
  }

  private func fill(_ text: String, _ bench: Bench) throws {
    let halves = text.split(separator: "=", maxSplits: 1)
    let place = halves.first?.split(separator: ":") ?? []
    guard halves.count == 2, place.count == 2,
      let address = UInt32(c: place[1])
    else {
      throw ValidationError(
        "--load takes path:address=file, as in 1-1:0x08000000=fw.bin")
    }
    let bytes = try Files.read(String(halves[1]))
    guard try bench.board(at: String(place[0])).fill(bytes, at: address) else {
      throw ToolFailure(
        .usage,
        "0x\(hex(address)) and the \(bytes.count) bytes after it are no memory of that board",
        advice: .benchBoards)
    }
  }

  private func print(_ text: String, _ bench: Bench) throws {
    let parts = text.split(separator: ":")
    guard parts.count == 3, let address = UInt32(c: parts[1]),
      let length = UInt32(c: parts[2])
    else {
      throw ValidationError(
        "--dump takes path:address:length, as in 1-1:0x08000000:256")
    }
    let board = try bench.board(at: String(parts[0]))
    guard let bytes = board.memory(at: address, count: Int(length)) else {
      throw ToolFailure(
        .usage,
        "0x\(hex(address)) and the \(length) bytes after it are no memory of that board",
        advice: .benchBoards)
    }
    try Console.write(bytes[...])
  }

  private func show(_ bench: Bench, _ path: String) {
    Console.out("Bench \(PathText.shown(path)):")
    for (path, board) in bench.boards {
      let place = board.isPlugged ? board.mode.rawValue : "unplugged"
      Console.out(
        "  \(path)  \(board.profile.name)  \(board.profile.title)  \(place)"
          + "  BOOT0 \(board.boot0 ? "high" : "low")"
          + (board.protectionLevel > 0
            ? "  readout protection level \(board.protectionLevel)" : ""))
    }
    Console.out("Use it: export DFUFLASH_BENCH=\(path)")
  }
}
