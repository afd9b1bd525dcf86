import DFUSimulator
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Signals, streams and files as the system has them.
@Suite struct SystemTests {
  private static let length = 1000
  private static let read = ["read", "--length", "1000"]
  private let bench: TestBenchFile
  private let folder: Folder
  private let content = program(Self.length)

  init() throws {
    bench = try TestBenchFile("f405")
    folder = try Folder()
    try bench.board { [content] in $0.fill(content, at: 0x0800_0000) }
  }

  private func path(_ name: String) -> String { folder.path(name) }

  private func fifo() throws -> String {
    let path = path("fifo")
    try #require(unsafe mkfifo(path, 0o600) == 0)
    return path
  }

  /// What lies in the folder.
  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.root).sorted()
  }

  // MARK: Signals

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsAReadThatWouldWaitForEver(_ signal: Int32) throws {
    let file = try fifo()
    let fw = try folder.file("fw.bin", content)
    let map = try folder.file("map", Array("path=1-1,\(file)\n".utf8))
    for (arguments, input) in [
      (["inspect", file], "/dev/null"),
      (["flash", "--map", file], "/dev/null"),
      (["flash", "--map", map], "/dev/null"),
      (["simulate", "--load", "1-1:0x08000000=\(file)"], "/dev/null"),
      (["convert", "--to", "raw", "-", path("new")], file),
      (["-D", "-", "-s", "0x08000000"], file),
    ] {
      // Kept open, so that reading does not come to its end.
      let keeper = unsafe open(file, O_RDWR)
      defer { close(keeper) }
      let run = try Program.run(arguments, bench: bench, input: input) { pid in
        usleep(700_000)
        kill(pid, signal)
      }
      #expect(run.status == 130, "\(arguments): \(run.errors)")
      #expect(run.errors.contains("stopped by the user while reading"))
      #expect(run.seconds < 5)
    }
    #expect(try files() == ["fifo", "fw.bin", "map"])
    #expect(try Folder.bytes(fw) == content)
  }

  #if os(Linux)
  @Test func ctrlCEndsAQuestion() throws {
    let terminal = try folder.file(
      "terminal.py",
      Array(
        #"""
        import os, pty, sys
        pid, fd = pty.fork()
        if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
        text = b""
        while True:
            try: piece = os.read(fd, 1000)
            except OSError: break
            text += piece
            if text.endswith(b"[y/N] "): os.write(fd, b"\3")
        print(text.decode())
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """#.utf8))
    let run = try Program.run(
      ["option-bytes", "set", "BOR_LEV=1"], bench: bench,
      by: "exec python3 \(terminal) \"$@\"")
    #expect(run.status == 130)
    #expect(run.text.contains("[y/N] ^Cdfuflash: stopped by the user"))
  }
  #endif

  @Test func aFifoIsReadToItsEnd() throws {
    let file = try fifo()
    let source = try folder.file("fw.bin", content)
    let run = try Program.run(
      ["convert", "--to", "raw", file, path("new")],
      by: "(sleep 0.3; cat \(source) >\(file)) & \"$@\"")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(path("new")) == content)
  }

  @Test func aClosedSessionEndsAStationWhichLogsItsBoard() throws {
    let slow = try TestBenchFile("f405", speed: 1)
    let file = try slow.folder.file("fw.bin", program(48 * 1024))
    let log = slow.folder.path("log")
    let run = try Program.run(
      ["station", "--log", log, file], bench: slow
    ) { pid in
      usleep(900_000)
      // The system and the shell send one each.
      kill(pid, SIGHUP)
      usleep(20_000)
      kill(pid, SIGHUP)
    }
    #expect(run.status == 130, "\(run.errors)")
    let lines = try Folder.bytes(log).split(separator: 10)
    #expect(lines.count == 1)
    let line = try JSONSerialization.jsonObject(
      with: Data(try #require(lines.first)))
    #expect((line as? [String: Any])?["result"] as? String == "stopped")
    #expect(try slow.board { $0.dfuState } == 2)
  }

  @Test func anIgnoredHangupStaysIgnored() throws {
    let file = try fifo()
    let run = try Program.run(
      ["inspect", "--format", "raw", file],
      by: #"trap "" HUP; (sleep 2; echo 1 >\#(file)) & exec "$@""#
    ) { pid in
      usleep(900_000)
      kill(pid, SIGHUP)
    }
    #expect(run.status == 0, "\(run.errors)")
  }

  // MARK: Standard streams

  @Test func messagesDoNotGetIntoAFileWhenStreamsAreClosed() throws {
    for closed in [">&-", "2>&-", "<&-", "<&- >&- 2>&-"] {
      let run = try Program.run(
        Self.read + ["-v", "-v", "--force", path("x.bin")], bench: bench,
        by: #"exec "$@" \#(closed)"#)
      #expect(run.status == 0, "\(closed)")
      #expect(try Folder.bytes(path("x.bin")) == content, "\(closed)")
    }
    let file = try folder.file("fw.bin", content)
    let run = try Program.run(
      ["station", "--count", "1", "--log", path("log"), file], bench: bench,
      by: #"exec "$@" <&- >&- 2>&-"#)
    #expect(run.status == 0)
    let log = String(decoding: try Folder.bytes(path("log")), as: UTF8.self)
    #expect(log.hasPrefix("{") && log.count { $0 == "\n" } == 1, "\(log)")
  }

  #if os(Linux)
  @Test func outputThatIsLostIsNoSuccess() throws {
    let file = try folder.file("fw.bin", content)
    for arguments in [
      ["list"], ["list", "--json"], ["-l"], ["inspect", file], ["chips"],
      ["chips", "f405"], ["--help"], ["--version"], ["flash", "--json", file],
      ["simulate", "--list-kinds"],
    ] {
      let run = try Program.run(
        arguments, bench: bench, by: #""$@" >/dev/full"#)
      #expect(run.status == 73, "\(arguments)")
      #expect(
        run.errors.hasPrefix(
          "dfuflash: could not write to standard output (No space left on "
            + "device)\n"), "\(arguments): \(run.errors)")
    }
    let run = try Program.run(
      ["inspect", "/nowhere"], by: #""$@" >/dev/full"#)
    #expect(run.status == 66)
    #expect(try bench.memory(Self.length) == content)
  }
  #endif

  @Test func aReaderThatHasSeenEnoughIsNoFailure() throws {
    let file = try folder.file("fw.bin", content)
    for arguments in [
      ["chips"], ["list"], ["inspect", file], ["flash", "--json", file],
    ] {
      let run = try Program.run(
        arguments, bench: bench,
        by: #"{ sleep 0.1; "$@"; echo $? >&2; } | :"#)
      #expect(run.errors == "0\n", "\(arguments)")
    }
  }

  // MARK: Output files

  @Test func forceReplacesWhatALinkLeadsTo() throws {
    let old = try folder.file("old.bin", [1])
    let link = path("link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "old.bin")
    let refused = try Program.run(Self.read + [link], bench: bench)
    #expect(refused.status == 73)
    #expect(refused.errors.contains("--force"))
    #expect(
      try Program.run(Self.read + ["--force", link], bench: bench).status == 0)
    #expect(try Folder.bytes(old) == content)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: link)
        == "old.bin")
    #expect(try files() == ["link", "old.bin"])
  }

  @Test func aLinkThatLeadsNowhereIsFollowed() throws {
    let link = path("link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "new.bin")
    let run = try Program.run(Self.read + [link], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(path("new.bin")) == content)
    #expect(try files() == ["link", "new.bin"])
  }

  @Test(arguments: [[], ["--force"]])
  func fifosAndDevicesAreWrittenInto(_ options: [String]) throws {
    let file = try fifo()
    let run = try Program.run(
      Self.read + options + [file], bench: bench,
      by: "(sleep 0.3; exec cat \(file) >\(path("copy"))) & \"$@\"; s=$?; "
        + "wait; exit $s")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(path("copy")) == content)
    #expect(try files() == ["copy", "fifo"])
    let null = try Program.run(
      Self.read + options + ["/dev/null"], bench: bench)
    #expect(null.status == 0, "\(null.errors)")
    var status = stat()
    #expect(unsafe stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
  }

  /// As systemd and udev have it: a link to /dev/null masks a file.
  @Test func maskedRulesStayMasked() throws {
    let rules = path("60-dfuflash.rules")
    try FileManager.default.createSymbolicLink(
      atPath: rules, withDestinationPath: "/dev/null")
    let run = try Program.run(
      ["doctor", "--install-udev", "--yes", "--udev-folder", folder.root])
    #expect(run.status == 73)
    #expect(run.errors.contains("masked"), "\(run.errors)")
    var status = stat()
    #expect(unsafe stat("/dev/null", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o666)
  }

  @Test func aFifoThatNobodyReadsCanBeLeft() throws {
    let file = try fifo()
    let run = try Program.run(Self.read + [file], bench: bench) { pid in
      usleep(700_000)
      kill(pid, SIGINT)
    }
    #expect(run.status == 130)
    #expect(run.errors.contains("nobody reads \"\(file)\""))
  }

  @Test func foldersAndSocketsAreRefused() throws {
    let socket = path("socket")
    let listener = try #require(
      try? Process.run(
        URL(fileURLWithPath: "/usr/bin/env"),
        arguments: [
          "python3", "-c",
          "import socket; socket.socket(socket.AF_UNIX).bind('\(socket)')",
        ]))
    listener.waitUntilExit()
    for (place, reason) in [
      (folder.root, "it is a folder"),
      (socket, "it is a block device or a socket"),
    ] {
      for force in [[], ["--force"]] {
        let run = try Program.run(Self.read + force + [place], bench: bench)
        #expect(run.status == 73)
        #expect(
          run.errors.hasPrefix(
            "dfuflash: could not create \"\(place)\" (\(reason))\n"),
          "\(run.errors)")
      }
    }
  }

  /// In a container this program often has the same process id.
  @Test func whatACrashLeftBehindIsNotInTheWay() throws {
    let file = path("x.bin")
    let run = try Program.run(
      Self.read + [file], bench: bench,
      by: "echo old >\(file).part-$$; exec \"$@\"")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(file) == content)
    #expect(try files().count == 2)
  }

  #if os(Linux)
  /// FAT has no hard links.
  @Test(arguments: ["EPERM", "EOPNOTSUPP", "ENOSYS"])
  func aFileSystemWithoutLinksDoes(_ reason: String) throws {
    let file = path("x.bin")
    let source = try folder.file(
      "link.c",
      Array(
        """
        #include <errno.h>
        int link(const char *a, const char *b) { errno = \(reason); return -1; }
        """.utf8))
    let library = path("link.so")
    let compiler = try Process.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      arguments: ["clang", "-shared", "-fPIC", "-o", library, source])
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
    let run = try Program.run(
      Self.read + [file], bench: bench, environment: ["LD_PRELOAD": library])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Folder.bytes(file) == content)
    #expect(try files() == ["link.c", "link.so", "x.bin"])
  }
  #endif
}
