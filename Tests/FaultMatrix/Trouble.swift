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
