import DFUCore

/// A board for people: what it is, and each memory with its sectors.
enum BoardTable {
  /// - Parameter all: all boards present, which may share serial numbers.
  static func text(_ board: Board, among all: [Board]) -> String {
    var lines = [
      "\(board.path)  \(board.device.descriptor.ids)  "
        + (board.isInDFUMode ? "DFU mode" : "run-time mode")
        + (board.product.map { "  \($0.printable)" } ?? ""),
      "  serial   \(board.serial?.printable ?? "unknown")",
    ]
    let trust = board.serialTrust(among: all)
    if !trust.description.isEmpty {
      lines.append("  warning  do not choose it by serial: \(trust)")
    }
    if let id = board.uniqueID { lines.append("  uid      \(id)") }
    if board.chipName != nil || board.interfaces.contains(where: \.isDfuSe) {
      lines.append(
        "  chip     \(board.chipName ?? board.identification.summary)")
    }
    if let problem = board.problem {
      lines.append("  problem  \(problem)")
      if let hint = Explain.usb(problem, board).hint {
        lines.append("  hint     \(hint)")
      }
    }
    lines += board.interfaces.flatMap(\.alternates).flatMap(describe)
    return lines.joined(separator: "\n")
  }

  private static func describe(_ setting: AlternateSetting) -> [String] {
    let heading = "  alt \(setting.number)    "
    do {
      guard let memory = try setting.memory() else {
        return setting.name.map { [heading + $0.printable] } ?? []
      }
      return [
        heading
          + "\(memory.name.escapingControls)  (\(size(memory.size)))"
      ]
        + memory.runs.map { run in
          "    0x\(hex(run.address))  \("\(run.count)".leftPadded(4)) × "
            + "\(size(run.sectorSize).leftPadded(8))  \(run.access)"
        } + (memory.isCutOff ? ["    warning: \(setting.cutOff)"] : [])
    } catch {
      return [
        heading + (setting.name?.printable ?? ""),
        "    warning: \(error.problem), at character \(error.column + 1)",
      ]
    }
  }
}

// MARK: - For programs

extension Board {
  /// The board as `list --json` shows it.
  ///
  /// - Parameter all: all boards present, which may share serial numbers.
  func json(among all: [Board]) -> JSONObject {
    let trust = serialTrust(among: all)
    let ids = device.descriptor
    let isRunning = interfaces.allSatisfy { $0.mode == .runtime }
    return [
      "path": path, "bus": device.bus, "address": device.address,
      "vendor": hex(ids.vendor, 4, uppercase: false),
      "product": hex(ids.product, 4, uppercase: false),
      "deviceVersion": hex(ids.deviceVersion, 4, uppercase: false),
      "serial": serial?.raw, "serialTrust": trust.name,
      "serialWarning": trust.description.isEmpty ? nil : trust.description,
      "uid": uniqueID?.digits,
      "runtimeSerial": runtimeSerial ?? (isRunning ? serial?.raw : nil),
      "chip": chipName,
      "chips": identification.candidates.map(\.name),
      "productName": product?.raw, "manufacturer": manufacturer?.raw,
      "problem": problem?.description, "interfaces": interfaces.map(\.json),
    ]
  }
}

extension SerialTrust {
  fileprivate var name: String {
    switch self {
    case .unknown: "unknown"
    case .single: "single"
    case .notUnique: "worthless"
    case .shared: "shared"
    }
  }
}

extension DFUInterface {
  fileprivate var json: JSONObject {
    [
      "number": number, "configuration": configuration, "mode": mode.rawValue,
      "dfuVersion": functional.map { hex($0.version, 4, uppercase: false) },
      "transferSize": functional?.transferSize,
      "attributes": functional?.attributes.rawValue,
      "alternates": alternates.map(\.json),
    ]
  }
}

extension AlternateSetting {
  fileprivate var json: JSONObject {
    var object: JSONObject = ["number": number, "name": name?.raw]
    do {
      let memory = try memory()
      object["memory"] = memory?.json
      if memory?.isCutOff == true { object["problem"] = cutOff }
    } catch {
      object["problem"] = error.problem
    }
    return object
  }
}

extension MemoryMap {
  fileprivate var json: JSONObject {
    [
      "name": name, "size": size,
      "runs": runs.map { run -> JSONObject in
        [
          "address": run.address, "count": run.count,
          "sectorSize": run.sectorSize,
          "readable": run.access.contains(.readable),
          "erasable": run.access.contains(.erasable),
          "writable": run.access.contains(.writable),
        ]
      },
    ]
  }
}
