/// What libFuzzer runs. Built together with the sources of DFUCore, as one
/// module; see `run`.
///
/// The last byte of each input is no part of the file: its bits say whether
/// checksums are put right first, so that what lies behind them is reached
/// too, and in what pieces the file comes.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

private typealias Target = @Sendable ([UInt8], _ choice: UInt8) -> Void

private let targets: [String: Target] = [
  "any": { read($0, $1, as: nil) },
  "raw": { read($0, $1, as: .raw) },
  "dfu": { read(suffixed($0, $1), $1, as: .dfu) },
  "dfuse": { read(suffixed($0, $1), $1, as: .dfuse) },
  "hex": { read(summed($0, $1, intelHex: true), $1, as: .intelHex) },
  "srec": { read(summed($0, $1, intelHex: false), $1, as: .sRecord) },
  "elf": { read($0, $1, as: .elf) },
  "uf2": { read($0, $1, as: .uf2) },
  "gzip": { bytes, choice in
    read([0x1F, 0x8B, 0x08] + bytes.dropFirst(3), choice, as: nil)
  },
  "zip": { bytes, choice in
    read([0x50, 0x4B, 0x03, 0x04] + bytes.dropFirst(4), choice, as: nil)
    read(
      [0x50, 0x4B, 0x03, 0x04] + bytes.dropFirst(4), choice, as: nil,
      entry: "fw.bin")
  },
  "layout": { bytes, _ in layout(String(decoding: bytes, as: UTF8.self)) },
  "plan": { plan($0, $1) },
  "options": { optionBytes($0, $1) },
  "map": { bytes, _ in map(String(decoding: bytes, as: UTF8.self)) },
  "recording": { bytes, _ in recording(bytes) },
  "configuration": { bytes, _ in configuration(bytes) },
  "string": { bytes, _ in
    if let string = DeviceString(parsing: bytes) {
      _ = string.printable
      layout(string.raw)
    }
  },
]

private let target: Target = {
  guard let value = unsafe getenv("FUZZ_TARGET"),
    let target = targets[unsafe String(cString: value)]
  else {
    print("FUZZ_TARGET is one of", targets.keys.sorted())
    exit(2)
  }
  return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var bytes = Array(unsafe UnsafeBufferPointer(start: start, count: count))
  let choice = bytes.popLast() ?? 0
  target(bytes, choice)
  return 0
}

// MARK: Firmware files

/// Little, so that an input that unpacks to more costs little time.
private let limit = 2 << 20

private func read(
  _ bytes: [UInt8], _ choice: UInt8, as format: FirmwareFormat?,
  entry: String? = nil
) {
  var reader = FirmwareFileReader(
    format: format, entry: entry,
    expectedCount: choice & 2 == 0 ? bytes.count : nil, limit: limit,
    suffixMayMiss: choice & 4 != 0)
  let longest = [1, 13, 512, 4096][Int(choice >> 3 & 3)]
  do throws(FirmwareError) {
    var start = 0
    while start < bytes.count {
      let count = min(longest, bytes.count - start)
      try reader.feed(bytes.span.extracting(start..<start + count))
      start += count
    }
    let file = try reader.finish()
    look(at: file)
  } catch {
    _ = error.description
  }
}

/// What the program does with a file that was read; what is written from it
/// must be read as the same.
private func look(at file: FirmwareFile) {
  for warning in file.warnings { _ = warning.description }
  do throws(FirmwareError) {
    let image = try file.image(at: 0x0800_0000)
    precondition(
      image.byteCount == image.segments.reduce(0) { $0 + $1.bytes.count })
    if let first = image.segments.first,
      let table = VectorTable(in: image, at: first.address)
    {
      _ = ChipFit.all(
        for: image,
        vectors: table.problems(in: image).isEmpty ? table : nil,
        uf2Family: file.families.first?.id)
    }
    guard !image.isEmpty, image.byteCount < 1 << 16,
      image.segments.count < 256
    else { return }
    for format in FirmwareFormat.allCases
    where format.hasAddresses && format != .elf {
      var conversion = FirmwareConversion(to: format, limit: limit)
      conversion.address = 0x0800_0000
      let written = try FirmwareFile(
        reading: try conversion.bytes(of: file), format: format)
      let again = try written.image()
      precondition(again == image)
    }
    var conversion = FirmwareConversion(to: .dfu, limit: limit)
    conversion.fill = 0
    _ = try conversion.bytes(of: file)
  } catch {
    _ = error.description
  }
}

