internal import CLibUSB
internal import Synchronization

/// An opened device. Closed, and its interfaces released, when the last
/// reference goes away.
@safe
final class LibUSBTransport: ControlTransport {
  let clock: any TimeSource
  private let handle: OpaquePointer
  private let context: LibUSBContext
  private var claimed: Set<UInt8> = []
  /// Whether the handle must be left as it is until the program ends.
  private var isSpoilt = false

  init(
    _ handle: OpaquePointer, context: LibUSBContext, clock: any TimeSource
  ) {
    unsafe self.handle = unsafe handle
    self.context = context
    self.clock = clock
    // Not every system can; where it cannot, claiming says what is wrong.
    _ = unsafe libusb_set_auto_detach_kernel_driver(handle, 1)
  }

  deinit {
    if isSpoilt { return }
    for interface in claimed {
      _ = unsafe libusb_release_interface(handle, Int32(interface))
    }
    unsafe libusb_close(handle)
  }

  private func check(_ code: Int32, _ action: String) throws(USBError) {
    if code < 0 { throw USBError(.init(rawValue: code), action) }
  }

  func claim(interface: UInt8) throws(USBError) {
    try check(
      unsafe libusb_claim_interface(handle, Int32(interface)),
      "claim interface \(interface)")
    claimed.insert(interface)
  }

  func release(interface: UInt8) throws(USBError) {
    claimed.remove(interface)
    try check(
      unsafe libusb_release_interface(handle, Int32(interface)),
      "release interface \(interface)")
  }

  func select(configuration: UInt8) throws(USBError) {
    var current: Int32 = 0
    if unsafe libusb_get_configuration(handle, &current) == 0,
      current == Int32(configuration)
    {
      return
    }
    try check(
      unsafe libusb_set_configuration(handle, Int32(configuration)),
      "select configuration \(configuration)")
  }

  func select(alternate: UInt8, of interface: UInt8) throws(USBError) {
    let code = unsafe libusb_set_interface_alt_setting(
      handle, Int32(interface), Int32(alternate))
    // Before 1.0.27 libusb unlocks here what it has not locked when the device
    // has gone, and aborts the program when the handle is closed (libusb issue
    // 1199). What is left open is of no use to anybody.
    if code == LIBUSB_ERROR_NO_DEVICE.rawValue, Self.unlocksTooMuch {
      isSpoilt = true
    }
    try check(
      code, "select alternate setting \(alternate) of interface \(interface)")
  }

  private static let unlocksTooMuch: Bool = {
    guard let version = unsafe libusb_get_version() else { return false }
    let number = unsafe (
      version.pointee.major, version.pointee.minor, version.pointee.micro
    )
    return number < (1, 0, 27)
  }()

  func send(
    _ setup: ControlSetup, _ data: Span<UInt8>, timeout: Duration
  ) throws(USBError) {
    let count = UInt16(clamping: data.count)
    let sent = unsafe data.withUnsafeBufferPointer { buffer in
      // libusb's parameter is not const, but it only reads what goes out.
      unsafe libusb_control_transfer(
        handle, setup.requestType, setup.request, setup.value, setup.index,
        UnsafeMutablePointer(mutating: buffer.baseAddress), count,
        max(1, timeout.wholeMilliseconds))
    }
    try check(sent, "send a control request")
    if sent != Int32(count) { throw USBError(.io, "send a control request") }
  }

  func receive(
    _ setup: ControlSetup, length: UInt16, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(length)) {
      buffer, count in
      let received = unsafe libusb_control_transfer(
        handle, setup.requestType, setup.request, setup.value, setup.index,
        buffer.baseAddress, length, max(1, timeout.wholeMilliseconds))
      failure = min(0, received)
      count = Int(max(0, received))
    }
    try check(failure, "receive a control reply")
    return bytes
  }

  func reset() throws(USBError) {
    try check(unsafe libusb_reset_device(handle), "reset the device")
  }

  func perform(_ transfers: [ControlTransfer]) -> [ControlOutcome] {
    unsafe LibUSBQueue(transfers, clock: clock).run(handle, context)
  }
}

/// Control transfers that are handed to libusb before their turn. The system
/// keeps their order and begins each as soon as the one before it has ended, so
/// that a round trip through this program is not paid for each.
@safe
private final class LibUSBQueue {
  /// What libusb's callback changes, on whichever thread handles events, also
  /// while transfers are still being handed in.
  private struct Progress {
    var ends: [Duration?]
    /// Handed in, and not ended.
    var pending = 0
    /// How few may be pending before this program is needed again.
    var enough = 0
    var hasFailed = false
    /// How many have ended, and when the last one did.
    var ended = 0
    var lastEnd: Duration
    /// Which one took longer than its limit.
    var late: Int?
  }

