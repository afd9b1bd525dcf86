import DFUCore
import DFUSimulator
import TestSupport
import Testing

/// Ways to run jobs on a simulated board, and to see what they tell.
extension TestBench {
  /// Runs a job; what it tells, and why it failed.
  func run(
    shouldStop: @escaping () -> Bool = { false },
    on bus: (any USBBus)? = nil,
    _ job: (SelectedBoard, JobContext) throws(JobError) -> Void
  ) throws -> (events: [JobEvent], error: JobError?) {
    let selected = try selected()
    let events = Events()
    do throws(JobError) {
      try job(
        selected,
        JobContext(
          bus: bus ?? self.bus, shouldStop: shouldStop,
          report: { events.list.append($0) }))
      return (events.list, nil)
    } catch {
      return (events.list, error)
    }
  }

  private final class Events {
    var list: [JobEvent] = []
  }

  /// A program at the flash's start.
  static func firmware(
    _ bytes: [UInt8] = program(3000), at address: UInt32? = 0x0800_0000
  ) -> JobFirmware {
    JobFirmware(FirmwareFile(raw: bytes), at: address)
  }

  func memory(_ count: Int, at address: UInt32 = 0x0800_0000) -> [UInt8]? {
    board.memory(at: address, count: count)
  }
}