/// With a suffix that is right, if the choice says so.
private func suffixed(_ bytes: [UInt8], _ choice: UInt8) -> [UInt8] {
  choice & 1 == 0 ? bytes : DFUSuffix().appended(to: bytes)
}

/// With checksums of records that are right, if the choice says so.
private func summed(
  _ bytes: [UInt8], _ choice: UInt8, intelHex: Bool
) -> [UInt8] {
  if choice & 1 == 0 { return bytes }
  var lines: [[UInt8]] = []
  for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
    var line = Array(line)
    let start = intelHex ? 1 : 2
    if line.count >= start + 4, (line.count - start).isMultiple(of: 2) {
      let digits = line[start..<line.count - 2].map {
        UInt8(String(UnicodeScalar($0)), radix: 16) ?? 15
      }
      var sum: UInt8 = 0
      for index in stride(from: 0, to: digits.count, by: 2) {
        sum &+= digits[index] << 4 | digits[index + 1]
      }
      let text = String(intelHex ? 0 &- sum : ~sum, radix: 16)
      line.replaceSubrange(
        (line.count - 2)...,
        with: (text.utf8.count == 1 ? "0" + text : text).utf8)
    }
    lines.append(line)
  }
  return Array(lines.joined(separator: [0x0A]))
}

// MARK: What devices send

private func layout(_ text: String) {
  do throws(MemoryMapError) {
    let map = try MemoryMap(parsing: text)
    _ = map.extent
    guard map.runs.count < 100 else { return }
    for run in map.runs {
      precondition(run.end <= 1 << 32)
      _ = map.sector(at: run.address)
      _ = map.firstHole(in: UInt64(run.address)..<run.end)
    }
  } catch {
    _ = error.description
  }
}

private func configuration(_ bytes: [UInt8]) {
  guard let configuration = ConfigurationDescriptor(parsing: bytes) else {
    return
  }
  _ = FunctionalDescriptor(searching: configuration.extra)
  for interface in configuration.interfaces {
    _ = FunctionalDescriptor(searching: interface.extra)
  }
}

// MARK: Plans

/// A layout, a zero byte, and pieces of an image: each three bytes that say
/// where, one how long, one what is done with the sectors.
private func plan(_ bytes: [UInt8], _ choice: UInt8) {
  let parts = bytes.split(separator: 0, maxSplits: 1)
  guard parts.count == 2,
    let memory = try? MemoryMap(
      parsing: String(decoding: parts[0], as: UTF8.self)),
    memory.size < 4 << 20,
    memory.runs.reduce(0, { $0 + $1.count }) < 1 << 12
  else { return }
  var image = FirmwareImage()
  var deeds: [UInt8] = []
  var rest = parts[1]
  while rest.count >= 5 {
    let head = Array(rest.prefix(5))
    rest = rest.dropFirst(5)
    let offset =
      UInt32(head[0]) | UInt32(head[1]) << 8 | UInt32(head[2]) << 16
    let start = memory.runs.first?.address ?? 0
    // Pieces that contradict each other are refused by the image itself.
    try? image.add(
      [UInt8](repeating: head[3], count: Int(head[3]) * 17 + 1),
      at: start &+ offset)
    deeds.append(head[4])
  }
  guard let sectors = try? FlashPlan.sectors(for: image, in: memory) else {
    return
  }
  var options = FlashOptions()
  options.alignment = 4 << Int(choice & 3)
  let findings = sectors.enumerated().map { index, sector in
    (sector, finding(sector, image, deeds[index % deeds.count]))
  }
  let plan = FlashPlan(
    findings, image: image, transferSize: 64 << Int(choice >> 2 & 7),
    massErases: choice & 0x80 != 0, options: options)
  check(plan, findings)
}

