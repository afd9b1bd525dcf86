// The system's sockets and threads, and a file read in one piece: the only
// place of the USB/IP server that says `unsafe`, because sockaddr is a C union
// by casts, buffers are pointers, and so is what a thread is told to do.

import DFUCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A system call that failed: which, and what the system says.
package struct SocketError: Error, Hashable, CustomStringConvertible {
  /// What was being done, as the object of "could not".
  var action: String
  /// `errno`.
  var code: Int32

  /// An error from `errno` as it is now.
  static func last(_ action: String) -> SocketError {
    SocketError(action: action, code: errno)
  }

  package var description: String {
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) }
    return "could not \(action): \(reason ?? "error \(code)")"
  }
}

/// A stream socket, closed when the last reference goes away.
package final class Socket: Sendable {
  /// The file descriptor.
  let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
    #if canImport(Darwin)
    var on: Int32 = 1
    unsafe _ = setsockopt(
      descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(4))
    #endif
  }

  deinit { close(descriptor) }

  /// A socket that listens on an IPv4 address ("127.0.0.1") and a TCP port,
  /// 0 for any free one.
  convenience init(
    listening address: String, port: UInt16
  ) throws(SocketError) {
    #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue)
    #else
    let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { throw .last("open a socket") }
    self.init(descriptor: descriptor)
    var on: Int32 = 1
    unsafe _ = setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(4))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    guard unsafe inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
      throw SocketError(
        action: "listen on \(address), which is no IPv4 address", code: EINVAL)
    }
    let bound = unsafe withUnsafePointer(to: &name) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(
          descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(descriptor, 16) == 0 else {
      throw .last("listen on \(address) port \(port)")
    }
  }

  /// Two sockets connected with each other.
  package static func pair() throws(SocketError) -> (Socket, Socket) {
    #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue)
    #else
    let kind = SOCK_STREAM
    #endif
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw .last("open a pair of sockets")
    }
    return (Socket(descriptor: ends[0]), Socket(descriptor: ends[1]))
  }

  /// A connection to an IPv4 address and a TCP port.
  package static func connected(
    to address: String, port: UInt16
  ) throws(SocketError) -> Socket {
    #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue)
    #else
    let kind = SOCK_STREAM
    #endif
    let made = Socket(descriptor: socket(AF_INET, kind, 0))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    unsafe _ = inet_pton(AF_INET, address, &name.sin_addr)
    let result = unsafe withUnsafePointer(to: &name) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(
          made.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw .last("connect to \(address):\(port)") }
    return made
  }

  /// The TCP port it listens on.
  var port: UInt16 {
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let known = unsafe withUnsafeMutablePointer(to: &name) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return known == 0 ? UInt16(bigEndian: name.sin_port) : 0
  }

  /// The next connection, `nil` when none comes within 100 ms.
  func accept() -> Socket? {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&waiting, 1, 100) == 1 else { return nil }
    #if canImport(Darwin)
    let made = Darwin.accept(descriptor, nil, nil)
    #elseif canImport(Musl)
    let made = Musl.accept(descriptor, nil, nil)
    #else
    let made = Glibc.accept(descriptor, nil, nil)
    #endif
    guard made >= 0 else { return nil }
    // Transfers are small and each waits for the one before.
    var on: Int32 = 1
    unsafe _ = setsockopt(
      made, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(4))
    return Socket(descriptor: made)
  }

  /// Limits how long ``receive(_:)`` waits; `nil` is for ever.
  package func limitReceive(seconds: Int?) {
    var limit = timeval(tv_sec: seconds ?? 0, tv_usec: 0)
    unsafe _ = setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit,
      socklen_t(MemoryLayout<timeval>.size))
  }

  /// Exactly `count` bytes; `nil` when the other side has closed, or the
  /// limit is over.
  package func receive(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let part = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe recv(
          descriptor, buffer.baseAddress.map { unsafe $0 + filled },
          count - filled, 0)
      }
      if part < 0, errno == EINTR { continue }
      guard part > 0 else { return nil }
      filled += part
    }
    return bytes
  }

  /// Sends all of `bytes`; `false` when the other side has closed.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    #if canImport(Darwin)
    let flags: Int32 = 0
    #else
    let flags = Int32(MSG_NOSIGNAL)
    #endif
    var sent = 0
    while sent < bytes.count {
      let part = unsafe bytes.withUnsafeBytes { buffer in
        #if canImport(Darwin)
        unsafe Darwin.send(
          descriptor, buffer.baseAddress.map { unsafe $0 + sent },
          bytes.count - sent, flags)
        #elseif canImport(Musl)
        unsafe Musl.send(
          descriptor, buffer.baseAddress.map { unsafe $0 + sent },
          bytes.count - sent, flags)
        #else
        unsafe Glibc.send(
          descriptor, buffer.baseAddress.map { unsafe $0 + sent },
          bytes.count - sent, flags)
        #endif
      }
      if part < 0, errno == EINTR { continue }
      guard part > 0 else { return false }
      sent += part
    }
    return true
  }

  /// Ends the connection: whoever waits in ``receive(_:)`` returns.
  package func hangUp() {
    shutdown(descriptor, Int32(SHUT_RDWR))
  }
}

/// Blocks the calling thread in real time.
package func pause(milliseconds: UInt32) {
  usleep(milliseconds * 1000)
}

/// Runs `body` on a thread of its own.
package func startThread(_ body: @escaping @Sendable () -> Void) {
  SystemThread(body)?.detach()
}

/// A first-in, first-out line between two threads. One of them waits, which
/// Synchronization's `Mutex` has nothing for; every access holds `mutex`.
@safe final class WorkQueue<Element: Sendable>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var elements: [Element] = []
  private var isClosed = false

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Appends; `false` when `limit` elements wait already, or it was closed.
  func append(_ element: Element, limit: Int) -> Bool {
    locked {
      guard elements.count < limit, !isClosed else { return false }
      elements.append(element)
      unsafe pthread_cond_signal(condition)
      return true
    }
  }

  /// Removes the first element for which `matches` is true and tells
  /// whether there was one.
  func remove(where matches: (Element) -> Bool) -> Bool {
    locked {
      guard let index = elements.firstIndex(where: matches) else {
        return false
      }
      elements.remove(at: index)
      return true
    }
  }

  /// Blocks for the next element and calls `taken` on it before anyone else
  /// can look at the queue; `nil` when the queue was closed.
  func next(taken: (Element) -> Void) -> Element? {
    locked {
      while elements.isEmpty, !isClosed {
        unsafe pthread_cond_wait(condition, mutex)
      }
      guard !isClosed else { return nil }
      let element = elements.removeFirst()
      taken(element)
      return element
    }
  }

  /// Takes all that wait.
  func removeAll() -> [Element] {
    locked {
      defer { elements = [] }
      return elements
    }
  }

  /// Ends the line: nothing more comes out of it.
  func close() {
    locked {
      isClosed = true
      unsafe pthread_cond_broadcast(condition)
    }
  }
}

/// The first 4096 bytes of a file as text; `nil` when it cannot be read.
/// Files of sysfs are never longer.
package func firstPage(of path: String) -> String? {
  let descriptor = unsafe open(path, O_RDONLY)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = unsafe bytes.withUnsafeMutableBytes {
    unsafe read(descriptor, $0.baseAddress, $0.count)
  }
  guard count >= 0 else { return nil }
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}