  /// How many are handed in at most: the device's work hides what handing in
  /// more costs, and systems need not have room for many.
  private static let depth = 16

  private let transfers: [ControlTransfer]
  private let clock: any TimeSource
  private let raw: [UnsafeMutablePointer<libusb_transfer>]
  private let isNeeded = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private let progress: Mutex<Progress>

  init(_ transfers: [ControlTransfer], clock: any TimeSource) {
    self.transfers = transfers
    self.clock = clock
    unsafe raw = transfers.indices.map { _ in
      unsafe libusb_alloc_transfer(0)
    }.compactMap { unsafe $0 }
    progress = Mutex(
      Progress(
        ends: [Duration?](repeating: nil, count: transfers.count),
        lastEnd: clock.now()))
    unsafe isNeeded.initialize(to: 0)
  }

  deinit {
    for index in unsafe raw.indices {
      unsafe raw[index].pointee.buffer?.deallocate()
      unsafe libusb_free_transfer(raw[index])
    }
    unsafe isNeeded.deallocate()
  }

  func run(
    _ handle: OpaquePointer, _ context: LibUSBContext
  ) -> [ControlOutcome] {
    let start = clock.now()
    var refused: USBError?
    var next = 0
    while true {
      while next < transfers.count, refused == nil {
        unsafe prepare(next, handle)
        guard mayHandIn() else { break }
        refused = handIn(next)
        next += 1
      }
      let isLast = next == transfers.count || refused != nil
      guard wait(isLast: isLast, context) else { break }
    }
    return withExtendedLifetime(self) { outcomes(start, refused) }
  }

  /// Whether there is room for one more. It counts as pending from now on.
  private func mayHandIn() -> Bool {
    progress.withLock { progress in
      guard !progress.hasFailed, progress.pending < Self.depth else {
        return false
      }
      progress.pending += 1
      return true
    }
  }

  /// Hands a transfer to the system; says why it was not taken.
  private func handIn(_ index: Int) -> USBError? {
    guard unsafe index < raw.count else {
      finishOne()
      return USBError(.noMemory, transfers[index].action)
    }
    let code = unsafe libusb_submit_transfer(raw[index])
    guard code != 0 else { return nil }
    finishOne()
    return USBError(.init(rawValue: code), transfers[index].action)
  }

  /// Waits until there is room for some more; when all were handed in, until
  /// all have ended.
  ///
  /// - Returns: `false` when none is pending and none will be.
  private func wait(isLast: Bool, _ context: LibUSBContext) -> Bool {
    let goesOn = progress.withLock { progress in
      let isLast = isLast || progress.hasFailed
      progress.enough = isLast ? 0 : Self.depth / 2
      unsafe isNeeded.pointee = progress.pending <= progress.enough ? 1 : 0
      return progress.pending > 0 || !isLast
    }
    guard goesOn else { return false }
    while unsafe isNeeded.pointee == 0 {
      let rest = cancelLate()
      if unsafe context.handleEvents(until: isNeeded, atMost: rest) != 0 {
        cancel()
        clock.sleep(for: .milliseconds(1))
      }
    }
    return true
  }

  /// Ends the row when the transfer whose turn it is has taken too long: libusb
  /// would count its time from when it was handed in.
  ///
  /// - Returns: how long to wait at most before asking again.
  private func cancelLate() -> Duration {
    let now = clock.now()
    let rest = progress.withLock { progress -> Duration? in
      let turn = progress.ended
      guard !progress.hasFailed, turn < transfers.count else { return nil }
      let rest = progress.lastEnd + transfers[turn].timeout - now
      if rest <= .zero { progress.late = turn }
      return rest
    }
    // Those that were cancelled come back soon.
    guard let rest else { return .milliseconds(250) }
    if rest <= .zero { cancel() }
    return max(.milliseconds(1), min(rest, .milliseconds(250)))
  }

