import DFUSimulator

/// What goes wrong in a run, at one transfer of it.
struct Trouble: Sendable {
  /// The name in the table.
  var name: String
  /// Which transfers are counted.
  var kind: RequestKind = .any
  /// What happens there.
  var cause: Cause

  enum Cause: Sendable {
    /// Something with the board or the cable.
    case fault(Fault.Effect, afterEffect: Bool)
    /// The user asks to stop: Ctrl-C, SIGTERM, SIGHUP.
    case stop
    /// The program is killed: nothing more is sent.
    case kill
  }

  /// Whether the board leaves the bus by it.
  var removesBoard: Bool {
    guard case .fault(let effect, _) = cause else { return false }
    return switch effect {
    case .unplug, .powerCut, .reenumerate: true
    default: false
    }
  }

  /// Whether the program is killed by it.
  var isKill: Bool {
    if case .kill = cause { true } else { false }
  }

  /// Whether it changes what the board holds or says behind everybody's back.
  var dropsData: Bool {
    guard case .fault(let effect, _) = cause else { return false }
    return switch effect {
    case .dropData, .cut: true
    default: false
    }
  }

  private static func fault(
    _ name: String, _ effect: Fault.Effect, of kind: RequestKind = .any,
    afterEffect: Bool = false
  ) -> Trouble {
    Trouble(
      name: name, kind: kind,
      cause: .fault(effect, afterEffect: afterEffect))
  }

  static let all: [Trouble] = [
    fault("stall", .stall),
    fault("transfer error", .transferError),
    fault("answer lost", .transferError, afterEffect: true),
    fault("no answer", .timeout),
    fault("cable pulled", .unplug),
    fault("pulled, done", .unplug, afterEffect: true),
    fault("re-enumeration", .reenumerate),
    fault("error status", .status(0x0F), of: .download),
    fault("short reply", .shortReply(3), of: .getStatus),
    fault("short data", .shortReply(1), of: .upload),
    fault("wrong data", .flip(offset: 7, mask: 0x10), of: .upload),
    fault("wrong status", .garbage, of: .getStatus),
    fault("data dropped", .dropData, of: .data),
    fault("data cut", .cut(9), of: .data),
    fault("power cut", .powerCut(back: .milliseconds(400))),
    Trouble(name: "Ctrl-C", cause: .stop),
    Trouble(name: "kill -9", cause: .kill),
  ]
}

/// What goes wrong in one run.
struct Disturbance {
  /// More transfers than any run should need.
  static let mostTransfers = 60_000
  /// The longest that a run may take, by the board's clock.
  static let longest = Duration.seconds(900)

  var faults: [Fault] = []
  /// At which transfer the user asks to stop.
  var stopsAt = Int.max
  /// The last transfer that goes through.
  var last = Self.mostTransfers

  /// Adds a trouble at one of the transfers that it counts.
  mutating func add(_ trouble: Trouble, at place: Int) {
    switch trouble.cause {
    case .fault(let effect, let afterEffect):
      faults.append(
        Fault(effect, at: place, of: trouble.kind, afterEffect: afterEffect))
    case .stop: stopsAt = min(stopsAt, place)
    case .kill: last = min(last, place)
    }
  }
}
