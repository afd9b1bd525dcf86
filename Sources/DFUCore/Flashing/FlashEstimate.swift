extension FlashPlan {
  /// How long a plan takes by the chip's typical times: erasing, programming,
  /// and the transfers over a full-speed bus.
  ///
  /// A control transfer with 2,048 bytes takes about 2 ms at full speed, one
  /// GETSTATUS about a quarter of one (USB 2.0, 5.5.3, with one transaction of
  /// 64 bytes after another).
  public func typicalTime(
    _ timing: FlashTiming, verifies: Bool
  ) -> Duration {
    var time = Duration.zero
    if massErases, let whole = timing.massErase {
      time += .microseconds(whole.typical)
    }
    for sector in erases {
      time += .microseconds(
        timing.eraseTime(sectorSize: sector.size)?.typical ?? 0)
    }
    time += .microseconds(timing.programTime(bytes: writtenBytes).typical)
    let blocks = allRuns.reduce(0) { $0 + $1.blocks.count }
    let read =
      verifies ? checks.reduce(0) { $0 + $1.bytes.count } : 0
    return time + .microseconds(writtenBytes + read)
      + .microseconds(500 * (blocks + erases.count))
  }
}
