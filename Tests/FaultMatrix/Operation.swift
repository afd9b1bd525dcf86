import DFUCore
import DFUSimulator
import TestSupport

/// Something a person does with a board, and what has come of it when it is
/// done.
struct Operation: Sendable {
  /// The name in the table.
  var name: String
  /// The kind of board.
  var kind: String
  /// Where the memory lies that is looked at.
  var base: UInt32 = 0x0800_0000
  /// What is there before; empty for boards without addresses.
  var old: [UInt8] = []
  /// What is there when it is done.
  var wanted: [UInt8] = []
  /// How much of it, from the base on, the image itself is; the rest is what
  /// lies beside it.
  var imageLength: Int
  /// What else may stand there in between, as after protection was lifted.
  var between: [[UInt8]] = []
  /// What a plain DFU device has stored when it is done.
  var stored: [UInt8]?
  /// Whether the board's application runs at first.
  var startsRunning = false
  /// Whether part of a program is taken away on purpose.
  var halves = false
  /// Whether it is over when the board has left the bus, whatever made it go.
  var endsWhenGone = false
  /// More that is done to the board before.
  var prepare: @Sendable (SimulatedBoard) -> Void = { _ in }
  /// More that must be true when it is done.
  var isDone: @Sendable (SimulatedBoard) -> Bool = { _ in true }
  /// Does it; what was said of bytes that are lost.
  var run: @Sendable (SelectedBoard, JobContext) throws(JobError) -> Outcome

  /// What it says of itself when it has not failed.
  struct Outcome {
    /// Whether it says that all of it was looked at.
    var isChecked = true
    /// What it has read.
    var read: [UInt8]?
  }
}

extension Operation {
  static func all() throws -> [Operation] {
    try flashes() + memories() + options() + plain() + production()
  }

  // MARK: Flashing

  private static func flash(
    _ name: String, _ kind: String, old: [UInt8], image: [UInt8],
    wanted: [UInt8]? = nil, at base: UInt32 = 0x0800_0000,
    _ change: (inout FlashJob) -> Void = { _ in }
  ) -> Operation {
    var job = FlashJob(JobFirmware(FirmwareFile(raw: image), at: base))
    change(&job)
    var rest = old
    rest.replaceSubrange(0..<min(image.count, old.count), with: image)
    return Operation(
      name: name, kind: kind, base: base, old: old, wanted: wanted ?? rest,
      imageLength: image.count
    ) { [job] board, context throws(JobError) in
      Outcome(isChecked: try job.run(board, context).isVerified)
    }
  }

  private static func flashes() -> [Operation] {
    let blank = [UInt8](repeating: 0xFF, count: 0x8000)
    let old = program(0x8000, seed: 2)
    let new = program(0x5000, seed: 3)
    // Somebody's data from the middle of the last sector on.
    let shared = program(0x5000, seed: 2) + program(0x3000, seed: 5)
    var changed = old
    changed[0x6000] ^= 0x42
    let page = program(0x1800, seed: 2)
    return [
      flash("flash", "f405", old: old, image: new + old.suffix(0x3000)),
      flash("flash, blank", "f405", old: blank, image: new),
      flash("flash, --vdd", "f405", old: old, image: new) {
        $0.supply = 3300
        $0.permissions = [.deviceFeature]
      },
      flash("flash, neighbours", "f405", old: shared, image: new),
      flash("flash, one byte", "f405", old: old, image: changed),
      flash("flash, --full", "f405", old: old, image: new) {
        $0.flash.rewritesAll = true
      },
      flash("flash, pages", "l432", old: page, image: program(0x1400, seed: 4)),
      flash(
        "flash, 64 bytes", "f072", old: page, image: program(0x900, seed: 4)),
      flash(
        "flash, quad words", "u585", old: program(0x4000, seed: 2),
        image: program(0x2100, seed: 4)),
      flash(
        "flash, ECC", "h743", old: program(0x400, seed: 2),
        image: program(0x400, seed: 4)),
      flash(
        "flash, mass erase", "l432", old: page, image: program(0x1800, seed: 4)
      ) { $0.flash.massErase = .always },
      unprotecting(page),
    ]
  }

  private static func unprotecting(_ old: [UInt8]) -> Operation {
    let image = program(old.count, seed: 4)
    var operation = flash("unprotect, flash", "l432", old: old, image: image) {
      $0.unprotects = true
      $0.permissions = [.liftProtection]
    }
    operation.prepare = { $0.setProtection(level: 1) }
    operation.isDone = { $0.protectionLevel == 0 }
    operation.between = [[UInt8](repeating: 0xFF, count: old.count)]
    return operation
  }

