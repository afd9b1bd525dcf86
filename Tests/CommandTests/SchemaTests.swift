import Foundation
import Testing

/// What the program prints as JSON is what docs/schema says.
@Suite struct SchemaTests {
  private func schema(_ name: String) throws -> Schema {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().appendingPathComponent(
        "../../docs/schema/\(name).json")
    return Schema(
      try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: file))
          as? [String: Any]))
  }

  private func expect(
    _ bytes: some Collection<UInt8>, _ schema: Schema,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let value = try JSONSerialization.jsonObject(with: Data(bytes))
    #expect(schema.problems(value) == [], sourceLocation: location)
  }

  @Test func listFitsItsSchema() throws {
    let bench = try TestBenchFile([
      ("u585", ""), ("f446", ""), ("f072", ""), ("plain11", ""),
      ("f405", #""deniedOpens": -1"#), ("gd32vf103", ""),
      ("l412", #""alternates": ["@Broken/0x08"]"#),
    ])
    for options in [[], ["--read-uids"], ["-p", "9-9"]] {
      let run = try Program.run(["list", "--json"] + options, bench: bench)
      #expect(run.status == 0)
      try expect(run.out, try schema("list"))
    }
  }

  @Test func eventsFitTheirSchema() throws {
    let bench = try TestBenchFile([
      ("u585", ""), ("f072", ""), ("l412", #""protection": 1"#),
    ])
    let file = try bench.folder.file("fw.bin", program(3000))
    let events = try schema("events")
    var kinds: Set<String> = []
    for arguments in [
      ["flash", "--all", "--jobs", "0", "--json", file],
      ["flash", "--json", "-p", "1-1", "--dry-run", file],
      ["station", "--json", "--count", "1", file],
    ] {
      let bench = try TestBenchFile([
        ("u585", ""), ("f072", ""), ("l412", #""protection": 1"#),
      ])
      let run = try Program.run(arguments, bench: bench)
      #expect(!run.lines.isEmpty)
      for line in run.lines {
        try expect(line.utf8, events)
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8))
        kinds.insert((event as? [String: Any])?["event"] as? String ?? "")
      }
    }
    #expect(kinds.isSuperset(of: ["start", "plan", "result", "summary"]))
  }

  @Test func theStationsLogFitsItsSchema() throws {
    let bench = try TestBenchFile([("f072", ""), ("l412", #""protection": 1"#)])
    let file = try bench.folder.file("fw.bin", program(3000))
    let log = bench.folder.path("log")
    _ = try Program.run(
      ["station", "--count", "2", "--log", log, file], bench: bench)
    let lines = try Folder.bytes(log).split(separator: 10)
    #expect(lines.count == 2)
    for line in lines { try expect(line, try schema("station")) }
  }

  @Test func optionBytesFitTheirSchema() throws {
    let bench = try TestBenchFile("l412")
    let run = try Program.run(
      ["option-bytes", "show", "--json"], bench: bench)
    #expect(run.status == 0, "\(run.errors)")
    try expect(run.out, try schema("option-bytes"))
  }

  @Test func aSchemaFindsWhatIsWrong() throws {
    let station = try schema("station")
    #expect(!station.problems(["version": 1]).isEmpty)
    #expect(!station.problems([1]).isEmpty)
    #expect(!(try schema("events")).problems(["event": "other"]).isEmpty)
    #expect(
      !(try schema("events")).problems(["event": "note", "new": 1]).isEmpty)
  }
}

/// As much of JSON Schema as the project's own schemas use.
private struct Schema {
  let rules: [String: Any]

  init(_ rules: [String: Any]) { self.rules = rules }

  func problems(_ value: Any, at path: String = "$") -> [String] {
    var found: [String] = []
    for (rule, wanted) in rules {
      switch rule {
      case "$schema", "title", "description", "required": break
      case "type":
        if !Self.isType(value, wanted as? String ?? "") {
          found.append("\(path) is no \(wanted)")
        }
      case "const":
        if !Self.equal(value, wanted) {
          found.append("\(path) is not \(wanted)")
        }
      case "enum":
        let all = wanted as? [Any] ?? []
        if !all.contains(where: { Self.equal(value, $0) }) {
          found.append("\(path) is none of \(all)")
        }
      case "pattern":
        let text = value as? String ?? ""
        let pattern = wanted as? String ?? ""
        if text.range(of: pattern, options: .regularExpression) == nil {
          found.append("\(path) does not match \(pattern)")
        }
      case "items":
        let inner = Schema(wanted as? [String: Any] ?? [:])
        for (index, element) in (value as? [Any] ?? []).enumerated() {
          found += inner.problems(element, at: "\(path)[\(index)]")
        }
      case "properties":
        let object = value as? [String: Any] ?? [:]
        for (name, rules) in wanted as? [String: [String: Any]] ?? [:] {
          guard let member = object[name] else { continue }
          found += Schema(rules).problems(member, at: "\(path).\(name)")
        }
      case "additionalProperties":
        let known = (rules["properties"] as? [String: Any] ?? [:]).keys
        for name in (value as? [String: Any] ?? [:]).keys
        where !known.contains(name) {
          found.append("\(path).\(name) is not in the schema")
        }
      default: found.append("the test does not know the rule \(rule)")
      }
    }
    for name in rules["required"] as? [String] ?? []
    where (value as? [String: Any])?[name] == nil {
      found.append("\(path).\(name) is missing")
    }
    return found
  }

  private static func isType(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": return value is [String: Any]
    case "array": return value is [Any]
    case "string": return value is String
    case "boolean": return isBoolean(value)
    case "integer":
      guard !isBoolean(value), let number = value as? NSNumber else {
        return false
      }
      return number.doubleValue == number.doubleValue.rounded()
    case "number": return !isBoolean(value) && value is NSNumber
    default: return false
    }
  }

  private static func isBoolean(_ value: Any) -> Bool {
    guard let number = value as? NSNumber else { return value is Bool }
    return unsafe String(cString: number.objCType) == "c"
  }

  private static func equal(_ value: Any, _ wanted: Any) -> Bool {
    if let text = wanted as? String { return value as? String == text }
    if let number = wanted as? NSNumber {
      return value as? NSNumber == number
    }
    return false
  }
}