private func finding(
  _ sector: Sector, _ image: FirmwareImage, _ deed: UInt8
) -> SectorFinding {
  let pieces = image.segments(in: UInt64(sector.address)..<sector.end)
  switch deed % 3 {
  case 0: return .same
  case 1: return .fill(pieces)
  default:
    var content = [UInt8](repeating: 0xFF, count: sector.size)
    image.overlay(onto: &content, at: sector.address)
    return .erase(content: content, preserved: [])
  }
}

/// Each byte is sent once, in blocks that the device takes, to sectors that are
/// to change; and all that has to be sent is.
private func check(
  _ plan: FlashPlan, _ findings: [(Sector, SectorFinding)]
) {
  var ranges: [Range<UInt64>] = []
  for run in plan.allRuns {
    for block in run.blocks {
      precondition(!block.isEmpty && block.count <= plan.transferSize)
      precondition(run.piece.bytes.indices.contains(block.upperBound - 1))
      let start = UInt64(run.address(of: block))
      ranges.append(start..<start + UInt64(block.count))
    }
  }
  ranges.sort { $0.lowerBound < $1.lowerBound }
  for (one, next) in zip(ranges, ranges.dropFirst()) {
    precondition(one.upperBound <= next.lowerBound)
  }
  for (sector, finding) in findings {
    let sent = ranges.reduce(0) {
      $0 + $1.clamped(to: UInt64(sector.address)..<sector.end).count
    }
    switch finding {
    case .same: precondition(sent == 0)
    case .fill(let pieces):
      precondition(sent == pieces.reduce(0) { $0 + $1.bytes.count })
    case .erase(let content, _):
      precondition(sent >= content.count { $0 != 0xFF })
    }
  }
}

// MARK: Option bytes

/// An address, or which known window, and bytes that are to be written there.
private func optionBytes(_ bytes: [UInt8], _ choice: UInt8) {
  guard bytes.count >= 6 else { return }
  let layouts = OptionByteLayout.all
  let layout = layouts[Int(bytes[4]) % layouts.count]
  var address = bytes[0..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  if choice & 1 != 0, let window = layout.windows.first {
    address = window.start &+ UInt32(bytes[5] & 0x1F)
  }
  let written = Array(bytes[6...])
  let current =
    choice & 2 == 0
    ? nil : OptionByteImage(start: address, bytes: written.reversed())
  let shown = choice & 4 == 0 ? [] : [AddressWindow(address, length: 512)]
  for known in [[], [layout], layouts] {
    let concerns = OptionByteGuard.concerns(
      writing: written, at: address, layouts: known, shown: shown,
      current: current)
    for concern in concerns { _ = "\(concern)" }
  }
}

// MARK: What a person or another tool wrote

private func map(_ text: String) {
  do throws(BoardMap.Problem) {
    let map = try BoardMap(parsing: text)
    precondition(map.rows.count <= BoardMap.mostRows)
    for row in map.rows { _ = row.match.description }
    _ = map.plan(for: [])
  } catch {
    _ = error.description
  }
}

private func recording(_ bytes: [UInt8]) {
  do throws(BenchError) {
    let recording = try Recording(parsing: bytes, path: "x")
    precondition(recording.boards.values.allSatisfy { $0.transfers > 0 })
  } catch {
    _ = "\(error)"
  }
}

/// An error of a bench may list them.
struct BoardProfile {
  var name: String
  static let all: [BoardProfile] = []
}

/// Recordings come from memory here.
enum Files {
  static func read(_ path: String, limit: Int) throws(BenchError) -> [UInt8]? {
    nil
  }
}