  // MARK: Memory

  private static func memories() -> [Operation] {
    let old = program(0x3000, seed: 2)
    var erased = old
    erased.replaceSubrange(
      0x800..<0x1800, with: [UInt8](repeating: 0xFF, count: 0x1000))
    let blank = [UInt8](repeating: 0xFF, count: old.count)
    let reading = Operation(
      name: "read", kind: "f405", old: old, wanted: old, imageLength: 0
    ) { board, context throws(JobError) in
      var job = ReadJob()
      job.address = 0x0800_0000
      job.length = UInt32(old.count)
      var bytes: [UInt8] = []
      try job.run(board, context) { bytes += $0 }
      return Outcome(read: bytes)
    }
    let verifying = Operation(
      name: "verify", kind: "f405", old: old, wanted: old, imageLength: 0
    ) { board, context throws(JobError) in
      try VerifyJob(JobFirmware(FirmwareFile(raw: old))).run(board, context)
      return Outcome()
    }
    let leaving = Operation(
      name: "leave", kind: "f405", old: old, wanted: old, imageLength: 0,
      endsWhenGone: true, isDone: { $0.mode == .application },
      run: { board, context throws(JobError) in
        try LeaveJob(.start(at: 0x0800_0000)).run(board, context)
        return Outcome()
      })
    return [
      erase("erase", .range(0x0800_0800, length: 0x1000), old, erased),
      erase("erase --all", .all(holding: nil), old, blank),
      reading, verifying, leaving,
    ]
  }

  private static func erase(
    _ name: String, _ extent: EraseJob.Extent, _ old: [UInt8],
    _ wanted: [UInt8]
  ) -> Operation {
    Operation(
      name: name, kind: "l432", old: old, wanted: wanted,
      imageLength: old.count, halves: true
    ) { board, context throws(JobError) in
      try EraseJob(extent).run(board, context)
      return Outcome()
    }
  }

  // MARK: Option bytes

  private static func options() throws -> [Operation] {
    let wish = try OptionAssignment(parsing: "nRST_STOP=0")
    let place: UInt32 = 0x1FFF_7800
    guard let profile = BoardProfile.named("l412") else { return [] }
    let old = SimulatedBoard(profile).memory(at: place, count: 8) ?? []
    // Bit 12 of the first word, and its complement in the second.
    var wanted = old
    wanted[1] ^= 0x10
    wanted[5] ^= 0x10
    let setting = Operation(
      name: "option-bytes set", kind: "l412", base: place, old: old,
      wanted: wanted, imageLength: old.count
    ) { board, context throws(JobError) in
      var job = OptionBytesJob(.set([wish]))
      job.permissions = [.optionBytes]
      let outcome = try job.prepare(board, context).carryOut()
      return Outcome(isChecked: outcome == .checked)
    }
    let lifting = Operation(
      name: "unprotect", kind: "l432", old: program(0x1000, seed: 2),
      wanted: [UInt8](repeating: 0xFF, count: 0x1000), imageLength: 0x1000,
      prepare: { $0.setProtection(level: 1) },
      isDone: { $0.protectionLevel == 0 },
      run: { board, context throws(JobError) in
        var job = UnprotectJob()
        job.permissions = [.liftProtection]
        try job.run(board, context)
        return Outcome()
      })
    return [setting, lifting]
  }

  // MARK: Plain DFU

  private static func plain() -> [Operation] {
    let image = program(0x1800, seed: 6)
    func download(_ name: String, _ kind: String) -> Operation {
      Operation(
        name: name, kind: kind, imageLength: image.count, stored: image
      ) { board, context throws(JobError) in
        var job = FlashJob(JobFirmware(FirmwareFile(raw: image)))
        job.board.alternate = .number(0)
        try job.run(board, context)
        return Outcome(isChecked: false)
      }
    }
    let detaching = Operation(
      name: "detach", kind: "plain11", imageLength: 0, startsRunning: true,
      endsWhenGone: true,
      isDone: { $0.mode == .dfu },
      run: { board, context throws(JobError) in
        _ = try DetachJob(limit: DetachJob.usualLimit).run(board, context)
        return Outcome()
      })
    return [
      download("plain DFU, tolerant", "plain11"),
      download("plain DFU, resets", "dapboot"),
      detaching,
    ]
  }
}
