// How fast firmware files are read, and how fast `srec_cat` and `objcopy`
// convert the same files. See ../../README.md.

import DFUCore
import Foundation

let size = 16 << 20
let address: UInt32 = 0x0800_0000
let rounds = 5

/// Reads a file as dfuflash does: in chunks, into the reader.
func read(_ path: String, format: FirmwareFormat? = nil) throws -> FirmwareFile
{
  let file = open(path, O_RDONLY)
  guard file >= 0 else { throw POSIXError(.ENOENT) }
  defer { close(file) }
  var status = stat()
  fstat(file, &status)
  var reader = FirmwareFileReader(
    format: format, expectedCount: Int(status.st_size), limit: 1 << 30)
  var chunk = [UInt8](repeating: 0, count: 256 << 10)
  while true {
    let count = chunk.withUnsafeMutableBytes {
      Glibc.read(file, $0.baseAddress, $0.count)
    }
    if count <= 0 { break }
    try reader.feed(chunk.span.extracting(..<count))
  }
  return try reader.finish()
}

/// Peak resident memory of this process, bytes.
func peakMemory() -> Int {
  let status =
    (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
    return (Int(line.split(separator: " ")[1]) ?? 0) << 10
  }
  return 0
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  let time = try clock.measure(body)
  return Double(time.components.seconds)
    + Double(time.components.attoseconds) * 1e-18
}

/// Seconds of a whole process; `nil` when the program is not there or fails.
func run(_ program: String, _ arguments: [String]) -> (Double, String)? {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  var output = ""
  var status: Int32 = 1
  let time = seconds {
    do { try process.run() } catch { return }
    output = String(
      decoding: pipe.fileHandleForReading.readDataToEndOfFile(),
      as: UTF8.self)
    process.waitUntilExit()
    status = process.terminationStatus
  }
  return status == 0 ? (time, output) : nil
}

let arguments = CommandLine.arguments
if arguments.count == 3, arguments[1] == "read" {
  // In a process of its own, so that its peak memory is that of reading.
  var best = Double.infinity
  for _ in 0..<rounds {
    best = min(best, try seconds { _ = try read(arguments[2]) })
  }
  print(best, peakMemory())
  exit(0)
}
if arguments.count == 4, arguments[1] == "convert" {
  let file = try read(arguments[2])
  let bytes = try file.image(at: address).flattened(fill: 0xFF, limit: 1 << 30)
  let output = open(arguments[3], O_WRONLY | O_CREAT | O_TRUNC, 0o666)
  guard output >= 0 else { throw POSIXError(.EACCES) }
  var written = 0
  while written < bytes.count {
    let count = bytes[written...].withUnsafeBytes {
      write(output, $0.baseAddress, $0.count)
    }
    guard count > 0 else { throw POSIXError(.EIO) }
    written += count
  }
  close(output)
  exit(0)
}

let folder = NSTemporaryDirectory() + "dfuflash-files-\(getpid())/"
try FileManager.default.createDirectory(
  atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

var random = SystemRandomNumberGenerator()
var bytes: [UInt8] = []
bytes.reserveCapacity(size)
while bytes.count < size {
  withUnsafeBytes(of: random.next()) { bytes += $0 }
}
let image = try FirmwareImage(bytes, at: address)
let files: [(name: String, goal: Double, content: [UInt8])] = [
  ("fw.bin", 1000, bytes),
  ("fw.elf", 1000, try image.elf()),
  ("fw.dfu", 400, try FirmwareFile.dfuse([FirmwareTarget(image: image)])),
  ("fw-plain.dfu", 400, DFUSuffix().appended(to: bytes)),
  ("fw.uf2", 400, try image.uf2(family: nil)),
  ("fw.hex", 150, image.intelHex()),
  ("fw.srec", 150, image.sRecord()),
]
for file in files {
  _ = FileManager.default.createFile(
    atPath: folder + file.name, contents: Data(file.content))
}

func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

print("Reading 16 MiB (best of \(rounds), from the page cache)")
print("file           file MB/s   goal   peak memory / image")
for file in files {
  guard let (_, output) = run(arguments[0], ["read", folder + file.name])
  else { continue }
  let numbers = output.split(whereSeparator: \.isWhitespace).compactMap {
    Double($0)
  }
  let rate = Double(file.content.count) / numbers[0] / 1e6
  print(
    file.name.padding(toLength: 14, withPad: " ", startingAt: 0),
    column("\(Int(rate))", 9), column("\(Int(file.goal))", 6),
    column(String(format: "%.2f", (numbers[1] - 10e6) / Double(size)), 8),
    "(after 10 MB)")
}

print("\nConverting to raw, whole process, seconds (best of \(rounds))")
print("file         dfuflash   srec_cat    ratio    objcopy    ratio")
for (name, srecord, bfd) in [
  ("fw.hex", "-intel", "ihex"), ("fw.srec", "-motorola", "srec"),
  ("fw.elf", nil, "elf32-little"),
] as [(String, String?, String)] {
  func best(_ program: String, _ arguments: [String]) -> Double? {
    (0..<rounds).compactMap { _ in run(program, arguments)?.0 }.min()
  }
  let output = folder + "out.bin"
  /// The same, provided that the program wrote what it should.
  func exact(_ program: String, _ arguments: [String]) -> Double? {
    guard let time = best(program, arguments) else { return nil }
    guard FileManager.default.contents(atPath: output) == Data(bytes) else {
      fatalError("\(program) did not convert \(name) rightly")
    }
    return time
  }
  guard let ours = exact(arguments[0], ["convert", folder + name, output])
  else { fatalError("\(name) was not converted") }
  var line =
    name.padding(toLength: 12, withPad: " ", startingAt: 0)
    + column(String(format: "%.3f", ours), 9)
  let others = [
    srecord.flatMap {
      exact(
        "srec_cat",
        [
          folder + name, $0, "-offset", "-\(address)", "-o", output, "-binary",
        ])
    },
    exact("objcopy", ["-I", bfd, "-O", "binary", folder + name, output]),
  ]
  for other in others {
    if let other {
      line += column(String(format: "%.3f", other), 11)
      line += column(String(format: "%.1f", other / ours), 9)
    } else {
      line += column("-", 11) + column("-", 9)
    }
  }
  print(line)
}
