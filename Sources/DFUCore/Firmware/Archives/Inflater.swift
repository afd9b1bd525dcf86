import CZlib

/// Unpacks DEFLATE data (RFC 1951) as it comes, by zlib.
///
/// This is a place outside `USB` that is `unsafe`: zlib is a C library that
/// takes pointers. They do not leave this file.
@safe final class Inflater {
  /// What surrounds the data.
  enum Wrapper {
    /// Nothing, as in a zip archive.
    case none
    /// A gzip header and trailer (RFC 1952), whose CRC-32 and size zlib
    /// compares.
    case gzip
  }

  // zlib keeps the address of the stream's struct and refuses to work from
  // another, so it lies on the heap.
  private let stream: UnsafeMutablePointer<z_stream>
  private var output = [UInt8](repeating: 0, count: 128 << 10)

  /// Whether the data has ended; what follows it is not for this inflater.
  private(set) var isAtEnd = false

  /// Throws ``FirmwareError`` when there is no memory.
  init(_ wrapper: Wrapper) throws(FirmwareError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // The largest window; 16 more asks for gzip, negative for nothing.
    let bits: Int32 = wrapper == .gzip ? 15 + 16 : -15
    let code = unsafe czlib_inflate_init(stream, bits)
    guard code == Z_OK else {
      throw FirmwareError(.unsupported("zlib could not start (\(code))"))
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Makes ready for another stream of the same kind.
  func restart() {
    unsafe inflateReset(stream)
    isAtEnd = false
  }

  /// Unpacks bytes and gives what comes out to `sink`, which says whether it
  /// wants more. Returns how many of the bytes were used: all of them unless
  /// the data ended or the sink had enough.
  ///
  /// Throws ``FirmwareError`` for damaged data.
  func feed(
    _ input: Span<UInt8>,
    sink: (Span<UInt8>) throws(FirmwareError) -> Bool
  ) throws(FirmwareError) -> Int {
    var used = 0
    while !isAtEnd {
      let (code, consumed, produced) = step(input.extracting(used...))
      used += consumed
      if produced > 0 {
        let output = output
        if try !sink(output.span.extracting(..<produced)) { return used }
      }
      switch code {
      case Z_STREAM_END: isAtEnd = true
      case Z_OK: break
      // Neither input left nor output waiting: more must come.
      case Z_BUF_ERROR: return used
      default: throw FirmwareError(.malformed(problem(code)))
      }
    }
    return used
  }

  private func step(
    _ input: Span<UInt8>
  ) -> (code: Int32, consumed: Int, produced: Int) {
    // zlib counts in 32 bits.
    let available = min(input.count, 1 << 30)
    return unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.pointee.next_in =
          UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(available)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(target.count)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        return unsafe (
          code, available - Int(stream.pointee.avail_in),
          target.count - Int(stream.pointee.avail_out)
        )
      }
    }
  }

  private func problem(_ code: Int32) -> String {
    if let message = unsafe stream.pointee.msg {
      return unsafe "the packed data is damaged (\(String(cString: message)))"
    }
    return "the packed data is damaged (zlib's code \(code))"
  }
}
