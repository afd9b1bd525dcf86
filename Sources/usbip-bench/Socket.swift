// The system's sockets and threads: the only place of the USB/IP server that
// says `unsafe`, because sockaddr is a C union by casts, buffers are pointers,
// and so is what a thread is told to do.

import DFUCore
import Glibc
import Synchronization

/// Why devices cannot be served or attached.
package struct USBIPError: Error, Hashable, CustomStringConvertible {
  /// What went wrong, as a sentence without a full stop.
  package var reason: String

  /// An error from `errno` as it is now; `action` is the object of "could
  /// not".
  static func last(_ action: String) -> USBIPError {
    let code = errno
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) }
    return USBIPError(
      reason: "could not \(action): \(reason ?? "error \(code)")")
  }

  package var description: String { reason }
}

/// A stream socket, closed when the last reference goes away.
package final class Socket: Sendable {
  /// The file descriptor.
  let descriptor: Int32

  private static let stream = Int32(SOCK_STREAM.rawValue)

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// A TCP socket without an address.
  private convenience init() throws(USBIPError) {
    let descriptor = socket(AF_INET, Self.stream, 0)
    guard descriptor >= 0 else { throw .last("open a socket") }
    self.init(descriptor: descriptor)
  }

  deinit { close(descriptor) }

  /// A socket that listens on an IPv4 address ("127.0.0.1") and a TCP port,
  /// 0 for any free one.
  static func listening(
    on address: String, port: UInt16
  ) throws(USBIPError) -> Socket {
    let made = try Socket()
    made.set(SO_REUSEADDR, at: SOL_SOCKET)
    let bound = try unsafe named(address, port) { name, length in
      unsafe bind(made.descriptor, name, length)
    }
    guard bound == 0, listen(made.descriptor, 16) == 0 else {
      throw .last("listen on \(address) port \(port)")
    }
    return made
  }

  /// A connection to an IPv4 address and a TCP port.
  package static func connected(
    to address: String, port: UInt16
  ) throws(USBIPError) -> Socket {
    let made = try Socket()
    let result = try unsafe named(address, port) { name, length in
      unsafe connect(made.descriptor, name, length)
    }
    guard result == 0 else { throw .last("connect to \(address):\(port)") }
    return made
  }

  /// Two sockets connected with each other.
  static func pair() throws(USBIPError) -> (Socket, Socket) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, stream, 0, &ends) == 0 else {
      throw .last("open a pair of sockets")
    }
    return (Socket(descriptor: ends[0]), Socket(descriptor: ends[1]))
  }

  /// Calls `body` with an address as C's socket functions take it.
  private static func named(
    _ address: String, _ port: UInt16,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(USBIPError) -> Int32 {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    guard unsafe inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
      throw USBIPError(
        reason: "could not use \(address), which is no IPv4 address")
    }
    return unsafe withUnsafePointer(to: &name) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Switches an option on.
  private func set(_ option: Int32, at level: Int32) {
    var on: Int32 = 1
    unsafe _ = setsockopt(descriptor, level, option, &on, socklen_t(4))
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
    let made = Glibc.accept(descriptor, nil, nil)
    guard made >= 0 else { return nil }
    let socket = Socket(descriptor: made)
    // Transfers are small and each waits for the one before.
    socket.set(TCP_NODELAY, at: Int32(IPPROTO_TCP))
    return socket
  }

  /// Limits how long ``receive(_:)`` waits; `nil` removes the limit.
  package func limitReceive(seconds: Int?) {
    var limit = timeval(tv_sec: seconds ?? 0, tv_usec: 0)
    unsafe _ = setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit,
      socklen_t(MemoryLayout<timeval>.size))
  }

  /// Exactly `count` bytes; `nil` when the other side has closed, or the
  /// time limit has passed.
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

  /// Sends all of `bytes`, unless the other side has closed.
  package func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let part = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(
          descriptor, buffer.baseAddress.map { unsafe $0 + sent },
          bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if part < 0, errno == EINTR { continue }
      guard part > 0 else { return }
      sent += part
    }
  }

  /// Ends the connection: every thread that waits in ``receive(_:)`` returns.
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

/// A first-in, first-out queue between two threads. The one that takes from it
/// waits at a socket, which gets a byte for each element.
final class WorkQueue<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  private let bell: (ring: Socket, wait: Socket)

  init() throws(USBIPError) { bell = try Socket.pair() }

  /// Appends; `false` when `limit` elements wait already.
  func append(_ element: Element, limit: Int) -> Bool {
    let hasRoom = elements.withLock { elements in
      guard elements.count < limit else { return false }
      elements.append(element)
      return true
    }
    if hasRoom { bell.ring.send([0]) }
    return hasRoom
  }

  /// Removes the first element for which `matches` is true and tells
  /// whether there was one.
  func remove(where matches: (Element) -> Bool) -> Bool {
    elements.withLock { elements in
      elements.firstIndex(where: matches).map { elements.remove(at: $0) } != nil
    }
  }

  /// Blocks for the next element and calls `taken` on it before anyone else
  /// can look at the queue; `nil` when the queue was closed.
  func next(taken: (Element) -> Void) -> Element? {
    while bell.wait.receive(1) != nil {
      let element = elements.withLock { elements -> Element? in
        guard let first = elements.first else { return nil }
        taken(first)
        return elements.removeFirst()
      }
      // Else it was removed meanwhile.
      if let element { return element }
    }
    return nil
  }

  /// Takes all that wait.
  func removeAll() -> [Element] {
    elements.withLock { elements in
      defer { elements = [] }
      return elements
    }
  }

  /// Empties the queue and closes it: nothing more comes out of it.
  func close() {
    _ = removeAll()
    bell.ring.hangUp()
  }
}