  /// Fills a transfer in, once.
  private func prepare(_ index: Int, _ handle: OpaquePointer) {
    guard unsafe index < raw.count && raw[index].pointee.buffer == nil
    else { return }
    let transfer = transfers[index]
    let setup = transfer.setup
    let length =
      setup.isDeviceToHost ? Int(transfer.length) : transfer.data.count
    let buffer = UnsafeMutablePointer<UInt8>.allocate(
      capacity: Self.setupSize + length)
    unsafe libusb_fill_control_setup(
      buffer, setup.requestType, setup.request, setup.value, setup.index,
      UInt16(clamping: length))
    if !setup.isDeviceToHost {
      unsafe transfer.data.withUnsafeBufferPointer { data in
        guard let base = data.baseAddress else { return }
        unsafe (buffer + Self.setupSize).initialize(
          from: base, count: data.count)
      }
    }
    unsafe libusb_fill_control_transfer(
      raw[index], handle, buffer,
      { transfer in
        guard let transfer = unsafe transfer,
          let queue = unsafe transfer.pointee.user_data
        else { return }
        unsafe Unmanaged<LibUSBQueue>.fromOpaque(queue)
          .takeUnretainedValue().ended(transfer)
      }, Unmanaged.passUnretained(self).toOpaque(), 0)
  }

  /// Called by libusb.
  private func ended(_ transfer: UnsafeMutablePointer<libusb_transfer>) {
    let now = clock.now()
    let isGood =
      unsafe transfer.pointee.status == LIBUSB_TRANSFER_COMPLETED
    let index = unsafe raw.firstIndex(of: transfer)
    progress.withLock { progress in
      if let index { progress.ends[index] = now }
      progress.ended += 1
      progress.lastEnd = now
    }
    if !isGood { cancel() }
    finishOne()
  }

  private func finishOne() {
    progress.withLock { progress in
      progress.pending -= 1
      let enough = progress.hasFailed ? 0 : progress.enough
      if progress.pending <= enough { unsafe isNeeded.pointee = 1 }
    }
  }

  /// What comes after a failure makes no sense any more.
  private func cancel() {
    let isFirst = progress.withLock { progress in
      defer { progress.hasFailed = true }
      return !progress.hasFailed
    }
    guard isFirst else { return }
    // Those that have ended, or were not handed in, are not found.
    for index in unsafe raw.indices
    where unsafe raw[index].pointee.buffer != nil {
      _ = unsafe libusb_cancel_transfer(raw[index])
    }
  }

  private func outcomes(
    _ start: Duration, _ refused: USBError?
  ) -> [ControlOutcome] {
    let (ends, late) = progress.withLock { ($0.ends, $0.late) }
    var outcomes: [ControlOutcome] = []
    var start = start
    for index in unsafe raw.indices {
      guard let end = ends[index] else { break }
      var result = unsafe result(of: raw[index], transfers[index])
      if index == late, case .failure = result {
        result = .failure(USBError(.timeout, transfers[index].action))
      }
      outcomes.append(ControlOutcome(result: result, start: start, end: end))
      if case .failure = result { return outcomes }
      start = end
    }
    if outcomes.count < transfers.count {
      // Not taken by the system, or not handed in after a failure that in the
      // end was none.
      let error =
        refused ?? USBError(.timeout, transfers[outcomes.count].action)
      outcomes.append(
        ControlOutcome(result: .failure(error), start: start, end: start))
    }
    return outcomes
  }

  private func result(
    of raw: UnsafeMutablePointer<libusb_transfer>, _ transfer: ControlTransfer
  ) -> Result<[UInt8], USBError> {
    let code: USBError.Code
    let count = unsafe Int(max(0, raw.pointee.actual_length))
    switch unsafe raw.pointee.status {
    case LIBUSB_TRANSFER_COMPLETED:
      if transfer.setup.isDeviceToHost {
        return .success(
          unsafe Array(
            UnsafeBufferPointer(
              start: raw.pointee.buffer + Self.setupSize,
              count: min(count, Int(transfer.length)))))
      }
      if count == transfer.data.count { return .success([]) }
      code = .io
    case LIBUSB_TRANSFER_TIMED_OUT: code = .timeout
    case LIBUSB_TRANSFER_STALL: code = .pipe
    case LIBUSB_TRANSFER_NO_DEVICE: code = .noDevice
    case LIBUSB_TRANSFER_OVERFLOW: code = .overflow
    default: code = .io
    }
    return .failure(USBError(code, transfer.action))
  }

  private static let setupSize = 8
}

extension ControlTransfer {
  /// What it is to do, for errors.
  fileprivate var action: String {
    setup.isDeviceToHost ? "receive a control reply" : "send a control request"
  }
}
