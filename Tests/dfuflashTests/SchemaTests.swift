import Foundation
import TestSupport
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

  private func events(
    _ arguments: [String], status: Int32, on bench: TestBenchFile,
    location: SourceLocation = #_sourceLocation
  ) throws -> [[String: Any]] {
    let events = try schema("events")
    let run = try Program.run(arguments, bench: bench)
    #expect(run.status == status, "\(run.errors)", sourceLocation: location)
    return try run.lines.map { line in
      try expect(line.utf8, events, location: location)
      return try JSONSerialization.jsonObject(with: Data(line.utf8))
        as? [String: Any] ?? [:]
    }
  }

  @Test func eventsFitTheirSchema() throws {
    var kinds: Set<String> = []
    for (arguments, status, last) in [
      (["flash", "--all", "--jobs", "0", "--json"], 74, "summary"),
      (["flash", "--json", "-p", "1-1"], 0, "result"),
      (["flash", "--json", "-p", "1-3"], 74, "result"),
      (["flash", "--json", "-p", "1-1", "--dry-run"], 0, "result"),
      (["flash", "--json", "-p", "1-9"], 74, "result"),
      (["station", "--json", "--count", "1"], 0, "result"),
    ] as [([String], Int32, String)] {
      let bench = try TestBenchFile([
        ("u585", ""), ("f072", ""), ("l412", #""protection": 1"#),
      ])
      let file = try bench.folder.file("fw.bin", program(3000))
      let list = try events(arguments + [file], status: status, on: bench)
      #expect(list.first?["event"] as? String == "start", "\(arguments)")
      #expect(list.last?["event"] as? String == last, "\(arguments)")
      #expect(list.last?["ok"] as? Bool == (status == 0), "\(arguments)")
      #expect(
        list.count { $0["event"] as? String == "result" }
          == (last == "summary" ? 3 : 1), "\(arguments)")
      if arguments[0] == "flash" {
        #expect(list.last?["status"] as? Int32 == status, "\(arguments)")
      }
      kinds.formUnion(list.compactMap { $0["event"] as? String })
    }
    #expect(
      kinds.isSuperset(of: [
        "start", "board", "plan", "note", "result", "summary",
      ]))
  }

  @Test func aRunThatFailsBeforeItChoosesABoardEndsWithAResult() throws {
    let bench = try TestBenchFile("f072", "f072")
    let file = try bench.folder.file("fw.bin", program(3000))
    let map = try bench.folder.file("m.csv", Array("path=1-9,fw.bin\n".utf8))
    for (arguments, status) in [
      ([file], 74), (["nothing.bin"], 66), (["--map", map], 74),
      (["--all", "-p", "1-9", file], 74),
    ] as [([String], Int32)] {
      let list = try events(
        ["flash", "--json"] + arguments, status: status, on: bench)
      #expect(list.map { $0["event"] as? String } == ["start", "result"])
      #expect(list.last?["status"] as? Int32 == status)
      #expect(list.last?["board"] == nil)
      #expect(list.last?["error"] as? String != nil)
    }
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

  @Test func theDoctorsReportFitsItsSchema() throws {
    for boards in [
      [], [("u585", ""), ("f405", #""deniedOpens": -1"#), ("plain11", "")],
      [("l412", #""protection": 1"#), ("f072", "")],
    ] {
      let run = try Program.run(
        ["doctor", "--json"], bench: try TestBenchFile(boards))
      try expect(run.out, try schema("doctor"))
    }
  }

  @Test func inspectFitsItsSchema() throws {
    let bench = try TestBenchFile("f072")
    let raw = try bench.folder.file("fw.bin", program(3000))
    var files = [raw]
    for name in ["fw.hex", "fw.srec", "fw.dfu"] {
      let path = bench.folder.path(name)
      let run = try Program.run(
        ["convert", "--address", "0x08000000", raw, path])
      #expect(run.status == 0, "\(run.errors)")
      files.append(path)
    }
    for file in files {
      for options in [[], ["--board"], ["-p", "1-9"]] {
        let run = try Program.run(
          ["inspect", "--json"] + options + [file], bench: bench)
        #expect(run.status == (options.first == "-p" ? 74 : 0))
        try expect(run.out, try schema("inspect"))
      }
    }
  }

  @Test func serialNumbersFitTheirSchema() throws {
    let run = try Program.run(
      ["serial", "--json", "00580027", "3331500B", "20333153"])
    try expect(run.out, try schema("serial"))
  }

  @Test func aTraceFitsItsSchema() throws {
    let bench = try TestBenchFile("f072")
    let file = try bench.folder.file("fw.bin", program(3000))
    let trace = bench.folder.path("trace")
    _ = try Program.run(["flash", "--trace", trace, file], bench: bench)
    let lines = try Folder.bytes(trace).split(separator: 10)
    #expect(lines.count > 10)
    for line in lines { try expect(line, try schema("trace")) }
  }

  @Test func aSchemaFindsWhatIsWrong() throws {
    let station = try schema("station")
    #expect(!station.problems(["version": 1]).isEmpty)
    #expect(!station.problems([1]).isEmpty)
    #expect(!(try schema("events")).problems(["event": "other"]).isEmpty)
    #expect(
      !(try schema("events"))
        .problems(["event": "note", "text": "", "new": 1]).isEmpty)
    #expect(!(try schema("events")).problems(["event": "result"]).isEmpty)
    #expect(
      (try schema("events")).problems(["event": "note", "text": ""]).isEmpty)
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
      case "$schema", "title", "description", "required", "then": break
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
      case "allOf":
        for rules in wanted as? [[String: Any]] ?? [] {
          found += Schema(rules).problems(value, at: path)
        }
      case "if":
        let condition = Schema(wanted as? [String: Any] ?? [:])
        guard condition.problems(value).isEmpty else { break }
        let rest = Schema(rules["then"] as? [String: Any] ?? [:])
        found += rest.problems(value, at: path)
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
